"""The preview: exactly what was approved is posted."""

import base64
import datetime as dt
import json
import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from hub.db import engine
from hub.models import AuditEntry, ConnectedCompany, Installation, Posting, Run, SourceDocument
from hub.models.enums import ConnectionState
from hub.outbox import compute_fingerprint
from hub.web.frame import kind_labels, listed_rows
from tests.support.pages.list_pages import queries_of
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.review_pages import add_in_review
from tests.support.rows.page_rows import add_document, add_posting, bill
from tests.support.runs.tiers import SAME_EXAMPLES


def _here(visitor: Visitor) -> str:
    return f"/installations/{visitor.story.installation}/review/"


def _bill(visitor: Visitor, name: str) -> str:
    return f"/postings/{visitor.story.postings[name]}/review"


def _row(page: str, name: str) -> str:
    """Return the row of a document in the list."""
    return next(row for row in page.split("<tr")[1:] if name in row)


def _listed(page: str) -> str:
    match = re.search(r'name="listed" value="([^"]+)"', page)
    assert match, page
    return match[1]


def _seal(visitor: Visitor, name: str) -> str:
    posting = visitor.row(Posting, visitor.story.postings[name])
    return listed_rows.format_pair(posting.id, posting.planned)


def _state(visitor: Visitor, name: str) -> str:
    return str(visitor.row(Posting, visitor.story.postings[name]).state)


def _change(visitor: Visitor, name: str) -> None:
    """Change a document at the source, so that it is planned again."""
    with visitor.app.app_context(), engine.transaction() as session:
        posting = session.get_one(Posting, visitor.story.postings[name])
        posting.payload = b'{"DocNumber": "other"}'
        posting.planned = compute_fingerprint(posting.payload)


@pytest.mark.row("CT-S27")
def test_a_bill_is_readable_with_names_instead_of_ids(operator: Visitor) -> None:
    page = operator.page(_bill(operator, "review"))
    for text in (
        "2400 Leverandørgjeld",
        "4300 Innkjøp varer",
        "Nybygg",
        "Solbakken borettslag:Tak",
        "1,324.50",
    ):
        assert text in page
    assert "&#34;DocNumber&#34;: &#34;F-20262&#34;" in page


def test_a_change_shows_what_differs_from_what_was_posted(operator: Visitor) -> None:
    row = _row(operator.page(_here(operator)), "F-20280")
    assert "Change" in row
    assert ">: Line 1<" in row
    page = operator.page(_bill(operator, "changed"))
    assert "posted last, because QuickBooks could not be read: " in page
    differences = page.partition('id="differences"')[2]
    assert "Trelast 48x198, 12 meter" in differences
    assert differences.count('class="differs"') == 1


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        ({"mode": "paused"}, "nothing is posted until its mode is automatic or review."),
        ({"enabled": False}, "The app is disabled, so nothing is posted until it is enabled."),
    ],
)
def test_an_approval_for_an_app_at_rest_does_not_promise_to_post(
    operator: Visitor, rest: dict[str, Any], text: str
) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, operator.story.installation)
        for name, value in rest.items():
            setattr(installation, name, value)
        runs = session.query(Run).count()
    page = operator.approve(operator.story.installation)
    assert text in page
    assert "Posting now" not in page
    assert _state(operator, "review") == "ready"
    with operator.app.app_context(), engine.read_only_session() as session:
        assert session.query(Run).count() == runs


def test_only_what_was_selected_is_approved(operator: Visitor) -> None:
    page = operator.approve(
        operator.story.installation, "selected", selected=_seal(operator, "review")
    )
    assert "Approved 1 bill. Posting now." in page
    posting = operator.row(Posting, operator.story.postings["review"])
    assert (posting.state, posting.approved_by, posting.approved_payload) == (
        "ready",
        "oda",
        compute_fingerprint(posting.payload),
    )
    assert _state(operator, "changed") == "review"
    assert operator.row(AuditEntry, 2).what == "posting approved"


def test_postings_to_approve_are_listed_first_with_their_sum(operator: Visitor) -> None:
    page = operator.page(f"{_here(operator)}approve?which=all")
    assert 'Approve 2 bills · <span class="sum">3,315.00 NOK</span>?' in page
    assert "F-20262" in page
    assert "F-20280" in page
    assert "Approve 2 · 3,315.00 NOK</button>" in page
    assert [_state(operator, name) for name in ("review", "changed")] == ["review", "review"]


def test_documents_of_several_kinds_are_approved_as_documents(operator: Visitor) -> None:
    add_in_review(operator, 1, kind="vendor_credit")
    page = operator.page(f"{_here(operator)}approve?which=all")
    assert "Approve 3 documents · " in page


