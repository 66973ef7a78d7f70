"""Groups of states and operations that several packages use."""

from hub.models.enums import DocumentState, Operation, PostingState

SENDABLE = (PostingState.WAITING, PostingState.REVIEW, PostingState.READY)
UNSENT = (PostingState.HELD, *SENDABLE)
# The posting is being sent, or the result of a send is in doubt.
IN_FLIGHT = (PostingState.SENDING, PostingState.UNKNOWN)
# A posting will be sent, or may have been; nothing holds it.
UNDER_WAY = (*SENDABLE, *IN_FLIGHT)
UNFINISHED = (*UNSENT, *IN_FLIGHT)
FINAL = (PostingState.POSTED, PostingState.SKIPPED, PostingState.WITHDRAWN)
RETRYABLE = (
    PostingState.HELD,
    PostingState.WAITING,
    PostingState.SKIPPED,
    PostingState.UNKNOWN,
)
REMOVALS = (Operation.DELETE, Operation.VOID)
# A document was posted, and its transaction has left QuickBooks.
DEPARTED = (DocumentState.MISSING, DocumentState.REMOVED)
