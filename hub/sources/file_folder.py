"""Receive the files that other programs place in the folder of an app below HUB_FILES_ROOT."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from hub.cases import inbox
from hub.context import current_hub
from hub.db.engine import transaction
from hub.errors import HubError, NeedsAttention, PluginFault, Refused, Sentence
from hub.models import Installation
from hub.models.enums import FileState, FileWay
from hub.reasons.texts import CaseText
from hub.sources import file_intake
from hub.sources.site import get_app

DONE, REFUSED = "done", "refused"  # the folders of files that were accepted or refused
# The ends of names of files that are still being written.
UNFINISHED_SUFFIXES = (".part", ".tmp", ".crdownload", "~")
SETTLED_SECONDS = 5  # a file that changed since then may still be being written
MAX_FILES = 500  # received in one run; the next one goes on
PERSON = "hub"


def get_folder(installation: Installation) -> Path | None:
    """Return the folder of an installation; None if the hub watches no folder."""
    root = current_hub().config.files_root
    if root is None:
        return None
    return root / installation.company.realm / installation.slug


def receive_all(installation: Installation) -> list[Sentence]:
    """Receive the files in the folder of an installation; return the outcomes.

    An accepted file moves to the folder `done`. A file that the app cannot read moves to the folder
    `refused`, beside a text with the reason, and opens a case. Raise NeedsAttention if the folder
    cannot be read or written.
    """
    folder = get_folder(installation)
    if folder is None or get_app(installation).files is None:
        return []
    notes = []
    try:
        for subfolder in (DONE, REFUSED):
            (folder / subfolder).mkdir(parents=True, exist_ok=True)
        for path in _iter_settled_files(folder):
            with suppress(FileNotFoundError):  # another program has moved it meanwhile
                notes.append(_receive(installation, path))
    except OSError as error:
        problem = NeedsAttention(
            "The folder %(folder)s cannot be used: %(why)s. Let the hub read and write it, or"
            " correct HUB_FILES_ROOT.",
            folder=str(folder),
            why=error.strerror or type(error).__name__,
        )
        problem.from_source = True
        raise problem from error
    return notes


def _iter_settled_files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder that are completely written, in the order of their names."""
    settled_files = (path for path in sorted(folder.iterdir()) if _is_settled(path))
    return islice(settled_files, MAX_FILES)


def _is_settled(path: Path) -> bool:
    """Return whether a path is a file that no program writes any more.

    Links are ignored, because they may lead out of the folder. The clock is read for each file,
    because a program may write it while earlier files are received.
    """
    if path.name.startswith(".") or path.name.endswith(UNFINISHED_SUFFIXES):
        return False
    try:
        about = path.lstat()
    except FileNotFoundError:  # another program has moved it meanwhile
        return False
    if not stat.S_ISREG(about.st_mode):
        return False
    age = current_hub().clock.now().timestamp() - about.st_mtime
    return not 0 <= age < SETTLED_SECONDS


def _receive(installation: Installation, path: Path) -> Sentence:
    """Receive one file and move it; return the outcome.

    A file that was written meanwhile stays: the next run receives what it holds then.
    """
    name = _get_name(path)
    before = path.stat()
    try:
        file_intake.check_size(installation, name, before.st_size)
        content = _read(path)
        result = file_intake.receive(installation, name, content, way=FileWay.FOLDER, who=PERSON)
    except (Refused, PluginFault) as error:  # a defect met one file, and stops no other
        _refuse(installation, path, error)
        return Sentence("%(name)s was refused: %(why)s", name=name, why=error.sentence)
    _update_case(installation, path, result)
    with suppress(FileNotFoundError):  # its content is stored, even if another program moved it
        if _is_same(before, path.stat()):
            _move_file(path, DONE)
    if not result.is_new:
        return result.describe_repetition(name)
    if result.state == FileState.UNMAPPED:
        return Sentence("%(name)s waits for the mapping of its columns.", name=name)
    return Sentence("%(name)s was received.", name=name)


def _update_case(installation: Installation, path: Path, result: file_intake.IntakeResult) -> None:
    """Close the case about a file of this name, or open one if later files replace its documents.

    A case is needed because another program may have placed the file, so that nobody looks at the
    result of the run.
    """
    cause = _build_case_cause(installation, path)
    with transaction() as session:
        if not result.outdated:
            inbox.close(session, cause)
            return
        text = CaseText("file.repeated", file=_get_name(path), count=result.outdated)
        if not inbox.is_dismissed(session, cause, text):
            inbox.open(
                session,
                cause,
                text,
                company_id=installation.company_id,
                installation_id=installation.id,
            )


def _get_name(path: Path) -> str:
    """Return the name of a file as text; some programs write names that are not UTF-8."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def _read(path: Path) -> bytes:
    """Return the content of a file; raise Refused if only its owner may read it."""
    try:
        return path.read_bytes()
    except PermissionError as error:
        raise Refused(
            "The hub may not read %(name)s. Let its account read the file, and place it in the"
            " folder again.",
            name=_get_name(path),
        ) from error


def _is_same(before: os.stat_result, after: os.stat_result) -> bool:
    """Return whether a file was neither written nor replaced in between."""
    return (before.st_ino, before.st_size, before.st_mtime_ns) == (
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
    )


def _refuse(installation: Installation, path: Path, error: HubError) -> None:
    """Open a case about a file, then move it beside a text with the reason."""
    with transaction() as session:
        inbox.open(
            session,
            _build_case_cause(installation, path),
            CaseText(
                "file.refused",
                file=_get_name(path),
                problem=error.text,
                folder=str(path.parent / REFUSED),
            ),
            company_id=installation.company_id,
            installation_id=installation.id,
        )
    refused_path = _move_file(path, REFUSED)
    reason_path = refused_path.with_name(f"{refused_path.name}.txt")
    reason_path.write_text(f"{error.text}\n", encoding="utf-8")


def _move_file(path: Path, subfolder: str) -> Path:
    """Move a file to a folder beside it, under a free name; return its new path."""
    target = path.parent / subfolder / path.name
    number = 1
    while target.exists():
        number += 1
        target = target.with_name(f"{path.stem}-{number}{path.suffix}")
    return path.rename(target)


def _build_case_cause(installation: Installation, path: Path) -> str:
    """Return the cause of the case of a refused file: a corrected one has the same name."""
    digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:32]
    return f"folder:{installation.id}:{digest}"
