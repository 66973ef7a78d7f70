"""The code in the how-to guides runs, on the plugin of the tutorial or the kit's stand-in."""

import datetime as dt
import hashlib
import hmac
import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from inspect import signature
from pathlib import Path
from types import MappingProxyType, ModuleType, SimpleNamespace

import pytest
from click.testing import CliRunner

from hub import (
    ApiClient,
    App,
    Attachment,
    Checkpoint,
    ClientCredentials,
    Code,
    Document,
    FileKinds,
    Gone,
    NeedsAttention,
    Receipt,
    Refused,
    Retry,
    Signal,
    Unreadable,
    hookimpl,
    read_lists,
)
from hub.cli import main
from hub.contract import settings_schema
from hub.contract.registry import Plugins
from hub.testing import bench as bench_module
from hub.testing.bench import URL, Bench, SecretsInMemory, open_http
from hub.testing.clock import FakeClock
from hub.testing.fakes.stand_in import open_stand_in
from hub.testing.file_contract import FileContract, file_contract
from hub.web.serving import server
from qbo_sandbox.kit import RowSource, Tokens, basic_of, bearer_of, json_of, send_request
from tests.support.sources.guide_plugin import guide_plugin, install

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
GUIDES = sorted((DOCS / "how-to").glob("*.md"))
# The guides with code, each with the number of its blocks; a test below runs each of them.
GUIDES_WITH_CODE = {
    "attachments.md": 2,
    "authentication-and-rates.md": 8,
    "deletions.md": 5,
    "dimensions.md": 3,
    "files.md": 3,
    "paging.md": 12,
    "reporting-back.md": 3,
    "settings.md": 1,
    "testing.md": 1,
    "trying.md": 1,
    "webhooks.md": 3,
}
SECRET = "shared"


@pytest.fixture(autouse=True)
def tutorial(tmp_path, monkeypatch):
    """Let the plugin of the tutorial be imported under its own name; return its module."""
    for place, text in guide_plugin("shed").items():
        file = tmp_path / place
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("hub_shed")
    for name in [name for name in sys.modules if name.partition(".")[0] == "hub_shed"]:
        del sys.modules[name]


@pytest.fixture
def bench(tutorial):
    """Return the plugin of the tutorial on its stand-in."""
    return Bench("shed", plugins=Plugins.load([tutorial], installed=False))


def blocks(page):
    """Return the Python code on a page below docs/, block by block."""
    return BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))


def names_of(page, index=0):
    """Run a block of a page; return the names that it defines."""
    names = {}
    exec(blocks(page)[index], names)
    return names


class ChangedRentals:
    """A source of which each reader asks in its own way; pages have two rows."""

    def __init__(self, *rows):
        self.rows = list(rows)
        self.moments = []
        self.api = self
        self.date = "2026-03-03T09:00:00Z"

    def pages(self, path, updated_since):
        self.moments.append(updated_since)
        yield self._changed(updated_since)

    def get(self, path, page=1, updated_since=None, ids="", cursor=None):
        if ids:
            return {"rows": [row for row in reversed(self.rows) if row["id"] in ids.split(",")]}
        number = int((cursor or path).partition("?")[2] or page)
        rows = self._changed(updated_since or "")
        following = rows[number * 2 :]
        return {
            "rows": rows[number * 2 - 2 : number * 2],
            "pages": -(-len(rows) // 2),
            "next": f"/rentals?{number + 1}" if following else None,
            "more": bool(following),
        }

    def _changed(self, since):
        rows = [row for row in self.rows if row["updated"] >= since]
        return sorted(rows, key=lambda row: row["updated"])


def rental(n, updated):
    """Return a row of the tutorial's stand-in, with the moment of its last change."""
    from hub_shed.sandbox import rental

    return {**rental(n), "updated": updated}


def without_id(n):
    """Return such a row to which the source gave no id."""
    row = rental(n, "2026-03-02T10:00:00Z")
    return {name: value for name, value in row.items() if name != "id"}


def ids(items, type):
    return [item.source_id for item in items if isinstance(item, type)]


def test_every_guide_says_first_when_to_read_it():
    assert len(GUIDES) >= 10
    for guide in GUIDES:
        title, sentence = guide.read_text().split("\n\n")[:2]
        assert title.startswith("# ")
        assert sentence.startswith("Read this when ")
        assert sentence.endswith(".")


def test_every_guide_is_listed_on_the_entry_page():
    entry = (DOCS / "write-a-plugin.md").read_text()
    assert [guide.name for guide in GUIDES if f"(how-to/{guide.name})" not in entry] == []


def test_every_block_of_a_guide_is_run_here():
    counts = {guide.name: len(blocks(f"how-to/{guide.name}")) for guide in GUIDES}
    assert {name: count for name, count in counts.items() if count} == GUIDES_WITH_CODE


def test_every_block_of_the_tutorial_belongs_to_the_plugin_that_the_tests_install():
    page = (DOCS / "tutorial.md").read_text()
    assert len(re.findall(r"^```\w+$", page, re.MULTILINE)) == len(guide_plugin("shed"))


def site_at(wsgi, **secrets):
    """Return a site whose source is a WSGI application."""
    app = App(
        slug="shed",
        name="Shed",
        summary="Rentals",
        posts=("bill",),
        settings=dict,
        hosts=("{base_url}",),
    )
    settings = {"base_url": URL, "client_id": "client", "username": "me"}
    return SimpleNamespace(
        settings=settings,
        secrets=SecretsInMemory(client_secret="secret", **secrets),
        http=open_http(app, settings, wsgi, FakeClock()),
        now=dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC),
    )


