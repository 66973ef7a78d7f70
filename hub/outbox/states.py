"""Groups of states and operations of postings that the outbox treats alike."""

from hub.models.enums import Operation, PostingState

UNSENT = (
    PostingState.HELD,
    PostingState.WAITING,
    PostingState.REVIEW,
    PostingState.READY,
)
IN_FLIGHT = (PostingState.SENDING, PostingState.UNKNOWN)
FINAL = (PostingState.POSTED, PostingState.SKIPPED, PostingState.WITHDRAWN)
RETRYABLE = (
    PostingState.HELD,
    PostingState.WAITING,
    PostingState.SKIPPED,
    PostingState.UNKNOWN,
)
REMOVALS = (Operation.DELETE, Operation.VOID)
