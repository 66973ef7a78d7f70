"""Rights of people are changed on a page, take effect at once, and are recorded."""

import re

import pytest
from sqlalchemy import func, select

from hub.db import engine
from hub.models import AuditEntry, Installation, Posting, RoleAssignment, Run, User
from hub.security import rights
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_company, add_installation
from tests.support.rows.rights_rows import APPS, COMPANIES, TwoCompanies, canary
from tests.support.rows.stored_cases import open_stored_case

ALPHA, BRAVO = COMPANIES
OWNER = "owner/every company/every app"
OPERATOR = f"operator/{ALPHA}/{APPS[0]}"


def person_id(two_companies: TwoCompanies, name: str) -> int:
    with two_companies.app.app_context(), engine.read_only_session() as session:
        return session.scalars(select(User.id).where(User.username == name)).one()


def entries(two_companies: TwoCompanies, what: str) -> list[str]:
    """Return the subjects of the audit log's entries of a kind."""
    with two_companies.app.app_context(), engine.read_only_session() as session:
        return list(session.scalars(select(AuditEntry.subject).where(AuditEntry.what == what)))


def test_a_right_is_added_and_removed_and_counts_with_the_next_request(
    two_companies: TwoCompanies,
) -> None:
    owner, other = two_companies.visitor(OWNER), two_companies.visitor("nobody")
    company, app = two_companies.rows.companies[BRAVO], APPS[1]
    case = two_companies.rows.arguments_of("case", BRAVO, app)["case_id"]
    rights_page = f"/people/{person_id(two_companies, 'nobody')}/rights/"
    assert "can log in and see nothing" in owner.page(rights_page)
    assert [other.get(page).status_code for page in ("/", f"/inbox/{case}")] == [403, 404]

    added = {"role": "viewer", "company": str(company), "app": app}
    page = owner.press(f"{rights_page}add", **added)
    assert f"nobody is now viewer of ION in {BRAVO} {canary(BRAVO)}" in page
    assert other.get(f"/inbox/{case}").status_code == 200
    assert other.post(f"/inbox/{case}/retry").status_code == 403
    assert entries(two_companies, "right added") == ["nobody"]

    page = owner.press(f"{rights_page}remove", company=str(company), app=app)
    assert "nobody is no longer viewer of ION" in page
    assert other.get(f"/inbox/{case}").status_code == 404
    assert entries(two_companies, "right removed") == ["nobody"]


@pytest.mark.parametrize(
    ("language", "changed", "removed"),
    [
        (
            "en",
            "nobody is now viewer of everything, operator of ION in every company.",
            "nobody is no longer operator of ION in every company.",
        ),
        (
            "nb",
            "nobody er nå leser for alt, behandler for ION i alle firmaer.",
            "nobody er ikke lenger behandler for ION i alle firmaer.",
        ),
    ],
)
def test_a_role_for_everything_is_reported_with_the_rights_that_stay(
    two_companies: TwoCompanies, language: str, changed: str, removed: str
) -> None:
    owner, id = two_companies.visitor(OWNER), person_id(two_companies, "nobody")
    owner.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    owner.press(f"/people/{id}/rights/add", role="operator", company="", app=APPS[1])
    assert changed in owner.press(f"/people/{id}/role", role="viewer")
    assert removed in owner.press(f"/people/{id}/rights/remove", company="", app=APPS[1])


def test_a_role_for_the_same_company_and_app_replaces_the_one_before(
    two_companies: TwoCompanies,
) -> None:
    owner, id = two_companies.visitor(OWNER), person_id(two_companies, OPERATOR)
    scope = {"company": str(two_companies.rows.companies[ALPHA]), "app": APPS[0]}
    owner.press(f"/people/{id}/rights/add", role="viewer", **scope)
    with two_companies.app.app_context(), engine.read_only_session() as session:
        of_person = select(RoleAssignment.role).where(RoleAssignment.user_id == id)
        assert list(session.scalars(of_person)) == ["viewer"]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"role": "king"}, "no role"),
        ({"role": "viewer", "company": "4711"}, "no company"),
        ({"role": "viewer", "company": "x"}, "no company"),
        ({"role": "viewer", "app": "nothing"}, "no app"),
    ],
)
def test_a_right_for_what_does_not_exist_is_refused(
    two_companies: TwoCompanies, form: dict[str, str], sentence: str
) -> None:
    answer = two_companies.visitor(OWNER).post(
        f"/people/{person_id(two_companies, OPERATOR)}/rights/add", **form
    )
    assert (answer.status_code, f"There is {sentence}" in answer.text) == (400, True)


def test_the_last_owner_of_everything_keeps_that_right(visitor: Visitor) -> None:
    visitor.log_in("olga")
    with visitor.app.app_context(), engine.read_only_session() as session:
        id = session.scalars(select(User.id).where(User.username == "olga")).one()
    for action in ("remove", "add"):
        answer = visitor.post(f"/people/{id}/rights/{action}", role="viewer")
        assert answer.status_code == 400
        assert "only owner" in answer.text


def test_an_owner_of_one_company_may_manage_it_and_neither_people_nor_another(
    two_companies: TwoCompanies,
) -> None:
    visitor = two_companies.visitor(f"owner/{ALPHA}/every app")
    ours, theirs = two_companies.rows.companies[ALPHA], two_companies.rows.companies[BRAVO]
    page = visitor.page("/companies")
    assert f"/companies/{ours}/disconnect" in page
    assert "/companies/connect" not in page
    assert visitor.post(f"/companies/{ours}/disconnect").status_code == 302
    assert visitor.post(f"/companies/{theirs}/disconnect").status_code == 404
    assert visitor.get("/people/").status_code == 403
    assert "/people/" not in page


