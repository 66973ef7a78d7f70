"""Secrets that are read only once, because every line of an invoice needs them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

from hub import Secrets


class CachedSecrets(Secrets):
    """A copy of the secrets of a site; changes are also stored."""

    __slots__ = ("_stored", "_values")

    def __init__(self, secrets: Secrets) -> None:
        """Read all secrets."""
        self._stored = secrets
        self._values = dict(secrets)

    def __getitem__(self, name: str) -> str:
        """Return a secret without reading the stored one again."""
        return self._values[name]

    def __setitem__(self, name: str, value: str) -> None:
        """Store a secret."""
        self._stored[name] = value
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        """Delete a secret."""
        del self._stored[name]
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return how many secrets there are."""
        return len(self._values)

    def lock(self) -> AbstractContextManager[None]:
        """Return the lock of the stored secrets."""
        return self._stored.lock()