def test_the_list_sums_up_what_waits_by_account_and_party(operator: Visitor) -> None:
    page = operator.page(_here(operator))
    confirmation = operator.page(f"{_here(operator)}approve?which=all")
    for title in ("By account", "By party"):
        [list_table, confirmation_table] = [
            text.partition(f">{title}</h2>")[2] for text in (page, confirmation)
        ]
        rows = [
            text.partition("</tbody>")[0].partition("<tbody>")[2]
            for text in (list_table, confirmation_table)
        ]
        assert rows[0] == rows[1] != ""


def test_a_party_that_is_only_created_has_the_name_of_its_source_in_the_sums(
    operator: Visitor,
) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        posting = session.get_one(Posting, operator.story.postings["review"])
        body = json.loads(posting.payload)
        body["VendorRef"] = {"value": "@7"}
        posting.payload = json.dumps(body).encode()
        party = posting.document.party
    parties = unescape(operator.page(_here(operator))).partition(">By party</h2>")[2]
    assert party in parties
    assert "created in QuickBooks first" not in parties


def test_a_bill_names_the_supplier_that_is_created_before_it(operator: Visitor) -> None:
    [supplier_id] = add_in_review(
        operator, 1, kind="vendor", payload=b'{"DisplayName": "Ny Grus & Pukk"}'
    )
    with operator.app.app_context(), engine.transaction() as session:
        posting = session.get_one(Posting, operator.story.postings["review"])
        body = json.loads(posting.payload)
        body["VendorRef"] = {"value": f"@posting:{supplier_id}"}
        posting.payload = json.dumps(body).encode()
    page = unescape(operator.page(_bill(operator, "review")))
    assert "<dt>Supplier</dt><dd>Ny Grus & Pukk</dd>" in page
    assert "created in QuickBooks first" not in page


@pytest.mark.parametrize("invoice_is_posted", [False, True])
def test_a_payment_names_its_invoice_by_the_number_that_people_see(
    operator: Visitor, invoice_is_posted: bool
) -> None:
    [invoice_id] = add_in_review(operator, 1, kind="invoice")
    with operator.app.app_context(), engine.transaction() as session:
        invoice = session.get_one(Posting, invoice_id)
        invoice.document.number = "INV-1042"
        link = {"TxnId": f"@posting:{invoice_id}", "TxnType": "Invoice"}
        if invoice_is_posted:
            invoice.quickbooks_id = link["TxnId"] = "7731"
        posting = session.get_one(Posting, operator.story.postings["review"])
        posting.payload = json.dumps({"Line": [{"Amount": "5", "LinkedTxn": [link]}]}).encode()
    page = operator.page(_bill(operator, "review"))
    assert "<td>Invoice INV-1042</td>" in page
    assert "7731" not in page.partition("Invoice INV-1042")[2].partition("</table>")[0]


def test_payments_are_summed_up_by_the_account_of_the_money(operator: Visitor) -> None:
    """Their lines name the transactions that they pay, each of which would be a row."""
    ids = add_in_review(operator, 2, kind="payment")
    with operator.app.app_context(), engine.transaction() as session:
        for id in ids:
            posting = session.get_one(Posting, id)
            invoice = {"TxnId": id, "TxnType": "Invoice"}
            payment = {"Line": [{"Amount": str(posting.total), "LinkedTxn": [invoice]}]}
            if id == ids[0]:
                payment["DepositToAccountRef"] = {"value": "1", "name": "Brukskonto"}
            posting.payload = json.dumps(payment).encode()
        totals = [session.get_one(Posting, id).total for id in ids]
    page = operator.page(f"{_here(operator)}approve?which=all")
    table = unescape(page.partition("Sums by account")[2].partition("</table>")[0])
    rows = dict(re.findall(r'fw-normal[^"]*">([^<]+)</th>\s*<td class="amount">(\S+) NOK', table))
    assert rows["Brukskonto"] == f"{totals[0]:,.2f}"
    assert rows["Payments"] == f"{totals[1]:,.2f}"
    assert "Invoice" not in table


def test_postings_to_approve_show_date_and_due_date(operator: Visitor) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        document = session.get_one(SourceDocument, operator.story.documents["review"])
        document.date, document.due = dt.date(2026, 3, 1), dt.date(2026, 4, 17)
    row = _row(operator.page(f"{_here(operator)}approve?which=all"), "F-20262")
    assert row.index("01 Mar 2026") < row.index("17 Apr 2026")


def test_a_vendor_credit_in_review_shows_the_due_date_of_its_source(operator: Visitor) -> None:
    [credit_id] = add_in_review(operator, 1, kind="vendor_credit", payload=b'{"TotalAmt": 5}')
    with operator.app.app_context(), engine.transaction() as session:
        document = session.get_one(Posting, credit_id).document
        document.due = dt.date(2026, 4, 18)
        number = document.number
    assert "18 Apr 2026" in _row(operator.page(_here(operator)), number)


def test_a_posting_that_is_newer_than_the_list_is_not_approved(operator: Visitor) -> None:
    page = operator.page(f"{_here(operator)}approve?which=all")
    later = add_in_review(operator, 1)
    match = re.search(r'name="listed" value="([^"]+)"', page)
    assert match
    assert "Approved 2 bills" in operator.press(f"{_here(operator)}approve", listed=match[1])
    assert operator.row(Posting, later[0]).state == "review"


