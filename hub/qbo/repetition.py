"""When a call is made again: a read that brought no response, or a call that could not be sent."""

from dataclasses import replace

from hub.errors import DatabaseUnavailable, HubError, Sentence
from hub.models.enums import SendOutcome
from hub.qbo.responses import (
    LOOK_UP_FOLLOWS,
    RETRY_FOLLOWS,
    THROTTLED_STATUSES,
    QuickBooksResponse,
)
from hub.rate_limits.limiter import NoSlot

FIRST_PAUSE_SECONDS = 0.5  # before a read that QuickBooks failed to answer is repeated
MAX_SHORT_PAUSE_SECONDS = 10.0  # a read waits for so long if QuickBooks asks for it
DATABASE_PAUSE_SECONDS = 5.0  # before a call that the hub's own database prevented is tried again
# Intuit's free tier includes a number of reads in a month. Intuit refuses further reads in the same
# way as too many calls in a minute, until the month ends.
MONTHLY_LIMIT_HINT = Sentence(
    "If this lasts for hours, the reads that Intuit includes in a month are probably used up. See"
    " the usage of your app on developer.intuit.com, and choose a larger tier there or wait for"
    " the next month."
)


def explain_read(response: QuickBooksResponse) -> QuickBooksResponse:
    """Return the response to a read; if it is not good, its text names the next step of a read."""
    if response.outcome == SendOutcome.DOUBT:
        return _repeat_doubtful_read(response)
    if response.status in THROTTLED_STATUSES:
        text = Sentence(
            "%(reason)s %(next_step)s", reason=response.text, next_step=MONTHLY_LIMIT_HINT
        )
        return replace(response, text=text)
    return response


def _repeat_doubtful_read(response: QuickBooksResponse) -> QuickBooksResponse:
    """Return the response with the text that a read is repeated: there is nothing to look up."""
    text = response.text
    if isinstance(text, Sentence) and "next_step" in text.values:
        values = text.values | {"next_step": RETRY_FOLLOWS}
        return replace(response, text=Sentence(text.template, **values))
    return replace(response, text=text.removesuffix(LOOK_UP_FOLLOWS) + RETRY_FOLLOWS)


def is_worth_repeating(response: QuickBooksResponse) -> bool:
    """Return whether to repeat a read; the rate limiter waits if QuickBooks wants a pause."""
    if response.is_too_large:
        return False
    after = response.after
    if response.outcome == SendOutcome.UNAUTHORISED:
        return after is not None and after <= MAX_SHORT_PAUSE_SECONDS
    if response.outcome in (SendOutcome.THROTTLED, SendOutcome.DOUBT):
        return (after or 0.0) <= MAX_SHORT_PAUSE_SECONDS
    return False


def get_read_pause(response: QuickBooksResponse, earlier_repetitions: int) -> float:
    """Return how many seconds pass before a read is repeated: as many as QuickBooks asks for.

    If it failed without a word about that, they double with each repetition. A lost response says
    nothing about its load: that read is repeated at once.
    """
    if response.after is not None:
        return response.after
    has_failed = response.status is not None and response.status >= 500
    return FIRST_PAUSE_SECONDS * 2**earlier_repetitions if has_failed else 0.0


def find_retry_pause(error: HubError | NoSlot) -> float | None:
    """Return after how many seconds a call that could not be sent is tried again, if known."""
    if isinstance(error, DatabaseUnavailable):
        return DATABASE_PAUSE_SECONDS
    return getattr(error, "after", None)
