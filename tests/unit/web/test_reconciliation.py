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
from tests.support.pages.posting_pages import app, bench

__all__ = ["app", "bench"]


def proof(bench):
    runner.run_company_job("reconcile", bench.company_id, requested_by="schedule")
    bench.visitor.log_in("vera")
    return bench.visitor.page("/")


def test_the_home_page_says_when_it_was_last_proved_and_that_all_agrees(bench):
    page = proof(bench)
    assert "Last reconciled" in page
    assert "2 of 2 documents match QuickBooks" in page
    assert "No difference." in page
    assert "Everything matches" in page


def test_a_difference_is_reported_with_its_amount_and_its_list(bench):
    bench.quickbooks.act("delete", kind="Bill", id=bench.posting(bench.ids[1]).quickbooks_id)
    page = proof(bench)
    assert "1 of 2 documents" in page
    assert re.search(r'Difference <span class="mono">−20.10 USD</span> in 1 document\.', page)
    assert "1 needs attention" in page
    run_page = bench.visitor.page("/runs/1")
    assert "Control totals" in run_page
    assert "is no longer there" in run_page


def test_two_differences_that_cancel_out_do_not_look_clean(bench):
    for id, total in zip(bench.ids, ("15.10", "15.10"), strict=True):
        posting = bench.posting(id)
        bench.edit(posting.quickbooks_id, Line=bench.body(posting.number, total=total)["Line"])
    assert 'Difference <span class="mono">0.00 USD</span> in 2 documents.' in proof(bench)
    body = bench.visitor.page("/runs/1").partition("<tbody>")[2]
    assert re.findall(r'amount wrong" data-label="\w+">(.+?)</td>', body) == [
        "0.00 USD",
        '2<div class="small">10.00 without signs</div>',
    ]
    with bench.app.app_context():
        output = CliRunner().invoke(main, ["reconcile"], obj=bench.app).stdout
    assert re.search(r"30\.20 +30\.20 +0\.00 +2 +10\.00", output)


def test_the_difference_has_the_sign_and_the_sum_of_its_column(bench):
    bench.quickbooks.act("delete", kind="Bill", id=bench.posting(bench.ids[1]).quickbooks_id)
    raised = bench.posting(bench.ids[0])
    bench.edit(raised.quickbooks_id, Line=bench.body(raised.number, total="135.10")["Line"])
    assert 'Difference <span class="mono">104.90 USD</span> in 2 documents.' in proof(bench)
    report = bench.visitor.page("/reconciliations/")
    assert ("125.00 USD" in report, "−20.10 USD" in report) == (True, True)


def test_an_accepted_difference_is_neither_in_the_sum_nor_in_its_documents(bench):
    bench.quickbooks.act("delete", kind="Bill", id=bench.posting(bench.ids[1]).quickbooks_id)
    runner.run_company_job("reconcile", bench.company_id, requested_by="schedule")
    with transaction() as session:
        (case,) = session.scalars(select(Case).where(Case.closed_at.is_(None)))
        case.closed_at, case.closed_by = bench.clock.now(), "kari"
    raised = bench.posting(bench.ids[0])
    bench.edit(raised.quickbooks_id, Line=bench.body(raised.number, total="15.10")["Line"])
    page = proof(bench)
    assert 'Difference <span class="mono">5.00 USD</span> in 1 document.' in page
    assert "1 accepted as it is." in page


def test_a_reconciliation_that_differs_is_nowhere_called_done(bench):
    bench.quickbooks.act("delete", kind="Bill", id=bench.posting(bench.ids[1]).quickbooks_id)
    home = proof(bench)
    assert re.search(r'<li class="kpi bad"><a href="/reconciliations/">', home)
    for page in ("/reconciliations/", "/runs/?kind=reconcile", "/runs/1"):
        html = bench.visitor.page(page)
        assert re.search(r'class="state bad">\s*Differs</span>', html), page
        assert not re.search(r'class="state good">\s*Done</span>', html), page
    assert "/runs/1" in bench.visitor.page("/runs/?state=differs")
    assert "/runs/1" not in bench.visitor.page("/runs/?state=done")
    with bench.app.app_context():
        output = CliRunner().invoke(main, ["runs"], obj=bench.app).stdout
        listed = CliRunner().invoke(main, ["runs", "--json"], obj=bench.app).stdout
    assert re.search(r"reconcile .*differs", output)
    assert [(run["outcome"], run["state"]) for run in json.loads(listed)] == [("done", "differs")]


