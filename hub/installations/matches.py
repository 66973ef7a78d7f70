"""Match codes to records by decisions of people, one by one or from a CSV file."""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import spreadsheets
from hub.context import current
from hub.contract.codec import dump
from hub.contract.documents import Item, Party, Role
from hub.contract.types import Field
from hub.db.engine import reading, transaction
from hub.errors import NotFound, Refused
from hub.mapping import EMPTY, NEW
from hub.models import Installation, Match, Record, SeenCode
from hub.models.enums import MatchMethod
from hub.qbo import records
from hub.security import audit

COLUMNS = ("field", "code", "name", "quickbooks_id", "quickbooks_name")
# How a file says that a code is left out, or created.
SPECIAL_WORDS = {EMPTY: "none", NEW: "new"}
SPECIAL_RECORDS = {word: record for record, word in SPECIAL_WORDS.items()}


def fields(row: Installation) -> dict[str, Field]:
    """Return the code fields of an installation's app, by name, as the app declares them."""
    declared = current().plugins.call(row.slug, "hub_fields") or ()
    return {field.name: field for field in declared}


def decide(
    session: Session,
    row: Installation,
    field: str,
    code: str,
    record: str,
    *,
    who: str,
    name: str = "",
    details: Party | Item | None = None,
) -> Match:
    """Store a decision: a record's id, EMPTY to leave the code out, NEW to create a record.

    `details` is what a person entered for the record to create. Without them those that were
    entered before stay, or else the source's data are used.
    """
    fields_by_name = fields(row)
    if field not in fields_by_name:
        raise NotFound("field", field, fields_by_name)
    record_name = _name_of_record(session, row, fields_by_name[field], record)
    match = _stored_or_new(session, row, field, code)
    match.name = name or match.name or ""
    match.role = fields_by_name[field].role
    if record != NEW or match.record != NEW:
        match.details = None
    if details is not None:
        match.details = dump(details)
    match.record = record
    match.match_method = MatchMethod.DECIDED
    match.who = who
    match.at = current().clock.now()
    session.add(match)
    entered = {} if details is None else {"created": details.name}
    audit.record(
        session,
        who,
        "code matched",
        f"{row.slug} {field} {code}",
        record=record,
        record_name=record_name,
        installation=row.id,
        **entered,
    )
    return match


def import_csv(row: Installation, content: bytes, *, who: str) -> int:
    """Store every row of the file that names a record, or none of them; return how many."""
    lines = _read(content)
    with transaction() as session:
        listed = {(line["field"], line["code"]) for line in _lines(session, row)}
        for number, line in lines:
            field = line["field"]
            code = line["code"]
            if (field, code) not in listed:
                code = code.strip()
            try:
                record = _find_record(session, row, line)
                decide(session, row, field, code, record, who=who, name=line["name"])
            except Refused as error:
                problem = f"Line {number}: {error.text} Nothing was imported."
                raise Refused(problem) from None
    return len(lines)


def export_csv(row: Installation) -> tuple[bytes, int]:
    """Return a file with every match and every code that has none, and how many rows it has."""
    with reading() as session:
        lines = _lines(session, row)
    lines.sort(key=itemgetter("field", "code"))
    rows = []
    for line in lines:
        rows.append([line[column] for column in COLUMNS])
    return spreadsheets.encode(COLUMNS, rows), len(rows)