class ClosedShed(RowSource):
    """A source that names in each answer how it was let in."""

    name = "shed"
    rate = "100/s"

    def __init__(self):
        super().__init__(None, [{"id": "r1", "updated_at": "2026-03-02T10:00:00Z"}])
        self.tokens = Tokens.of_client(
            self.clock, "client", "secret", "first", rotate=True, authorization_code="signed in"
        )

    def answer(self, environ, method, path):
        if path == ["login"]:
            assert json_of(environ) == {"user": "me", "password": "pass"}
            return 200, {"session": self.tokens.issue("session")}
        if path == ["oauth", "token"]:
            return self.tokens.answer(environ)
        holder = self.tokens.holder(environ)
        access = {
            "bearer": bearer_of(environ) if holder is None else "",
            "basic": ":".join(basic_of(environ)),
            "key": environ.get("HTTP_X_KEY", ""),
            "holder": holder.subject if holder else "",
        }
        used = {name: value for name, value in access.items() if value.strip(":")}
        if used.get("bearer", "").startswith("stand-in-token-"):
            return 401, {}
        if method == "PUT":
            self.store({**self.rows[path[1]], "books": json_of(environ)})
        return (200, used) if path[1] in self.rows else (404, {})


def test_the_client_finds_rows_and_writes_to_them():
    source = ClosedShed()
    shed = names_of("how-to/authentication-and-rates.md")["Shed"](site_at(source.wsgi, token="T"))
    assert shed.rental("r1") == {"bearer": "T"}
    assert shed.rental("r2") is None
    shed.write_state("r1", "posted")
    assert source.rows["r1"]["books"] == {"state": "posted"}


@pytest.mark.parametrize(
    ("name", "access"),
    [
        ("with_a_token_that_a_person_enters", {"bearer": "T"}),
        ("with_a_name_and_a_password", {"basic": "me:pass"}),
        ("with_a_key_in_a_header", {"key": "K"}),
        ("with_client_credentials", {"holder": "client"}),
        ("with_a_refresh_token", {"holder": "client"}),
    ],
)
def test_each_way_of_access_lets_the_client_in(name, access):
    site = site_at(ClosedShed().wsgi, token="T", password="pass", key="K", refresh_token="first")
    client = names_of("how-to/authentication-and-rates.md", 1)[name](site)
    assert [client.get("/rentals/r1") for _ in range(2)] == [access, access]


def test_a_choice_of_the_admin_is_the_policy_of_a_field(tutorial):
    names = names_of("how-to/settings.md")
    (app,) = tutorial.hub_apps()
    plugin = ModuleType("hub_settings_guide")
    plugin.hub_apps = hookimpl(lambda: [replace(app, settings=names["Settings"], wants=())])
    plugin.hub_fields = hookimpl(lambda app: [names["OWNER"]])
    plugin.hub_documents = tutorial.hub_documents
    plugins = Plugins.load([plugin], installed=False)
    schema = settings_schema.get_schema(plugins.apps["shed"])
    answers = schema.load({"base_url": "https://shed.example", "key": "k"})
    assert (answers["owners"], answers["payable_account"]) == ("hold", "")
    assert names["OWNER"].missing == "{owners}"


def test_a_sign_in_in_the_browser_lets_the_client_in_until_its_access_ends():
    source = ClosedShed()
    names = names_of("how-to/authentication-and-rates.md", 2)
    assert {"client_id", "client_secret", "authorization_code"} < names["Settings"]().fields.keys()
    site = site_at(source.wsgi, authorization_code="signed in")
    for _ in range(3):
        assert names["with_a_sign_in"](site).get("/rentals/r1") == {"holder": "client"}
        source.clock.advance(7200)
    source.tokens.revoke("client")
    with pytest.raises(NeedsAttention):
        names["with_a_sign_in"](site).get("/rentals/r1")


def test_the_access_to_a_source_without_an_account_is_checked_with_a_list(bench):
    hub_check = names_of("how-to/authentication-and-rates.md", 3)["hub_check"]
    assert hub_check("shed", bench.site).id == URL
    bench.set(key="wrong")
    with pytest.raises(NeedsAttention):
        hub_check("shed", bench.site)


class SharedHost(RowSource):
    """A host with two administrations, whose rentals have the same ids."""

    name = "shed"
    rate = "100/s"
    administrations = ({"id": 7, "name": "North"}, {"id": 8, "name": "South"})

    def answer(self, environ, method, path):
        if path == ["api", "v2", "administrations.json"]:
            return 200, list(self.administrations)
        return 200, {"path": path}


def test_an_admin_chooses_one_of_the_administrations_of_a_host():
    names = names_of("how-to/authentication-and-rates.md", 4)
    site = site_at(SharedHost(None, []).wsgi, token="T")
    site.settings["administration"] = ""
    codes = names["hub_codes"]("shed", site, "administration")
    assert codes == [Code(id="7", name="North"), Code(id="8", name="South")]
    with pytest.raises(Refused, match="Choose one of the administrations: North, South"):
        names["hub_check"]("shed", site)
    tenants = []
    for code in codes:
        site.settings["administration"] = code.id
        tenants.append(names["hub_check"]("shed", site))
        answer = names["Shed"](site).api.get("/rentals/r1")
        assert answer == {"path": ["api", "v2", code.id, "rentals", "r1"]}
    assert [tenant.name for tenant in tenants] == ["North", "South"]
    assert tenants[0].id != tenants[1].id


def test_the_setting_for_an_administration_may_be_left_out():
    schema = names_of("how-to/authentication-and-rates.md", 4)["Settings"]()
    assert schema.load({"base_url": URL, "token": "T"})["administration"] == ""


def test_a_client_that_logs_in_does_so_once_and_again_when_its_session_has_ended():
    source = ClosedShed()
    site = site_at(source.wsgi, password="pass")
    shed = names_of("how-to/authentication-and-rates.md", 5)["Shed"](site)
    assert shed.api.get("/rentals/r1") == {"holder": "session"}
    first = dict(site.secrets)
    assert shed.api.get("/rentals/r1") == {"holder": "session"}
    assert dict(site.secrets) == first
    source.clock.advance(3601)
    assert shed.api.get("/rentals/r1") == {"holder": "session"}
    assert dict(site.secrets) != first


