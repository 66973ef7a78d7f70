"""The list of documents and the page of one document."""

import csv
import datetime as dt
import io
import json
import re
from decimal import Decimal
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import update

from hub import outbox
from hub.context import current_hub
from hub.db import engine
from hub.models import (
    Attempt,
    Case,
    Installation,
    Posting,
    SavedFilter,
    SourceDocument,
    TransactionHead,
)
from hub.models.enums import SendOutcome
from hub.security import audit
from hub.testing.clock import FakeClock
from hub.translations import numbers
from hub.web.audit_log import audit_subjects
from hub.web.documents import timeline
from hub.web.documents.document_lines import pair_lines
from hub.web.lists.document_filters import parse_amounts
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_document, add_posting


def _document(visitor: Visitor, name: str) -> str:
    return visitor.page(f"/documents/{visitor.story.documents[name]}")


@pytest.mark.parametrize(
    ("query", "there", "absent"),
    [
        ("q=F-20261", "F-20261", "F-20260"),
        ("q=næss", "F-20261", "F-20260"),
        ("q=145", "F-20260", "F-20261"),
        ("state=held", "F-20261", "F-20260"),
        ("state=waiting", "F-20263", "F-20260"),
        ("kind=invoice", "No document fits", "F-20260"),
        ("from=2099-01-01", "No document fits", "F-20260"),
        ("to=2099-01-01&from=not-a-date", "F-20260", "No document fits"),
        ("from=2026-02-31", "2026-02-31 is not a day of the calendar", "No document fits"),
        ("to=2026-02-31", "2026-02-31 is not a day of the calendar", "No document fits"),
        ("installation=99", "No document fits", "F-20260"),
        ("before=broken", "F-20260", "No document fits"),
        ("amount=1250.50", "F-20260", "No document fits"),
        ("amount=1 250,50", "F-20260", "No document fits"),
        ("amount=1250-1251", "F-20260", "No document fits"),
        ("amount=1250.51", "No document fits", "F-20260"),
        ("amount=9000-9500", "No document fits", "F-20260"),
        ("amount=cheap", "The amount is not used", "No document fits"),
        ("sort=nothing", "F-20260", "No document fits"),
    ],
)
def test_documents_are_found_by_search_and_filters(
    viewer: Visitor, query: str, there: str, absent: str
) -> None:
    page = viewer.page(f"/documents?{query}")
    assert there in page
    assert absent not in page


def test_words_that_are_an_amount_and_find_nothing_lead_to_the_documents_with_this_total(
    viewer: Visitor,
) -> None:
    page = viewer.page("/documents?q=1 250,50&state=posted")
    link = re.search(r'href="([^"]+)"[^>]*>\s*Documents with the total 1 250,50', page)
    assert link
    page = viewer.page(unescape(link[1]))
    assert "F-20260" in page
    assert 'value="posted" selected' in page
    assert "Documents with the total" not in viewer.page("/documents?q=none")


def test_amounts_are_monospaced_grouped_and_carry_their_currency(viewer: Visitor) -> None:
    assert '<td class="amount">1,250.50 NOK</td>' in viewer.page("/documents?q=F-20260")


def test_prices_have_the_decimals_of_their_currency(viewer: Visitor) -> None:
    story = viewer.story
    with viewer.app.app_context(), engine.transaction() as session:
        document = session.get_one(SourceDocument, story.documents["review"])
        posting = session.get_one(Posting, story.postings["review"])
        document.currency = posting.currency = "JPY"
        document.total = posting.total = Decimal(2500)
        priced = {"quantity": "2", "unit_price": "1250", "amount": "2500"}
        document.body = {**document.body, "lines": [{**document.body["lines"][0], **priced}]}
        payload = {**json.loads(posting.payload), "CurrencyRef": {"value": "JPY"}}
        detail = {"ItemRef": {"value": "1"}, "Qty": 2, "UnitPrice": 1250}
        name = "ItemBasedExpenseLineDetail"
        payload["Line"] = [{"DetailType": name, "Amount": 2500, name: detail}]
        posting.payload = json.dumps(payload).encode()
        posting.planned = outbox.compute_fingerprint(posting.payload)
    for path in (f"/documents/{document.id}", f"/postings/{posting.id}/review"):
        page = viewer.page(path)
        assert "1,250" in page
        assert "1,250.00" not in page


def test_a_document_and_its_case_lead_to_its_page_in_the_source(viewer: Visitor) -> None:
    story = viewer.story
    url = "https://source.test/invoices/1?a=1&b=2"
    link = 'href="https://source.test/invoices/1?a=1&amp;b=2" target="_blank"'
    with viewer.app.app_context(), engine.transaction() as session:
        document = session.get_one(SourceDocument, story.documents["held"])
        document.body = {**document.body, "url": url}
    for path in (f"/documents/{document.id}", f"/inbox/{story.cases['retry']}"):
        page = viewer.page(path)
        assert f'{link} rel="noopener noreferrer"' in page, path
        assert "Open in CostTracker" in page
    assert "Open in CostTracker" not in _document(viewer, "posted")


