"""The home page: open cases, company health, counts and the chart."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from hub import notifications
from hub.db import engine
from hub.models import (
    Case,
    ConnectedCompany,
    Installation,
    Posting,
    Run,
    Schedule,
    SourceDocument,
    Token,
)
from hub.outbox.listing import in_state, select_documents_with_posting
from hub.security import people
from hub.security.rights import Right, Scope, Subject
from hub.testing.clock import FakeClock
from hub.web.frame import source_view
from hub.web.lists.figures import load_posted_figures
from hub.web.reporting import bar_chart, posted_chart
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD, add_company, add_document, add_installation
from tests.support.rows.stored_cases import open_stored_case
from tests.support.servers.mail_server import mail_url

OSLO = ZoneInfo("Europe/Oslo")
MAIL_STEP = "Enter and test a mail server"


def test_open_cases_come_first_then_health_and_counts(visitor: Visitor) -> None:
    visitor.enter("vera")
    page = visitor.page("/")
    places = [
        page.index(text)
        for text in (
            "To approve",
            "Needs you",
            "Nordvik Bygg AS",
            "CostTracker</a>",
            "Posted in the last",
        )
    ]
    assert places == sorted(places)
    assert "The connection expires in 96 days if unused" in page


def test_a_company_without_a_name_is_called_by_its_number(
    visitor: Visitor, clock: FakeClock
) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        company = session.get_one(ConnectedCompany, visitor.story.company)
        company.name, realm = "", company.realm
        token = session.get_one(Token, company.id)
        token.refresh_expires_at = clock.now() + dt.timedelta(days=2)
        add_document(session, add_installation(session, company, slug="ontraccr"), "review", 900)
    visitor.enter("olga")
    page = visitor.page("/")
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert f"Reconnect {realm} before that." in text
    assert f"Connection : {realm}" in text
    assert f'aria-label="Reconcile now: {realm}"' in page
    rows = visitor.page("/to-approve/").partition("<tbody>")[2].split("<tr>")[1:]
    assert [realm in row for row in rows] == [True] * 2
    with visitor.app.app_context(), engine.transaction() as session:
        session.get_one(ConnectedCompany, visitor.story.company).state = "disconnected"
    assert f"{realm} is disconnected, so nothing is read" in visitor.page("/apps/costtracker")


def test_an_app_of_a_disconnected_company_has_no_mode(visitor: Visitor) -> None:
    installation = visitor.story.installation
    visitor.enter("olga")
    paths = ("/", f"/installations/{installation}/")
    mode = r'(small soft|state good)">\s*(Automatic|Review)\s*[·<]'
    assert all(re.search(mode, visitor.page(path)) for path in paths)
    with visitor.app.app_context(), engine.transaction() as session:
        session.get_one(ConnectedCompany, visitor.story.company).state = "disconnected"
    for path in paths:
        page = visitor.page(path)
        assert not re.search(mode, page), path
        assert re.search(r'(small soft|state calm)">\s*Disconnected\s*[·<]', page), path


def test_a_connection_that_ends_soon_is_warned_of(visitor: Visitor, clock: FakeClock) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        token = session.get_one(Token, visitor.story.company)
        token.refresh_expires_at = clock.now()
    visitor.enter("vera")
    assert "The connection expires in 0 days" in visitor.page("/")


def test_the_chart_is_drawn_into_the_page_with_its_table(visitor: Visitor) -> None:
    visitor.enter("vera")
    page = visitor.page("/")
    drawing = re.search(r'<svg class="chart".*?</svg>', page, re.DOTALL)
    assert drawing
    assert re.search(r'role="img" aria-label="[^"]{20,}"', drawing[0])
    assert drawing[0].count('class="chart-posted"') == 1
    assert "#" not in drawing[0]  # its colors are those of the page
    table = page.partition("Documents posted and corrected by day")[2].partition("</table>")[0]
    (row,) = re.findall(r"<tr><th scope=.row.>.*?</tr>", table)
    with visitor.app.app_context(), engine.read_only_session() as session:
        counts = posted_chart.count_by_day(session, Scope(is_everything=True), OSLO)
    numbers = list(map(int, re.findall(r'class="amount">(\d+)<', row)))
    assert numbers[0] == sum(counts.values()) - numbers[1] > 1


def test_without_posted_documents_there_is_no_chart(visitor: Visitor, clock: FakeClock) -> None:
    clock.advance(40 * 86400)
    visitor.enter("vera")
    assert "Posted in the last 14 days" not in visitor.page("/")


def test_the_chart_counts_documents_not_what_was_made_for_their_codes(visitor: Visitor) -> None:
    everything = Scope(is_everything=True)
    with visitor.app.app_context(), engine.transaction() as session:
        before = sum(posted_chart.count_by_day(session, everything, OSLO).values())
        session.get_one(SourceDocument, visitor.story.documents["posted"]).made_for = "supplier"
        session.get_one(Posting, visitor.story.postings["posted"]).kind = "vendor"
        session.flush()
        after = sum(posted_chart.count_by_day(session, everything, OSLO).values())
    assert (before > 1, after) == (True, before - 1)


def test_the_chart_counts_a_document_once_however_many_parts_are_posted(visitor: Visitor) -> None:
    everything = Scope(is_everything=True)
    with visitor.app.app_context(), engine.transaction() as session:
        before = sum(posted_chart.count_by_day(session, everything, OSLO).values())
        first_part = session.get_one(Posting, visitor.story.postings["posted"])
        first_part.part = "class:1"
        add_part(session, first_part, part="class:2")
        session.flush()
        after = sum(posted_chart.count_by_day(session, everything, OSLO).values())
    assert (before > 1, after) == (True, before)


@pytest.mark.parametrize("operation", ["create", "update"])
def test_the_chart_counts_a_document_once_a_day_as_the_figures_of_its_app_do(
    visitor: Visitor, clock: FakeClock, operation: str
) -> None:
    everything = Scope(is_everything=True)
    today = clock.now().astimezone(OSLO).date()
    begin = dt.datetime.combine(today, dt.time(), OSLO)
    installation = visitor.story.installation
    with visitor.app.app_context(), engine.transaction() as session:
        posting = session.get_one(Posting, visitor.story.postings["posted"])
        posting.changed_at = clock.now()
        for generation in (1, 2):
            values = {"generation": generation, "operation": operation}
            add_part(session, posting, requestid=f"again {generation}", **values)
        session.flush()
        counts = posted_chart.count_by_day(session, everything, OSLO)
        figure = load_posted_figures(session, [installation], begin, begin)[installation].today
        is_posted = (Posting.state == "posted") & (Posting.changed_at >= begin)
        documents = session.scalars(
            select(Posting.document_id).where(is_posted, Posting.operation == "create").distinct()
        )
        assert counts[today, "create"] == figure.count == len(documents.all())
        assert counts[today, "update"] == (1 if operation == "update" else 0)


def test_who_may_see_one_app_reads_nothing_wrong_about_the_rest(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        add_installation(session, add_company(session, name="Other AS", realm="77"), slug="other")
        right = Right("viewer", Subject(None, installation.slug))
        people.insert(session, "siri", people.hash_new(PASSWORD), [right])
    visitor.enter("vera")
    assert "Last reconciled" in visitor.page("/")
    other = Visitor(visitor.app, visitor.story)
    other.log_in("siri")
    page = other.page("/")
    assert "Last reconciled" not in page
    assert "No app is enabled for this company." not in page
    assert "None of your apps is enabled for this company." in page
    assert "Choose one" not in page


def test_a_day_of_the_chart_begins_when_it_does_for_the_reader(
    visitor: Visitor, clock: FakeClock
) -> None:
    clock.set(clock.now().replace(hour=23, minute=30))
    visitor.enter("vera")
    with visitor.app.app_context(), engine.transaction() as session:
        session.get_one(Posting, visitor.story.postings["posted"]).changed_at = clock.now()
    page = visitor.page("/")
    tomorrow = clock.now().date() + dt.timedelta(days=1)
    table = page.partition("Documents posted and corrected by day")[2]
    newest = re.search(r'<th scope="row">(\d+) ', table)
    assert newest
    assert int(newest[1]) == tomorrow.day
    assert "Posted today 1 ·" in " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_day_with_two_midnights_begins_with_the_first_one(
    visitor: Visitor, clock: FakeClock
) -> None:
    """On the Azores the clocks go from one o'clock back to midnight in autumn."""
    clock.set(dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC))
    visitor.enter("vera")
    visitor.post("/account/formats", language="", number_format="", zone="Atlantic/Azores")
    with visitor.app.app_context(), engine.transaction() as session:
        posting = session.get_one(Posting, visitor.story.postings["posted"])
        posting.changed_at = clock.now() - dt.timedelta(hours=1)
    text = " ".join(re.sub(r"<[^>]+>", " ", visitor.page("/")).split())
    assert "Posted today 1 ·" in text


