"""The list of cases: amounts and due dates, order, groups, filters, closed cases, and the next."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from hub.cases import inbox
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.models import Case, Installation, Posting, Run, SourceDocument
from hub.web.lists import case_list
from tests.support.pages.list_pages import add_case, link, queries_of, rows_of
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_company, add_document, add_installation, add_posting


@pytest.mark.parametrize("action", ["match", "void", "delete"])
def test_who_may_only_look_is_offered_no_decision(viewer: Visitor, action: str) -> None:
    case = add_case(viewer, 1, "10.00", action=action)
    assert rows_of(viewer.page("/inbox/"))[case].endswith("Look : Case 1")


@pytest.fixture
def owner_with_cases(owner: Visitor, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """Provide five cases on pages of two, beside those of the story."""
    monkeypatch.setattr(case_list, "ROWS_PER_PAGE", 2)
    owner.ids = [
        add_case(owner, 0, "100.00", due="2026-05-01"),
        add_case(owner, 1, "7000000.50", due="2026-04-01"),
        add_case(owner, 2, "100.00", due="2026-04-01"),
        add_case(owner, 3, "9.99"),
        add_case(owner, 4, "100.00", due="2026-03-01"),
    ]
    return owner


def pages_of(visitor: Visitor, path: str) -> list[list[int]]:
    """Return the ids of the cases on each page, from the first to the last."""
    pages = [visitor.page(path)]
    while following := link(pages[-1], "More"):
        pages.append(visitor.page(following))
        assert len(pages) < 9, following
    return [list(rows_of(page)) for page in pages]


def test_a_row_shows_amounts_by_currency_due_date_and_party(owner: Visitor) -> None:
    id = add_case(owner, 0, "100.00", due="2026-05-01")
    with owner.app.app_context(), transaction() as session:
        installation = session.get_one(Installation, 1)
        case = session.get_one(Case, id)
        for place, (amount, currency, due) in enumerate(
            [("50.25", "NOK", "2026-04-09"), ("8.00", "EUR", "2026-06-01")]
        ):
            document, posting = add_document(session, installation, "held", 200 + 5 * place)
            document.total = posting.total = Decimal(amount)
            posting.currency = currency
            document.due = dt.date.fromisoformat(due)
            case.postings.append(posting)
    row = rows_of(owner.page("/inbox/?words=Case+0"))[id]
    assert row.startswith("8.00 EUR 150.25 NOK due 09 Apr 2026")
    assert "Byggmakker Ås 3 documents Case 0" in row


def test_a_row_counts_each_party_once(owner: Visitor) -> None:
    id = add_case(owner, 0, "100.00")
    with owner.app.app_context(), transaction() as session:
        installation = session.get_one(Installation, 1)
        case = session.get_one(Case, id)
        for place, party in enumerate(["Alfa AS", "Beta AS", "Beta AS", "Gamma AS", ""]):
            document, posting = add_document(session, installation, "held", 200 + 5 * place)
            document.party = party
            posting.currency = ("NOK", "EUR")[place % 2]
            case.postings.append(posting)
    row = rows_of(owner.page("/inbox/?words=Case+0"))[id]
    assert "4 parties 6 documents Case 0" in row


def test_documents_without_a_planned_amount_count_with_that_of_the_source(owner: Visitor) -> None:
    id = add_case(owner, 0, "12.30")
    with owner.app.app_context(), transaction() as session:
        [posting] = session.get_one(Case, id).postings
        posting.total, posting.currency = None, ""
    assert rows_of(owner.page("/inbox/?words=Case+0"))[id].startswith("12.30 NOK")


def add_file(visitor: Visitor, posting_id: int, requestid: str) -> Posting:
    """Add a file to the document of a posting."""
    with visitor.app.app_context(), transaction() as session:
        document = session.get_one(Posting, posting_id).document
        return add_posting(
            session,
            document,
            "held",
            {},
            operation="attach",
            requestid=requestid,
            total=None,
            currency="",
        )


def test_a_case_of_files_has_the_amount_and_party_of_their_document_once(owner: Visitor) -> None:
    id = add_case(owner, 0, "12.30", due="2026-05-01")
    with owner.app.app_context(), read_only_session() as session:
        [bill] = session.get_one(Case, id).postings
        party = bill.document.party
    files = [add_file(owner, bill.id, f"{place:032x}") for place in (901, 902)]
    with owner.app.app_context(), transaction() as session:
        case = session.get_one(Case, id)
        case.postings = [session.get_one(Posting, file.id) for file in files]
    row = rows_of(owner.page("/inbox/?words=Case+0&sort=amount"))[id]
    assert row.startswith("12.30 NOK due 01 May 2026")
    assert f"{party} Case 0" in row
    with owner.app.app_context(), transaction() as session:
        case = session.get_one(Case, id)
        case.postings.append(session.get_one(Posting, bill.id))
    assert rows_of(owner.page("/inbox/?words=Case+0"))[id].startswith("12.30 NOK")


def test_credits_are_subtracted(owner: Visitor) -> None:
    id = add_case(owner, 0, "100.00")
    small = add_case(owner, 1, "50.00")
    with owner.app.app_context(), transaction() as session:
        case = session.get_one(Case, id)
        document, posting = add_document(session, session.get_one(Installation, 1), "held", 200)
        document.kind = posting.kind = "vendor_credit"
        document.total = posting.total = Decimal("130.50")
        case.postings.append(posting)
    assert rows_of(owner.page("/inbox/?words=Case+0"))[id].startswith("−30.50 NOK")
    with owner.app.app_context(), transaction() as session:
        session.scalars(
            select(Posting).where(Posting.kind == "vendor_credit")
        ).one().total = Decimal("170.50")
    # A credit counts as much as a bill of its size.
    assert list(rows_of(owner.page("/inbox/?words=Case&sort=amount"))) == [id, small]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", [4, 3, 2, 1, 0]),
        ("oldest", [0, 1, 2, 3, 4]),
        ("amount", [1, 4, 2, 0, 3]),
        ("due", [4, 1, 2, 0, 3]),
    ],
)
def test_cases_are_paged_in_each_order_there_and_back(
    owner_with_cases: Visitor, sort: str, expected: list[int]
) -> None:
    path = f"/inbox/?words=Case&sort={sort}"
    pages = pages_of(owner_with_cases, path)
    ids = [owner_with_cases.ids[place] for place in expected]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [id for page in pages for id in page] == ids
    second = owner_with_cases.page(link(owner_with_cases.page(path), "More"))
    assert list(rows_of(owner_with_cases.page(link(second, "Back")))) == pages[0]


def test_groups_count_all_cases_and_not_only_those_of_the_page(owner_with_cases: Visitor) -> None:
    add_case(owner_with_cases, 5, "1.00", action="settings")
    page = owner_with_cases.page("/inbox/?words=Case")
    groups = dict(re.findall(r'>([\w ]+) <span class="number-of">(\d+)<', page))
    assert groups == {"All": "6", "Change settings": "1", "Correct and retry": "5"}
    filtered = owner_with_cases.page("/inbox/?words=Case&act=settings&sort=due")
    assert len(rows_of(filtered)) == 1
    assert dict(re.findall(r'>([\w ]+) <span class="number-of">(\d+)<', filtered)) == groups


def test_cases_are_filtered_by_company(owner: Visitor) -> None:
    with owner.app.app_context(), transaction() as session:
        company = add_company(session, realm="772", name="Sørvik Bygg AS")
        installation = add_installation(session, company)
        company_id, installation_id = company.id, installation.id
    id = add_case(owner, 0, "1.00", installation=installation_id)
    page = owner.page(f"/inbox/?company={company_id}")
    assert list(rows_of(page)) == [id]
    assert "Sørvik Bygg AS" in rows_of(page)[id]
    assert id not in rows_of(owner.page(f"/inbox/?company={owner.story.company}"))


def test_closed_cases_say_who_closed_them_and_why(owner: Visitor) -> None:
    skipped, itself = add_case(owner, 0, "1.00"), add_case(owner, 1, "2.00")
    with owner.app.app_context(), read_only_session() as session:
        [posting] = session.get_one(Case, skipped).postings
        other = session.scalars(
            select(SourceDocument.id).join(Posting).where(Posting.id != posting.id)
        ).first()
        assert other
    owner.press(f"/inbox/{skipped}/{posting.id}/skip", reason="Paid in cash")
    with owner.app.app_context(), transaction() as session:
        case = session.get_one(Case, itself)
        case.closed_at = current_hub().clock.now() + dt.timedelta(minutes=1)
        case.closed_by = "hub"
    rows = rows_of(owner.page("/inbox/?show=closed"))
    assert list(rows) == [itself, skipped]
    assert "olga Skipped : Paid in cash" in rows[skipped].replace("Skipped:", "Skipped :")
    assert "by itself Its cause is gone" in rows[itself]
    assert skipped not in rows_of(owner.page("/inbox/"))


def test_nothing_is_left_to_do_about_a_closed_case(owner: Visitor) -> None:
    id = add_case(owner, 0, "1.00", instruction="Press Retry.")
    assert "Press Retry." in rows_of(owner.page("/inbox/"))[id]
    assert "What to do:" in owner.page(f"/inbox/{id}")
    with owner.app.app_context(), transaction() as session:
        inbox.close(session, session.get_one(Case, id).cause, by="kari")
    assert "Press Retry." not in rows_of(owner.page("/inbox/?show=closed"))[id]
    assert "What to do:" not in owner.page(f"/inbox/{id}")


def test_a_closed_case_names_its_document_with_amount_and_party(owner: Visitor) -> None:
    id = add_case(owner, 0, "55398.00", due="2026-10-24")
    with owner.app.app_context(), transaction() as session:
        case = session.get_one(Case, id)
        [posting] = case.postings
        number, party = posting.document.number, posting.document.party
        case.cause = f"posting:{posting.id}:number_used"
        case.code, case.params = "check.total", {"name": "Bill FORMER of Acme"}
        inbox.detach(session, posting)
    row = rows_of(owner.page("/inbox/?show=closed"))[id]
    for text in ("55,398.00 NOK", "24 Oct 2026", party, "Bill FORMER of Acme"):
        assert text in row
    assert number not in row  # the number is that which the document has by now
    assert number in owner.page(f"/inbox/{id}").partition("<main")[2]


def test_a_closed_case_about_a_code_has_count_and_amount_of_its_documents(
    owner: Visitor,
) -> None:
    id = add_case(owner, 0, "55398.00", due="2026-10-24", action="match")
    other = add_case(owner, 1, "1000.25", due="2026-10-20")
    with owner.app.app_context(), transaction() as session:
        case, other_case = session.get_one(Case, id), session.get_one(Case, other)
        case.postings += other_case.postings
        posting_ids = [posting.id for posting in case.postings]
        session.flush()
        for posting_id in posting_ids:
            inbox.detach(session, posting_id)
    row = rows_of(owner.page("/inbox/?show=closed"))[id]
    for text in ("56,398.25 NOK", "20 Oct 2026", "2 documents"):
        assert text in row
    page = owner.page(f"/inbox/{id}").partition("<main")[2]
    assert "Documents that it was about" in page
    assert "What to do:" not in page
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "2 documents · 56,398.25 NOK" in text


def test_columns_that_no_closed_case_fills_are_left_out(owner: Visitor) -> None:
    id = add_case(owner, 0, "1.00")
    assert '<th scope="col">Party</th>' in owner.page("/inbox/")
    with owner.app.app_context(), transaction() as session:
        # A case that an earlier version closed.
        case = session.get_one(Case, id)
        case.postings, case.closed_at, case.closed_by = [], current_hub().clock.now(), "hub"
    page = owner.page("/inbox/?show=closed")
    assert f"/inbox/{id}?" in page
    assert '<th scope="col">Party</th>' not in page


def test_closed_cases_are_paged(owner_with_cases: Visitor) -> None:
    with owner_with_cases.app.app_context(), transaction() as session:
        for place, id in enumerate(owner_with_cases.ids):
            case = session.get_one(Case, id)
            case.closed_by = "hub"
            case.closed_at = current_hub().clock.now() + dt.timedelta(seconds=place // 2)
    pages = pages_of(owner_with_cases, "/inbox/?show=closed")
    assert [id for page in pages for id in page] == owner_with_cases.ids[::-1]
    assert [len(page) for page in pages] == [2, 2, 1]


def test_the_number_of_queries_does_not_grow_with_the_cases(
    owner_with_cases: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("/inbox/", "/inbox/?sort=amount", "/inbox/?act=match", "/inbox/?show=closed"):
        monkeypatch.setattr(case_list, "ROWS_PER_PAGE", 1)
        one = queries_of(owner_with_cases, path)
        monkeypatch.setattr(case_list, "ROWS_PER_PAGE", 25)
        assert queries_of(owner_with_cases, path) <= one, path


def test_after_an_act_the_next_case_of_the_same_list_opens(owner_with_cases: Visitor) -> None:
    first, second = owner_with_cases.ids[1], owner_with_cases.ids[4]
    page = owner_with_cases.page(f"/inbox/{first}?words=Case&sort=amount")
    actions = [action.replace("&amp;", "&") for action in re.findall(r'action="([^"]+)"', page)]
    [retry] = [action for action in actions if action.startswith(f"/inbox/{first}/retry?")]
    answer = owner_with_cases.post(retry)
    assert answer.location.startswith(f"/inbox/{second}?")
    following = owner_with_cases.page(answer.location)
    assert "Retried bill F-20361 (Rørlegger Næss &amp; Sønner). A sync continues" in following
    assert "with it now. Next: Case 4" in following
    assert re.search(r'href="/inbox/\?[^"]*sort=amount"[^>]*>Inbox', following)


def test_a_case_that_was_retried_in_vain_is_next_again(owner_with_cases: Visitor) -> None:
    first, second, third = (owner_with_cases.ids[place] for place in (1, 4, 2))
    filters = "words=Case&sort=amount"
    owner_with_cases.post(f"/inbox/{second}/retry?{filters}")
    page = owner_with_cases.page(f"/inbox/{second}")
    assert "olga retried it; the next sync checks it again." in " ".join(page.split())
    answer = owner_with_cases.post(f"/inbox/{first}/retry?{filters}&then=next")
    assert answer.location.startswith(f"/inbox/{third}?")
    with owner_with_cases.app.app_context(), transaction() as session:
        session.execute(update(Run).values(ended_at=current_hub().clock.now()))
    page = owner_with_cases.page(f"/inbox/{second}")
    assert "olga retried it, and the cause is still there." in page
    rows = rows_of(owner_with_cases.page(f"/inbox/?{filters}"))
    assert "Retried by olga, unsolved" in rows[second]
    answer = owner_with_cases.post(f"/inbox/{third}/snooze?{filters}", until="2031-01-01")
    page = owner_with_cases.page(f"/inbox/{first}?{filters}")
    assert re.search(rf'href="/inbox/{second}\?[^"]*">\s*Next case', page)


def test_after_the_last_case_the_list_opens_with_its_filters(owner_with_cases: Visitor) -> None:
    last = owner_with_cases.ids[3]
    answer = owner_with_cases.post(f"/inbox/{last}/retry?words=Case&sort=amount&then=next")
    assert answer.location == "/inbox/?words=Case&sort=amount"


def test_an_act_in_the_list_leads_back_to_the_same_list(owner_with_cases: Visitor) -> None:
    page = owner_with_cases.page("/inbox/?words=Case&sort=due")
    [first, *_] = re.findall(r'action="(/inbox/\d+/retry\?[^"]+)"', page)
    assert (
        owner_with_cases.post(first.replace("&amp;", "&")).location == "/inbox/?words=Case&sort=due"
    )


@pytest.mark.parametrize(
    "path",
    ["/inbox/?sort=wrong&show=wrong&act=wrong&company=x", "/inbox/?show=closed&before=[1,2]"],
)
def test_filters_that_mean_nothing_are_left_out(owner: Visitor, path: str) -> None:
    assert "Inbox</h1>" in owner.page(path)


def test_a_case_whose_title_only_names_its_document_says_what_is_wrong(owner: Visitor) -> None:
    id = add_case(owner, 0, "100.00")
    with owner.app.app_context(), transaction() as session:
        case = session.get_one(Case, id)
        case.code = "document.content"
        case.params = {
            "document": "Bill F-1 of Haugen",
            "problems": "The lines differ from the total. Look at them. It is much.",
        }
    row = rows_of(owner.page("/inbox/"))[id]
    assert "The lines differ from the total Bill F-1 of Haugen Why" in row


def test_cases_that_were_ticked_on_another_page_stay_ticked(owner_with_cases: Visitor) -> None:
    first, second, third, *_ = sorted(owner_with_cases.ids, reverse=True)
    page = owner_with_cases.page("/inbox/?words=Case")
    assert 'data-carries="case"' in page
    following = owner_with_cases.page(f"{link(page, 'More')}&ticked={first},{third},0,x")
    elsewhere = following[following.index("1 selected on another page") :]
    ticked = re.compile(r'name="case" value="(\d+)"[^>]* checked')
    assert ticked.findall(following) == [str(third), str(first)]
    assert ticked.findall(elsewhere) == [str(first)]
    assert "No more than these stay selected." not in following
    unknown = ",".join(str(id) for id in range(10_001, 10_300))
    full = owner_with_cases.page(f"{link(page, 'More')}&ticked={first},{unknown}")
    assert "No more than these stay selected." in full
    note = {"act": "note", "text": "", "case": [first, third]}
    page = owner_with_cases.press("/inbox/bulk/?words=Case", **note)
    assert "Enter the note." in page
    assert {*ticked.findall(page)} == {str(first), str(third)}
    assert str(second) not in ticked.findall(page)


def test_the_head_of_the_inbox_says_what_is_listed(visitor: Visitor) -> None:
    visitor.enter("vera")
    needed = "One line for each cause that needed attention"
    needs = "One line for each cause that needs attention"
    for show, text in (("", needs), ("snoozed", needs), ("closed", needed)):
        assert text in visitor.page(f"/inbox/?show={show}")


@pytest.mark.parametrize("number", ["Faktura april", "INV 2026 12"])
def test_a_document_with_a_number_of_several_words_is_named_in_the_language_of_the_page(
    owner: Visitor, number: str
) -> None:
    id = add_case(owner, 0, "10.00")
    with owner.app.app_context(), transaction() as session:
        case = session.get_one(Case, id)
        posting = case.postings[0]
        case.cause = f"posting:{posting.id}:doubt"
        posting.number = posting.document.number = number
        party = posting.document.party
    page = owner.get("/inbox/", headers={"Accept-Language": "nb"}).text
    assert f"Leverandørfaktura {number} fra {party}" in rows_of(page)[id]
