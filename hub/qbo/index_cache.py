"""The indexes of stored lists that this process has built, as far as they fit into its memory."""

import datetime as dt
import threading

from flask import current_app

from hub.mapping.index import NameOwner, RecordIndex

# A record takes 1.2 KB in each index, and a company with a thousand records about 2 MB in all.
MAX_INDEXED_RECORDS = 200_000
EXTENSION = "hub.indexes"

Key = tuple[int, NameOwner]  # company and role
Version = tuple[int, dt.datetime] | None  # of the list; None if it was never read


class IndexCache:
    """Indexes with the version of their list; those that were not used for longest are dropped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._indexes: dict[Key, tuple[Version, RecordIndex]] = {}

    def get(self, key: Key, version: Version) -> RecordIndex | None:
        """Return the index of this version; None if there is none, or only an older one."""
        with self._lock:
            entry = self._indexes.pop(key, None)
            if entry is None or entry[0] != version:
                return None
            self._indexes[key] = entry  # as the one that was used last
            return entry[1]

    def put(self, key: Key, version: Version, index: RecordIndex) -> None:
        """Keep an index, and drop others if all together have too many records."""
        with self._lock:
            self._indexes.pop(key, None)
            self._indexes[key] = version, index
            count = sum(len(index) for _, index in self._indexes.values())
            while count > MAX_INDEXED_RECORDS and len(self._indexes) > 1:
                _, dropped_index = self._indexes.pop(next(iter(self._indexes)))
                count -= len(dropped_index)


def process_cache() -> IndexCache:
    """Return the cache of this process."""
    cache: IndexCache = current_app.extensions.setdefault(EXTENSION, IndexCache())
    return cache
