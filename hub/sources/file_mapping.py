"""Map the columns of a received table: check what a person answered, use it, and store it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.contract import files
from hub.db.engine import read_only_session, transaction
from hub.errors import NotNow, Refused, Sentence
from hub.models import FileDocument, FileMapping, Installation, StoredFile
from hub.models.enums import FileState
from hub.outbox.setting_locks import lock_to_change
from hub.sources import file_intake, replaced_documents
from hub.sources.received_files import to_contract
from hub.sources.site import get_app

MAPPED_ACTION = "file mapped"
DISCARDED_ACTION = "file discarded"
MAX_NAME_LENGTH = 100
OWN_NAME = ""  # stands for the name of the mapping among the names of fields


class ImpossibleAnswers(Refused):
    """Some answers about a table are not possible; `problems` has a sentence for each field."""

    def __init__(self, problems: Mapping[str, Sentence]) -> None:
        first, *_ = problems.values()
        super().__init__("Some answers about the columns are not possible. %(first)s", first=first)
        self.problems = problems


@dataclass(frozen=True)
class OpenTable:
    """A table in a received file, with the bytes of the file."""

    file: files.ReceivedFile
    content: bytes
    table: files.FileTable


def open_table(installation: Installation, file_id: int) -> OpenTable:
    """Return the table in a file, as it is without a mapping; raise Refused if it holds none."""
    with read_only_session() as session:
        stored_file = session.get_one(StoredFile, file_id)
        content = stored_file.content
    file = replace(to_contract(stored_file), mapping=None)
    table = file_intake.read(installation, file, content).table
    if table is None:
        raise Refused("%(name)s has no columns to map.", name=file.name)
    return OpenTable(file, content, table)


def build_version(mapping: Mapping[str, str] | None) -> str:
    """Return a text that differs with the answers about a table; "" while there are none."""
    if mapping is None:
        return ""
    text = json.dumps(dict(mapping), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def apply(
    installation: Installation,
    file_id: int,
    name: str,
    answers: Mapping[str, str],
    who: str,
    *,
    shown_version: str | None = None,
) -> int:
    """Accept a table with the answers about its columns and return the number of its documents.

    The answers are stored under the name for later tables with the same columns. Store nothing and
    raise ImpossibleAnswers if some are missing or not possible, and Refused if the plugin cannot
    read the table with them, or if documents in QuickBooks would become others. `shown_version`
    is that of the answers that the person saw; raise NotNow if they are others now.
    """
    name = name.strip()
    open_file = open_table(installation, file_id)
    mapping = _validate_answers(list_fields(installation), open_file.table, answers, name)
    mapped_file = replace(open_file.file, mapping=mapping)
    documents = file_intake.read(installation, mapped_file, open_file.content).documents
    with transaction() as session:
        file = session.get(StoredFile, file_id, with_for_update=True)
        if file is None:
            raise NotNow("%(name)s was discarded meanwhile.", name=open_file.file.name)
        if shown_version not in (None, build_version(file.mapping)) and file.mapping != mapping:
            raise NotNow(
                "The columns of %(name)s were chosen meanwhile, as they are shown here. Change them"
                " only if they are wrong.",
                name=file.name,
            )
        lock_to_change(session, installation.id)
        replaced_documents.release(session, installation, file, documents)
        _store_mapping(session, installation, name, open_file.table.columns, mapping)
        session.execute(delete(FileDocument).where(FileDocument.file_id == file_id))
        file_intake.accept(session, installation, file, documents, mapping)
        file_intake.record_in_audit_log(
            session, installation, file, who, MAPPED_ACTION, mapping=name
        )
    return len(documents)


def discard(installation: Installation, file_id: int, who: str) -> None:
    """Delete a table that waits for its mapping; raise Refused if it was accepted meanwhile."""
    with transaction() as session:
        file = session.get_one(StoredFile, file_id, with_for_update=True)
        if file.state != FileState.UNMAPPED:
            raise Refused(
                "%(name)s was accepted meanwhile. Skip those of its documents that are wrong.",
                name=file.name,
            )
        inbox.close(session, file_intake.build_case_cause(file_id), who)
        file_intake.record_in_audit_log(
            session, installation, file, who, DISCARDED_ACTION, digest=file.digest
        )
        session.delete(file)


def list_fields(installation: Installation) -> tuple[files.FileField, ...]:
    """Return the questions that an app asks about its tables."""
    kinds = get_app(installation).files
    return kinds.fields if kinds else ()


def _validate_answers(
    fields: Iterable[files.FileField],
    table: files.FileTable,
    answers: Mapping[str, str],
    name: str,
) -> dict[str, str]:
    """Return the answers to the fields of a table.

    Raise ImpossibleAnswers if some of them, or the name of the mapping, are not possible.
    """
    checked_answers: dict[str, str] = {}
    problems: dict[str, Sentence] = {}
    for field in fields:
        answer = answers.get(field.name, "")
        possible = {value for value, _ in field.choices} or set(table.columns)
        if answer in possible:
            checked_answers[field.name] = answer
        elif answer or field.required:
            problems[field.name] = _describe_problem(field, answer)
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        problems[OWN_NAME] = Sentence(
            "Name the mapping, with at most %(count)s characters.", count=MAX_NAME_LENGTH
        )
    if problems:
        raise ImpossibleAnswers(problems)
    return checked_answers


def _describe_problem(field: files.FileField, answer: str) -> Sentence:
    """Return what is wrong with an answer, as it stands beside the label of its field."""
    if field.choices:
        return Sentence("Choose one of the answers.")
    if answer:
        return Sentence(
            "%(answer)s is not a column of the file. Choose another one.", answer=answer
        )
    return Sentence("Choose a column.")


def _store_mapping(
    session: Session,
    installation: Installation,
    name: str,
    columns: tuple[str, ...],
    answers: dict[str, str],
) -> None:
    """Store a mapping in place of the one with the same name; it is then the newest one."""
    session.execute(
        delete(FileMapping).where(
            FileMapping.installation_id == installation.id, FileMapping.name == name
        )
    )
    session.add(
        FileMapping(
            installation_id=installation.id, name=name, columns=list(columns), answers=answers
        )
    )
