"""Matching codes: one by one, and from a CSV file, which is imported completely or not at all."""

import unicodedata

import pytest
from sqlalchemy import delete, event, select

from hub import spreadsheets
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.errors import NotFound, Refused
from hub.exact_json import is_storable
from hub.installations import match_files
from hub.installations import matches as installations_matches
from hub.models import AuditEntry, Installation, Match, SeenCode, StoredRecord
from hub.qbo import records
from hub.security import audit_head
from tests.support.pages.hostile_cells import HOSTILE_CELLS, live_formulas, read_cells
from tests.support.runs.tiers import by_form


@pytest.fixture
def row(quickbooks):
    now = current_hub().clock.now()
    with transaction() as session:
        row = Installation(company_id=1, slug="costtracker", tenant="t", created_at=now)
        session.add(row)
        session.flush()
        seen_code = SeenCode(
            installation_id=row.id, field="account", code="4000", name="Materials", seen_at=now
        )
        session.add(seen_code)
    return row


@pytest.fixture
def vendor(row):
    with read_only_session() as session:
        return records.list_choices(session, 1, "vendor")[0]


def imported(row, text):
    return match_files.import_csv(row, text.encode(), who="kari")


def matches():
    with read_only_session() as session:
        return {
            (match.field, match.code): (match.record, match.match_method, match.who)
            for match in session.scalars(select(Match))
        }


def test_a_file_names_records_by_id_or_name(row, vendor):
    text = (
        f"field,code,name,quickbooks_id,quickbooks_name\nsupplier,s1,One,{vendor.quickbooks_id},\n"
    )
    text += f'supplier,s2,Two,,"{vendor.full_name.upper()}"\n'
    assert imported(row, text) == 2
    assert set(matches().values()) == {(vendor.quickbooks_id, "decided", "kari")}


