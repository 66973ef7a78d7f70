"""What an admin decides: this code is that record; one by one, or many from a CSV file."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import spreadsheets
from hub.context import current
from hub.contract.types import Field
from hub.db.engine import reading, transaction
from hub.errors import NotFound, Refused
from hub.mapping import EMPTY, NEW
from hub.models import Installation, Match, Record, SeenCode
from hub.qbo import records
from hub.security import audit

COLUMNS = ("field", "code", "name", "quickbooks_id", "quickbooks_name")
WORDS = {EMPTY: "none", NEW: "new"}  # how a file says that a code is left out, or made new


def fields(row: Installation) -> dict[str, Field]:
    """The code fields of an installation's app, by name."""
    return {field.name: field for field in current().plugins.call(row.slug, "hub_fields") or ()}


def decide(
    session: Session,
    row: Installation,
    field: str,
    code: str,
    record: str,
    *,
    who: str,
    name: str = "",
) -> Match:
    """Keeps a decision: a record's id, EMPTY to leave the code out, NEW to make one of it."""
    known = fields(row)
    if field not in known:
        raise NotFound("field", field, known)
    _check(session, row, known[field], record)
    match = _stored(session, row, field, code)
    match.name, match.role, match.record = name or match.name or "", known[field].role, record
    match.how, match.who, match.at = "decided", who, current().clock.now()
    session.add(match)
    audit.record(session, who, "code matched", f"{row.slug} {field} {code}", record=record)
    return match


def import_csv(row: Installation, content: bytes, *, who: str) -> int:
    """Keeps every row of the file that names a record, or none of them; returns how many."""
    rows = [
        (number, line)
        for number, line in _read(content)
        if line["quickbooks_id"] or line["quickbooks_name"]
    ]
    with transaction() as session:
        known = {(line["field"], line["code"]) for line in _lines(session, row)}
        for number, line in rows:
            field, code = line["field"], line["code"]
            if (field, code) not in known:
                code = code.strip()
            try:
                record = _record(session, row, line)
                decide(session, row, field, code, record, who=who, name=line["name"])
            except Refused as error:
                raise Refused(f"Line {number}: {error.text} Nothing was imported.") from None
    return len(rows)


def export_csv(row: Installation) -> tuple[bytes, int]:
    """Return a file with every match and every code that has none, and how many rows it has."""
    with reading() as session:
        lines = _lines(session, row)
    lines.sort(key=lambda line: (line["field"], line["code"]))
    rows = [[line[column] for column in COLUMNS] for line in lines]
    return spreadsheets.encode(COLUMNS, rows), len(rows)


def _read(content: bytes) -> list[tuple[int, dict[str, str]]]:
    header, rows = spreadsheets.decode(content)
    missing = [column for column in ("field", "code") if column not in header]
    if missing:
        raise Refused(
            f"The file lacks the column {' and '.join(missing)}; its first line names {', '.join(COLUMNS)}."
        )
    lines = [{column: line.get(column, "") for column in COLUMNS} for line in rows]
    for line in lines:
        for column in ("field", "quickbooks_id", "quickbooks_name"):
            line[column] = line[column].strip()
    return list(enumerate(lines, start=2))


def _record(session: Session, row: Installation, line: dict[str, str]) -> str:
    """The id given, or that of the one record with the name given."""
    if line["quickbooks_id"]:
        return next(
            (record for record, word in WORDS.items() if word == line["quickbooks_id"]),
            line["quickbooks_id"],
        )
    field = fields(row).get(line["field"])
    if field is None:
        raise NotFound("field", line["field"], fields(row))
    wanted = line["quickbooks_name"].casefold()
    found = records.choices(session, row.company_id, field.role)
    ids = [
        record.quickbooks_id
        for record in found
        if wanted in (record.full_name.casefold(), record.name.casefold())
    ]
    if len(ids) != 1:
        raise Refused(
            f"{field.label} {line['quickbooks_name']!r} is {'not' if not ids else 'more than once'} in QuickBooks."
        )
    return ids[0]


def _check(session: Session, row: Installation, field: Field, record: str) -> None:
    if record not in (EMPTY, NEW) and record not in {
        one.quickbooks_id for one in records.choices(session, row.company_id, field.role)
    }:
        raise Refused(
            f"QuickBooks has no active {field.label.lower()} with the id {record!r} that may be used there."
        )


def _stored(session: Session, row: Installation, field: str, code: str) -> Match:
    key: dict[str, Any] = {**_scope(row), "field": field, "code": code}
    return session.scalars(select(Match).filter_by(**key)).one_or_none() or Match(**key)


def _scope(row: Installation) -> dict[str, Any]:
    return {
        "company_id": row.company_id,
        "scope": current().plugins.scope(row.slug),
        "tenant": row.tenant or "",
    }


def _lines(session: Session, row: Installation) -> list[dict[str, str]]:
    """Return every match and every code that was seen without one, as rows of the file."""
    return [*_matched(session, row), *_unmatched(session, row)]


def _matched(session: Session, row: Installation) -> Iterable[dict[str, str]]:
    names = {
        (one.list, one.quickbooks_id): one.full_name or one.name for one in _records(session, row)
    }
    for match in session.scalars(select(Match).filter_by(**_scope(row))):
        held = names.get((records.ROLE_LIST.get(match.role, ""), match.record), "")  # type: ignore[call-overload]
        yield _line(
            match.field, match.code, match.name, WORDS.get(match.record, match.record), held
        )


def _unmatched(session: Session, row: Installation) -> Iterable[dict[str, str]]:
    matched = {
        (match.field, match.code)
        for match in session.scalars(select(Match).filter_by(**_scope(row)))
    }
    for seen in session.scalars(select(SeenCode).where(SeenCode.installation_id == row.id)):
        if (seen.field, seen.code) not in matched:
            yield _line(seen.field, seen.code, seen.name or seen.number, "", "")


def _records(session: Session, row: Installation) -> Iterable[Record]:
    return session.scalars(select(Record).where(Record.company_id == row.company_id))


def _line(*cells: str) -> dict[str, str]:
    return dict(zip(COLUMNS, cells, strict=True))