class ShedInXml(RowSource):
    """A source that answers XML, or as another server that has taken its place."""

    name, rate = "shed", "100/15s"
    lists = MappingProxyType({"/rentals": ""})
    access = MappingProxyType({"key": "shed-key"})
    other_server = None

    def answer(self, environ, method, path):
        if self.other_server:
            return self.other_server
        status, body, *_ = super().answer(environ, method, path)
        if status == 404:
            return status, ("application/xml", b"<error>There is no such rental.</error>")
        return status, ("application/xml", self.write(body))

    def page(self, environ, rows):
        return rows

    def write(self, body):
        if isinstance(body, dict):
            return f"<rental id='{body['id']}'><total>{body['total']}</total></rental>".encode()
        rows = b"".join(map(self.write, body))
        return b"<rentals next='end' more='false'>" + rows + b"</rentals>"


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("body", [b"<html><h1>Sign in</h1></html>", b"<rentals><rental id='1'"])
def test_a_source_that_answers_xml_is_read_and_another_server_is_not(status, body):
    stand_in = ShedInXml(None, [{"id": "1", "total": "7.50"}, {"id": "2", "total": "8.50"}])
    shed = names_of("how-to/authentication-and-rates.md", 6)["Shed"](
        site_at(stand_in.wsgi, **stand_in.access)
    )

    def read(row):
        return Document(kind="vendor", source_id=row.get("id"), memo=row.findtext("total"))

    def read_all(ids=()):
        site = SimpleNamespace(today=dt.date(2026, 3, 1))
        items = read_lists([shed.rentals(read)], site, {}, ids, reason="Shed no longer has it.")
        return [item for item in items if not isinstance(item, Checkpoint)]

    assert [item.memo for item in read_all()] == ["7.50", "8.50"]
    first, missing = read_all(["1", "9"])
    assert (first.memo, type(missing)) == ("7.50", Gone)
    stand_in.other_server = status, ("text/html", body)
    for reading in (["1"], ()):
        with pytest.raises((Retry, Refused)):
            read_all(reading)


class ShedInGraph(RowSource):
    """A source with one address, which answers errors with the status 200."""

    name, rate = "shed", "100/15s"
    error = None

    def __init__(self, rows):
        super().__init__(None, rows)
        self.tokens = Tokens(self.clock, {"client": "secret"}, lifetime=1800)

    def answer(self, environ, method, path):
        if path == ["oauth", "token"]:
            return self.tokens.answer(environ)
        assert (method, path) == ("POST", ["graphql"])
        if self.tokens.holder(environ) is None:
            return 200, {"errors": [{"code": "UNAUTHENTICATED", "message": "It has expired."}]}
        call = json_of(environ)
        variables = call["variables"]
        if self.error:
            return 200, {"data": {"rental": None}, "errors": [self.error]}
        if "rentals(" in call["query"]:
            rows, cursor, more = self.rows.page_after(variables.get("after") or "", 2)
            info = {"endCursor": cursor, "hasNextPage": more}
            return 200, {"data": {"rentals": {"nodes": rows, "pageInfo": info}}}
        row = self.rows.find(variables["id"])
        if row is None:
            return 200, {"data": {"rental": None}, "errors": [{"code": "NOT_FOUND"}]}
        return 200, {"data": {"rental": row}}


def test_a_source_with_one_address_and_errors_in_its_answers_is_read():
    stand_in = ShedInGraph([{"id": f"r{n}"} for n in (1, 2, 3)])
    shed = names_of("how-to/authentication-and-rates.md", 7)["Shed"](site_at(stand_in.wsgi))
    for _ in range(2):
        pages = [(len(rows), bool(after)) for rows, after in shed.pages("", "")]
        assert pages == [(2, True), (1, False)]
        found = [row and row["id"] for row in shed.find(["r2", "r9"])]
        assert found == ["r2", None]
        stand_in.clock.advance(1801)
    for code, error in (
        ("FORBIDDEN", NeedsAttention),
        ("LOCKED", Refused),
        ("THROTTLED", Retry),
        ("INTERNAL", Retry),
        ("UNAUTHENTICATED", NeedsAttention),
    ):
        stand_in.error = {"code": code, "message": "No."}
        with pytest.raises(error):
            list(shed.find(["r1"]))


class ShedWithFiles(RowSource):
    """A source with files at an address of their own, and at a signed one."""

    name, rate = "shed", "100/15s"
    lists = MappingProxyType({"/rentals": ""})
    access = MappingProxyType({"client_id": "client", "client_secret": "secret"})
    token_path, open_paths = "/oauth/token", ("/store",)

    def answer(self, environ, method, path):
        if path[0] == "store":
            assert not bearer_of(environ)
            return 200, ("application/pdf", b"stored")
        if path[2:] == ["files", "f1"]:
            return 200, ("application/pdf", b"direct")
        return super().answer(environ, method, path)


def file(id):
    """Return a file of a rental."""
    return Attachment(id=id, name=f"{id}.pdf", mime="application/pdf")


@pytest.mark.parametrize(("index", "content"), [(0, b"direct"), (1, b"stored")])
def test_a_file_is_opened_at_its_address(monkeypatch, tutorial, index, content):
    rows = [{"id": "r1", "files": [{"id": "f1", "url": f"{URL}/store/f1?signature=s"}]}]
    site = site_at(ShedWithFiles(rows=rows, folder=None).wsgi)
    api = ApiClient(site, "Shed", tokens=ClientCredentials(site, "Shed"))
    shed = SimpleNamespace(api=api, find=api.find)
    monkeypatch.setattr(tutorial, "Shed", lambda site: shed)
    hook = names_of("how-to/attachments.md", index)["hub_attachment"]
    document = Document(kind="bill", source_id="r1")
    assert hook("shed", site, document, file("f1")) == content
    if index:
        with pytest.raises(Refused):
            hook("shed", site, document, file("f2"))


def test_the_larger_stand_in_of_the_kit_answers_a_client(tmp_path):
    (tmp_path / "hub_shed" / "templates").mkdir()  # the pages of the kit's stand-in expect it
    stand_in = names_of("stand-in.md")["Shed"]({"r1": {"id": "r1"}})
    site = site_at(stand_in.wsgi)
    api = ApiClient(site, "Shed", tokens=ClientCredentials(site, "Shed"))
    assert api.get("/v1/rentals/r1") == {"id": "r1"}


