"""Import matches from CSV and XLSX files, and export them with the codes that have none."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import spreadsheets
from hub.contract.documents import Role
from hub.db.engine import read_only_session, transaction
from hub.errors import Refused
from hub.exact_json import is_storable
from hub.installations import match_versions
from hub.installations.file_choices import (
    SPECIAL_LABELS,
    SPECIAL_RECORDS,
    SPECIAL_WORDS,
    FileChoices,
)
from hub.installations.matches import DecisionWriter
from hub.models import Installation, Match, SeenCode, StoredRecord
from hub.qbo import records
from hub.sources.match_scope import build_shared_columns

COLUMNS = ("field", "code", "name", "quickbooks_id", "quickbooks_name")


@dataclass(frozen=True)
class ImportRow:
    """A row of an uploaded file: what it decides for a code, or why it cannot be used."""

    line: int
    field: str
    code: str
    name: str
    record: str = ""
    before: str = ""  # the record of the code now, as a person reads it
    after: str = ""
    is_change: bool = False
    version: str = ""  # the version of the decision about the code now
    problem: str = ""


def import_csv(row: Installation, content: bytes, *, who: str) -> int:
    """Store every row of the file that names a record, or none of them; return how many."""
    lines = _read_rows(content)
    with transaction() as session:
        writer = DecisionWriter(session, row, who)
        listed_codes = {(line["field"], line["code"]) for line in _load_file_rows(session, row)}
        choices = FileChoices(session, row)
        first_lines: dict[tuple[str, str], int] = {}
        for number, line in lines:
            code = _find_code(line, listed_codes)
            first_line = first_lines.setdefault((line["field"], code), number)
            try:
                _require_first_of_code(number, first_line)
                record = choices.find(line)
                writer.store(line["field"], code, record, name=line["name"])
            except Refused as error:
                raise Refused(
                    "Line %(number)s: %(text)s Nothing was imported.",
                    number=number,
                    text=error.sentence,
                ) from None
        writer.record()
    return len(lines)


def plan_import(row: Installation, content: bytes) -> list[ImportRow]:
    """Return the change of each row that names a record, or why the row cannot be used."""
    lines = _read_rows(content)
    rows: list[ImportRow] = []
    with read_only_session() as session:
        lines_by_code = {
            (line["field"], line["code"]): line for line in _load_file_rows(session, row)
        }
        versions = match_versions.load_versions(session, build_shared_columns(row))
        choices = FileChoices(session, row)
        first_lines: dict[tuple[str, str], int] = {}
        for number, line in lines:
            key = line["field"], _find_code(line, lines_by_code)
            stored_line = lines_by_code.get(key)
            name = line["name"] or (stored_line["name"] if stored_line else "")
            before, version = _format_present_match(stored_line), versions.get(key, "")
            import_row = ImportRow(number, *key, name, before=before, version=version)
            first_line = first_lines.setdefault(key, number)
            try:
                _require_first_of_code(number, first_line)
                rows.append(_plan_row(import_row, line, stored_line, choices))
            except Refused as error:
                rows.append(replace(import_row, problem=error.sentence))
    return rows


def _require_first_of_code(number: int, first_line: int) -> None:
    """Raise Refused for a row whose code an earlier row has, too."""
    if first_line != number:
        raise Refused(
            "Row %(number)s has the same code. Keep one of the two rows.", number=first_line
        )


def _plan_row(
    import_row: ImportRow,
    line: dict[str, str],
    stored_line: dict[str, str] | None,
    choices: FileChoices,
) -> ImportRow:
    """Return a row with the record that it names; raise Refused if that cannot be used."""
    record = choices.find(line)
    if stored_line is not None and _find_stored_record(stored_line) == record:
        return replace(import_row, record=record, after=import_row.before)
    after = choices.format_record(line["field"], record)
    return replace(import_row, record=record, after=after, is_change=True)


def import_rows(row: Installation, rows: Iterable[Sequence[str]], *, who: str) -> int:
    """Store decisions, or none of them; return how many.

    Each row is a field, a code, its name, a record, and the version of the decision in the preview.
    A row is refused if a person has decided otherwise about its code since then.
    """
    count = 0
    with transaction() as session:
        writer = DecisionWriter(session, row, who)
        versions = match_versions.load_versions(session, build_shared_columns(row))
        for field, code, name, record, version in rows:
            try:
                match_versions.require_unchanged(versions, field, code, version, record)
                writer.store(field, code, record, name=name)
            except Refused as error:
                raise Refused(
                    "%(field)s %(code)s: %(text)s Nothing was imported.",
                    field=field,
                    code=code,
                    text=error.sentence,
                ) from None
            count += 1
        writer.record()
    return count


def export_lines(row: Installation) -> list[dict[str, str]]:
    """Return every match and every code that has none, by field and code."""
    with read_only_session() as session:
        lines = _load_file_rows(session, row)
    return sorted(lines, key=itemgetter("field", "code"))


def export_csv(row: Installation) -> tuple[bytes, int]:
    """Return a file with every match and every code that has none, and how many rows it has."""
    lines = export_lines(row)
    rows = []
    for line in lines:
        rows.append([line[column] for column in COLUMNS])
    return spreadsheets.encode(COLUMNS, rows), len(rows)


def _read_rows(content: bytes) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a file that name a record, each with its line number.

    Columns that the file lacks are empty, except `field` and `code`, which it must have.
    """
    header, rows = spreadsheets.read(content)
    missing = [column for column in ("field", "code") if column not in header]
    if missing:
        raise Refused(
            "The file lacks the column %(names)s; its first line names %(columns)s.",
            names=" and ".join(missing),
            columns=", ".join(COLUMNS),
        )
    lines: list[tuple[int, dict[str, str]]] = []
    for number, row in enumerate(rows, start=2):
        line = {column: row.get(column, "") for column in COLUMNS}
        for column in ("field", "quickbooks_id", "quickbooks_name"):
            line[column] = line[column].strip()
        names_record = line["quickbooks_id"] or line["quickbooks_name"]
        if names_record:
            _require_storable(number, line)
            lines.append((number, line))
    return lines


