"""The secrets of an installation, in memory."""

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from hub.contract.site_settings import UnknownSetting
from hub.contract.types import Secrets, require_secret_text

LOCK_SECONDS = 30.0


class SecretsInMemory(dict[str, str], Secrets):
    """Secrets in memory, with a lock among the threads of this process.

    The event `news` is set when a thread has to wait for the lock.
    """

    def __init__(self, *secrets: Mapping[str, str], **more_secrets: str) -> None:
        super().__init__(*secrets, **more_secrets)
        self.news = threading.Event()
        self.plain_settings: Collection[str] = ()  # the names of settings that are no secrets
        self._lock = threading.Lock()

    def __missing__(self, name: str) -> str:
        """Raise KeyError; say so if the name is that of a setting that is no secret."""
        if name in self.plain_settings:
            raise UnknownSetting(
                f"{name} is a setting and no secret; define it with setting.secret, or read it"
                f" with site.settings[{name!r}]"
            )
        raise KeyError(name)

    def __setitem__(self, name: str, text: str) -> None:
        """Store a secret."""
        require_secret_text(name, text)
        super().__setitem__(name, text)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Let one thread at a time into the block; raise TimeoutError if it has to wait long."""
        if not self._lock.acquire(blocking=False):
            self.news.set()
            if not self._lock.acquire(timeout=LOCK_SECONDS):
                raise TimeoutError("The lock of the secrets is held by somebody who does not end.")
        try:
            yield
        finally:
            self._lock.release()
