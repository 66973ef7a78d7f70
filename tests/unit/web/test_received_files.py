"""Files that apps receive: uploaded, mapped by a person, or taken from a folder."""

import csv
import hashlib
import io
import os
import re
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from hub import (
    FileContent,
    FileField,
    FileKinds,
    FileTable,
    NeedsAttention,
    Refused,
    hookimpl,
    money,
    sources,
)
from hub.cases import inbox
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.models import AuditEntry, Case, FileMapping, Installation, Run, StoredFile
from hub.reasons.texts import CaseText
from hub.sources import file_folder, file_intake
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.small_source import SmallSource, install_small_source

HERE = "/installations/1/files/"
TABLE = b"No;Who;When\n1;Ann;5\n2;Bo;6\n"


KINDS = FileKinds(
    suffixes=(".csv",),
    limit=100,
    fields=(
        FileField(name="number", label="Number", required=True),
        FileField(name="date", label="Date", help="When it was made"),
        FileField(name="kind", label="Kind", choices=(("a", "Bills"), ("b", "Invoices"))),
    ),
)


class FileSource(SmallSource):
    """A source that receives tables; it refuses files that begin with "bad".

    A file that begins with "list" is no table: each of its lines is a document.
    """

    def __init__(self, **about):
        super().__init__(files=KINDS, **about)

    @hookimpl
    def hub_file(self, app, site, file, content):
        if content.startswith(b"bad"):
            raise Refused("The file has no header.")
        if content.startswith(b"sum"):
            money(content.decode().split()[1])
        if content.startswith(b"list"):
            return FileContent(documents=tuple(content.decode().split()[1:]))
        columns, *rows = csv.reader(io.StringIO(content.decode()), delimiter=";")
        if file.mapping is None:
            return FileContent(table=self.table(columns, rows))
        if file.mapping["number"] == "Who":
            raise Refused("Ann is no number.")
        place = columns.index(file.mapping["number"])
        return FileContent(documents=tuple(row[place] for row in rows))

    @staticmethod
    def table(columns, rows):
        return FileTable(
            columns=tuple(columns),
            rows=tuple(map(tuple, rows)),
            suggestions={"number": columns[0]},
        )


@pytest.fixture
def app(make_app, make_config, empty_database, tmp_path):
    config = make_config(HUB_FILES_ROOT=str(tmp_path / "files"))
    shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config, plugins=Plugins.load([FileSource()], installed=False), pages=True)
    with app.app_context():
        yield app


@pytest.fixture
def visitor(app):
    """Provide an owner at an app that receives files."""
    install_small_source()
    with transaction() as session:
        add_people(session)
    visitor = Visitor(app, Story(1, 1))
    visitor.log_in("olga")
    return visitor


@pytest.fixture
def installation(visitor):
    with read_only_session() as session:
        row = session.get_one(Installation, 1)
        assert row.company.realm
    return row


def upload(visitor, *files):
    """Upload files, given as (name, content), and return the page that follows."""
    parts = [(io.BytesIO(content), name) for name, content in files]
    return visitor.press(HERE, file=parts)


def answer(visitor, file_id=1, name="Old system", **answers):
    """Say which columns hold what, and return the page that follows."""
    form = {f"field:{field}": column for field, column in answers.items()}
    return visitor.press(f"{HERE}{file_id}/columns", name=name, **form)


def stored_files():
    with read_only_session() as session:
        query = select(StoredFile).order_by(StoredFile.id)
        return [(row.name, row.document_count, row.position) for row in session.scalars(query)]


def runs():
    with read_only_session() as session:
        return len(list(session.scalars(select(Run).where(Run.kind == "sync"))))


def open_cases():
    with read_only_session() as session:
        query = select(Case).where(Case.closed_at.is_(None))
        return [case.title for case in session.scalars(query)]


# -- upload ----------------------------------------------------------------------------------------


def test_uploaded_files_are_stored_listed_and_start_one_sync(visitor):
    upload(visitor, ("a.csv", b"list 1"), ("b.csv", b"list 2 3"))
    assert stored_files() == [("a.csv", 1, 1), ("b.csv", 2, 2)]
    assert runs() == 1
    page = visitor.page(HERE)
    assert "a.csv" in page
    assert "b.csv" in page


def test_an_app_without_files_leads_to_the_upload_of_the_first(visitor):
    assert f'href="{HERE}">Upload the first file</a>' in visitor.page("/installations/1/")
    upload(visitor, ("list.csv", b"list a b"))
    assert "Upload the first file" not in visitor.page("/installations/1/")