@pytest.mark.parametrize("which", ["selected", "shown", "all"])
def test_a_posting_that_changed_since_it_was_listed_stays_in_review(
    operator: Visitor, which: str
) -> None:
    seals = [_seal(operator, name) for name in ("review", "changed")]
    listed = listed_rows.encode(listed_rows.parse_ticked(seals))
    query = {"which": which, "selected": seals, "shown": listed}
    form_page = operator.get(f"{_here(operator)}approve", query_string=query).text
    _change(operator, "review")
    match = re.search(r'name="listed" value="([^"]+)"', form_page)
    assert match
    page = operator.press(f"{_here(operator)}approve", listed=match[1])
    assert "Approved 1 bill." in page
    assert "1 document changed since it was listed and stays in review." in page
    assert (_state(operator, "review"), _state(operator, "changed")) == ("review", "ready")


def test_a_posting_approved_in_another_window_is_not_said_to_stay_in_review(
    operator: Visitor,
) -> None:
    here = f"{_here(operator)}approve"
    pages = [operator.page(f"{here}?which=all") for window in range(2)]
    seal = _seal(operator, "review")
    assert "Approved 2 bills" in operator.press(here, listed=_listed(pages[0]))
    page = operator.press(here, listed=_listed(pages[1]))
    assert "2 documents are no longer in review: they were approved or changed meanwhile." in page
    assert "stay in review" not in page
    new = operator.row(Posting, add_in_review(operator, 1)[0])
    query = {"which": "selected", "selected": [seal, listed_rows.format_pair(new.id, new.planned)]}
    page = operator.get(here, query_string=query).text
    assert "1 document is no longer in review: it was approved or changed meanwhile." in page
    assert "stays in review" not in page


def test_a_posting_that_changed_since_the_page_was_shown_is_not_listed(operator: Visitor) -> None:
    seals = [_seal(operator, name) for name in ("review", "changed")]
    _change(operator, "review")
    here = f"{_here(operator)}approve"
    listed = listed_rows.encode(listed_rows.parse_ticked(seals))
    page = operator.get(here, query_string={"which": "shown", "shown": listed}).text
    assert "Approve 1 bill ·" in page
    assert "1 document changed since the page was shown and stays in review." in page
    assert "F-20262" not in page


def test_of_many_pages_one_or_all_are_approved(operator: Visitor) -> None:
    added = add_in_review(operator, 60)
    page = operator.page(_here(operator))
    texts = re.findall(r'name="shown" value="([^"]+)"', page)
    assert "Select all 50 on this page" in page
    assert "Approve all 62 · " in page
    chosen = {"page": "1", "shown": texts, "selected": _seal(operator, "review")}
    listed = operator.get(f"{_here(operator)}approve", query_string=chosen).text
    assert "Approve 50 bills" in listed
    assert "Approved 50 bills" in operator.press(
        f"{_here(operator)}approve", listed=_listed(listed)
    )
    waiting_ids = [id for id in added if operator.row(Posting, id).state == "review"]
    assert len(waiting_ids) == 12
    assert "Approved 12 bills" in operator.approve(operator.story.installation)


PAIR = r'name="selected"\s+value="(\d+:[^"]+)"'
BOX_OF_OTHERS = r'name="selected"\s+value="([^":]+)"\s+checked'
TICKED = re.compile(PAIR + r"[^>]* checked")


def test_documents_that_were_ticked_on_another_page_stay_ticked(operator: Visitor) -> None:
    add_in_review(operator, 60)
    first = operator.page(_here(operator))
    assert 'data-carries="selected"' in first
    [following] = re.findall(r'rel="next" href="([^"]+)"', first)
    ticked = re.findall(PAIR, first)[:2]
    page = operator.page(f"{unescape(following)}&ticked={','.join(ticked)},x,1:y")
    assert TICKED.findall(page) == []
    assert ("2 selected on other pages" in page, "Approve 2 · " in page) == (True, True)
    [others], own = re.findall(BOX_OF_OTHERS, page), re.findall(PAIR, page)[0]
    for path in ("selection", ""):
        bar = operator.get(f"{_here(operator)}{path}", query_string={"selected": [own, others]})
        assert "Approve 3 · " in bar.text
    [previous] = re.findall(r'rel="prev" href="([^"]+)"', page)
    before = re.sub("ticked=[^&]*&?", "", unescape(previous))
    back = operator.get(f"{before}&ticked={own},{others}").text
    assert (TICKED.findall(back), "1 selected on another page" in back) == (ticked, True)

    query = {"which": "selected", "selected": [own, others]}
    confirmation = operator.get(f"{_here(operator)}approve", query_string=query).text
    assert "Approve 3 bills" in confirmation
    [left] = re.findall(r'href="([^"]+)">Back to review', confirmation)
    again = operator.page(unescape(left))
    assert (TICKED.findall(again), "1 selected on another page" in again) == (ticked, True)
    page = operator.press(f"{_here(operator)}approve", listed=_listed(confirmation))
    assert "Approved 3 bills" in page


