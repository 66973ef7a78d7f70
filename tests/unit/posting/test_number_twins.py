"""Documents with one number: in one run, of several apps, entered by hand, as another kind."""

import unicodedata
from decimal import Decimal

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import Case, Posting
from hub.posting.actions import manual
from hub.posting.preflight import run
from hub.qbo import transaction_index

USED = "Number already used"


@pytest.fixture(autouse=True)
def _without_warning(quickbooks):
    """Let QuickBooks accept two bills with one number, as a company may choose."""
    quickbooks.control.company("POST", {"realm": quickbooks.realm, "warn_duplicate_bills": False})


def plan(bench, source_id, number="INV-7", **about):
    """Plan a document that was not checked yet; return the posting's id."""
    total = about.pop("amount", "100.00")
    body = {**bench.body(source_id, total), "DocNumber": number}
    id = bench.plan(source_id, "create", body, **about)
    bench.clear_check(id)
    return id


def states(bench, *ids):
    return [bench.state(id) for id in ids]


def reason(id):
    with read_only_session() as session:
        return session.get_one(Posting, id).reason


def candidates():
    """Return the kinds and ids of the transactions about which open cases ask."""
    with read_only_session() as session:
        cases = session.scalars(select(Case).where(Case.closed_at.is_(None))).all()
    found = [candidate for case in cases for candidate in case.details.get("candidates", ())]
    return [(candidate["kind"], candidate["id"]) for candidate in found]


@pytest.mark.parametrize("chunk_size", [1, 300])
@pytest.mark.parametrize("number", ["INV-7", " inv-7"])
def test_one_number_twice_in_a_run_is_the_case_of_a_later_run(
    bench, monkeypatch, chunk_size, number
):
    monkeypatch.setattr(run, "CHUNK_SIZE", chunk_size)
    first, second = plan(bench, "A-1"), plan(bench, "A-2", number)
    bench.drain()
    assert states(bench, first, second) == ["posted", "held"]
    [bill] = bench.bills()
    assert (bench.cases(), candidates()) == ([USED], [("bill", bill["Id"])])

    third = plan(bench, "A-3")
    bench.drain()
    assert states(bench, second, third) == ["held", "held"]

    manual.reject_match(second, bill["Id"], "kari")
    bench.drain()
    assert states(bench, second, third) == ["posted", "held"]
    assert len(candidates()) == len(bench.bills()) == 2


def test_a_document_of_another_app_is_a_twin_and_not_named(bench):
    first = plan(bench, "SECRET-1")
    bench.review(first)
    bench.add_installation("bench2")
    second = plan(bench, "A-2")
    bench.drain()
    assert states(bench, first, second) == ["review", "held"]
    assert ("SECRET" in reason(second), "a document of Bench has its number" in reason(second)) == (
        False,
        True,
    )


@pytest.mark.parametrize("is_checked", [True, False])
def test_a_document_of_an_app_that_may_not_post_prevents_nothing_until_it_may(bench, is_checked):
    paused, first = bench.installation_id, plan(bench, "A-1")
    bench.review(first)
    if is_checked:
        bench.drain()
    enable.set_mode(paused, "paused", who="kari")
    bench.add_installation("bench2")
    second = plan(bench, "A-2")
    bench.drain()
    assert states(bench, first, second) == ["review", "posted"]
    enable.set_mode(paused, "auto", who="kari")
    bench.drain()
    assert (states(bench, first, second), bench.cases()) == (["held", "posted"], [USED])


def test_a_twin_is_posted_once_the_first_one_is_skipped(bench):
    first, second = plan(bench, "A-1"), plan(bench, "A-2")
    bench.review(first)
    bench.drain()
    assert states(bench, first, second) == ["review", "held"]
    manual.skip(first, "the same one", "kari")
    bench.drain()
    assert (states(bench, first, second), bench.cases()) == (["skipped", "posted"], [])


