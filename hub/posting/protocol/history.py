"""The history of one posting, and the steps that can follow: pure values, no I/O."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from hub.contract.documents import value_object

Operation = Literal["create", "attach", "update", "delete", "void"]
Outcome = Literal[
    "sent", "landed", "refused", "declined", "throttled", "unauthorised", "unsent", "doubt"
]
State = Literal["live", "voided", "inactive", "deleted"]
Trouble = Literal[
    "alike", "several", "voided", "deleted", "inactive", "changed", "foreign", "forgotten"
]


@value_object
class SendAttempt:
    """One send of a posting.

    `outcome` is "sent" until an answer is stored. `id` is the id that the answer showed or that a
    refusal named. "declined" means that the batch was refused as a whole, before QuickBooks looked
    at any item of it.
    """

    generation: int = 0
    outcome: Outcome = "sent"
    code: str = ""
    id: str | None = None
    batched: bool = False  # sent in a batch, under the key of the batch


@value_object
class QuickBooksObject:
    """A transaction, list entry or file in QuickBooks.

    `same` says in which ways it agrees with the posting: "known" (as the hub last left it), "meant"
    (as the change wants it), "name", "file".
    """

    id: str
    state: State = "live"
    token: str = ""
    marker: str = ""
    number: str = ""
    party: str = ""
    total: Decimal | None = None
    foreign: bool = False  # it is the posting of another document
    content_known: bool = True  # false for a deleted one whose content the hub never read
    same: frozenset[str] = frozenset()


# Represents anything that may have been deleted longer ago than QuickBooks remembers.
FORGOTTEN = QuickBooksObject(id="forgotten", state="deleted", content_known=False)


@value_object
class QuietPeriod:
    """How long no request of a posting can have been under way.

    `here` is measured by the clock of this process: since the end of its own call, else since it
    first saw the doubt. `there` is measured by QuickBooks' dates, from a stored date that was not
    before the send could last begin.
    """

    own: bool = False  # the doubt is about a call of this process
    here: float = 0.0
    there: float | None = None
    deadline: float = 100.0
    quiet: float = 180.0

    def is_over(self) -> bool:
        """Tell whether a send that was in doubt can no longer land."""
        return self.seconds_left() <= 0

    def seconds_left(self) -> float:
        """Return the seconds until a send that was in doubt can no longer land."""
        if self.own:
            return self.quiet - self.here
        return self.deadline + self.quiet - max(self.here, self.there or 0.0)


@value_object
class History:
    """Everything that the next step of a posting depends on."""

    operation: Operation
    kind: str = "bill"
    state: str = "ready"
    marker: str = ""
    number: str = ""
    party: str = ""
    total: Decimal | None = None
    base: str = "0"
    recorded_id: str | None = None  # the QuickBooks id that the source has stored for the document
    sends: tuple[SendAttempt, ...] = ()
    again: bool = False  # an earlier posting of the same document was in the books and left them
    restored: bool = False  # the database was put back, and it may have been posted before that
    proofs: int = 0  # absences proved for this generation, each after another send
    # How many sends there were when absence was last proved (not before a restore).
    proved: int | None = None
    # Its key is proved not to have landed, and a person or new content asks for a new one.
    rekey: bool = False
    gone: bool = False  # the source no longer wants it
    rejected: frozenset[str] = frozenset()  # ids that a person said are not this document
    quiet: QuietPeriod = QuietPeriod()
    read: QuickBooksObject | None = None  # the result of the step Read
    looked: tuple[QuickBooksObject, ...] | None = None  # the result of the step Look

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
class Back:
    """Return the posting to ready without counting the send: QuickBooks took no byte of it."""


@dataclass(frozen=True)
class Reconnect:
    """Return the posting to ready until QuickBooks lets the hub in again."""


@dataclass(frozen=True)
class Doubt:
    """Treat the posting as in doubt from now on: it may have landed."""


@dataclass(frozen=True)
class Wait:
    """Do nothing yet: the posting may still land."""


@dataclass(frozen=True)
class Look:
    """Search QuickBooks completely for the posting."""


@dataclass(frozen=True)
class Read:
    """Read this object from QuickBooks."""

    id: str


@dataclass(frozen=True)
class Posted:
    """Record the posting as this object; `adopted` if no answer to its sends named it."""

    id: str
    adopted: bool = False


@dataclass(frozen=True)
class Ask:
    """Ask a person which of these objects is the posting, or what to do with them."""

    why: Trouble
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hold:
    """Hold the posting: QuickBooks refused it and it is not there.

    New content, or a person, gives it a new key.
    """

    why: Literal["refused", "rounds", "number_used", "name_used"]
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Withdraw:
    """Withdraw the posting: it is not in QuickBooks and the source no longer wants it."""


Step = Send | Back | Reconnect | Doubt | Wait | Look | Read | Posted | Ask | Hold | Withdraw
