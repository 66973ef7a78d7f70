"""One app of an installed plugin on its own stand-in, in this process."""

import contextlib
import datetime as dt
import io
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from zoneinfo import ZoneInfo

import requests
from requests.structures import CaseInsensitiveDict

from hub.contract import settings_schema
from hub.contract.app_lookup import find_error
from hub.contract.documents import Attachment, Code, Document, Yielded
from hub.contract.files import FileContent
from hub.contract.hook_results import iter_yielded, require_list, require_result
from hub.contract.receipts import Receipt
from hub.contract.registry import Plugins
from hub.contract.states import ReceiptState, ReceiptStateName
from hub.contract.types import App, Company, Field, Record, Sandbox, Signal, Site, Tenant
from hub.http.client import AppHttp, HubFunctions
from hub.testing.clock import START, FakeClock
from hub.testing.fakes.company import company_in
from hub.testing.fakes.files import FilesInMemory, make_received_file
from hub.testing.fakes.rate_limit import wait_for_rate_limit
from hub.testing.fakes.secrets import SecretsInMemory
from hub.testing.fakes.stand_in import WSGIAdapter, mount, open_stand_in
from hub.testing.limits import require_end
from hub.testing.recording import record

log = logging.getLogger(__name__)
URL = "https://source.test/below"
DEADLINE_SECONDS = 20.0
ACCESS_TOKEN = "access_token"  # noqa: S105 (a name in the secrets)
OpenSlot = Callable[[], contextlib.AbstractContextManager[object]]


@cache
def load_plugins() -> Plugins:
    """Return the installed plugins, loaded once in a process: that takes longer than most tests."""
    return Plugins.load()


def open_http(
    app: App,
    settings: Mapping[str, Any],
    wsgi: WSGIApplication,
    clock: FakeClock,
    open_slot: OpenSlot = contextlib.nullcontext,
) -> AppHttp:
    """Return the HTTP client that the hub would pass to an app.

    A stand-in at URL takes the place of the internet.
    """
    adapter = WSGIAdapter(wsgi, URL)
    return AppHttp(
        app.name,
        app.hosts,
        settings,
        clock=clock,
        seconds=DEADLINE_SECONDS,
        hub=HubFunctions(
            find_stand_in=lambda url: adapter if url.startswith(URL) else None,
            open_slot=open_slot,
        ),
    )


def app_of(plugins: Plugins, slug: str) -> App:
    """Return an app; raise why there is none, such as the error of its plugin."""
    if slug in plugins.apps:
        return plugins.apps[slug]
    raise find_error(plugins, slug)


class Cases(NamedTuple):
    """Where a stand-in keeps the rows that each show a case, and how their source ids begin.

    A row names its case in the field "case".
    """

    rows: Callable[[Any], Iterable[Mapping[str, Any]]]
    prefix: str


