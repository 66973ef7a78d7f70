"""One app of an installed plugin on its own stand-in, in this process."""

import contextlib
import io
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from zoneinfo import ZoneInfo

from hub.config import Config
from hub.contract.documents import Attachment, Code, Document, Receipt, Yielded
from hub.contract.registry import Plugins
from hub.contract.types import App, Company, Field, Record, Secrets, Site, Tenant
from hub.http.client import AppHttp
from hub.testing.clock import FakeClock
from hub.testing.stand_in import WSGIAdapter

log = logging.getLogger(__name__)
URL = "http://source.test/below"


class KeptSecrets(dict[str, str], Secrets):
    """Secrets in memory."""

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Nobody else is there to wait for."""
        return contextlib.nullcontext()


@cache
def installed() -> Plugins:
    """The installed plugins, found once in a process: that costs more than most tests."""
    return Plugins.load()


def open_http(
    app: App, settings: Mapping[str, Any], wsgi: WSGIApplication, clock: FakeClock
) -> AppHttp:
    """Return the HTTP client that the hub would pass to an app.

    A stand-in at URL takes the place of the internet.
    """
    config = Config(data=Path(), database_url="", secret_key="", vault_keys=(), deadline_seconds=20)
    return AppHttp(app.name, app.hosts, settings, config, clock, {URL: WSGIAdapter(wsgi, URL)})


class Bench:
    """Calls the hooks of one app; `settings` are those that the stand-in does not bring itself."""

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
    ) -> None:
        self.plugins = plugins or installed()
        self.app, self.clock = self.plugins.apps[slug], FakeClock()
        self.company, self.zone = company or Company(country="US", currency="USD"), ZoneInfo(zone)
        self.sandbox = self.plugins.open_stand_in(
            slug, folder=folder, documents=documents, seed=seed
        )
        self.secrets = KeptSecrets()
        self._instead: WSGIApplication | None = None
        self.set(**dict(settings or {}))

    def set(self, **settings: Any) -> None:
        """Puts other settings into force; those of the stand-in stay unless named."""
        schema = self.app.settings() if isinstance(self.app.settings, type) else self.app.settings
        loaded = schema.load({**self.sandbox.settings(URL), **settings})
        for name, field in schema.fields.items():
            if field.metadata.get("secret") and name in loaded:
                self.secrets[name] = loaded.pop(name)
        self._stand_in = self._checked()
        http = open_http(self.app, loaded, self.serve, self.clock)
        self.site = Site(
            settings=loaded,
            secrets=self.secrets,
            http=http,
            company=self.company,
            zone=self.zone,
            today=self.clock.now().astimezone(self.zone).date(),
        )

    def _checked(self) -> WSGIApplication:
        """Return the stand-in; if its API is described, check every call by the description."""
        wsgi: WSGIApplication = self.sandbox.wsgi
        if self.app.assumed_api is None:
            return wsgi
        from hub.testing.openapi import checked  # needs libraries that other plugins do not

        return checked(wsgi, self.app.assumed_api)

    def serve(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer what is called at URL: the stand-in, or what takes its place."""
        return (self._instead or self._stand_in)(environ, start)

    @contextlib.contextmanager
    def replaced_by(self, wsgi: WSGIApplication) -> Iterator[None]:
        """Let another server answer at the source's address; the stand-in's own pages go on."""
        self._instead = wsgi
        try:
            yield
        finally:
            self._instead = None

    def fields(self) -> Sequence[Field]:
        """The code fields of the app."""
        return tuple(self._call("hub_fields") or ())

    def check(self) -> Tenant:
        """The account behind the settings."""
        tenant: Tenant = self._call("hub_check", site=self.site)
        return tenant

    def reading(
        self, cursors: Mapping[str, str] | None = None, ids: Sequence[str] = ()
    ) -> Iterator[Yielded]:
        """What the source has, as lazily as the plugin reads it."""
        yield from self._call(
            "hub_documents", site=self.site, cursors=cursors or {}, ids=tuple(ids)
        )

    def read(
        self, cursors: Mapping[str, str] | None = None, ids: Sequence[str] = ()
    ) -> list[Yielded]:
        """All that the source has."""
        return list(self.reading(cursors, ids))

    def push(self, field: str, records: Sequence[Record]) -> Sequence[Code]:
        """Pushes a list into the source."""
        return tuple(
            self._call("hub_records", site=self.site, field=field, records=tuple(records)) or ()
        )

    def report(self, document: Document, receipt: Receipt) -> None:
        """Tells the source of a document."""
        self._call("hub_report", site=self.site, document=document, receipt=receipt)

    def attachment(self, document: Document, attachment: Attachment) -> bytes:
        """The bytes of a file."""
        content: bytes = self._call(
            "hub_attachment", site=self.site, document=document, attachment=attachment
        )
        return content

    def fault(self, kind: str, **rule: Any) -> None:
        """Lets the stand-in misbehave, as qbo_sandbox.kit says."""
        self.drive("faults", {"kind": kind, **rule})

    def drive(self, page: str, body: Any = None, method: str = "POST") -> Any:
        """Calls one of the stand-in's own pages below /_sandbox/."""
        sent = b"" if body is None else json.dumps(body).encode()
        return json.loads(
            self._ask(method, f"/_sandbox/{page}", sent, "application/json")[1] or b"null"
        )

    def press(self, path: str, **fields: str) -> bool:
        """Submit a form of the stand-in's own pages; tell whether it was accepted."""
        sent = urlencode(fields).encode()
        return self._ask("POST", path, sent, "application/x-www-form-urlencoded")[0] < 400

    def _ask(self, method: str, path: str, sent: bytes, kind: str) -> tuple[int, bytes]:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "CONTENT_LENGTH": str(len(sent)),
            "CONTENT_TYPE": kind,
            "wsgi.input": io.BytesIO(sent),
            "SERVER_NAME": "source.test",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
        }
        statuses: list[str] = []
        body = b"".join(self.sandbox.wsgi(environ, lambda status, *_: statuses.append(status)))
        return int(statuses[0][:3]), body

    def _call(self, hook: str, **values: Any) -> Any:
        return self.plugins.call(self.app.slug, hook, **values)
