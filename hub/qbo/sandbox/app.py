"""The stand-in as a WSGI application: routes a call, answers it in JSON or XML, plays the faults that are its own."""

import itertools
import json
from collections.abc import Callable, Iterable
from email.utils import formatdate
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from hub.qbo.sandbox import batch, changes, operations, uploads, xml
from hub.qbo.sandbox.company import Company, Reply
from hub.qbo.sandbox.grants import Grants
from hub.qbo.sandbox.limits import Limits
from hub.qbo.sandbox.oauth import Authority, site_of
from hub.qbo.sandbox.once import LONGEST_BATCH, key_of, once
from hub.qbo.sandbox.pages import Pages
from hub.qbo.sandbox.refusals import (
    GatewayRefusal,
    Refusal,
    business,
    expired,
    forbidden,
    stale,
    throttled,
    unauthenticated,
    unsupported,
)
from hub.qbo.sandbox.routes import UNREADABLE, Route
from hub.qbo.sandbox.values import dump, envelope_time
from hub.sandboxing import Clock, Fault, text_answer
from hub.sandboxing.messages import body_of

JSON = "application/json;charset=utf-8"
FAULTS = {
    "stale_reads": "for `seconds` queries and change data show the books as they are now",
    "rotate": "the refresh token changes now, whatever its age",
    "rotate_and_lose": "the refresh token changes now, and the answer never arrives",
    "other_realm": "consent is given for another company than the one chosen",
    "fault_200": "a refusal comes with status 200; `commit` carries the request out all the same",
    "stale_object": "5010; with `commit` it was this very request that changed the object",
    "business": "6000 without a field; `commit` as above",
    "internal": "6000 with -30000; `commit` as above",
    "system_failure": "10000 with status 500; `commit` as above",
    "bid_missing": "the batch answer lacks an item",
    "bid_twice": "the batch answer has an item twice",
    "bid_foreign": "the batch answer has an item nobody sent",
}
UNTIMED = ("2030",)
OPEN_CALLS = ("authorize", "token.code", "token.refresh", "revoke", "userinfo", "discovery")


