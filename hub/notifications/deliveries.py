"""Which recipients have got which cases, while the mail to another recipient waits."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress

from flask import current_app
from sqlalchemy import select

from hub.context import current_hub
from hub.db.bulk import is_among
from hub.db.engine import read_only_session, transaction
from hub.errors import DatabaseUnavailable
from hub.models import Case
from hub.security import hub_settings

# Recipients beside addresses: the channel of the chat, and the mails of the day.
CHAT, DAILY = "chat:", "daily:"
UNSTORED_KEY = "hub_unstored_deliveries"  # key among the extensions of the application


class Deliveries:
    """The recipients of each case that were mailed already, until the case is mailed to all.

    If this cannot be stored, for example on a full disk, this process remembers it: otherwise it
    would send the same mails every minute.
    """

    def __init__(self) -> None:
        text = hub_settings.read(hub_settings.UNDELIVERED_MAIL)
        self._case_ids: dict[str, list[int]] = json.loads(text or "{}")
        self._unstored: dict[str, list[int]]
        self._unstored = current_app.extensions.setdefault(UNSTORED_KEY, {})
        for recipient, case_ids in self._unstored.items():
            self._case_ids.setdefault(recipient, []).extend(case_ids)

    def select_missing(self, recipient: str, cases: Iterable[Case]) -> list[Case]:
        """Return the cases that a recipient has not got."""
        delivered_ids = set(self._case_ids.get(recipient, ()))
        return [case for case in cases if case.id not in delivered_ids]

    def note(self, recipient: str, cases: Sequence[Case]) -> None:
        """Store that a recipient has got cases, or never will."""
        if not cases:
            return
        for case_ids in (self._case_ids, self._unstored):
            case_ids.setdefault(recipient, []).extend(case.id for case in cases)
        self._store(json.dumps(self._case_ids))

    def forget_mailed(self) -> None:
        """Forget who has got the cases that were mailed to all, or that are closed by now.

        One that was snoozed before it was mailed to all is mailed to the others on its day.
        """
        if not self._case_ids:
            return
        waiting_ids = self._load_waiting_ids()
        remaining = {}
        for recipient, case_ids in self._case_ids.items():
            ids = [id for id in case_ids if id in waiting_ids]
            if ids:
                remaining[recipient] = ids
        if not self._unstored and remaining == self._case_ids:
            return
        self._store(json.dumps(remaining) if remaining else "")

    def _load_waiting_ids(self) -> set[int]:
        """Return those of the cases that are still to be mailed to somebody."""
        ids = {id for case_ids in self._case_ids.values() for id in case_ids}
        query = select(Case.id).where(
            is_among(Case.id, "ids"), Case.closed_at.is_(None), Case.mailed_at.is_(None)
        )
        with read_only_session() as session:
            return set(session.scalars(query, {"ids": list(ids)}))

    def _store(self, text: str) -> None:
        with transaction() as session:
            hub_settings.store(session, hub_settings.UNDELIVERED_MAIL, text)
        self._unstored.clear()


def note_deferred_address(address: str) -> dt.datetime:
    """Return since when the mail server takes no message for an address; record it if it is new.

    A time in the future was recorded before the clock was set back.
    """
    now = current_hub().clock.now()
    deferred_addresses = _load_deferred_addresses()
    recorded_since = deferred_addresses.get(address)
    if recorded_since is not None:
        since = dt.datetime.fromisoformat(recorded_since)
        if since <= now:
            return since
    _store_addresses(
        hub_settings.DEFERRED_ADDRESSES, deferred_addresses | {address: now.isoformat()}
    )
    return now


def forget_deferred_addresses() -> None:
    """Forget since when addresses were deferred, once no message waits for any of them."""
    if _load_deferred_addresses():
        _store_addresses(hub_settings.DEFERRED_ADDRESSES, {})


def note_refused_address(address: str, problem: str) -> None:
    """Record that the mail server takes no message for an address."""
    refused_addresses = load_refused_addresses()
    if refused_addresses.get(address) != problem:
        _store_addresses(hub_settings.REFUSED_ADDRESSES, refused_addresses | {address: problem})


def note_accepted_address(address: str) -> None:
    """Forget that the mail server took no message for an address, or none at that time."""
    for name, addresses in (
        (hub_settings.REFUSED_ADDRESSES, load_refused_addresses()),
        (hub_settings.DEFERRED_ADDRESSES, _load_deferred_addresses()),
    ):
        if address in addresses:
            del addresses[address]
            _store_addresses(name, addresses)


def load_refused_addresses() -> dict[str, str]:
    """Return, by address, why the mail server took no message for it."""
    return _load_addresses(hub_settings.REFUSED_ADDRESSES)


def _load_deferred_addresses() -> dict[str, str]:
    """Return, by address, since when the mail server takes no message for it."""
    return _load_addresses(hub_settings.DEFERRED_ADDRESSES)


def _load_addresses(name: str) -> dict[str, str]:
    """Return the addresses of a setting, each with what is recorded about it."""
    addresses: dict[str, str] = json.loads(hub_settings.read(name) or "{}")
    return addresses


def _store_addresses(name: str, addresses: dict[str, str]) -> None:
    """Store the addresses of a setting; if that is not possible now, the next mail does.

    An error would look as if the message had not been sent, and it would be sent again.
    """
    text = json.dumps(addresses) if addresses else ""
    with suppress(DatabaseUnavailable), transaction() as session:
        hub_settings.store(session, name, text)
