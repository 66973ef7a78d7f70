"""Comparing the codes of an app with QuickBooks, as rows and as CSV."""

import pytest
from sqlalchemy import select

from hub import Code, Party, spreadsheets
from hub.collect import finish, intake
from hub.db.engine import transaction
from hub.installations import compare, matches
from hub.models import StoredRecord
from tests.support.pages.hostile_cells import HOSTILE_CELLS, live_formulas, read_cells
from tests.support.sources.small_source import postings


@pytest.fixture
def installed(app, quickbooks):
    """Provide CostTracker at the American company; tests store the codes that it lists."""
    from hub.installations import enable
    from tests.support.runs.hub_environment import COSTTRACKER
    from tests.support.sources.stand_in_fixtures import mount_costtracker

    source = mount_costtracker(app)
    settings = {**source.settings(COSTTRACKER), "payable_account": "33"}
    return enable.enable(1, "costtracker", settings, who="kari", mode="auto")


@pytest.fixture
def set_listed_codes(installed, monkeypatch):
    """Return a function that sets the codes that the source lists of any field."""
    codes = []
    monkeypatch.setattr("hub.sources.read_codes", lambda installation, field: codes)
    return codes


def add_account(quickbooks, name, **more):
    """Create an account in QuickBooks and return its id."""
    fields = {"Name": name, "AccountType": "Expense", **more}
    answer = quickbooks.ask("POST", "account", fields, content_type="application/json")
    assert answer.status == 200, answer.text
    return answer.json()["Account"]["Id"]


def states(installed, field="supplier"):
    return {pair.name: pair.state for pair in compare.compare(installed, [field])}


def test_each_code_is_matched_differs_or_is_missing(installed, set_listed_codes):
    set_listed_codes += [
        Code(id="1", name="badger  drywall llc"),
        Code(id="2", name="Nobody & Sons"),
        Code(id="3", name="Bad~Name", hold="it contains a tilde."),
        Code(id="4", name="Telco West"),
        Code(id="5", name="Telco West"),
    ]
    assert states(installed) == {
        "badger  drywall llc": "matched",
        "Nobody & Sons": "missing",
        "Bad~Name": "not usable",
        "Telco West": "duplicate",
    }


def test_a_number_that_differs_is_reported(installed, set_listed_codes):
    set_listed_codes.append(Code(id="1", name="Checking", number="9999"))
    set_listed_codes.append(Code(id="2", name="Job Materials", number="5010"))
    pairs = {pair.name: pair for pair in compare.compare(installed, ["account"])}
    assert pairs["Job Materials"].state == "matched"
    assert (pairs["Checking"].state, pairs["Checking"].problem) == (
        "differs",
        "The number is 9999 at the source and 1000 in QuickBooks.",
    )


@pytest.mark.row("AT-I7")
def test_a_record_added_a_second_ago_shows(installed, set_listed_codes, quickbooks):
    set_listed_codes.append(Code(id="1", name="Brand New Supplier"))
    assert states(installed) == {"Brand New Supplier": "missing"}
    fields = {"DisplayName": "Brand New Supplier"}
    assert quickbooks.ask("POST", "vendor", fields, content_type="application/json").status == 200
    assert states(installed) == {"Brand New Supplier": "matched"}


def test_the_file_holds_every_row_and_no_formula(installed, set_listed_codes):
    set_listed_codes += [
        Code(id=f"{n}{text}", name=text) for n, text in enumerate(HOSTILE_CELLS[::23])
    ]
    pairs = compare.compare(installed, ["supplier"])
    content = compare.encode_csv(pairs)
    for delimiter in spreadsheets.DELIMITERS:
        assert live_formulas(read_cells(content, delimiter)) == []
    header, rows = spreadsheets.decode(content)
    assert header[:5] == ["field", "code", "name", "number", "state"]
    assert header[5:] == ["quickbooks_id", "quickbooks_name", "quickbooks_number", "why"]
    assert [compare.Pair(*(row[name] for name in header)) for row in rows] == pairs


