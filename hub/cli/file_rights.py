"""Whether the user of a command may read and write the files of the hub, and what to do if not."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

# SQLite creates the others with the rights of the first one, and they keep them.
SQLITE_FILE_ENDINGS = ("", "-wal", "-shm")


def explain(path: Path) -> str:
    """Return who owns a file, or the nearest folder above it that can be seen, and what to do."""
    place, info = _find_visible(path)
    owner, user = _get_user_name(info.st_uid), _get_user_name(os.geteuid())
    rights = f"{place} belongs to {owner} and has mode {info.st_mode & 0o7777:04o}"
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        return f"{place} is on a file system that is mounted read-only; make it writable"
    if owner == user:
        return f"{rights}; run `chmod u+rw{'x' if place.is_dir() else ''} {place}`"
    return f"{rights}, and this command runs as {user}; run it as {owner}, or change the owner"


def require_writable(environ: Mapping[str, str]) -> None:
    """Raise Refused if the data folder or its database cannot be written."""
    from hub import config
    from hub.errors import Refused

    hub_config = config.load(environ)
    for problem in find_unwritable(hub_config.data, hub_config.database_url):
        raise Refused(f"{problem}.")


def find_unwritable(folder: Path, database_url: str) -> Iterator[str]:
    """Yield a sentence for the folder, and for each file of a SQLite database, without rights.

    The distributed engine needs no folder if its keys are in other files.
    """
    rights = os.R_OK | os.W_OK | os.X_OK
    if os.path.exists(folder) and not os.access(folder, rights, effective_ids=True):
        yield f"The data folder cannot be written: {explain(folder)}"
    for path in _list_database_files(database_url):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
            yield f"The database cannot be written: {explain(path)}"


def _list_database_files(database_url: str) -> list[Path]:
    """Return the files of a SQLite database; [] for another one, and for options of SQLite."""
    scheme, _, path = database_url.partition(":///")
    if not scheme.startswith("sqlite") or not path or path.startswith("file:"):
        return []
    return [Path(path + ending) for ending in SQLITE_FILE_ENDINGS]


def _find_visible(path: Path) -> tuple[Path, os.stat_result]:
    """Return the file, or the nearest folder above it whose owner can be seen."""
    for place in (path.absolute(), *path.absolute().parents):
        try:
            return place, place.stat()
        except OSError:
            continue
    return Path("/"), Path("/").stat()


def _get_user_name(uid: int) -> str:
    """Return the name of a user, or the number of one without a name."""
    try:
        import pwd

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return f"user {uid}"
