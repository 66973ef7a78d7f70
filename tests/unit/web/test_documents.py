"""The list of documents and the page of one document."""

import pytest

from hub.context import current
from hub.db import engine
from hub.models import SourceDocument
from hub.models.enums import SendOutcome
from hub.web import timeline
from tests.support.page_visitor import Visitor


@pytest.fixture
def viewer(visitor: Visitor) -> Visitor:
    visitor.log_in("vera")
    return visitor


def _document(visitor: Visitor, name: str) -> str:
    return visitor.page(f"/documents/{visitor.story.documents[name]}")


@pytest.mark.parametrize(
    ("asked", "there", "absent"),
    [
        ("q=F-20261", "F-20261", "F-20260"),
        ("q=næss", "F-20261", "F-20260"),
        ("q=145", "F-20260", "F-20261"),
        ("state=held", "F-20261", "F-20260"),
        ("state=waiting", "F-20263", "F-20260"),
        ("kind=invoice", "No document fits", "F-20260"),
        ("from=2099-01-01", "No document fits", "F-20260"),
        ("to=2099-01-01&from=not-a-date", "F-20260", "No document fits"),
        ("installation=99", "No document fits", "F-20260"),
        ("before=broken", "F-20260", "No document fits"),
    ],
)
def test_documents_are_found_by_what_a_person_knows_of_them(
    viewer: Visitor, asked: str, there: str, absent: str
) -> None:
    page = viewer.page(f"/documents?{asked}")
    assert there in page
    assert absent not in page


def test_amounts_are_monospaced_grouped_and_carry_their_currency(viewer: Visitor) -> None:
    assert '<td class="amount">1,250.50 NOK</td>' in viewer.page("/documents?q=F-20260")


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
    assert "The source was told: posted" in page
    assert "&#34;TxnDate&#34;: &#34;2026-03-06&#34;" in page


def test_a_doubt_shows_the_attempt_and_the_proof(viewer: Visitor) -> None:
    page = _document(viewer, "unknown")
    assert "No answer within 100 s." in page
    assert "1,240 transactions between" in page
    assert "Being checked" in page


def test_a_held_document_names_its_open_cases(viewer: Visitor) -> None:
    page = _document(viewer, "held")
    assert "Supplier Byggmakker Aas is not in QuickBooks" in page
    assert "The next step." in page


def test_a_document_that_the_source_did_not_have_stays_and_says_so(viewer: Visitor) -> None:
    held = viewer.story.documents["held"]
    with viewer.app.app_context(), engine.transaction() as session:
        session.get_one(SourceDocument, held).absent_at = current().clock.now()
    page = _document(viewer, "held")
    assert "did not have it" in page
    assert "It stays as it is and is asked for again" in page
    assert "missing in two runs at least an hour apart" in page
    assert "Supplier Byggmakker Aas is not in QuickBooks" in page


def test_a_document_that_is_gone_says_since_when_and_that_it_may_come_back(viewer: Visitor) -> None:
    with viewer.app.app_context(), engine.transaction() as session:
        row = session.get_one(SourceDocument, viewer.story.documents["held"])
        row.gone, row.gone_at = "Deleted in CostTracker.", current().clock.now()
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
    visitor.log_in("vera")
    assert f'/documents/{row.id}">{party}</a>' in visitor.page("/documents")
    assert f"{party}</h1>" in visitor.page(f"/documents/{row.id}")


def test_the_timeline_has_a_text_for_every_outcome_of_a_send() -> None:
    assert timeline.OUTCOMES.keys() == set(SendOutcome)