def test_missing_codes_are_confirmed_and_planned_once(installed, set_listed_codes):
    set_listed_codes.append(
        Code(id="x1", name="Copied Supplier", create=Party(name="Copied Supplier"))
    )
    assert [compare.copy_missing(installed, ["supplier"], who="kari") for _ in range(2)] == [1, 1]
    (posting,) = postings(kind="vendor")
    assert (posting.operation, posting.state) == ("create", "ready")


def test_many_missing_codes_are_planned_in_several_transactions(
    installed, set_listed_codes, monkeypatch
):
    monkeypatch.setattr(intake, "DOCUMENTS_PER_BATCH", 2)
    names = [f"Copied Supplier {number}" for number in range(5)]
    set_listed_codes += [Code(id=name, name=name, create=Party(name=name)) for name in names]
    batches = []
    monkeypatch.setattr(
        intake, "finish", lambda batch: batches.append(batch) or finish.finish(batch)
    )
    assert compare.copy_missing(installed, ["supplier"], who="kari") == 5
    assert len(batches) == 3
    assert {posting.state for posting in postings(kind="vendor")} == {"ready"}
    assert len(postings(kind="vendor")) == 5


def test_the_codes_are_read_once_to_copy_what_is_missing(installed, set_listed_codes, monkeypatch):
    set_listed_codes.append(
        Code(id="x1", name="Copied Supplier", create=Party(name="Copied Supplier"))
    )
    fields = []
    monkeypatch.setattr(
        "hub.sources.read_codes",
        lambda installation, field: fields.append(field) or set_listed_codes,
    )
    assert compare.copy_missing(installed, ["supplier"], who="kari") == 1
    assert fields == ["supplier"]


def test_a_name_of_two_codes_has_a_next_step_that_ends_it(installed, set_listed_codes):
    set_listed_codes += [Code(id="4", name="Telco West"), Code(id="5", name="Telco  west")]
    pairs = compare.compare(installed, ["supplier"])
    assert {pair.problem for pair in pairs} == {
        "Several codes of the source have this name. If they are different things, rename all but"
        " one at the source, or open each code and match it to a record of its own."
    }
    with transaction() as session:
        is_other = StoredRecord.name == "Badger Drywall LLC"
        other = session.scalars(select(StoredRecord.quickbooks_id).where(is_other)).one()
        matches.store_decision(session, installed, "supplier", "5", other, who="kari")
    assert [pair.state for pair in compare.compare(installed, ["supplier"])] == [
        "matched",
        "differs",
    ]


def test_a_code_without_its_record_is_missing_if_that_has_the_word_several_in_its_name(
    installed, set_listed_codes, quickbooks
):
    ids = []
    for name in ("Paint for several rooms", "Paint for several rooms II", "Paint for rooms"):
        vendor = {"DisplayName": name}
        answer = quickbooks.ask("POST", "vendor", vendor, content_type="application/json")
        assert answer.status == 200, answer.text
        ids.append(answer.json()["Vendor"]["Id"])
    set_listed_codes.append(Code(id="1", name="Paint for several rooms"))
    assert compare.compare(installed, ["supplier"])[0].state == "matched"
    with transaction() as session:
        matches.store_decision(session, installed, "supplier", "1", ids[0], who="kari")
    quickbooks.act("deactivate", kind="Vendor", id=ids[0])
    pair = compare.compare(installed, ["supplier"])[0]
    assert "is inactive in QuickBooks" in pair.problem
    assert pair.state == "missing"


def test_two_records_of_one_name_have_a_next_step(installed, set_listed_codes, quickbooks):
    for parent in ("Own Tools", "Rented Tools"):
        parent_id = add_account(quickbooks, parent)
        add_account(quickbooks, "Hammers", SubAccount=True, ParentRef={"value": parent_id})
    set_listed_codes.append(Code(id="1", name="Hammers"))
    pair = {pair.code: pair for pair in compare.compare(installed, ["account"])}["1"]
    assert pair.state == "duplicate"
    assert pair.problem == (
        "several records in QuickBooks fit: Own Tools:Hammers, Rented Tools:Hammers. Open the code"
        " and match it to one of them, or rename the others."
    )
