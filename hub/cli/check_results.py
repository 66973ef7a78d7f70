"""The results of the checks that `hub check` makes."""

from typing import NamedTuple


class CheckResult(NamedTuple):
    """Whether a check passed, and what it is about."""

    is_ok: bool
    text: str


def passed(text: str) -> CheckResult:
    """Return the result of a check that found nothing wrong."""
    return CheckResult(is_ok=True, text=text)


def failed(text: str) -> CheckResult:
    """Return the result of a check that found a problem."""
    return CheckResult(is_ok=False, text=text)