def test_a_twin_waits_while_the_first_one_is_in_doubt(bench):
    first = plan(bench, "A-1")
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    bench.drain()
    second = plan(bench, "A-2")
    bench.drain()
    assert states(bench, first, second) == ["unknown", "held"]
    assert "document A-1 of the same app has its number" in reason(second)
    bench.drain(wait_for_doubts=True)
    assert (states(bench, first, second), len(candidates())) == (["posted", "held"], 1)


def test_a_twin_is_posted_if_the_first_one_cannot_be(bench):
    first = plan(bench, "A-1", amount="7.77")  # not the total of the document
    second = plan(bench, "A-2")
    bench.drain()
    assert states(bench, first, second) == ["held", "posted"]


def test_what_may_have_one_number_is_posted(bench):
    ids = [
        plan(bench, "A-1", part="a"),
        plan(bench, "A-1", part="b"),
        plan(bench, "A-2", kind="vendor_credit"),
        plan(bench, "A-3", number=""),
        plan(bench, "A-4", number=""),
    ]
    bench.drain()
    assert states(bench, *ids) == ["posted"] * len(ids)


@pytest.mark.parametrize(("first_form", "second_form"), [("NFC", "NFD"), ("NFD", "NFC")])
@pytest.mark.parametrize("is_in_quickbooks", [True, False])
def test_letters_with_accents_in_another_unicode_form_are_one_number(
    bench, is_in_quickbooks, first_form, second_form
):
    first = plan(bench, "A-1", unicodedata.normalize(first_form, "År-7"))
    if is_in_quickbooks:
        bench.drain()
    second = plan(bench, "A-2", unicodedata.normalize(second_form, "ÅR-7"))
    bench.drain()
    assert (states(bench, first, second), len(bench.bills())) == (["posted", "held"], 1)
    assert bench.cases() == [USED]


@pytest.mark.parametrize("number", ["inv-7", "Inv-7"])
def test_a_number_typed_in_another_way_is_used(bench, number):
    typed = {**bench.body("x", "55.00"), "DocNumber": number, "PrivateNote": "typed in"}
    bench.quickbooks.ask("POST", "bill", typed)
    bench.index_all_bills()
    id = plan(bench, "A-1")
    bench.drain()
    assert (bench.state(id), bench.cases()) == ("held", [USED])


def expense(bench, total):
    """Return an expense with the number of the others and the total."""
    return {
        "PaymentType": "Cash",
        "AccountRef": {"value": "35"},
        "EntityRef": {"value": "1", "type": "Vendor"},
        "DocNumber": "inv-7",
        "TxnDate": "2026-03-01",
        "Line": bench.body("x", total)["Line"],
    }


@pytest.mark.parametrize(("total", "state"), [("100.00", "held"), ("99.00", "posted")])
def test_a_bill_and_an_expense_of_one_run_need_a_decision(bench, total, state):
    first = bench.plan("A-1", "create", expense(bench, total), kind="expense", total=Decimal(total))
    bench.change_document(first, total=total)
    bench.clear_check(first)
    second = plan(bench, "A-2")
    bench.drain()
    assert states(bench, first, second) == ["posted", state]


@pytest.mark.parametrize(("total", "state"), [("100.00", "held"), ("99.00", "posted")])
def test_a_bill_that_was_typed_in_as_an_expense_needs_a_decision(bench, total, state):
    purchase = bench.quickbooks.ask("POST", "purchase", expense(bench, total)).json()["Purchase"]
    with transaction() as session:
        transaction_index.absorb_all(session, bench.company_id, "expense", [purchase])
    id = plan(bench, "A-1")
    bench.drain()
    assert bench.state(id) == state
    if state == "posted":
        return
    assert bench.cases() == ["In QuickBooks as another kind"]
    [(kind, quickbooks_id)] = candidates()
    assert (kind, "(expense of Acme)" in reason(id)) == ("expense", True)
    manual.reject_match(id, quickbooks_id, "kari")
    bench.drain()
    assert (bench.state(id), bench.cases()) == ("posted", [])
