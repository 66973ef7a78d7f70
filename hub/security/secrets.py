"""Encrypted secrets in the database, and those of an installation as its plugin sees them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import NamedTuple, cast

from filelock import FileLock, Timeout
from flask import current_app
from sqlalchemy import Connection, Table, bindparam, delete, select, update
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.contract.tokens import is_bound
from hub.contract.types import Secrets, require_secret_text
from hub.crypto.masking import find_token
from hub.crypto.vault import KeyMissing
from hub.db import engine
from hub.db.database_errors import repeat_during_outage
from hub.errors import Busy, FolderUnavailable, Sentence, VaultError
from hub.models import Secret

LOCK_SECONDS = 30.0
LOST_KEYS = "hub:lost_keys"  # the place of the ids of the keys that are lost for good
SHARED_LOCK = "hub.secrets_lock"  # the extension that locks them if several machines share them
SharedLock = Callable[[int, float], AbstractContextManager[None]]
_secrets = cast(Table, Secret.__table__)
_SELECT_SEALED = select(_secrets.c.sealed).where(_secrets.c.place == bindparam("_place"))


def put(session: Session, place: str, text: str) -> None:
    """Seal a text and store it at its place, over an earlier one.

    A place is, for example, "installation:3:password". The sealed text can be opened only there.
    """
    hub = current_hub()
    hub.mask.add((find_token(text),))
    sealed_bytes = hub.vault.seal(place, text)
    session.merge(Secret(place=place, sealed=sealed_bytes))


def get(session: Session, place: str) -> str | None:
    """Return the text at a place; None if there is none, or if its key is lost for good."""
    sealed_bytes = session.scalar(_SELECT_SEALED, {"_place": place})
    if sealed_bytes is None:
        return None
    return _open(session, place, sealed_bytes)


def _read(place: str) -> str | None:
    """Return the stored text at a place, as `get` does.

    A plugin asks for secrets with every call, so no session is opened for it.
    """
    with engine.translate_errors(), engine.read_only_engine().connect() as connection:
        sealed_bytes = connection.execute(_SELECT_SEALED, {"_place": place}).scalar()
        return None if sealed_bytes is None else _open(connection, place, sealed_bytes)


def _open(database: Session | Connection, place: str, sealed_bytes: bytes) -> str | None:
    """Open a sealed text, and mask it from now on if it is like a token.

    Return None if its key is lost for good.
    """
    hub = current_hub()
    try:
        text = hub.vault.open(place, sealed_bytes)
    except KeyMissing as error:
        if error.key_id in _load_lost_keys(database):
            return None
        raise
    hub.mask.add((find_token(text),))
    return text


def give_up_lost(session: Session) -> int:
    """Let secrets count as missing whose keys are lost for good; return how many they are.

    Otherwise nobody could enter them again: the pages that ask for them read them first. They are
    kept, and can be read again if their key is put back.
    """
    vault = current_hub().vault
    key_ids = []
    for place, sealed_bytes in session.execute(select(Secret.place, Secret.sealed)):
        key_id = vault.find_missing_key(place, sealed_bytes)
        if key_id and place != LOST_KEYS:
            key_ids.append(key_id)
    if key_ids:
        put(session, LOST_KEYS, " ".join(sorted(set(key_ids))))
    return len(key_ids)


class VaultReport(NamedTuple):
    """How many secrets open, and why the others do not.

    - `lost_count`: those whose keys are lost for good; they count as missing.
    - `missing_keys`: the numbers of those whose keys are missing, by key id.
    - `problems`: sentences about those that their own key does not open.
    """

    open_count: int
    lost_count: int
    missing_keys: dict[str, int]
    problems: list[str]


def try_all(session: Session) -> VaultReport:
    """Open every secret, without keeping any, and return which ones open."""
    vault = current_hub().vault
    lost_keys = _load_lost_keys(session)
    counts: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    problems: list[str] = []
    for place, sealed_bytes in session.execute(
        select(Secret.place, Secret.sealed).order_by(Secret.place)
    ):
        try:
            vault.open(place, sealed_bytes)
        except KeyMissing as error:
            if error.key_id in lost_keys:
                counts["lost"] += 1
            elif place != LOST_KEYS:
                missing[error.key_id] += 1
        except VaultError as error:
            problems.append(error.sentence)
        else:
            counts["open"] += 1
    return VaultReport(counts["open"], counts["lost"], dict(missing), problems)


def _load_lost_keys(database: Session | Connection) -> frozenset[str]:
    """Return the ids of the keys that are lost for good."""
    sealed_bytes = database.scalar(_SELECT_SEALED, {"_place": LOST_KEYS})
    if sealed_bytes is None:
        return frozenset()
    try:
        text = current_hub().vault.open(LOST_KEYS, sealed_bytes)
    except VaultError:  # the key of this list is missing, too
        return frozenset()
    return frozenset(text.split())


def _is_lost(session: Session, place: str, sealed_bytes: bytes) -> bool:
    """Return whether the key of a secret is lost for good."""
    key_id = current_hub().vault.find_missing_key(place, sealed_bytes)
    return bool(key_id) and key_id in _load_lost_keys(session)


def forget(session: Session, place: str) -> None:
    """Remove the secret at a place."""
    secret = delete(Secret).where(Secret.place == place)
    session.execute(secret)


def forget_unbound(session: Session, installation_id: int) -> None:
    """Remove the secrets of an installation, except for values that are bound to credentials.

    A bound value counts only for its credentials, and it may be a refresh token that has replaced
    the one of the settings. Secrets that cannot be opened stay, too.
    """
    is_of_installation = Secret.place.startswith(
        _build_secret_prefix(installation_id), autoescape=True
    )
    for place in session.scalars(select(Secret.place).where(is_of_installation)).all():
        with suppress(VaultError):
            text = get(session, place)
            if text is not None and not is_bound(text):
                forget(session, place)


def put_all(
    session: Session, installation_id: int, texts: Mapping[str, str], *, forget_others: bool
) -> None:
    """Store the secrets of an installation, by name; with `forget_others` remove all its others.

    A text that is stored already is not sealed again.
    """
    prefix = _build_secret_prefix(installation_id)
    if forget_others:
        is_of_installation = Secret.place.startswith(prefix, autoescape=True)
        session.execute(delete(Secret).where(is_of_installation))
    for name, text in texts.items():
        if get(session, prefix + name) != text:
            put(session, prefix + name, text)


def rotate(session: Session) -> int:
    """Seal the secrets of older keys under the newest key; return the number of these secrets.

    Those of keys that are lost for good stay as they are.
    """
    vault = current_hub().vault
    secrets = select(Secret.place, Secret.sealed).order_by(Secret.place)
    rows = session.execute(secrets.with_for_update()).all()
    changes = []
    for place, sealed_bytes in rows:
        if vault.is_current(sealed_bytes) or _is_lost(session, place, sealed_bytes):
            continue
        text = vault.open(place, sealed_bytes)
        changes.append({"place": place, "sealed": vault.seal(place, text)})
    if changes:
        session.execute(update(Secret), changes)
    return len(changes)


@repeat_during_outage
def _store_alone(place: str, text: str) -> None:
    """Store a secret in a transaction of its own."""
    with engine.transaction() as session:
        put(session, place, text)


def _build_secret_prefix(installation_id: int) -> str:
    """Return the prefix of the places of an installation's secrets."""
    return f"installation:{installation_id}:"