def test_the_link_to_the_source_has_its_name_and_not_that_of_one_of_its_apps(
    viewer: Visitor,
) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        document = session.get_one(SourceDocument, viewer.story.documents["held"])
        document.body = {**document.body, "url": "https://source.test/invoices/1"}
        document.slug = document.installation.slug = "autotask-invoices"
    page = viewer.page(f"/documents/{document.id}")
    assert "Open in Autotask" in page
    assert "Open in Autotask invoices" not in page


def test_a_document_shows_the_source_the_payload_and_what_happened(viewer: Visitor) -> None:
    page = _document(viewer, "posted")
    for text in (
        "Kari Nordmann: approved",
        "faktura.pdf",
        "As it was sent",
        "QuickBooks accepted it",
        "[hub:MARKER",
    ):
        assert text in page
    assert "Reported to the source: posted" in page
    technical = page[page.rindex("Technical</summary>") :]
    posting = viewer.row(Posting, viewer.story.postings["posted"])
    assert posting.requestid in technical
    assert "&#34;TxnDate&#34;: &#34;2026-03-06&#34;" in page


def test_a_doubt_shows_the_attempt_and_the_proof(viewer: Visitor) -> None:
    page = _document(viewer, "unknown")
    assert "No answer within 100 s." in page
    assert "1,240 transactions between" in page
    assert "In doubt" in page


@pytest.mark.parametrize(
    ("state", "heading"),
    [
        ("posted", "As it was posted"),
        ("unknown", "As it was sent"),
        ("review", "As it will be posted"),
        ("skipped", "As it was planned"),
        ("withdrawn", "As it was planned"),
    ],
)
def test_the_heading_says_whether_the_content_is_posted(
    viewer: Visitor, state: str, heading: str
) -> None:
    page = _document(viewer, state)
    assert re.findall(r'<h2 id="sent">\s*([^<]*?)\s*</h2>', page) == [heading]


def test_a_held_document_names_its_open_cases(viewer: Visitor) -> None:
    page = _document(viewer, "held")
    assert "Supplier Byggmakker Aas is not in QuickBooks" in page
    assert "The next step." in page


def test_a_document_that_the_source_did_not_have_stays_with_a_reason(viewer: Visitor) -> None:
    document_id = viewer.story.documents["held"]
    with viewer.app.app_context(), engine.transaction() as session:
        session.get_one(SourceDocument, document_id).absent_at = current_hub().clock.now()
    page = _document(viewer, "held")
    assert "did not have it" in page
    assert "It stays as it is and is asked for again" in page
    assert "missing in two runs at least an hour apart" in page
    assert "Supplier Byggmakker Aas is not in QuickBooks" in page
    in_norwegian = {"Accept-Language": "nb"}
    page = viewer.get(f"/documents/{document_id}", headers=in_norwegian).text
    assert "missing in two runs" not in page


def test_a_document_that_is_gone_says_since_when_and_that_it_may_come_back(viewer: Visitor) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        row = session.get_one(SourceDocument, viewer.story.documents["held"])
        row.gone, row.gone_at = "Deleted in CostTracker.", current_hub().clock.now()
    page = _document(viewer, "held")
    assert "comes back if CostTracker has it again" in page
    assert page.count("The source no longer has it") == 2


def test_the_address_of_a_posting_leads_to_its_place(viewer: Visitor) -> None:
    posting, document = viewer.story.postings["changed"], viewer.story.documents["changed"]
    answer = viewer.get(f"/postings/{posting}")
    assert answer.location == f"/documents/{document}#posting-{posting}"
    assert f'id="posting-{posting}"' in _document(viewer, "changed")


def test_names_with_quotes_and_tags_are_text(viewer: Visitor) -> None:
    page = viewer.page("/documents")
    assert "Stål &#34;Nord&#34; AS" in page


def test_a_bare_id_of_the_source_is_shown_by_the_name_of_its_record(viewer: Visitor) -> None:
    page = viewer.page(f"/documents/{viewer.story.documents['posted']}")
    source = page[page.index("At the source") : page.index("As it was sent")]
    assert "2400 Leverandørgjeld" in source
    assert "Nybygg" in source


