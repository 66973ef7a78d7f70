"""The preview: what was approved is what is posted."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.db import engine
from hub.models import AuditEntry, Installation, Posting, Run
from hub.outbox import fingerprint
from hub.web import listed_rows
from tests.support.page_rows import add_document
from tests.support.page_visitor import Visitor


@pytest.fixture
def operator(visitor: Visitor) -> Visitor:
    visitor.log_in("oda")
    return visitor


def _here(visitor: Visitor) -> str:
    return f"/installations/{visitor.story.installation}/review/"


def _seal(visitor: Visitor, name: str) -> str:
    posting = visitor.row(Posting, visitor.story.postings[name])
    return listed_rows.pair(posting.id, posting.planned)


def _state(visitor: Visitor, name: str) -> str:
    return str(visitor.row(Posting, visitor.story.postings[name]).state)


def _change(visitor: Visitor, name: str) -> None:
    """The source changes a document: it is planned anew."""
    with visitor.app.app_context(), engine.transaction() as session:
        posting = session.get_one(Posting, visitor.story.postings[name])
        posting.payload = b'{"DocNumber": "other"}'
        posting.planned = fingerprint(posting.payload)


def _add(visitor: Visitor, count: int, **more: Any) -> list[int]:
    """So many more documents in review; the ids of their postings."""
    with visitor.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        first = 100 + session.query(Posting).count()
        places = range(first, first + count)
        made = [add_document(session, installation, "review", place)[1] for place in places]
        for posting in made:
            for name, value in more.items():
                setattr(posting, name, value)
        return [posting.id for posting in made]


@pytest.mark.row("CT-S27")
def test_a_bill_is_readable_with_names_instead_of_ids(operator: Visitor) -> None:
    page = operator.page(_here(operator))
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
    page = operator.page(_here(operator))
    assert "QuickBooks holds an earlier version" in page
    assert 'class="differs"' in page


def test_only_what_was_selected_is_approved(operator: Visitor) -> None:
    page = operator.approve(
        operator.story.installation, "selected", selected=_seal(operator, "review")
    )
    assert "Approved 1 document. Posting now." in page
    posting = operator.row(Posting, operator.story.postings["review"])
    assert (posting.state, posting.approved_by, posting.approved_payload) == (
        "ready", "oda", fingerprint(posting.payload),
    )  # fmt: skip
    assert _state(operator, "changed") == "review"
    assert operator.row(AuditEntry, 2).what == "posting approved"


def test_what_is_approved_is_listed_first_with_its_sum(operator: Visitor) -> None:
    page = operator.page(f"{_here(operator)}approve?which=all")
    assert 'Approve 2 documents · <span class="sum">3,315.00 NOK</span>?' in page
    assert "F-20262" in page
    assert "F-20280" in page
    assert "Approve 2 · 3,315.00 NOK</button>" in page
    assert [_state(operator, name) for name in ("review", "changed")] == ["review", "review"]


def test_what_comes_after_the_list_was_shown_is_not_approved(operator: Visitor) -> None:
    asked = operator.page(f"{_here(operator)}approve?which=all")
    later = _add(operator, 1)
    found = re.search(r'name="listed" value="([^"]+)"', asked)
    assert found
    assert "Approved 2 documents" in operator.press(f"{_here(operator)}approve", listed=found[1])
    assert operator.row(Posting, later[0]).state == "review"


@pytest.mark.parametrize("which", ["selected", "shown", "all"])
def test_what_changed_since_it_was_listed_stays_in_review(operator: Visitor, which: str) -> None:
    seals = [_seal(operator, name) for name in ("review", "changed")]
    query = {"which": which, "selected": seals, "shown": seals}
    asked = operator.get(f"{_here(operator)}approve", query_string=query).text
    _change(operator, "review")
    found = re.search(r'name="listed" value="([^"]+)"', asked)
    assert found
    page = operator.press(f"{_here(operator)}approve", listed=found[1])
    assert "Approved 1 document." in page
    assert "1 document changed since it was listed and stays in review." in page
    assert (_state(operator, "review"), _state(operator, "changed")) == ("review", "ready")


def test_what_changed_since_the_page_was_shown_is_not_even_listed(operator: Visitor) -> None:
    seals = [_seal(operator, name) for name in ("review", "changed")]
    _change(operator, "review")
    here = f"{_here(operator)}approve"
    page = operator.get(here, query_string={"which": "shown", "shown": seals}).text
    assert "Approve 1 document ·" in page
    assert "1 document changed since the page was shown and stays in review." in page
    assert "F-20262" not in page


def test_of_many_pages_one_or_all_are_approved(operator: Visitor) -> None:
    added = _add(operator, 30)
    page = operator.page(_here(operator))
    shown = re.findall(r'name="shown" value="([^"]+)"', page)
    assert ("Approve these 20…" in page, "Approve all 32…" in page, len(shown)) == (True, True, 20)
    assert "Approved 20 documents" in operator.approve(
        operator.story.installation, "shown", shown=shown
    )
    left = [id for id in added if operator.row(Posting, id).state == "review"]
    assert len(left) == 12
    assert "Approved 12 documents" in operator.approve(operator.story.installation)


def test_more_than_a_page_can_list_is_said_with_its_sum(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.review.MAX_LISTED", 1)
    page = operator.page(f"{_here(operator)}approve?which=all")
    assert "and 1 more · 1,990.50 NOK" in page


def test_at_most_so_many_are_approved_at_once_as_a_form_can_carry(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.review.MAX_APPROVED", 1)
    page = operator.page(f"{_here(operator)}approve?which=all")
    assert "Approve 1 document ·" in page
    assert "1 more stays in review." in page


def test_the_sum_has_credits_as_negative_leaves_removals_out_and_keeps_currencies_apart(
    operator: Visitor,
) -> None:
    _add(operator, 1, kind="vendor_credit", total=Decimal("100.00"))
    _add(operator, 1, operation="void", total=Decimal("900.00"))
    _add(operator, 1, currency="USD", total=Decimal("12.00"))
    for path in ("", "approve?which=all"):
        assert "3,215.00 NOK, 12.00 USD" in operator.page(f"{_here(operator)}{path}")
    page = operator.page(f"{_here(operator)}approve?which=all")
    assert "1 of them is removed from QuickBooks and not part of the sum." in page
    assert "Void in QuickBooks" in page


def test_approving_the_first_preview_leaves_the_mode_as_it_is(visitor: Visitor) -> None:
    visitor.log_in("arne")
    page = visitor.approve(visitor.story.installation)
    row = visitor.row(Installation, visitor.story.installation)
    assert (row.mode, row.previewed_at is not None) == ("review", True)
    assert visitor.row(Run, max(visitor.story.runs.values()) + 1).kind == "post"
    assert "Nothing to review" in page


def test_whether_to_post_automatically_is_asked_after_a_first_approval(visitor: Visitor) -> None:
    visitor.log_in("arne")
    assert "Post automatically" not in visitor.page(_here(visitor))
    assert "Post automatically from now on?" in visitor.approve(visitor.story.installation)
    page = visitor.press(f"{_here(visitor)}automatic")
    assert "New documents are now posted automatically." in page
    assert "Post automatically" not in page
    assert visitor.row(Installation, visitor.story.installation).mode == "auto"
    assert visitor.row(AuditEntry, 4).what == "mode changed"


def test_automatic_posting_is_not_switched_on_before_a_first_approval(visitor: Visitor) -> None:
    visitor.log_in("arne")
    visitor.press(f"{_here(visitor)}automatic")
    assert visitor.row(Installation, visitor.story.installation).mode == "review"


def test_who_may_not_change_settings_cannot_switch_the_mode(operator: Visitor) -> None:
    assert "Post automatically" not in operator.approve(operator.story.installation)
    assert operator.post(f"{_here(operator)}automatic").status_code == 403
    operator.press(_here(operator), all="1", auto="1")
    assert operator.row(Installation, operator.story.installation).mode == "review"


def test_an_app_of_somebody_else_is_not_switched_by_another_app_owner(visitor: Visitor) -> None:
    visitor.log_in("arne")
    visitor.approve(visitor.story.installation)
    with visitor.app.app_context(), engine.transaction() as session:
        session.get_one(Installation, visitor.story.installation).owner = "olga"
    assert visitor.post(f"{_here(visitor)}automatic").status_code == 403


@pytest.mark.parametrize("query", ["", "?which=selected", "?which=shown&shown=x", "?which=nothing"])
def test_approving_nothing_is_told(operator: Visitor, query: str) -> None:
    answer = operator.get(f"{_here(operator)}approve{query}")
    assert answer.status_code == 302
    assert "Select at least one document." in operator.page(answer.location)


@pytest.mark.parametrize("text", ["", "x", "AAAA", "_" * 40, "é"])
def test_a_form_that_lists_nothing_approves_nothing(operator: Visitor, text: str) -> None:
    operator.press(f"{_here(operator)}approve", listed=text)
    assert _state(operator, "review") == "review"


def test_a_viewer_may_look_but_not_approve(visitor: Visitor) -> None:
    visitor.log_in("vera")
    assert "Approve all" not in visitor.page(_here(visitor))
    assert visitor.get(f"{_here(visitor)}approve?which=all").status_code == 403
    assert visitor.post(f"{_here(visitor)}approve", listed="x").status_code == 403


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine may stop for a second
@given(st.dictionaries(st.integers(1, 2**40), st.binary(min_size=32, max_size=32), max_size=50))
def test_a_list_is_read_as_it_was_written(rows: dict[int, bytes]) -> None:
    seals = {id: digest.hex() for id, digest in rows.items()}
    read = listed_rows.decode(listed_rows.encode(seals))
    assert read.keys() == seals.keys()
    assert all(listed_rows.is_same(read[id], seals[id]) for id in seals)