def test_the_pages_of_the_guide_are_those_of_the_tutorial(bench, tutorial):
    shed = tutorial.Shed(bench.site)
    pages = list(names_of("how-to/paging.md")["rentals"](shed, None))
    assert [len(rows) for rows, _ in pages] == [25, 15]
    assert pages == list(shed.pages("/rentals", None))


def test_several_lists_are_read_each_with_its_cursor_its_deletions_and_its_ids(bench):
    source = ChangedRentals(rental(1, "2026-03-02T11:00:00Z"), rental(2, "2026-03-02T12:00:00Z"))
    rentals = names_of("how-to/paging.md", 3)["rentals"]
    source.pages = lambda path, since, page: rentals(source, since, page)
    source.row_finder = lambda path: lambda ids: [row for row in source.rows if row["id"] in ids]
    iter_documents = names_of("how-to/paging.md", 6)["iter_documents"]

    def read(name, row):
        return Document(kind="vendor", source_id=f"{name}:{row['id']}")

    def run(cursors, ids_to_read=(), day=1):
        site = replace(bench.site, today=dt.date(2026, 3, day))
        items = list(iter_documents(source, site, cursors, ids_to_read, read))
        ends = {item.stream: item.cursor for item in items if isinstance(item, Checkpoint)}
        return items, ends

    items, ends = run({})
    every = ["rental:r1", "rental:r2", "payment:r1", "payment:r2"]
    assert ids(items, Document) == every
    assert set(ends) == {"rental:", "payment:", "rental:deletions", "payment:deletions"}
    source.rows.pop()
    items, _ = run(ends, day=2)
    assert (ids(items, Document), ids(items, Gone)) == ([], ["rental:r2", "payment:r2"])
    items, _ = run({}, ["payment:r1", "rental:r9", "other:r1"])
    assert ids(items, Document) == ["payment:r1"]
    assert ids(items, Gone) == ["rental:r9", "other:r1"]


def test_a_source_with_envelopes_and_times_in_seconds_is_read(bench):
    rows = [
        {"id": "1", "type": "rental", "owner": "Bolt", "bill": "", "is_deleted": False},
        {"id": "2", "type": "rental", "owner": "North", "bill": "", "is_deleted": False},
        {"id": "3", "type": "payment", "is_deleted": False},
    ]
    stand_in = names_of("how-to/testing.md")["StandIn"](None, rows)
    api = ApiClient(site_at(stand_in.wsgi), "Shed", headers={"X-Key": "shed-key"})

    def read(row):
        source_id = f"rental:{row['id']}"
        if row["is_deleted"]:
            return Gone(source_id=source_id, reason="It was deleted in Shed.")
        return Document(kind="vendor", source_id=source_id, memo=row["owner"])

    rentals = names_of("how-to/paging.md", 7)["describe"](api, "/rentals", "rental:", read)

    def run(cursors, ids_to_read=()):
        items = list(read_lists([rentals], bench.site, cursors, ids_to_read, reason="Gone."))
        return items, {item.stream: item.cursor for item in items if isinstance(item, Checkpoint)}

    items, ends = run({})
    assert [item.memo for item in items if isinstance(item, Document)] == ["Bolt", "North"]
    assert ids(run(ends)[0], Document) == []
    api.call("PUT", "/rentals/1", json={"bill": "N-1"}).check()
    form = "application/x-www-form-urlencoded"
    send_request(stand_in.wsgi, "POST", "/2/edit", "delete=yes", content_type=form)
    items, _ = run(ends)
    assert (ids(items, Document), ids(items, Gone)) == (["rental:1"], ["rental:2"])
    items, _ = run({}, ["rental:3", "rental:1"])
    assert (ids(items, Document), ids(items, Gone)) == (["rental:1"], ["rental:3"])


def test_links_in_a_header_are_followed():
    rows = [{"id": f"r{n}"} for n in range(60)]
    stand_in = names_of("stand-in.md", 1)["StandIn"](None, rows)
    api = ApiClient(site_at(stand_in.wsgi), "Shed")
    rentals = names_of("how-to/paging.md", 4)["rentals"]
    pages = list(rentals(api, "", ""))
    assert [len(page) for page, _ in pages] == [25, 25, 10]
    assert [row["id"] for page, _ in pages for row in page] == [row["id"] for row in rows]
    moment = stand_in.rows["r59"]["updated_at"]
    (last,) = rentals(api, moment, "")
    assert ([row["id"] for row in last[0]], last[1]) == (["r59"], "")


@pytest.mark.parametrize(
    "index", [1, 2, 3, 5], ids=["numbers", "links", "cursors of pages", "in order"]
)
def test_rows_changed_since_a_moment_are_read_once(index):
    source = ChangedRentals(*[rental(n, f"2026-03-02T1{n}:00:00Z") for n in range(1, 6)])
    rentals = names_of("how-to/paging.md", index)["rentals"]
    source.rentals = lambda since, page: rentals(source, since, page)
    iter_changes = names_of("how-to/paging.md", 8)["iter_changes"]
    first = list(iter_changes(source, ""))
    assert ids(first, Document) == ["r1", "r2", "r3", "r4", "r5"]
    assert len([item for item in first if isinstance(item, Checkpoint)]) >= 3
    source.rows.append(rental(6, "2026-03-02T15:00:00Z"))
    assert ids(iter_changes(source, first[-1].cursor), Document) == ["r6"]


def test_a_cursor_of_changes_can_be_used_directly():
    source = ChangedRentals(rental(1, "2026-03-02T10:00:00Z"), rental(2, "2026-03-02T11:00:00Z"))
    iter_changes = names_of("how-to/paging.md", 9)["iter_changes"]
    first = list(iter_changes(source, ""))
    assert ids(first, Document) == ["r1", "r2"]
    source.rows.append(rental(3, "2026-03-02T11:00:00Z"))
    assert ids(iter_changes(source, first[-1].cursor), Document) == ["r3"]
    assert source.moments == ["", "2026-03-02T10:58:00.000Z"]