def test_the_bars_of_a_day_are_stacked_within_the_chart(clock: FakeClock) -> None:
    today = clock.now().date()
    yesterday = today - dt.timedelta(days=1)
    counts = {(today, "create"): 90, (today, "update"): 44, (yesterday, "create"): 10}
    chart = posted_chart.lay_out(counts, today)
    assert len(chart.bars) == posted_chart.CHART_DAYS
    assert [mark for mark, _ in chart.grid] == [0, 50, 100, 150]
    last = chart.bars[-1]
    assert last.second_y + last.second_height == pytest.approx(last.first_y, abs=0.2)
    assert last.second_y >= bar_chart.TOP
    assert last.first_height == pytest.approx(9 * chart.bars[-2].first_height, abs=1)
    assert chart.has_second
    assert not posted_chart.lay_out({(today, "create"): 1}, today).has_second


@pytest.mark.parametrize(
    ("highest", "marks"),
    [(1, [0, 1]), (4, [0, 1, 2, 3, 4]), (9, [0, 5, 10]), (134, [0, 50, 100, 150])],
)
def test_the_steps_of_the_chart_are_round_and_few(highest: int, marks: list[int]) -> None:
    today = dt.date(2026, 3, 2)
    chart = posted_chart.lay_out({(today, "create"): highest}, today)
    assert [mark for mark, _ in chart.grid] == marks


