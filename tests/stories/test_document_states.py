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
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.every_kind_source import (
    CLIENT,
    SUPPLIER,
    ShopSite,
    document,
    invoice,
    line,
)

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
def open_shop(app, quickbooks, clock):
    """Return a function that opens a shop with one posted bill, and an operator at the pages."""

    def open_(**about):
        shop = ShopSite(app, quickbooks, clock, **about)
        with transaction() as session:
            add_people(session)
        shop.visitor = Visitor(app, Story(1, shop.id))
        shop.visitor.log_in("oda")
        shop.run(bill())
        return shop

    return open_


@pytest.fixture
def shop(open_shop):
    return open_shop(wants=REPORTED_STATES)


def bill(amount="42.00", id="bill:1"):
    body = line("1", amount, cost="Fuel")
    return document("bill", id, body, total=amount, supplier=SUPPLIER, number="B-1")


def row_of(source_id="bill:1"):
    with read_only_session() as session:
        return session.query(SourceDocument).filter_by(source_id=source_id).one()


def states(shop, source_id="bill:1"):
    """Return the state of a document as each place shows it, and the label of its page."""
    here = row_of(source_id)
    page = shop.visitor.page(f"/documents/{here.id}")
    listed = shop.visitor.page("/documents?kind=bill")
    head = page[page.index("<h1>") : page.index("At the source")]
    with read_only_session() as session:
        runs = [session.query(Installation).one()]
    run = runner.sync(shop.id, requested_by="kari")
    sent_states = summary.summarize_runs([run])["apps"]["shop"]
    counted = {name for name in summary.COUNT_NAMES[1:] if sent_states[name]}
    output = CliRunner().invoke(main, ["outbox", "--json"], obj=shop.visitor.app).stdout
    rows = [row for row in json.loads(output) if row["source_id"] == source_id]
    results = [
        name
        for name in ("posted", "missing", "removed", "withdrawn", "skipped", "held")
        if f"/documents/{here.id}" in shop.visitor.page(f"/documents?state={name}")
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


def sent_states(shop):
    """Return the states that the source was sent for its documents."""
    return [(id, state) for id, state in shop.source.receipts if ":" in id]


def everywhere(state):
    """Return what `states` returns when every place agrees."""
    label = WORDS[state]
    return {"page": label, "list": label, "filters": [state], "counts": [state], "json": [state]}


def remove(shop, source_id="bill:1"):
    """Remove the postings of a document on its page."""
    page = shop.visitor.page(f"/documents/{row_of(source_id).id}")
    here = re.search(r'href="(/undo/posting/\d+)"', page)[1]
    ticked = re.findall(r'name="posting"\s+value="(\d+)"', shop.visitor.page(here))
    shop.visitor.press(here, posting=ticked)
    shop.run()


def delete_in_quickbooks(shop):
    shop.quickbooks.act("delete", kind="Bill", id=shop.book("Bill", "bill:1")["Id"])
    runner.run_company_job("changes", 1, requested_by="kari")


def post_again(shop, source_id="bill:1"):
    here = row_of(source_id).id
    assert "Post again" in shop.visitor.page(f"/documents/{here}")
    page = shop.visitor.press(f"/documents/{here}/post-again")
    shop.run()
    return page


def creations(shop):
    return [entry for entry in shop.quickbooks.log.entries() if entry["call"] == "bill.create"]


# -- states ----------------------------------------------------------------------------------------


def test_a_change_that_was_taken_back_leaves_the_document_posted(shop):
    with transaction() as session:
        session.query(Installation).one().mode = "review"
    shop.run(bill("50.00"))
    shop.run(bill("42.00"))
    assert [posting.state for posting in postings()] == ["posted", "posted", "withdrawn"]
    assert states(shop) == everywhere("posted")


def postings():
    with read_only_session() as session:
        return session.query(Posting).order_by(Posting.id).all()


def test_a_document_removed_by_a_person_is_removed_everywhere_and_reported(shop):
    assert states(shop) == everywhere("posted")
    remove(shop)
    assert shop.ours("Bill") == []
    assert states(shop) == everywhere("removed")
    assert sent_states(shop) == [("bill:1", "posted"), ("bill:1", "missing")]


def test_a_source_that_does_not_want_missing_gets_held(open_shop):
    shop = open_shop(wants=("posted", "held"))
    remove(shop)
    assert sent_states(shop) == [("bill:1", "posted"), ("bill:1", "held")]


def test_a_document_deleted_in_quickbooks_is_missing_everywhere(shop):
    delete_in_quickbooks(shop)
    assert states(shop) == everywhere("missing")


def test_a_document_removed_by_its_source_is_not_reported(open_shop):
    shop = open_shop(wants=REPORTED_STATES, gone="delete")
    shop.run(Gone(source_id="bill:1"))
    assert states(shop) == everywhere("removed")
    assert sent_states(shop) == [("bill:1", "posted")]
    assert "Post again" not in shop.visitor.page(f"/documents/{row_of().id}")


def test_a_voided_document_is_removed(open_shop):
    shop = open_shop(gone="void")
    shop.run(invoice(number="S-1"))
    shop.run(Gone(source_id="invoice:1"))
    here = row_of("invoice:1").id
    assert f"/documents/{here}" in shop.visitor.page("/documents?state=removed")


# -- post again ------------------------------------------------------------------------------------


def test_a_paused_app_does_not_promise_to_post_it_again_now(shop):
    remove(shop)
    with transaction() as session:
        session.get_one(Installation, shop.id).mode = "paused"
    page = shop.visitor.press(f"/documents/{row_of().id}/post-again")
    assert "It is posted again once the app is no longer paused" in page


def test_nothing_is_deleted_by_the_wish_to_post_it_again(shop):
    shop.run(Gone(source_id="bill:1", reason="Deleted."))
    removal = shop.posting("bill:1")
    assert (removal.operation, removal.held_by) == ("delete", "person")
    page = shop.visitor.press(f"/documents/{row_of().id}/post-again")
    shop.run()
    assert "is held; there is nothing to try again." in page
    assert len(shop.ours("Bill")) == 1


@pytest.mark.proof(small=2)
@pytest.mark.parametrize("leave", [remove, delete_in_quickbooks])
@pytest.mark.parametrize("changed", [False, True])
def test_a_document_that_left_quickbooks_is_posted_again_with_the_current_content(
    shop, leave, changed
):
    if changed:
        shop.run(bill("50.00"))
    leave(shop)
    calls = len(shop.quickbooks.log.entries())
    assert "The hub searches QuickBooks for it and then posts it again" in post_again(shop)
    later_calls = [row["call"] for row in shop.quickbooks.log.entries()[calls:]]
    assert later_calls.index("query.bill") < later_calls.index("bill.create")
    assert [row["TotalAmt"] for row in shop.ours("Bill")] == [50 if changed else 42]
    assert states(shop) == everywhere("posted")
    assert shop.cases() == []
    newest = shop.posting("bill:1")
    assert (newest.operation, newest.generation, newest.approved_by) == ("create", 1, "oda")
    assert sent_states(shop)[-1] == ("bill:1", "posted")
    result = reconcile(1)
    assert (result.documents, result.troubles) == (1, 0)
    shop.run(bill("60.00"))
    assert [row["TotalAmt"] for row in shop.ours("Bill")] == [60]
    assert len(creations(shop)) == 2


def test_a_document_posted_again_is_watched_and_can_be_removed_again(shop):
    remove(shop)
    post_again(shop)
    delete_in_quickbooks(shop)
    assert shop.cases() == ["Missing in QuickBooks"]
    post_again(shop)
    assert (states(shop), shop.cases()) == (everywhere("posted"), [])
    remove(shop)
    assert (states(shop), shop.ours("Bill")) == (everywhere("removed"), [])


def test_a_transaction_that_appears_in_quickbooks_meanwhile_is_adopted(shop):
    remove(shop)
    body = json.loads(postings()[1].payload)
    put_back = shop.quickbooks.act("create", kind="Bill", set=body)
    post_again(shop)
    assert shop.posting("bill:1").quickbooks_id == put_back["Id"]
    assert len(shop.ours("Bill")) == 1


def test_the_command_posts_again_and_says_what_it_does_not(shop):
    call = CliRunner().invoke
    id = postings()[1].id
    refused = call(main, ["retry", str(id)], obj=shop.visitor.app)
    assert (refused.exit_code, "is in QuickBooks" in refused.stderr) == (1, True)
    remove(shop)
    listed = call(main, ["outbox", "--state", "removed"], obj=shop.visitor.app).stdout
    assert ("B-1" in listed, "removed" in listed) == (True, True)
    assert (
        call(main, ["retry", str(shop.posting("bill:1").id)], obj=shop.visitor.app).exit_code == 0
    )
    shop.run()
    assert states(shop) == everywhere("posted")


def test_a_document_that_its_source_no_longer_has_is_not_posted_again(open_shop):
    shop = open_shop(gone="delete")
    shop.run(Gone(source_id="bill:1"))
    with pytest.raises(NotNow, match="no longer wanted by its source"):
        retries.retry(shop.posting("bill:1").id, "kari")


def test_a_document_skipped_after_its_deletion_can_be_posted_again(shop):
    delete_in_quickbooks(shop)
    manual.skip(postings()[1].id, "entered by mistake", "kari")
    assert shop.run()["bill:1"] == "skipped"
    shop.run(bill("50.00"))
    assert shop.ours("Bill") == []
    retries.retry(postings()[1].id, "kari")
    shop.run()
    assert [row["TotalAmt"] for row in shop.ours("Bill")] == [50]


def test_a_changed_document_that_is_missing_can_be_left_out(shop):
    shop.run(bill("50.00"))
    delete_in_quickbooks(shop)
    assert shop.posting("bill:1").operation == "update"
    manual.skip(shop.posting("bill:1").id, "entered by mistake", "kari")
    assert (states(shop), shop.cases()) == (everywhere("skipped"), [])


def test_a_document_skipped_while_it_was_to_be_posted_again_stays_out(shop):
    remove(shop)
    shop.put(
        document(
            "bill", "bill:1", line("1", "42.00", cost="Nosuch"), total="42.00", supplier=SUPPLIER
        )
    )
    retries.retry(shop.posting("bill:1").id, "kari")
    shop.run()
    assert shop.posting("bill:1").state == "held"
    manual.skip(shop.posting("bill:1").id, "not needed", "kari")
    shop.run(bill())
    assert (shop.ours("Bill"), states(shop)) == ([], everywhere("removed"))


def test_a_change_during_a_removal_is_offered_and_not_posted(shop):
    page = shop.visitor.page(f"/documents/{row_of().id}")
    here = re.search(r'href="(/undo/posting/\d+)"', page)[1]
    shop.visitor.press(here, posting=[postings()[1].id])
    shop.run(bill("50.00"))
    assert shop.ours("Bill") == []
    shop.run()
    assert shop.ours("Bill") == []
    assert "It was removed from QuickBooks, and the source wants it again." in shop.reasons()[0]
    retries.retry(shop.posting("bill:1").id, "kari")
    shop.run()
    assert [row["TotalAmt"] for row in shop.ours("Bill")] == [50]


def test_files_follow_what_is_posted_again(shop):
    shop.source.files = {"scan": b"%PDF-1.4 scan"}
    scan = Attachment(id="scan", name="scan.pdf", mime="application/pdf")
    shop.run(replace(bill("42.00"), attachments=(scan,)))
    assert len(shop.ours("Attachable")) == 1
    remove(shop)
    post_again(shop)
    (new,) = [row["Id"] for row in shop.ours("Bill")]
    linked = [row["AttachableRef"][0]["EntityRef"]["value"] for row in shop.ours("Attachable")]
    assert new in linked


def test_a_file_whose_content_changed_at_the_source_is_attached_again(shop):
    def attached():
        return [row["Size"] for row in shop.books("Attachable") if row["FileName"] == "scan.pdf"]

    def show(content):
        shop.source.files["scan"] = content
        digest = hashlib.sha256(content).hexdigest()
        scan = Attachment(id="scan", name="scan.pdf", mime="application/pdf", sha256=digest)
        shop.run(replace(bill(), attachments=(scan,)))
        shop.run()

    show(b"%PDF-1.4 first")
    first = attached()
    assert len(first) == 1
    show(b"%PDF-1.4 second one")
    assert len(attached()) == 2
    assert shop.posting("bill:1").state == "posted"
    show(b"%PDF-1.4 second one")
    assert len(attached()) == 2


def test_a_file_whose_hash_has_a_wrong_form_is_held_and_not_fetched_again(shop):
    shop.source.files["scan"] = b"%PDF-1.4 first"
    scan = Attachment(id="scan", name="scan.pdf", mime="application/pdf", sha256="bm90IGhleA==")
    for _ in range(2):
        shop.run(replace(bill(), attachments=(scan,)), wait=True)
        (reason,) = shop.reasons()
        assert "“bm90IGhleA==” as the SHA-256 of scan.pdf" in reason
    right = replace(scan, sha256=hashlib.sha256(b"%PDF-1.4 first").hexdigest())
    for file in (right, scan):
        shop.run(replace(bill(), attachments=(file,)), wait=True)
        assert (len(shop.ours("Attachable")), shop.reasons()) == (1, [])


def test_the_case_and_the_tile_name_the_state_of_a_document_missing_in_quickbooks(shop):
    delete_in_quickbooks(shop)
    with read_only_session() as session:
        case = session.query(Case).filter_by(closed_at=None).one()
    page = shop.visitor.page(f"/inbox/{case.id}")
    about = page[page.index("Documents of this case") :]
    assert re.findall(r'class="state \w+">([^<]+)<', about) == ["Missing in QuickBooks"]
    home = shop.visitor.page("/")
    assert re.findall(r"<strong>1</strong>(\w[^<]*)<", home) == ["Missing in QuickBooks"]


@pytest.mark.parametrize("press", ["Post again", "Remove from QuickBooks"])
def test_only_an_operator_is_offered_what_changes_the_books(shop, press):
    if press == "Post again":
        remove(shop)
    here = f"/documents/{row_of().id}"
    assert press in shop.visitor.page(here)
    with shop.visitor.app.app_context():  # another person: the first is remembered by the context
        viewer = Visitor(shop.visitor.app, Story(1, shop.id))
        viewer.log_in("vera")
        assert press not in viewer.page(here)
        assert viewer.post(f"{here}/post-again").status_code == 403


# -- removing --------------------------------------------------------------------------------------


def test_a_document_can_be_removed_after_it_was_changed(shop):
    shop.run(bill("50.00"))
    assert [row["TotalAmt"] for row in shop.ours("Bill")] == [50]
    remove(shop)
    assert shop.ours("Bill") == []


def test_an_invoice_and_its_payment_are_removed_together(open_shop):
    shop = open_shop()
    shop.run(invoice(number="S-1"))
    paid = document("payment", "payment:1", line("1", "100.00", pays="invoice:1"), total="100.00")
    shop.run(document("payment", "payment:1", *paid.lines, total="100.00", client=CLIENT))
    with transaction() as session:
        session.query(Posting).filter(Posting.kind == "bill").update({"run_id": None})
        session.query(Posting).filter(Posting.kind != "bill").update({"run_id": 1})
    result = undo.plan_run(1)
    assert {removal.posting.kind for removal in result.removable} == {"invoice", "payment"}
    undo.undo(result, "kari")
    shop.run()
    assert (shop.ours("Invoice"), shop.ours("Payment"), shop.cases()) == ([], [], [])
