"""Keys of the hub: made at random, kept in files that only their owner reads, weak ones refused."""

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from hub.errors import Busy, ConfigurationError

SECRET_KEY_FILE, VAULT_KEYS_FILE = "secret.key", "vault.keys"
KEY_FILES = {"HUB_SECRET_KEY": SECRET_KEY_FILE, "HUB_VAULT_KEYS": VAULT_KEYS_FILE}  # by setting
ORIGIN_FILE = "made-by"  # names the command that made a data folder; written after its tables
HUB_FILES = (*KEY_FILES.values(), ORIGIN_FILE, "hub.db", "demo.lock")  # in a folder of a hub
CREDENTIALS_FOLDER = "CREDENTIALS_DIRECTORY"  # the variable that names it
LOCKS_FOLDER, LOCK_SECONDS = "locks", 10.0
KEY_BYTES = 32
MIN_DIFFERENT_BYTES = 12
COMMON_WORDS = (
    "change",
    "default",
    "example",
    "password",
    "secret",
    "hub-key",
    "test-key",
    "your-",
    "insecure",
)

Ring = tuple[tuple[str, bytes], ...]


def initialise(data: Path, given_settings: Collection[str] = ()) -> list[str]:
    """Make the data folder and its keys where they are missing; return what was added.

    A key among `given_settings` needs no file. Raise ConfigurationError for a folder that others
    use, such as /etc, because it would be closed to them.
    """
    additions = []
    if not data.exists():
        data.mkdir(parents=True, mode=0o700)
        additions.append(f"data folder {data}")
    _require_own_folder(data)
    data.chmod(0o700)
    for name, file in KEY_FILES.items():
        path = data / file
        if path.exists():
            check_private(path)
        elif name not in given_settings:
            key = secrets.token_urlsafe(48) if file == SECRET_KEY_FILE else create_key()
            write_private(path, key)
            additions.append(f"key file {path}")
    return additions


def _require_own_folder(data: Path) -> None:
    """Raise ConfigurationError for a folder with other files that is open to other accounts."""
    names = {path.name for path in data.iterdir()}
    is_open = bool(stat.S_IMODE(data.stat().st_mode) & 0o077)
    if is_open and names and names.isdisjoint(HUB_FILES):
        raise ConfigurationError(
            "HUB_DATA",
            f"names {data}, which has other files and is open to other accounts. Name an empty"
            f" folder, or run `chmod 700 {data}` if it is for the hub alone",
        )


def find_lost(data: Path, given_settings: Collection[str]) -> list[Path]:
    """Return the key files that a hub had in its data folder and that are not there any more."""
    if not (data / ORIGIN_FILE).exists():
        return []
    return find_missing(data, given_settings)


def find_missing(data: Path, given_settings: Collection[str]) -> list[Path]:
    """Return the key files of a data folder that are missing and not replaced by a setting."""
    return [
        data / file
        for name, file in KEY_FILES.items()
        if name not in given_settings and not (data / file).exists()
    ]


def find(name: str, given: str | None, data: Path) -> tuple[str, str]:
    """Return the key that a setting gives, else that of the data folder, after its place."""
    if given:
        return name, given
    path = data / KEY_FILES[name]
    return str(path), read_key_file(path, name)


def read_key_file(path: Path, name: str) -> str:
    """Return a key that `hub init` created; `name` is the setting that can give it instead."""
    if not path.exists():
        raise build_missing_key_error(name, path)
    check_private(path)
    return path.read_text(encoding="utf-8").strip()


def build_missing_key_error(name: str, path: Path) -> ConfigurationError:
    """Return the error for a key that neither the environment nor the data folder has."""
    data = path.parent
    if not data.exists():
        return ConfigurationError(
            "HUB_DATA",
            f"names no hub: there is no folder {data}. Run the command in the folder where"
            " `hub serve` runs, set HUB_DATA, or make a new hub there with `hub init`",
        )
    if (data / ORIGIN_FILE).exists():
        return ConfigurationError(
            name,
            f"is not set and {path} is gone. Put the file back from your copy of the keys; if there"
            " is none, see `hub init --new-keys`",
        )
    return ConfigurationError(name, f"is not set and there is no {path}; `hub init` makes one")


def create_key() -> str:
    """Return a new vault key as a key file has it: an id, a colon, 32 random bytes in base64."""
    key_id = secrets.token_hex(4)
    key = base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES))
    return f"{key_id}:{key.decode()}"