def test_a_whole_page_and_rows_ticked_on_another_page_are_approved(operator: Visitor) -> None:
    add_in_review(operator, 60)
    first = operator.page(_here(operator))
    [following] = re.findall(r'rel="next" href="([^"]+)"', first)
    page = operator.page(f"{unescape(following)}&ticked={','.join(re.findall(PAIR, first))}")
    [others], [shown] = (
        re.findall(pattern, page) for pattern in (BOX_OF_OTHERS, r'name="shown" value="([^"]+)"')
    )
    chosen = {"page": "1", "shown": shown, "selected": others}
    confirmation = operator.get(f"{_here(operator)}approve", query_string=chosen).text
    assert "Approve 62 bills" in confirmation
    recounted = operator.get(_here(operator), query_string=chosen).text
    assert 'data-selects="selected"' in recounted
    assert "12 selected on other pages" in recounted


def test_a_document_that_changed_since_it_was_ticked_is_not_ticked(operator: Visitor) -> None:
    ticked = _seal(operator, "review")
    _change(operator, "review")
    page = operator.page(f"{_here(operator)}?ticked={ticked}")
    assert TICKED.findall(page) == []
    assert "Approve selected…" in page


def test_an_address_carries_a_limited_number_of_rows() -> None:
    seals = {id: f"{id:016x}" for id in range(1, 400)}
    ticked = listed_rows.split_ticked(seals, {1: seals[1] + "rest", 2: "other" * 8})
    assert ticked.on_page == {1: seals[1]}
    assert (len(ticked.elsewhere), ticked.is_full) == (300, True)
    assert len(ticked.box_value) < 4096
    assert listed_rows.parse_ticked([ticked.box_value]) == ticked.elsewhere


def test_the_sum_of_the_ticked_rows_is_in_the_button(operator: Visitor) -> None:
    here = _here(operator)
    assert "Approve selected…" in operator.page(here)
    seals = [_seal(operator, name) for name in ("review", "changed")]
    for path in ("selection", ""):  # what htmx gets, and the page after "Recount"
        page = operator.get(f"{here}{path}", query_string={"selected": seals}).text
        assert "Approve 2 · 3,315.00 NOK…</button>" in page
    assert len(re.findall(r'name="selected"[^>]* checked', page)) == 2
    _change(operator, "review")
    page = operator.get(f"{here}selection", query_string={"selected": seals}).text
    assert "Approve 1 · 1,990.50 NOK…</button>" in page


@pytest.mark.parametrize(
    ("limit", "values", "asks"),
    [
        (None, {}, True),
        ("1324.50", {}, False),
        ("1324.49", {}, True),
        ("5000", {"currency": "USD"}, True),
        ("5000", {"total": None}, True),
        ("5000", {"operation": "void"}, True),
    ],
)
def test_a_sum_within_the_limit_is_approved_without_a_second_question(
    operator: Visitor, limit: str | None, values: dict[str, Any], asks: bool
) -> None:
    id = operator.story.postings["review"]
    with operator.app.app_context(), engine.transaction() as session:
        amount = None if limit is None else Decimal(limit)
        session.get_one(Installation, operator.story.installation).second_approval_above = amount
        for name, value in values.items():
            setattr(session.get_one(Posting, id), name, value)
    seal = _seal(operator, "review")
    bar = operator.get(f"{_here(operator)}selection", query_string={"selected": seal}).text
    assert ('name="which" value="selected">Approve 1' in bar) == asks
    if not asks:
        assert "Approve 1 · 1,324.50 NOK</button>" in bar
        _change(operator, "changed")
        press = operator.press(f"{_here(operator)}approve", listed=_listed(bar))
        assert "Approved 1 bill." in press
    assert _state(operator, "review") == ("review" if asks else "ready")


def test_the_pages_of_the_list_lead_forward_in_the_order_of_the_list(operator: Visitor) -> None:
    add_in_review(operator, 60)
    page = operator.page(_here(operator))
    assert "in the order in which they came" in page
    [further] = re.findall(r'rel="next" href="([^"]+)">(Next) →', page)
    assert ">← Previous</a>" in operator.page(unescape(further[0]))


def test_the_sums_by_account_and_party_add_up(operator: Visitor) -> None:
    add_in_review(operator, 1, kind="vendor_credit", total=Decimal("100.00"))
    page = operator.page(f"{_here(operator)}approve?which=all")
    assert "4300 Innkjøp varer" in page
    assert "Tax and rounding" in page
    assert "Stål &#34;Nord&#34; AS" in page
    for name in ("account", "party"):
        table = page.partition(f"Sums by {name}")[2].partition("</table>")[0]
        amounts = re.findall(r'<td class="amount">(\S+) NOK</td>', table)
        numbers = [
            Decimal(text.replace(",", "").replace("\N{MINUS SIGN}", "-")) for text in amounts
        ]
        assert sum(numbers) == Decimal("3215.00"), name