def test_a_party_is_called_by_its_name_not_by_its_id_at_the_source(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        row = session.get_one(SourceDocument, visitor.story.documents["posted"])
        row.kind, row.number, row.source_id, party = "vendor", "", "company:179", row.party
    visitor.enter("vera")
    assert f'/documents/{row.id}">{party}</a>' in visitor.page("/documents")
    assert f"{party}</h1>" in visitor.page(f"/documents/{row.id}")


def test_the_timeline_has_a_text_for_every_outcome_of_a_send() -> None:
    assert timeline.OUTCOME_LABELS.keys() == set(SendOutcome)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("1250.50", "1250.50", "1250.50"),
        ("1 250,50", "1250.50", "1250.50"),
        ("1.250,50", "1250.50", "1250.50"),
        ("1,250.50", "1250.50", "1250.50"),
        ("1,250", "1250", "1250"),
        ("0,250", "0.250", "0.250"),
        ("1250,500", "1250.500", "1250.500"),
        ("1.250.000", "1250000", "1250000"),
        ("1.234,567", "1234.567", "1234.567"),
        ("1,234.567", "1234.567", "1234.567"),
        ("0,5", "0.5", "0.5"),
        ("1000-2000", "1000", "2000"),
        ("2 000 \N{EN DASH} 1 000", "1000", "2000"),
        ("10 to 20,5", "10", "20.5"),
        ("1..2", "1", "2"),
        ("10 til 20,5", "10", "20.5"),
        ("\N{MINUS SIGN}74,514.92", "74514.92", "74514.92"),
        ("-200 - -100", "100", "200"),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, low: str, high: str) -> None:
    assert parse_amounts(text) == (Decimal(low), Decimal(high))


@pytest.mark.parametrize("choice", numbers.FORMATS)
def test_the_amounts_that_the_page_suggests_are_understood(viewer: Visitor, choice: str) -> None:
    viewer.post("/account/formats", language="", number_format=choice, zone="")
    page = viewer.page("/documents?amount=x")
    match = re.search(r"enter one such as (.+?), or two such as (.+?)\.</div>", page)
    assert match
    for text, plain in ((match[1], "1250.50"), (match[2], "1000-2000")):
        found = viewer.get("/documents", query_string={"amount": text}).text
        expected = viewer.get("/documents", query_string={"amount": plain}).text
        assert summary(found) == summary(expected) != "", text


@pytest.mark.parametrize("total", ["0.250", "12.345", "1000.250", "1000"])
@pytest.mark.parametrize("choice", numbers.FORMATS)
def test_an_amount_with_three_decimals_is_found_as_the_page_writes_it(
    viewer: Visitor, choice: str, total: str
) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        app = session.get_one(Installation, viewer.story.installation)
        document, _ = add_document(session, app, "posted", 400)
        document.total, document.currency = Decimal(total), "KWD"
    viewer.post("/account/formats", language="", number_format=choice, zone="")
    written = re.search(r'<td class="amount">([^<]+) KWD</td>', viewer.page("/documents"))
    assert written
    found = viewer.get("/documents", query_string={"amount": written[1]}).text
    assert summary(found).startswith("1 document ·"), written[1]


@pytest.mark.parametrize("text", ["", "x", "1-2-3", "-", "9" * 40, "0.1234567", "1e5", "."])
def test_a_filter_that_is_no_amount_matches_nothing(text: str) -> None:
    assert parse_amounts(text) in (None, (Decimal(0), Decimal(0)))


