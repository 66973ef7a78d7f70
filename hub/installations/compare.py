"""Both sides of an app's codes, read live and put side by side: matched, differing, missing, twice, not usable."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace

from hub import sources, spreadsheets
from hub.collect import record_creation
from hub.context import current
from hub.contract.documents import Code
from hub.contract.types import Field
from hub.db.engine import reading, transaction
from hub.installations.matches import decide
from hub.mapping import (
    NEW,
    Create,
    Missing,
    Ref,
    code_name,
    find,
    has_separator,
    key,
    separator_reason,
)
from hub.models import Installation, Record
from hub.qbo import record_download, records
from hub.security import audit

STATES = ("matched", "differs", "duplicate", "missing", "left out", "not usable")


@dataclass(frozen=True)
class Pair:
    """One code of the source and what QuickBooks has for it; `why` says what is wrong."""

    field: str
    code: str
    name: str
    number: str
    state: str
    quickbooks_id: str = ""
    quickbooks_name: str = ""
    quickbooks_number: str = ""
    why: str = ""


def compare(installation: Installation, names: Iterable[str] = ()) -> list[Pair]:
    """Every code of these fields, or of those the app wants matched first, as both sides are at this moment."""
    wanted = _fields(installation, names)
    given = {field.name: sources.codes(installation, field.name) for field in wanted}
    lists = {records.ROLE_LIST[field.role] for field in wanted}
    record_download.refresh(installation.company_id, lists)
    return [pair for field in wanted for pair in _pairs(installation, field, given[field.name])]


def as_csv(pairs: Sequence[Pair]) -> bytes:
    """Return the pairs as a file for a spreadsheet program."""
    return spreadsheets.encode([field.name for field in fields(Pair)], map(astuple, pairs))


def summary(pairs: Sequence[Pair]) -> str:
    """How many are in which state, field by field."""
    counts = Counter((pair.field, pair.state) for pair in pairs)
    lines = (f"{field}: {count:,} {state}" for (field, state), count in sorted(counts.items()))
    return "\n".join(
        ["Both sides as they are at this moment; the file has every line.", "", *lines]
    )


def copy_missing(installation: Installation, names: Iterable[str] = (), *, who: str) -> int:
    """Confirms every missing code as new and plans its record in QuickBooks; returns how many."""
    wanted = {field.name: field for field in _fields(installation, names)}
    found = []
    for name, field in wanted.items():
        missing = {pair.code for pair in compare(installation, [name]) if pair.state == "missing"}
        for code in sources.codes(installation, name):
            if code.id in missing and code.create and not code.hold:
                found.append(Create(field=name, role=field.role, code=code.id, details=code.create))
    with transaction() as session:
        for create in found:
            decide(
                session,
                installation,
                create.field,
                create.code,
                NEW,
                who=who,
                name=create.details.name,
            )
        audit.record(
            session, who, "missing codes confirmed as new", installation.slug, count=len(found)
        )
    record_creation.create_records(installation.id, found, who)
    return len(found)


def _fields(installation: Installation, names: Iterable[str]) -> list[Field]:
    known = sources.fields(installation, sources.site(installation))
    wanted = tuple(names) or sources.app_of(installation).match_first
    return [field for field in known if field.name in wanted or not wanted]


def _pairs(installation: Installation, field: Field, codes: Sequence[Code]) -> Iterable[Pair]:
    scope, tenant = current().plugins.scope(installation.slug), installation.tenant or ""
    with reading() as session:
        book = records.match_index(
            session, installation.company_id, scope, tenant, [field], installation.settings
        )
        rows = {
            row.quickbooks_id: row
            for row in records.choices(session, installation.company_id, field.role)
        }
    names = Counter(key(code_name(code)) for code in codes)
    pairs = []
    for code in codes:
        found = find(field, code, book)
        pairs.append(_pair(field, code, found, rows, twice=names[key(code_name(code))] > 1))
    yield from pairs
    named = {pair.quickbooks_id for pair in pairs}
    for row in rows.values():
        if has_separator(field, row.full_name) and row.quickbooks_id not in named:
            yield _unusable(field, row)


def _pair(field: Field, code: Code, found: object, rows: dict[str, Record], twice: bool) -> Pair:
    about = {
        "field": field.name,
        "code": code.id,
        "name": code.name or "",
        "number": code.number or "",
    }
    if code.hold:
        return Pair(**about, state="not usable", why=code.hold)
    if isinstance(found, Ref):
        return _held(about, rows.get(found.id), found, twice)
    refused = _refused(field, found, rows)
    if refused:
        return replace(_unusable(field, refused), **about)
    if isinstance(found, Missing) and len(found.suggestions) > 1 and "several" in found.why:
        return Pair(**about, state="duplicate", why=found.why)
    if found is None:
        return Pair(**about, state="left out", why="A person decided that it is left out.")
    return Pair(**about, state="missing", why=found.why if isinstance(found, Missing) else "")


def _refused(field: Field, found: object, rows: dict[str, Record]) -> Record | None:
    """Return the record that a code is matched to and that has a name which cannot be used."""
    if not isinstance(found, Missing):
        return None
    suggested = (rows[ref.id] for ref in found.suggestions if ref.id in rows)
    return next(
        (row for row in suggested if found.why == separator_reason(field, row.full_name)), None
    )


def _unusable(field: Field, row: Record) -> Pair:
    """Show a record of QuickBooks whose name holds the separator of the source."""
    return Pair(
        field=field.name,
        code="",
        name="",
        number="",
        state="not usable",
        quickbooks_id=row.quickbooks_id,
        quickbooks_name=row.full_name,
        quickbooks_number=row.number,
        why=separator_reason(field, row.full_name),
    )


def _held(about: dict[str, str], row: Record | None, ref: Ref, twice: bool) -> Pair:
    name, number = ref.name, (row.number or row.body.get("due_days", "")) if row else ""
    here = {"quickbooks_id": ref.id, "quickbooks_name": name, "quickbooks_number": number}
    if twice:
        return Pair(
            **about, **here, state="duplicate", why="Several codes of the source bear this name."
        )
    wrong = [
        f"{what}: {mine} at the source, {theirs} in QuickBooks"
        for what, mine, theirs in (
            ("name", about["name"], name),
            ("number", about["number"], number),
        )
        if mine and theirs and key(mine) not in (key(theirs), key(theirs).rpartition(":")[2])
    ]
    return Pair(**about, **here, state="differs" if wrong else "matched", why="; ".join(wrong))
