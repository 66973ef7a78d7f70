"""A document's state agrees on pages, in filters, counts, lists and JSON."""

import hashlib
import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

from hub import Attachment, Gone
from hub.cli import main
from hub.db.engine import read_only_session, transaction
from hub.errors import NotNow
from hub.models import Case, Installation, Posting, SourceDocument
from hub.posting.actions import manual, retries, undo
from hub.posting.reconcile.run import reconcile
from hub.scheduling import runner, summary
from tests.support.every_kind_source import CLIENT, SUPPLIER, Till, document, invoice, line
from tests.support.page_rows import Story, add_people
from tests.support.page_visitor import Visitor

WORDS = {
    "posted": "Posted",
    "removed": "Removed",
    "missing": "Missing in QuickBooks",
    "skipped": "Skipped",
}
REPORTED_STATES = ("posted", "held", "failed", "missing")


@pytest.fixture
def app(app_with_pages):
    return app_with_pages


@pytest.fixture
def open_till(app, quickbooks, clock):
    """Return a function that opens a shop with one posted bill, and an operator at the pages."""

    def open_(**about):
        till = Till(app, quickbooks, clock, **about)
        with transaction() as session:
            add_people(session)
        till.visitor = Visitor(app, Story(1, till.id))
        till.visitor.log_in("oda")
        till.run(bill())
        return till

    return open_


@pytest.fixture
def till(open_till):
    return open_till(wants=REPORTED_STATES)


def bill(amount="42.00", id="bill:1"):
    body = line("1", amount, cost="Fuel")
    return document("bill", id, body, total=amount, supplier=SUPPLIER, number="B-1")


def row_of(source_id="bill:1"):
    with read_only_session() as session:
        return session.query(SourceDocument).filter_by(source_id=source_id).one()


def states(till, source_id="bill:1"):
    """Return the state of a document as each place shows it, and the label of its page."""
    here = row_of(source_id)
    page = till.visitor.page(f"/documents/{here.id}")
    listed = till.visitor.page("/documents?kind=bill")
    head = page[page.index("<h1>") : page.index("At the source")]
    with read_only_session() as session:
        runs = [session.query(Installation).one()]
    run = runner.sync(till.id, requested_by="kari")
    sent_states = summary.summarize_runs([run])["apps"]["shop"]
    counted = {name for name in summary.COUNT_NAMES[1:] if sent_states[name]}
    output = CliRunner().invoke(main, ["outbox", "--json"], obj=till.visitor.app).stdout
    rows = [row for row in json.loads(output) if row["source_id"] == source_id]
    results = [
        name
        for name in ("posted", "missing", "removed", "withdrawn", "skipped", "held")
        if f"/documents/{here.id}" in till.visitor.page(f"/documents?state={name}")
    ]
    assert sent_states["documents"] == 1
    assert runs
    return {
        "page": re.findall(r'class="state \w+">([^<]+)<', head)[0],
        "list": re.findall(r'class="state \w+">([^<]+)<', listed)[0],
        "filters": results,
        "counts": sorted(counted),
        "json": sorted({row["document_state"] for row in rows}),
    }


def sent_states(till):
    """Return the states that the source was sent for its documents."""
    return [(id, state) for id, state in till.shop.receipts if ":" in id]


def everywhere(state):
    """Return what `states` returns when every place agrees."""
    label = WORDS[state]
    return {"page": label, "list": label, "filters": [state], "counts": [state], "json": [state]}


def remove(till, source_id="bill:1"):
    """Remove the postings of a document on its page."""
    page = till.visitor.page(f"/documents/{row_of(source_id).id}")
    here = re.search(r'href="(/undo/posting/\d+)"', page)[1]
    ticked = re.findall(r'name="posting"\s+value="(\d+)"', till.visitor.page(here))
    till.visitor.press(here, posting=ticked)
    till.run()


def delete_in_quickbooks(till):
    till.quickbooks.act("delete", kind="Bill", id=till.book("Bill", "bill:1")["Id"])
    runner.run_company_job("changes", 1, requested_by="kari")


def post_again(till, source_id="bill:1"):
    here = row_of(source_id).id
    assert "Post again" in till.visitor.page(f"/documents/{here}")
    page = till.visitor.press(f"/documents/{here}/post-again")
    till.run()
    return page


def creations(till):
    return [entry for entry in till.quickbooks.log.entries() if entry["call"] == "bill.create"]


# -- states ----------------------------------------------------------------------------------------


def test_a_change_that_was_taken_back_leaves_the_document_posted(till):
    with transaction() as session:
        session.query(Installation).one().mode = "review"
    till.run(bill("50.00"))
    till.run(bill("42.00"))
    assert [posting.state for posting in postings()] == ["posted", "posted", "withdrawn"]
    assert states(till) == everywhere("posted")


def postings():
    with read_only_session() as session:
        return session.query(Posting).order_by(Posting.id).all()