def _require_storable(number: int, line: dict[str, str]) -> None:
    """Raise Refused for a row with a text that no database stores."""
    if not all(is_storable(text) for text in line.values()):
        raise Refused(
            "Row %(number)s has a character that cannot be stored. Remove it and try again.",
            number=number,
        )


def _find_code(line: dict[str, str], listed_codes: Container[tuple[str, str]]) -> str:
    """Return the code of a row as it is listed with its field, else without spaces around it."""
    code = line["code"]
    return code if (line["field"], code) in listed_codes else code.strip()


def _format_present_match(stored_line: dict[str, str] | None) -> str:
    """Return the record of a code in the exported row, as a person reads it."""
    if stored_line is None:
        return ""
    record = _find_stored_record(stored_line)
    if record in SPECIAL_LABELS:
        return SPECIAL_LABELS[record]
    return stored_line["quickbooks_name"] or stored_line["quickbooks_id"]


def _find_stored_record(stored_line: dict[str, str]) -> str | None:
    """Return the record that an exported row names, None if its code has no match."""
    record_id = stored_line["quickbooks_id"]
    return SPECIAL_RECORDS.get(record_id, record_id) if record_id else None


def _load_file_rows(session: Session, row: Installation) -> list[dict[str, str]]:
    """Return every match and every code that was seen without one, as rows of the file."""
    query = select(Match).filter_by(**build_shared_columns(row))
    matches = session.scalars(query).all()
    lines = _build_matched_lines(session, row, matches)
    matched_codes = {(match.field, match.code) for match in matches}
    seen_codes = select(SeenCode).where(SeenCode.installation_id == row.id)
    for source_code in session.scalars(seen_codes):
        if (source_code.field, source_code.code) in matched_codes:
            continue
        name = source_code.name or source_code.number
        lines.append(_build_file_row(source_code.field, source_code.code, name, "", ""))
    return lines


def _build_matched_lines(
    session: Session, row: Installation, matches: Iterable[Match]
) -> list[dict[str, str]]:
    """Return the matches as rows of the file, with the names of their records."""
    names: dict[tuple[str, str], str] = {}
    query = select(StoredRecord).where(StoredRecord.company_id == row.company_id)
    for record in session.scalars(query):
        key = (record.list, record.quickbooks_id)
        names[key] = record.qualified_name

    lines: list[dict[str, str]] = []
    for match in matches:
        role = cast(Role, match.role)
        list_name = records.ROLE_LIST.get(role, "")
        record_name = names.get((list_name, match.record), "")
        record_id = SPECIAL_WORDS.get(match.record, match.record)
        line = _build_file_row(match.field, match.code, match.name, record_id, record_name)
        lines.append(line)
    return lines


def _build_file_row(
    field: str, code: str, name: str, record_id: str, record_name: str
) -> dict[str, str]:
    """Return a row of the file."""
    return {
        "field": field,
        "code": code,
        "name": name,
        "quickbooks_id": record_id,
        "quickbooks_name": record_name,
    }
