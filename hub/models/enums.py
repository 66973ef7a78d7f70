"""The values of columns in the tables of the hub: states, operations, holders, outcomes and modes.

Each member is equal to the string that is stored. Imports nothing of the hub.
"""

from enum import StrEnum


class PostingState(StrEnum):
    """The state of a posting; `posted`, `skipped` and `withdrawn` are final."""

    HELD = "held"
    WAITING = "waiting"
    REVIEW = "review"
    READY = "ready"
    SENDING = "sending"
    UNKNOWN = "unknown"  # sent, and the result is in doubt
    POSTED = "posted"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"


class DocumentState(StrEnum):
    """The state of a document: that of a posting, or one that only documents have."""

    HELD = "held"
    WAITING = "waiting"
    REVIEW = "review"
    READY = "ready"
    SENDING = "sending"
    UNKNOWN = "unknown"
    POSTED = "posted"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"
    MISSING = "missing"  # posted, and voided or deleted in QuickBooks since
    REMOVED = "removed"  # posted, and removed from QuickBooks by the hub
    PENDING = "pending"  # not final at the source, so nothing is planned
    UNREADABLE = "unreadable"


class Operation(StrEnum):
    """The operation of a posting in QuickBooks."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    VOID = "void"
    ATTACH = "attach"


# Operations that write the content of a document; the others remove it, or attach a file.
WRITE_OPERATIONS = (Operation.CREATE, Operation.UPDATE)
# Operations on an object that exists in QuickBooks; they are written against its SyncToken.
CHANGE_OPERATIONS = (Operation.UPDATE, Operation.DELETE, Operation.VOID)


class Holder(StrEnum):
    """The person or step that holds a posting."""

    NOBODY = ""
    SOURCE = "source"
    MAPPING = "mapping"
    PREFLIGHT = "preflight"
    QUICKBOOKS = "quickbooks"
    PERSON = "person"
    UNNEEDED = "unneeded"  # no document needs the record that it would create


class SendOutcome(StrEnum):
    """The result of one request that sent a posting.

    A new outcome has to be considered in `UNPROCESSED_OUTCOMES` below, the pauses in
    `posting.outcome.record`, the pipeline in `posting.send.results`, the batch size in
    `posting.outcome.batch_sizing`, repeated reads in `qbo.client`, and the texts in
    `web.documents.timeline`.
    """

    SENT = "sent"  # no response is stored yet
    LANDED = "landed"  # QuickBooks did it
    REFUSED = "refused"  # QuickBooks refused it with a fault
    DECLINED = "declined"  # QuickBooks refused the batch because of another item
    THROTTLED = "throttled"  # QuickBooks asked to slow down
    UNAUTHORISED = "unauthorised"  # QuickBooks did not accept the access token
    DOUBT = "doubt"  # it is not known whether QuickBooks did it
    UNSENT = "unsent"  # no byte left this machine


# Outcomes of sends that QuickBooks never processed, so that nothing can have landed.
UNPROCESSED_OUTCOMES = (
    SendOutcome.THROTTLED,
    SendOutcome.UNAUTHORISED,
    SendOutcome.UNSENT,
    SendOutcome.DECLINED,
)


# The code of a refusal (6000) because somebody else was writing an entry of the same list. It is
# the hub's own: QuickBooks has the same code for rules of a company.
LIST_IN_USE = "6000-list"


class SearchVerdict(StrEnum):
    """The result of a complete search for a posting in doubt."""

    ABSENT = "absent"
    PRESENT = "present"
    ALIKE = "alike"
    SEVERAL = "several"


class TransactionState(StrEnum):
    """The state of an object in QuickBooks."""

    LIVE = "live"
    VOIDED = "voided"
    INACTIVE = "inactive"
    DELETED = "deleted"


class BatchMode(StrEnum):
    """The use of batches, which send several documents of a company in one request."""

    SINGLE = "single"
    AUTO = "auto"  # if more than a few are ready
    BATCH = "batch"  # if two or more are ready


class InstallationMode(StrEnum):
    """The way in which the documents of an installation are sent to QuickBooks."""

    AUTO = "auto"
    REVIEW = "review"
    MANUAL = "manual"
    ONCE = "once"
    PAUSED = "paused"


class RunOutcome(StrEnum):
    """The result of a run; empty while it is queued or running."""

    OPEN = ""
    DONE = "done"
    STOPPED = "stopped"


class RunState(StrEnum):
    """The state of a run, or its result, as pages and commands show it."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    DIFFERS = "differs"  # a reconciliation that found something


class ReceiptEnd(StrEnum):
    """The reason why a receipt is no longer sent to the source; empty while it still is."""

    OPEN = ""
    DELIVERED = "delivered"
    REFUSED = "refused"
    REPLACED = "replaced"


class ConnectionState(StrEnum):
    """The state of a company's connection; all but the first and the last recover by themselves."""

    CONNECTED = "connected"
    INTERRUPTED = "interrupted"  # QuickBooks refuses tokens that Intuit has just renewed
    RECONNECT = "reconnect"  # the consent has ended
    SUBSCRIPTION = "subscription"  # the company can only be read
    CONFIGURATION = "configuration"  # Intuit does not accept the keys of the hub's app
    DISCONNECTED = "disconnected"  # a person disconnected the company


class DocumentOutcome(StrEnum):
    """The result of a collect for one document; the run counts the documents of each."""

    NONE = "none"  # only a change was wanted, and nothing is posted
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    NEW = "new"
    HELD = "held"
    PENDING = "pending"
    WITHDRAWN = "withdrawn"
    UNREADABLE = "unreadable"
    ABSENT = "absent"
    GONE = "gone"
    UNKNOWN = "unknown"  # the hub never had it


class StartRule(StrEnum):
    """The treatment of a document from before the start date of its app."""

    NOT_APPLIED = ""
    EXCLUDED = "excluded"
    INCLUDED = "included"  # a person added it


class MatchOrigin(StrEnum):
    """The origin of the match of a code."""

    DECIDED = "decided"  # by a person
    LINK = "link"  # the source keeps the id of the record


class RunKind(StrEnum):
    """The kinds of runs."""

    SYNC = "sync"
    POST = "post"
    LISTS = "lists"
    RECONCILE = "reconcile"
    CHANGES = "changes"
    TOKENS = "tokens"


class CaseDecision(StrEnum):
    """The last decision of a person about a case, or why the hub closed it."""

    MATCHED = "matched"
    CREATED = "created"
    LEFT_OUT = "left_out"
    RETRIED = "retried"
    SKIPPED = "skipped"
    ADOPTED = "adopted"
    REJECTED = "rejected"
    LEFT = "left"
    PUT_BACK = "put_back"
    OVERWRITTEN = "overwritten"
    CLOSED = "closed"
    AGREED = "agreed"  # by the hub: a person has made the change in QuickBooks


# A person has decided which record of QuickBooks a code stands for, if any.
CODE_DECISIONS = (CaseDecision.MATCHED, CaseDecision.CREATED, CaseDecision.LEFT_OUT)


class FileState(StrEnum):
    """The state of a received file."""

    ACCEPTED = "accepted"
    UNMAPPED = "unmapped"  # a person has to say which column holds what


class FileWay(StrEnum):
    """The way in which a file came to the hub."""

    UPLOAD = "upload"
    FOLDER = "folder"
