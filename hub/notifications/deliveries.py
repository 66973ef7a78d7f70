"""Which recipients have got which cases, while the mail to another recipient waits."""

import json
from collections.abc import Iterable, Sequence

from hub.db.engine import transaction
from hub.models import Case
from hub.security import hub_settings

# Recipients beside addresses: the channel of the chat, and the mails of the day.
CHAT, DAILY = "chat:", "daily:"


class Deliveries:
    """The cases that each recipient has got, as long as they are not all mailed."""

    def __init__(self) -> None:
        stored = hub_settings.read(hub_settings.UNDELIVERED_MAIL)
        self._case_ids: dict[str, list[int]] = json.loads(stored or "{}")
        self._is_changed = False

    def select_missing(self, recipient: str, cases: Iterable[Case]) -> list[Case]:
        """Return the cases that a recipient has not got."""
        delivered = set(self._case_ids.get(recipient, ()))
        return [case for case in cases if case.id not in delivered]

    def note(self, recipient: str, cases: Sequence[Case]) -> None:
        """Record that a recipient has got cases, or never will."""
        if not cases:
            return
        self._case_ids.setdefault(recipient, []).extend(case.id for case in cases)
        self._is_changed = True

    def save(self) -> None:
        """Store what was recorded."""
        if self._is_changed:
            self._store(json.dumps(self._case_ids))

    def clear(self) -> None:
        """Forget everything, because all recipients have got their cases."""
        if hub_settings.read(hub_settings.UNDELIVERED_MAIL):
            self._store("")

    def _store(self, text: str) -> None:
        with transaction() as session:
            hub_settings.store(session, hub_settings.UNDELIVERED_MAIL, text)
        self._is_changed = False


def note_refused_address(address: str, problem: str) -> None:
    """Record that the mail server takes no message for an address."""
    refused = load_refused_addresses()
    if refused.get(address) != problem:
        _store_refused_addresses(refused | {address: problem})


def note_accepted_address(address: str) -> None:
    """Forget that the mail server took no message for an address."""
    refused = load_refused_addresses()
    if address in refused:
        del refused[address]
        _store_refused_addresses(refused)


def load_refused_addresses() -> dict[str, str]:
    """Return, by address, why the mail server took no message for it."""
    refused: dict[str, str] = json.loads(hub_settings.read(hub_settings.REFUSED_ADDRESSES) or "{}")
    return refused


def _store_refused_addresses(refused: dict[str, str]) -> None:
    text = json.dumps(refused) if refused else ""
    with transaction() as session:
        hub_settings.store(session, hub_settings.REFUSED_ADDRESSES, text)
