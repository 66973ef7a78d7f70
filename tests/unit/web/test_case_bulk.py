"""Actions on several cases: retry, skip, assign, snooze and note, on ticked ones or on all."""

import datetime as dt
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select

from hub.db.engine import read_only_session, transaction
from hub.models import Case, CaseNote, Posting, RoleAssignment, Run, User
from hub.security import people
from hub.security.rights import Right, Subject
from hub.testing.clock import FakeClock
from hub.web.cases import case_assignees, case_bulk
from tests.support.pages.list_pages import add_case, rows_of
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD, add_company, add_installation
from tests.support.rows.stored_cases import open_stored_case

BULK = "/inbox/bulk/"


@pytest.fixture
def operator(visitor: Visitor) -> Visitor:
    """Provide an operator before five cases: four to retry, and one about settings."""
    visitor.enter("oda")
    visitor.ids = [add_case(visitor, place, "100.00") for place in range(4)]
    visitor.ids.append(add_case(visitor, 4, "1.00", action="settings"))
    return visitor


def posting_of(visitor: Visitor, case_id: int) -> Posting:
    """Return the posting that a case stops, or stopped."""
    number = 100 + visitor.ids.index(case_id)
    with visitor.app.app_context(), read_only_session() as session:
        query = select(Posting).where(Posting.number == f"F-{20260 + number}")
        return session.scalars(query).one()


def test_ticked_cases_are_retried_and_the_others_are_named(operator: Visitor) -> None:
    page = operator.press(f"{BULK}?words=Case", act="retry", case=operator.ids[1:5])
    assert "Retried 3 cases. A sync continues with them now." in page
    assert "1 could not be retried: this needs a decision on the page of the case." in page
    states = [posting_of(operator, id).state for id in operator.ids]
    assert states == ["held", "ready", "ready", "ready", "held"]
    assert len(operator.audit_entries("posting retried")) == 3
    rows = rows_of(page)
    assert [("Retried by oda" in rows[id]) for id in operator.ids] == [
        False,
        True,
        True,
        True,
        False,
    ]
    with operator.app.app_context(), read_only_session() as session:
        newest = session.scalars(select(Run).order_by(Run.id.desc())).first()
        assert newest
        assert (newest.kind, newest.requested_by, newest.started_at) == ("sync", "oda", None)


def test_a_retry_of_many_says_which_wait_for_a_paused_app(operator: Visitor) -> None:
    with operator.app.app_context(), transaction() as session:
        company = add_company(session, realm="773", name="Elm Street Inc.")
        paused = add_installation(session, company, tenant="t3", mode="paused").id
    first, second, third = (
        add_case(operator, number, "1.00", installation=paused) for number in (7, 8, 9)
    )
    page = operator.press(f"{BULK}?words=Case", act="retry", case=[operator.ids[0], first])
    assert "Retried 2 cases. A sync continues with 1 of them now, and with the others" in page
    assert "others once their app is enabled and not paused." in page
    page = operator.press(f"{BULK}?words=Case", act="retry", case=[second])
    assert "Retried 1 case. A sync continues with it once its app is enabled and not" in page
    page = operator.press(f"/inbox/{third}/retry")
    assert re.search(r"Retried bill [^.]+\. A sync continues with it once its app is enabled", page)


def ask_about_removal(visitor: Visitor, case_id: int) -> int:
    """Let a case ask whether what was deleted in QuickBooks is posted again; return its posting."""
    with visitor.app.app_context(), transaction() as session:
        case = session.get_one(Case, case_id)
        case.code = "document.wanted_again"
        case.params = {"document": "Case 0", "departure": "deleted in"}
        return case.postings[0].id


def test_documents_removed_from_quickbooks_are_left_out_of_a_retry_of_many(
    operator: Visitor,
) -> None:
    id = operator.ids[0]
    ask_about_removal(operator, id)
    page = operator.press(f"{BULK}?words=Case", act="retry", which="all", newest="999")
    assert "Retried 3 cases." in page
    assert "1 could not be retried: it was removed from QuickBooks, or may have been." in page
    states = [posting_of(operator, case_id).state for case_id in operator.ids]
    assert states == ["held", "ready", "ready", "ready", "held"]
    operator.press(f"/inbox/{id}/retry")
    assert posting_of(operator, id).state == "ready"