def test_a_credit_has_the_same_sign_on_every_page(operator: Visitor) -> None:
    total = {"total": Decimal("74.52"), "currency": "EUR"}
    [posting_id] = add_in_review(
        operator, 1, kind="vendor_credit", posted_total=Decimal("74.52"), **total
    )
    with operator.app.app_context(), engine.transaction() as session:
        document = session.get_one(Posting, posting_id).document
        document.kind, document.total, document.currency = "vendor_credit", *total.values()
        document_id = document.id
    for path, count in (
        (_here(operator), 1),
        ("/documents", 1),
        (f"/postings/{posting_id}/review", 2),
        (f"{_here(operator)}approve?which=all", 1),
        (f"/documents/{document_id}", 3),
    ):
        page = re.sub(r"<[^>]+>", "", operator.page(path))
        assert page.count("\N{MINUS SIGN}74.52 EUR") >= count, path
        assert not re.search(r"(?<!\N{MINUS SIGN})74\.52 EUR", page), path


def test_held_and_skipped_documents_are_listed_with_their_sums(operator: Visitor) -> None:
    others = operator.page(_here(operator)).partition("Not in this list")[2]
    assert "<strong>1</strong>Held · 1,287.50 NOK" in others
    assert "<strong>1</strong>Skipped · 1,472.50 NOK" in others
    assert "Nothing in QuickBooks fits the supplier." in others


def test_held_and_skipped_documents_are_counted_as_in_the_list_that_the_number_leads_to(
    operator: Visitor,
) -> None:
    """A skipped change of a posted document is none, and a document with two parts is one."""
    app = operator.story.installation
    with operator.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, app)
        changed, _ = add_document(session, installation, "posted", 300)
        change = bill(changed.number, Decimal(9))
        add_posting(session, changed, "skipped", change, operation="update", requestid="change")
        split, _ = add_document(session, installation, "held", 301)
        part = bill(split.number, Decimal(100))
        add_posting(session, split, "held", part, part="b", requestid="part")
    others = operator.page(_here(operator)).partition("Not in this list")[2]
    for state, count in (("held", 2), ("skipped", 1)):
        link = f'href="/documents?installation={app}&state={state}"><strong>{count}</strong>'
        assert link in unescape(others), state
        listed = operator.page(f"/documents?installation={app}&state={state}")
        assert f"<strong>{count}</strong> document" in listed
    assert changed.number not in others


def test_a_document_is_held_or_skipped_only_if_none_of_its_parts_needs_more_attention(
    operator: Visitor,
) -> None:
    """The list has one state for each document, that of the part that needs most attention."""
    app = operator.story.installation
    with operator.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, app)
        for place, (first, second) in enumerate(
            (("posted", "skipped"), ("held", "skipped"), ("held", "unknown"))
        ):
            document, _ = add_document(session, installation, first, 310 + place)
            part = bill(document.number, Decimal(100))
            add_posting(session, document, second, part, part="b", requestid=f"part {place}")
    others = operator.page(_here(operator)).partition("Not in this list")[2]
    for state, count in (("held", 2), ("skipped", 1)):
        link = f'href="/documents?installation={app}&state={state}"><strong>{count}</strong>'
        assert link in unescape(others), state
        listed = operator.page(f"/documents?installation={app}&state={state}")
        assert f"<strong>{count}</strong> document" in listed


@pytest.mark.parametrize("path", ["", "approve?which=all"])
def test_the_number_of_queries_does_not_grow_with_the_documents(
    operator: Visitor, path: str
) -> None:
    few = queries_of(operator, _here(operator) + path)
    add_in_review(operator, 40)
    with operator.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, operator.story.installation)
        for place in range(300, 310):
            document, _ = add_document(session, installation, "posted", place)
            changed = bill(document.number, Decimal(9), place)
            add_posting(
                session, document, "review", changed, operation="update", requestid=f"u{place}"
            )
    assert queries_of(operator, _here(operator) + path) <= few


@pytest.mark.parametrize(
    ("currency", "more", "text"),
    [
        ("EUR", {"ExchangeRate": 11.4567}, "<dt>Exchange rate</dt><dd>11.4567</dd>"),
        ("EUR", {}, "<dt>Exchange rate</dt><dd>QuickBooks' own rate of that day</dd>"),
        ("NOK", {}, None),
    ],
)
def test_a_bill_says_at_which_rate_it_is_converted(
    operator: Visitor, currency: str, more: dict[str, Any], text: str | None
) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        posting = session.get_one(Posting, operator.story.postings["review"])
        posting.currency = currency
        body = {**json.loads(posting.payload), "CurrencyRef": {"value": currency}, **more}
        posting.payload = json.dumps(body).encode()
    page = operator.page(_bill(operator, "review"))
    assert ("Exchange rate" in page) == bool(text)
    assert text is None or text in page


