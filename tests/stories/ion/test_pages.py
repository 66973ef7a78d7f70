"""ION on the pages: settings that are tested before they are saved, and resending orders."""

import re
from html import unescape
from typing import Any

import pytest
from hub_ion.sandbox import StandIn
from sqlalchemy import select

from hub.db import engine
from hub.errors import AccessNeeded
from hub.installations import enable as installations_enable
from hub.models import Case, Installation, Posting
from hub.qbo import company
from hub.qbo.client import Client
from hub.qbo.record_download import MAX_LIST_AGE
from hub.scheduling import runner
from hub.testing.clock import START, FakeClock
from qbo_sandbox.kit import Clock, Journal
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.pages.page_visitor import Visitor

ION = "http://ion.test"
PRODUCTION = ("https://api.buildwithion.com", "https://auth.buildwithion.com")
CONFIGURE = "/apps/ion/1/configure"
PLAN = {"mode": "review", "schedule": "15m", "zone": "UTC", "start_date": ""}
ACCOUNTS = {"income_account": "79", "asset_account": "81", "expense_account": "80"}


@pytest.fixture
def newcomer(connected_visitor: Visitor) -> Visitor:
    """Provide Olga before a company and an ION stand-in, to which nobody has given her access."""
    source = StandIn(Journal(None), 2, 1, Clock(START.timestamp(), frozen=True))
    for address in (ION, *PRODUCTION):
        connected_visitor.app.extensions["hub"].mounts[address] = WSGIAdapter(source.wsgi, address)
    return connected_visitor


@pytest.fixture
def owner(newcomer: Visitor) -> Visitor:
    """Provide Olga after she was given access to the app."""
    newcomer.press("/apps/ion/1/grant")
    return newcomer


def enable(visitor: Visitor, payable_account: str = "33", **more: str) -> str:
    account = {"payable_account": payable_account}
    settings = {**PLAN, **StandIn.settings(ION), **ACCOUNTS, **account, **more}
    return visitor.press(CONFIGURE, **settings)


def field(page: str) -> str:
    """Return the part of a page that asks for the payable account."""
    (part,) = re.findall(r'<label[^>]* for="payable_account">.*?accountId=', page, re.DOTALL)
    return part


@pytest.mark.row("ION-4")
def test_the_payable_account_can_be_typed_and_is_offered_from_the_list(owner: Visitor) -> None:
    drawn = field(owner.page(CONFIGURE))
    assert re.search(r'<input\s[^>]*name="payable_account"\s+list="payable_account-list"', drawn)
    assert '<option value="33">2000 Accounts Payable (A/P)</option>' in drawn
    assert "<select" not in drawn


@pytest.mark.row("ION-4")
@pytest.mark.parametrize("typed", ["33", "2000", "accounts payable (a/p)"])
def test_an_account_setting_takes_an_id_a_number_or_a_name(owner: Visitor, typed: str) -> None:
    assert "orbital-works.example answers" in enable(owner, typed)
    assert owner.row(Installation, 1).settings["payable_account"] == "33"
    page = field(owner.page("/installations/1/settings"))
    assert 'value="33"' in page
    assert "33 is 2000 Accounts Payable (A/P)." in page


@pytest.mark.row("ION-4", "ION-1")
@pytest.mark.parametrize("wrong", ["404", "20"], ids=["not there", "no payable account"])
def test_an_account_that_is_not_payable_is_refused_beside_the_field(
    owner: Visitor, wrong: str
) -> None:
    page = enable(owner, wrong)
    assert f"There is no “{wrong}” in the list" in unescape(field(page))
    assert f'value="{wrong}"' in field(page)
    assert owner.get("/installations/1/settings").status_code == 404


@pytest.mark.row("ION-1")
def test_an_environment_of_first_resonance_needs_no_address(owner: Visitor) -> None:
    page = enable(owner, environment="production", api_url="", token_url="")
    assert "orbital-works.example answers" in page
    assert owner.row(Installation, 1).tenant == "4711"


@pytest.mark.row("ION-1")
@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "lose_request"}])
def test_nothing_is_kept_while_quickbooks_does_not_answer(
    owner: Visitor, clock: FakeClock, fault: dict[str, Any]
) -> None:
    clock.advance(2 * MAX_LIST_AGE.total_seconds())  # the accounts may have changed since
    owner.log_in("olga")
    owner.quickbooks.add_fault(call="*", count=0, **fault)
    page = enable(owner)
    assert "QuickBooks" in page
    assert "orbital-works.example answers" not in page
    assert owner.get("/installations/1/settings").status_code == 404
    owner.quickbooks.faults.clear()
    clock.advance(600)
    assert "orbital-works.example answers" in enable(owner)


