"""Lists with more rows than a page: companies on Home and Companies, search, and filters."""

import re

import pytest
from sqlalchemy import delete, event, select

from hub.db.engine import db, reading, transaction
from hub.models import Company, DocumentTerm, Installation, SourceDocument
from hub.models.document_terms import terms_of, terms_of_row, words_of
from hub.outbox import document_search
from hub.web import companies, home, layout
from tests.support.page_rows import add_company, add_installation
from tests.support.page_visitor import Visitor

COMPANY = re.compile(r'id="company-(\d+)"')


@pytest.fixture
def viewer(visitor: Visitor) -> Visitor:
    visitor.log_in("vera")
    return visitor


@pytest.fixture
def many(viewer: Visitor, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """Seven companies, on pages of two."""
    monkeypatch.setattr(home, "COMPANIES_PER_PAGE", 2)
    monkeypatch.setattr(companies, "COMPANIES_PER_PAGE", 2)
    with viewer.app.app_context(), transaction() as session:
        for number in range(6):
            name = "Same name" if number < 3 else f"Company {number}"
            company = add_company(session, realm=f"77{number}", name=name)
            add_installation(session, company)
    return viewer


def link(page: str, text: str) -> str:
    """Return the address of a link of the pager, "" if there is none."""
    found = re.search(rf'href="([^"]+)">(?:← )?{text}', page)
    return found[1].replace("&amp;", "&") if found else ""


def queries_of(visitor: Visitor, path: str) -> int:
    """Return how many statements a page executes."""
    statements = []

    def note(connection, cursor, statement, *rest) -> None:
        statements.append(statement)

    with visitor.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    visitor.page(path)
    event.remove(engine, "before_cursor_execute", note)
    assert statements
    return len(statements)


@pytest.mark.parametrize("path", ["/", "/companies"])
def test_companies_are_paged_by_name_there_and_back(many: Visitor, path: str) -> None:
    with many.app.app_context(), reading() as session:
        by_name = session.scalars(select(Company.id).order_by(Company.name, Company.id)).all()
    pages = [many.page(path)]
    while following := link(pages[-1], "More companies"):
        pages.append(many.page(following))
    listed = [int(id) for page in pages for id in COMPANY.findall(page)]
    assert listed == list(by_name)
    assert len(pages) == 4
    back = many.page(link(pages[-1], "Previous companies"))
    assert COMPANY.findall(back) == COMPANY.findall(pages[-2])


@pytest.mark.parametrize("path", ["/", "/companies"])
def test_the_number_of_queries_does_not_grow_with_the_companies(
    many: Visitor, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    two = queries_of(many, path)
    monkeypatch.setattr(home, "COMPANIES_PER_PAGE", 7)
    monkeypatch.setattr(companies, "COMPANIES_PER_PAGE", 7)
    assert queries_of(many, path) <= two


def test_a_company_is_found_by_name_or_number(many: Visitor) -> None:
    assert len(COMPANY.findall(many.page("/companies?q=same"))) == 2
    assert len(COMPANY.findall(many.page("/companies?q=774"))) == 1
    assert "No company fits" in many.page("/companies?q=nothing")


def test_filters_offer_some_apps_and_the_chosen_one(
    many: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "MAX_CHOICES", 2)
    with many.app.app_context(), reading() as session:
        last = session.scalars(select(Installation.id).order_by(Installation.id.desc())).first()
    for path in ("/documents", "/runs/", "/inbox/"):
        page = many.page(f"{path}?installation={last}")
        choices = re.search(r'<select[^>]*id="installation".*?</select>', page, re.DOTALL)
        assert choices
        assert choices[0].count("<option") == 4
        assert f'value="{last}" selected' in choices[0]


def test_open_cases_are_counted_to_a_limit(
    viewer: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "MAX_COUNTED", 1)
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
    assert words_of(text) == words


def test_terms_begin_at_each_part_of_a_word() -> None:
    assert terms_of(["26M-48248-1", "Ås AS"]) == ["26m-48248-1", "48248-1", "1", "as"]
    assert len(terms_of(["-".join("abcdefghijklm")])) <= 8
    assert all(len(term) <= 60 for term in terms_of(["x" * 300]))


@pytest.mark.parametrize("limit", [10_000, 0])
def test_documents_are_found_by_how_their_words_begin(
    owner: Visitor, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_search, "MAX_CANDIDATES", limit)
    with owner.app.app_context(), transaction() as session:
        document = session.get_one(SourceDocument, owner.story.documents["posted"])
        document.number, document.party = "26M-48248", "Ålesund Asfalt AS"
    found = "Ålesund Asfalt AS"
    for words in ("26m-48", "48248", "alesund", "ÅLES", "asf ales", "26M-48248 asfalt"):
        assert found in owner.page(f"/documents?q={words}"), words
    assert found in owner.page(f"/documents?q={'asfalt+' * 2000}")
    for words in ("8248", "sund", "asf nothing", "%26"):
        assert found not in owner.page(f"/documents?q={words}"), words


def test_terms_follow_the_documents(viewer: Visitor) -> None:
    with viewer.app.app_context(), transaction() as session:
        document = session.get_one(SourceDocument, viewer.story.documents["held"])
        document.number = "NEW-1"
    with viewer.app.app_context(), reading() as session:
        for document in session.scalars(select(SourceDocument)):
            terms = session.scalars(
                select(DocumentTerm.term).where(DocumentTerm.document_id == document.id)
            )
            assert sorted(terms) == sorted(terms_of_row(document))
    with viewer.app.app_context(), transaction() as session:
        session.execute(delete(DocumentTerm))
    assert "No document fits" in viewer.page("/documents?q=NEW-1")
    with viewer.app.app_context():
        assert document_search.add_missing_terms() > 1
        assert document_search.add_missing_terms() == 0
    assert "No document fits" not in viewer.page("/documents?q=NEW-1")