def test_a_bill_leads_to_its_neighbours_and_to_its_document(operator: Visitor) -> None:
    first, second = (operator.story.postings[name] for name in ("review", "changed"))
    assert f'href="/postings/{second}/review"' in operator.page(_bill(operator, "review"))
    assert f'href="/postings/{first}/review"' in operator.page(_bill(operator, "changed"))
    operator.approve(operator.story.installation)
    answer = operator.get(_bill(operator, "review"))
    assert answer.location == f"/postings/{first}"


def test_138_bills_are_approved_with_their_sum_in_view_in_four_clicks(visitor: Visitor) -> None:
    visitor.enter("arne")
    add_in_review(visitor, 136)
    page = visitor.page(_here(visitor))  # the first click
    button = re.search(r'value="all">(Approve all 138 · [\d,.]+ NOK…)', page)
    assert button
    confirm = visitor.page(f"{_here(visitor)}approve?which=all")  # the second click
    total = button[1].partition(" · ")[2].rstrip("…")
    assert f"Approve 138 · {total}</button>" in confirm
    after = visitor.press(f"{_here(visitor)}approve", listed=_listed(confirm))  # the third click
    assert "Approved 138 bills. Posting now." in after


def test_more_than_a_page_can_list_is_reported_with_its_sum(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.postings.review.MAX_LISTED", 1)
    page = operator.page(f"{_here(operator)}approve?which=all")
    assert "and 1 more · 1,990.50 NOK" in page


def test_at_most_so_many_are_approved_at_once_as_a_form_can_carry(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.postings.review_rows.MAX_APPROVED", 1)
    page = operator.page(f"{_here(operator)}approve?which=all")
    assert "Approve 1 bill ·" in page
    assert "1 more stays in review." in page


def test_the_sum_subtracts_credits_leaves_out_removals_and_separates_currencies(
    operator: Visitor,
) -> None:
    add_in_review(operator, 1, kind="vendor_credit", total=Decimal("100.00"))
    add_in_review(operator, 1, operation="void", total=Decimal("900.00"))
    add_in_review(operator, 1, currency="USD", total=Decimal("12.00"))
    for path in ("", "approve?which=all"):
        listed = operator.page(f"{_here(operator)}{path}")
        assert "3,215.00 NOK, 12.00 USD" in listed
        assert '<td class="amount">\N{MINUS SIGN}100.00 NOK</td>' in listed
    page = operator.page(f"{_here(operator)}approve?which=all")
    assert "1 of them is removed from QuickBooks and not part of the sum." in page
    assert "Void in QuickBooks" in page


def test_approving_the_first_preview_leaves_the_mode_as_it_is(visitor: Visitor) -> None:
    visitor.enter("arne")
    page = visitor.approve(visitor.story.installation)
    row = visitor.row(Installation, visitor.story.installation)
    assert (row.mode, row.previewed_at is not None) == ("review", True)
    assert visitor.row(Run, max(visitor.story.runs.values()) + 1).kind == "post"
    assert "Nothing to approve" in page


def test_automatic_posting_is_offered_after_a_first_approval(visitor: Visitor) -> None:
    visitor.enter("arne")
    assert "Post automatically" not in visitor.page(_here(visitor))
    assert "Post automatically from now on?" in visitor.approve(visitor.story.installation)
    page = visitor.press(f"{_here(visitor)}automatic")
    assert "New documents are now posted automatically." in page
    assert "Post automatically" not in page
    assert visitor.row(Installation, visitor.story.installation).mode == "auto"
    assert visitor.row(AuditEntry, 4).what == "mode changed"


def test_automatic_posting_of_a_disconnected_company_starts_no_sync(visitor: Visitor) -> None:
    visitor.enter("arne")
    visitor.approve(visitor.story.installation)
    with visitor.app.app_context(), engine.transaction() as session:
        company = session.get_one(ConnectedCompany, visitor.story.company)
        company.state = ConnectionState.DISCONNECTED
        runs = session.query(Run).count()
    page = visitor.press(f"{_here(visitor)}automatic")
    assert "is disconnected, so nothing is read or posted." in page
    assert visitor.row(Installation, visitor.story.installation).mode == "auto"
    with visitor.app.app_context(), engine.read_only_session() as session:
        assert session.query(Run).count() == runs


def test_automatic_posting_is_not_switched_on_before_a_first_approval(visitor: Visitor) -> None:
    visitor.enter("arne")
    visitor.press(f"{_here(visitor)}automatic")
    assert visitor.row(Installation, visitor.story.installation).mode == "review"


def test_a_person_who_may_not_change_settings_cannot_switch_the_mode(operator: Visitor) -> None:
    assert "Post automatically" not in operator.approve(operator.story.installation)
    assert operator.post(f"{_here(operator)}automatic").status_code == 403
    operator.press(_here(operator), all="1", auto="1")
    assert operator.row(Installation, operator.story.installation).mode == "review"


def test_an_app_of_somebody_else_is_not_switched_by_another_app_owner(visitor: Visitor) -> None:
    visitor.enter("arne")
    visitor.approve(visitor.story.installation)
    with visitor.app.app_context(), engine.transaction() as session:
        session.get_one(Installation, visitor.story.installation).owner = "olga"
    assert visitor.post(f"{_here(visitor)}automatic").status_code == 403


def test_who_goes_back_after_approving_all_is_not_asked_to_select(operator: Visitor) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        session.execute(update(Posting).where(Posting.state == "review").values(state="posted"))
    page = operator.page(operator.get(f"{_here(operator)}approve?which=all").location)
    assert "Documents are listed here once a sync has read them" in page
    assert "Select at least one document." not in page


def test_a_disabled_app_offers_a_review_only_of_what_waits_there(visitor: Visitor) -> None:
    """Nothing new comes to be approved until it is enabled."""
    visitor.enter("arne")
    installation = visitor.story.installation
    address, review = f"/installations/{installation}/", _here(visitor)
    with visitor.app.app_context(), engine.transaction() as session:
        row = session.get_one(Installation, installation)
        row.mode, row.previewed_at = "review", row.created_at
    assert "Switch to automatic" in visitor.page(review)
    with visitor.app.app_context(), engine.transaction() as session:
        session.get_one(Installation, installation).enabled = False
    assert f'href="{review}"' in visitor.page(address)
    assert "Switch to automatic" not in visitor.page(review)
    with visitor.app.app_context(), engine.transaction() as session:
        session.execute(update(Posting).where(Posting.state == "review").values(state="posted"))
    assert review not in visitor.page(address)
    assert review not in visitor.page(f"{address}matching/")


def test_a_disabled_app_is_not_said_to_post(operator: Visitor) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        session.execute(update(Posting).where(Posting.state == "review").values(state="posted"))
        session.get_one(Installation, operator.story.installation).mode = "auto"
    assert "documents are posted without waiting" in operator.page(_here(operator))
    with operator.app.app_context(), engine.transaction() as session:
        session.get_one(Installation, operator.story.installation).enabled = False
    page = operator.page(_here(operator))
    assert "documents are posted without waiting" not in page
    assert "Nothing waits for approval." in page


@pytest.mark.parametrize("query", ["", "?which=selected", "?which=shown&shown=x", "?which=nothing"])
def test_an_approval_without_a_selection_is_refused(operator: Visitor, query: str) -> None:
    answer = operator.get(f"{_here(operator)}approve{query}")
    assert answer.status_code == 302
    assert "Select at least one document." in operator.page(answer.location)


@pytest.mark.parametrize("text", ["", "x", "AAAA", "_" * 40, "é"])
def test_a_form_that_lists_nothing_approves_nothing(operator: Visitor, text: str) -> None:
    operator.press(f"{_here(operator)}approve", listed=text)
    assert _state(operator, "review") == "review"


def test_a_viewer_may_look_but_not_approve(visitor: Visitor) -> None:
    visitor.enter("vera")
    assert "Approve all" not in visitor.page(_here(visitor))
    assert visitor.get(f"{_here(visitor)}approve?which=all").status_code == 403
    assert visitor.post(f"{_here(visitor)}approve", listed="x").status_code == 403


@settings(
    derandomize=SAME_EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine may stop for a second
)
@given(st.dictionaries(st.integers(1, 2**40), st.binary(min_size=32, max_size=32), max_size=50))
def test_a_list_is_read_as_it_was_written(rows: dict[int, bytes]) -> None:
    seals = {id: digest.hex() for id, digest in rows.items()}
    read = listed_rows.decode(listed_rows.encode(seals))
    assert read.keys() == seals.keys()
    assert all(listed_rows.is_unchanged(read[id], seals[id]) for id in seals)


def test_a_list_with_a_number_that_is_no_id_is_none() -> None:
    content = base64.urlsafe_b64encode(b"\xff" * 20 + bytes(listed_rows.SEAL_BYTES))
    assert listed_rows.decode(content.decode()) == {}
    largest = {2**63 - 1: "a" * listed_rows.SEAL_DIGITS}
    assert listed_rows.decode(listed_rows.encode(largest)) == largest


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({"bill": 138}, "138 bills"),
        ({"invoice": 30, "payment": 23, "customer": 3}, "53 documents and 3 customers"),
        ({"bill": 1, "vendor": 1, "item": 2}, "1 bill, 1 supplier and 2 items"),
        ({"customer": 1}, "1 customer"),
        ({}, "0 documents"),
    ],
)
def test_documents_and_records_are_counted_separately(
    operator: Visitor, counts: dict[str, int], sentence: str
) -> None:
    with operator.app.test_request_context():
        assert kind_labels.count_kinds(counts) == sentence


