"""The contract suite of apps that read files rejects plugins that do not work."""

import datetime as dt

import pytest
from marshmallow import Schema

from hub import (
    App,
    Attachment,
    Checkpoint,
    Code,
    Document,
    Field,
    FileContent,
    FileField,
    FileKinds,
    FileTable,
    Gone,
    Line,
    Refused,
    Tenant,
    hookimpl,
    money,
)
from hub.contract.registry import Plugins
from hub.testing import bench as bench_module
from hub.testing.file_contract import FileContract, file_contract

LINES = b"T-1;Acme;12.50\nT-2;Acme;7.25\n"
TABLE = b"No,Party,Sum\nT-3,Acme,4.00\n"
COLUMNS = {"number": "No", "party": "Party", "sum": "Sum"}


class Post:
    """A plugin that reads bills from two kinds of text files; tests break it."""

    __name__ = "post"

    def __init__(self):
        self.suggestions = COLUMNS
        self.content = b"the file"

    @hookimpl
    def hub_apps(self):
        fields = tuple(FileField(name=name, label=name, required=True) for name in COLUMNS)
        kinds = FileKinds(suffixes=(".txt", ".csv"), fields=fields)
        about = {"slug": "post", "name": "Post", "summary": "Bills from text files."}
        app = App(**about, posts=("bill",), settings=Schema, files=kinds)
        return [app]

    @hookimpl
    def hub_fields(self, app):
        return [
            Field(name="supplier", label="Supplier", role="vendor", match=("name",)),
            Field(name="account", label="Account", role="account", match=("number",)),
        ]

    @hookimpl
    def hub_check(self, app, site):
        return Tenant(id="post", name="Post")

    @hookimpl
    def hub_file(self, app, site, file, content):
        if file.name.endswith(".csv") and file.mapping is None:
            header, *rows = content.decode(errors="replace").splitlines() or [""]
            cells = tuple(tuple(row.split(",")) for row in rows)
            columns = tuple(header.split(","))
            table = FileTable(columns=columns, rows=cells, suggestions=self.suggestions)
            return FileContent(table=table)
        return FileContent(documents=self.ids(file, content))

    def ids(self, file, content):
        return tuple(id for id, _, _ in self.rows(file, content))

    def rows(self, file, content):
        """Return the number, the party and the amount of each line."""
        separator = "," if file.name.endswith(".csv") else ";"
        lines = content.decode(errors="replace").splitlines()
        rows = [line.split(separator) for line in lines if not line.startswith("No,")]
        if not rows or any(len(row) != 3 for row in rows):
            raise Refused("%(name)s holds no lines of three values.", name=file.name)
        return rows

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        if ids:
            return self.exactly(site, ids)
        return self.changed(site, cursors)

    def changed(self, site, cursors):
        for file in site.files.after(int(cursors.get("") or 0)):
            for row in self.rows(file, site.files.content(file)):
                yield self.bill(row)
            yield Checkpoint(cursor=str(file.position))

    def exactly(self, site, ids):
        files = site.files.with_documents(ids)
        for id in ids:
            if id not in files:
                yield Gone(source_id=id, reason="No file has it.")
                continue
            rows = self.rows(files[id], site.files.content(files[id]))
            yield next(self.bill(row) for row in rows if row[0] == id)

    def bill(self, row):
        number, party, amount = row
        return Document(
            kind="bill",
            source_id=number,
            date=dt.date(2026, 11, 5),
            total=money(amount),
            codes={"supplier": Code(id=party, name=party)},
            lines=(
                Line(id="1", amount=money(amount), codes={"account": Code(id="7", number="7")}),
            ),
            attachments=(Attachment(id="file", name="file.txt", mime="text/plain"),),
        )

    @hookimpl
    def hub_attachment(self, app, site, document, attachment):
        return self.content


@pytest.fixture
def plugin(monkeypatch):
    plugin = Post()
    plugins = Plugins.load([plugin], installed=False)
    monkeypatch.setattr(bench_module, "load_plugins", lambda: plugins)
    return plugin


def run(name, files=None, accompanying=None, **arguments):
    """Run one test of the suite with the benches that it asks for."""
    files = files or {"a.txt": LINES, "b.csv": TABLE}
    tests = file_contract("post", files, accompanying=accompanying)()
    test = getattr(tests, name)
    parameters = test.__code__.co_varnames[1 : test.__code__.co_argcount]
    if {"bench", "paged_bench"} & set(parameters):
        arguments[parameters[0]] = tests._open({})
    elif "empty_bench" in parameters:
        arguments["empty_bench"] = bench_module.Bench("post", {})
    test(**arguments)


