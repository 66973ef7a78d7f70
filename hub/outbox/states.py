"""Groups of states and operations of postings that the outbox treats alike."""

from hub.models.enums import Operation, PostingState

SENDABLE = (PostingState.WAITING, PostingState.REVIEW, PostingState.READY)
UNSENT = (PostingState.HELD, *SENDABLE)
IN_FLIGHT = (PostingState.SENDING, PostingState.UNKNOWN)
UNFINISHED = (*UNSENT, *IN_FLIGHT)
FINAL = (PostingState.POSTED, PostingState.SKIPPED, PostingState.WITHDRAWN)
RETRYABLE = (
    PostingState.HELD,
    PostingState.WAITING,
    PostingState.SKIPPED,
    PostingState.UNKNOWN,
)
REMOVALS = (Operation.DELETE, Operation.VOID)
