"""The undo page: which postings can be undone, and why others cannot."""

import datetime as dt
import re
from decimal import Decimal

import pytest

from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.models import ConnectedCompany, Installation, Posting, Run
from hub.outbox import approvals
from tests.support.pages.posting_pages import app, bench

__all__ = ["app", "bench"]


def planned():
    with read_only_session() as session:
        return session.query(Posting).filter(Posting.operation == "delete").count()


def test_a_posting_is_shown_and_taken_back_as_ticked(bench):
    bench.visitor.log_in("oda")
    here = f"/undo/posting/{bench.ids[0]}"
    assert "A-1" in bench.visitor.page(here)
    assert "Nothing was removed" in bench.visitor.press(here)
    assert "Removing 1 document from QuickBooks" in bench.visitor.press(
        here, posting=str(bench.ids[0])
    )
    assert "is being removed already" in bench.visitor.press(here, posting=str(bench.ids[0]))
    assert planned() == 1
    document = bench.visitor.page(f"/documents/{bench.posting(bench.ids[0]).document_id}")
    assert "oda requested its removal from QuickBooks" in document


def test_nothing_is_removed_for_a_company_that_a_person_disconnected(bench):
    bench.visitor.log_in("oda")
    document = f"/documents/{bench.posting(bench.ids[0]).document_id}"
    assert "Remove from QuickBooks…" in bench.visitor.page(document)
    with transaction() as session:
        session.get_one(ConnectedCompany, bench.company_id).state = "disconnected"
    assert "Remove from QuickBooks…" not in bench.visitor.page(document)
    page = bench.visitor.page(f"/undo/posting/{bench.ids[0]}")
    assert "Nothing can be removed" in page
    assert "Its company is disconnected, so nothing is sent to QuickBooks." in page


def test_nothing_is_removed_for_an_app_whose_plugin_is_not_installed(bench, monkeypatch):
    bench.visitor.log_in("oda")
    here = f"/undo/posting/{bench.ids[0]}"
    assert "1 can be removed" in bench.visitor.page(here)
    with read_only_session() as session:
        slug = session.get_one(Installation, bench.installation_id).slug
    monkeypatch.delitem(current_hub().plugins.apps, slug)
    page = bench.visitor.page(here)
    assert "Nothing can be removed" in page
    assert "The plugin of its app is not installed or broken" in page


def test_a_removal_that_two_people_must_approve_says_where_it_waits(bench):
    with transaction() as session:
        installation = session.get_one(Installation, bench.installation_id)
        installation.second_approval_above = Decimal(15)
        installation.company.currency = "USD"
        session.get_one(Posting, bench.ids[0]).document.total = Decimal("10.10")
    bench.visitor.log_in("oda")
    here = f"/undo/posting/{bench.ids[1]}"
    page = bench.visitor.press(here, posting=str(bench.ids[1]))
    assert "1 removal waits in Review until two people have approved it." in page
    assert "Removing" not in page
    with transaction() as session:
        assert approvals.return_unapproved_to_review(session, bench.company_id) == 1
    page = bench.visitor.press(here, posting=str(bench.ids[1]))
    assert "is being removed already" in page
    assert "Removing" not in page
    here = f"/undo/posting/{bench.ids[0]}"
    page = bench.visitor.press(here, posting=str(bench.ids[0]))
    assert "Removing 1 document from QuickBooks" in page
    assert "waits in Review" not in page


def test_undo_shows_date_and_due_date(bench):
    with transaction() as session:
        document = session.get_one(Posting, bench.ids[0]).document
        document.date, document.due = dt.date(2026, 3, 1), dt.date(2026, 4, 17)
    bench.visitor.log_in("oda")
    page = bench.visitor.page(f"/undo/posting/{bench.ids[0]}")
    assert page.index("01 Mar 2026") < page.index("17 Apr 2026")


def test_the_page_says_from_whose_books_is_removed(bench):
    with transaction() as session:
        session.get_one(ConnectedCompany, bench.company_id).name = "Fjell AS"
        session.add(Run(id=9, company_id=bench.company_id, kind="sync", requested_by="oda"))
        session.query(Posting).update({"run_id": 9})
    bench.visitor.log_in("oda")
    for path in (f"/undo/posting/{bench.ids[0]}", "/undo/run/9"):
        crumbs = bench.visitor.page(path).partition('class="crumbs"')[2].partition("</nav>")[0]
        assert "Fjell AS" in crumbs, path


def test_the_removable_documents_have_their_sum(bench):
    bench.visitor.log_in("oda")
    assert "1 can be removed · <span" in bench.visitor.page(f"/undo/posting/{bench.ids[0]}")
    assert '<span class="sum">10.10 USD</span>' in bench.visitor.page(
        f"/undo/posting/{bench.ids[0]}"
    )


def test_documents_that_stay_are_named_with_the_reason(bench):
    bench.visitor.log_in("oda")
    bench.edit(bench.posting(bench.ids[0]).quickbooks_id, DocNumber="changed")
    page = bench.visitor.page(f"/undo/posting/{bench.ids[0]}")
    assert "It was changed in QuickBooks since it was posted." in page
    assert "Nothing can be removed" in page