def test_a_removed_document_is_not_retried_by_another_case_that_stops_it(
    operator: Visitor,
) -> None:
    removed, shared = operator.ids[0], operator.ids[1]
    posting_id = ask_about_removal(operator, removed)
    with operator.app.app_context(), transaction() as session:
        case = session.get_one(Case, shared)
        case.postings.append(session.get_one(Posting, posting_id))
    operator.press(BULK, act="retry", case=[shared])
    assert posting_of(operator, removed).state == "held"
    assert posting_of(operator, shared).state == "ready"
    page = operator.press(f"/inbox/{shared}/retry")
    assert "it was removed from QuickBooks, or may have been." in page
    assert posting_of(operator, removed).state == "held"


def test_all_cases_that_the_filters_choose_are_skipped_with_a_reason(
    operator: Visitor,
) -> None:
    listing = operator.page("/inbox/?words=Case&act=retry")
    assert "all 4 that the filters choose" in listing
    newest = re.search(r'name="newest" value="(\d+)"', listing)
    assert newest
    later = add_case(operator, 9, "5.00")
    path = f"{BULK}?words=Case&act=retry"
    refused = operator.press(path, act="skip", which="all", newest=newest[1])
    assert "Enter the reason" in refused
    page = operator.press(path, act="skip", which="all", newest=newest[1], text="Paid in cash")
    assert "Skipped 4 cases. The documents will not be posted." in page
    assert list(rows_of(page)) == [later]
    states = [posting_of(operator, id) for id in operator.ids]
    assert [posting.state for posting in states] == ["skipped"] * 4 + ["held"]
    assert states[0].reason == "Paid in cash (oda)"
    closed = rows_of(operator.page("/inbox/?show=closed"))
    assert "oda Skipped: Paid in cash" in closed[operator.ids[0]]


def test_cases_that_cannot_be_skipped_are_named_beside_the_skipped_ones(operator: Visitor) -> None:
    first, second, third = operator.ids[:3]
    sending = posting_of(operator, second).id
    with operator.app.app_context(), transaction() as session:
        posting = session.get_one(Posting, sending)
        posting.state = "sending"
        case = session.get_one(Case, first)
        case.postings.append(posting)
    page = operator.press(BULK, act="skip", case=[first, second, third], text="Paid in cash")
    assert "Skipped 1 case. The documents will not be posted." in page
    assert "1 could not be skipped: only 1 of its 2 documents could be. Bill" in page
    assert "is on its way; look again in a moment, so it cannot be skipped now." in page
    states = [posting_of(operator, id).state for id in (first, second, third)]
    assert states == ["skipped", "sending", "skipped"]
    with operator.app.app_context(), read_only_session() as session:
        assert session.get_one(Case, second).decision == ""


def test_an_act_has_a_limit_and_says_how_many_are_left(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_bulk, "MAX_CASES_PER_ACT", 2)
    page = operator.press(f"{BULK}?words=Case", act="retry", which="all", newest="999")
    assert "Retried 2 cases." in page
    assert "3 more are left." in page
    monkeypatch.setattr(case_bulk, "MAX_SKIPPED", 1)
    page = operator.press(BULK, act="skip", case=operator.ids[2:4], text="Twice")
    assert "Skipped 1 case." in page
    assert "1 could not be skipped: one act skips 1 documents." in page


def test_a_snoozed_case_is_hidden_and_returns_on_its_day(
    operator: Visitor, clock: FakeClock
) -> None:
    id = operator.ids[0]
    day = (clock.now() + dt.timedelta(days=3)).date()
    page = operator.press(BULK, act="snooze", case=[id], until=day.isoformat())
    assert re.search(rf"Snoozed 1 case until 0?{day.day} {day:%b %Y}\.", page)
    assert id not in rows_of(page)
    count = re.search(r'class="count">(\d+)', page)
    snoozed = operator.page("/inbox/?show=snoozed")
    assert id in rows_of(snoozed)
    until = f"{day.day} {day:%b %Y}"
    assert re.search(rf"until\s+0?{until}", snoozed)
    assert re.search(rf"Hidden\s+until\s+0?{until}", operator.page(f"/inbox/{id}"))
    assert f'href="/inbox/{id}"' not in operator.page("/")
    assert [entry.subject for entry in operator.audit_entries("case snoozed")] == [f"case {id}"]
    clock.advance(3 * 24 * 3600)
    operator.log_in("oda")
    page = operator.page("/inbox/")
    assert id in rows_of(page)
    assert f'href="/inbox/{id}"' in operator.page("/")
    assert count
    assert f'class="count">{int(count[1]) + 1}<' in page