@pytest.mark.parametrize(("stored", "written"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_file_names_records_in_either_unicode_form(row, vendor, stored, written):
    with transaction() as session:
        record = session.get_one(StoredRecord, (1, "vendor", vendor.quickbooks_id))
        record.name = record.full_name = unicodedata.normalize(stored, "Malmö Åkeri")
    name = unicodedata.normalize(written, "Malmö Åkeri")
    assert imported(row, f"field,code,quickbooks_id,quickbooks_name\nsupplier,s1,,{name}\n") == 1
    assert set(matches().values()) == {(vendor.quickbooks_id, "decided", "kari")}


@pytest.mark.parametrize(
    ("written", "chosen"),
    [("Freight", "p1"), ("Sea:Freight", "p2"), ("freight", "p1"), ("Tolls", "p3")],
)
def test_a_full_name_counts_before_the_last_part_of_another_name(row, written, chosen):
    """The rules of a field find a record by its name in this order, too."""
    names = {"p1": "Freight", "p2": "Sea:Freight", "p3": "Sea:Tolls"}
    with transaction() as session:
        for id, full_name in names.items():
            about = {"name": full_name.rpartition(":")[2], "full_name": full_name}
            key = {"company_id": 1, "list": "vendor", "quickbooks_id": id}
            session.add(StoredRecord(**key, **about, read_at=current_hub().clock.now()))
    imported(row, f"field,code,quickbooks_id,quickbooks_name\nsupplier,s1,,{written}\n")
    assert matches() == {("supplier", "s1"): (chosen, "decided", "kari")}


@pytest.mark.parametrize(("choice", "record"), [("none", ""), ("new", "+")])
def test_a_file_may_leave_a_code_out_or_have_it_made(row, choice, record):
    imported(row, f"field,code,quickbooks_id\nsupplier,s1,{choice}\n")
    assert matches() == {("supplier", "s1"): (record, "decided", "kari")}


def test_a_character_that_no_database_stores_is_refused_with_its_row(row):
    text = "field,code,quickbooks_id\nsupplier,s1,none\nsupplier,s\0002,none\n"
    with pytest.raises(Refused, match="Row 3 has a character that cannot be stored"):
        imported(row, text)
    assert matches() == {}


def test_texts_that_are_longer_than_their_columns_are_refused_or_cut(row):
    text = f"field,code,name,quickbooks_id\nsupplier,s1,{'n' * 600},none\n"
    too_long = f"{text}supplier,{'s' * 201},,none\n"
    with pytest.raises(Refused, match="The code has 201 characters; 200 is the most"):
        imported(row, too_long)
    (_, planned) = match_files.plan_import(row, too_long.encode())
    assert "Shorten it at the source" in planned.problem
    assert (matches(), imported(row, text)) == ({}, 1)
    with read_only_session() as session:
        assert session.scalars(select(Match.name)).one() == "n" * 500


def test_a_row_without_a_code_is_named_in_the_preview(row):
    text = "field,code,quickbooks_id\nsupplier,,none\nsupplier, ,new\nsupplier,s1,none\n"
    planned = match_files.plan_import(row, text.encode())
    assert [change.is_change for change in planned] == [False, False, True]
    assert [change.problem for change in planned][:2] == [
        "There is no code.",
        "Row 2 has the same code. Keep one of the two rows.",
    ]


def test_a_line_that_names_no_record_decides_nothing(row):
    assert imported(row, "field,code\nsupplier,s1\n") == 0
    assert matches() == {}


@pytest.mark.proof
def test_hostile_codes_are_exported_inert_and_imported_as_they_were(row):
    now = current_hub().clock.now()
    numbered, alone = by_form((37, 101), (7, 19), (7, 19))  # prime, so that every part is included
    codes = [f"{place} {text}" for place, text in enumerate(HOSTILE_CELLS[::numbered])]
    codes += HOSTILE_CELLS[::alone]
    codes = [code for code in codes if is_storable(code)]  # no database holds the others
    with transaction() as session:
        for code in codes:
            about = {"installation_id": row.id, "field": "supplier", "code": code}
            session.add(SeenCode(**about, name=code[::-1], number=code, seen_at=now))
        for code in codes[::2]:
            installations_matches.store_decision(
                session, row, "supplier", code, "", who="kari", name=code
            )
    before = matches()
    content, count = match_files.export_csv(row)
    for delimiter in spreadsheets.DELIMITERS:
        assert live_formulas(read_cells(content, delimiter)) == []
    with transaction() as session:
        session.execute(delete(Match))
    assert (count, match_files.import_csv(row, content, who="kari")) == (
        len(codes) + 1,
        len(before),
    )
    assert matches() == before


def test_spaces_around_a_code_that_nobody_used_do_not_count(row):
    imported(row, "field,code,quickbooks_id\nsupplier, s1 , none\n")
    assert matches() == {("supplier", "s1"): ("", "decided", "kari")}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("suplier,s2,,1,", "Line 3: There is no field “suplier”. Did you mean supplier"),
        ("supplier,s2,,99999,", "Line 3: QuickBooks has no active supplier with the id “99999”"),
        ("supplier,s2,,,Nobody", "Line 3: Supplier “Nobody” is not in QuickBooks"),
        ("supplier,,,none,", "Line 3: There is no code."),
        ("supplier,  ,,none,", "Line 3: There is no code."),
        ("supplier,s1,,new,", "Line 3: Row 2 has the same code. Keep one of the two rows."),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_imported(row, line, says):
    with pytest.raises(Refused, match=says):
        imported(
            row, f"field,code,name,quickbooks_id,quickbooks_name\nsupplier,s1,,none,\n{line}\n"
        )
    assert matches() == {}


def test_a_file_without_its_columns_is_refused(row):
    with pytest.raises(Refused, match="lacks the column field and code"):
        imported(row, "a,b\n1,2\n")


def test_exported_matches_can_be_imported_again(row, vendor):
    imported(
        row,
        f"field,code,name,quickbooks_id,quickbooks_name\nsupplier,s1,One,{vendor.quickbooks_id},\n",
    )
    before, (content, count) = matches(), match_files.export_csv(row)
    assert (count, spreadsheets.decode(content)[1]) == (
        2,
        [
            dict(zip(match_files.COLUMNS, line, strict=True))
            for line in (
                ("account", "4000", "Materials", "", ""),
                ("supplier", "s1", "One", vendor.quickbooks_id, vendor.full_name),
            )
        ],
    )
    assert match_files.import_csv(row, content, who="kari") == 1
    assert matches() == before


def test_a_field_that_the_app_does_not_have_is_refused(row):
    with transaction() as session, pytest.raises(NotFound):
        installations_matches.store_decision(session, row, "colour", "x", "1", who="kari")


ROWS = 30


@pytest.fixture
def loaded_records():
    """Provide a list to which each record of QuickBooks is added that is read from the database."""
    ids = []

    def note(record, context):
        ids.append(record.quickbooks_id)

    event.listen(StoredRecord, "load", note)
    yield ids
    event.remove(StoredRecord, "load", note)


def test_the_records_are_read_once_for_all_rows_of_a_file(row, vendor, loaded_records):
    with read_only_session() as session:
        count = len(session.scalars(select(StoredRecord.quickbooks_id)).all())
    lines = [f"supplier,s{number},,{vendor.quickbooks_id},\n" for number in range(ROWS)]
    text = "field,code,name,quickbooks_id,quickbooks_name\n" + "".join(lines)
    assert imported(row, text) == ROWS
    assert len(loaded_records) <= 2 * count
    loaded_records.clear()
    planned = match_files.plan_import(row, text.encode())
    assert len(planned) == ROWS
    assert len(loaded_records) <= 2 * count
    loaded_records.clear()
    changed = [(row.field, row.code, row.name, "", row.version) for row in planned]
    assert match_files.import_rows(row, changed, who="kari") == ROWS
    again = [(*change[:3], vendor.quickbooks_id, "") for change in changed]
    loaded_records.clear()
    with transaction() as session:
        session.execute(delete(Match))
    assert match_files.import_rows(row, again, who="kari") == ROWS
    assert len(loaded_records) <= ROWS


def test_all_rows_of_a_file_are_recorded_at_once(row, vendor, monkeypatch):
    lines = [f"supplier,s{number},,{vendor.quickbooks_id},\n" for number in range(ROWS)]
    written = []
    monkeypatch.setattr(audit_head, "write", lambda *args, **options: written.append(args))
    imported(row, "field,code,name,quickbooks_id,quickbooks_name\n" + "".join(lines))
    assert len(written) <= 2  # the first head of the folder, and the one after the import
    with read_only_session() as session:
        matched = select(AuditEntry).where(AuditEntry.what == "code matched")
        entries = session.scalars(matched.order_by(AuditEntry.id)).all()
    assert [entry.subject for entry in entries] == [
        f"costtracker supplier s{number}" for number in range(ROWS)
    ]
    assert {entry.detail["record"] for entry in entries} == {vendor.quickbooks_id}


def test_a_code_is_matched_only_to_a_record_that_may_take_its_role(row, quickbooks):
    with read_only_session() as session:
        customer = records.list_choices(session, 1, "customer")[0].quickbooks_id
        bank = records.list_choices(session, 1, "payment_account")[0].quickbooks_id
        payable = records.list_choices(session, 1, "payable_account")[0].quickbooks_id
        vendors = {record.quickbooks_id for record in records.list_choices(session, 1, "vendor")}
        assert records.find_choice(session, 1, "payment_account", bank).quickbooks_id == bank
        assert records.find_choice(session, 1, "account", payable) is None
        assert records.find_choice(session, 1, "vendor", "99999") is None
        if customer not in vendors:
            assert records.find_choice(session, 1, "vendor", customer) is None
