"""Invitations: mailed with a code, handed over where no mail is sent, accepted once."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from hub.db import engine
from hub.models import AuditEntry, ConnectedCompany, Invitation, InvitationRight, RoleAssignment
from hub.qbo import company_removal
from hub.security import people
from hub.testing.clock import FakeClock
from hub.web.request import row_ids
from tests.support.pages.invitation_pages import ADDRESS, CODE, accept_invitation, code_in
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.setup_pages import read_problems
from tests.support.rows.page_rows import PASSWORD, add_company
from tests.support.rows.rights_rows import APPS, COMPANIES, TwoCompanies, canary
from tests.support.servers.mail_server import mail_url

DAY = 24 * 3600


@pytest.fixture
def owner(open_pages: Any, mail: Any) -> Visitor:
    """Provide an owner of a hub that sends mail."""
    visitor: Visitor = open_pages("people", HUB_MAIL_URL=mail_url(mail))
    visitor.log_in("olga")
    return visitor


@pytest.fixture
def owner_without_mail(open_pages: Any) -> Visitor:
    """Provide an owner of a hub that sends no mail."""
    visitor: Visitor = open_pages("people")
    visitor.log_in("olga")
    return visitor


def rows(app: Flask) -> list[Invitation]:
    with app.app_context(), engine.read_only_session() as session:
        return list(session.scalars(select(Invitation)))


def test_an_invited_person_chooses_a_password_and_is_logged_in(owner: Visitor, mail: Any) -> None:
    page = owner.press("/people/invite", address="Kari@Example.com", role="operator")
    assert "Kari@example.com has mail" in page
    assert CODE.search(page) is None
    (message,) = mail.messages
    assert message["To"] == "Kari@example.com"
    assert message["Subject"] == "Your invitation to the QuickBooks hub"
    text = message.get_payload()
    code = code_in(text)
    assert "/invitation and" in text
    assert not re.search(r"https?://\S*[?=]", text)
    assert code not in str(message.items())

    kari, answer = accept_invitation(owner, code.lower().replace("-", " "), " KARI@example.com")
    assert (answer.status_code, answer.location) == (302, "/")
    assert "Kari@example.com" in kari.page("/inbox/")
    assert kari.get("/people/").status_code == 403
    assert Visitor(owner.app, owner.story).log_in(ADDRESS).status_code == 302
    assert rows(owner.app) == []


def test_a_code_is_used_once(owner: Visitor, mail: Any) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    code = code_in(mail.messages[0].get_payload())
    assert accept_invitation(owner, code)[1].status_code == 302
    _, answer = accept_invitation(owner, code, password="another good passphrase")
    problem = read_problems(answer.text)["code"]
    assert (answer.status_code, "do not belong together" in problem) == (400, True)


def test_nothing_but_the_right_code_of_this_address_is_accepted(owner: Visitor, mail: Any) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    owner.press("/people/invite", address="eva@example.com", role="owner")
    code = code_in(mail.messages[0].get_payload())
    tries = ("", "0000-0000-0000-0000", code_in(mail.messages[1].get_payload()), code[:-1])
    for wrong in tries:
        _, answer = accept_invitation(owner, wrong)
        assert (answer.status_code, "do not belong together" in answer.text) == (400, True)
    _, unknown = accept_invitation(owner, code, "nobody@example.com")
    assert (unknown.status_code, "do not belong together" in unknown.text) == (400, True)
    refused = select(AuditEntry.subject).where(AuditEntry.what == "invitation code refused")
    with owner.app.app_context(), engine.read_only_session() as session:
        assert list(session.scalars(refused)) == [ADDRESS, "unknown name"]
    assert accept_invitation(owner, code)[1].status_code == 302


def test_guesses_are_bounded_even_if_they_take_their_time(
    owner: Visitor, mail: Any, clock: FakeClock
) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    code = code_in(mail.messages[0].get_payload())
    for _ in range(10):
        clock.advance(3600)
        assert accept_invitation(owner, "0000-0000-0000-0000")[1].status_code == 400
    clock.advance(3600)
    assert accept_invitation(owner, code)[1].status_code == 400
    fresh = Visitor(owner.app, owner.story)
    fresh.log_in("olga")
    assert "Not valid any more" in fresh.page("/people/")
    fresh.press("/people/invitations/renew", invitation=rows(owner.app)[0].id)
    clock.advance(3600)
    assert accept_invitation(owner, code)[1].status_code == 400
    assert accept_invitation(owner, code_in(mail.messages[1].get_payload()))[1].status_code == 302


def test_many_guesses_in_a_short_time_have_to_wait(owner: Visitor) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    statuses = [accept_invitation(owner, "0000-0000-0000-0000")[1].status_code for _ in range(7)]
    assert 429 in statuses


@pytest.mark.parametrize(("seconds", "status"), [(7 * DAY - 1, 302), (7 * DAY, 400)])
def test_a_code_is_valid_for_seven_days(
    owner: Visitor, mail: Any, clock: FakeClock, seconds: int, status: int
) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    clock.advance(seconds)
    assert (
        accept_invitation(owner, code_in(mail.messages[0].get_payload()))[1].status_code == status
    )


def _invite_as_second_owner(owner: Visitor, mail: Any) -> str:
    """Make arne an owner who invites the address; return the code."""
    owner.press(f"/people/{_id_of(owner, 'arne')}/role", role="owner")
    arne = Visitor(owner.app, owner.story)
    arne.log_in("arne")
    arne.press("/people/invite", address=ADDRESS, role="owner")
    return code_in(mail.messages[-1].get_payload())


def _id_of(visitor: Visitor, name: str) -> int:
    with visitor.app.app_context(), engine.read_only_session() as session:
        return int(people.get(session, name).id)


@pytest.mark.parametrize(
    ("act", "form"), [("active", {"active": "0"}), ("role", {"role": "app-owner"})]
)
def test_an_invitation_ends_with_the_rights_of_who_invited(
    owner: Visitor, mail: Any, act: str, form: dict[str, str]
) -> None:
    code = _invite_as_second_owner(owner, mail)
    owner.press(f"/people/{_id_of(owner, 'arne')}/{act}", **form)
    assert "Not valid any more" in owner.page("/people/")
    _, answer = accept_invitation(owner, code)
    assert (answer.status_code, "do not belong together" in answer.text) == (400, True)
    owner.press("/people/invitations/renew", invitation=rows(owner.app)[0].id)
    assert accept_invitation(owner, code_in(mail.messages[-1].get_payload()))[1].status_code == 302


def test_an_invitation_of_a_disabled_owner_stays_invalid(owner: Visitor, mail: Any) -> None:
    code = _invite_as_second_owner(owner, mail)
    address = f"/people/{_id_of(owner, 'arne')}/active"
    owner.press(address, active="0")
    owner.press(address, active="1")
    assert accept_invitation(owner, code)[1].status_code == 400


def test_a_withdrawn_invitation_is_worth_nothing(owner: Visitor, mail: Any) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    page = owner.page("/people/")
    assert ADDRESS in page
    id = rows(owner.app)[0].id
    assert "is withdrawn" in owner.press("/people/invitations/withdraw", invitation=id)
    assert accept_invitation(owner, code_in(mail.messages[0].get_payload()))[1].status_code == 400
    assert owner.post("/people/invitations/withdraw", invitation=id).status_code == 404
    assert owner.post("/people/invitations/renew", invitation="x" * 99).status_code == 404
    assert row_ids.parse("x") is None


def test_without_a_mail_server_the_owner_sees_the_code_once(owner_without_mail: Visitor) -> None:
    owner = owner_without_mail
    answer = owner.post("/people/invite", address=ADDRESS, role="viewer")
    assert answer.status_code == 200
    assert "no mail server is set" in answer.text
    assert "it is shown only now" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert CODE.search(owner.page("/people/")) is None
    assert accept_invitation(owner, code_in(answer.text))[1].status_code == 302


def test_a_mail_that_fails_leaves_the_code_with_the_owner(owner: Visitor, mail: Any) -> None:
    mail.full = True
    answer = owner.post("/people/invite", address=ADDRESS, role="viewer")
    assert "did not accept the message" in answer.text
    assert accept_invitation(owner, code_in(answer.text))[1].status_code == 302


@pytest.mark.parametrize("address", ["hub", "Kari", "kari@example.com\nBcc: x@example.com", ""])
def test_only_an_address_is_invited(owner: Visitor, mail: Any, address: str) -> None:
    assert owner.post("/people/invite", address=address, role="viewer").status_code == 400
    assert mail.messages == []


def test_a_person_is_not_invited_again(owner: Visitor, mail: Any) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    accept_invitation(owner, code_in(mail.messages[0].get_payload()))
    answer = owner.post("/people/invite", address=ADDRESS.upper(), role="owner")
    assert (answer.status_code, "already a person" in answer.text) == (400, True)
    assert owner.post("/people/invite", address="x@example.com", role="king").status_code == 400


def test_an_invitation_ends_when_an_owner_adds_the_person(owner: Visitor, mail: Any) -> None:
    owner.press("/people/invite", address=ADDRESS, role="owner")
    owner.press("/people/add", name="KARI@example.com", password=PASSWORD, role="viewer")
    assert rows(owner.app) == []
    assert accept_invitation(owner, code_in(mail.messages[0].get_payload()))[1].status_code == 400


@pytest.mark.parametrize(
    ("password", "again", "field", "says"),
    [
        ("password1234", "password1234", "password", "too easy to guess"),
        ("kari.example1", "kari.example1", "password", "little more than your name"),
        (PASSWORD, f"{PASSWORD}!", "password_again", "differ"),
        ("x" * 1001, "x" * 1001, "password", "at most 1,000 characters"),
    ],
)
def test_a_weak_password_costs_no_code(
    owner: Visitor, mail: Any, password: str, again: str, field: str, says: str
) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    code = code_in(mail.messages[0].get_payload())
    person = Visitor(owner.app, owner.story)
    token = re.search(r'name="csrf_token" value="([^"]+)"', person.page("/invitation"))
    assert token
    form = {"address": ADDRESS, "code": code, "password": password, "password_again": again}
    answer = person.client.post("/invitation", data={"csrf_token": token[1], **form})
    [(name, problem)] = read_problems(answer.text).items()
    assert (answer.status_code, name, says in problem) == (400, field, True)
    assert password not in answer.text
    assert accept_invitation(owner, code)[1].status_code == 302


def test_accepting_an_invitation_logs_the_previous_person_out(owner: Visitor, mail: Any) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    form = {"address": ADDRESS, "code": code_in(mail.messages[0].get_payload())}
    answer = owner.post("/invitation", password=PASSWORD, password_again=PASSWORD, **form)
    assert answer.status_code == 302
    assert ADDRESS in owner.page("/inbox/")
    assert owner.get("/people/").status_code == 403


def test_no_code_is_stored_or_logged(owner: Visitor, mail: Any) -> None:
    owner.press("/people/invite", address=ADDRESS, role="viewer")
    code = code_in(mail.messages[0].get_payload())
    accept_invitation(owner, code)
    with owner.app.app_context(), engine.read_only_session() as session:
        entries = list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
        person = people.find(session, ADDRESS)
        assert person is not None
        assert not person.must_change_password
    actions = [(entry.what, entry.who) for entry in entries if "invit" in entry.what]
    assert actions == [("person invited", "olga"), ("invitation accepted", ADDRESS)]
    content = (owner.app.extensions["hub"].config.data / "hub.db").read_bytes()
    wal = (owner.app.extensions["hub"].config.data / "hub.db-wal").read_bytes()
    for form in (code, code.replace("-", "")):
        assert form.encode() not in content + wal


ALPHA, BRAVO = COMPANIES
HUB_OWNER = "owner/every company/every app"


def send(owner: Visitor, rights: list[tuple[str, Any, str]], **more: str) -> Any:
    """Invite an address with rights, each with role, company and app; return the answer."""
    columns = [[str(value) for value in column] for column in zip(*rights, strict=True)]
    form = dict(zip(("role", "company", "app"), columns, strict=True))
    data = {"csrf_token": owner._token, "address": ADDRESS, **form, **more}
    return owner.client.post("/people/invite", data=data)


def assignments(app: Flask) -> list[tuple[str, int | None, str | None]]:
    """Return the roles of the invited person."""
    with app.app_context(), engine.read_only_session() as session:
        person = people.find(session, ADDRESS)
        assert person is not None
        rows = session.scalars(select(RoleAssignment).where(RoleAssignment.user_id == person.id))
        return [(row.role, row.company_id, row.slug) for row in rows]


def remove_company(app: Flask, id: int) -> None:
    """Remove a company that was never verified."""
    with app.app_context():
        with engine.transaction() as session:
            session.get_one(ConnectedCompany, id).verified_at = None
        company_removal.remove(id, "olga")


def audit_details(app: Flask, what: str) -> list[dict[str, Any]]:
    with app.app_context(), engine.read_only_session() as session:
        query = select(AuditEntry.detail).where(AuditEntry.what == what)
        return list(session.scalars(query))


def test_an_invitation_gives_exactly_the_rights_that_were_chosen(
    two_companies: TwoCompanies,
) -> None:
    owner = two_companies.visitor(HUB_OWNER)
    alpha, bravo = two_companies.rows.companies[ALPHA], two_companies.rows.companies[BRAVO]
    answer = send(
        owner,
        [("operator", alpha, APPS[0]), ("viewer", bravo, ""), ("app-owner", "", APPS[1])],
    )
    code = code_in(answer.text)
    in_words = (
        f"operator of CostTracker in {ALPHA} {canary(ALPHA)}",
        f"viewer of every app in {BRAVO} {canary(BRAVO)}",
        "app-owner of ION in every company",
    )
    page = owner.page("/people/")
    assert all(f"<div>{text}</div>" in page for text in in_words)

    kari, accepted = accept_invitation(owner, code)
    assert (accepted.status_code, accepted.location) == (302, "/")
    assert assignments(two_companies.app) == [
        ("operator", alpha, APPS[0]),
        ("viewer", bravo, None),
        ("app-owner", None, APPS[1]),
    ]
    ours = two_companies.rows.arguments_of("installation", ALPHA, APPS[0])["installation_id"]
    assert kari.get(f"/installations/{ours}/").status_code == 200
    assert kari.get("/people/").status_code == 403
    for what in ("person invited", "invitation accepted"):
        (detail,) = audit_details(two_companies.app, what)
        assert detail["rights"] == ", ".join(in_words)


def companies_in_form(page: str) -> int:
    """Return how many rights have a menu of companies; the switcher of the menu does not count."""
    return page.partition('id="main"')[2].count('name="company"')


def test_another_right_is_added_to_the_form_without_javascript_and_nothing_is_sent(
    two_companies: TwoCompanies,
) -> None:
    owner = two_companies.visitor(HUB_OWNER)
    bravo = two_companies.rows.companies[BRAVO]
    assert companies_in_form(owner.page("/people/")) == 1
    page = send(owner, [("operator", bravo, APPS[1])], more="1").text
    assert rows(two_companies.app) == []
    assert companies_in_form(page) == 2
    assert f'value="{ADDRESS}"' in page
    for chosen in (
        '<option value="operator" selected>operator',
        f'<option value="{bravo}" selected',
        "Choose…",
    ):
        assert chosen in page
    assert f'<option value="{APPS[1]}" selected' in page
    send(owner, [("operator", bravo, APPS[1]), ("", "", "")])
    with two_companies.app.app_context(), engine.read_only_session() as session:
        stored = list(session.scalars(select(InvitationRight)))
        rights = [(row.role, row.company_id, row.slug) for row in stored]
    assert rights == [("operator", bravo, APPS[1])], "fields without a role give nothing"


@pytest.mark.parametrize(
    ("right", "sentence"),
    [
        (("king", "", ""), "no role"),
        (("viewer", "4711", ""), "no company"),
        (("viewer", "x", ""), "no company"),
        (("viewer", "", "nothing"), "no app"),
        (("", "", ""), "Choose a role"),
    ],
)
def test_an_invitation_to_what_does_not_exist_is_refused(
    two_companies: TwoCompanies, right: tuple[str, str, str], sentence: str
) -> None:
    answer = send(two_companies.visitor(HUB_OWNER), [right])
    assert (answer.status_code, sentence in answer.text) == (400, True)
    assert rows(two_companies.app) == []


@pytest.mark.parametrize("name", [f"owner/{ALPHA}/every app", f"app-owner/{ALPHA}/{APPS[0]}"])
def test_nobody_invites_who_may_not_grant_rights(two_companies: TwoCompanies, name: str) -> None:
    alpha = two_companies.rows.companies[ALPHA]
    answer = send(two_companies.visitor(name), [("viewer", alpha, APPS[0])])
    assert answer.status_code == 403
    assert rows(two_companies.app) == []


def test_a_company_that_is_removed_takes_its_rights_along(two_companies: TwoCompanies) -> None:
    owner = two_companies.visitor(HUB_OWNER)
    with two_companies.app.app_context(), engine.transaction() as session:
        former = add_company(session, "9139999", "Former AS").id
    code = code_in(send(owner, [("owner", former, ""), ("viewer", "", APPS[0])]).text)
    remove_company(two_companies.app, former)
    with two_companies.app.app_context(), engine.transaction() as session:
        assert add_company(session, "9138888", "Another AS").id == former, "ids come again"
    assert accept_invitation(owner, code)[1].status_code == 302
    assert assignments(two_companies.app) == [("viewer", None, APPS[0])]
    assert audit_details(two_companies.app, "invitation accepted")[0]["rights"].startswith(
        "viewer of Cost"
    )


def test_an_invitation_without_any_right_left_is_not_valid(two_companies: TwoCompanies) -> None:
    owner = two_companies.visitor(HUB_OWNER)
    with two_companies.app.app_context(), engine.transaction() as session:
        former = add_company(session, "9139999", "Former AS").id
    code = code_in(send(owner, [("owner", former, "")]).text)
    remove_company(two_companies.app, former)
    assert accept_invitation(owner, code)[1].status_code == 400
    assert "Not valid any more" in owner.page("/people/")


def test_an_app_that_is_disabled_in_the_meantime_does_no_harm(two_companies: TwoCompanies) -> None:
    owner = two_companies.visitor(HUB_OWNER)
    alpha = two_companies.rows.companies[ALPHA]
    code = code_in(send(owner, [("operator", alpha, APPS[0])]).text)
    installation = two_companies.rows.installations[ALPHA, APPS[0]]
    owner.press(f"/installations/{installation}/disable", sure="1")
    kari, answer = accept_invitation(owner, code)
    assert answer.status_code == 302
    assert kari.get("/").status_code == 200
    assert assignments(two_companies.app) == [("operator", alpha, APPS[0])]


def test_a_renewed_invitation_keeps_its_rights_and_a_new_one_replaces_them(
    two_companies: TwoCompanies,
) -> None:
    owner = two_companies.visitor(HUB_OWNER)
    alpha, bravo = two_companies.rows.companies[ALPHA], two_companies.rows.companies[BRAVO]
    send(owner, [("viewer", alpha, ""), ("operator", alpha, "")])
    id = rows(two_companies.app)[0].id
    code_in(owner.post("/people/invitations/renew", invitation=id).text)
    expected = f"operator of every app in {ALPHA} {canary(ALPHA)}"
    assert audit_details(two_companies.app, "invitation renewed")[0]["rights"] == expected
    code = code_in(send(owner, [("viewer", bravo, APPS[1])]).text)
    assert accept_invitation(owner, code)[1].status_code == 302
    assert assignments(two_companies.app) == [("viewer", bravo, APPS[1])]


def test_an_invitation_for_everything_and_for_a_company_gives_both(
    two_companies: TwoCompanies,
) -> None:
    owner = two_companies.visitor(HUB_OWNER)
    alpha = two_companies.rows.companies[ALPHA]
    code = code_in(send(owner, [("owner", alpha, ""), ("viewer", "", "")]).text)
    (invitation,) = rows(two_companies.app)
    assert invitation.role == "viewer", "the role that an earlier version reads"
    assert accept_invitation(owner, code)[1].status_code == 302
    assert assignments(two_companies.app) == [("viewer", None, None), ("owner", alpha, None)]


def test_an_earlier_version_reads_no_role_in_an_invitation_for_one_company(
    two_companies: TwoCompanies,
) -> None:
    send(two_companies.visitor(HUB_OWNER), [("owner", two_companies.rows.companies[ALPHA], "")])
    assert [invitation.role for invitation in rows(two_companies.app)] == [""]
