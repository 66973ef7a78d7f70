"""Grants of a company's row, in the time of this process instead of the database's."""

from dataclasses import dataclass

from hub.rate_limits.rules import Ticket
from hub.rate_limits.shared_budget import CallGrant, Slot


@dataclass(frozen=True)
class TimedGrant:
    """A grant, and the database's time with the times of this process around it."""

    grant: CallGrant
    now: float
    before: float
    after: float

    def earliest_time(self, moment: float) -> float:
        """Return the time of this process at which a moment of the database has certainly come."""
        return moment - self.now + self.after

    def latest_time(self, moment: float) -> float:
        """Return the time of this process up to which a moment of the database has not come."""
        return moment - self.now + self.before


@dataclass(frozen=True)
class OwnSlot:
    """A reserved start, and when this process may use it."""

    slot: Slot
    start_at: float
    latest: float

    def fits(self, ticket: Ticket) -> bool:
        """Return whether a call may use it."""
        is_same_kind = (ticket.items > 0) == (self.slot.items > 0)
        return is_same_kind and ticket.items <= self.slot.items
