"""Files that people upload for an app: stored once, read by the app, followed by a sync."""

import hashlib
import io
import shutil

import pytest
from sqlalchemy import select

from hub import FileContent, FileKinds, Refused, hookimpl, sources
from hub.contract.registry import Plugins
from hub.db.engine import reading, transaction
from hub.models import AuditEntry, Installation, Run, StoredFile
from tests.support.page_rows import Story, add_people
from tests.support.page_visitor import Visitor
from tests.support.small_source import SmallSource, settle

HERE = "/installations/1/files/"


class FileSource(SmallSource):
    """A source that receives text files; it refuses those that begin with "bad"."""

    def __init__(self, **about):
        super().__init__(files=FileKinds(suffixes=(".csv",), limit=100), **about)

    @hookimpl
    def hub_file(self, app, site, file, content):
        if content.startswith(b"bad"):
            raise Refused("The file has no header.")
        return FileContent(documents=content.count(b"\n"))


@pytest.fixture
def app(make_app, make_config, empty_database):
    config = make_config()
    shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config, plugins=Plugins.load([FileSource()], installed=False), pages=True)
    with app.app_context():
        yield app


@pytest.fixture
def visitor(app):
    """Provide an owner at an app that receives files."""
    settle()
    with transaction() as session:
        add_people(session)
    visitor = Visitor(app, Story(1, 1))
    visitor.log_in("olga")
    return visitor


def upload(visitor, *files):
    """Upload files, given as (name, content), and return the page that follows."""
    parts = [(io.BytesIO(content), name) for name, content in files]
    return visitor.press(HERE, file=parts)


def stored():
    with reading() as session:
        query = select(StoredFile).order_by(StoredFile.id)
        return [(row.name, row.documents, row.position) for row in session.scalars(query)]


def runs():
    with reading() as session:
        return len(list(session.scalars(select(Run).where(Run.kind == "sync"))))


def test_uploaded_files_are_stored_listed_and_start_one_sync(visitor):
    upload(visitor, ("a.csv", b"1\n"), ("b.csv", b"1\n2\n"))
    assert stored() == [("a.csv", 1, 1), ("b.csv", 2, 2)]
    assert runs() == 1
    page = visitor.page(HERE)
    assert "a.csv" in page
    assert "b.csv" in page


def test_the_same_content_is_stored_once_whatever_its_name(visitor):
    upload(visitor, ("a.csv", b"1\n"))
    before = runs()
    assert "was received before" in upload(visitor, ("again.csv", b"1\n"))
    assert stored() == [("a.csv", 1, 1)]
    assert runs() == before


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.exe", b"1\n", "Choose one that ends in .csv"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b"x" * 101, "is larger than 100 bytes"),
        ("a.csv", b"bad", "The file has no header."),
    ],
)
def test_a_file_that_cannot_be_used_is_not_stored(visitor, name, content, reason):
    assert reason in upload(visitor, (name, content))
    assert stored() == []
    assert runs() == 0


def test_folders_in_a_name_are_dropped(visitor):
    upload(visitor, ("../../etc/a.csv", b"1\n"))
    assert [name for name, _, _ in stored()] == ["a.csv"]


def test_the_plugin_reads_accepted_files_in_order_and_no_other_installations(visitor):
    upload(visitor, ("a.csv", b"1\n"), ("b.csv", b"2\n"))
    with reading() as session:
        installation = session.get_one(Installation, 1)
    files = sources.site(installation).files
    first, second = files.after(0)
    assert first.digest == hashlib.sha256(b"1\n").hexdigest()
    assert list(files.after(first.position)) == [second]
    assert files.content(second.id) == b"2\n"
    installation.id = 2
    others = sources.site(installation).files
    assert list(others.after(0)) == []
    with pytest.raises(KeyError):
        others.get(first.id)
    with pytest.raises(KeyError):
        others.content(first.id)


def test_the_audit_log_names_each_file(visitor):
    upload(visitor, ("a.csv", b"1\n"))
    with reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.what == "file received")).one()
    assert entry.who == "olga"
    assert entry.detail["name"] == "a.csv"