class Bench:
    """One app on its stand-in: calls its hooks, and uses the source as a person or a client does.

    `settings` are those that the stand-in does not bring itself. Without `stand_in` the plugin's
    hook `hub_sandbox` opens one; a test that looks into its books opens it and passes it. `lists`
    are the QuickBooks lists of the company by field. With `waits`, a call that the stand-in's rate
    limit refuses is sent again after its clock was moved by the time that it asks for.
    """

    def __init__(
        self,
        slug: str,
        settings: Mapping[str, Any] | None = None,
        *,
        documents: int | None = None,
        seed: int = 1,
        folder: Path | None = None,
        company: Company | None = None,
        zone: str = "UTC",
        plugins: Plugins | None = None,
        stand_in: Any = None,
        now: dt.datetime = START,
        cases: Cases | None = None,
        lists: Mapping[str, Sequence[Record]] | None = None,
        waits: bool = False,
    ) -> None:
        """Open the stand-in with so many documents, or with its own few, and check the settings.

        `seed` varies its data; `folder` holds its journal, so that it can be opened again.
        `company`, `zone` and `now` are those of the site that hooks get. Without `company` it is
        one in the country that the Sandbox names, with the currency of that country.
        """
        self.plugins = plugins or load_plugins()
        self.app = app_of(self.plugins, slug)
        self.clock = FakeClock(now)
        self.zone = ZoneInfo(zone)
        self.stand_in = stand_in
        self.files = FilesInMemory()
        if stand_in is None:
            self.sandbox = open_stand_in(
                self.plugins, slug, folder=folder, documents=documents, seed=seed
            )
        else:
            self.sandbox = Sandbox(wsgi=stand_in.wsgi, settings=stand_in.settings)
        self.company = company or company_in(self.sandbox.country)
        self.secrets = SecretsInMemory()
        self.lists = lists or {}
        self._cases = cases
        self.start: dt.date | None = None
        self.today = self.clock.now().astimezone(self.zone).date()
        self.webhook_url: str | None = "http://127.0.0.1:9/none"
        self._instead: WSGIApplication | None = None
        self._open_slot: OpenSlot = contextlib.nullcontext
        self._server: WSGIApplication = self.sandbox.wsgi
        if waits:
            self._server = wait_for_rate_limit(self.sandbox.wsgi, self._advance_stand_in)
        self._stand_in = self._check_calls()
        self.browser = requests.Session()
        mount(self.browser, URL, self.serve)
        self._answers = {**self.sandbox.settings(URL), **(settings or {})}
        self.set()

    def set(self, **settings: Any) -> None:
        """Change some settings; the others stay as they are."""
        schema = settings_schema.get_schema(self.app)
        self._answers |= settings
        values = schema.load(self._answers)
        for name in settings_schema.list_secret_names(self.app):
            if name in values:
                self.secrets[name] = values.pop(name)
        site_settings = settings_schema.site_settings(self.app, values)
        self.settings = self.secrets.plain_settings = site_settings

    def pace(self, open_slot: OpenSlot) -> None:
        """Let each call of the plugin wait for a slot, such as that of a rate limiter."""
        self._open_slot = open_slot

    @property
    def site(self) -> Site:
        """Return the site that the hub would pass to the plugin's hooks."""
        return Site(
            settings=self.settings,
            secrets=self.secrets,
            http=open_http(self.app, self.settings, self.serve, self.clock, self._open_slot),
            company=self.company,
            zone=self.zone,
            today=self.today,
            now=self.clock.now(),
            start=self.start,
            webhook_url=self.webhook_url,
            files=self.files,
        )

    @property
    def books(self) -> Any:
        """Return the data of the stand-in that was passed to this bench."""
        return self.stand_in.books

    def _check_calls(self) -> WSGIApplication:
        """Return the stand-in; if its API is described, check every call by the description."""
        if self.app.assumed_api is None:
            return self._server
        from hub.testing.openapi import check_calls  # needs libraries that other plugins do not

        return check_calls(self._server, self.app.assumed_api)

    def serve(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer what is called at URL: the stand-in, or what takes its place."""
        server = self._instead or self._stand_in
        return server(environ, start)

    @contextlib.contextmanager
    def replaced_by(self, wsgi: WSGIApplication) -> Iterator[WSGIApplication]:
        """Let another server answer for the stand-in, whose own pages continue; yield that."""
        self._instead = wsgi
        try:
            yield self._stand_in
        finally:
            self._instead = None

    def allow_undescribed_answers(self) -> None:
        """Let the stand-in send what its description does not allow, as the real source might."""
        self._stand_in = self._server

    def _advance_stand_in(self, seconds: float) -> None:
        """Move the clock of the stand-in."""
        self.drive("clock", {"advance": seconds})

    def receive(
        self, name: str, content: bytes, mapping: Mapping[str, str] | None = None
    ) -> FileContent:
        """Let the app read a file, which is stored if it holds documents; return what it holds."""
        file = make_received_file(name, content, self.clock.now(), mapping)
        result = self._call("hub_file", site=self.site, file=file, content=content)
        file_content = require_result("hub_file", result, FileContent)
        if file_content.table is None:
            self.files.add(file, content, file_content)
        return file_content

    def fields(self) -> Sequence[Field]:
        """Return the code fields of the app."""
        return tuple(require_list("hub_fields", self._call("hub_fields"), Field))

    def check(self) -> Tenant:
        """Return the account that the settings lead to."""
        return require_result("hub_check", self._call("hub_check", site=self.site), Tenant)

    def reading(
        self, cursors: Mapping[str, str] | None = None, ids: Sequence[str] = ()
    ) -> Iterator[Yielded]:
        """Yield what the source has, as lazily as the plugin reads it."""
        result = self._call("hub_documents", site=self.site, cursors=cursors or {}, ids=tuple(ids))
        items = require_end(iter_yielded(result), self.app.slug)
        yield from items if ids else record.watch(self.app.slug, items)

    def read(
        self, cursors: Mapping[str, str] | None = None, ids: Sequence[str] = ()
    ) -> list[Yielded]:
        """Return what the source has since the cursors, or exactly `ids`."""
        return list(self.reading(cursors, ids))

    def raw(self, case: str) -> Mapping[str, Any]:
        """Return the stand-in's row that shows a case; raise LookupError if none does."""
        assert self._cases, "this bench does not know where its stand-in keeps the cases"
        for row in self._cases.rows(self.stand_in):
            if row.get("case") == case:
                return row
        raise LookupError(f"No row of the stand-in shows the case {case!r}.")

    def case(self, case: str) -> Yielded:
        """Return what the plugin reads of the row that shows a case, read by its id alone."""
        row = self.raw(case)
        assert self._cases
        source_id = f"{self._cases.prefix}{row['id']}"
        (item,) = self.read(ids=[source_id])
        return item

    def codes(self, field: str) -> Sequence[Code | str]:
        """Return the current codes of a field at the source."""
        codes = self._call("hub_codes", site=self.site, field=field)
        return tuple(require_list("hub_codes", codes, Code, str))

    def push_lists(self, **changes: Sequence[Record]) -> dict[str, Sequence[Code]]:
        """Push the company's lists, as the hub's first download does; return the links by field."""
        lists = {**self.lists, **changes}
        return {field: self.push(field, records) for field, records in lists.items()}

    def push(self, field: str, records: Sequence[Record]) -> Sequence[Code]:
        """Push a list to the source; return its codes with their links."""
        codes = self._call("hub_records", site=self.site, field=field, records=tuple(records))
        return require_list("hub_records", codes, Code)

    def report(
        self, document: Document, receipt: Receipt | ReceiptState | ReceiptStateName, **facts: Any
    ) -> None:
        """Report a receipt to the source.

        In place of a receipt a state may be passed, with the other `facts` of the receipt.
        """
        if not isinstance(receipt, Receipt):
            now = self.clock.now()
            receipt = Receipt(state=receipt, at=now, **facts)
        self._call("hub_report", site=self.site, document=document, receipt=receipt)

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Signal]:
        """Pass a webhook call to the plugin."""
        names_in_any_case = CaseInsensitiveDict(headers)
        signals = self._call("hub_webhook", site=self.site, headers=names_in_any_case, body=body)
        return tuple(require_list("hub_webhook", signals, Signal))

    def subscribe(self, on: bool) -> None:
        """Turn the source's webhook calls to `webhook_url` on or off."""
        self._call("hub_subscribe", site=self.site, on=on)

    def attachment(self, document: Document, attachment: Attachment) -> bytes:
        """Return the bytes of a file."""
        content: bytes = self._call(
            "hub_attachment", site=self.site, document=document, attachment=attachment
        )
        return content

    def fault(self, kind: str, **rule: Any) -> None:
        """Make the stand-in misbehave; `qbo_sandbox.kit` describes the kinds of faults."""
        self.drive("faults", {"kind": kind, **rule})

    def drive(self, page: str, body: Any = None, method: str = "POST") -> Any:
        """Call one of the stand-in's own pages below /_sandbox/; return its JSON."""
        content = b"" if body is None else json.dumps(body).encode()
        _, reply = self._ask(method, f"/_sandbox/{page}", content, "application/json")
        if not reply:
            return None
        return json.loads(reply)

    def look(self, page: str) -> Any:
        """Return the JSON of one of the stand-in's own pages below /_sandbox/; None without it."""
        status, reply = self._ask("GET", f"/_sandbox/{page}", b"", "application/json")
        assert status != HTTPStatus.BAD_REQUEST, (
            f"The page /_sandbox/{page} of the stand-in failed: {reply.decode(errors='replace')}."
            " Its function gets the method and the body of the call."
        )
        return json.loads(reply) if status < HTTPStatus.BAD_REQUEST else None

    def press(self, path: str, **fields: str) -> bool:
        """Submit a form of the stand-in's own pages; return whether it was accepted."""
        content = urlencode(fields).encode()
        status, _ = self._ask("POST", path, content, "application/x-www-form-urlencoded")
        return status < HTTPStatus.BAD_REQUEST

    def page(
        self, path: str, data: Mapping[str, str] | None = None, **options: Any
    ) -> requests.Response:
        """Open a page of the stand-in as a person does, or submit a form to it.

        `options` are those of `requests`.
        """
        method = "GET" if data is None else "POST"
        return self.browser.request(method, URL + path, data=data, **options)

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> requests.Response:
        """Call the source's API past the plugin, with the access token that the plugin stored.

        An app that stores none, such as one with a key in a header, needs `headers` that let the
        call in. To see what the stand-in has stored, no call is needed: `look("books")`.
        """
        if ACCESS_TOKEN not in self.secrets:
            self.check()
        _, _, token = self.secrets.get(ACCESS_TOKEN, "").partition(" ")
        access = {"Authorization": f"Bearer {token}"} if token else {}
        return self.browser.request(
            method, URL + path, headers={**access, **(headers or {})}, **request
        )

    def count_calls(self, call: str = "*") -> int:
        """Return how often the stand-in received a call."""
        log = self.stand_in.wsgi.log
        return len(log.entries(call))

    def _ask(self, method: str, path: str, content: bytes, kind: str) -> tuple[int, bytes]:
        """Call the stand-in directly, without its description; return the status and the body."""
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "CONTENT_LENGTH": str(len(content)),
            "CONTENT_TYPE": kind,
            "wsgi.input": io.BytesIO(content),
            "SERVER_NAME": "source.test",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
        }
        statuses: list[str] = []
        chunks = self.sandbox.wsgi(environ, lambda status, *_: statuses.append(status))
        body = b"".join(chunks)
        status = int(statuses[0][:3])
        return status, body

    def _call(self, hook: str, **values: Any) -> Any:
        """Call a hook of the app's plugin; return None if it does not implement the hook."""
        return self.plugins.call(self.app.slug, hook, **values)
