"""Whether the user of a command may read and write the files of the hub, and what to do if not."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

# SQLite creates the others with the rights of the first one, and they keep them.
SQLITE_FILE_ENDINGS = ("", "-wal", "-shm")
# What the processes of a data folder write there. A command of another user, such as root, may have
# left some of it as that user's own.
WRITTEN_FOLDERS = ("locks", "sends", "pace")
WRITTEN_FILES = ("audit.head",)


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
    """Yield a sentence for the folder and each file without rights that processes write.

    These are those of a SQLite database, and of the data folder the first one. The distributed
    engine needs no folder if its keys are in other files.
    """
    yield from _find_unwritable_in(folder)
    for path in _list_database_files(database_url):
        if path.exists() and not _is_writable(path):
            yield f"The database cannot be written: {explain(path)}"


def _find_unwritable_in(folder: Path) -> Iterator[str]:
    """Yield a sentence for the data folder, or for the first file in it, without rights."""
    if folder.exists() and not _is_writable(folder):
        yield f"The data folder cannot be written: {explain(folder)}"
        return
    for path in _iter_written(folder):
        if not _is_writable(path) and path.exists():  # some last for moments only
            yield f"The data folder has a file that cannot be written: {explain(path)}"
            return


def _is_writable(path: Path) -> bool:
    """Return whether the user of this command may read and write a file or folder."""
    rights = os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)
    return os.access(path, rights, effective_ids=True)


def _iter_written(folder: Path) -> Iterator[Path]:
    """Yield the files and folders of a data folder that its processes write, if they are there."""
    for name in WRITTEN_FOLDERS:
        place = folder / name
        if place.is_dir():
            yield place
            yield from sorted(place.iterdir())
    for name in WRITTEN_FILES:
        if (folder / name).exists():
            yield folder / name


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
