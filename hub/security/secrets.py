"""Encrypted secrets in the database, and those of an installation as its plugin sees them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from filelock import FileLock, Timeout
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.contract.types import Secrets
from hub.db import engine
from hub.errors import Busy, FolderUnavailable
from hub.models import Secret

LOCK_SECONDS = 30.0
AT_ONCE = 500


def put(session: Session, place: str, text: str) -> None:
    """Seal a text and store it at its place, over what was there."""
    session.merge(Secret(place=place, sealed=hub_context.current().vault.seal(place, text)))


def get(session: Session, place: str) -> str | None:
    """The text kept at a place, None if there is none."""
    row = session.get(Secret, place)
    return None if row is None else hub_context.current().vault.open(place, row.sealed)


def forget(session: Session, place: str) -> None:
    """Remove the secret at a place."""
    session.execute(delete(Secret).where(Secret.place == place))


def put_all(
    session: Session, installation_id: int, texts: Mapping[str, str], *, forget_others: bool
) -> None:
    """Store the secrets of an installation; with `forget_others` remove all its others first."""
    prefix = f"installation:{installation_id}:"
    if forget_others:
        session.execute(delete(Secret).where(Secret.place.startswith(prefix, autoescape=True)))
    for name, text in texts.items():
        if get(session, prefix + name) != text:
            put(session, prefix + name, text)


def rotate(session: Session) -> int:
    """Seal under the newest key whatever is not yet; return how many."""
    vault, changed = hub_context.current().vault, 0
    for row in session.scalars(select(Secret).order_by(Secret.place).with_for_update()):
        if not vault.is_current(row.sealed):
            row.sealed = vault.seal(row.place, vault.open(row.place, row.sealed))
            changed += 1
    return changed


class SiteSecrets(Secrets):
    """The secrets of one installation; each assignment is a transaction of its own."""

    def __init__(self, installation_id: int) -> None:
        self._id, self._prefix = installation_id, f"installation:{installation_id}:"

    def __getitem__(self, name: str) -> str:
        with engine.reading() as session:
            text = get(session, self._prefix + name)
        if text is None:
            raise KeyError(name)
        return text

    def __setitem__(self, name: str, text: str) -> None:
        with engine.transaction() as session:
            put(session, self._prefix + name, text)

    def __delitem__(self, name: str) -> None:
        self[name]
        with engine.transaction() as session:
            forget(session, self._prefix + name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __repr__(self) -> str:
        return f"<secrets of installation {self._id}>"

    def _names(self) -> list[str]:
        with engine.reading() as session:
            places = session.scalars(
                select(Secret.place).where(Secret.place.startswith(self._prefix, autoescape=True))
            )
            return sorted(place.removeprefix(self._prefix) for place in places)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Held by one thread of one process at a time."""
        folder = hub_context.current().config.data / "locks"
        lock = FileLock(folder / f"secrets-{self._id}.lock")
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout:
            raise Busy(f"The sign-in of installation {self._id}") from None
        except OSError as error:
            raise FolderUnavailable(lock.lock_file, error) from error
        try:
            yield
        finally:
            lock.release()
