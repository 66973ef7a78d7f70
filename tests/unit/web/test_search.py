"""Search everything: documents, cases, companies and apps, only those that the person may see."""

import re
import unicodedata

import pytest
from sqlalchemy import func, select

from hub.db.engine import read_only_session, transaction
from hub.models import Case, Installation, SourceDocument, TransactionHead
from hub.security import people
from hub.security.rights import Right, Subject
from hub.web import search
from tests.support.pages.list_pages import add_case, queries_of
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD, add_company, add_document, add_installation


def hits(page: str) -> set[str]:
    """Return the addresses of the hits."""
    result = page.partition('id="hits"')[2]
    return set(re.findall(r'href="(/(?:documents|inbox)/\d+|/companies\?q=\d+)"', result))


def _links(page: str) -> list[str]:
    """Return the addresses of the documents of a list."""
    return re.findall(r'href="(/documents/\d+)"', page)


def test_documents_cases_and_companies_are_found_and_counted(owner: Visitor) -> None:
    id = add_case(owner, 77, "100.00")
    with owner.app.app_context(), transaction() as session:
        add_company(session, realm="772", name="Case 77 AS")
    page = owner.page("/search/?q=Case+77")
    assert hits(page) == {f"/inbox/{id}", "/companies?q=772"}
    assert "2 hits." in page.partition('role="status"')[2][:120]
    document = owner.story.documents["held"]
    number = owner.page(f"/documents/{document}")
    [title] = re.findall(r"<title>(?:Bill )?(\S+)", number)[:1]
    assert f"/documents/{document}" in hits(owner.page(f"/search/?q={title}"))


def test_an_app_is_found_in_each_company_that_the_person_may_see(owner: Visitor) -> None:
    with owner.app.app_context(), transaction() as session:
        other = add_installation(session, add_company(session, realm="773", name="Andre AS"))
        slug, other_id = other.slug, other.id
    own_id = owner.story.installation
    page = owner.page(f"/search/?q={slug}")
    found = re.findall(r'href="/installations/(\d+)/"', page.partition('id="hits"')[2])
    assert sorted(found) == sorted([str(own_id), str(other_id)])
    with owner.app.app_context(), transaction() as session:
        right = Right("viewer", Subject(session.get_one(Installation, own_id).company_id))
        people.insert(session, "siri", people.hash_new(PASSWORD), [right])
    siri = Visitor(owner.app, owner.story)
    siri.log_in("siri")
    page = siri.page(f"/search/?q={slug}")
    assert re.findall(r'href="/installations/(\d+)/"', page.partition('id="hits"')[2]) == [
        str(own_id)
    ]


def test_a_document_is_found_by_the_number_that_only_quickbooks_has(owner: Visitor) -> None:
    """A company without custom numbers gives each transaction its own number."""
    with owner.app.app_context(), transaction() as session:
        installation = session.get_one(Installation, owner.story.installation)
        document, posting = add_document(session, installation, "posted", 900)
        posting.quickbooks_id, id = "9037", document.id
        key = {"company_id": posting.company_id, "kind": "bill", "quickbooks_id": "9037"}
        session.add(TransactionHead(**key, number="QB-10037", links=[]))
    for words in ("QB-10037", "qb-10037"):
        assert hits(owner.page(f"/search/?q={words}")) == {f"/documents/{id}"}
        for filters in (f"q={words}", f"q={words}&state=posted"):
            assert _links(owner.page(f"/documents?{filters}")) == [f"/documents/{id}"]
    assert hits(owner.page("/search/?q=QB-1003")) == set()