def test_the_same_content_is_stored_once_under_any_name(visitor):
    upload(visitor, ("a.csv", b"list 1"))
    before = runs()
    assert "was received before" in upload(visitor, ("again.csv", b"list 1"))
    assert stored_files() == [("a.csv", 1, 1)]
    assert runs() == before


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.exe", b"list 1", "Choose a file that ends in .csv"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b"x" * 101, "has 101 bytes; Small accepts at most 100"),
        ("a.csv", b"bad", "The file has no header."),
    ],
)
def test_a_file_that_cannot_be_used_is_not_stored(visitor, name, content, reason):
    assert reason in upload(visitor, (name, content))
    assert stored_files() == []
    assert runs() == 0


def test_folders_in_a_name_are_dropped(visitor):
    upload(visitor, ("../../etc/a.csv", b"list 1"))
    assert [name for name, _, _ in stored_files()] == ["a.csv"]


def test_an_upload_without_a_file_says_what_to_choose(visitor):
    assert "Choose between 1 and 50 files." in visitor.press(HERE)


def test_a_paused_app_stores_files_and_reads_them_later(visitor):
    with transaction() as session:
        session.get_one(Installation, 1).mode = "paused"
    assert "It reads the files when it is on again." in upload(visitor, ("a.csv", b"list 1"))
    assert stored_files() == [("a.csv", 1, 1)]
    assert runs() == 0


def test_the_plugin_reads_accepted_files_in_order_and_no_other_installations(visitor, installation):
    upload(visitor, ("a.csv", b"list 1 2"), ("b.csv", b"list 2 3"))
    files = sources.build_site(installation).files
    first, second = files.after(0)
    assert first.digest == hashlib.sha256(b"list 1 2").hexdigest()
    assert list(files.after(first.position)) == [second]
    assert files.content(second) == b"list 2 3"
    assert files.with_documents(["1", "2", "9"]) == {"1": first, "2": second}
    installation.id = 2
    others = sources.build_site(installation).files
    assert list(others.after(0)) == []
    assert others.with_documents(["1"]) == {}
    with pytest.raises(KeyError):
        others.content(first)


def test_the_audit_log_names_each_file(visitor):
    upload(visitor, ("a.csv", b"list 1"))
    with read_only_session() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.what == "file received")).one()
    assert entry.who == "olga"
    assert entry.detail["name"] == "a.csv"


# -- columns ---------------------------------------------------------------------------------------


def test_a_table_asks_for_its_columns_with_the_likely_answers(visitor):
    page = upload(visitor, ("bills.csv", TABLE))
    assert "Columns of bills.csv" in page
    assert ">Ann</td>" in page
    assert '<option value="No" selected>No</option>' in page
    assert stored_files() == [("bills.csv", 0, None)]
    assert runs() == 0
    assert open_cases() == ["bills.csv waits for its columns"]


def test_a_table_that_arrives_again_before_its_columns_are_mapped_asks_for_them(
    visitor, installation, folder
):
    upload(visitor, ("bills.csv", TABLE))
    page = upload(visitor, ("again.csv", TABLE))
    assert "again.csv was received before. Nothing was added." in page
    assert "Columns of bills.csv" in page
    place(folder, "bills.csv", TABLE)
    [message] = file_folder.receive_all(installation)
    assert "was received before" in message
    assert names(folder) == ["done/bills.csv"]
    assert stored_files() == [("bills.csv", 0, None)]


def test_the_answers_accept_the_table_close_its_case_and_start_a_sync(visitor, installation):
    upload(visitor, ("bills.csv", TABLE))
    page = answer(visitor, number="No", date="When", kind="b")
    assert "2 documents in bills.csv." in page
    assert stored_files() == [("bills.csv", 2, 1)]
    assert open_cases() == []
    assert runs() == 1
    (file,) = sources.build_site(installation).files.after(0)
    assert file.mapping == {"number": "No", "date": "When", "kind": "b"}


def test_the_next_table_with_these_columns_is_accepted_as_it_comes(visitor):
    upload(visitor, ("bills.csv", TABLE))
    answer(visitor, number="No")
    assert "1 document in more.csv." in upload(visitor, ("more.csv", b"No;Who;When\n3;Cy;7\n"))
    assert stored_files()[1] == ("more.csv", 1, 2)
    assert "Columns of other.csv" in upload(visitor, ("other.csv", b"No;Who\n4;Di\n"))


