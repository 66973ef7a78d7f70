"""The three Autotask apps in one hub: schedules, errors, matches and secrets."""

import datetime as dt
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from sqlalchemy import select

from hub.cli.sync_runs import sync_all
from hub.db.engine import read_only_session
from hub.errors import NeedsAttention
from hub.installations import enable
from hub.mapping import NEW
from hub.models import Installation, Match, Run
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import run_log, runner, schedule
from qbo_sandbox.kit import Fault

pytestmark = pytest.mark.end_to_end

LABOUR = "labour and a licence"
QUARTER = dt.timedelta(minutes=15)


def consent(app, realm):
    """Connect the company again as its administrator does in the browser."""
    url, _ = oauth_connect.start("kari", realm)
    browser = requests.Session()
    for prefix, adapter in app.extensions["hub"].mounts.items():
        browser.mount(prefix, adapter)
    form = {"decision": "connect", "user": "admin", "realm": realm}
    back = browser.post(url, data=form, allow_redirects=False).headers["Location"]
    return oauth_connect.finish(dict(parse_qsl(urlsplit(back).query)), "kari")


def waiting():
    """Return the apps with a sync that has not begun."""
    with read_only_session() as session:
        rows = {row.id: row.slug for row in session.scalars(select(Installation))}
    return sorted(
        rows[run.installation_id] for run in run_log.list_waiting_runs() if run.kind == "sync"
    )


def begin_all():
    """Execute every sync that waits."""
    for run in run_log.list_waiting_runs():
        if run.kind == "sync":
            runner.execute(run.id)


# -- independent apps ------------------------------------------------------------------------------


@pytest.mark.row("AT-C1")
def test_each_app_is_configured_on_its_own_and_one_that_fails_stops_no_other(invoices, open_site):
    expenses, orders = open_site("expenses"), open_site("purchase-orders")
    invoices.keep(LABOUR).enable(days_back=5)
    expenses.keep("card and cash").enable(days_back=7)
    orders.keep("tax region set").enable(days_back=9)
    with read_only_session() as session:
        rows = session.scalars(select(Installation).order_by(Installation.id))
        assert [(row.slug, row.settings["days_back"]) for row in rows] == [
            ("autotask-invoices", 5),
            ("autotask-expenses", 7),
            ("autotask-purchase-orders", 9),
        ]
    invoices.match("billing_code", "external_number:software", NEW)
    expenses.books.do("level", lacking=["ExpenseReports"])
    result = sync_all([expenses.row, invoices.row, orders.row])
    errors = {run.installation_id: run.error for run in result if run.error}
    assert list(errors) == [expenses.row.id]
    assert "lacks a right to ExpenseReports" in errors[expenses.row.id]
    assert invoices.of(LABOUR).state == "posted"
    assert orders.of("tax region set").state == "posted"


@pytest.mark.row("AT-C1", "AT-C11")
def test_a_paused_or_disabled_app_does_not_stop_the_others(open_site, clock):
    expenses, orders = open_site("expenses"), open_site("purchase-orders")
    expenses.keep("card and cash").enable()
    orders.keep("tax region set").enable()
    enable.change(1, expenses.slug, {}, who="kari", mode="paused")
    schedule.tick(clock.now())
    assert waiting() == ["autotask-purchase-orders"]
    begin_all()
    enable.change(1, expenses.slug, {}, who="kari", mode="auto")
    enable.disable(1, orders.slug, who="kari")
    clock.advance(3600)
    schedule.tick(clock.now())
    assert waiting() == ["autotask-expenses"]
    begin_all()
    assert expenses.of("card and cash").state == "posted"


# -- polls -----------------------------------------------------------------------------------------


@pytest.mark.row("AT-C11")
def test_autotask_is_read_fifteen_minutes_after_the_end_of_the_last_run(open_site, clock):
    site = open_site("expenses").keep("card and cash").enable()
    schedule.tick(clock.now())
    site.stand_in.faults.add(Fault(kind="delay", call="ExpenseReports.query", seconds=80))
    begin_all()
    with read_only_session() as session:
        (first,) = session.scalars(select(Run).where(Run.kind == "sync"))
    assert first.ended_at - first.started_at >= dt.timedelta(seconds=80)
    clock.advance((first.ended_at + QUARTER - clock.now()).total_seconds() - 1)
    schedule.tick(clock.now())
    assert waiting() == []
    clock.advance(1)
    schedule.tick(clock.now())
    assert waiting() == ["autotask-expenses"]


@pytest.mark.row("AT-C11")
def test_an_app_in_mode_once_is_paused_after_its_run(open_site, clock):
    site = open_site("expenses").keep("card and cash").enable(mode="once")
    site.sync()
    assert site.of("card and cash").state == "posted"
    clock.advance(3600)
    schedule.tick(clock.now())
    assert waiting() == []
    with read_only_session() as session:
        assert session.get_one(Installation, site.row.id).mode == "paused"