@pytest.mark.parametrize("index", [8, 9], ids=["read_changes", "a cursor of changes"])
def test_a_rental_without_an_id_stops_no_other(index):
    source = ChangedRentals(without_id(1), rental(2, "2026-03-02T11:00:00Z"))
    source.rentals = lambda since, page: [(source._changed(since), "")]
    items = list(names_of("how-to/paging.md", index)["iter_changes"](source, ""))
    assert (ids(items, Unreadable), ids(items, Document)) == (["None"], ["r2"])


def test_single_rentals_are_read_in_the_order_of_their_ids():
    source = ChangedRentals(rental(1, "2026-03-02T10:00:00Z"), rental(2, "2026-03-02T11:00:00Z"))
    items = list(names_of("how-to/paging.md", 10)["read_rentals"](source, ["r1", "r9", "r2"]))
    assert ids(items, Document) == ["r1", "r2"]
    assert items[1] == Gone(source_id="r9", reason="Shed no longer has it.")


def test_a_rental_that_is_missing_is_reported_once_a_day(tutorial):
    hub_documents = names_of("how-to/deletions.md")["hub_documents"]
    plugins = Plugins.load([tutorial], installed=False)
    cursors = {}

    def run(day, documents):
        bench = Bench("shed", plugins=plugins, documents=documents)
        site = replace(bench.site, today=dt.date(2026, 3, day))
        items = list(hub_documents("shed", site, cursors, ()))
        cursors.update({item.stream: item.cursor for item in items if isinstance(item, Checkpoint)})
        return [(item.source_id, item.inferred) for item in items if isinstance(item, Gone)]

    assert ("r40", True) not in run(2, 40)
    assert run(2, 39) == []
    assert run(3, 39) == [("r40", True)]
    single, missing = hub_documents("shed", Bench("shed", plugins=plugins).site, {}, ["r1", "r41"])
    assert single.source_id == "r1"
    assert missing == Gone(source_id="r41", reason="Shed no longer has it.")


def test_a_comparison_of_ids_takes_rows_without_one():
    rows = [without_id(1), rental(2, "")]
    shed = SimpleNamespace(pages=lambda path, cursor: [(rows, "end")])
    names = names_of("how-to/deletions.md")
    items = list(names["iter_changes"](shed, ""))
    assert (ids(items, Unreadable), ids(items, Document)) == (["None"], ["r2"])
    assert list(names["present_ids"](shed)) == ["None", "r2"]
    read_deletion = names_of("how-to/deletions.md", 2)["read_deletion"]
    assert read_deletion(without_id(1)).source_id == "None"


class ShedOfLists:
    """A source whose lists are kept by their paths; a list has open rows unless all are asked."""

    def __init__(self, **lists):
        self.lists = lists
        self.api = self
        self.date = "2026-03-03T09:00:00Z"
        self.readings = 0

    def pages(self, path, since, page, state="open"):
        self.readings += 1
        for row in self.lists[path.strip("/")]:
            is_new = row.get("updated", row.get("deleted_at")) >= since
            if is_new and (state == "all" or row.get("returned", True)):
                yield [row], ""

    def row_finder(self, path):
        rows = self.lists[path.strip("/")]
        return lambda ids: [row for row in rows if row["id"] in ids]


def closing(source, iter_documents, site, read):
    """Return a function that reads a source from the cursors of its last call on."""
    cursors = {}

    def run(day, ids_to_read=(), forget=False):
        if forget:
            deletion_cursors = {
                name: text for name, text in cursors.items() if name.endswith("deletions")
            }
            cursors.clear()
            cursors.update(deletion_cursors)
        there = replace(site, today=dt.date(2026, 3, day))
        items = list(iter_documents(source, there, cursors, ids_to_read, read))
        if not ids_to_read:
            ends = {item.stream: item.cursor for item in items if isinstance(item, Checkpoint)}
            cursors.update(ends)
        return ids(items, Document), ids(items, Gone)

    return run


def vendor(row):
    return Document(kind="vendor", source_id=row["id"])


def test_single_documents_are_looked_for_in_a_list_that_has_all_states(bench):
    rows = [rental(n, "2026-03-02T10:00:00Z") for n in range(6, 9)]
    assert [row["returned"] for row in rows] == [True, False, True]
    source = ShedOfLists(rentals=rows)
    iter_documents = names_of("how-to/paging.md", 11)["iter_documents"]
    run = closing(source, iter_documents, bench.site, vendor)
    assert run(1) == (["r6", "r7", "r8"], [])
    source.readings = 0
    assert run(1, ["r8", "r7", "r1"]) == (["r8", "r7"], ["r1"])
    assert source.readings == 1
    rows.pop()
    assert run(2) == ([], ["r8"])


def test_a_rental_that_stays_in_the_list_with_a_mark_is_gone():
    read = names_of("how-to/deletions.md", 1)["read"]
    row = rental(1, "2026-03-02T10:00:00Z")
    assert read({**row, "is_deleted": False}).kind == "bill"
    assert read({**row, "is_deleted": True}) == Gone(
        source_id="r1", reason="It was deleted in Shed."
    )


