"""The page that compares the codes of an app with QuickBooks."""

import re
from html import unescape

import pytest
from sqlalchemy import func, select

from hub.contract.documents import Code, Party
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import AuditEntry, Run, StoredRecord
from hub.web.codes import compare
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.small_source import SLUG

HERE = "/installations/1/compare/?field=supplier"


@pytest.fixture
def app(source, make_source_pages):
    app = make_source_pages(source)
    with app.app_context():
        yield app


@pytest.fixture
def open_visitor(app, source, quickbooks):
    """Return a function that logs in an operator of an enabled app, who reads a language."""
    enable.enable(1, SLUG, {"start_date": "2025-01-01"}, who="olga", mode="auto")
    with transaction() as session:
        add_people(session)

    def log_in(language):
        visitor = Visitor(app, Story(1, 1))
        visitor.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        visitor.log_in("olga")
        return visitor

    return log_in


def problems(page):
    """Return what the rows of the page say is wrong with their codes."""
    rows = page.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)[-1] for row in rows]
    return [unescape(text) for text in cells]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            "Several codes of the source have this name. If they are different things, rename all"
            " but one at the source, or open each code and match it to a record of its own.",
        ),
        (
            "nb",
            "Flere koder i kilden har dette navnet. Hvis de er forskjellige ting, gi alle unntatt"
            " én et nytt navn i kilden, eller åpne hver kode og koble den til sin egen post.",
        ),
    ],
)
def test_codes_of_one_name_have_a_next_step(open_visitor, source, language, expected):
    source.codes = [Code(id="1", name="Telco West"), Code(id="2", name="Telco West")]
    assert problems(open_visitor(language).page(HERE)) == [expected, expected]


def test_codes_that_need_attention_come_first_and_all_by_name(open_visitor, source):
    visitor = open_visitor("en")
    visitor.page(HERE)
    with read_only_session() as session:
        is_vendor = StoredRecord.list == "vendor"
        known = session.scalar(select(StoredRecord.name).where(is_vendor).limit(1))
    source.codes = [
        Code(id="1", name="Zzz Nowhere"),
        Code(id="2", name=known),
        Code(id="3", name="Aaa Nowhere"),
    ]
    page = visitor.page(HERE)
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    names = re.findall(r"code=[^>]*>\s*([^<]+)</a>", body)
    assert names == ["Aaa Nowhere", "Zzz Nowhere", known]


def test_only_what_the_page_showed_as_missing_is_confirmed_as_new(open_visitor, source):
    visitor = open_visitor("en")
    named = [(id, f"{name} Nowhere") for id, name in (("1", "Aaa"), ("2", "Bbb"))]
    first, later = [Code(id=id, name=name, create=Party(name=name)) for id, name in named]
    source.codes = [first]
    assert re.findall(r'name="code" value="([^"]+)"', visitor.page(HERE)) == ["1"]
    source.codes = [first, later]
    page = visitor.press("/installations/1/compare/copy", field="supplier", sure="1", code="1")
    assert "1 confirmed as new." in page
    assert re.findall(r'name="code" value="([^"]+)"', page)[-1] == "2"


def test_no_creation_is_promised_if_the_source_gives_only_names(open_visitor, source):
    visitor = open_visitor("en")
    source.codes = [Code(id="1", name="Aaa Nowhere")]
    assert re.findall(r'name="code" value="([^"]+)"', visitor.page(HERE)) == ["1"]
    with read_only_session() as session:
        count = session.scalar(select(func.count()).select_from(Run))
    page = visitor.press("/installations/1/compare/copy", field="supplier", sure="1", code="1")
    assert "Nothing was confirmed as new: nothing that is still missing can be created" in page
    assert "A sync creates them" not in page
    with read_only_session() as session:
        assert session.scalar(select(func.count()).select_from(Run)) == count


def test_a_comparison_that_is_mailed_is_recorded_as_an_export(open_visitor, monkeypatch):
    visitor = open_visitor("en")
    monkeypatch.setattr(compare.notifications, "send", lambda *message: None)
    monkeypatch.setattr(compare.notifications, "find_mailbox", lambda row: "box@example.com")
    visitor.press("/installations/1/compare/mail")
    with read_only_session() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.what == "data exported"))
    assert (entry.who, entry.subject) == ("olga", "comparison of codes")
    assert (entry.detail["app"], entry.detail["to"]) == (SLUG, "box@example.com")