class SiteSecrets(Secrets):
    """The secrets of one installation; each assignment is a transaction of its own.

    A plugin holds it, so it has only the id of the installation.
    """

    __slots__ = ("_id", "_prefix")

    def __init__(self, installation_id: int) -> None:
        self._id = installation_id
        self._prefix = _build_secret_prefix(installation_id)

    def __getitem__(self, name: str) -> str:
        """Open the secret with a name; raise KeyError if there is none."""
        text = _read(self._prefix + name)
        if text is None:
            raise KeyError(name)
        return text

    def __setitem__(self, name: str, text: str) -> None:
        """Store a secret at once.

        It may be a token for which the source has ended the former one.
        """
        require_secret_text(name, text)
        _store_alone(self._prefix + name, text)

    def __delitem__(self, name: str) -> None:
        """Remove a secret at once; raise KeyError if there is none."""
        self[name]
        with engine.transaction() as session:
            forget(session, self._prefix + name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._list_names())

    def __len__(self) -> int:
        return len(self._list_names())

    def __repr__(self) -> str:
        return f"<secrets of installation {self._id}>"

    def _list_names(self) -> list[str]:
        """Return the names of all secrets of the installation, sorted."""
        is_of_installation = Secret.place.startswith(self._prefix, autoescape=True)
        query = select(Secret.place, Secret.sealed).where(is_of_installation)
        names = []
        with engine.read_only_session() as session:
            for place, sealed_bytes in session.execute(query).all():
                if not _is_lost(session, place, sealed_bytes):
                    names.append(place.removeprefix(self._prefix))
        return sorted(names)

    def lock(self) -> AbstractContextManager[None]:
        """Return a lock that one thread of one process at a time holds."""
        return installation_lock(self._id)


def installation_lock(installation_id: int) -> AbstractContextManager[None]:
    """Return a context manager that one thread of one process at a time can enter.

    It raises Busy if another one holds it for too long, and FolderUnavailable or
    DatabaseUnavailable if no lock can be made.
    """
    shared_lock: SharedLock | None = current_app.extensions.get(SHARED_LOCK)
    if shared_lock:
        return shared_lock(installation_id, LOCK_SECONDS)
    return _hold_file_lock(installation_id)


@contextmanager
def _hold_file_lock(installation_id: int) -> Iterator[None]:
    """Hold a lock among the processes of this data folder."""
    folder = current_hub().config.data / "locks"
    lock = FileLock(folder / f"secrets-{installation_id}.lock")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout:
        raise Busy(
            Sentence("The sign-in of installation %(id)s", id=str(installation_id))
        ) from None
    except OSError as error:
        raise FolderUnavailable(lock.lock_file, error) from error
    try:
        yield
    finally:
        lock.release()
