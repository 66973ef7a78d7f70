"""Lists with more rows than a page: companies on Home and Companies, search, and filters."""

import re

import pytest
from sqlalchemy import delete, event, select

from hub.db.engine import db, read_only_session, transaction
from hub.models import Case, ConnectedCompany, DocumentTerm, Installation, Run, SourceDocument
from hub.models.document_terms import list_terms, list_terms_of_row, split_words
from hub.outbox import document_search
from hub.security import people
from hub.security.rights import Right, Subject
from hub.web import home
from hub.web.administration import companies
from hub.web.frame import app_choice, app_filter, open_cases
from tests.support.pages.list_pages import link, queries_of
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD, add_company, add_installation

COMPANY = re.compile(r'id="company-(\d+)"')


@pytest.fixture
def viewer_of_many(viewer: Visitor, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """Provide seven companies, on pages of two."""
    monkeypatch.setattr(home, "COMPANIES_PER_PAGE", 2)
    monkeypatch.setattr(companies, "COMPANIES_PER_PAGE", 2)
    with viewer.app.app_context(), transaction() as session:
        for number in range(6):
            name = "Same name" if number < 3 else f"Company {number}"
            company = add_company(session, realm=f"77{number}", name=name)
            add_installation(session, company)
    return viewer


@pytest.mark.parametrize("path", ["/", "/companies"])
def test_companies_are_paged_there_and_back(viewer_of_many: Visitor, path: str) -> None:
    with viewer_of_many.app.app_context(), read_only_session() as session:
        by_name = session.scalars(
            select(ConnectedCompany.id).order_by(ConnectedCompany.name, ConnectedCompany.id)
        ).all()
        open_cases = select(Case.company_id).where(Case.closed_at.is_(None))
        with_cases = set(session.scalars(open_cases))
    in_order = sorted(by_name, key=lambda id: id not in with_cases)
    pages = [viewer_of_many.page(path)]
    while following := link(pages[-1], "More companies"):
        pages.append(viewer_of_many.page(following))
    listed = [int(id) for page in pages for id in COMPANY.findall(page)]
    assert listed == in_order
    assert len(pages) == 4
    back = viewer_of_many.page(link(pages[-1], "Previous companies"))
    assert COMPANY.findall(back) == COMPANY.findall(pages[-2])


@pytest.mark.parametrize("path", ["/", "/companies"])
def test_the_number_of_queries_does_not_grow_with_the_companies(
    viewer_of_many: Visitor, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    two = queries_of(viewer_of_many, path)
    monkeypatch.setattr(home, "COMPANIES_PER_PAGE", 7)
    monkeypatch.setattr(companies, "COMPANIES_PER_PAGE", 7)
    assert queries_of(viewer_of_many, path) <= two


def test_the_frame_of_a_list_joins_its_session(viewer_of_many: Visitor) -> None:
    """Beside the list, only the log-in and the person have a connection of their own."""
    viewer_of_many.page("/documents")  # what is read once for each process
    checkouts = []

    def note(*event_arguments) -> None:
        checkouts.append(event_arguments)

    with viewer_of_many.app.app_context():
        engine = db.engine
    event.listen(engine, "checkout", note)
    viewer_of_many.page("/documents")
    event.remove(engine, "checkout", note)
    assert len(checkouts) == 3
    assert queries_of(viewer_of_many, "/documents") <= 14


def test_the_number_of_queries_does_not_grow_with_the_runs(viewer_of_many: Visitor) -> None:
    few = queries_of(viewer_of_many, "/runs/")
    with viewer_of_many.app.app_context(), transaction() as session:
        for installation in session.scalars(select(Installation)).all():
            session.add(Run(kind="sync", installation_id=installation.id))
            session.add(Run(kind="reconcile", company_id=installation.company_id))
    rows = viewer_of_many.page("/runs/").partition('id="main"')[2]
    assert rows.count("Same name") == 9
    assert queries_of(viewer_of_many, "/runs/") == few


def test_a_company_is_found_by_name_or_number(viewer_of_many: Visitor) -> None:
    assert len(COMPANY.findall(viewer_of_many.page("/companies?q=same"))) == 2
    assert len(COMPANY.findall(viewer_of_many.page("/companies?q=774"))) == 1
    assert "No company fits" in viewer_of_many.page("/companies?q=nothing")


LISTS = ("/documents", "/runs/", "/inbox/")


@pytest.fixture
def few_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit menus to two apps, and the page that chooses one to three at a time."""
    monkeypatch.setattr(app_filter, "MAX_CHOICES", 2)
    monkeypatch.setattr(app_choice, "APPS_PER_PAGE", 3)


def menu(page: str) -> str:
    """Return the menu of the filter by app."""
    choices = re.search(r'<select[^>]*id="installation".*?</select>', page, re.DOTALL)
    assert choices
    return choices[0]


@pytest.mark.parametrize("path", LISTS)
def test_filters_offer_all_of_a_few_apps(viewer_of_many: Visitor, path: str) -> None:
    page = viewer_of_many.page(path)
    assert menu(page).count("<option") == 1 + 7
    assert "Choose an app" not in page


@pytest.mark.parametrize("path", LISTS)
def test_filters_offer_the_chosen_of_many_apps_and_a_page_to_choose(
    viewer_of_many: Visitor, few_choices: None, path: str
) -> None:
    with viewer_of_many.app.app_context(), read_only_session() as session:
        last = session.scalars(select(Installation.id).order_by(Installation.id.desc())).first()
    assert menu(viewer_of_many.page(path)).count("<option") == 1
    page = viewer_of_many.page(f"{path}?installation={last}")
    assert menu(page).count("<option") == 2
    assert f'value="{last}" selected' in menu(page)
    choice = viewer_of_many.page(link(page, "Choose an app"))
    chosen = re.search(rf'<td><a href="{path}\?installation=(\d+)"', choice)
    assert chosen
    assert f'value="{chosen[1]}" selected' in menu(
        viewer_of_many.page(f"{path}?installation={chosen[1]}")
    )


def test_an_app_is_chosen_by_company_and_the_other_filters_stay(
    viewer_of_many: Visitor, few_choices: None
) -> None:
    filters = "/documents?state=held&kind=bill&q=F+%26&installation=1&before=[3]&_external=1"
    page = viewer_of_many.page(link(viewer_of_many.page(filters), "Choose an app"))
    pages = [page]
    while following := link(pages[-1], "Next"):
        pages.append(viewer_of_many.page(following))
    addresses = [
        address.replace("&amp;", "&")
        for page in pages
        for address in re.findall(r'<td><a href="([^"]+)"', page)
    ]
    assert len(set(addresses)) == 7
    for address in addresses:
        assert re.fullmatch(
            r"/documents\?installation=\d+&state=held&kind=bill&q=F\+%26", address
        ), address
        viewer_of_many.page(address)
    first = re.findall(r'<th scope="row">([^<]+)', pages[0])
    assert first == sorted(first)


def test_apps_are_found_by_company_number_and_name(
    viewer_of_many: Visitor, few_choices: None
) -> None:
    def count_matches(words: str) -> int:
        page = viewer_of_many.page(f"/choose-app?list=runs&q={words}")
        return page.count("<td><a")

    assert count_matches("same") == 3
    assert count_matches("774") == 1
    assert count_matches("costtr") == 3  # the first page of all
    assert count_matches("nothing") == 0
    assert count_matches("same%25") == 0


def test_an_app_without_its_plugin_is_found_by_the_name_that_the_list_shows(
    viewer_of_many: Visitor, few_choices: None
) -> None:
    with viewer_of_many.app.app_context(), transaction() as session:
        company = session.get_one(ConnectedCompany, viewer_of_many.story.company)
        add_installation(session, company, slug="old-portal")
    page = viewer_of_many.page("/choose-app?list=runs&q=PORTAL")
    assert page.count("<td><a") == 1
    assert "old-portal" in page
    assert "Nothing found" in viewer_of_many.page("/choose-app?list=runs&q=old_portal")


def test_only_apps_that_a_person_may_see_can_be_chosen(
    viewer_of_many: Visitor, few_choices: None
) -> None:
    with viewer_of_many.app.app_context(), transaction() as session:
        right = Right("viewer", Subject(company_id=viewer_of_many.story.company))
        people.insert(session, "nora", people.hash_new(PASSWORD), [right])
    nora = Visitor(viewer_of_many.app, viewer_of_many.story)
    nora.log_in("nora")
    page = nora.page("/choose-app?list=documents")
    assert page.count("<td><a") == 1
    assert "Same name" not in page
    assert "Nothing found" in nora.page("/choose-app?list=documents&q=same")


def test_the_page_of_a_case_answers_with_many_apps(
    viewer_of_many: Visitor, few_choices: None
) -> None:
    for case_id in viewer_of_many.story.cases.values():
        assert "Choose an app" not in viewer_of_many.page(f"/inbox/{case_id}")


def test_only_lists_have_a_page_to_choose_an_app(viewer: Visitor) -> None:
    for path in ("/choose-app", "/choose-app?list=people", "/choose-app?list=home.show"):
        assert viewer.get(path).status_code == 404


def test_open_cases_are_counted_to_a_limit(
    viewer: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_cases, "MAX_COUNTED", 1)
    page = viewer.page("/")
    assert "1+ open" in page
    assert '<span class="count">1+<' in page


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Rørlegger NÆSS & Sønner", ["rørlegger", "næss", "sønner"]),
        ("Ås Bygg", ["as", "bygg"]),
        ("(26M-48248)", ["26m-48248"]),
        ("&", []),
    ],
)
def test_words_are_compared_without_capitals_accents_and_margins(
    text: str, words: list[str]
) -> None:
    assert split_words(text) == words


def test_terms_begin_at_each_part_of_a_word() -> None:
    assert list_terms(["26M-48248-1", "Ås AS"]) == ["26m-48248-1", "48248-1", "1", "as"]
    assert len(list_terms(["-".join("abcdefghijklm")])) <= 8
    assert all(len(term) <= 60 for term in list_terms(["x" * 300]))


@pytest.mark.parametrize("limit", [10_000, 0])
def test_documents_are_found_by_how_their_words_begin(
    owner: Visitor, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_search, "MAX_CANDIDATES", limit)
    with owner.app.app_context(), transaction() as session:
        document = session.get_one(SourceDocument, owner.story.documents["posted"])
        document.number, document.party = "26M-48248", "Ålesund Asfalt AS"
    name = "Ålesund Asfalt AS"
    for words in ("26m-48", "48248", "alesund", "ÅLES", "asf ales", "26M-48248 asfalt"):
        assert name in owner.page(f"/documents?q={words}"), words
    assert name in owner.page(f"/documents?q={'asfalt+' * 2000}")
    for words in ("8248", "sund", "asf nothing", "%26"):
        assert name not in owner.page(f"/documents?q={words}"), words


def test_terms_follow_the_documents(viewer: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    with viewer.app.app_context(), transaction() as session:
        document = session.get_one(SourceDocument, viewer.story.documents["held"])
        document.number = "NEW-1"
    with viewer.app.app_context(), read_only_session() as session:
        for document in session.scalars(select(SourceDocument)):
            terms = session.scalars(
                select(DocumentTerm.term).where(DocumentTerm.document_id == document.id)
            )
            assert sorted(terms) == sorted(list_terms_of_row(document))
    with viewer.app.app_context(), transaction() as session:
        session.execute(delete(DocumentTerm))
    assert "No document fits" in viewer.page("/documents?q=NEW-1")
    with viewer.app.app_context():
        monkeypatch.setattr(document_search, "DOCUMENTS_PER_STEP", 2)
        after = document_search.add_missing_terms()
        assert after is not None
        while after is not None:
            after = document_search.add_missing_terms(after)
    assert "No document fits" not in viewer.page("/documents?q=NEW-1")


def test_home_counts_the_companies_that_differ_on_all_pages(viewer_of_many: Visitor) -> None:
    def reconcile(company: ConnectedCompany, troubles: int) -> None:
        totals = {"proved_at": company.connected_at.isoformat(), "documents": 1, "found": 1}
        counts = totals | {"troubles": troubles, "accepted": 0, "totals": []}
        times = dict.fromkeys(("started_at", "ended_at"), company.connected_at)
        run = Run(kind="reconcile", company_id=company.id, outcome="done", counts=counts, **times)
        session.add(run)
        session.flush()

    with viewer_of_many.app.app_context(), transaction() as session:
        by_name = select(ConnectedCompany).order_by(ConnectedCompany.name.desc())
        for place, company in enumerate(session.scalars(by_name)):
            reconcile(company, troubles=1)
            reconcile(company, troubles=2 if place < 3 else 0)
    page = viewer_of_many.page("/")
    tile = page[: page.index("Last reconciled")].rpartition("<li")[2]
    assert 'href="/reconciliations/"' in tile
    assert "3 companies differ" in page
    assert viewer_of_many.page("/reconciliations/").count(">Differs<") == 3
