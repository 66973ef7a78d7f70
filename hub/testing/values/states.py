"""States in the responses of a source: a word that a plugin does not know makes nothing ready."""

from collections.abc import Iterator

from hub.contract.documents import Document
from hub.contract.states import Stage
from hub.testing.bench import Bench
from hub.testing.exchanges.response_recording import read_values_by_name
from hub.testing.exchanges.response_values import ResponseValue
from hub.testing.values.changed_responses import ChangedResponses
from hub.testing.values.texts import iter_values_of_row

STATE_NAMES = ("state", "status")  # that the name of a value ends with
NEW_WORD, NEW_NUMBER = "somethingnew", 987_654
MAX_STATES = 12  # of which one must keep a document from being posted


def find_state_defect(responses: ChangedResponses, bench: Bench, document: Document) -> str:
    """Give the row of a document a state that no row has, if its states decide what is posted.

    A value decides that if the document is not ready with one that another row has.
    """
    values = list(_iter_states(responses, document))
    if not values or not _is_ready(document):
        return ""
    by_name = read_values_by_name(bench)
    for value in values:
        known = sorted(by_name.get(str(value.path[-1]), set()) - {value.value}, key=str)
        for other in known[:MAX_STATES]:
            if _is_ready(responses.read(value, other)):
                continue
            new = NEW_WORD if isinstance(value.value, str) else NEW_NUMBER
            if _is_ready(responses.read(value, new)):
                return (
                    f"it is not ready if {value.name} is {other!r}, and ready if that is {new!r},"
                    " a state which the source may introduce tomorrow."
                )
            break
    return ""


def _iter_states(responses: ChangedResponses, document: Document) -> Iterator[ResponseValue]:
    """Yield the values of the row of a document whose name says that they are a state."""
    for value in iter_values_of_row(responses, document):
        if isinstance(value.value, bool) or not isinstance(value.value, str | int):
            continue
        if str(value.path[-1]).lower().endswith(STATE_NAMES):
            yield value


def _is_ready(document: Document | None) -> bool:
    """Return whether a document would be created in QuickBooks, as far as its source says."""
    return document is not None and document.stage == Stage.READY and not document.hold
