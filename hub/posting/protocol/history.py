"""The history of one posting, and the steps that can follow: pure values, no I/O."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hub.contract.value_object import value_object
from hub.models.enums import Operation, PostingState, SendOutcome, TransactionState


class Agreement(StrEnum):
    """A way in which an object in QuickBooks agrees with a posting."""

    AS_LAST_POSTED = "as last posted"  # it is as the hub last left it
    AS_CHANGED = "as changed"  # it has the content of the change already
    SAME_NAME = "same name"
    SAME_FILE = "same file"


class AskReason(StrEnum):
    """The reason why a person has to decide about a posting; part of the cause of the case."""

    ALIKE = "alike"
    SEVERAL = "several"
    VOIDED = "voided"
    DELETED = "deleted"
    INACTIVE = "inactive"
    CHANGED = "changed"
    FOREIGN = "foreign"
    FORGOTTEN = "forgotten"


class HoldReason(StrEnum):
    """The reason why QuickBooks does not accept a posting; part of the cause of the case."""

    REFUSED = "refused"
    NO_ANSWER = "rounds"
    DUPLICATE_NUMBER = "number_used"
    DUPLICATE_NAME = "name_used"


@value_object
class SendAttempt:
    """One send of a posting.

    `id` is the id in the response, or the one that a refusal named. The outcome `DECLINED` means
    that the batch was refused as a whole, before QuickBooks looked at any item of it.
    """

    generation: int = 0
    outcome: SendOutcome = SendOutcome.SENT
    code: str = ""
    id: str | None = None
    batched: bool = False  # sent in a batch, under the key of the batch


@value_object
class QuickBooksObject:
    """A transaction, list entry or file in QuickBooks."""

    id: str
    state: TransactionState = TransactionState.LIVE
    token: str = ""
    marker: str = ""
    number: str = ""
    party: str = ""
    total: Decimal | None = None
    foreign: bool = False  # it belongs to another document
    content_known: bool = True  # false if it was deleted before the hub read its content
    agreements: frozenset[Agreement] = frozenset()


# Represents anything that may have been deleted longer ago than QuickBooks remembers.
FORGOTTEN = QuickBooksObject(id="forgotten", state=TransactionState.DELETED, content_known=False)


@value_object
class QuietPeriod:
    """The time since the last request of a posting, measured by two clocks.

    - `local_seconds`: by the clock of this process, since its own call ended, or else since it
      first saw the doubt.
    - `remote_seconds`: by QuickBooks' dates, since a stored date. The send cannot have begun after
      that date.
    """

    is_own_call: bool = False  # the doubt is about a call of this process
    local_seconds: float = 0.0
    remote_seconds: float | None = None
    deadline_seconds: float = 100.0
    quiet_seconds: float = 180.0

    def is_over(self) -> bool:
        """Return whether a send that was in doubt can no longer land."""
        return self.seconds_left() <= 0

    def seconds_left(self) -> float:
        """Return the seconds until a send that was in doubt can no longer land."""
        if self.is_own_call:
            return self.quiet_seconds - self.local_seconds
        elapsed_seconds = max(self.local_seconds, self.remote_seconds or 0.0)
        required_seconds = self.deadline_seconds + self.quiet_seconds
        return required_seconds - elapsed_seconds


@value_object
class History:
    """All facts that the next step of a posting depends on."""

    operation: Operation
    kind: str = "bill"
    state: PostingState = PostingState.READY
    marker: str = ""
    number: str = ""
    party: str = ""
    total: Decimal | None = None
    base: str = "0"  # the object that a change is written against, as "Id:SyncToken"
    recorded_id: str | None = None  # the QuickBooks id that the source has stored for the document
    sends: tuple[SendAttempt, ...] = ()
    # An earlier posting of the same document was in the books and left them.
    was_posted_before: bool = False
    # The database was restored, and the posting may have been sent before that.
    after_restore: bool = False
    proved_absences: int = 0  # for this generation, each after another send
    # How many sends there were when absence was last proved (not before a restore).
    sends_at_proof: int | None = None
    # No request with the current key has landed, and a retry or new content requires the next key.
    rekey: bool = False
    is_unwanted: bool = False  # its source does not want it created
    rejected_ids: frozenset[str] = frozenset()  # a person said that these are other documents
    # The version, as "Id:SyncToken", that a person permitted to overwrite or remove.
    overwrite_permitted: str = ""
    quiet_period: QuietPeriod = QuietPeriod()
    current: QuickBooksObject | None = None  # the result of the step Read
    search_results: tuple[QuickBooksObject, ...] | None = None  # the result of the step Search

    @property
    def target(self) -> str:
        """Return the QuickBooks id that a change is written against."""
        return self.base.rpartition(":")[0]

    @property
    def token(self) -> str:
        """Return the SyncToken that a change is written against."""
        return self.base.rpartition(":")[2]


@dataclass(frozen=True)
class Send:
    """Send the posting.

    Key and bytes stay the same, except with `renew` (key of the next generation) or `rebase` (write
    the change against this SyncToken).
    """

    resend: bool = False
    renew: bool = False
    rebase: str | None = None


@dataclass(frozen=True)
class Requeue:
    """Return the posting to ready: QuickBooks did not process the send, or would accept it later.

    Key and bytes stay the same, except with `renew` (key of the next generation).
    """

    renew: bool = False


@dataclass(frozen=True)
class Reconnect:
    """Return the posting to ready; it is sent once QuickBooks accepts the connection again."""


@dataclass(frozen=True)
class Doubt:
    """Treat the posting as in doubt from now on: it may have landed."""


@dataclass(frozen=True)
class Wait:
    """Do nothing yet: the posting may still land."""


@dataclass(frozen=True)
class Search:
    """Search QuickBooks completely for the posting."""


@dataclass(frozen=True)
class Read:
    """Read this object from QuickBooks."""

    id: str


@dataclass(frozen=True)
class Posted:
    """Record the posting as this object.

    `adopted` means that the object was found in QuickBooks, not named in a response to a send.
    """

    id: str
    adopted: bool = False


@dataclass(frozen=True)
class Ask:
    """Ask a person which of these objects is the posting, or what to do with them."""

    reason: AskReason
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hold:
    """Hold the posting: QuickBooks refused it, and does not have it.

    It gets a new key when its content changes or a person retries it.
    """

    reason: HoldReason
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Withdraw:
    """Withdraw the posting: it is not in QuickBooks and the source no longer wants it."""


Step = Send | Requeue | Reconnect | Doubt | Wait | Search | Read | Posted | Ask | Hold | Withdraw