def test_a_day_is_that_of_the_zone_of_the_app_whose_case_is_hidden(operator: Visitor) -> None:
    """The first app is in Oslo, where the day begins while it is still the one before here."""
    with operator.app.app_context(), transaction() as session:
        company = add_company(session, realm="773", name="Elm Street Inc.")
        other = add_installation(session, company, tenant="t3", zone="America/New_York").id
    id = add_case(operator, 7, "1.00", installation=other)
    operator.press(f"{BULK}?case={id}", act="snooze", case=[id], until="2099-01-01")
    assert re.search(r"Hidden\s+until\s+01 Jan 2099", operator.page(f"/inbox/{id}"))
    both = [operator.ids[0], id]
    operator.press(BULK, act="snooze", case=both, until="2099-02-02")
    for case_id in both:
        assert re.search(r"Hidden\s+until\s+02 Feb 2099", operator.page(f"/inbox/{case_id}"))


def test_every_page_counts_the_cases_that_the_inbox_lists(operator: Visitor) -> None:
    story = operator.story
    pages = (f"/installations/{story.installation}/", "/apps/costtracker", "/companies/choose")
    texts = [operator.page(page) for page in pages]
    operator.press(BULK, act="snooze", which="all", newest="999", until="2099-01-01")
    assert rows_of(operator.page("/inbox/")) == {}
    app, apps, companies = [operator.page(page) for page in pages]
    assert ("All cases of this app" in texts[0], "All cases of this app" in app) == (True, False)
    assert ("open cases" in texts[1], "open case" in apps) == (True, False)
    assert re.search(r"\b0 ?<span[^>]*> open cases", companies)


def test_every_page_that_counts_open_cases_says_how_many_are_snoozed(operator: Visitor) -> None:
    app = operator.story.installation
    places = {
        "/": "/inbox/?show=snoozed",
        f"/installations/{app}/": f"/inbox/?show=snoozed&amp;installation={app}",
    }
    for path in places:
        assert "snoozed" not in operator.page(path)
    operator.press(BULK, act="snooze", case=operator.ids[:1], until="2099-01-01")
    for path, address in places.items():
        assert re.search(rf'href="{re.escape(address)}">\s*1 case is snoozed', operator.page(path))
    assert "1 case is snoozed" in text_of_tile(operator.page("/"))
    assert re.search(r'Snoozed\s*<span class="number-of">1<', operator.page("/inbox/?act=retry"))
    operator.press(BULK, act="snooze", which="all", newest="999", until="2099-01-01")
    for path in (*places, "/inbox/"):
        page = operator.page(path)
        assert re.search(r"\d+ cases are snoozed", page), path
        assert "Every document" not in page, path


def text_of_tile(page: str) -> str:
    """Return the text of the tile of open cases on Home."""
    tile = page[page.index("Needs attention") :].partition("</li>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", tile).split())


def test_a_snoozed_case_can_be_listed_again_earlier(operator: Visitor, clock: FakeClock) -> None:
    id = operator.ids[0]
    operator.press(BULK, act="snooze", case=[id], until="2099-01-01")
    assert "Back in the list: 1 case." in operator.press(BULK, act="wake", case=[id])
    assert id in rows_of(operator.page("/inbox/"))


@pytest.mark.parametrize("until", ["", "soon", "2020-01-01"])
def test_a_case_is_snoozed_to_a_day_in_the_future_only(operator: Visitor, until: str) -> None:
    operator.press(BULK, act="snooze", case=[operator.ids[0]], until=until)
    assert operator.row(Case, operator.ids[0]).snoozed_until is None