def add_vault_key(data: Path) -> str:
    """Add a new key before the others of the key file; return its id.

    If two commands do so at the same time, the second one waits. Otherwise it would write the file
    without the key of the first one, and everything sealed with that key would be lost.
    """
    path = data / VAULT_KEYS_FILE
    if not path.exists():
        raise build_missing_key_error("HUB_VAULT_KEYS", path)
    check_private(path)
    lock = FileLock(data / LOCKS_FOLDER / f"{VAULT_KEYS_FILE}.lock", timeout=LOCK_SECONDS)
    Path(lock.lock_file).parent.mkdir(mode=0o700, exist_ok=True)
    key = create_key()
    try:
        with lock:
            write_private(path, f"{key}\n{path.read_text(encoding='utf-8')}")
    except Timeout:
        raise Busy(str(path)) from None
    return key.partition(":")[0]


def read_ring(data: Path, file: Path | None = None) -> Ring:
    """Read the ring from a key file, by default that of the data folder; empty if there is none."""
    path = file or data / VAULT_KEYS_FILE
    if not path.exists():
        return ()
    text = path.read_text(encoding="utf-8")
    return parse_ring(str(path), text)


def write_private(path: Path, text: str, *, durable: bool = True) -> None:
    """Write a file that only its owner may read, completely or not at all.

    With `durable` it also survives a power failure.
    """
    suffix = secrets.token_hex(4)
    draft = path.with_name(f".{path.name}.{suffix}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text.strip() + "\n")
            if durable:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    except BaseException as error:
        draft.unlink(missing_ok=True)  # it may hold a key
        if isinstance(error, OSError) and error.filename is None:  # such as that of a full disk
            error.filename = str(path)
        raise
    if durable:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk; without that a replaced file may come back."""
    with suppress(OSError):  # not every file system can, nor every operating system
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def check_private(path: Path) -> None:
    """Raise ConfigurationError if others than its owner may read a key file.

    The group may read it: a credential of systemd is owned by root and read through an access list,
    which the mode of the file shows as a right of the group.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    forbidden = 0o037 if _is_credential(path) else 0o077
    if os.name == "posix" and mode & forbidden:
        raise ConfigurationError(
            str(path),
            f"may be read by others than its owner (mode {mode:04o}); run `chmod 600 {path}`",
        )


def _is_credential(path: Path) -> bool:
    """Return whether systemd put a file there for this service alone."""
    folder = os.environ.get(CREDENTIALS_FOLDER, "")
    return bool(folder) and path.parent == Path(folder)


def check_secret_key(name: str, key: str) -> None:
    """Raise ConfigurationError for a key that could be guessed; `name` is its setting or file."""
    if len(key) < KEY_BYTES:
        raise _build_unusable_error(name, f"is too short: it needs {KEY_BYTES} characters")
    if _is_guessable(key):
        raise _build_unusable_error(name, "is a default or could be guessed")


def _build_unusable_error(name: str, problem: str) -> ConfigurationError:
    """Return the error for a key that cannot be used, with what to do.

    `hub init` does not replace a file that is there.
    """
    if name in KEY_FILES:
        return ConfigurationError(name, f"{problem}; `hub init` makes a good one")
    return ConfigurationError(
        name,
        f"{problem}. Put the file back from your copy of the keys; if there is none, remove it and"
        " run `hub init --new-keys`",
    )


def parse_ring(name: str, text: str) -> Ring:
    """Return the keys of a ring, newest first, written `id:key` one per line or comma-separated.

    `name` is the setting or the file that holds them.
    """
    ring = []
    for line in text.replace(",", "\n").splitlines():
        entry = line.strip()
        if entry:
            ring.append(_parse_key(name, entry))
    if not ring:
        raise _build_unusable_error(name, "holds no key")
    distinct_ids = {key_id for key_id, _ in ring}
    distinct_keys = {key for _, key in ring}
    if len(distinct_ids) < len(ring) or len(distinct_keys) < len(ring):
        raise ConfigurationError(name, "holds the same key or key id twice")
    return tuple(ring)


def _parse_key(name: str, entry: str) -> tuple[str, bytes]:
    """Return the id and the key of an entry `id:key`; raise ConfigurationError for a weak key."""
    key_id, colon, encoded_key = entry.partition(":")
    key_id = key_id.strip()
    try:
        key = base64.b64decode(encoded_key.strip(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not colon or not key_id.isalnum() or len(key) != KEY_BYTES:
        raise ConfigurationError(
            name, "must hold keys as `id:key`, the key being 32 bytes in base64"
        )
    if _is_guessable(key.decode("latin-1")):
        raise ConfigurationError(
            name, f"holds key {key_id!r}, which is a default or could be guessed; make a random one"
        )
    return key_id, key


def _is_guessable(key: str) -> bool:
    """Return whether a key has few different characters, or a word that is common in defaults."""
    if len(set(key)) < MIN_DIFFERENT_BYTES:
        return True
    lower_case_key = key.lower()
    return any(word in lower_case_key for word in COMMON_WORDS)