# -- before the first invoice ----------------------------------------------------------------------


@pytest.mark.row("AT-C6")
@pytest.mark.parametrize(
    ("words", "field", "code"),
    [
        ("four decimals", "customer", "company:176"),
        ("lines in groups", "billing_code", "external_number:msp server"),
        ("a term that QuickBooks has not", "term", "term:902"),
    ],
)
def test_nothing_is_posted_while_one_organisation_item_or_term_is_neither_matched_nor_new(
    invoices, quickbooks, words, field, code
):
    ready = "fourteen days old"  # all that it needs is in QuickBooks
    invoices.keep(ready, words).enable()
    invoices.sync()
    for case in invoices.cases("match:"):
        if (case.details["field"], case.details["code"]) != (field, code):
            invoices.match(case.details["field"], case.details["code"], NEW)
    invoices.sync()
    assert [case.details["code"] for case in invoices.cases("match:")] == [code]
    assert quickbooks.select("select * from Invoice") == {}
    assert "posts nothing yet" in invoices.of(ready).reason
    invoices.match(field, code, NEW)
    invoices.sync()
    assert [invoices.of(invoice).state for invoice in (ready, words)] == ["posted"] * 2


# -- after a pause ---------------------------------------------------------------------------------


@pytest.mark.row("AT-C13")
@pytest.mark.parametrize("how", ["disabled", "disconnected"])
def test_settings_and_matches_stay_while_an_app_is_disabled_or_disconnected(
    app, invoices, quickbooks, how
):
    words = "a customer with nearly the name"
    invoices.keep(words, LABOUR).enable(days_back=6, tax="none")
    invoices.put(words, invoiceNumber="0")
    invoices.confirm()
    invoices.match("customer", "company:186", "46")  # Brooks Family
    if how == "disabled":
        enable.disable(1, invoices.slug, who="kari")
        row = enable.enable(1, invoices.slug, {}, who="kari", mode="auto")
    else:
        oauth_connect.disconnect(1, "kari")
        consent(app, quickbooks.realm)
        with read_only_session() as session:
            row = session.get_one(Installation, invoices.row.id)
    assert (row.settings["days_back"], row.settings["tax"]) == (6, "none")
    with read_only_session() as session:
        stored_row = session.scalars(select(Match).where(Match.code == "company:186")).one()
    assert stored_row.record == "46"
    invoices.put(words, invoiceNumber="")
    invoices.sync()
    assert invoices.of(words).state == "posted"
    assert invoices.sent(words)["CustomerRef"]["value"] == "46"


@pytest.mark.row("AT-C2", "AT-C16")
@pytest.mark.end_to_end("connection")
def test_the_account_is_named_and_a_refusal_keeps_nothing(invoices):
    with pytest.raises(NeedsAttention, match="tracking identifier of the integration vendor"):
        invoices.enable(secret="guess")
    invoices.books.do("level", lacking=["BillingItems"])
    with pytest.raises(NeedsAttention, match=r"lacks rights to BillingItems \(query\)"):
        invoices.enable()
    with read_only_session() as session:
        assert session.scalars(select(Installation)).all() == []
    invoices.books.do("level", lacking=[])
    assert invoices.enable().row.tenant_name == "Brightwater Managed IT"


@pytest.mark.row("AT-C14")
def test_a_renewed_secret_ends_the_run_and_the_number_follows_once_it_is_put_in(
    invoices, quickbooks
):
    invoices.keep(LABOUR).enable()
    invoices.match("billing_code", "external_number:software", NEW)
    invoices.stand_in.faults.add(Fault(kind="status", call="Invoices.change", status=401))
    invoices.books.do("credentials", values=[*invoices.books.credentials[:2], "renewed"])
    text = runner.sync(invoices.row.id, requested_by="kari").error
    assert "refused the API user qbo-api@brightwater.example" in text
    assert "its secret and the tracking identifier" in text
    enable.change(1, invoices.slug, {"secret": "renewed"}, who="kari")
    invoices.sync()  # the number cannot be written: a 401 again
    assert (invoices.of(LABOUR).state, invoices.row_of(LABOUR)["invoiceNumber"]) == ("posted", None)
    invoices.books.do("credentials", values=[*invoices.books.credentials[:2], "third"])
    enable.change(1, invoices.slug, {"secret": "third"}, who="kari")
    invoices.stand_in.clock.advance(600)
    invoices.advance(600)
    invoices.sync()
    number = invoices.transaction(LABOUR)["DocNumber"]
    assert invoices.row_of(LABOUR)["invoiceNumber"] == number
    assert len(quickbooks.select("select * from Invoice")["Invoice"]) == 1
