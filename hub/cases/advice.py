"""The reason and the next step of a case for people, with the name of its source."""

from collections.abc import Mapping
from typing import Any

from hub.context import current_hub
from hub.models import Case
from hub.reasons.catalogue import CATALOGUE
from hub.reasons.template import CORRECT_AT_SOURCE
from hub.translations.messages import gettext

NUMBER_REFUSED = "outcome.number_used"  # the code of a case about a number that was refused
# The codes of cases that ask which transaction in QuickBooks is the document.
WHICH_TRANSACTION_CODES = (
    "check.number_used",
    "check.same_day_and_total",
    "check.same_total",
    "outcome.alike",
    "outcome.several",
    NUMBER_REFUSED,
)
# A transaction in the details of a case has this if it was posted from another document.
IS_OF_OTHER_DOCUMENT = "is_of_other_document"


def drop_instruction(reason: str, instruction: str) -> str:
    """Return a reason without its last sentence, if that repeats the next step."""
    before, dot, last_sentence = reason.rstrip(".").rpartition(". ")
    if dot and instruction.startswith(last_sentence):
        return f"{before}."
    return reason


def get_instruction(case: Case, slug: str | None, *, has_owners: bool = False) -> str:
    """Return the next step of a case of an app, with the name of the source.

    With `has_owners` every transaction that the case names is known to be that of another document,
    so none can be this one; the case itself may say so, too.
    """
    is_of_others = has_owners or _names_only_others(case)
    if is_of_others and case.code in WHICH_TRANSACTION_CODES:
        return _describe_repeated_number(case, slug)
    return name_source(case.code, case.params, case.instruction, slug)


def _names_only_others(case: Case) -> bool:
    """Return whether each transaction that a case names had the marker of another document."""
    candidates = case.details.get("candidates")
    if not isinstance(candidates, list) or not candidates:
        return False
    return all(
        isinstance(candidate, dict) and candidate.get(IS_OF_OTHER_DOCUMENT)
        for candidate in candidates
    )


def _describe_repeated_number(case: Case, slug: str | None) -> str:
    """Return the next step if other documents of the hub have the number of this one."""
    source = get_source_name(slug or "") or gettext("the source")
    if case.code == NUMBER_REFUSED:
        return gettext(
            "If %(source)s has the same document twice, press Skip; otherwise change its number"
            " there and press Retry.",
            source=source,
        )
    return gettext(
        "If %(source)s has the same document twice, press Skip; otherwise change its number there,"
        " or press “Not this one” to send it with this number, which QuickBooks may refuse.",
        source=source,
    )


def name_source(code: str, params: Mapping[str, Any], instruction: str, slug: str | None) -> str:
    """Return the instruction of a code; a correction at the source names the source."""
    source = get_source_name(slug or "")
    if not source or not _is_corrected_at_source(code, params):
        return instruction
    if _only_receives_files(slug):
        return gettext("Correct this in the file, and upload it again in %(app)s.", app=source)
    return gettext(
        "Fix this in %(app)s. The change is picked up with the next sync; Check again does so at"
        " once.",
        app=source,
    )


def is_corrected_in_file(case: Case, slug: str | None) -> bool:
    """Return whether a corrected file solves a case: no sync reads its document at a source."""
    return _only_receives_files(slug) and _is_corrected_at_source(case.code, case.params)


def _is_corrected_at_source(code: str, params: Mapping[str, Any]) -> bool:
    """Return whether what a code with these parameters names is corrected at the source."""
    template = CATALOGUE.get(code)
    return template is not None and template.for_params(params).instruction == CORRECT_AT_SOURCE


def _only_receives_files(slug: str | None) -> bool:
    """Return whether an app has no source but the files that it receives."""
    app = current_hub().plugins.apps.get(slug or "")
    return app is not None and app.files is not None and not app.hosts


def get_source_name(slug: str) -> str:
    """Return the name of the system that an app reads, "" if its plugin is not installed.

    The names of several apps of a plugin begin with it: Autotask invoices, Autotask expenses.
    """
    plugins = current_hub().plugins
    if slug not in plugins.apps:
        return ""
    names = [plugins.apps[app].name.split() for app in plugins.list_apps_of_plugin(slug)]
    common = []
    for words in zip(*names, strict=False):
        if len(set(words)) > 1:
            break
        common.append(words[0])
    return " ".join(common) or plugins.apps[slug].name