def test_a_document_removed_by_a_person_is_removed_everywhere_and_reported(till):
    assert states(till) == everywhere("posted")
    remove(till)
    assert till.ours("Bill") == []
    assert states(till) == everywhere("removed")
    assert sent_states(till) == [("bill:1", "posted"), ("bill:1", "missing")]


def test_a_source_that_does_not_want_missing_gets_held(open_till):
    till = open_till(wants=("posted", "held"))
    remove(till)
    assert sent_states(till) == [("bill:1", "posted"), ("bill:1", "held")]


def test_a_document_deleted_in_quickbooks_is_missing_everywhere(till):
    delete_in_quickbooks(till)
    assert states(till) == everywhere("missing")


def test_a_document_removed_by_its_source_is_not_reported(open_till):
    till = open_till(wants=REPORTED_STATES, gone="delete")
    till.run(Gone(source_id="bill:1"))
    assert states(till) == everywhere("removed")
    assert sent_states(till) == [("bill:1", "posted")]
    assert "Post again" not in till.visitor.page(f"/documents/{row_of().id}")


def test_a_voided_document_is_removed(open_till):
    till = open_till(gone="void")
    till.run(invoice(number="S-1"))
    till.run(Gone(source_id="invoice:1"))
    here = row_of("invoice:1").id
    assert f"/documents/{here}" in till.visitor.page("/documents?state=removed")


# -- post again ------------------------------------------------------------------------------------


@pytest.mark.proof(small=2)
@pytest.mark.parametrize("leave", [remove, delete_in_quickbooks])
@pytest.mark.parametrize("changed", [False, True])
def test_a_document_that_left_quickbooks_is_posted_again_with_the_current_content(
    till, leave, changed
):
    if changed:
        till.run(bill("50.00"))
    leave(till)
    calls = len(till.quickbooks.log.entries())
    assert "The hub searches QuickBooks for it and then posts it again" in post_again(till)
    later_calls = [row["call"] for row in till.quickbooks.log.entries()[calls:]]
    assert later_calls.index("query.bill") < later_calls.index("bill.create")
    assert [row["TotalAmt"] for row in till.ours("Bill")] == [50 if changed else 42]
    assert states(till) == everywhere("posted")
    assert till.cases() == []
    newest = till.posting("bill:1")
    assert (newest.operation, newest.generation, newest.approved_by) == ("create", 1, "oda")
    assert sent_states(till)[-1] == ("bill:1", "posted")
    result = reconcile(1)
    assert (result["documents"], result["troubles"]) == (1, 0)
    till.run(bill("60.00"))
    assert [row["TotalAmt"] for row in till.ours("Bill")] == [60]
    assert len(creations(till)) == 2


def test_a_document_posted_again_is_watched_and_can_be_removed_again(till):
    remove(till)
    post_again(till)
    delete_in_quickbooks(till)
    assert till.cases() == ["Missing in QuickBooks"]
    post_again(till)
    assert (states(till), till.cases()) == (everywhere("posted"), [])
    remove(till)
    assert (states(till), till.ours("Bill")) == (everywhere("removed"), [])


def test_a_transaction_that_appears_in_quickbooks_meanwhile_is_adopted(till):
    remove(till)
    body = json.loads(postings()[1].payload)
    put_back = till.quickbooks.act("create", kind="Bill", set=body)
    post_again(till)
    assert till.posting("bill:1").quickbooks_id == put_back["Id"]
    assert len(till.ours("Bill")) == 1


def test_the_command_posts_again_and_says_what_it_does_not(till):
    call = CliRunner().invoke
    id = postings()[1].id
    refused = call(main, ["retry", str(id)], obj=till.visitor.app)
    assert (refused.exit_code, "is in QuickBooks" in refused.stderr) == (1, True)
    remove(till)
    listed = call(main, ["outbox", "--state", "removed"], obj=till.visitor.app).stdout
    assert ("B-1" in listed, "removed" in listed) == (True, True)
    assert (
        call(main, ["retry", str(till.posting("bill:1").id)], obj=till.visitor.app).exit_code == 0
    )
    till.run()
    assert states(till) == everywhere("posted")


def test_a_document_that_its_source_no_longer_has_is_not_posted_again(open_till):
    till = open_till(gone="delete")
    till.run(Gone(source_id="bill:1"))
    with pytest.raises(NotNow, match="no longer wanted by its source"):
        retries.retry(till.posting("bill:1").id, "kari")


def test_a_document_skipped_after_its_deletion_can_be_posted_again(till):
    delete_in_quickbooks(till)
    manual.skip(postings()[1].id, "entered by mistake", "kari")
    assert till.run()["bill:1"] == "skipped"
    till.run(bill("50.00"))
    assert till.ours("Bill") == []
    retries.retry(postings()[1].id, "kari")
    till.run()
    assert [row["TotalAmt"] for row in till.ours("Bill")] == [50]