class App:
    """All companies behind one address."""

    def __init__(
        self,
        companies: dict[str, Company],
        grants: Grants,
        clients: dict[str, str],
        clock: Clock,
        folder: Path | None,
        pages: Pages,
    ) -> None:
        self.pages = pages
        self.companies, self.grants, self.clock, self.folder = companies, grants, clock, folder
        self.authority = Authority(grants, clients, companies, clock)
        self.limits = Limits()
        self._traces = itertools.count(1)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        route: Route = environ["sandbox.route"]
        if route.call in OPEN_CALLS:
            return self.authority.answer(route.call, environ, start)
        if route.call == "page":
            return self.pages.answer(environ, start)
        if route.call == "file":
            return self._file(environ, start)
        if route.call == "unknown" and not environ["PATH_INFO"].startswith("/v3/"):
            return text_answer(start, 404, "Not Found", "text/plain")
        note = environ["sandbox.note"]
        if "requestid" in route.params:
            note["requestid"] = route.params["requestid"]
        status, body = self._answered(environ, route, note)
        return self._send(environ, start, route, status, body)

    def _answered(self, environ: WSGIEnvironment, route: Route, note: dict[str, Any]) -> tuple[int, bytes]:
        try:
            company, client = self._entered(environ, route)
            note["realm"] = route.realm
            with company.lock:
                company.site = site_of(environ)
                return 200, self._carried_out(environ, route, company, client)
        except GatewayRefusal as refusal:
            note["code"] = refusal.code
            return refusal.status, dump_all(refusal.body(self.clock.now()))
        except Refusal as refusal:
            note["code"] = refusal.code
            known = self.companies.get(route.realm)
            time = envelope_time(self.clock.now(), known.options.zone if known else "UTC")
            told = {"Fault": refusal.fault()} | ({} if refusal.code in UNTIMED else {"time": time})
            return refusal.status, dump(told).encode()

    def _entered(self, environ: WSGIEnvironment, route: Route) -> tuple[Company, str]:
        """The company a bearer token opens."""
        kind, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise unauthenticated()
        client, realm, until = self.grants.access.get(token.strip(), ("", "", 0.0))
        if until <= self.clock.now():
            raise expired(token[:20])
        route.realm = route.realm or realm
        company = self.companies.get(route.realm)
        if company is None or realm != route.realm:
            raise forbidden()
        items = route.body.get("BatchItemRequest") if route.call == "batch" and isinstance(route.body, dict) else None
        weight = len(items) if isinstance(items, list) and company.switches.batch_counts == "items" else 1
        self.limits.take(company.switches, realm, client, route.call, self.clock.now(), weight)
        return company, client

    def _carried_out(self, environ: WSGIEnvironment, route: Route, company: Company, client: str) -> bytes:
        fault: Fault | None = environ.get("sandbox.fault")
        note = environ["sandbox.note"]
        if fault is not None and fault.kind == "stale_reads":
            company.frozen_at, company.frozen_until = company.now(), company.now() + fault.seconds
        refusal = REFUSED.get(fault.kind) if fault is not None else None
        if refusal and fault and not fault.commit:
            raise refusal()
        body = self._called(environ, route, company, client, note)
        if refusal:
            raise refusal()
        return body

    def _called(
        self, environ: WSGIEnvironment, route: Route, company: Company, client: str, note: dict[str, Any]
    ) -> bytes:
        name, _, verb = route.call.partition(".")
        time = f',"time":"{company.time()}"}}'.encode()
        if name == "query":
            return b'{"QueryResponse":' + batch.queried(company, route.body) + time
        if route.call == "cdc":
            return changes.answer(company, route.params)
        if route.call == "batch":
            return b'{"BatchItemResponse":[' + b",".join(self._batch(environ, route, company, client)) + b"]" + time
        if route.call == "upload":
            key, late = key_of(company, route.params, client), "sandbox.late" in environ
            sort = environ.get("CONTENT_TYPE", "")
            stored = uploads.upload(company, self.folder, sort, body_of(environ), key, late)
            return b'{"AttachableResponse":[' + b",".join(stored) + b"]" + time
        if route.call == "download":
            return company.file_address(operations.existing(company, "Attachable", route.id).read()).encode()
        if verb == "read":
            note["id"] = route.id
            return f'{{"{route.kind}":'.encode() + self._read(company, route) + time
        if not route.kind:
            raise unsupported(environ.get("PATH_INFO", ""))
        return self._written(environ, route, company, client, note)

    def _read(self, company: Company, route: Route) -> bytes:
        if route.kind in ("CompanyInfo", "Preferences"):
            return company.body(route.kind, "1")
        return operations.read(company, route.kind, route.id)

    def _written(
        self, environ: WSGIEnvironment, route: Route, company: Company, client: str, note: dict[str, Any]
    ) -> bytes:
        if route.body is UNREADABLE:
            raise Refusal("2010", "Property Name:Unexpected character in the body specified is unsupported or invalid")

        def action(key: str | None) -> Reply:
            return operations.write(company, route.kind, route.body, route.params, key)

        known = key_of(company, route.params, client)
        note["replayed"] = known in company.replies
        reply = once(company, known, "sandbox.late" in environ, action)
        time = envelope_time(reply.at, company.options.zone)
        return f'{{"{reply.kind}":'.encode() + reply.body + f',"time":"{time}"}}'.encode()

    def _batch(self, environ: WSGIEnvironment, route: Route, company: Company, client: str) -> list[bytes]:
        key = key_of(company, route.params, client, LONGEST_BATCH)
        items = batch.answer(company, route.body, key, "sandbox.late" in environ)
        fault = environ.get("sandbox.fault")
        if fault is not None and fault.kind == "bid_missing":
            return items[:-1]
        if fault is not None and fault.kind == "bid_twice":
            return [*items, items[-1]]
        if fault is not None and fault.kind == "bid_foreign":
            return [*items, b'{"Fault":{"Error":[],"type":"ValidationFault"},"bId":"nobody"}']
        return items

    def _send(
        self, environ: WSGIEnvironment, start: StartResponse, route: Route, status: int, body: bytes
    ) -> Iterable[bytes]:
        fault = environ.get("sandbox.fault")
        if fault is not None and fault.kind == "fault_200":
            status, body = 200, self._fault_200(route)
        headers = self._headers(status)
        if route.call == "download" and status == 200:
            return text_answer(start, status, body, "text/plain", headers)
        kind = JSON if status == 200 else "application/json"
        if not wants_json(environ, route) or self._xml_throttle(route, status):
            body, kind = xml.from_json(body), "application/xml;charset=utf-8"
        company = self.companies.get(route.realm)
        if status == 429 and company and company.switches.retry_after is not None:
            headers.append(("Retry-After", str(company.switches.retry_after)))
        return text_answer(start, status, body, kind, headers)

    def _xml_throttle(self, route: Route, status: int) -> bool:
        company = self.companies.get(route.realm)
        return status == 429 and company is not None and company.switches.throttle_body == "xml"

    def _fault_200(self, route: Route) -> bytes:
        refusal = business("An unexpected error occurred while the request was worked on.")
        return dump({"Fault": refusal.fault(), "time": self.companies[route.realm].time()}).encode()

    def _headers(self, status: int) -> list[tuple[str, str]]:
        now = self.clock.now()
        trace = f"1-{int(now):08x}-{next(self._traces):024x}"
        headers = [("Date", http_date(now)), ("intuit_tid", trace), ("X-Amzn-Trace-Id", f"Root={trace}")]
        if status == 200:
            headers += [("QBO-Version", "1944.190"), ("Service-Time", "total=20, db=14"), ("Expires", "0")]
            headers.append(("Cache-Control", "max-age=0, no-cache, no-store, must-revalidate, private"))
        if status == 401:
            headers.append(("WWW-Authenticate", 'Bearer realm="Intuit", error="invalid_token"'))
        return headers

    def _file(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        realm, id = [*environ["PATH_INFO"].split("/"), "", ""][2:4]
        company = self.companies.get(realm)
        content = uploads.content(company, self.folder, id) if company else None
        if company is None or content is None:
            return text_answer(start, 404, "no such file", "text/plain")
        row = company.row("Attachable", id)
        kind = str(row.read().get("ContentType")) if row else "application/octet-stream"
        return text_answer(start, 200, content, kind)

    def shape(self, status: int, environ: WSGIEnvironment) -> tuple[str, bytes]:
        """The body QuickBooks, or what stands before it, sends with a status."""
        known: dict[int, Callable[[], GatewayRefusal]] = {401: lambda: expired("AB01"), 403: forbidden, 429: throttled}
        if status in known:
            return "application/json", dump_all(known[status]().body(self.clock.now()))
        if status == 500:
            failure = Refusal("10000", "System Failure Error: please try again later", kind="SystemFault")
            return "application/json", dump({"Fault": failure.fault(), "time": self.clock.now()}).encode()
        title = {502: "502 Bad Gateway", 503: "503 Service Temporarily Unavailable", 504: "504 Gateway Time-out"}
        text = title.get(status, f"{status} Error")
        page = f"<html>\n<head><title>{text}</title></head>\n<body><center><h1>{text}</h1></center></body>\n</html>"
        return "text/html", page.encode()


REFUSED: dict[str, Callable[[], Refusal]] = {
    "stale_object": lambda: stale(operations.OTHER_USER),
    "business": lambda: business("An unexpected error has occurred."),
    "internal": lambda: Refusal("6000", "Unexpected Internal Error. (-30000)", ""),
    "system_failure": lambda: Refusal("10000", "System Failure Error", status=500, kind="SystemFault"),
    "fault_200": lambda: business("An unexpected error occurred while the request was worked on."),
}


def dump_all(value: dict[str, Any]) -> bytes:
    """JSON with the empty keys the gateway sends."""
    return json.dumps(value).encode()


def http_date(now: float) -> str:
    return formatdate(now, usegmt=True)


def wants_json(environ: WSGIEnvironment, route: Route) -> bool:
    return "json" in environ.get("HTTP_ACCEPT", "").lower() or route.params.get("format", "").lower() == "json"
