"""The preview: what was approved is what is posted."""

import pytest

from hub import store
from hub.models import AuditEntry, Installation, Posting, Run
from hub.outbox import fingerprint
from tests.visitor import Visitor


@pytest.fixture
def operator(visitor: Visitor) -> Visitor:
    visitor.log_in("oda")
    return visitor


def _here(visitor: Visitor) -> str:
    return f"/installations/{visitor.story.installation}/review/"


def _ticked(visitor: Visitor, name: str) -> str:
    posting = visitor.row(Posting, visitor.story.postings[name])
    return f"{posting.id}:{fingerprint(posting.payload)}"


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


def test_only_what_was_ticked_is_approved(operator: Visitor) -> None:
    operator.press(_here(operator), posting=_ticked(operator, "review"), some="1")
    posting = operator.row(Posting, operator.story.postings["review"])
    assert (posting.state, posting.approved_by, posting.approved_payload) == (
        "ready", "oda", fingerprint(posting.payload),
    )  # fmt: skip
    assert operator.row(Posting, operator.story.postings["changed"]).state == "review"
    assert operator.row(AuditEntry, 1).what == "posting approved"


def test_what_changed_since_it_was_shown_stays_in_review(operator: Visitor) -> None:
    seal = _ticked(operator, "review")
    with operator.app.app_context(), store.transaction() as session:
        session.get_one(
            Posting, operator.story.postings["review"]
        ).payload = b'{"DocNumber": "other"}'
    page = operator.press(_here(operator), posting=seal, some="1")
    assert "changed since this page was shown" in page
    assert operator.row(Posting, operator.story.postings["review"]).state == "review"


def test_approving_the_first_preview_makes_the_app_automatic(operator: Visitor) -> None:
    operator.press(_here(operator), all="1", auto="1")
    row = operator.row(Installation, operator.story.installation)
    assert (row.mode, row.previewed_at is not None) == ("auto", True)
    assert operator.row(Run, max(operator.story.runs.values()) + 1).kind == "sync"
    assert "Nothing to review" in operator.page(_here(operator))


def test_without_that_wish_it_stays_in_review_and_only_posts(operator: Visitor) -> None:
    operator.press(_here(operator), all="1")
    assert operator.row(Installation, operator.story.installation).mode == "review"
    assert operator.row(Run, max(operator.story.runs.values()) + 1).kind == "post"


def test_pressing_without_a_tick_is_told(operator: Visitor) -> None:
    assert "Nothing was ticked" in operator.press(_here(operator), some="1")


def test_a_viewer_may_look_but_not_approve(visitor: Visitor) -> None:
    visitor.log_in("vera")
    assert "Approve all" not in visitor.page(_here(visitor))
    assert visitor.post(_here(visitor), all="1").status_code == 403
