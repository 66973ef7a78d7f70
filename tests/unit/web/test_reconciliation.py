"""The nightly reconciliation on the pages."""

import datetime as dt
import json
import re

from click.testing import CliRunner
from sqlalchemy import select

from hub.cli import main
from hub.db.engine import transaction
from hub.models import Case, Run
from hub.qbo import transaction_download
from hub.scheduling import runner
from tests.unit.web.test_undo import app, desk

__all__ = ["app", "desk"]


def proof(desk):
    runner.run_company_job("reconcile", desk.company_id, requested_by="schedule")
    desk.visitor.log_in("vera")
    return desk.visitor.page("/")


def test_the_home_page_says_when_it_was_last_proved_and_that_all_agrees(desk):
    page = proof(desk)
    assert "Last reconciled" in page
    assert "2 of 2 documents match QuickBooks" in page
    assert "No difference." in page
    assert "Everything matches" in page


def test_a_difference_is_reported_with_its_amount_and_its_list(desk):
    desk.quickbooks.act("delete", kind="Bill", id=desk.posting(desk.ids[1]).quickbooks_id)
    page = proof(desk)
    assert "1 of 2 documents" in page
    assert re.search(r'Difference <span class="mono">−20.10 USD</span> in 1 document\.', page)
    assert "1 needs attention" in page
    run_page = desk.visitor.page("/runs/1")
    assert "Control totals" in run_page
    assert "is no longer there" in run_page


def test_two_differences_that_cancel_out_do_not_look_clean(desk):
    for id, total in zip(desk.ids, ("15.10", "15.10"), strict=True):
        posting = desk.posting(id)
        desk.edit(posting.quickbooks_id, Line=desk.body(posting.number, total=total)["Line"])
    assert 'Difference <span class="mono">0.00 USD</span> in 2 documents.' in proof(desk)
    body = desk.visitor.page("/runs/1").partition("<tbody>")[2]
    assert re.findall(r'amount wrong" data-label="\w+">(.+?)</td>', body) == [
        "0.00 USD",
        '2<div class="small">10.00 without signs</div>',
    ]
    with desk.app.app_context():
        output = CliRunner().invoke(main, ["reconcile"], obj=desk.app).stdout
    assert re.search(r"30\.20 +30\.20 +0\.00 +2 +10\.00", output)


def test_the_difference_has_the_sign_and_the_sum_of_its_column(desk):
    desk.quickbooks.act("delete", kind="Bill", id=desk.posting(desk.ids[1]).quickbooks_id)
    raised = desk.posting(desk.ids[0])
    desk.edit(raised.quickbooks_id, Line=desk.body(raised.number, total="135.10")["Line"])
    assert 'Difference <span class="mono">104.90 USD</span> in 2 documents.' in proof(desk)
    report = desk.visitor.page("/reconciliations/")
    assert ("125.00 USD" in report, "−20.10 USD" in report) == (True, True)


def test_an_accepted_difference_is_neither_in_the_sum_nor_in_its_documents(desk):
    desk.quickbooks.act("delete", kind="Bill", id=desk.posting(desk.ids[1]).quickbooks_id)
    runner.run_company_job("reconcile", desk.company_id, requested_by="schedule")
    with transaction() as session:
        (case,) = session.scalars(select(Case).where(Case.closed_at.is_(None)))
        case.closed_at, case.closed_by = desk.clock.now(), "kari"
    raised = desk.posting(desk.ids[0])
    desk.edit(raised.quickbooks_id, Line=desk.body(raised.number, total="15.10")["Line"])
    page = proof(desk)
    assert 'Difference <span class="mono">5.00 USD</span> in 1 document.' in page
    assert "1 accepted as it is." in page


def test_a_reconciliation_that_differs_is_nowhere_called_done(desk):
    desk.quickbooks.act("delete", kind="Bill", id=desk.posting(desk.ids[1]).quickbooks_id)
    home = proof(desk)
    assert re.search(r'<li class="kpi bad"><a href="/reconciliations/1">', home)
    for page in ("/reconciliations/", "/runs/?kind=reconcile", "/runs/1"):
        html = desk.visitor.page(page)
        assert re.search(r'class="state bad">\s*Differs</span>', html), page
        assert not re.search(r'class="state good">\s*Done</span>', html), page
    assert "/runs/1" in desk.visitor.page("/runs/?state=differs")
    assert "/runs/1" not in desk.visitor.page("/runs/?state=done")
    with desk.app.app_context():
        output = CliRunner().invoke(main, ["runs"], obj=desk.app).stdout
        listed = CliRunner().invoke(main, ["runs", "--json"], obj=desk.app).stdout
    assert re.search(r"reconcile .*differs", output)
    assert [(run["outcome"], run["state"]) for run in json.loads(listed)] == [("done", "differs")]