def test_cases_are_assigned_to_those_who_may_act_on_them(operator: Visitor) -> None:
    with operator.app.app_context(), transaction() as session:
        company = add_company(session, realm="772", name="Sørvik Bygg AS")
        other = add_installation(session, company).id
        right = Right("operator", Subject(company_id=company.id))
        people.insert(session, "siri", people.hash_new(PASSWORD), [right])
    foreign = add_case(operator, 7, "1.00", installation=other)
    page = operator.press(BULK, act="assign", case=[operator.ids[0], foreign], assignee="siri")
    assert "Assigned 1 case to siri." in page
    assert "1 could not be assigned: siri may not act on it." in page
    assert operator.row(Case, foreign).assignee == "siri"
    assert operator.row(Case, operator.ids[0]).assignee == ""
    siri = Visitor(operator.app, operator.story)
    siri.log_in("siri")
    assert list(rows_of(siri.page("/inbox/?show=mine"))) == [foreign]
    assert 'value="siri"' in operator.page("/inbox/")
    assert 'value="vera"' not in operator.page("/inbox/")


def test_the_page_of_a_case_offers_those_who_may_act_on_it(operator: Visitor) -> None:
    """The menu of a list is for cases of several apps, so that it has all of them."""
    company_id = operator.story.company
    rights = {
        "of-app": Subject(company_id, "costtracker"),
        "of-company": Subject(company_id),
        "of-all-such": Subject(None, "costtracker"),
        "of-other-app": Subject(company_id, "ontraccr"),
    }
    with operator.app.app_context(), transaction() as session:
        company = add_company(session, realm="772", name="Sørvik Bygg AS")
        rights["of-other-company"] = Subject(company.id)
        for name, subject in rights.items():
            people.insert(session, name, people.hash_new(PASSWORD), [Right("operator", subject)])
        whole_company = {"company_id": company_id, "title": "Rare", "action": "none"}
        of_company = open_stored_case(session, "rare:1", **whole_company).id

    def choices(path: str) -> set[str]:
        return set(re.findall(r'<option value="(of-[^"]+)"', operator.page(path)))

    assert choices("/inbox/") == set(rights)
    assert choices(f"/inbox/{operator.ids[0]}") == {"of-app", "of-company", "of-all-such"}
    assert choices(f"/inbox/{of_company}") == {"of-company"}


def test_of_many_people_those_are_suggested_whose_name_is_typed(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_assignees, "MAX_PEOPLE", 2)
    with operator.app.app_context(), transaction() as session:
        right = Right("operator", Subject(company_id=operator.story.company))
        for name in ("Kari", "Karin", "Per"):
            people.insert(session, name, people.hash_new(PASSWORD), [right])
        people.insert(session, "Karsten", people.hash_new(PASSWORD), [Right("viewer")])
        elsewhere = Right("operator", Subject(company_id=add_company(session, realm="772").id))
        people.insert(session, "Karolina", people.hash_new(PASSWORD), [elsewhere])
    with operator.app.app_context(), transaction() as session:
        [oda] = session.scalars(select(RoleAssignment).join(User).where(User.username == "oda"))
        oda.company_id = operator.story.company
    page = operator.page("/inbox/")
    assert '<select class="form-select form-select-sm" id="bulk-assignee"' not in page
    assert 'list="bulk-assignee-people"' in page
    answer = operator.page(f"{BULK}people?assignee=kar")
    assert re.findall(r'value="([^"]+)"', answer) == ["Kari", "Karin"]
    assert re.findall(r'value="([^"]+)"', operator.page(f"{BULK}people?assignee=")) == []
    assert re.findall(r'value="([^"]+)"', operator.page(f"{BULK}people?assignee=%25")) == []
    page = operator.press(BULK, act="assign", case=[operator.ids[0]], assignee=" KARI ")
    assert "Assigned 1 case to Kari." in page
    assert operator.row(Case, operator.ids[0]).assignee == "Kari"
    page = operator.press(BULK, act="assign", case=operator.ids[:2], assignee="")
    assert "2 cases are no longer assigned to anyone." in page


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (
            "en",
            (
                "1 case is no longer assigned to anyone.",
                "2 cases are no longer assigned to anyone.",
                "1 could not be skipped: it stops no document that can be skipped.",
            ),
        ),
        (
            "nb",
            (
                "1 avvik er ikke lenger tildelt noen.",
                "2 avvik er ikke lenger tildelt noen.",
                "1 ble ikke hoppet over: det stopper ingen dokumenter som kan hoppes over.",
            ),
        ),
    ],
)
def test_the_result_of_an_act_is_a_sentence(
    operator: Visitor, language: str, texts: tuple[str, str, str]
) -> None:
    operator.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    one, two, not_done = texts
    assert one in operator.press(BULK, act="assign", case=operator.ids[:1], assignee="")
    assert two in operator.press(BULK, act="assign", case=operator.ids[:2], assignee="")
    with operator.app.app_context(), transaction() as session:
        row = {"title": "Nothing waits", "action": "settings"}
        row["installation_id"] = operator.story.installation
        row["company_id"] = operator.story.company
        case_id = open_stored_case(session, "nothing-waits", **row).id
    assert not_done in operator.press(BULK, act="skip", case=[case_id], text="Double")


