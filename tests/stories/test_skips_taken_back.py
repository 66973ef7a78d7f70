"""A person takes back the decision to skip a document, a change of it, or a file."""

import re
from dataclasses import replace

import pytest

from hub import Attachment, Gone, Retry
from hub.db.engine import transaction
from hub.models import Installation
from hub.posting.actions import manual, retries, undo
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.every_kind_source import (
    CLIENT,
    PRODUCT,
    SUPPLIER,
    ShopSite,
    document,
    invoice,
    line,
)

BUTTON = re.compile(r'action="(/postings/\d+/take-back-skip)"')


@pytest.fixture
def app(app_with_pages):
    return app_with_pages


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop without documents, with an operator at the pages."""
    shop = open_shop(app, quickbooks, clock)
    shop.visitor.log_in("oda")
    return shop


def open_shop(app, quickbooks, clock):
    """Return a shop without documents, and a visitor who has not logged in."""
    shop = ShopSite(app, quickbooks, clock)
    with transaction() as session:
        add_people(session)
    shop.visitor = Visitor(app, Story(1, shop.id))
    return shop


def bill(amount="10.00", cost="Fuel", **more):
    row = line("1", amount, cost=cost)
    return document("bill", "bill:1", row, total=amount, supplier=SUPPLIER, **more)


def skip(shop):
    posting = shop.posting("bill:1")
    manual.skip(posting.id, "Entered by hand", "kari")
    return posting


def find_buttons(shop):
    page = shop.visitor.page(f"/documents/{shop.posting('bill:1').document_id}")
    return BUTTON.findall(page)


def take_back(shop):
    """Press the only button, run, and return the message of the page."""
    [address] = find_buttons(shop)
    page = shop.visitor.press(address)
    shop.run()
    return page


def decisions(shop):
    """Return what people did to the document, as its page tells it."""
    page = shop.visitor.page(f"/documents/{shop.posting('bill:1').document_id}")
    history = page.partition('<ol class="timeline">')[2].partition("</ol>")[0]
    events = re.findall(r"</time>([^<]+)(?:<div[^>]*>([^<]+)</div>)?", " ".join(history.split()))
    texts = [": ".join(filter(None, map(str.strip, event))) for event in events]
    return [text for text in texts if text.endswith((" it", " the skip")) or " it: " in text]


def totals(shop):
    return [row["TotalAmt"] for row in shop.ours("Bill")]


def test_a_skipped_document_is_posted_after_all_as_its_source_has_it_now(shop):
    shop.run(bill(cost="Nosuch"))
    skip(shop)
    shop.run(bill("12.00"))
    assert (totals(shop), len(find_buttons(shop))) == ([], 1)
    message = "A run reads it again and then posts it, unless it needs an approval."
    assert f"It is no longer skipped. {message}" in take_back(shop)
    assert (totals(shop), shop.cases(), find_buttons(shop)) == ([12], [], [])
    assert "oda took back the skip" in shop.visitor.page("/documents/1")


def test_what_stopped_it_opens_its_case_again(shop):
    shop.run(bill(cost="Nosuch"))
    cases = shop.cases()
    skip(shop)
    assert shop.cases() == []
    take_back(shop)
    assert (totals(shop), shop.cases(), shop.states()["bill:1"]) == ([], cases, "held")


def test_a_skipped_change_is_sent_after_all(shop):
    shop.run(bill("10.00"))
    shop.quickbooks.add_fault("refusal", "bill.update", code="6000")
    shop.run(bill("20.00"))
    skip(shop)
    assert totals(shop) == [10]
    take_back(shop)
    assert (totals(shop), shop.cases()) == ([20], [])


def test_a_change_with_a_later_one_posted_stays_skipped(shop):
    shop.run(bill("10.00"))
    shop.quickbooks.add_fault("refusal", "bill.update", code="6000")
    shop.run(bill("20.00"))
    skipped = skip(shop)
    shop.run(bill("30.00"))
    assert (totals(shop), find_buttons(shop)) == ([30], [])
    page = shop.visitor.press(f"/postings/{skipped.id}/take-back-skip")
    assert "there is nothing to try again" in page
    assert totals(shop) == [30]


def test_a_skipped_file_is_attached_after_all(shop):
    shop.source.files = {"1": b"%PDF-1.4 first", "2": None}
    shop.quickbooks.add_fault("refusal", "upload", code="6000")
    shop.run(
        replace(bill(), attachments=(Attachment(id="1", name="a.pdf", mime="application/pdf"),))
    )
    file = shop.posting("bill:1")
    assert (file.operation, file.state) == ("attach", "held")
    skip(shop)
    take_back(shop)
    assert shop.posting("bill:1").state == "posted"
    assert len(shop.books("Attachable")) == 1


def test_a_document_that_left_quickbooks_and_was_skipped_is_posted_again(shop, quickbooks, clock):
    shop.run(bill())
    undo.undo(undo.plan_posting(shop.posting("bill:1").id), "kari")
    shop.quickbooks.add_fault("refusal", "bill.delete", code="6000")
    shop.run()
    skip(shop)  # the removal, so that the document stays
    assert (totals(shop), find_buttons(shop)) == ([10], [])


def test_what_the_source_no_longer_has_stays_skipped(shop):
    shop.run(bill(cost="Nosuch"))
    skip(shop)
    shop.run(Gone(source_id="bill:1"))
    assert find_buttons(shop) == []


def test_a_viewer_has_no_button(app, quickbooks, clock):
    shop = open_shop(app, quickbooks, clock)
    shop.visitor.log_in("vera")
    shop.run(bill(cost="Nosuch"))
    skip(shop)
    assert find_buttons(shop) == []


@pytest.mark.parametrize("requestid", ["replay", "ignore"])
def test_a_skipped_document_that_may_have_arrived_is_asked_about_again(shop, requestid):
    shop.quickbooks.switch(requestid=requestid)
    shop.quickbooks.add_fault("lose_answer", "bill.create")
    shop.run(bill("10.00"))
    [arrived] = shop.books("Bill")
    shop.quickbooks.act("edit", kind="Bill", id=arrived["Id"], set={"PrivateNote": "Paid by card"})
    shop.run(wait=True)
    assert shop.cases() == ["Is it this document?"]
    skip(shop)
    take_back(shop)
    shop.run(wait=True)
    assert (len(shop.books("Bill")), shop.cases()) == (1, ["Is it this document?"])
    manual.adopt(shop.posting("bill:1").id, arrived["Id"], "kari")
    shop.run(wait=True)
    assert (len(shop.books("Bill")), shop.cases(), shop.states()["bill:1"]) == (1, [], "posted")


def test_the_skip_of_all_documents_of_a_case_is_taken_back(shop):
    more = document(
        "bill", "bill:2", line("1", "7.00", cost="Nosuch"), total="7.00", supplier=SUPPLIER
    )
    shop.run(bill(cost="Nosuch"), more)
    cases = shop.cases()
    assert len(cases) == 1
    assert "/take-back-skips" not in shop.visitor.page("/inbox/1")
    shop.visitor.press("/inbox/bulk/", act="skip", case=[1], text="Entered by hand")
    assert (shop.cases(), shop.states()) == ([], {"bill:1": "skipped", "bill:2": "skipped"})
    shop.run(bill("12.00"))
    page = shop.visitor.page("/inbox/1")
    assert 'action="/inbox/1/take-back-skips"' in page
    page = shop.visitor.press("/inbox/1/take-back-skips")
    assert (
        "2 documents are no longer skipped. A run reads them again and then posts those that need"
        " no approval." in page
    )
    assert 'action="/inbox/1/take-back-skips"' not in page
    shop.run()
    assert (totals(shop), shop.cases()) == ([12], cases)
    assert (shop.states()["bill:1"], shop.states()["bill:2"]) == ("posted", "held")
    again = shop.visitor.press("/inbox/1/take-back-skips")
    assert "Nothing of this case is skipped any more." in again


@pytest.mark.parametrize(
    ("mode", "next_step"),
    [
        ("review", "A run reads it again and then posts it, unless it needs an approval."),
        ("paused", "It is posted once the app is enabled and not paused."),
    ],
)
def test_the_skip_of_the_only_document_of_a_case_is_taken_back(shop, mode, next_step):
    shop.run(bill(cost="Nosuch"))
    shop.visitor.press("/inbox/bulk/", act="skip", case=[1], text="Entered by hand")
    shop.run(bill("12.00"))
    with transaction() as session:
        session.get_one(Installation, shop.id).mode = mode
    page = shop.visitor.press("/inbox/1/take-back-skips")
    assert f"1 document is no longer skipped. {next_step}" in page
    if mode == "review":
        shop.run()
        assert shop.states()["bill:1"] == "review"


def test_the_history_keeps_the_skip_with_its_reason(shop):
    shop.run(bill(cost="Nosuch"))
    skip(shop)
    assert decisions(shop) == ["kari skipped it: Entered by hand"]
    take_back(shop)
    assert decisions(shop) == ["kari skipped it: Entered by hand", "oda took back the skip"]


@pytest.mark.parametrize("take_back_skip", [retries.take_back_skip, retries.retry])
def test_a_skipped_payment_waits_for_its_invoice_again(shop, take_back_skip):
    waiting = skip_waiting_payment(shop)
    take_back_skip(waiting.id, "kari")
    assert (shop.run()["payment:1"], shop.ours("Payment")) == ("waiting", [])
    assert shop.posting("payment:1").reason == waiting.reason


def test_a_skipped_payment_is_not_sent_while_its_source_is_down(shop):
    waiting = skip_waiting_payment(shop)
    retries.take_back_skip(waiting.id, "kari")
    items, shop.source.items = shop.source.items, SourceThatIsDown()
    assert (shop.run()["payment:1"], shop.ours("Payment")) == ("waiting", [])
    shop.source.items = items
    shop.run(invoice(amount="60.00"))
    assert shop.run()["payment:1"] == "posted"
    assert [row["TotalAmt"] for row in shop.ours("Payment")] == [45]


def skip_waiting_payment(shop):
    """Skip a payment that waits for its invoice, and return its posting as it was before.

    Without the invoice it would be another payment.
    """
    credit = line("1", "60.00", product=PRODUCT)
    shop.run(document("credit_memo", "credit_memo:1", credit, client=CLIENT))
    lines = [
        line("1", "60.00", pays="invoice:1"),
        line("2", "-15.00", pays="credit_memo:1"),
    ]
    shop.run(document("payment", "payment:1", *lines, client=CLIENT))
    waiting = shop.posting("payment:1")
    manual.skip(waiting.id, "Entered by hand", "kari")
    return waiting


class SourceThatIsDown(dict):
    """The documents of a source that answers no request."""

    def __contains__(self, source_id):
        raise Retry("The source is down.")

    def values(self):
        raise Retry("The source is down.")
