"""Report on an act on many cases: on how many it was done, and why not on the others."""

from collections import Counter
from collections.abc import Sequence

from flask import flash

from hub.translations.messages import gettext, ngettext

MAX_REASONS = 5  # reasons in the message why nothing was done on some cases


def flash_outcome(message: str, word: str, reasons: Sequence[str]) -> None:
    """Report for how many cases the action was done, and why not for the others.

    `message` is about the cases that were done, "" if there are none, and `word` is what could not
    be done to the others.
    """
    if message:
        flash(message, "success")
    by_reason = Counter(reasons)
    for reason, count in by_reason.most_common(MAX_REASONS):
        flash(
            gettext(
                "%(count)s could not be %(word)s: %(reason)s", count=count, word=word, reason=reason
            ),
            "look",
        )
    if len(by_reason) > MAX_REASONS:
        others = sum(by_reason.values()) - sum(n for _, n in by_reason.most_common(MAX_REASONS))
        flash(
            gettext(
                "%(others)s more could not be %(word)s, for other reasons.",
                others=others,
                word=word,
            ),
            "look",
        )


def flash_closed(count: int) -> None:
    """Report how many of the cases on which the act was done are closed by now."""
    if count:
        text = ngettext(
            "%(count)s of them was closed meanwhile.",
            "%(count)s of them were closed meanwhile.",
            count,
        )
        flash(text, "look")


def flash_remaining(count: int) -> None:
    """Report how many of the chosen cases are left, as there are too many for one act."""
    if count:
        text = ngettext(
            "%(count)s more is left. Repeat the act for it.",
            "%(count)s more are left. Repeat the act for them.",
            count,
        )
        flash(text, "look")


def format_case_count(count: int) -> str:
    """Return a number of cases as a sentence has it."""
    return ngettext("%(count)s case", "%(count)s cases", count)


def describe_assignment(count: int, name: str) -> str:
    """Return the sentence about cases that were assigned to a person, or to nobody."""
    if name:
        cases = format_case_count(count)
        return gettext("Assigned %(cases)s to %(name)s.", cases=cases, name=name)
    return ngettext(
        "%(count)s case is no longer assigned to anyone.",
        "%(count)s cases are no longer assigned to anyone.",
        count,
    )
