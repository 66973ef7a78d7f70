"""The nightly proof on the pages: when it was, how many of how many, the difference, and what to look at."""

from hub.engine import run
from tests.test_web_undoing import app, desk

__all__ = ["app", "desk"]


def proof(desk):
    run.company("reconcile", desk.company_id, asked_by="schedule")
    desk.visitor.log_in("vera")
    return desk.visitor.page("/")


def test_the_home_page_says_when_it_was_last_proved_and_that_all_agrees(desk):
    page = proof(desk)
    assert "Last proved" in page
    assert "2 of 2 documents stand in QuickBooks" in page
    assert 'difference <span class="mono">0.00 USD</span>' in page


def test_a_difference_is_told_with_its_amount_and_its_list(desk):
    desk.quickbooks.act("delete", kind="Bill", id=desk.posting(desk.ids[1]).quickbooks_id)
    page = proof(desk)
    assert "1 of 2 documents" in page
    assert "20.10 USD" in page
    run_page = desk.visitor.page("/runs/1")
    assert "Control totals" in run_page
    assert "is no longer there" in run_page


def test_before_the_first_proof_nothing_is_claimed(desk):
    desk.visitor.log_in("vera")
    assert "Last proved" not in desk.visitor.page("/")
