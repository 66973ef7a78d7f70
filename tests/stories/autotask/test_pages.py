"""The Autotask apps on the pages: access, settings, assignment of owners, and comparison."""

import re

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hub import spreadsheets
from hub.cli import main
from hub.db import engine
from hub.errors import AccessNeeded
from hub.installations import enable as installations_enable
from hub.models import AuditEntry, Installation
from hub.qbo.oauth import connect as oauth_connect
from hub.security import people, person_changes, rights
from tests.support.pages.autotask_pages import EXPENSES, INVOICES, another, connect, enable, form
from tests.support.pages.consent import send_form
from tests.support.pages.page_visitor import Visitor


@pytest.fixture
def owner(visitor_with_stand_ins: Visitor) -> Visitor:
    """Provide Olga before a company and an Autotask stand-in; no access was requested yet."""
    connect(visitor_with_stand_ins)
    return visitor_with_stand_ins


@pytest.fixture
def arne(owner: Visitor) -> Visitor:
    """Provide a person who may own apps."""
    return another(owner, "arne")


@pytest.mark.row("AT-C4")
def test_access_is_requested_and_granted_for_each_app(owner: Visitor, arne: Visitor) -> None:
    for slug in (INVOICES, EXPENSES):
        assert "Requested by arne" in arne.press(f"/apps/{slug}/1/ask")
    owner.press(f"/apps/{INVOICES}/1/grant")
    assert arne.get(f"/apps/{INVOICES}/1/configure").status_code == 200
    assert "Requested by arne" in arne.page(f"/apps/{EXPENSES}")
    assert "opened for each account by its maker" in arne.get(f"/apps/{EXPENSES}/1/configure").text
    assert "opened for each account by its maker" in arne.press(
        f"/apps/{EXPENSES}/1/configure", **form(payable_account="33")
    )
    with owner.app.app_context(), pytest.raises(AccessNeeded, match="Kaseya's helpdesk"):
        installations_enable.enable(1, EXPENSES, {}, who="arne")
    with owner.app.app_context(), engine.read_only_session() as session:
        assert session.query(Installation).count() == 0


@pytest.mark.row("AT-C3")
@pytest.mark.end_to_end("connection")
def test_the_person_who_saves_first_owns_the_app_and_is_warned(
    owner: Visitor, arne: Visitor
) -> None:
    owner.press(f"/apps/{INVOICES}/1/grant")
    assert "becomes the only one who may change them" in arne.page(f"/apps/{INVOICES}/1/configure")
    with arne.app.app_context():
        assert oauth_connect.engine.db.session.get(Installation, 1) is None
    assert "is enabled" in arne.press(f"/apps/{INVOICES}/1/configure", **form())
    assert owner.post("/installations/1/settings", **form()).status_code == 403
    assert owner.post("/installations/1/owner", owner="olga").status_code == 403
    assert "olga now owns this app" in arne.press("/installations/1/owner", owner="olga")
    assert owner.save("/installations/1/settings", **form()).status_code == 302
    with arne.app.app_context(), oauth_connect.engine.read_only_session() as session:
        acts = set(session.scalars(select(AuditEntry.what)))
    assert "app handed over" in acts


@pytest.mark.parametrize("loss", ["disabled", "viewer"])
def test_an_owner_of_the_hub_takes_over_the_app_of_a_person_who_cannot_change_it(
    owner: Visitor, arne: Visitor, loss: str
) -> None:
    owner.press(f"/apps/{INVOICES}/1/grant")
    arne.press(f"/apps/{INVOICES}/1/configure", **form())
    assert owner.post("/installations/1/disable", sure="1").status_code == 403
    assert "only arne may change them" in owner.page("/installations/1/settings")
    with owner.app.app_context(), engine.transaction() as session:
        person = people.get(session, "arne")
        if loss == "disabled":
            person_changes.change_active(session, person, active=False, who="olga")
        else:
            rights.assign(session, person, loss)
    page = another(owner, "oda").page("/installations/1/settings")
    assert "an owner of the hub may change them" in page
    assert "olga now owns this app" in owner.press("/installations/1/owner", owner="olga")
    assert owner.save("/installations/1/settings", **form()).status_code == 302


@pytest.mark.row("AT-C3", "AT-C1")
@pytest.mark.end_to_end("connection")
def test_two_apps_may_have_two_owners(owner: Visitor, arne: Visitor) -> None:
    enable(owner)
    owner.press(f"/apps/{EXPENSES}/1/grant")
    settings = {
        name: value
        for name, value in form(payable_account="33").items()
        if name != "income_account"
    }
    arne.press(f"/apps/{EXPENSES}/1/configure", **settings)
    assert [owner.row(Installation, n).owner for n in (1, 2)] == ["olga", "arne"]