def test_a_stored_mapping_that_does_not_fit_asks_again(visitor):
    upload(visitor, ("bills.csv", TABLE))
    answer(visitor, number="No")
    with transaction() as session:
        session.scalars(select(FileMapping)).one().answers = {"number": "Who"}
    assert "Columns of more.csv" in upload(visitor, ("more.csv", b"No;Who;When\n3;Cy;7\n"))


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({}, "Choose a column."),
        ({"number": "Nothing"}, "Nothing is not a column of the file."),
        ({"number": "Who"}, "Ann is no number."),
        ({"number": "No", "kind": "When"}, "Choose one of the answers."),
        ({"number": "No", "name": " "}, "Name the mapping"),
    ],
)
def test_answers_that_cannot_be_used_are_shown_with_the_reason(visitor, answers, reason):
    upload(visitor, ("bills.csv", TABLE))
    page = answer(visitor, **answers)
    assert reason in page
    assert "Columns of bills.csv" in page
    assert stored_files() == [("bills.csv", 0, None)]


def test_each_answer_that_cannot_be_used_has_its_reason_beside_it(visitor):
    upload(visitor, ("bills.csv", TABLE))
    page = answer(visitor, name=" ", kind="When")
    assert "Not saved. Please fix 3 fields" in page
    assert '<a href="#field-number">Number</a>' in page
    reasons = {
        "field-number": "Choose a column.",
        "field-kind": "Choose one of the answers.",
        "name": "Name the mapping",
    }
    for id, reason in reasons.items():
        [attributes] = re.findall(rf'<(?:select|input)[^>]* id="{id}"[^>]*>', page)
        assert 'aria-invalid="true"' in attributes
        [notes_id] = re.findall('aria-describedby="([^"]+)"', attributes)
        notes = page.partition(f'id="{notes_id}"')[2].partition("</div>")[0]
        assert reason in notes, id
    assert re.findall(r'id="([^"]+)"[^>]*autofocus', page) == ["field-number"]
    assert "aria-invalid" not in answer(visitor, number="Who")


def test_changed_columns_make_the_app_read_the_table_again(visitor, installation):
    upload(visitor, ("bills.csv", TABLE))
    answer(visitor, number="No")
    answer(visitor, number="When")
    files = sources.build_site(installation).files
    (file,) = files.after(1)
    assert file.position == 2
    assert files.with_documents(["1", "5"]) == {"5": file}


def test_columns_that_somebody_else_chose_meanwhile_are_shown_and_stay(visitor, installation):
    upload(visitor, ("bills.csv", TABLE))
    seen = re.compile(r'name="seen" value="([^"]*)"')
    [shown] = seen.findall(visitor.page(f"{HERE}1/columns"))
    answer(visitor, number="No")
    form = {"name": "Mine", "field:number": "When", "seen": shown}
    page = visitor.press(f"{HERE}1/columns", **form)
    assert "The columns of bills.csv were chosen meanwhile, as they are shown here." in page
    assert '<option value="No" selected>No</option>' in page
    assert stored_files() == [("bills.csv", 2, 1)]
    same = {**form, "field:number": "No"}
    assert "2 documents in bills.csv." in visitor.press(f"{HERE}1/columns", **same)
    [now] = seen.findall(page)
    assert "2 documents in bills.csv." in visitor.press(f"{HERE}1/columns", **form | {"seen": now})
    assert sources.build_site(installation).files.with_documents(["1", "5"]).keys() == {"5"}


def test_a_table_can_be_discarded_until_it_is_accepted(visitor):
    upload(visitor, ("bills.csv", TABLE))
    assert "bills.csv was discarded." in visitor.press(f"{HERE}1/discard")
    assert stored_files() == []
    assert open_cases() == []
    upload(visitor, ("bills.csv", TABLE))
    with read_only_session() as session:
        (file_id,) = session.scalars(select(StoredFile.id))
    answer(visitor, file_id, number="No")
    assert "was accepted meanwhile" in visitor.press(f"{HERE}{file_id}/discard")
    assert stored_files() == [("bills.csv", 2, 1)]


def test_a_file_of_another_installation_is_not_found(visitor):
    upload(visitor, ("bills.csv", TABLE))
    with transaction() as session:
        now = session.get_one(Installation, 1).created_at
        other = Installation(company_id=1, slug="other", mode="auto", created_at=now)
        session.add(other)
        session.flush()
        session.get_one(StoredFile, 1).installation_id = other.id
    assert visitor.client.get(f"{HERE}1/columns").status_code == 404