def test_a_person_without_the_right_changes_nothing(operator: Visitor) -> None:
    with operator.app.app_context(), transaction() as session:
        company = add_company(session, realm="772", name="Sørvik Bygg AS")
        right = Right("operator", Subject(company_id=company.id))
        viewer = Right("viewer", Subject(company_id=operator.story.company))
        people.insert(session, "siri", people.hash_new(PASSWORD), [right, viewer])
    siri = Visitor(operator.app, operator.story)
    siri.log_in("siri")
    page = siri.press(BULK, act="retry", case=operator.ids)
    assert "5 could not be retried: you may only look at it." in page
    assert "Snoozed 5" not in siri.press(BULK, act="snooze", case=operator.ids, until="2099-01-01")
    vera = Visitor(operator.app, operator.story)
    vera.log_in("vera")
    assert vera.post(BULK, act="retry", case=operator.ids).status_code == 403
    assert {posting_of(operator, id).state for id in operator.ids} == {"held"}
    assert operator.row(Case, operator.ids[0]).snoozed_until is None


def test_cases_of_other_companies_are_not_found(operator: Visitor) -> None:
    with operator.app.app_context(), transaction() as session:
        company = add_company(session, realm="772", name="Sørvik Bygg AS")
        right = Right("operator", Subject(company_id=company.id))
        people.insert(session, "siri", people.hash_new(PASSWORD), [right])
    siri = Visitor(operator.app, operator.story)
    siri.log_in("siri")
    assert "Tick at least one case" in siri.press(BULK, act="note", case=operator.ids, text="x")
    with operator.app.app_context(), read_only_session() as session:
        assert session.scalar(select(func.count(CaseNote.id))) == 0
        offered = session.scalars(select(User.username)).all()
    assert "olga" in offered


def test_notes_are_on_the_page_of_each_case(operator: Visitor) -> None:
    page = operator.press(BULK, act="note", case=operator.ids[:2], text="Asked Kari <b>")
    assert "Added the note to 2 cases." in page
    for id in operator.ids[:2]:
        assert "Asked Kari &lt;b&gt;" in operator.page(f"/inbox/{id}")
    assert "Asked Kari" not in operator.page(f"/inbox/{operator.ids[2]}")
    [first, _] = operator.audit_entries("case note added")
    assert (first.who, first.detail["text"]) == ("oda", "Asked Kari <b>")


def test_the_page_of_a_case_has_the_same_acts_and_stays_open(operator: Visitor) -> None:
    id = operator.ids[0]
    page = operator.page(f"/inbox/{id}?words=Case")
    [address] = [
        link.replace("&amp;", "&") for link in re.findall(r'action="(/inbox/bulk/[^"]+)"', page)
    ]
    answer = operator.post(address, act="assign", case=id, assignee="oda")
    assert answer.location == f"/inbox/{id}?words=Case"
    assert "Assigned to oda." in operator.page(answer.location)


def test_after_a_refused_act_the_cases_are_still_ticked(operator: Visitor) -> None:
    ids = [add_case(operator, number, "100.00") for number in range(50, 53)]
    answer = operator.post(BULK, act="skip", which="chosen", case=[str(id) for id in ids[:2]])
    page = operator.page(answer.location)
    assert "Enter the reason" in page
    assert "you had been logged out" not in page
    ticked = re.findall(r'name="case" value="(\d+)"[^>]* checked', page)
    assert sorted(map(int, ticked)) == ids[:2]
    answer = operator.post(BULK, act="note", text="Ringt Østby")
    page = operator.page(answer.location)
    assert "Tick at least one case first." in page
    assert 'value="Ringt Østby"' in page


