"""Access tokens that a plugin stores between runs, bound to the credentials behind them."""

import hashlib
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from hub.contract.types import Reply, Secrets

UNAUTHORIZED = 401
DIGEST_LENGTH = 16
BOUND_VALUE = re.compile(rf"[0-9a-f]{{{DIGEST_LENGTH}}} ")  # the beginning of a stored value
UNBOUND_MESSAGE = (
    "TokenCache stores a token for certain credentials. Pass BoundSecrets(site.secrets, …) with the"
    " address and the credentials behind the token, such as a client id and its secret: a token of"
    " other credentials may belong to another account."
)


class BoundSecrets:
    """Values in the secrets of an installation that count only for the credentials given here.

    When the admin enters another client id, secret or address, the stored values are ignored: they
    belong to another account.
    """

    def __init__(self, secrets: Secrets, *credentials: str) -> None:
        """Bind the secrets to the credentials, such as a client id, a client secret, an address."""
        self._secrets = secrets
        text = "\n".join(credentials)
        digest = hashlib.sha256(text.encode()).hexdigest()
        self._digest = digest[:DIGEST_LENGTH]

    def get(self, name: str) -> str:
        """Return a stored value, or "" if there is none for these credentials."""
        stored_text = self._secrets.get(name, "")
        digest, _, value = stored_text.partition(" ")
        if digest != self._digest:
            return ""
        return value

    def put(self, name: str, value: str) -> None:
        """Store a value for these credentials."""
        self._secrets[name] = f"{self._digest} {value}"

    def lock(self) -> AbstractContextManager[None]:
        """Return a lock that one process at a time holds."""
        return self._secrets.lock()


def is_bound(text: str) -> bool:
    """Return whether a value in secrets is bound to credentials by BoundSecrets."""
    return BOUND_VALUE.match(text) is not None


def are_bound_alike(stored_text: str, text: str) -> bool:
    """Return whether two values in secrets are bound to the same credentials by BoundSecrets."""
    match = BOUND_VALUE.match(stored_text)
    return match is not None and text.startswith(match[0])


class TokenCache:
    """An access token that is issued when there is none and renewed when the source rejects it.

    - `bound`: the secrets of the installation, bound to the credentials behind the token. The
      secrets of the site alone are refused.
    - `issue`: requests a new token from the source.
    - `exclusive`: only one process at a time requests a token, and the others use its result. This
      is necessary if a refresh token changes with every use.
    """

    name = "access_token"

    def __init__(
        self, bound: BoundSecrets, issue: Callable[[], str], *, exclusive: bool = False
    ) -> None:
        """Store the token in `bound`; raise TypeError for secrets that are bound to nothing."""
        if not isinstance(bound, BoundSecrets):
            raise TypeError(UNBOUND_MESSAGE)
        self._bound = bound
        self._issue = issue
        self._exclusive = exclusive

    def renew(self) -> str:
        """Issue and store a new token, for example to check the credentials."""
        return self._renew(rejected_token=self._bound.get(self.name))

    def call(self, send: Callable[[str], Reply]) -> Reply:
        """Send a request with the token; after a 401 renew the token and send again.

        Return the last reply. If it is a 401 again, the credentials are wrong.
        """
        token = self._bound.get(self.name)
        if not token:
            token = self._renew(rejected_token="")
        reply = send(token)
        if reply.status == UNAUTHORIZED:
            token = self._renew(rejected_token=token)
            reply = send(token)
        return reply

    def _renew(self, rejected_token: str) -> str:
        """Issue and store a token in place of the one that the source rejected.

        With `exclusive`, return the stored token if another process has replaced it.
        """
        lock = self._bound.lock() if self._exclusive else nullcontext()
        with lock:
            stored_token = self._bound.get(self.name)
            if self._exclusive and stored_token and stored_token != rejected_token:
                return stored_token  # another process has renewed it in the meantime
            token = self._issue()
            self._bound.put(self.name, token)
            return token