def test_a_reconciliation_links_a_copied_marker_to_its_comparison(desk):
    copied = {
        name: desk.bills()[0][name] for name in ("VendorRef", "Line", "PrivateNote", "TxnDate")
    }
    desk.quickbooks.act("create", kind="Bill", set={**copied, "DocNumber": "COPY"})
    proof(desk)
    assert '<a href="/inbox/1">Compare<span' in desk.visitor.page("/runs/1")
    assert "other transactions with its marker" in desk.visitor.page("/inbox/1")


def test_before_the_first_proof_nothing_is_claimed(desk):
    desk.visitor.log_in("vera")
    page = desk.visitor.page("/")
    assert "Not reconciled yet" in page
    assert re.search(r'Last reconciled</span> <strong class="soft">not yet', page)
    assert "Reconcile now" not in page


def test_the_books_can_be_proved_again_and_the_sums_are_added_up_by_currency(desk):
    runner.run_company_job("reconcile", desk.company_id, requested_by="schedule")
    desk.visitor.log_in("oda")
    page = desk.visitor.page("/")
    assert ("Last reconciled" in page, "Reconcile now" in page) == (True, True)
    desk.bill("LATER", total="9.90", TxnDate="2025-12-31")
    desk.drain()
    runner.run_company_job("reconcile", desk.company_id, requested_by="oda")
    foot = desk.visitor.page("/runs/2").partition("<tfoot>")[2]
    assert re.findall(r'amount" data-label="[\w ]+">([\d.,]+)(?: USD)?<', foot)[:5] == [
        "3",
        "300.00",
        "40.10",
        "40.10",
        "0.00",
    ]


def test_no_difference_in_several_currencies_is_stated_once(desk):
    proof(desk)
    with transaction() as session:
        run = session.get_one(Run, 1)
        lines = run.counts["totals"]
        run.counts = {
            **run.counts,
            "totals": [*lines, {**lines[0], "currency": "EUR"}],
        }
    assert desk.visitor.page("/").count("No difference.") == 1


def test_a_proof_that_an_earlier_version_kept_is_still_shown(desk):
    proof(desk)
    with transaction() as session:
        run = session.get_one(Run, 1)
        names = (
            "app",
            "kind",
            "period",
            "currency",
            "documents",
            "source",
            "posted",
            "quickbooks",
            "difference",
        )
        lines = [
            {name: line[name] for name in names} | {"accepted": "0.00"}
            for line in run.counts["totals"]
        ]
        run.counts = {**run.counts, "totals": lines}
    assert "Control totals" in desk.visitor.page("/runs/1")
    assert "Last reconciled" in desk.visitor.page("/")


def test_an_operator_can_reconcile_now(desk):
    desk.visitor.log_in("oda")
    assert "Reconcile now" in desk.visitor.page("/")
    page = desk.visitor.press(f"/companies/{desk.company_id}/reconcile")
    assert "Reconciliation" in page
    assert desk.visitor.row(Run, 1).requested_by == "oda"


def test_the_earlier_address_still_reconciles(desk):
    desk.visitor.log_in("oda")
    desk.visitor.press(f"/companies/{desk.company_id}/prove")
    assert desk.visitor.row(Run, 1).kind == "reconcile"


def test_the_proofs_are_listed_with_what_each_found(desk):
    transaction_download.download_missing(desk.company_id, ["bill"], dt.date(2026, 1, 1))
    desk.quickbooks.act("delete", kind="Bill", id=desk.posting(desk.ids[1]).quickbooks_id)
    desk.clock.advance(60)
    runner.run_company_job("changes", desk.company_id, requested_by="oda")
    proof(desk)
    history = desk.visitor.page("/runs/?kind=reconcile")
    result = (
        "1 of 2 documents match QuickBooks. Difference −20.10 USD in 1 document. 1 needs attention"
    )
    assert result in history
    assert ("Differs</span>" in history, "Changes in QuickBooks ·" in history) == (True, False)
    assert "1 gone" in desk.visitor.page("/runs/?kind=changes")