def _read(content: bytes) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a file that name a record, each with its line number.

    Columns that the file lacks are empty, except `field` and `code`, which it must have.
    """
    header, rows = spreadsheets.decode(content)
    missing = [column for column in ("field", "code") if column not in header]
    if missing:
        raise Refused(
            f"The file lacks the column {' and '.join(missing)};"
            f" its first line names {', '.join(COLUMNS)}."
        )
    lines: list[tuple[int, dict[str, str]]] = []
    for number, row in enumerate(rows, start=2):
        line = {column: row.get(column, "") for column in COLUMNS}
        for column in ("field", "quickbooks_id", "quickbooks_name"):
            line[column] = line[column].strip()
        names_record = line["quickbooks_id"] or line["quickbooks_name"]
        if names_record:
            lines.append((number, line))
    return lines


def _find_record(session: Session, row: Installation, line: dict[str, str]) -> str:
    """Return the id in a line, or that of the one record with the name in it.

    Raise Refused if no record has the name, or more than one.
    """
    quickbooks_id = line["quickbooks_id"]
    if quickbooks_id:
        return SPECIAL_RECORDS.get(quickbooks_id, quickbooks_id)
    fields_by_name = fields(row)
    field = fields_by_name.get(line["field"])
    if field is None:
        raise NotFound("field", line["field"], fields_by_name)
    name = line["quickbooks_name"].casefold()
    ids: list[str] = []
    for record in records.choices(session, row.company_id, field.role):
        if name in (record.full_name.casefold(), record.name.casefold()):
            ids.append(record.quickbooks_id)
    if len(ids) != 1:
        problem = "more than once" if ids else "not"
        raise Refused(f"{field.label} {line['quickbooks_name']!r} is {problem} in QuickBooks.")
    return ids[0]


def _name_of_record(session: Session, row: Installation, field: Field, record: str) -> str:
    """Return number and name of a record, "" for none and for a new one.

    Raise Refused for a record that a code of this field cannot be matched to.
    """
    if record in (EMPTY, NEW):
        return ""
    for choice in records.choices(session, row.company_id, field.role):
        if choice.quickbooks_id == record:
            return f"{choice.number or ''} {choice.full_name or choice.name}".strip()
    raise Refused(
        f"QuickBooks has no active {field.label.lower()} with the id {record!r} that may be"
        " used there."
    )


def _stored_or_new(session: Session, row: Installation, field: str, code: str) -> Match:
    """Return the match of a code, or a new one that is not added to the session yet."""
    key: dict[str, Any] = {
        **_scope(row),
        "field": field,
        "code": code,
    }
    query = select(Match).filter_by(**key)
    stored = session.scalars(query).one_or_none()
    return stored or Match(**key)


def _scope(row: Installation) -> dict[str, Any]:
    """Return the columns that the matches of an installation share with those of its plugin."""
    return {
        "company_id": row.company_id,
        "scope": current().plugins.scope(row.slug),
        "tenant": row.tenant or "",
    }


def _lines(session: Session, row: Installation) -> list[dict[str, str]]:
    """Return every match and every code that was seen without one, as rows of the file."""
    query = select(Match).filter_by(**_scope(row))
    matches = session.scalars(query).all()
    lines = _matched_lines(session, row, matches)
    matched_codes = {(match.field, match.code) for match in matches}
    seen_codes = select(SeenCode).where(SeenCode.installation_id == row.id)
    for seen in session.scalars(seen_codes):
        if (seen.field, seen.code) in matched_codes:
            continue
        name = seen.name or seen.number
        lines.append(_line(seen.field, seen.code, name, "", ""))
    return lines


def _matched_lines(
    session: Session, row: Installation, matches: Iterable[Match]
) -> list[dict[str, str]]:
    """Return the matches as rows of the file, with the names of their records."""
    names: dict[tuple[str, str], str] = {}
    query = select(Record).where(Record.company_id == row.company_id)
    for record in session.scalars(query):
        key = (record.list, record.quickbooks_id)
        names[key] = record.full_name or record.name

    lines: list[dict[str, str]] = []
    for match in matches:
        role = cast(Role, match.role)
        list_name = records.ROLE_LIST.get(role, "")
        record_name = names.get((list_name, match.record), "")
        record_id = SPECIAL_WORDS.get(match.record, match.record)
        line = _line(match.field, match.code, match.name, record_id, record_name)
        lines.append(line)
    return lines


def _line(field: str, code: str, name: str, record_id: str, record_name: str) -> dict[str, str]:
    """Return a row of the file."""
    return {
        "field": field,
        "code": code,
        "name": name,
        "quickbooks_id": record_id,
        "quickbooks_name": record_name,
    }
