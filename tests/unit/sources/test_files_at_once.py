"""Files that two people store, map or discard on PostgreSQL at the same moment."""

import pytest

from hub import FileContent, FileKinds, FileTable, hookimpl
from hub.cases import inbox
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session
from hub.errors import NotNow
from hub.models import Installation, StoredFile
from hub.models.enums import FileWay
from hub.sources import file_intake, file_mapping
from tests.support.servers.blocked_transactions import start_beside
from tests.support.sources.small_source import SmallSource, install_small_source


class FileSource(SmallSource):
    """A source whose files list the ids of documents; one that begins with "table" is a table."""

    @hookimpl
    def hub_file(self, app, site, file, content):
        if content.startswith(b"table") and file.mapping is None:
            return FileContent(table=FileTable(columns=("No",), rows=(("1",),)))
        return FileContent(documents=tuple(content.decode().split()))


@pytest.fixture
def installation(pg_app):
    source = FileSource(files=FileKinds(suffixes=(".csv",), limit=100, fields=()))
    object.__setattr__(pg_app.extensions["hub"], "plugins", Plugins.load([source], installed=False))
    id = install_small_source(tenant="t1")
    with read_only_session() as session:
        return session.get_one(Installation, id)


def receive(installation, name, content):
    return file_intake.receive(installation, name, content, way=FileWay.UPLOAD, who="kari")


def stored_files():
    with read_only_session() as session:
        rows = session.query(StoredFile).order_by(StoredFile.id)
        return [(row.name, row.state, row.position) for row in rows]


def test_two_files_that_arrive_at_once_are_both_accepted(pg_app, installation, monkeypatch):
    load_position = file_intake._load_next_position
    threads = []

    def load_position_beside(session, *args):
        monkeypatch.setattr(file_intake, "_load_next_position", load_position)
        threads.append(
            start_beside(pg_app, session, lambda: receive(installation, "b.csv", b"B-1"))
        )
        return load_position(session, *args)

    monkeypatch.setattr(file_intake, "_load_next_position", load_position_beside)
    receive(installation, "a.csv", b"A-1")
    threads[0].join()
    assert sorted(position for _, _, position in stored_files()) == [1, 2]


def test_a_table_that_is_discarded_while_it_is_mapped_is_gone(pg_app, installation, monkeypatch):
    id = receive(installation, "table.csv", b"table").id
    close = inbox.close
    threads, refusals = [], []

    def map_table():
        try:
            file_mapping.apply(installation, id, "Mapping", {}, "ola")
        except NotNow as error:
            refusals.append(error.text)

    def close_beside(session, *args):
        monkeypatch.setattr(inbox, "close", close)
        threads.append(start_beside(pg_app, session, map_table))
        return close(session, *args)

    monkeypatch.setattr(inbox, "close", close_beside)
    file_mapping.discard(installation, id, "kari")
    threads[0].join()
    assert (stored_files(), refusals) == ([], ["table.csv was discarded meanwhile."])