def add_part(session: Any, posting: Posting, **values: Any) -> None:
    """Add a posting of the document of another one, like that one but for these values."""
    session.flush()
    names = [column.key for column in Posting.__mapper__.column_attrs if column.key != "id"]
    copied = {name: getattr(posting, name) for name in names}
    session.add(Posting(**copied | {"requestid": f"{posting.requestid}-other"} | values))


def tile(page: str, name: str) -> tuple[int, list[str]]:
    """Return the number of a tile, and the exact sums below it."""
    match = re.search(
        rf'kpi-name">{name}</span> <strong>([\d,]+)</strong>(.*?)</li>', page, re.DOTALL
    )
    assert match, name
    return int(match[1].replace(",", "")), re.findall(r'title="([^"]+)"', match[2])


@pytest.mark.parametrize(
    ("name", "state"),
    [("To approve", "review"), ("In doubt", "unknown")],
)
def test_a_tile_has_the_number_and_amount_of_the_documents_in_its_state(
    visitor: Visitor, name: str, state: str
) -> None:
    visitor.enter("vera")
    with visitor.app.app_context(), engine.read_only_session() as session:
        rows = session.execute(select_documents_with_posting().where(in_state(state))).all()
        totals = [document.total for document, *_ in rows]
    count, sums = tile(visitor.page("/"), name)
    assert count == len(rows) > 0
    assert sums == [f"{sum(totals):,.2f} NOK"]


def test_the_attention_tile_counts_open_cases_and_documents_held_or_in_doubt(
    visitor: Visitor, clock: FakeClock
) -> None:
    """A case of a file holds no document, so the tile has both numbers."""
    visitor.enter("vera")
    with visitor.app.app_context(), engine.transaction() as session:
        documents = select_documents_with_posting()
        rows = session.execute(documents.where(in_state("held"))).all()
        rows += session.execute(documents.where(in_state("unknown"))).all()
        total = sum(document.total for document, *_ in rows)
        app = session.get_one(Installation, visitor.story.installation)
        values = {"cause": "file:1", "stored_title": "A file could not be attached"}
        values |= {"company_id": app.company_id, "installation_id": app.id}
        session.add(Case(opened_at=clock.now(), **values))
        session.flush()
        is_open = Case.closed_at.is_(None), Case.snoozed_until.is_(None)
        cases = session.query(Case).filter(*is_open).count()
    page = visitor.page("/")
    count, sums = tile(page, "Needs attention")
    assert count == cases > len(rows)
    assert f"{cases} open cases" in page
    assert _attention_count(page) == len(rows)
    assert "without a known amount" not in page
    assert sums == [f"{total:,.2f} NOK"]
    assert 'href="/inbox/"><span class="kpi-name">Needs attention' in page


def test_a_case_that_needs_you_has_amount_due_date_and_party_on_home_and_its_app(
    visitor: Visitor, clock: FakeClock
) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        document = session.get_one(SourceDocument, visitor.story.documents["held"])
        document.due = clock.now().date() - dt.timedelta(days=1)
        party = document.party
        with visitor.app.test_request_context():
            amount = source_view.format_money(document.total, document.currency)
    visitor.enter("vera")
    for path in ("/", f"/installations/{visitor.story.installation}/"):
        page = visitor.page(path)
        lines = page[page.index('class="case-lines"') :].split("</ul>")[0].split("</li>")
        line = next(line for line in lines if escape(party) in line)
        assert amount in line
        assert "due 01 Mar 2026" in line
        assert "overdue" in line
        assert "/inbox/" in line


def test_the_tile_to_approve_leads_to_where_it_is_approved(visitor: Visitor) -> None:
    story = visitor.story
    visitor.enter("vera")
    assert 'href="/to-approve/"><span class="kpi-name">To approve' in visitor.page("/")
    review = f"/installations/{story.installation}/review/"
    assert visitor.get("/to-approve/").headers["Location"] == review
    assert f'href="{review}"><strong>' in visitor.page("/")
    with visitor.app.app_context(), engine.transaction() as session:
        company = session.get_one(ConnectedCompany, story.company)
        second = add_installation(session, company, slug="ontraccr")
        document, _ = add_document(session, second, "review", 900)
        document.due, document.total = dt.date(2026, 4, 3), Decimal("77.50")
        second_review = f"/installations/{second.id}/review/"
    page = visitor.page("/to-approve/")
    assert all(f'href="{path}"' in page for path in (review, second_review))
    row = next(row for row in page.split("<tr>") if second_review in row)
    assert "03 Apr 2026" in row
    assert "NOK" in row