def test_the_heading_says_what_is_to_be_approved(operator: Visitor) -> None:
    with operator.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, operator.story.installation)
        document, posting = add_document(session, installation, "review", 70)
        document.kind = posting.kind = "vendor"
        posting.total = None
    assert "2 bills and 1 supplier to approve" in operator.page(_here(operator))
    overview = operator.page(f"/installations/{operator.story.installation}/")
    assert "Waiting for approval: 2 bills and 1 supplier." in overview


def test_the_sum_says_how_much_of_it_pays_other_documents(operator: Visitor) -> None:
    assert "pays invoices or bills" not in operator.page(_here(operator))
    with operator.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, operator.story.installation)
        document, posting = add_document(session, installation, "review", 71)
        document.kind = posting.kind = "bill_payment"
        posting.total, posting.currency = Decimal("1250.50"), "NOK"
    sentence = "Of this, 1,250.50 NOK pays invoices or bills."
    assert sentence in operator.page(_here(operator))
    address = f"{_here(operator)}approve?which=all"
    assert sentence in operator.page(address)


def form_of(page: str, address: str) -> tuple[str, dict[str, str]]:
    """Return where the form whose address begins like this is sent, and its hidden fields."""
    action, form = re.findall(
        rf'action="({re.escape(address)}[^"]*)">(.*?)</form>', page, re.DOTALL
    )[0]
    return unescape(action), dict(re.findall(r'name="(\w+)"\s+value="([^"]*)"', form))