def test_a_reconciliation_links_a_copied_marker_to_its_comparison(bench):
    copied = {
        name: bench.bills()[0][name] for name in ("VendorRef", "Line", "PrivateNote", "TxnDate")
    }
    bench.quickbooks.act("create", kind="Bill", set={**copied, "DocNumber": "COPY"})
    proof(bench)
    assert '<a href="/inbox/1">Compare<span' in bench.visitor.page("/runs/1")
    assert "other transactions with its marker" in bench.visitor.page("/inbox/1")


def test_before_the_first_proof_nothing_is_claimed(bench):
    bench.visitor.log_in("vera")
    page = bench.visitor.page("/")
    assert "Not reconciled yet" in page
    assert re.search(r'Last reconciled</span> <strong class="soft">not yet', page)
    assert "Reconcile now" not in page


def test_the_books_can_be_proved_again_and_the_sums_are_added_up_by_currency(bench):
    runner.run_company_job("reconcile", bench.company_id, requested_by="schedule")
    bench.visitor.log_in("oda")
    page = bench.visitor.page("/")
    assert ("Last reconciled" in page, "Reconcile now" in page) == (True, True)
    bench.bill("LATER", total="9.90", TxnDate="2025-12-31")
    bench.drain()
    runner.run_company_job("reconcile", bench.company_id, requested_by="oda")
    foot = bench.visitor.page("/runs/2").partition("<tfoot>")[2]
    assert re.findall(r'amount" data-label="[\w ]+">([\d.,]+)(?: USD)?<', foot)[:5] == [
        "3",
        "300.00",
        "40.10",
        "40.10",
        "0.00",
    ]


def test_no_difference_in_several_currencies_is_stated_once(bench):
    proof(bench)
    with transaction() as session:
        run = session.get_one(Run, 1)
        lines = run.counts["totals"]
        run.counts = {
            **run.counts,
            "totals": [*lines, {**lines[0], "currency": "EUR"}],
        }
    assert bench.visitor.page("/").count("No difference.") == 1


def test_a_proof_that_an_earlier_version_kept_is_still_shown(bench):
    proof(bench)
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
    assert "Control totals" in bench.visitor.page("/runs/1")
    assert "Last reconciled" in bench.visitor.page("/")


def test_an_operator_can_reconcile_now(bench):
    bench.visitor.log_in("oda")
    assert "Reconcile now" in bench.visitor.page("/")
    page = bench.visitor.press(f"/companies/{bench.company_id}/reconcile")
    assert "Reconciliation" in page
    assert bench.visitor.row(Run, 1).requested_by == "oda"


def test_the_earlier_address_still_reconciles(bench):
    bench.visitor.log_in("oda")
    bench.visitor.press(f"/companies/{bench.company_id}/prove")
    assert bench.visitor.row(Run, 1).kind == "reconcile"


def test_the_proofs_are_listed_with_what_each_found(bench):
    transaction_download.download_missing(bench.company_id, ["bill"], dt.date(2026, 1, 1))
    bench.quickbooks.act("delete", kind="Bill", id=bench.posting(bench.ids[1]).quickbooks_id)
    bench.clock.advance(60)
    runner.run_company_job("changes", bench.company_id, requested_by="oda")
    proof(bench)
    history = bench.visitor.page("/runs/?kind=reconcile")
    result = (
        "1 of 2 documents match QuickBooks. Difference −20.10 USD in 1 document. 1 needs attention"
    )
    assert result in history
    assert ("Differs</span>" in history, "Changes in QuickBooks ·" in history) == (True, False)
    assert "1 gone" in bench.visitor.page("/runs/?kind=changes")