@pytest.mark.parametrize(("stored", "typed"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_case_is_found_in_either_unicode_form(owner: Visitor, stored: str, typed: str) -> None:
    id = add_case(owner, 77, "100.00")
    with owner.app.app_context(), transaction() as session:
        session.get_one(Case, id).stored_title = unicodedata.normalize(stored, "Malmö Åkeri")
    words = unicodedata.normalize(typed, "malmö+åkeri")
    assert hits(owner.page(f"/search/?q={words}")) == {f"/inbox/{id}"}


def test_without_words_nothing_is_searched(owner: Visitor) -> None:
    for path in ("/search/", "/search/?q=++"):
        page = owner.page(path)
        assert hits(page) == set()
    assert "Nothing contains “zzzz”." in owner.page("/search/?q=zzzz")


def test_every_page_leads_to_the_search(owner: Visitor) -> None:
    assert 'action="/search/"' in owner.page("/runs/")


def test_rows_of_other_companies_are_not_found(owner: Visitor) -> None:
    add_case(owner, 77, "100.00")
    with owner.app.app_context(), transaction() as session:
        company = add_company(session, realm="772", name="Case 77 AS")
        add_installation(session, company)
        right = Right("viewer", Subject(company_id=company.id))
        people.insert(session, "siri", people.hash_new(PASSWORD), [right])
    siri = Visitor(owner.app, owner.story)
    siri.log_in("siri")
    assert hits(siri.page("/search/?q=Case+77")) == {"/companies?q=772"}
    assert hits(siri.page("/search/?q=F-202")) == set()


@pytest.mark.parametrize("words", ["ørland ås", "ØRLAND ÅS", "Ørland Ås"])
def test_capitals_beside_a_to_z_do_not_matter(owner: Visitor, words: str) -> None:
    with owner.app.app_context(), transaction() as session:
        for realm, name in (("773", "ØRLAND Ås Bygg"), ("774", "Ørland ås bygg")):
            add_company(session, realm=realm, name=name)
    assert hits(owner.page(f"/search/?q={words}")) == {"/companies?q=773", "/companies?q=774"}


def test_hits_of_several_companies_name_the_app_and_the_company(owner: Visitor) -> None:
    add_case(owner, 77, "100.00")
    assert "CostTracker" in owner.page("/search/?q=F-20262").partition('id="hits"')[2]
    assert "Nordvik Bygg AS" not in owner.page("/search/?q=F-20262").partition('id="hits"')[2]
    with owner.app.app_context(), transaction() as session:
        company = add_company(session, realm="772", name="Aas AS")
        add_document(session, add_installation(session, company, tenant="t2"), "review", 2)
    rows = owner.page("/search/?q=F-20262").partition('id="hits"')[2].split("<tr>")[2:]
    assert ["Aas AS" in row for row in rows] == [True, False]
    assert ["Nordvik Bygg AS" in row for row in rows] == [False, True]
    case = owner.page("/search/?q=Case+77").partition('id="hits"')[2]
    assert "CostTracker" in case
    assert "Nordvik Bygg AS" in case


def test_more_hits_are_one_click_away_in_as_many_queries(owner: Visitor) -> None:
    ids = [add_case(owner, 50, "100.00")]
    few = queries_of(owner, "/search/?q=Case")
    ids += [add_case(owner, 51 + place, "100.00") for place in range(search.MAX_HITS_PER_KIND + 1)]
    page = owner.page("/search/?q=Case")
    assert 'href="/inbox/?words=Case"' in page
    assert re.search(r"The first \d+ hits\. A link below leads to all\.", page)
    cases = [address for address in hits(page) if address.startswith("/inbox/")]
    assert len(cases) == search.MAX_HITS_PER_KIND
    assert f"/inbox/{ids[-1]}" in cases
    assert queries_of(owner, "/search/?q=Case") == few


def test_documents_are_found_by_their_total_as_people_write_it(owner: Visitor) -> None:
    add_case(owner, 77, "71955.23")
    with owner.app.app_context(), read_only_session() as session:
        newest = session.scalar(select(func.max(SourceDocument.id)))
    document = f"/documents/{newest}"
    for words in ("71955.23", "71,955.23", "71 955,23", "-71955.23"):
        page = owner.page(f"/search/?q={words}")
        assert hits(page) == {document}, words
        assert "Documents with this total" in page
    assert "1 hit." in page.partition('role="status"')[2][:120]
    for words in ("71955.24", "71955.00-71956.00", "F-71955.23"):
        assert hits(owner.page(f"/search/?q={words}")) == set(), words
