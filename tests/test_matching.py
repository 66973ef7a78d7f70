"""Decisions about codes: one by one and from a CSV file, all of it or nothing."""

import io

import pytest
from sqlalchemy import select

from hub import matching
from hub.errors import NotFound, Refused
from hub.models import Installation, Match, SeenCode
from hub.qbo import records
from hub.runtime import current
from hub.store import reading, transaction


@pytest.fixture
def row(quickbooks):
    now = current().clock.now()
    with transaction() as session:
        row = Installation(company_id=1, slug="costtracker", tenant="t", created_at=now)
        session.add(row)
        session.flush()
        seen = SeenCode(
            installation_id=row.id, field="account", code="4000", name="Materials", seen_at=now
        )
        session.add(seen)
    return row


@pytest.fixture
def vendor(row):
    with reading() as session:
        return records.choices(session, 1, "vendor")[0]


def imported(row, text):
    return matching.import_csv(row, io.StringIO(text), who="kari")


def matches():
    with reading() as session:
        return {
            (one.field, one.code): (one.record, one.how, one.who)
            for one in session.scalars(select(Match))
        }


def test_a_file_names_records_by_id_or_name(row, vendor):
    text = (
        f"field,code,name,quickbooks_id,quickbooks_name\nsupplier,s1,One,{vendor.quickbooks_id},\n"
    )
    text += f'supplier,s2,Two,,"{vendor.full_name.upper()}"\n'
    assert imported(row, text) == 2
    assert set(matches().values()) == {(vendor.quickbooks_id, "decided", "kari")}


@pytest.mark.parametrize(("said", "record"), [("none", ""), ("new", "+")])
def test_a_file_may_leave_a_code_out_or_have_it_made(row, said, record):
    imported(row, f"field,code,quickbooks_id\nsupplier,s1,{said}\n")
    assert matches() == {("supplier", "s1"): (record, "decided", "kari")}


def test_a_line_that_names_no_record_decides_nothing(row):
    assert imported(row, "field,code\nsupplier,s1\n") == 0
    assert matches() == {}


def test_a_cell_is_no_formula_to_a_spreadsheet_and_comes_back_as_it_was(row):
    imported(row, "field,code,name,quickbooks_id\nsupplier,-1,=SUM(A1),none\n")
    before, file = matches(), io.StringIO()
    matching.export_csv(row, file)
    assert "supplier,'-1,'=SUM(A1),none," in file.getvalue()
    imported(row, file.getvalue())
    assert matches() == before


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("suplier,s2,,1,", "Line 3: There is no field 'suplier'. Did you mean supplier"),
        ("supplier,s2,,99999,", "Line 3: QuickBooks has no active supplier with the id '99999'"),
        ("supplier,s2,,,Nobody", "Line 3: Supplier 'Nobody' is not in QuickBooks"),
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


def test_what_is_exported_can_be_imported_again(row, vendor):
    imported(
        row,
        f"field,code,name,quickbooks_id,quickbooks_name\nsupplier,s1,One,{vendor.quickbooks_id},\n",
    )
    before, file = matches(), io.StringIO()
    assert matching.export_csv(row, file) == 2
    assert file.getvalue().splitlines()[1:] == [
        "account,4000,Materials,,",
        f"supplier,s1,One,{vendor.quickbooks_id},{vendor.full_name}",
    ]
    assert imported(row, file.getvalue()) == 1
    assert matches() == before


def test_a_field_that_the_app_does_not_have_is_refused(row):
    with transaction() as session, pytest.raises(NotFound):
        matching.decide(session, row, "colour", "x", "1", who="kari")