def test_undo_lists_the_remaining_documents_by_their_reason(bench):
    ids = [bench.bill(f"B-{n}") for n in range(6)]
    bench.drain()
    with transaction() as session:
        session.add(Run(id=9, company_id=bench.company_id, kind="sync", requested_by="oda"))
        session.query(Posting).update({"run_id": 9})
    for id in ids:
        bench.edit(bench.posting(id).quickbooks_id, DocNumber=f"other {id}")
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/undo/run/9")
    assert all(
        text in page
        for text in ("2 can be removed", "6 can't be removed", "<summary>6 documents</summary>")
    )
    assert page.count("It was changed in QuickBooks since it was posted.") == 1
    assert f'/postings/{ids[5]}"' in page


def test_one_box_selects_all_or_none_of_the_documents(bench):
    bench.visitor.log_in("oda")
    page = bench.visitor.page(f"/undo/posting/{bench.ids[0]}")
    box = re.search(r'<input[^>]*data-selects="posting"[^>]*>', page)
    assert box
    assert "checked" in box[0]
    assert 'aria-label="Select all 1 on this page"' in box[0]


def test_enter_in_a_tick_box_removes_nothing(bench):
    bench.visitor.log_in("oda")
    here = f"/undo/posting/{bench.ids[0]}"
    page = bench.visitor.page(here)
    form = page[page.index('<form method="post">') :]
    assert form[form.index("<button") :].startswith('<button hidden name="enter">')
    page = bench.visitor.press(here, posting=str(bench.ids[0]), enter="")
    assert "Nothing was removed. Press the button below the list." in page
    assert "1 can be removed" in page
    assert planned() == 0


def test_an_old_page_says_how_many_of_the_selected_documents_stay(bench):
    with transaction() as session:
        session.add(Run(id=9, company_id=bench.company_id, kind="sync", requested_by="oda"))
        session.query(Posting).update({"run_id": 9})
    first, second = map(str, bench.ids)
    bench.visitor.log_in("oda")
    page = bench.visitor.press("/undo/run/9", posting=first)
    assert "Removing 1 document from QuickBooks" in page
    assert "not removed now" not in page
    page = bench.visitor.press("/undo/run/9", posting=[first, second])
    assert "Removing 1 document from QuickBooks" in page
    assert "1 selected document is not removed now: it is being removed already" in page


def test_what_was_removed_already_is_not_offered_again(bench):
    """Neither the page of the run nor the one that removes promises anything then."""
    with transaction() as session:
        now = bench.clock.now()
        ended = {"started_at": now, "ended_at": now, "outcome": "done"}
        run = {"company_id": bench.company_id, "kind": "sync", "requested_by": "oda"}
        session.add(Run(id=9, installation_id=bench.installation_id, **run, **ended))
        session.query(Posting).update({"run_id": 9})
    bench.visitor.log_in("oda")
    button = "Remove this run's documents from QuickBooks"
    assert button in bench.visitor.page("/runs/9")
    bench.visitor.press("/undo/run/9", posting=[str(id) for id in bench.ids])
    assert "Nothing can be removed" in bench.visitor.page("/undo/run/9")
    bench.drain()
    page = bench.visitor.page("/undo/run/9")
    assert "Nothing can be removed" in page
    assert "Nothing of it is in QuickBooks any more." in page
    assert "The reasons are listed below." not in page
    assert button not in bench.visitor.page("/runs/9")


@pytest.mark.parametrize("kind", ["bill", "vendor"])
def test_the_removal_of_a_record_of_a_list_is_not_offered(bench, kind):
    """Others may use the record by now, so the page could only say that it stays."""
    with transaction() as session:
        document = session.get_one(Posting, bench.ids[0]).document
        document.kind = kind
        here = f"/documents/{document.id}"
    bench.visitor.log_in("oda")
    assert ("Remove from QuickBooks" in bench.visitor.page(here)) == (kind == "bill")


@pytest.mark.parametrize(("language", "word"), [("en", "Supplier"), ("nb", "Leverandør")])
def test_a_record_that_stays_is_named_in_the_language_of_the_person(bench, language, word):
    with transaction() as session:
        posting = session.get_one(Posting, bench.ids[0])
        posting.kind = posting.document.kind = "vendor"
        posting.document.party = "Hara"
    bench.visitor.log_in("oda")
    headers = {"Accept-Language": language}
    page = bench.visitor.get(f"/undo/posting/{bench.ids[0]}", headers=headers).text
    assert f">{word} Hara</a>" in page


def test_a_viewer_takes_nothing_back(bench):
    bench.visitor.log_in("vera")
    assert bench.visitor.get(f"/undo/posting/{bench.ids[0]}").status_code == 403
    assert "Remove from QuickBooks" not in bench.visitor.page(
        f"/documents/{bench.posting(bench.ids[0]).document_id}"
    )