# -- watched folder --------------------------------------------------------------------------------


@pytest.fixture
def folder(installation):
    """Provide the folder that the hub watches for the app."""
    folder = file_folder.get_folder(installation)
    folder.mkdir(parents=True)
    return folder


def place(folder, name, content):
    """Write a file that is an hour old."""
    path = folder / name
    path.write_bytes(content)
    os.utime(path, (0, 0))


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_files_of_the_folder_are_received_and_moved(installation, folder):
    place(folder, "b.csv", b"list 2")
    place(folder, "a.csv", b"list 1")
    assert file_folder.receive_all(installation) == ["a.csv was received.", "b.csv was received."]
    assert stored_files() == [("a.csv", 1, 1), ("b.csv", 1, 2)]
    assert names(folder) == ["done/a.csv", "done/b.csv"]
    place(folder, "a.csv", b"list 1")
    assert file_folder.receive_all(installation) == [
        "a.csv was received before. Nothing was added."
    ]
    assert names(folder) == ["done/a-2.csv", "done/a.csv", "done/b.csv"]


def test_a_refused_file_is_a_case_until_a_corrected_one_comes(installation, folder):
    place(folder, "a.csv", b"bad")
    place(folder, "b.csv", b"list 1")
    file_folder.receive_all(installation)
    assert names(folder) == ["done/b.csv", "refused/a.csv", "refused/a.csv.txt"]
    assert (folder / "refused" / "a.csv.txt").read_text() == "The file has no header.\n"
    assert open_cases() == ["a.csv could not be read"]
    place(folder, "a.csv", b"list 2")
    file_folder.receive_all(installation)
    assert open_cases() == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff", "failed while reading a file (UnicodeDecodeError"),
        (b"sum n/a", "a.csv was refused: a.csv: “n/a” is not an amount."),
    ],
)
def test_a_defect_of_the_plugin_with_one_file_of_the_folder_stops_no_other(
    installation, folder, content, words
):
    place(folder, "a.csv", content)
    place(folder, "b.csv", b"list 1")
    refused, received = file_folder.receive_all(installation)
    assert words in refused
    assert received == "b.csv was received."
    assert names(folder) == ["done/b.csv", "refused/a.csv", "refused/a.csv.txt"]
    assert open_cases() == ["a.csv could not be read"]


def test_names_that_are_not_utf_8_stop_no_file_of_the_folder(installation, folder):
    """Programs on other systems may write names in Latin-1."""
    place(folder, os.fsdecode(b"a-\xe4.csv"), b"bad")
    place(folder, os.fsdecode(b"b-\xe4.csv"), b"list 1")
    refused, received = file_folder.receive_all(installation)
    assert refused == "a-\ufffd.csv was refused: The file has no header."
    assert received == "b-\ufffd.csv was received."
    moved = [b"done/b-\xe4.csv", b"refused/a-\xe4.csv", b"refused/a-\xe4.csv.txt"]
    assert [os.fsencode(name) for name in names(folder)] == moved
    assert open_cases() == ["a-\ufffd.csv could not be read"]
    place(folder, os.fsdecode(b"a-\xe4.csv"), b"list 2")
    file_folder.receive_all(installation)
    assert open_cases() == []


def test_a_file_that_the_hub_may_not_read_stops_no_other(installation, folder, monkeypatch):
    read_bytes = Path.read_bytes

    def read_as_another_user(path):
        if path.name == "a.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", read_as_another_user)
    place(folder, "a.csv", b"list 1")
    place(folder, "b.csv", b"list 2")
    refused, received = file_folder.receive_all(installation)
    assert refused.startswith("a.csv was refused: The hub may not read a.csv. Let its account")
    assert received == "b.csv was received."
    assert names(folder) == ["done/b.csv", "refused/a.csv", "refused/a.csv.txt"]


def test_sizes_are_written_as_the_person_writes_numbers(visitor):
    upload(visitor, ("a.csv", TABLE))
    with transaction() as session:
        session.get_one(StoredFile, 1).size = 1_234_567
    assert "1.2 MB</td>" in visitor.page(HERE)
    with transaction() as session:
        session.get_one(StoredFile, 1).size = 123_456
    page = visitor.get(HERE, headers={"Accept-Language": "nb-NO"}).text
    assert "123,5 kB</td>" in page
    assert "inntil 100 byte hver" in page