def test_a_part_that_its_row_has_lost_is_gone(bench):
    names = names_of("how-to/deletions.md", 4)
    row = {**rental(1, ""), "deposits": [{"id": 31}, {"id": 32}]}
    rentals = {row["id"]: row, "none": without_id(2)}
    shed = SimpleNamespace(
        pages=lambda path, cursor: [(list(rentals.values()), "end")],
        find=lambda path: rentals.get(path.removeprefix("/rentals/")),
    )

    def read_deposit(row, deposit):
        return Document(kind="payment", source_id=f"deposit:{row['id']}-{deposit['id']}")

    first = list(names["iter_changes"](shed, {}, read_deposit))
    assert ids(first, Document) == ["r1", "deposit:r1-31", "deposit:r1-32"]
    assert ids(first, Unreadable) == ["None"]
    stored, end = (item for item in first if isinstance(item, Checkpoint))
    assert (stored.stream, end.stream) == ("deposit deletions", "")
    del row["deposits"][0]
    later = list(names["iter_changes"](shed, {stored.stream: stored.cursor}, read_deposit))
    assert ids(later, Gone) == ["deposit:r1-31"]
    row["deposits"].insert(0, {"amount": "5.00"})
    for deposits in ({"deposits": row["deposits"]}, {}):  # one without an id, and none stated
        rentals["r1"] = {**rental(1, ""), **deposits}
        again = list(names["iter_changes"](shed, {stored.stream: stored.cursor}, read_deposit))
        assert (ids(again, Gone), ids(again, Document)[0]) == ([], "r1")
    rentals["r1"] = row
    for id, type in (("deposit:r1-32", Document), ("deposit:r1-31", Gone), ("deposit:r9-1", Gone)):
        item = names["find_deposit"](shed, id, read_deposit)
        assert (item.source_id, isinstance(item, type)) == (id, True)


def test_deletions_at_an_address_of_their_own_are_read_once_also_if_all_is_read_again(bench):
    source = ShedOfLists(
        rentals=[rental(1, "2026-03-02T10:00:00Z"), rental(2, "2026-03-02T10:00:00Z")],
        deleted=[{"id": "r9", "deleted_at": "2026-03-01T10:00:00Z"}],
    )
    iter_documents = names_of("how-to/deletions.md", 2)["iter_documents"]
    run = closing(source, iter_documents, bench.site, vendor)
    assert run(1) == (["r1", "r2"], ["r9"])
    assert run(1) == ([], [])
    source.lists["rentals"].pop()
    source.lists["deleted"].append({"id": "r2", "deleted_at": "2026-03-02T12:00:00Z"})
    assert run(1, ["r2", "r1"]) == (["r1"], ["r2"])
    assert run(1, forget=True) == (["r1"], ["r2"])
    assert run(1) == ([], [])


class ShedOfChanges:
    """A source with a feed: rows with their types, and of what was deleted only the id."""

    def __init__(self, *rows):
        self.rows = {row["id"]: row for row in rows}
        self.entries = list(rows)
        self.api = self

    def get(self, path, after):
        start = int(after or 0)
        rows = self.entries[start : start + 2]
        end = start + len(rows)
        return {"rows": rows, "next": str(end), "more": end < len(self.entries)}

    def find(self, path):
        return next((row for row in self.rows.values() if path == self._path_of(row)), None)

    def delete(self, id):
        self.entries.append({"id": self.rows.pop(id)["id"]})

    def restore(self, row):
        self.rows[row["id"]] = row
        self.entries.append(row)

    def _path_of(self, row):
        return f"/{row['type']}s/{row['id']}"


def test_an_entry_of_a_feed_that_is_only_an_id_is_a_deletion(bench):
    rows = [{"id": str(n), "type": type} for n, type in enumerate(["rental", "payment"] * 2)]
    source = ShedOfChanges(*rows)
    run = closing(
        source,
        names_of("how-to/deletions.md", 3)["iter_documents"],
        bench.site,
        lambda row: Document(kind="vendor", source_id=f"{row['type']}:{row['id']}"),
    )
    assert run(1) == (["rental:0", "payment:1", "rental:2", "payment:3"], [])
    assert run(1) == ([], [])
    source.delete("1")
    assert run(1) == ([], ["rental:1", "payment:1"])
    assert run(1, ["payment:1", "rental:2"]) == (["rental:2"], ["payment:1"])
    source.delete("2")
    source.restore(rows[2])
    documents, gone = run(1)
    assert (documents, "rental:2" in gone) == (["rental:2"], True)
    assert run(1, ["rental:2"]) == (["rental:2"], [])
    documents, gone = run(2, forget=True)
    assert set(documents) == {"rental:0", "payment:1", "rental:2", "payment:3"}
    assert {"rental:1", "payment:1"} <= set(gone)


class NotedRentals:
    """A client that keeps what it was to write."""

    def __init__(self):
        self.written = []
        self.notes = []

    def put(self, path, body):
        self.written.append((path, body))

    def get(self, path):
        return {"notes": self.notes}

    def post(self, path, body):
        self.notes.append(body)


@pytest.mark.parametrize("index", [0, 1], ids=["state", "entry"])
def test_a_receipt_that_arrives_twice_is_in_the_source_once(bench, index):
    names = names_of("how-to/reporting-back.md", index)
    shed = NotedRentals()
    names["Shed"] = lambda site: shed
    document = bench.read(ids=["r1"])[0]
    receipt = Receipt(state="posted", at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC), id="51")
    for _ in range(2):
        names["hub_report"]("shed", bench.site, document, receipt)
    state = {"state": "posted", "bill": "51", "message": receipt.message}
    expected = [("/rentals/r1/books", state)] * 2
    assert (shed.written, shed.notes) == (
        (expected, []) if index == 0 else ([], [{"text": "Bill 51 is in QuickBooks."}])
    )


