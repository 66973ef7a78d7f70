"""Compare the codes of an app with the records in QuickBooks, both read live."""

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from enum import StrEnum
from typing import Any

from hub import sources, spreadsheets
from hub.collect import intake
from hub.context import current_hub
from hub.contract.documents import Code
from hub.contract.types import Field
from hub.db.engine import read_only_session, transaction
from hub.errors import Sentence
from hub.installations.matches import DecisionWriter
from hub.mapping import (
    NEW,
    MatchResult,
    Missing,
    NewRecord,
    Ref,
    explain_separator,
    find,
    fold_name,
    format_code_name,
    has_separator,
)
from hub.models import Installation, StoredRecord
from hub.qbo import record_download, records
from hub.security import audit
from hub.translations.messages import gettext

# The first line of the file: one name for each attribute of a pair.
COLUMNS = (
    "field",
    "code",
    "name",
    "number",
    "state",
    "quickbooks_id",
    "quickbooks_name",
    "quickbooks_number",
    "why",
)


SAME_NAME = Sentence(
    "Several codes of the source have this name. If they are different things, rename all but one"
    " at the source, or open each code and match it to a record of its own."
)
OTHER_NAME = Sentence(
    "The name is %(at_source)s at the source and %(in_quickbooks)s in QuickBooks."
)
OTHER_NUMBER = Sentence(
    "The number is %(at_source)s at the source and %(in_quickbooks)s in QuickBooks."
)
LEFT_OUT = Sentence("A person decided that it is left out.")
CHOOSE_ONE = Sentence("Open the code and match it to one of them, or rename the others.")


class PairState(StrEnum):
    """The result of comparing a code with QuickBooks; the values are column texts of the file."""

    MATCHED = "matched"
    DIFFERS = "differs"
    DUPLICATE = "duplicate"
    MISSING = "missing"
    LEFT_OUT = "left out"
    NOT_USABLE = "not usable"


@dataclass(frozen=True)
class Pair:
    """One code of the source and what QuickBooks has for it; `problem` says what is wrong."""

    field: str
    code: str
    name: str
    number: str
    state: PairState
    quickbooks_id: str = ""
    quickbooks_name: str = ""
    quickbooks_number: str = ""
    problem: str = ""
    missing: Missing | None = dataclasses.field(default=None, compare=False)  # if no record fits


def compare(installation: Installation, names: Iterable[str] = ()) -> list[Pair]:
    """Read both sides and return a pair for every code of these fields.

    Without names, compare the fields that the app wants matched first.
    """
    compared_fields = _choose_fields(installation, names)
    codes: dict[str, list[Code]] = {}
    for field in compared_fields:
        codes[field.name] = sources.read_codes(installation, field.name)
    lists = {records.ROLE_LIST[field.role] for field in compared_fields}
    record_download.refresh(installation.company_id, lists, optional=())
    pairs: list[Pair] = []
    for field in compared_fields:
        pairs += _build_pairs(installation, field, codes[field.name])
    return pairs


def encode_csv(pairs: Sequence[Pair]) -> bytes:
    """Return the pairs as a file for a spreadsheet program."""
    rows = [astuple(pair)[: len(COLUMNS)] for pair in pairs]  # without `missing`
    return spreadsheets.encode(COLUMNS, rows)


def format_summary(pairs: Sequence[Pair], labels: Mapping[str, str]) -> str:
    """Return the number of pairs by field and state, as text; `labels` has those of the fields."""
    counts: Counter[tuple[str, str]] = Counter()
    for pair in pairs:
        counts[labels[pair.field], pair.state] += 1
    lines = [gettext("Both sides as they are at this moment; the file has every line."), ""]
    for (label, state), count in sorted(counts.items()):
        lines.append(f"{label}: {count:,} {gettext(state)}")
    return "\n".join(lines)


def copy_missing(
    installation: Installation,
    names: Iterable[str],
    *,
    who: str,
    codes: Collection[str] | None = None,
) -> int:
    """Confirm every missing code as new and plan its record; return the number of records.

    With `codes`, only these are confirmed, as far as they are still missing.
    """
    new_records: list[NewRecord] = []
    for field in _choose_fields(installation, names):
        for new_record in _list_missing_records(installation, field):
            if codes is None or new_record.code in codes:
                new_records.append(new_record)
    with transaction() as session:
        writer = DecisionWriter(session, installation, who)
        for new_record in new_records:
            writer.store(new_record.field, new_record.code, NEW, name=new_record.details.name)
        writer.record()
        what = "missing codes confirmed as new"
        audit.record(session, who, what, installation.slug, count=len(new_records))
    intake.create_records(installation.id, new_records, who)
    return len(new_records)


def _list_missing_records(installation: Installation, field: Field) -> list[NewRecord]:
    """Return a record to create for each code of a field that QuickBooks lacks."""
    codes = sources.read_codes(installation, field.name)
    list_name = records.ROLE_LIST[field.role]
    record_download.refresh(installation.company_id, {list_name}, optional=())
    pairs = _build_pairs(installation, field, codes)
    missing = {pair.code for pair in pairs if pair.state == PairState.MISSING}
    new_records: list[NewRecord] = []
    for code in codes:
        if code.id not in missing or not code.create or code.hold:
            continue
        new_record = NewRecord(
            field=field.name,
            role=field.role,
            code=code.id,
            details=code.create,
        )
        new_records.append(new_record)
    return new_records