def test_a_table_of_the_folder_waits_for_its_columns_in_the_inbox(visitor, installation, folder):
    place(folder, "bills.csv", TABLE)
    assert file_folder.receive_all(installation) == [
        "bills.csv waits for the mapping of its columns."
    ]
    assert f"{HERE}1/columns" in visitor.page("/inbox")


def test_a_case_that_a_corrected_file_solves_leads_to_the_files(visitor):
    with transaction() as session:
        text = CaseText("document.content", document="Bill 1", problems="Its total is 5.")
        about = {"company_id": 1, "installation_id": 1}
        case_id = inbox.open(session, "content of a file", text, **about).id
    for path in ("/inbox/", f"/inbox/{case_id}"):
        page = visitor.page(path)
        assert f'href="{HERE}">Upload the corrected file' in page
        assert "Check again" not in page


def test_a_retry_of_many_leaves_out_what_a_corrected_file_solves(visitor):
    about = {"company_id": 1, "installation_id": 1}
    texts = (
        CaseText("document.content", document="Bill 1", problems="Its total is 5."),
        CaseText("document.party_currency_unused", document="Bill 2", party="B", currency="SEK"),
    )
    with transaction() as session:
        ids = [inbox.open(session, text.code, text, **about).id for text in texts]
    page = visitor.press("/inbox/bulk/", act="retry", case=ids)
    assert "Retried" not in page
    assert (
        "1 could not be retried: upload the corrected file; this one says the same again." in page
    )
    assert "1 could not be retried: it stops no document that can be retried." in page
    with read_only_session() as session:
        assert session.scalars(select(Run).where(Run.kind == "sync")).all() == []


def test_a_case_that_quickbooks_may_solve_can_be_checked_again(visitor):
    text = CaseText("document.party_currency_unused", document="Bill 2", party="B", currency="SEK")
    with transaction() as session:
        case_id = inbox.open(session, text.code, text, company_id=1, installation_id=1).id
    page = visitor.page(f"/inbox/{case_id}")
    assert "Change it in QuickBooks, or correct it at the source." in page
    assert ("Check again</button>" in page, "Upload the corrected file" in page) == (True, False)


def test_files_that_are_being_written_links_and_hidden_files_stay(app, installation, folder):
    now = app.extensions["hub"].clock.now().timestamp()
    for name in ("new.csv", ".hidden.csv", "a.csv.part"):
        place(folder, name, b"list 1")
    os.utime(folder / "new.csv", (now, now - 1))
    (folder / "link.csv").symlink_to(folder / "a.csv.part")
    assert file_folder.receive_all(installation) == []
    os.utime(folder / "new.csv", (now, now - file_folder.SETTLED_SECONDS))
    assert file_folder.receive_all(installation) == ["new.csv was received."]


def write_while_it_reads(monkeypatch, write):
    """Write files when the first file of the folder has been read."""
    receive = file_intake.receive

    def receive_and_write(*args, **options):
        result = receive(*args, **options)
        monkeypatch.setattr(file_intake, "receive", receive)
        write()
        return result

    monkeypatch.setattr(file_intake, "receive", receive_and_write)


def test_a_file_that_is_written_while_others_are_received_stays(
    app, installation, folder, monkeypatch
):
    clock = app.extensions["hub"].clock

    def write():
        clock.advance(seconds=60)
        now = clock.now().timestamp()
        os.utime(folder / "b.csv", (now, now - 1))

    place(folder, "a.csv", b"list 1")
    place(folder, "b.csv", b"list 2")
    write_while_it_reads(monkeypatch, write)
    assert file_folder.receive_all(installation) == ["a.csv was received."]
    assert names(folder) == ["b.csv", "done/a.csv"]


def test_a_file_that_grew_while_it_was_received_is_received_again(
    installation, folder, monkeypatch
):
    place(folder, "a.csv", b"list 1")
    write_while_it_reads(monkeypatch, lambda: place(folder, "a.csv", b"list 1\n2"))
    file_folder.receive_all(installation)
    assert names(folder) == ["a.csv"]
    assert file_folder.receive_all(installation) == ["a.csv was received."]
    assert [documents for _, documents, _ in stored_files()] == [1, 2]


def test_a_folder_that_cannot_be_used_names_itself(installation, folder):
    folder.rmdir()
    folder.write_text("in the way")
    with pytest.raises(NeedsAttention, match=r"cannot be used: .* correct HUB_FILES_ROOT"):
        file_folder.receive_all(installation)