def test_a_typed_note_stays_although_a_case_was_opened_meanwhile(operator: Visitor) -> None:
    listing = operator.page("/inbox/?words=Case")
    [newest] = re.findall(r'name="newest" value="(\d+)"', listing)
    add_case(operator, 9, "5.00")
    page = operator.press(f"{BULK}?words=Case", act="note", newest=newest, text="Asked Hara.")
    assert "Tick at least one case first." in page
    assert 'value="Asked Hara."' in page


def test_cases_that_somebody_else_closed_meanwhile_are_named(operator: Visitor) -> None:
    with operator.app.app_context(), transaction() as session:
        for id in operator.ids[:2]:
            session.get_one(Case, id).closed_at = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    page = operator.press(BULK, act="retry", case=operator.ids[:3])
    assert "Retried 1 case." in page
    assert "2 could not be retried: it is closed already." in page
    assert "Tick at least one case" not in operator.press(BULK, act="wake", case=operator.ids[:2])


def test_a_note_is_kept_also_if_the_case_closed_meanwhile(operator: Visitor) -> None:
    closed, other = operator.ids[:2]
    with operator.app.app_context(), transaction() as session:
        session.get_one(Case, closed).closed_at = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    form = {"act": "note", "case": [closed, other], "text": "Asked Kari"}
    page = operator.press(BULK, **form)
    assert "Added the note to 2 cases." in page
    assert "1 of them was closed meanwhile." in page
    assert "Asked Kari" in operator.page(f"/inbox/{closed}")
    assert len(operator.audit_entries("case note added")) == 2
    page = operator.press(f"{BULK}?case={closed}", act="note", case=closed, text="She paid it")
    assert "She paid it" in page


def test_nothing_ticked_and_unknown_acts_change_nothing(operator: Visitor) -> None:
    for form in ({"act": "retry"}, {"act": "wrong"}, {"case": ["x", "-1"]}):
        assert "Tick at least one case" in operator.press(BULK, **form)
    for form in ({"act": "wrong", "case": operator.ids}, {"case": operator.ids}):
        assert "Nothing was done." in operator.press(BULK, **form)
    assert operator.audit_entries("posting retried") == []


def test_the_acts_are_in_the_log_with_links_to_the_cases(operator: Visitor) -> None:
    operator.press(BULK, act="assign", case=[operator.ids[0]], assignee="oda")
    olga = Visitor(operator.app, operator.story)
    olga.log_in("olga")
    assert f'href="/inbox/{operator.ids[0]}">Case 0' in olga.page("/audit/")


def test_the_list_and_a_case_keep_their_page_after_an_act(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.lists.case_list.ROWS_PER_PAGE", 2)
    first = operator.page("/inbox/?words=Case")
    [following] = re.findall(r'rel="next" href="([^"]+)"', first)
    address = unescape(following)
    page = operator.page(address)
    [action] = re.findall(r'action="(/inbox/bulk/[^"]*)"', page)
    ids = sorted(rows_of(page), reverse=True)
    response = operator.post(unescape(action), act="note", text="See", case=ids)
    assert parse_qs(urlsplit(response.location).query) == parse_qs(urlsplit(address).query)
    assert f"/inbox/{ids[0]}?{urlsplit(address).query}" in unescape(page)


def test_a_page_with_nothing_left_leads_to_the_first(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.lists.case_list.ROWS_PER_PAGE", 4)
    [following] = re.findall(r'rel="next" href="([^"]+)"', operator.page("/inbox/?words=Case"))
    page = operator.page(unescape(following))
    [action] = re.findall(r'action="(/inbox/bulk/[^"]*)"', page)
    page = operator.press(
        unescape(action), act="snooze", until="2026-12-01", case=list(rows_of(page))
    )
    assert len(rows_of(operator.get(unescape(following), follow_redirects=True).text)) == 4


def test_after_a_snooze_on_its_page_the_next_case_opens(operator: Visitor) -> None:
    newest, following = operator.ids[4], operator.ids[3]
    page = operator.page(f"/inbox/{newest}?words=Case")
    [action] = re.findall(r'action="(/inbox/bulk/[^"]*)"', page)
    form = {"case": newest, "until": "2026-12-01"}
    response = operator.post(unescape(action), act="note", text="See", **form)
    assert response.location == f"/inbox/{newest}?words=Case"
    response = operator.post(unescape(action), act="snooze", **form)
    assert response.location == f"/inbox/{following}?words=Case"
    assert "Snoozed 1 case until 01 Dec 2026." in operator.page(response.location)