def summary(page: str) -> str:
    """Return the line above the list, without tags."""
    match = re.search(r'<p class="summary">(.*?)</p>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", match[1]).split()) if match else ""


def test_the_list_is_counted_and_added_up_by_currency(viewer: Visitor) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        app = session.get_one(Installation, viewer.story.installation)
        for place, (kind, total) in enumerate((("bill", "100.25"), ("vendor_credit", "30.00"))):
            document, _ = add_document(session, app, "held", 910 + place)
            document.kind, document.party = kind, "Summed AS"
            document.total, document.currency = Decimal(total), "EUR"
    assert summary(viewer.page("/documents?q=summed")) == "2 documents · 70.25 EUR"
    assert summary(viewer.page("/documents?q=summed&kind=bill")) == "1 document · 100.25 EUR"
    assert summary(viewer.page("/documents?q=nothing-like-it")) == ""


def test_records_made_for_codes_are_counted_apart_as_on_home(viewer: Visitor) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        app = session.get_one(Installation, viewer.story.installation)
        for place in range(3):
            document, posting = add_document(session, app, "held", 930 + place)
            document.party = "Counted AS"
            document.total, document.currency = Decimal(10), "EUR"
            if place:
                document.kind = posting.kind = "customer"
                document.made_for, document.total = "customer", None
    expected = "1 document · 10.00 EUR, and 2 customers that documents need"
    assert summary(viewer.page("/documents?q=counted")) == expected
    assert summary(viewer.page("/documents?q=counted&kind=customer")) == "2 customers"


@pytest.mark.parametrize("path", ["/documents?q=signed", "/search?q=signed"])
def test_the_amount_of_a_credit_has_the_sign_that_it_has_in_the_sum(
    viewer: Visitor, path: str
) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        app = session.get_one(Installation, viewer.story.installation)
        document, posting = add_document(session, app, "held", 920)
        document.kind = posting.kind = "vendor_credit"
        document.party, document.currency = "Signed AS", "EUR"
        document.total = posting.total = Decimal("30.00")
    page = viewer.page(path)
    assert re.findall(r'<td class="amount">(\S+) EUR</td>', page) == ["\N{MINUS SIGN}30.00"]


def test_a_long_list_is_not_added_up(viewer: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.web.lists.document_filters.MAX_SUMMED", 3)
    assert summary(viewer.page("/documents")) == (
        "More than 3 documents. Choose filters to see their sum."
    )
    assert summary(viewer.page("/documents?q=F-20260")).startswith("1 document ·")


@pytest.fixture
def several_of_each_state(viewer: Visitor) -> Visitor:
    """Add four documents of each of some states, and others that almost are in them.

    One was posted and is missing in QuickBooks; one was posted, and its change is held.
    """
    with viewer.app.app_context(), engine.transaction() as session:
        app = session.get_one(Installation, viewer.story.installation)
        places = iter(range(2000, 2100))
        for state in ("posted", "held", "review", "unknown"):
            for place in range(4):
                document, posting = add_document(session, app, state, next(places))
                if state == "posted":
                    posting.quickbooks_id = f"8{place}"
        _, missing_posting = add_document(session, app, "posted", next(places))
        missing_posting.quickbooks_id = "89"
        head = TransactionHead(company_id=app.company_id, kind="bill", quickbooks_id="89")
        head.state, head.total, head.sync_token = "missing", Decimal(1), "0"
        session.add(head)
        document, posting = add_document(session, app, "posted", next(places))
        posting.quickbooks_id = "90"
        add_posting(session, document, "held", {}, operation="update", requestid="another")
    return viewer


@pytest.mark.parametrize("state", ["posted", "held", "review", "unknown", "missing"])
def test_a_list_of_one_state_is_added_up_exactly_up_to_the_limit(
    several_of_each_state: Visitor, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    visitor = several_of_each_state
    address = f"/documents?state={state}"
    text = summary(visitor.page(address))
    number = int(text.split()[0])
    installation = f"&installation={visitor.story.installation}"
    for limit in (number, number + 1):
        monkeypatch.setattr("hub.web.lists.document_filters.MAX_SUMMED", limit)
        assert summary(visitor.page(address)) == text
        assert summary(visitor.page(address + installation)) == text
    monkeypatch.setattr("hub.web.lists.document_filters.MAX_SUMMED", number - 1)
    too_many = f"More than {number - 1} document"
    assert summary(visitor.page(address)).startswith(too_many)
    assert summary(visitor.page(address + installation)).startswith(too_many)
    other_app = f"{address}&installation={visitor.story.installation + 50}"
    assert "More than" not in visitor.page(other_app)


@pytest.fixture
def sortable(viewer: Visitor) -> Visitor:
    """Add 120 documents with amounts and dates that differ or repeat, one without either."""
    with viewer.app.app_context(), engine.transaction() as session:
        app = session.get_one(Installation, viewer.story.installation)
        for place in range(120):
            document, _ = add_document(session, app, "held", 1000 + place)
            document.party = "Sorted AS"
            document.total = Decimal(place * 7 % 50) + Decimal("0.25")
            document.date = dt.date(2026, 1, 1) + dt.timedelta(days=place * 11 % 60)
        document.total = document.date = None
    return viewer


@pytest.mark.proof(small=2)
@pytest.mark.parametrize("sort", ["amount", "-amount", "date", "-date"])
def test_a_sorted_list_is_paged_and_exported_in_its_order(sortable: Visitor, sort: str) -> None:
    column = sort.lstrip("-")
    address = f"/documents?q=sorted&sort={sort}"
    listed, page = [], sortable.page(address)
    while True:
        listed += re.findall(r'/documents/(\d+)">', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if not following:
            break
        page = sortable.page(following[1].replace("&amp;", "&"))
    assert len(listed) == len(set(listed)) == 119
    with sortable.app.app_context(), engine.read_only_session() as session:
        rows = [session.get_one(SourceDocument, int(id)) for id in listed]
        keys = [(row.total if column == "amount" else row.date, row.id) for row in rows]
    assert keys == sorted(keys, reverse=sort.startswith("-"))
    back = re.search(r'rel="prev" href="([^"]+)"', page)
    assert back
    before = re.findall(r'/documents/(\d+)">', sortable.page(back[1].replace("&amp;", "&")))
    assert before == listed[50:100]
    exported = sortable.get(f"/documents/export?q=sorted&sort={sort}&format=csv").text
    ids = [
        row["id"] for row in csv.DictReader(io.StringIO(exported.lstrip("\N{BOM}")), delimiter=",")
    ]
    assert ids == listed


@pytest.mark.parametrize(
    ("balance", "badge", "is_paid"),
    [("0", "Paid", True), ("500", "Paid in part", False), ("1250.50", "Posted", False)],
)
def test_paid_is_a_state_of_its_own(
    viewer: Visitor, balance: str, badge: str, is_paid: bool
) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        posting = session.get_one(Posting, viewer.story.postings["posted"])
        key = (posting.company_id, posting.kind, posting.quickbooks_id)
        head = session.get(TransactionHead, key)
        if head is None:
            head = TransactionHead(company_id=key[0], kind=key[1], quickbooks_id=key[2])
            session.add(head)
        head.total, head.balance, head.state = Decimal("1250.50"), Decimal(balance), "live"
    assert (
        f'<span class="state {"info" if "part" in badge else "good"}">{badge}</span>'
        in viewer.page("/documents?q=F-20260")
    )
    assert ("F-20260" in viewer.page("/documents?state=paid")) == is_paid
    assert "F-20260" in viewer.page("/documents?state=posted")
    assert f">{badge}<" in _document(viewer, "posted")


def test_filters_are_saved_used_and_removed_by_their_person_only(viewer: Visitor) -> None:
    page = viewer.press(
        "/documents/filters/save", name=" Large  and held ", state="held", amount="1000-9000"
    )
    assert "Saved as Large and held." in page
    link = re.search(r'<nav class="saved".*?href="([^"]+)">Large and held<', page, re.DOTALL)
    assert link
    address = link[1].replace("&amp;", "&")
    assert address == "/documents?state=held&amount=1000-9000"
    viewer.press("/documents/filters/save", name="Large and held", state="review")
    assert viewer.page("/documents").count(">Large and held</a>") == 1
    with viewer.app.app_context(), engine.read_only_session() as session:
        (row,) = session.query(SavedFilter).all()
        assert row.query == "state=review"
        filter_id = row.id
    other = Visitor(viewer.app, viewer.story)
    other.log_in("olga")
    assert "Large and held" not in other.page("/documents")
    assert other.post("/documents/filters/remove", filter_id=filter_id).status_code == 404
    assert "Large and held" not in viewer.press("/documents/filters/remove", filter_id=filter_id)


def test_nothing_is_saved_without_a_name_or_filters_or_beyond_the_limit(
    viewer: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Not saved" in viewer.press("/documents/filters/save", name=" ", state="held")
    assert "Not saved" in viewer.press("/documents/filters/save", name="Empty")
    assert "Not saved" in viewer.press("/documents/filters/save", name="Long", q="x" * 900)
    monkeypatch.setattr("hub.web.lists.saved_filters.MAX_FILTERS_PER_PERSON", 1)
    viewer.press("/documents/filters/save", name="One", state="held")
    page = viewer.press("/documents/filters/save", name="Two", state="held")
    assert "Remove one of your 1 saved filters first" in page


def test_the_list_shows_when_a_document_is_due(viewer: Visitor) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        document = session.get_one(SourceDocument, viewer.story.documents["posted"])
        document.due = dt.date(2026, 4, 3)
    assert "03 Apr 2026" in viewer.page("/documents?q=F-20260")


def test_the_list_is_ordered_by_due_date_in_both_directions(viewer: Visitor) -> None:
    days = {
        "posted": dt.date(2026, 4, 3),
        "held": dt.date(2026, 4, 1),
        "review": dt.date(2026, 4, 2),
    }
    with viewer.app.app_context(), engine.transaction() as session:
        session.execute(update(SourceDocument).values(due=None))
        for name, day in days.items():
            session.get_one(SourceDocument, viewer.story.documents[name]).due = day
    ids = [viewer.story.documents[name] for name in ("held", "review", "posted")]
    assert _listed(viewer, "/documents?sort=due") == ids
    assert _listed(viewer, "/documents?sort=-due") == ids[::-1]
    page = viewer.page("/documents?sort=due")
    assert 'aria-sort="ascending">Due</th>' in page


@pytest.mark.parametrize(
    ("sort", "lacking"), [("due", "a due date"), ("-date", "a date"), ("amount", "an amount")]
)
def test_a_sorted_list_says_which_documents_it_leaves_out(
    viewer: Visitor, sort: str, lacking: str
) -> None:
    sentence = f"Documents without {lacking} are not in this list."
    assert sentence in viewer.page(f"/documents?sort={sort}")
    assert sentence not in viewer.page("/documents")


def _listed(viewer: Visitor, address: str) -> list[int]:
    body = viewer.page(address).partition("<tbody>")[2].partition("</tbody>")[0]
    return [int(id) for id in re.findall(r'href="/documents/(\d+)"', body)]


def _facts(page: str, heading: str) -> list[tuple[str, str]]:
    """Return the labels and values of a box of the page of a document."""
    box = page[page.index(f">{heading}</h2>") :].partition("</dl>")[0]
    pairs = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", box, re.DOTALL)
    return [
        (label, " ".join(re.sub("<[^m/][^>]*>|</[^m][^>]*>", "", text).split()))
        for label, text in pairs
    ]


def test_facts_of_both_sides_are_in_the_same_order_and_differences_are_marked(
    viewer: Visitor,
) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        document = session.get_one(SourceDocument, viewer.story.documents["posted"])
        document.body = document.body | {"date": "2026-03-06"}
    page = _document(viewer, "posted")
    ours, theirs = _facts(page, "At the source"), _facts(page, "As it was posted")
    assert [label for label, _ in ours][:5] == [
        "Supplier",
        "Number",
        "Date",
        "Payable account",
        "Total",
    ]
    assert [label for label, _ in theirs][:5] == [label for label, _ in ours][:5]
    assert theirs[1:5] == ours[1:5]
    assert ours[4][1] == "1,250.50 NOK"
    with viewer.app.app_context(), engine.transaction() as session:
        document = session.get_one(SourceDocument, viewer.story.documents["posted"])
        document.body = document.body | {"total": "1250.51"}
    page = _document(viewer, "posted")
    totals = [dict(_facts(page, side))["Total"] for side in ("At the source", "As it was posted")]
    assert totals == [f"<mark>{total} NOK</mark> , differs" for total in ("1,250.51", "1,250.50")]


def test_the_posting_of_a_document_comes_before_those_of_its_files(viewer: Visitor) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        posting = session.get_one(Posting, viewer.story.postings["posted"])
        of_file = {"operation": "attach", "number": "a1", "requestid": f"{999:032x}"}
        add_posting(session, posting.document, "posted", {}, **of_file)
    page = _document(viewer, "posted")
    assert page.index("Create bill") < page.index("Attach a1")


def test_what_happened_says_what_was_sent_and_accepted(viewer: Visitor) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        posting = session.get_one(Posting, viewer.story.postings["posted"])
        postings = [posting]
        for number, operation in enumerate(("attach", "delete"), 998):
            values = {"operation": operation, "number": "a.pdf", "requestid": f"{number:032x}"}
            postings.append(add_posting(session, posting.document, "posted", {}, **values))
        now = current_hub().clock.now()
        for one in postings[1:]:
            session.add(
                Attempt(
                    posting_id=one.id,
                    generation=0,
                    requestid=one.requestid,
                    fence="f",
                    sent_at=now,
                    ended_at=now,
                    outcome=SendOutcome.LANDED,
                )
            )
    address = f"/documents/{viewer.story.documents['posted']}"
    texts = re.findall(r"</time>([^<]+)", viewer.page(address))
    events = [text.strip() for text in texts if "sent" in text.lower() or "accepted" in text]
    assert events == [
        "Sent to QuickBooks",
        "QuickBooks accepted it",
        "File sent to QuickBooks: a.pdf",
        "QuickBooks accepted it: a.pdf",
        "Removal sent to QuickBooks",
        "QuickBooks accepted it",
    ]
    page = viewer.get(address, headers={"Accept-Language": "nb"}).text
    assert "Fil sendt til QuickBooks: a.pdf" in page
    assert "QuickBooks godtok det: a.pdf" in page


def test_a_document_has_its_source_and_its_posting_line_by_line(viewer: Visitor) -> None:
    page = _document(viewer, "posted")
    table = page.partition("each beside the line that is posted")[2].partition("</table>")[0]
    rows = re.findall(r"<tr.*?</tr>", table.partition("<tbody>")[2], re.DOTALL)
    with viewer.app.app_context(), engine.read_only_session() as session:
        document = session.get_one(SourceDocument, viewer.story.documents["posted"])
        lines = document.body["lines"]
    assert len(rows) == len(lines) > 0
    for row, line in zip(rows, lines, strict=True):
        assert f'<th scope="row">{line["id"]}</th>' in row
        source, _, sent = row.partition('<td class="amount" data-label="Amount">')
        assert line["description"] in source
        assert re.search(r'<td data-label="Posts to">\d{4} ', sent), "the account that it posts to"


def test_a_line_without_its_other_side_is_marked() -> None:
    pair = pair_lines([{"id": "1"}, {"id": "2"}], [])[1]
    assert (pair.source, pair.posted, pair.differs) == ({"id": "2"}, None, True)


def test_the_head_says_what_is_due_and_paid(viewer: Visitor) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        document = session.get_one(SourceDocument, viewer.story.documents["posted"])
        document.body = document.body | {"due": "2026-04-03"}
        posting = session.get_one(Posting, viewer.story.postings["posted"])
        key = (posting.company_id, posting.kind, posting.quickbooks_id)
        head = session.get(TransactionHead, key) or TransactionHead(
            company_id=key[0], kind=key[1], quickbooks_id=key[2]
        )
        head.total, head.balance = Decimal("1250.50"), Decimal("1000.25")
        session.add(head)
    facts = _document(viewer, "posted").partition('aria-label="In short"')[2].partition("</ul>")[0]
    text = " ".join(re.sub(r"<[^>]+>", " ", facts).split())
    assert "Due 03 Apr 2026" in text
    assert "Paid 250.25 NOK open 1,000.25 NOK" in text
    assert "App CostTracker Nordvik Bygg AS" in text


def test_the_history_has_seconds_and_the_oldest_event_first(viewer: Visitor) -> None:
    page = _document(viewer, "posted")
    history = page.partition('<ol class="timeline">')[2].partition("</ol>")[0]
    times = re.findall(r'<time class="when" datetime="([^"]+)">\d\d \w{3} \d{4} (\S+)', history)
    assert len(times) > 2
    moments = [dt.datetime.fromisoformat(moment) for moment, _ in times]
    assert moments == sorted(moments)
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d", time) for _, time in times)


def test_the_history_names_who_approved_and_retried_a_document(viewer: Visitor) -> None:
    posting = str(viewer.story.postings["posted"])
    with viewer.app.app_context(), engine.transaction() as session:
        audit.record(session, "arne", "posting approved", posting)
        audit.record(session, "oda", "posting retried", posting)
        audit.record(session, "eva", "posting retried", f"{posting}0")
    history = _document(viewer, "posted").partition('<ol class="timeline">')[2]
    assert "arne approved it" in history
    assert "oda retried it" in history
    assert "eva" not in history


@pytest.mark.parametrize(
    ("closed_by", "decided_by", "expected"),
    [
        ("hub", "", "The case was closed automatically"),
        ("hub", "oda", "The case was closed by oda"),
        ("arne", "", "The case was closed by arne"),
    ],
)
def test_the_history_names_who_decided_a_closed_case(
    viewer: Visitor, clock: FakeClock, closed_by: str, decided_by: str, expected: str
) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        posting = session.get_one(Posting, viewer.story.postings["held"])
        case = session.get_one(Case, viewer.story.cases["retry"])
        case.postings = [posting]
        case.closed_at, case.closed_by, case.decided_by = clock.now(), closed_by, decided_by
    history = _document(viewer, "held").partition('<ol class="timeline">')[2]
    assert expected in history


@pytest.mark.parametrize("act", timeline.ACTION_SENTENCES)
def test_every_act_of_the_history_is_one_that_the_audit_log_records(act: str) -> None:
    assert act in audit_subjects.POSTING_ACTIONS


def test_a_document_says_what_it_waits_for(viewer: Visitor) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, viewer.story.installation)
        customer, creation = add_document(session, installation, "review", 51)
        customer.kind = creation.kind = "customer"
        payment, posting = add_document(session, installation, "waiting", 52)
        posting.after_id = creation.id
        reference = outbox.format_placeholder(creation.id)
        posting.payload = json.dumps({"CustomerRef": {"value": reference}}).encode()
        document_id, customer_id = payment.id, customer.id
    page = viewer.page(f"/documents/{document_id}")
    note = page.partition("It is posted after what it needs in QuickBooks:")[2].partition("</ul>")[
        0
    ]
    assert f'Customer <a href="/documents/{customer_id}">' in note
    assert "To approve" in note


@pytest.mark.parametrize(
    ("before", "crumb"),
    [
        ("/documents?state=posted&sort=date", "/documents?state=posted&amp;sort=date"),
        ("/inbox/?sort=amount", "/documents"),
        ("//evil.example.com/documents", "/documents"),
    ],
)
def test_the_crumb_leads_back_to_the_list_with_its_filters(
    viewer: Visitor, before: str, crumb: str
) -> None:
    address = f"/documents/{viewer.story.documents['posted']}"
    page = viewer.get(address, headers={"Referer": f"http://localhost{before}"}).text
    assert f'<a href="{crumb}">Documents</a>' in page


def test_ids_markers_and_payloads_are_technical(viewer: Visitor) -> None:
    page = _document(viewer, "posted")
    visible = re.sub(r"<details.*?</details>(\s*</details>)?", "", page, flags=re.DOTALL)
    for text in ("[hub:MARKER", "Request id", "Exact payload", "Id at the source"):
        assert text in page
        assert text not in visible


def test_a_viewer_gets_links_to_the_files_in_the_head_and_at_the_source(viewer: Visitor) -> None:
    document = viewer.story.documents["posted"]
    page = _document(viewer, "posted")
    address = rf'href="/documents/{document}/file\?id=a1"'
    head, _, source = page.partition('aria-labelledby="source"')
    assert re.search(rf"{address}[^>]*><span[^>]*>Open the file.*?<strong>faktura.pdf<", head, re.S)
    assert re.search(rf"{address}[^>]*>faktura.pdf<", source)


def test_the_head_has_no_link_to_a_file_that_cannot_be_fetched(viewer: Visitor) -> None:
    id = viewer.story.documents["posted"]
    with viewer.app.app_context(), engine.transaction() as session:
        session.get_one(SourceDocument, id).unreadable = "Its total is missing."
    assert "Open the file" not in _document(viewer, "posted")


def change_posting(visitor: Visitor, name: str, **values: object) -> str:
    """Change the posting of a document of the story; return the path of the document's page."""
    with visitor.app.app_context(), engine.transaction() as session:
        posting = session.get_one(Posting, visitor.story.postings[name])
        for column, value in values.items():
            setattr(posting, column, value)
    return f"/documents/{visitor.story.documents[name]}"


def test_the_addresses_that_were_sent_are_shown_as_they_were_posted(viewer: Visitor) -> None:
    body = {
        "CustomerRef": {"value": "7"},
        "Line": [],
        "ShipAddr": {"Line1": "Site office", "Line2": "12 Elm <Street>", "City": "Riverton"},
        "BillAddr": {"Line1": "Box 9", "PostalCode": "0150"},
    }
    path = change_posting(viewer, "posted", payload=json.dumps(body).encode())
    page = viewer.page(path)
    assert "<dt>Ship to</dt><dd>Site office, 12 Elm &lt;Street&gt;, Riverton</dd>" in page
    assert "<dt>Address</dt><dd>Box 9, 0150</dd>" in page


@pytest.mark.parametrize(
    ("name", "later", "stage", "is_shown"),
    [
        ("posted", True, "ready", True),
        ("posted", False, "ready", False),  # this reading planned the posting
        ("posted", True, "pending", False),  # not wanted in the books at present
        ("held", True, "ready", False),
    ],
)
def test_a_reading_that_changed_nothing_is_seen_in_the_history(
    viewer: Visitor, name: str, later: bool, stage: str, is_shown: bool
) -> None:
    path = f"/documents/{viewer.story.documents[name]}"
    with viewer.app.app_context(), engine.transaction() as session:
        document = session.get_one(SourceDocument, viewer.story.documents[name])
        document.stage = stage
        if later:
            document.seen_at += dt.timedelta(hours=1)
    text = "It was compared with what was posted. Nothing had to be changed in QuickBooks."
    assert (text in viewer.page(path)) is is_shown


def test_the_filters_stay_after_a_saved_one_is_removed(viewer: Visitor) -> None:
    viewer.press("/documents/filters/save", name="Held", state="held")
    page = viewer.page("/documents?q=F-20260&kind=bill")
    [action] = re.findall(r'action="(/documents/filters/remove[^"]*)"', page)
    [filter_id] = re.findall(r'name="filter_id"\s+value="(\d+)"', page)
    response = viewer.post(unescape(action), filter_id=filter_id)
    assert dict(parse_qsl(urlsplit(response.location).query)) == {"q": "F-20260", "kind": "bill"}


@pytest.mark.parametrize(
    ("language", "one"), [("en", "1,250.50"), ("nb", "1\N{NO-BREAK SPACE}250,50")]
)
def test_the_example_of_an_amount_has_the_format_of_the_person(
    viewer: Visitor, language: str, one: str
) -> None:
    viewer.post("/account/formats", language=language, number_format="", zone="")
    page = viewer.page("/documents?amount=x")
    assert one in page
    assert "1250.50" not in page


def test_the_list_answers_with_a_slash_at_the_end_as_other_lists_do(viewer: Visitor) -> None:
    lists = [viewer.page(f"/documents{end}?state=posted") for end in ("", "/")]
    rows = [re.findall(r'href="(/documents/\d+)"', page) for page in lists]
    assert rows[0]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("path", ["/documents?state=held", "/runs/?kind=sync", "{app}/earlier/?"])
def test_a_page_with_nothing_left_leads_to_the_first(viewer: Visitor, path: str) -> None:
    """The documents of the page were decided, or removed, since its link was shown."""
    address = path.format(app=f"/installations/{viewer.story.installation}")
    answer = viewer.get(f"{address}&before=%5B0%5D")
    assert (answer.status_code, answer.location) == (302, address.rstrip("?"))
