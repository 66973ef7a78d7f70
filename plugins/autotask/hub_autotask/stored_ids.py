"""Ids of rows that an app remembers between its runs, in the secrets of its installation."""

from collections.abc import Collection

from hub import Secrets, format_ids, parse_ids

LABEL = "ids "  # a stored value with a space is no token, so that pages show what it contains
# Rows that the hub has marked as failed since the last poll. A person may clear a mark before the
# next one, which would otherwise see a row in the same state as the poll before it.
MARKED_AS_FAILED = "rows marked as failed"
# Orders that were posted as bills as a whole: no receipt of them is another bill.
POSTED_AS_BILL = "orders posted as bills"


class StoredIds:
    """A set of ids under a name in the secrets."""

    def __init__(self, secrets: Secrets, name: str) -> None:
        self._secrets = secrets
        self._name = name

    def read(self) -> set[int]:
        """Return the ids."""
        text = self._secrets.get(self._name, "")
        return {int(id) for id in parse_ids(text.removeprefix(LABEL)) if id.isdecimal()}

    def add(self, id: int) -> None:
        """Add an id."""
        with self._secrets.lock():  # a poll may remove others at the same time
            ids = self.read()
            if id not in ids:
                self._store({*ids, id})

    def remove(self, ids: Collection[int]) -> None:
        """Remove ids."""
        if ids:
            with self._secrets.lock():
                self._store(self.read().difference(ids))

    def _store(self, ids: Collection[int]) -> None:
        self._secrets[self._name] = LABEL + format_ids({str(id) for id in ids})