def test_the_list_to_approve_counts_documents_as_home_does(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        company = session.get_one(ConnectedCompany, visitor.story.company)
        second = add_installation(session, company, slug="ontraccr")
        _, bill = add_document(session, second, "review", 900)
        add_part(session, bill, part="b")
        for place in (901, 902):
            document, posting = add_document(session, second, "review", place)
            posting.kind, document.made_for, posting.total = "vendor", "code", None
    visitor.enter("vera")
    page = visitor.page("/to-approve/")
    rows = [row for row in page.split("<tr>") if "/review/" in row]
    cells = [re.findall(r'data-label="Documents">(.*?)</td>', row, re.DOTALL)[0] for row in rows]
    texts = [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]
    assert texts[1] == "1 and 2 suppliers that documents need"
    count, _ = tile(visitor.page("/"), "To approve")
    assert count == sum(int(text.split()[0]) for text in texts)


def add_two_parts_to_review(visitor: Visitor) -> None:
    """Let a bill in review have two other parts there."""
    with visitor.app.app_context(), engine.transaction() as session:
        bill = session.get_one(Posting, visitor.story.postings["review"])
        add_part(session, bill, part="b", kind="vendor_credit", requestid="second part")
        add_part(session, bill, part="c", requestid="third part")


def test_the_review_counts_a_document_once_however_many_parts_it_has(visitor: Visitor) -> None:
    review = f"/installations/{visitor.story.installation}/review/"
    add_two_parts_to_review(visitor)
    visitor.enter("oda")
    count, _ = tile(visitor.page("/"), "To approve")
    page = visitor.page(review)
    assert (f"{count} bills to approve in {count + 2} parts · " in page, count) == (True, 2)
    assert f'Review <span class="state look">{count}</span>' in page
    assert f"Approve all {count + 2} · " in page
    overview = visitor.page(f"/installations/{visitor.story.installation}/")
    assert f"Waiting for approval: {count} bills." in overview
    question = visitor.page(f"{review}approve?which=all")
    assert f"<title>Approve {count} bills " in question
    assert f"Approve {count} bills in {count + 2} parts · " in question
    answer = visitor.approve(visitor.story.installation)
    assert f"Approved {count} bills." in answer


def test_a_document_of_which_all_parts_are_skipped_counts_once(visitor: Visitor) -> None:
    review = f"/installations/{visitor.story.installation}/review/"
    add_two_parts_to_review(visitor)
    visitor.enter("oda")
    page = visitor.page(f"{review}approve?which=all")
    listed = re.findall(r'name="listed" value="([^"]+)"', page)
    answer = visitor.press(f"{review}skip", listed=listed[0], reason="Paid by card.")
    assert "Skipped 2 documents. They will not be posted." in answer


def test_a_removal_that_waits_for_approval_adds_nothing_to_the_sum(visitor: Visitor) -> None:
    """The page Review and the list of apps say that it is not part of the sum."""
    visitor.enter("oda")
    count, sums = tile(visitor.page("/"), "To approve")
    review = f"/installations/{visitor.story.installation}/review/"
    with visitor.app.app_context(), engine.transaction() as session:
        posted = session.get_one(Posting, visitor.story.postings["posted"])
        add_part(session, posted, operation="delete", state="review", quickbooks_id=None)
    assert tile(visitor.page("/"), "To approve") == (count + 1, sums)
    assert f"{count + 1} bills to approve · <span" in visitor.page(review)


def test_the_companies_to_approve_are_in_the_order_of_their_names(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        for place, name in enumerate(("Østby AS", "Aas AS")):
            company = add_company(session, f"913{place + 7}", name)
            add_document(session, add_installation(session, company), "review", 900 + place)
    visitor.enter("vera")
    page = visitor.page("/to-approve/").partition("<main")[2]
    assert page.index("Aas AS") < page.index("Nordvik Bygg AS") < page.index("Østby AS")


def test_of_a_chosen_company_only_its_own_apps_are_to_be_approved(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        chosen = add_company(session, "9138", "Aas AS")
        for slug in ("costtracker", "ontraccr"):
            installation = add_installation(session, chosen, slug=slug, tenant=slug)
            add_document(session, installation, "review", 900)
    visitor.enter("vera")
    assert "Nordvik Bygg AS" in visitor.page("/to-approve/").partition("<main")[2]
    visitor.press("/companies/choose", company=str(chosen.id), next="/to-approve/")
    page = visitor.page("/to-approve/").partition("<main")[2]
    assert "Aas AS" in page
    assert "Nordvik Bygg AS" not in page


def test_links_to_the_apps_of_several_companies_have_different_names(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        company = add_company(session, "9138", "Aas AS")
        installation = add_installation(session, company, tenant="t8")
        add_document(session, installation, "review", 900)
    visitor.enter("olga")
    for path in ("/", "/to-approve/", "/apps/costtracker"):
        main = visitor.page(path).partition("<main")[2]
        targets: dict[str, set[str]] = {}
        for address, content in re.findall(
            r'<a class="btn[^"]*" href="([^"]*)"[^>]*>(.*?)</a>', main
        ):
            name = " ".join(re.sub(r"<[^>]+>", "", content).split())
            targets.setdefault(name, set()).add(address)
        assert targets, path
        assert {name for name, found in targets.items() if len(found) > 1} == set(), path


def test_the_list_says_that_nothing_is_to_be_approved(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        for posting in session.query(Posting).filter_by(state="review"):
            posting.state = "skipped"
    visitor.enter("vera")
    assert "Nothing to approve" in visitor.page("/to-approve/")


def test_amounts_of_other_currencies_and_credits_are_separate(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        company = session.get_one(ConnectedCompany, visitor.story.company)
        app = session.get_one(Installation, visitor.story.installation)
        assert company.id == app.company_id
        for place, (kind, currency, total) in enumerate(
            [("bill", "EUR", "8214000.50"), ("vendor_credit", "EUR", "14000.25")], start=900
        ):
            document, posting = add_document(session, app, "review", place)
            document.currency, document.total = currency, Decimal(total)
            posting.kind, posting.currency, posting.total = kind, currency, Decimal(total)
    visitor.enter("vera")
    page = visitor.page("/")
    _, sums = tile(page, "To approve")
    assert sums[0] == "8,200,000.25 EUR"
    assert sums[1].endswith(" NOK")
    assert ">8.2 M EUR<" in page


def test_the_attention_tile_says_how_many_documents_have_no_known_amount(visitor: Visitor) -> None:
    """One could not be read at all, one was read earlier, and one is held before it has a total."""
    visitor.enter("vera")
    page = visitor.page("/")
    count, sums = _attention_count(page), tile(page, "Needs attention")[1]
    with visitor.app.app_context(), engine.transaction() as session:
        app = session.get_one(Installation, visitor.story.installation)
        never_read, posting = add_document(session, app, "held", 900)
        session.delete(posting)
        read_earlier, _ = add_document(session, app, "posted", 901)
        read_earlier.currency, read_earlier.total = "EUR", Decimal("55.05")
        for document in (never_read, read_earlier):
            document.unreadable = "It is no document."
        never_read.currency, never_read.total = "", None
        without_total, posting = add_document(session, app, "held", 902)
        without_total.total = posting.total = None
    page = visitor.page("/")
    assert _attention_count(page) == count + 3
    assert tile(page, "Needs attention")[1] == ["55.05 EUR", *sums]
    assert "· 2 without a known amount" in page
    answer = visitor.get("/", headers={"Accept-Language": "nb-NO"})
    assert "· 2 uten kjent beløp" in answer.text


def test_who_approves_the_first_documents_of_an_app_reads_that_they_wait(
    visitor: Visitor,
) -> None:
    """Nothing is posted yet, and the steps of the set-up are about the whole hub."""
    with visitor.app.app_context(), engine.transaction() as session:
        company = add_company(session, realm="9130002", name="Elm Street Inc.")
        installation = add_installation(session, company, tenant="t2")
        right = Right("operator", Subject(company.id, "costtracker"))
        people.insert(session, "siri", people.hash_new(PASSWORD), [right])
        installation_id = installation.id
    visitor.enter("siri")
    assert "No cases yet" in visitor.page("/inbox/")
    assert "the next step" not in visitor.page("/inbox/")
    assert "Nothing is posted yet" in visitor.page("/")
    with visitor.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, installation_id)
        _, posting = add_document(session, installation, "held", 900)
        posting_id = posting.id
        case_id = open_stored_case(
            session, "rare:1", title="Rare", action="none", postings=[posting], **here(installation)
        ).id
    visitor.press("/inbox/bulk/", act="snooze", case=[case_id], until="2099-01-01")
    for path in ("/", "/inbox/"):
        page = visitor.page(path)
        assert "Nothing needs you now" in page
        assert "Nothing is posted yet" not in page
    with visitor.app.app_context(), engine.transaction() as session:
        session.get_one(Posting, posting_id).state = "review"
    for path in ("/", "/inbox/"):
        page = visitor.page(path)
        assert "Documents wait for approval." in page
        assert "Nothing is posted yet" not in page


def here(installation: Installation) -> dict[str, Any]:
    """Return whose a case is."""
    return {"company_id": installation.company_id, "installation_id": installation.id}


def test_documents_that_only_snoozed_cases_stop_are_not_added_up(visitor: Visitor) -> None:
    """One is in doubt, one is also stopped by a case that is not snoozed, one was read earlier."""
    visitor.enter("oda")
    first_page = visitor.page("/")
    count, sums = _attention_count(first_page), tile(first_page, "Needs attention")[1]
    with visitor.app.app_context(), engine.transaction() as session:
        app = session.get_one(Installation, visitor.story.installation)
        pairs = [
            add_document(session, app, state, 900 + place)
            for place, state in enumerate(("held", "unknown", "posted"))
        ]
        for document, posting in pairs:
            document.currency = posting.currency = "EUR"
            document.total = posting.total = Decimal("100.10")
        pairs[2][0].unreadable = "It is no document."
        postings = [posting for _, posting in pairs]
        of_all, of_one = (
            open_stored_case(session, cause, title="Rare", action="none", postings=stopped).id
            for cause, stopped in (("rare:1", postings), ("rare:2", postings[1:2]))
        )
    in_doubt = tile(visitor.page("/"), "In doubt")[0]

    def read() -> tuple[int, list[str]]:
        page = visitor.page("/")
        assert tile(page, "In doubt")[0] == in_doubt  # a state, which its list has in full
        return _attention_count(page) - count, tile(page, "Needs attention")[1]

    assert read() == (3, ["300.30 EUR", *sums])
    visitor.press("/inbox/bulk/", act="snooze", case=[of_all], until="2099-01-01")
    assert read() == (1, ["100.10 EUR", *sums])
    visitor.press("/inbox/bulk/", act="snooze", case=[of_one], until="2099-01-01")
    assert read() == (0, sums)
    visitor.press("/inbox/bulk/", act="wake", case=[of_all])
    assert read() == (3, ["300.30 EUR", *sums])


def test_a_document_counts_once_with_its_own_amount_however_many_parts_are_open(
    visitor: Visitor,
) -> None:
    """Several parts, a change beside a posted bill, and a posting that has no total yet."""
    visitor.enter("vera")
    page = visitor.page("/")
    to_approve, attention_count = tile(page, "To approve")[0], _attention_count(page)
    with visitor.app.app_context(), engine.transaction() as session:
        app = session.get_one(Installation, visitor.story.installation)
        parts, first_part = add_document(session, app, "review", 900)
        add_part(session, first_part, part="b", state="held")
        changed, bill = add_document(session, app, "posted", 901)
        add_part(session, bill, operation="update", state="held")
        unplanned, without_total = add_document(session, app, "held", 902)
        without_total.total = None
        record_document, record_posting = add_document(session, app, "held", 903)
        record_posting.kind, record_document.made_for = "vendor", "supplier"
        for document in (parts, changed, unplanned, record_document):
            document.currency, document.total = "EUR", Decimal("100.10")
        for posting in (first_part, bill, without_total, record_posting):
            posting.currency = "EUR"
    page = visitor.page("/")
    _, sums = tile(page, "Needs attention")
    assert _attention_count(page) == attention_count + 3
    assert "300.30 EUR" in sums
    assert tile(page, "To approve")[0] == to_approve


def test_the_tile_names_the_records_that_are_to_be_approved_beside_the_documents(
    visitor: Visitor,
) -> None:
    visitor.enter("vera")
    to_approve, sums = tile(visitor.page("/"), "To approve")
    with visitor.app.app_context(), engine.transaction() as session:
        app = session.get_one(Installation, visitor.story.installation)
        for place, (kind, state) in enumerate(
            (("vendor", "review"), ("vendor", "review"), ("customer", "review"), ("item", "held"))
        ):
            document, posting = add_document(session, app, state, 900 + place)
            posting.kind, document.made_for = kind, "code"
            document.total = posting.total = None
    page = visitor.page("/")
    assert tile(page, "To approve") == (to_approve, sums)
    text = page.partition('kpi-name">To approve')[2].partition("</li>")[0]
    assert ", and 2 suppliers and 1 customer that documents need<" in text


def _attention_count(page: str) -> int:
    """Return how many documents need attention by the tile."""
    part = page.partition('kpi-name">Needs attention')[2].partition("</li>")[0]
    match = re.search(r'class="kpi-sum">(\d+) documents?', part)
    assert match
    return int(match[1])


def test_an_app_says_what_it_posted_today_and_this_month(
    visitor: Visitor, clock: FakeClock
) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        for posting in session.query(Posting).filter_by(state="posted"):
            posting.changed_at = clock.now() - dt.timedelta(days=40)
        now = clock.now()
        rows = []
        for place, ago in ((901, 0), (902, 0), (903, now.day - 1)):
            app = session.get_one(Installation, visitor.story.installation)
            document, posting = add_document(session, app, "posted", place)
            posting.changed_at = now - dt.timedelta(days=ago)
            posting.posted_total, posting.currency = Decimal("1000.50"), "NOK"
            rows.append(document)
    visitor.enter("vera")
    line = re.search(r"Posted today (.*?)</div>", visitor.page("/"), re.DOTALL)
    assert line
    text = re.sub(r"<[^>]+>", "", line[1])
    assert text == "2 · 2,001.00 NOK; this month 3 · 3,001.50 NOK"


def test_a_document_that_was_posted_again_counts_once_with_its_last_amount(
    visitor: Visitor, clock: FakeClock
) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        for posting in session.query(Posting).filter_by(state="posted"):
            posting.changed_at = clock.now() - dt.timedelta(days=40)
        app = session.get_one(Installation, visitor.story.installation)
        for place, days_ago in ((901, 0), (902, 1), (903, 1)):
            _, first = add_document(session, app, "posted", place)
            first.changed_at = clock.now() - dt.timedelta(days=days_ago)
            first.posted_total = Decimal("1000.50")
            if place == 903:
                continue  # it was not removed
            add_part(session, first, operation="delete", changed_at=clock.now())
            again = {"generation": 1, "posted_total": Decimal("900.25"), "changed_at": clock.now()}
            add_part(session, first, requestid=f"{place:032}", **again)
    visitor.enter("vera")
    line = re.search(r"Posted today (.*?)</div>", visitor.page("/"), re.DOTALL)
    assert line
    text = re.sub(r"<[^>]+>", "", line[1])
    assert text == "2 · 1,800.50 NOK; this month 3 · 2,801.00 NOK"


def test_an_app_that_posted_nothing_but_zero_amounts_says_how_many(
    visitor: Visitor, clock: FakeClock
) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        for posting in session.query(Posting).filter_by(state="posted"):
            posting.changed_at = clock.now()
            posting.posted_total = posting.total = Decimal(0)
    visitor.enter("vera")
    assert re.search(r"Posted today \d; this month \d</div>", visitor.page("/"))


def test_an_app_says_when_it_runs_next(visitor: Visitor, clock: FakeClock) -> None:
    due = clock.now() + dt.timedelta(minutes=30)
    with visitor.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        session.add(
            Schedule(
                name="next",
                kind="sync",
                every=installation.schedule,
                zone=installation.zone,
                next_due=due,
                installation_id=installation.id,
                company_id=installation.company_id,
            )
        )
    visitor.enter("vera")
    page = visitor.page("/")
    assert f'next run <time class="when" datetime="{due.isoformat()}"' in page


def test_an_app_whose_source_cannot_be_read_says_so_after_a_later_run(
    visitor: Visitor, clock: FakeClock
) -> None:
    """What was approved is posted during an outage, so the newest run may be done."""
    since = clock.now() - dt.timedelta(minutes=20)
    text = f'has not been readable since <time class="when" datetime="{since.isoformat()}"'
    visitor.enter("vera")
    assert text not in visitor.page("/")
    with visitor.app.app_context(), engine.transaction() as session:
        installation = session.get_one(Installation, visitor.story.installation)
        installation.failing_since = since
    assert text in visitor.page("/")
    with visitor.app.app_context(), engine.transaction() as session:
        session.get_one(Installation, visitor.story.installation).mode = "paused"
    assert text not in visitor.page("/")


def test_the_page_says_that_no_case_is_open(visitor: Visitor, clock: FakeClock) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        for case in session.query(Case):
            case.closed_at = clock.now()
    visitor.enter("vera")
    for path in ("/", "/inbox/"):
        page = visitor.page(path)
        assert "No open cases" in page, path
        assert "Documents wait for approval." in page, path
        assert ('href="/to-approve/"' in page, "Nothing needs you" in page) == (True, False), path
    with visitor.app.app_context(), engine.transaction() as session:
        for state, later in (("review", "ready"), ("held", "skipped")):
            session.query(Posting).filter_by(state=state).update({"state": later})
    for path in ("/", "/inbox/"):
        page = visitor.page(path)
        assert "Nothing needs you" in page, path
        assert "No document waits for a decision." in page, path
        assert "Every document" not in page, "some are skipped"


def _steps(page: str) -> dict[str, bool]:
    """Return each step of the checklist on a page, and whether it is done."""
    _, _, steps = page.partition('<ol class="steps">')
    matches = re.findall(
        r'<li( class="done")?>.*?<div>\s*(?:<a[^>]*>)?([^<]+?)\s*<(?:/a|span)',
        steps.partition("</ol>")[0],
        re.S,
    )
    return {title: bool(is_done) for is_done, title in matches}


def _mail_form(mail: Any) -> dict[str, str]:
    """Return the form of a mail server."""
    address = urlsplit(mail_url(mail))
    return {"host": str(address.hostname), "port": str(address.port), "encryption": "smtp"}


def _set_up_mail(visitor: Visitor, mail: Any) -> None:
    """Enter the mail server and send a test message."""
    visitor.post("/setup/mail", **_mail_form(mail))
    visitor.post("/setup/mail/test", to="anna@example.com")


def _undo_story(visitor: Visitor, *names: str) -> None:
    """Remove rows of the story, so that the hub is in an earlier state."""
    with visitor.app.app_context(), engine.transaction() as session:
        for case in session.query(Case):
            case.closed_at = case.opened_at
        if "postings" in names:
            session.query(Posting).update({"state": "review", "approved_by": None})
        if "apps" in names:
            session.query(Installation).update({"enabled": False})
        if "companies" in names:
            session.query(ConnectedCompany).update({"state": "disconnected"})


@pytest.mark.parametrize(
    ("missing", "next_step"),
    [
        (("postings",), "Next: Download the lists"),
        (("postings", "apps"), "Next: Enable the first app"),
        (("postings", "apps", "companies"), "Next: Connect a QuickBooks company"),
        (("apps",), "Next: Enable the first app"),
    ],
)
def test_a_hub_without_posted_documents_says_what_comes_next(
    visitor: Visitor, missing: tuple[str, ...], next_step: str
) -> None:
    _undo_story(visitor, *missing)
    visitor.enter("olga")
    for path in ("/", "/inbox/"):
        assert "Nothing needs you" not in visitor.page(path), path
    assert next_step in visitor.page("/")


def test_every_step_is_ticked_by_what_is_in_the_database(open_pages, mail: Any) -> None:
    visitor = open_pages("people", HUB_QBO_CLIENT_ID="", HUB_QBO_CLIENT_SECRET="")
    visitor.enter("olga")
    steps = _steps(visitor.page("/"))
    assert list(steps) == [
        "Enter the keys of your Intuit app",
        "Connect a QuickBooks company",
        "Enable the first app",
        "Download the lists",
        "Approve the first documents",
        MAIL_STEP,
        "Add a second owner",
    ]
    assert not any(steps.values())

    visitor.post("/setup/intuit", client_id="an-app", client_secret="s", environment="sandbox")
    _set_up_mail(visitor, mail)
    visitor.post("/people/add", name="second@example.com", password=PASSWORD, role="owner")
    with visitor.app.app_context(), engine.transaction() as session:
        company = add_company(session)
        add_installation(session, company)
    result = {title for title, is_done in _steps(visitor.page("/")).items() if is_done}
    assert result == set(steps) - {"Download the lists", "Approve the first documents"}


def test_a_mail_server_is_done_once_it_has_accepted_a_message(visitor: Visitor, mail: Any) -> None:
    visitor.enter("olga")
    mail.full = True
    _set_up_mail(visitor, mail)
    page = visitor.page("/")
    assert _steps(page)[MAIL_STEP] is False
    assert "the mail server has not accepted one yet" in page
    mail.full = False
    visitor.post("/setup/mail/test", to="anna@example.com")
    assert _steps(visitor.page("/"))[MAIL_STEP] is True
    visitor.post("/setup/mail", **_mail_form(mail), sender="other@example.com")
    assert _steps(visitor.page("/"))[MAIL_STEP] is False


def test_a_mail_about_cases_shows_that_the_mail_server_works(
    open_pages: Callable[..., Visitor], mail: Any, clock: FakeClock
) -> None:
    visitor = open_pages(HUB_MAIL_URL=mail_url(mail))
    visitor.enter("olga")
    visitor.post("/people/add", name="second@example.com", password=PASSWORD, role="owner")
    assert _steps(visitor.page("/"))[MAIL_STEP] is False
    clock.advance(600)
    with visitor.app.app_context():
        assert notifications.mail_digest() > 0
    assert _steps(visitor.page("/"))[MAIL_STEP] is True


def test_the_checklist_disappears_once_all_is_done(
    visitor: Visitor, clock: FakeClock, mail: Any
) -> None:
    visitor.enter("olga")
    _set_up_mail(visitor, mail)
    visitor.post("/people/add", name="second@example.com", password=PASSWORD, role="owner")
    assert _steps(visitor.page("/"))["Download the lists"] is False
    with visitor.app.app_context(), engine.transaction() as session:
        session.add(
            Run(
                kind="lists",
                company_id=visitor.story.company,
                started_at=clock.now(),
                outcome="done",
            )
        )
    assert _steps(visitor.page("/")) == {}


def test_a_lists_run_that_stopped_ticks_nothing(visitor: Visitor, clock: FakeClock) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        session.add(
            Run(
                kind="lists",
                company_id=visitor.story.company,
                started_at=clock.now(),
                outcome="stopped",
            )
        )
    visitor.enter("olga")
    assert _steps(visitor.page("/"))["Download the lists"] is False


def test_a_step_names_who_can_do_it(visitor: Visitor) -> None:
    visitor.enter("vera")
    page = visitor.page("/")
    assert "An owner does this: olga." in page
    assert "An owner or operator does this: olga." in page
    norwegian = visitor.get("/", headers={"Accept-Language": "nb"}).text
    assert "En eier eller behandler gjør dette: olga." in norwegian
    assert 'href="/setup/mail"' not in page


def test_a_demo_shows_no_checklist(visitor: Visitor) -> None:
    object.__setattr__(visitor.app.extensions["hub"], "is_demo", True)
    visitor.enter("olga")
    assert _steps(visitor.page("/")) == {}


def test_home_explains_once_what_a_reconciliation_is(visitor: Visitor) -> None:
    with visitor.app.app_context(), engine.transaction() as session:
        for number in range(2):
            company = add_company(session, f"913{number}", f"Aas {number} AS")
            add_installation(session, company, tenant=f"t{number}")
    visitor.enter("vera")
    page = visitor.page("/")
    assert page.count("Not reconciled yet") >= 2
    assert page.count("to the cent") == 1
    assert "Not reconciled yet</span> Every night" in page