@pytest.mark.row("ION-1")
def test_nothing_is_kept_while_ion_does_not_answer(owner: Visitor) -> None:
    hub = owner.app.extensions["hub"]
    server = hub.mounts.pop(ION)
    hub.mounts[ION] = WSGIAdapter(_answer_unavailable, ION)
    assert "orbital-works.example answers" not in enable(owner)
    assert owner.get("/installations/1/settings").status_code == 404
    hub.mounts[ION] = server
    assert "orbital-works.example answers" in enable(owner)


def _answer_unavailable(environ: Any, start: Any) -> list[bytes]:
    start("503 Service Unavailable", [("Content-Type", "text/plain")])
    return [b"later"]


@pytest.mark.row("ION-43")
def test_access_that_was_only_asked_for_does_not_open_the_app(newcomer: Visitor) -> None:
    assert "Requested by olga" in newcomer.press("/apps/ion/1/ask")
    with newcomer.app.app_context(), pytest.raises(AccessNeeded, match="First Resonance"):
        installations_enable.enable(1, "ion", {}, who="olga")
    newcomer.press("/apps/ion/1/grant")
    assert "orbital-works.example answers" in enable(newcomer)


# -- sending again ---------------------------------------------------------------------------------


def sync(visitor: Visitor, kind: str = "sync") -> None:
    with visitor.app.app_context():
        result = getattr(runner, kind)(1, requested_by="clock")
        assert result.error == ""


def orders(visitor: Visitor) -> dict[str, Posting]:
    """Return the newest posting of each order, by its number in ION."""
    with visitor.app.app_context(), engine.read_only_session() as session:
        rows = session.scalars(select(Posting).where(Posting.kind == "purchase_order"))
        return {posting.document.number: posting for posting in rows}


def states(visitor: Visitor) -> dict[str, str]:
    return {number: posting.state for number, posting in orders(visitor).items()}


def cases(visitor: Visitor, prefix: str) -> list[int]:
    with visitor.app.app_context(), engine.read_only_session() as session:
        conditions = Case.cause.startswith(prefix), Case.closed_at.is_(None)
        return list(session.scalars(select(Case.id).where(*conditions).order_by(Case.id)))


@pytest.mark.row("ION-23")
@pytest.mark.end_to_end
def test_one_order_is_sent_again_by_its_button_and_no_other(owner: Visitor) -> None:
    refusal = {"code": "6000", "detail": "Something is wrong.", "count": 2}
    owner.quickbooks.add_fault("refusal", "purchaseorder.create", **refusal)
    enable(owner, mode="auto", fee_account="15", gone="close")
    sync(owner)
    assert states(owner) == {"1001": "held", "1002": "held"}
    first = orders(owner)["1001"].id
    (case,) = cases(owner, f"posting:{first}:refused")
    assert "Retried " in owner.press(f"/inbox/{case}/{first}/retry")
    sync(owner, "post")
    assert states(owner) == {"1001": "posted", "1002": "held"}
    assert cases(owner, f"posting:{first}:") == []
    records = owner.quickbooks.select("select * from PurchaseOrder")["PurchaseOrder"]
    assert [order["DocNumber"] for order in records] == ["1001"]


@pytest.mark.row("ION-23")
@pytest.mark.end_to_end
def test_all_orders_that_one_cause_stopped_are_sent_again_by_one_button(owner: Visitor) -> None:
    books = {"realm": owner.quickbooks.realm, "closed": "2026-03-31"}
    owner.quickbooks.control.company("POST", books)
    with owner.app.app_context():
        company.read(1, Client(1))
    enable(owner, mode="auto", fee_account="15", gone="close")
    sync(owner)
    (case,) = cases(owner, "closed:1")
    assert states(owner) == {"1001": "held", "1002": "held"}
    owner.quickbooks.control.company("POST", books | {"closed": None})
    assert "Retried " in owner.press(f"/inbox/{case}/retry")
    assert "held" not in states(owner).values()
    sync(owner, "post")
    assert states(owner) == {"1001": "posted", "1002": "posted"}
    assert cases(owner, "closed:") == []