@pytest.mark.row("AT-C5")
def test_only_an_admin_of_the_very_company_opens_it_to_the_hub(
    owner: Visitor, arne: Visitor
) -> None:
    own, other = owner.quickbooks.companies
    url = owner.post("/companies/connect").location
    with pytest.raises(KeyError, match="location"):
        send_form(owner, url, {"user": "clerk", "realm": own, "decision": "connect"})
    back = send_form(
        owner,
        owner.post("/companies/1/reconnect").location,
        {"user": "admin", "realm": other, "decision": "connect"},
    )
    assert "Nothing was changed" in owner.page(
        back.partition("quickbooks.test")[2] or back[back.index("/quickbooks/") :]
    )
    for person in (owner, arne):
        assert person.get(f"/apps/{INVOICES}/2/configure").status_code == 404
    assert arne.post("/companies/connect").status_code == 403


@pytest.mark.row("AT-C5")
def test_no_command_configures_an_app_for_a_company_that_is_not_connected(owner: Visitor) -> None:
    result = CliRunner().invoke(main, ["apps", "enable", INVOICES, "--realm", "999"], obj=owner.app)
    assert result.exit_code == 1
    assert "999" in result.stderr
    with owner.app.app_context(), engine.read_only_session() as session:
        assert session.query(Installation).count() == 0


@pytest.mark.row("AT-I7", "AT-C7", "AT-I8")
@pytest.mark.end_to_end
def test_lists_of_both_sides_are_compared_while_the_app_is_paused(owner: Visitor) -> None:
    enable(owner, mode="paused")
    page = owner.page("/installations/1/compare/?field=term")
    assert "The number is 45 at the source and 60 in QuickBooks." in page
    assert 'aria-current="page">Matching</a>' in page
    assert "contains a tilde" in page
    fields = {"Name": "Software", "Type": "Service", "IncomeAccountRef": {"value": "1"}}
    assert "Software" in owner.page("/installations/1/compare/?field=billing_code&state=missing")
    assert (
        owner.quickbooks.ask("POST", "item", fields, content_type="application/json").status == 200
    )
    page = owner.page("/installations/1/compare/?field=billing_code&state=matched")
    assert "Software" in page
    missing = re.findall(r'name="code" value="([^"]+)"', page)
    copy = "/installations/1/compare/copy"
    assert "Tick the box" in owner.press(copy, field="billing_code")
    page = owner.press(copy, field="billing_code", sure="1", code=missing)
    assert "confirmed as new. They are created in QuickBooks once Autotask" in page
    assert "is on again" in page


@pytest.mark.row("AT-I3")
@pytest.mark.end_to_end
def test_automatic_numbering_is_reported_until_it_is_switched_off(
    visitor_with_stand_ins: Visitor,
) -> None:
    visitor = visitor_with_stand_ins
    source = connect(visitor)
    numbers = {id: row["invoiceNumber"] for id, row in source.books.rows("Invoices").items()}
    for id in numbers:
        source.books.do("put", entity="Invoices", id=id, fields={"invoiceNumber": str(id)})
    warning = "Autotask numbers them itself, so none would ever be posted"
    visitor.press(f"/apps/{INVOICES}/1/grant")
    assert warning in visitor.press(f"/apps/{INVOICES}/1/configure", **form(test="1"))
    enable(visitor)
    assert warning in visitor.page("/inbox/")
    for id, number in numbers.items():
        source.books.do("put", entity="Invoices", id=id, fields={"invoiceNumber": number})
    assert warning not in visitor.press("/installations/1/settings", **form(test="1"))
    visitor.press_save("/installations/1/settings", **form(days_back=15))
    assert warning not in visitor.page("/inbox/")


@pytest.mark.row("AT-I7")
@pytest.mark.end_to_end
def test_the_comparison_is_a_file(owner: Visitor) -> None:
    enable(owner, item_match="external_number")
    answer = owner.get("/installations/1/compare/compare.csv")
    assert answer.mimetype == "text/csv"
    _, rows = spreadsheets.decode(answer.data)
    results = {(row["field"], row["code"], row["name"], row["state"]) for row in rows}
    assert ("billing_code", "external_number:labor", "Labor", "matched") in results
    assert ("customer", "company:181", "Cedar Grove School~Gym", "not usable") in results