@pytest.mark.parametrize("name", [name for name in dir(FileContract) if name.startswith("test_")])
def test_an_app_that_works_passes(plugin, name):
    run(name, **({"share": 0.3} if "truncated" in name else {}))


def without_checkpoints(plugin):
    plugin.changed = lambda site, cursors: iter(())


def of_files(plugin):
    """Let ids depend on the file, so that a document of two files is two."""
    plugin.rows = lambda file, content: [
        (f"{file.name}-{number}", party, amount)
        for number, party, amount in Post.rows(plugin, file, content)
    ]


def one_id_less(plugin):
    plugin.ids = lambda file, content: Post.ids(plugin, file, content)[1:]


def without_refusals(plugin):
    plugin.rows = lambda file, content: [
        tuple(line.split(";" if b";" in content else ","))
        for line in content.decode().splitlines()
        if not line.startswith("No,")
    ]


NAMES_DOCUMENTS = "test_hub_file_names_the_documents_that_are_read_from_a_file"
SUGGESTS = "test_each_required_column_of_a_table_has_a_suggestion"


@pytest.mark.parametrize(
    ("change", "name", "arguments", "words"),
    [
        (
            without_checkpoints,
            NAMES_DOCUMENTS,
            {},
            "names 2 documents of a.txt, and hub_documents reads 0; different are T-1, T-2. Take",
        ),
        (one_id_less, NAMES_DOCUMENTS, {}, "names 1 documents of a.txt, and hub_documents reads 2"),
        (
            of_files,
            "test_a_file_received_twice_yields_each_document_once",
            {},
            "other documents, such as again-a.txt-T-1, .* Make the ids of what the document says",
        ),
        (
            lambda plugin: setattr(plugin, "suggestions", {"number": "No"}),
            SUGGESTS,
            {},
            "suggests None for the field party of b.csv, whose columns are No, Party, Sum. Suggest",
        ),
        (
            lambda plugin: setattr(plugin, "suggestions", COLUMNS | {"sum": "Total"}),
            SUGGESTS,
            {},
            "suggests 'Total' for the field sum of b.csv",
        ),
        (
            without_refusals,
            "test_a_truncated_file_is_read_or_refused",
            {"share": 0.3},
            "hub_file of post, for .* bytes, raised ValueError: .*, not Refused.",
        ),
        (
            without_refusals,
            "test_a_file_with_a_wrong_suffix_is_read_or_refused",
            {},
            "hub_file of post, for .* bytes, raised .*, not Refused.",
        ),
        (
            lambda plugin: setattr(plugin, "content", b""),
            "test_every_attachment_can_be_opened",
            {},
            "returned b''. It must return the bytes of the file",
        ),
    ],
)
def test_an_app_that_does_not_work_is_refused(plugin, change, name, arguments, words):
    change(plugin)
    with pytest.raises(pytest.fail.Exception, match=words):
        run(name, **arguments)


class TestAnExampleWithoutADocument:
    @pytest.fixture(autouse=True)
    def _accept_notes(self, plugin):
        """Let the plugin accept a note, which has no document."""
        plugin.rows = lambda file, content: (
            [] if file.name == "note.txt" else Post.rows(plugin, file, content)
        )

    def run(self, accompanying=None):
        files = {"a.txt": LINES, "note.txt": b"A note.\n"}
        run(NAMES_DOCUMENTS, files=files, accompanying=accompanying)

    def test_it_needs_a_reason(self):
        words = r"has found no document in note\.txt\. .* accompanying={name: reason}"
        with pytest.raises(pytest.fail.Exception, match=words):
            self.run()
        self.run(accompanying={"note.txt": "It is attached to T-1."})

    @pytest.mark.parametrize(
        ("accompanying", "words"),
        [
            ({"note.txt": " "}, "needs a reason for note.txt"),
            (
                {"note.txt": "It is attached.", "a.txt": "It too."},
                "has found documents in a.txt: remove it from accompanying",
            ),
            (
                {"notes.txt": "It is attached."},
                "accompanying names notes.txt: it may name a.txt, note.txt",
            ),
        ],
    )
    def test_a_reason_that_does_not_hold_fails(self, accompanying, words):
        with pytest.raises(AssertionError, match=words):
            self.run(accompanying)


def test_each_suffix_needs_an_example(plugin):
    with pytest.raises(
        pytest.fail.Exception, match=r"end in \.txt, \.csv, .* examples end in \.txt"
    ):
        run("test_each_accepted_suffix_has_an_example", files={"a.txt": LINES})
