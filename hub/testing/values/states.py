"""States in the responses of a source: only one that the plugin knows as final makes it ready."""

import re
from collections.abc import Iterable, Iterator, Sequence

from hub.contract.documents import Document
from hub.contract.states import Stage
from hub.testing.bench import Bench
from hub.testing.exchanges.response_recording import read_values_by_name
from hub.testing.exchanges.response_values import ResponseValue
from hub.testing.values.changed_responses import ChangedResponses
from hub.testing.values.texts import iter_values_of_row

STATE_NAMES = ("state", "status")  # that the name of a value ends with
# The state of the document itself, and not that of its payment or of an address.
OWN_STATE = re.compile("(?:document|doc|invoice|bill|order|approval)?(?:state|status)")
UNREADY_WORDS = ("draft", "rejected", "cancelled", "canceled", "void", "voided", "deleted")
NEW_WORD, NEW_NUMBER = "somethingnew", 987_654
MAX_STATES = 12  # of which one must keep a document from being posted


def find_state_defect(responses: ChangedResponses, bench: Bench, document: Document) -> str:
    """Give the row of a document a new state, and words that most sources use for one to wait."""
    values = list(_iter_states(responses, document))
    if not values:
        return ""
    return _find_new_state(responses, bench, values) or _find_ready_draft(responses, values)


def find_ready_with(
    responses: ChangedResponses, row: ResponseValue, name: str, others: Iterable[object]
) -> str:
    """Return with which value of a field of its row a document is ready; "" if with none."""
    for other in others:
        if is_ready(responses.read(row, {**row.value, name: other})):
            return f"it is ready if {'.'.join(map(str, (*row.path, name)))} is {other!r}."
    return ""


def _find_ready_draft(responses: ChangedResponses, values: Sequence[ResponseValue]) -> str:
    """Return with which word of most sources for a state a document is ready that may not be."""
    for value in values:
        name = re.sub(r"[\W_]", "", str(value.path[-1]).lower())
        if not isinstance(value.value, str) or not OWN_STATE.fullmatch(name):
            continue
        for word in UNREADY_WORDS:
            new_value = _write_like(value.value, word)
            if is_ready(responses.read(value, new_value)):
                return f"it is ready if {value.name} is {new_value!r}."
    return ""


def _write_like(text: str, word: str) -> str:
    """Return a word in capital letters where another one is."""
    if text.isupper():
        return word.upper()
    return word.capitalize() if text[:1].isupper() else word


def _find_new_state(
    responses: ChangedResponses, bench: Bench, values: Sequence[ResponseValue]
) -> str:
    """Return that a document is ready with a state that no row has, if its states decide that.

    A value decides it if the document is not ready with one that another row has.
    """
    by_name = read_values_by_name(bench)
    for value in values:
        other_values = sorted(by_name.get(str(value.path[-1]), set()) - {value.value}, key=str)
        for other in other_values[:MAX_STATES]:
            if is_ready(responses.read(value, other)):
                continue
            new = NEW_WORD if isinstance(value.value, str) else NEW_NUMBER
            if is_ready(responses.read(value, new)):
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


def is_ready(document: Document | None) -> bool:
    """Return whether a document would be created in QuickBooks, as far as its source says."""
    return document is not None and document.stage == Stage.READY and not document.hold