def test_a_document_is_skipped_in_its_preview_and_the_next_one_opens(operator: Visitor) -> None:
    ids = add_in_review(operator, 2)
    page = operator.page(f"/postings/{ids[0]}/review")
    action, fields = form_of(page, f"{_here(operator)}skip")
    assert "the reason is stored" in operator.press(action, **fields, reason=" ")
    assert operator.row(Posting, ids[0]).state == "review"
    response = operator.post(action, **fields, reason="Not ours")
    assert response.headers["Location"] == f"/postings/{ids[1]}/review"
    assert "Skipped 1 document. It will not be posted." in operator.page(
        f"/postings/{ids[1]}/review"
    )
    assert operator.row(Posting, ids[0]).state == "skipped"
    assert "Not ours" in operator.page(f"/documents/{operator.row(Posting, ids[0]).document_id}")


def test_a_document_that_changed_since_its_preview_is_not_skipped(operator: Visitor) -> None:
    [posting_id] = add_in_review(operator, 1)
    action, fields = form_of(
        operator.page(f"/postings/{posting_id}/review"), f"{_here(operator)}skip"
    )
    with operator.app.app_context(), engine.transaction() as session:
        session.get_one(Posting, posting_id).planned = "0" * 64
    page = operator.press(action, **fields, reason="Not ours")
    assert "1 document changed since it was listed and stays in review." in page
    assert operator.row(Posting, posting_id).state == "review"


def test_ticked_documents_are_skipped_together(operator: Visitor) -> None:
    ids = add_in_review(operator, 3)
    pairs = re.findall(r'name="selected"\s+value="([^"]+)"', operator.page(_here(operator)))
    chosen = [pair for pair in pairs if int(pair.partition(":")[0]) in ids[:2]]
    page = operator.get(f"{_here(operator)}selection", query_string={"selected": chosen}).text
    action, fields = form_of(page, f"{_here(operator)}skip")
    assert "Skipped 2 documents." in operator.press(action, **fields, reason="Not ours")
    states = [operator.row(Posting, id).state for id in ids]
    assert states == ["skipped", "skipped", "review"]


def test_after_an_approval_in_a_preview_the_next_one_opens(operator: Visitor) -> None:
    ids = add_in_review(operator, 2)
    page = operator.page(f"/postings/{ids[0]}/review")
    [address] = re.findall(r'href="([^"]*/approve\?[^"]*)"', page)
    action, fields = form_of(operator.page(unescape(address)), f"{_here(operator)}approve")
    response = operator.post(action, **fields)
    assert response.headers["Location"] == f"/postings/{ids[1]}/review"


def test_after_an_approval_the_same_page_of_the_list_is_shown(operator: Visitor) -> None:
    ids = add_in_review(operator, 60)
    first = operator.page(_here(operator))
    [following] = re.findall(r'rel="next" href="([^"]+)"', first)
    place = unescape(following).partition("?")[2]
    pairs = re.findall(r'name="selected"\s+value="([^"]+)"', operator.page(unescape(following)))
    for listed in (pairs[:1], pairs[1:]):
        chosen = "&".join(f"selected={pair}" for pair in listed)
        confirmation = operator.page(f"{_here(operator)}approve?{place}&{chosen}")
        assert f'href="{following}&amp;ticked=' in confirmation
        action, fields = form_of(confirmation, f"{_here(operator)}approve")
        response = operator.post(action, **fields)
        assert response.headers["Location"] == unescape(following)
    page = operator.get(unescape(following), follow_redirects=True).text
    assert operator.row(Posting, ids[0]).state == "review"
    assert f"/postings/{ids[0]}/review" in page