class UnreadableNotes:
    """A client of a source that takes notes and does not show them; it answers in turn."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.notes = []

    def call(self, method, path, *, json, answers):
        answer = self.answers.pop(0)
        if answer != 429:
            self.notes.append((path, json["text"]))
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(status=answer, check=lambda: None)


@pytest.mark.parametrize(
    "answers", [(200,), (429, 200), (Retry("lost"),)], ids=["taken", "too many calls", "lost"]
)
def test_an_entry_that_cannot_be_read_back_is_written_at_most_once(bench, answers):
    names = names_of("how-to/reporting-back.md", 2)
    shed = UnreadableNotes(*answers)
    names["Shed"] = lambda site: shed
    document = bench.read(ids=["r1"])[0]
    receipt = Receipt(state="posted", at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC), id="51")
    for _ in range(3):
        with suppress(Retry):
            names["hub_report"]("shed", bench.site, document, receipt)
    assert shed.notes == [("/rentals/r1/notes", "It is posted in QuickBooks.")]
    assert shed.answers == []


def test_the_source_gets_the_address_to_call_and_later_its_removal(bench):
    names = names_of("how-to/webhooks.md")
    shed = NotedRentals()
    names["Shed"] = lambda site: shed
    for on in (True, False):
        names["hub_subscribe"]("shed", bench.site, on)
    assert shed.written == [("/webhook", {"url": bench.webhook_url}), ("/webhook", {"url": None})]


def test_the_webhook_secret_is_one_of_the_secrets(bench):
    app = replace(bench.app, settings=names_of("how-to/webhooks.md", 1)["Settings"])
    assert settings_schema.list_secret_names(app) == {"key", "webhook_secret"}


def test_a_signed_call_names_its_rental_and_another_one_is_refused():
    webhook = names_of("how-to/webhooks.md", 2)["hub_webhook"]
    site = SimpleNamespace(secrets=SecretsInMemory(webhook_secret=SECRET))

    def call(body, secret=SECRET):
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return webhook("shed", site, {"X-Shed-Signature": signature}, body)

    assert call(b'{"topic": "rental", "id": "r7"}') == [Signal.read("r7")]
    assert call(b'{"topic": "owner", "id": "o1"}') == [Signal.collect()]
    with pytest.raises(Refused, match="the webhook secret in the settings of Shed"):
        call(b'{"topic": "rental", "id": "r7"}', secret="guess")


def test_a_list_of_the_source_names_the_codes_of_rows_and_is_read_once(bench):
    names = names_of("how-to/dimensions.md")
    shed = names["ShedWithLists"](bench.site)
    paths = []

    def get(path):
        paths.append(path)
        return [{"id": 503, "name": "Small tools", "number": "6100"}]

    shed.get = get
    account = Code(id="503", name="Small tools", number="6100")
    assert [shed.ledger_account(id) for id in (503, "503")] == [account, account]
    assert [shed.ledger_account(id) for id in (504, None)] == [Code(id="504"), None]
    assert paths == ["/ledger_accounts"]
    names["ShedWithLists"] = lambda site: shed
    assert names["hub_codes"]("shed", bench.site, "ledger_account") == [account]
    assert names["hub_codes"]("shed", bench.site, "owner") == []


def test_the_codes_of_a_source_without_lists_are_those_of_its_documents(bench):
    hub_codes = names_of("how-to/dimensions.md", 1)["hub_codes"]
    assert {code.id for code in hub_codes("shed", bench.site, "tool")} == {"Crane", "Drill", "Saw"}
    owners = {code.id for code in hub_codes("shed", bench.site, "owner")}
    assert owners == {"Bolt & Co", "North Tools"}


def test_an_owner_who_is_billed_in_two_currencies_is_created_once_for_each():
    names = names_of("how-to/dimensions.md", 2)
    row = {"owner_id": 7, "owner": "Bolt & Co", "owner_email": "a@example.com", "currency": "USD"}
    usual = names["owner_code"](row)
    other = names["owner_code"]({**row, "currency": "EUR"})
    assert names["OWNER"].missing == "create"
    assert [usual.id, other.id] == ["7:USD", "7:EUR"]
    assert [usual.create.name, other.create.name] == ["Bolt & Co", "Bolt & Co (EUR)"]
    assert [usual.create.currency, other.create.currency] == ["USD", "EUR"]


EXPORT = b"""supplier,number,date,currency,account,amount
Bolt & Co,F-1,2026-02-20,USD,6100,12.50
North Tools,F-1,2026-02-21,USD,6100,7.25
"""


@pytest.fixture
def exports(monkeypatch):
    """Return the bench of the plugin that reads exports with fixed columns."""
    plugin = ModuleType("hub_exports")
    vars(plugin).update(names_of("how-to/files.md"))
    plugins = Plugins.load([plugin], installed=False)
    monkeypatch.setattr(bench_module, "load_plugins", lambda: plugins)
    return Bench("exports")


@pytest.mark.parametrize("name", [name for name in dir(FileContract) if name.startswith("test_")])
def test_a_plugin_for_exports_with_fixed_columns_holds_to_the_contract(exports, name):
    suite = file_contract("exports", {"bills.csv": EXPORT})()
    test = getattr(suite, name)
    values = {"empty_bench": exports, "share": 0.7, "bench": suite._open({})}
    values["paged_bench"] = values["bench"]
    test(**{parameter: values[parameter] for parameter in signature(test).parameters})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b"supplier,number\nBolt & Co,F-1\n",
            "bills.csv needs rows with account, amount, currency",
        ),
        (b"", "bills.csv needs rows with account"),
        (EXPORT[:-6], "A line of bills.csv has too few or too many cells."),
        (EXPORT.replace(b"North Tools", b"Bolt & Co"), "a number for each bill, and each bill on"),
        (EXPORT.replace(b"Tools,F-1", b"Tools,"), "bills.csv needs a number for each bill, and"),
        ("æ".encode("latin-1"), "bills.csv is no CSV file in UTF-8."),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_a_sentence(exports, content, words):
    with pytest.raises(Refused, match=words):
        exports.receive("bills.csv", content)


def test_a_row_that_cannot_be_read_stops_no_other_row(exports):
    exports.receive("bills.csv", EXPORT.replace(b"7.25", b"n/a"))
    first, second, _ = exports.read()
    assert first.total == Decimal("12.50")
    assert second == Unreadable(source_id="North Tools:F-1", reason="“n/a” is not an amount.")


@pytest.fixture
def scanned_exports(monkeypatch):
    """Return the bench of the same plugin for exports that name scans, which are files too."""
    hub_exports = ModuleType("hub_exports")
    vars(hub_exports).update(names_of("how-to/files.md"))
    monkeypatch.setitem(sys.modules, "hub_exports", hub_exports)
    names = names_of("how-to/files.md")
    (app,) = names["hub_apps"]()
    bill = names["bill"]
    scan = Attachment(id="scan", name="scan.pdf", mime="application/pdf")
    files = FileKinds(suffixes=(".csv", ".pdf"))
    names |= names_of("how-to/files.md", 1)
    names["hub_apps"] = hookimpl(lambda: [replace(app, files=files)])
    names["bill"] = lambda row: replace(bill(row), attachments=(scan,))
    plugin = ModuleType("hub_scanned_exports")
    vars(plugin).update(names)
    plugins = Plugins.load([plugin], installed=False)
    monkeypatch.setattr(bench_module, "load_plugins", lambda: plugins)
    return Bench("exports")


@pytest.mark.parametrize("name", [name for name in dir(FileContract) if name.startswith("test_")])
def test_a_plugin_for_exports_with_scans_holds_to_the_contract(scanned_exports, name):
    files = {"bills.csv": EXPORT, "scan.pdf": b"%PDF-1.4"}
    reasons = {"scan.pdf": "It is attached to each bill."}
    suite = file_contract("exports", files, accompanying=reasons)()
    test = getattr(suite, name)
    values = {"empty_bench": scanned_exports, "share": 0.7, "bench": suite._open({})}
    values["paged_bench"] = values["bench"]
    test(**{parameter: values[parameter] for parameter in signature(test).parameters})


def test_a_scan_may_arrive_after_its_export(scanned_exports):
    scanned_exports.receive("bills.csv", EXPORT)
    bill = scanned_exports.read()[0]
    with pytest.raises(Retry, match=r"The file scan\.pdf has not arrived yet\."):
        scanned_exports.attachment(bill, bill.attachments[0])
    with pytest.raises(Refused, match=r"scan\.pdf is no PDF file\."):
        scanned_exports.receive("scan.pdf", b"PK")
    for content in (b"%PDF-1.4", b"%PDF-1.7"):
        scanned_exports.receive("scan.pdf", content)
    assert scanned_exports.attachment(bill, bill.attachments[0]) == b"%PDF-1.7"
    assert len(scanned_exports.read()) == 5  # two bills, and a Checkpoint after each file


@pytest.fixture
def package_for_files(tmp_path):
    """Return a package that the commands of the guide create, with the code of the guide in it."""
    text = (DOCS / "how-to" / "files.md").read_text(encoding="utf-8")
    [commands] = re.findall(r"```\n(hub new-plugin .*?)```", text, re.DOTALL)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(
        ["sh", "-e", "-c", commands],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        check=True,
        capture_output=True,
    )
    package = tmp_path / "exports"
    plugin, _, suite = blocks("how-to/files.md")
    (package / "hub_exports" / "__init__.py").write_text(plugin)
    (package / "tests" / "test_contract.py").write_text(suite)
    (package / "examples" / "bills.csv").write_bytes(EXPORT)
    return package


def test_the_package_of_a_new_plugin_becomes_one_for_files(package_for_files, monkeypatch):
    places = sorted(file.relative_to(package_for_files) for file in package_for_files.rglob("*.*"))
    assert list(map(str, places)) == [
        "README.md",
        "examples/bills.csv",
        "hub_exports/__init__.py",
        "pyproject.toml",
        "tests/test_contract.py",
    ]
    project = tomllib.loads((package_for_files / "pyproject.toml").read_text())["project"]
    (module_name,) = project["entry-points"]["hub"].values()
    monkeypatch.syspath_prepend(package_for_files)
    plugins = Plugins.load([importlib.import_module(module_name)], installed=False)
    monkeypatch.setattr(bench_module, "load_plugins", lambda: plugins)
    test_file = package_for_files / "tests" / "test_contract.py"
    names = {"__file__": str(test_file)}
    exec(test_file.read_text(), names)
    del sys.modules[module_name]
    suite = names["TestContract"]()
    assert set(suite.files) == {"bills.csv"}
    suite.test_hub_file_names_the_documents_that_are_read_from_a_file()


# -- publishing.md ---------------------------------------------------------------------------------


def test_the_guide_shows_what_a_wrong_role_prints(tutorial, monkeypatch):
    fields = [replace(field, role="acount") for field in tutorial.hub_fields("shed")[1:]]
    monkeypatch.setattr(tutorial, "hub_fields", hookimpl(lambda app: fields))
    [broken] = Plugins.load([tutorial], installed=False).broken
    text = " ".join((DOCS / "how-to" / "publishing.md").read_text().split())
    [(begin, end)] = re.findall(r"``` (hub_shed cannot be used: .*?) … (.*?) ```", text)
    assert str(broken).startswith(begin)
    assert str(broken).endswith(end)


# -- testing.md ------------------------------------------------------------------------------------


@pytest.fixture
def shed_at_address(tutorial, tmp_path, monkeypatch):
    """Serve the stand-in of the installed tutorial; return a function that reads it."""
    install(tmp_path, "shed", guide_plugin("shed"))
    for variable, value in {"HUB_DATA": str(tmp_path / "none"), "HUB_ALLOW_LOOPBACK": "1"}.items():
        monkeypatch.setenv(variable, value)
    stand_in = open_stand_in(Plugins.load(), "shed", folder=None, documents=30, seed=1)
    web = server.Web(stand_in.wsgi, "127.0.0.1", 0)
    web.start()
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(dict(stand_in.settings(web.url))))

    def read(*options):
        arguments = ["read", "shed", "--settings", str(file), *map(str, options)]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    yield read
    web.stop()


def test_the_recorded_answers_are_used_by_the_test_of_the_guide(
    shed_at_address, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    shed_at_address("--save", "tests/answers")
    names = names_of("how-to/trying.md")
    names["test_every_recorded_row_is_a_bill_with_its_price"]()
    assert len(list(names["recorded_rows"]())) == 30


def test_the_guide_shows_what_a_reading_prints(shed_at_address):
    text = (DOCS / "how-to" / "trying.md").read_text()
    command, sample = re.search(r"```\n\$ hub read shed (.*)\n((?:.*\n)+?)```", text).groups()
    printed = shed_at_address(*command.split()).splitlines()
    shown = sample.splitlines()
    assert len(shown) == len(printed)
    for line, printed_line in zip(shown, printed, strict=True):
        # The guide's app is enabled, so that its codes have records.
        same = line.partition(" → ")[0].partition("would post")[0]
        assert printed_line.startswith(same), printed_line