def test_an_owner_of_one_company_finishes_only_its_own_consent(two_companies: TwoCompanies) -> None:
    visitor = two_companies.visitor(f"owner/{ALPHA}/every app")
    for state in ("", "unknown"):
        answer = visitor.get(f"/quickbooks/callback?state={state}&code=x&realmId=9130001")
        assert answer.status_code == 403


def test_counts_and_names_of_apps_are_those_of_the_person(two_companies: TwoCompanies) -> None:
    cases = {OWNER: 7, f"owner/{ALPHA}/every app": 3, OPERATOR: 1}
    for name, count in cases.items():
        page = two_companies.visitor(name).page("/")
        assert f'<span class="count">{count}<' in page
    for address in ("/", "/apps/", "/companies", "/documents", "/runs/"):
        assert not re.search(r"\bION\b", two_companies.visitor(OPERATOR).page(address)), address
    assert re.search(r"\bION\b", two_companies.visitor(OWNER).page("/"))


def test_lists_read_for_a_whole_company_are_no_page_for_an_operator_of_one_app(
    two_companies: TwoCompanies,
) -> None:
    visitor = two_companies.visitor(OPERATOR)
    installation = two_companies.rows.installations[ALPHA, APPS[0]]
    answer = visitor.post(f"/installations/{installation}/lists")
    assert answer.location == f"/installations/{installation}/"
    with two_companies.app.app_context(), engine.read_only_session() as session:
        run_id = session.scalar(select(func.max(Run.id)))
    assert visitor.get(f"/runs/{run_id}").status_code == 404


def test_a_case_of_several_apps_is_retried_only_for_those_of_the_person(
    two_companies: TwoCompanies,
) -> None:
    ours = two_companies.rows.installations[ALPHA, APPS[0]]
    theirs = two_companies.rows.installations[ALPHA, APPS[1]]
    with two_companies.app.app_context(), engine.transaction() as session:
        postings = {}
        for installation in (ours, theirs):
            of_app = Posting.installation_id == installation, Posting.state == "held"
            postings[installation] = session.scalars(select(Posting).where(*of_app)).one()
        case = open_stored_case(
            session,
            "test:several",
            title="Several",
            action="retry",
            installation_id=ours,
            company_id=two_companies.rows.companies[ALPHA],
            postings=list(postings.values()),
        )
        case_id, our_id = case.id, postings[ours].id
    visitor = two_companies.visitor(OPERATOR)
    assert canary(ALPHA, APPS[1]) not in visitor.page(f"/inbox/{case_id}")
    visitor.press(f"/inbox/{case_id}/retry")
    assert entries(two_companies, "posting retried") == [str(our_id)]


def test_an_app_can_be_given_only_to_those_who_may_see_it(two_companies: TwoCompanies) -> None:
    visitor = two_companies.visitor(f"app-owner/{ALPHA}/{APPS[0]}")
    installation = two_companies.rows.installations[ALPHA, APPS[0]]
    page = visitor.page(f"/installations/{installation}/settings")
    assert OPERATOR in page
    assert ">nobody<" not in page
    answer = visitor.post(f"/installations/{installation}/owner", owner="nobody")
    assert answer.status_code == 400


def test_a_person_of_another_company_is_answered_like_one_that_does_not_exist(
    two_companies: TwoCompanies,
) -> None:
    case = two_companies.rows.arguments_of("case", ALPHA, APPS[0])["case_id"]
    with two_companies.app.app_context(), engine.transaction() as session:
        other = session.scalars(select(User).where(User.username == "nobody")).one()
        bravo = rights.Subject(two_companies.rows.companies[BRAVO])
        rights.assign(session, other, "operator", bravo)
    visitor = two_companies.visitor(OPERATOR)
    for name in ("nobody", "ghost@example.com"):
        page = visitor.press("/inbox/bulk/", act="assign", case=[case], assignee=name)
        assert "There is no person" in page
        assert "may not act on it" not in page
    page = visitor.press(
        "/inbox/bulk/", act="assign", case=[case], assignee=f"viewer/{ALPHA}/{APPS[0]}"
    )
    assert "may not act on it" in page
    page = two_companies.visitor(OWNER).press(
        "/inbox/bulk/", act="assign", case=[case], assignee="nobody"
    )
    assert "nobody may not act on it" in page


def test_a_person_of_one_app_sees_what_is_theirs_of_an_app_enabled_later(
    two_companies: TwoCompanies,
) -> None:
    with two_companies.app.app_context(), engine.transaction() as session:
        company = add_company(session, "9139999", "Ny AS")
        new = add_installation(session, company, tenant="new", owner="").id
    assert two_companies.visitor(f"viewer/every company/{APPS[0]}").page(f"/installations/{new}/")
    assert two_companies.visitor(OPERATOR).get(f"/installations/{new}/").status_code == 404


def test_the_scope_of_a_restricted_person_takes_one_query_and_of_others_none(
    two_companies: TwoCompanies,
) -> None:
    with two_companies.app.app_context(), engine.read_only_session() as session:
        ours = session.get_one(Installation, two_companies.rows.installations[ALPHA, APPS[0]])
        right = rights.Right("viewer", rights.Subject(ours.company_id, ours.slug))
        queries = []
        execute = session.execute
        session.execute = lambda *call: queries.append(call) or execute(*call)  # type: ignore
        scope = rights.build_scope(session, rights.Rights((right,)))
        assert (scope.installation_ids, len(queries)) == ({ours.id}, 1)
        everything = rights.Right("viewer", rights.WHOLE_HUB)
        assert rights.build_scope(session, rights.Rights((everything,))).postings() == ()
        assert len(queries) == 1