def _choose_fields(installation: Installation, names: Iterable[str]) -> list[Field]:
    """Return the fields with these names, else those to match first, else all."""
    fields_of_app = sources.load_fields(installation, sources.build_site(installation))
    names = tuple(names) or sources.get_app(installation).match_first
    return [field for field in fields_of_app if field.name in names or not names]


def _build_pairs(installation: Installation, field: Field, codes: Sequence[Code]) -> list[Pair]:
    """Return a pair for each code, then one for each record that no code may use."""
    plugin_name = current_hub().plugins.get_plugin_name(installation.slug)
    tenant = installation.tenant or ""
    with read_only_session() as session:
        company_id = installation.company_id
        index = records.load_match_index(session, company_id, plugin_name, tenant, [field])
        choices = records.list_choices(session, company_id, field.role)
        rows = {row.quickbooks_id: row for row in choices}

    results = [find(field, code, index) for code in codes]
    uses = [_get_use(code, result) for code, result in zip(codes, results, strict=True)]
    counts = Counter(uses)
    pairs: list[Pair] = []
    for code, result, use in zip(codes, results, uses, strict=True):
        pairs.append(_pair_code(field, code, result, rows, is_duplicate=counts[use] > 1))

    paired_ids = {pair.quickbooks_id for pair in pairs}
    for row in rows.values():
        if has_separator(field, row.full_name) and row.quickbooks_id not in paired_ids:
            pairs.append(_build_unusable_pair(field, row))
    return pairs


def _get_use(code: Code, result: MatchResult) -> tuple[str, str]:
    """Return the name of a code and the record that it uses; two codes may not share both."""
    return fold_name(format_code_name(code)), result.id if isinstance(result, Ref) else ""


def _pair_code(
    field: Field,
    code: Code,
    result: MatchResult,
    rows: dict[str, StoredRecord],
    *,
    is_duplicate: bool,
) -> Pair:
    """Return the pair of a code, by the result of mapping it."""
    code_values: dict[str, Any] = {
        "field": field.name,
        "code": code.id,
        "name": code.name or "",
        "number": code.number or "",
    }
    if code.hold:
        return Pair(**code_values, state=PairState.NOT_USABLE, problem=code.hold)
    if isinstance(result, Ref):
        row = rows.get(result.id)
        return _build_matched_pair(code_values, row, result, is_duplicate=is_duplicate)
    if result is None:
        return Pair(**code_values, state=PairState.LEFT_OUT, problem=LEFT_OUT)
    if not isinstance(result, Missing):
        problem = SAME_NAME if is_duplicate else ""
        return Pair(**code_values, state=PairState.MISSING, problem=problem)
    refused_row = _find_record_with_separator(field, result, rows)
    if refused_row:
        return replace(_build_unusable_pair(field, refused_row), **code_values)
    return _build_missing_pair(code_values, result)


def _build_missing_pair(code_values: dict[str, Any], result: Missing) -> Pair:
    """Return the pair of a code that fits no record, or several."""
    if result.fits_several:
        problem = f"{result.problem} {CHOOSE_ONE}"
        return Pair(**code_values, state=PairState.DUPLICATE, problem=problem)
    return Pair(**code_values, state=PairState.MISSING, problem=result.explanation, missing=result)


def _find_record_with_separator(
    field: Field, missing: Missing, rows: dict[str, StoredRecord]
) -> StoredRecord | None:
    """Return the record that fits a code and has a name which cannot be used; None otherwise."""
    for ref in missing.suggestions:
        row = rows.get(ref.id)
        if row and missing.problem == explain_separator(field, row.full_name):
            return row
    return None


def _build_unusable_pair(field: Field, row: StoredRecord) -> Pair:
    """Return the pair of a record whose name holds the separator of the source."""
    return Pair(
        field=field.name,
        code="",
        name="",
        number="",
        state=PairState.NOT_USABLE,
        quickbooks_id=row.quickbooks_id,
        quickbooks_name=row.full_name,
        quickbooks_number=row.number,
        problem=explain_separator(field, row.full_name),
    )


def _build_matched_pair(
    code_values: dict[str, Any], row: StoredRecord | None, ref: Ref, *, is_duplicate: bool
) -> Pair:
    """Return the pair of a code that has a record, and what differs between them."""
    number = ""
    if row:
        number = row.number or row.body.get("due_days", "")
    problem: str = SAME_NAME
    state = PairState.DUPLICATE
    if not is_duplicate:
        differences = (
            _describe_difference(OTHER_NAME, code_values["name"], ref.name),
            _describe_difference(OTHER_NUMBER, code_values["number"], number),
        )
        problem = " ".join(text for text in differences if text)
        state = PairState.DIFFERS if problem else PairState.MATCHED
    return Pair(
        **code_values,
        state=state,
        quickbooks_id=ref.id,
        quickbooks_name=ref.name,
        quickbooks_number=number,
        problem=problem,
    )


def _describe_difference(sentence: Sentence, at_source: str, in_quickbooks: str) -> str:
    """Describe how a value differs in a sentence; "" if it does not, or if one side has none.

    The source may have the last part of a name with levels.
    """
    if not at_source or not in_quickbooks:
        return ""
    full_key = fold_name(in_quickbooks)
    last_part = full_key.rpartition(":")[2]
    if fold_name(at_source) in (full_key, last_part):
        return ""
    return Sentence(sentence, at_source=at_source, in_quickbooks=in_quickbooks)
