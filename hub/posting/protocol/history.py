"""What is known of one posting on its way, and the steps that can follow: pure values, no I/O."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from hub.contract.documents import noun

Operation = Literal["create", "attach", "update", "delete", "void"]
Outcome = Literal[
    "sent", "landed", "refused", "declined", "throttled", "unauthorised", "unsent", "doubt"
]
State = Literal["live", "voided", "inactive", "deleted"]
Trouble = Literal[
    "alike", "several", "voided", "deleted", "inactive", "changed", "foreign", "forgotten"
]


@noun
class Sent:
    """One send: `outcome` is sent until an answer is stored, `id` what the answer showed or a refusal named.

    `declined`: the request that it went in with others was refused as a whole, before any of them was looked at.
    """

    generation: int = 0
    outcome: Outcome = "sent"
    code: str = ""
    id: str | None = None
    batched: bool = False  # it went with others, under a key of theirs


@noun
class Found:
    """Something in QuickBooks; `same` says how it compares: known (as last left), meant (as wanted), name, file."""

    id: str
    state: State = "live"
    token: str = ""
    marker: str = ""
    number: str = ""
    party: str = ""
    total: Decimal | None = None
    foreign: bool = False  # it is known to be another document's posting
    seen: bool = True  # its content is or was known; a deleted one may never have been seen
    same: frozenset[str] = frozenset()


# Stands for whatever may have been deleted longer ago than QuickBooks remembers.
FORGOTTEN = Found(id="forgotten", state="deleted", seen=False)


@noun
class Quiet:
    """How long nothing can have been under way: `here` on this process's clock, `there` by QuickBooks' dates.

    For a doubt of this process `here` counts from the end of its call, else from when it first saw the doubt;
    `there` counts from a stored QuickBooks date that was not before the send could last begin.
    """

    mine: bool = False
    here: float = 0.0
    there: float | None = None
    deadline: float = 100.0
    quiet: float = 180.0

    def passed(self) -> bool:
        """Whether a send that was in doubt can no longer land."""
        return self.left() <= 0

    def left(self) -> float:
        """Seconds until then."""
        if self.mine:
            return self.quiet - self.here
        return self.deadline + self.quiet - max(self.here, self.there or 0.0)


@noun
class History:
    """All that counts of one posting: what it is, what was sent, proved, seen, and what people decided."""

    operation: Operation
    kind: str = "bill"
    state: str = "ready"
    marker: str = ""
    number: str = ""
    party: str = ""
    total: Decimal | None = None
    base: str = "0"
    kept: str | None = None  # the QuickBooks id that the source kept for it
    sends: tuple[Sent, ...] = ()
    again: bool = False  # an earlier posting of the same document was in the books and left them
    restored: bool = False  # the database was put back and it may have been posted before that
    proofs: int = 0  # absences proved for this generation, each after another send
    proved: int | None = (
        None  # how many sends there were when absence was last proved (not before a restore)
    )
    rekey: bool = False  # its key is proved not to have landed, and a person or new content asks for a new one
    gone: bool = False  # the source no longer wants it
    rejected: frozenset[str] = frozenset()  # a person said: not this one
    quiet: Quiet = Quiet()
    read: Found | None = None  # what the step Read brought
    looked: tuple[Found, ...] | None = None  # what the step Look brought; only ever a complete look

    @property
    def target(self) -> str:
        """The QuickBooks id that a change is written against."""
        return self.base.rpartition(":")[0]

    @property
    def token(self) -> str:
        """The SyncToken that a change is written against."""
        return self.base.rpartition(":")[2]


@dataclass(frozen=True)
class Send:
    """Send it: the same key and bytes, unless `renew` (next generation) or `rebase` (onto this token) says other."""

    resend: bool = False
    renew: bool = False
    rebase: str | None = None


@dataclass(frozen=True)
class Back:
    """No byte of it was taken: ready again, not counted."""


@dataclass(frozen=True)
class Reconnect:
    """QuickBooks does not let the hub in: ready again, for when the connection works."""


@dataclass(frozen=True)
class Doubt:
    """It may have landed: unknown from now on."""


@dataclass(frozen=True)
class Wait:
    """It may still land: do nothing yet."""


@dataclass(frozen=True)
class Look:
    """Search QuickBooks completely for it."""


@dataclass(frozen=True)
class Read:
    """Read this object."""

    id: str


@dataclass(frozen=True)
class Posted:
    """It is in the books as this object; `adopted` when no answer of ours said so."""

    id: str
    adopted: bool = False


@dataclass(frozen=True)
class Ask:
    """Only a person can say which of these it is, or what to do with them."""

    why: Trouble
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hold:
    """QuickBooks said no and it is not there: new content, or a person, gives it a new key."""

    why: Literal["refused", "rounds", "number_used", "name_used"]
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Withdraw:
    """It is not there and no longer wanted."""


Step = Send | Back | Reconnect | Doubt | Wait | Look | Read | Posted | Ask | Hold | Withdraw