def test_a_changed_document_that_is_missing_can_be_left_out(till):
    till.run(bill("50.00"))
    delete_in_quickbooks(till)
    assert till.posting("bill:1").operation == "update"
    manual.skip(till.posting("bill:1").id, "entered by mistake", "kari")
    assert (states(till), till.cases()) == (everywhere("skipped"), [])


def test_a_document_skipped_while_it_was_to_be_posted_again_stays_out(till):
    remove(till)
    till.put(
        document(
            "bill", "bill:1", line("1", "42.00", cost="Nosuch"), total="42.00", supplier=SUPPLIER
        )
    )
    retries.retry(till.posting("bill:1").id, "kari")
    till.run()
    assert till.posting("bill:1").state == "held"
    manual.skip(till.posting("bill:1").id, "not needed", "kari")
    till.run(bill())
    assert (till.ours("Bill"), states(till)) == ([], everywhere("removed"))


def test_a_change_during_a_removal_is_offered_and_not_posted(till):
    page = till.visitor.page(f"/documents/{row_of().id}")
    here = re.search(r'href="(/undo/posting/\d+)"', page)[1]
    till.visitor.press(here, posting=[postings()[1].id])
    till.run(bill("50.00"))
    assert till.ours("Bill") == []
    till.run()
    assert till.ours("Bill") == []
    assert "It was removed from QuickBooks, and the source wants it again." in till.reasons()[0]
    retries.retry(till.posting("bill:1").id, "kari")
    till.run()
    assert [row["TotalAmt"] for row in till.ours("Bill")] == [50]


def test_files_follow_what_is_posted_again(till):
    till.shop.files = {"scan": b"%PDF-1.4 scan"}
    scan = Attachment(id="scan", name="scan.pdf", mime="application/pdf")
    till.run(replace(bill("42.00"), attachments=(scan,)))
    assert len(till.ours("Attachable")) == 1
    remove(till)
    post_again(till)
    (new,) = [row["Id"] for row in till.ours("Bill")]
    linked = [row["AttachableRef"][0]["EntityRef"]["value"] for row in till.ours("Attachable")]
    assert new in linked


def test_a_file_whose_content_changed_at_the_source_is_attached_again(till):
    def attached():
        return [row["Size"] for row in till.books("Attachable") if row["FileName"] == "scan.pdf"]

    def show(content):
        till.shop.files["scan"] = content
        digest = hashlib.sha256(content).hexdigest()
        scan = Attachment(id="scan", name="scan.pdf", mime="application/pdf", sha256=digest)
        till.run(replace(bill(), attachments=(scan,)))
        till.run()

    show(b"%PDF-1.4 first")
    first = attached()
    assert len(first) == 1
    show(b"%PDF-1.4 second one")
    assert len(attached()) == 2
    assert till.posting("bill:1").state == "posted"
    show(b"%PDF-1.4 second one")
    assert len(attached()) == 2


def test_the_case_of_a_missing_document_and_the_tile_of_its_app_say_so(till):
    delete_in_quickbooks(till)
    with read_only_session() as session:
        case = session.query(Case).filter_by(closed_at=None).one()
    page = till.visitor.page(f"/inbox/{case.id}")
    about = page[page.index("Documents of this case") :]
    assert re.findall(r'class="state \w+">([^<]+)<', about) == ["Missing in QuickBooks"]
    home = till.visitor.page("/")
    assert re.findall(r"<strong>1</strong>([^<]+)</a>", home) == ["Missing in QuickBooks"]


@pytest.mark.parametrize("press", ["Post again", "Remove from QuickBooks"])
def test_only_an_operator_is_offered_what_changes_the_books(till, press):
    if press == "Post again":
        remove(till)
    here = f"/documents/{row_of().id}"
    assert press in till.visitor.page(here)
    with till.visitor.app.app_context():  # another person: the first is remembered by the context
        viewer = Visitor(till.visitor.app, Story(1, till.id))
        viewer.log_in("vera")
        assert press not in viewer.page(here)
        assert viewer.post(f"{here}/post-again").status_code == 403


# -- removing --------------------------------------------------------------------------------------


def test_a_document_can_be_removed_after_it_was_changed(till):
    till.run(bill("50.00"))
    assert [row["TotalAmt"] for row in till.ours("Bill")] == [50]
    remove(till)
    assert till.ours("Bill") == []


def test_an_invoice_and_its_payment_are_removed_together(open_till):
    till = open_till()
    till.run(invoice(number="S-1"))
    paid = document("payment", "payment:1", line("1", "100.00", pays="invoice:1"), total="100.00")
    till.run(document("payment", "payment:1", *paid.lines, total="100.00", client=CLIENT))
    with transaction() as session:
        session.query(Posting).filter(Posting.kind == "bill").update({"run_id": None})
        session.query(Posting).filter(Posting.kind != "bill").update({"run_id": 1})
    result = undo.plan_run(1)
    assert {removal.posting.kind for removal in result.removable} == {"invoice", "payment"}
    undo.undo(result, "kari")
    till.run()
    assert (till.ours("Invoice"), till.ours("Payment"), till.cases()) == ([], [], [])
