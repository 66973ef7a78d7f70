"""The stand-in as a WSGI application: it checks calls, carries them out, and applies its faults."""

from collections.abc import Iterable
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.refusals import (
    GatewayRefusal,
    Refusal,
    expired_token,
    forbidden_call,
    unauthenticated_call,
)
from qbo_sandbox.accounting.values import dump, format_envelope_time
from qbo_sandbox.api import calls, responses, uploads
from qbo_sandbox.api.calls import JSON_TYPE, Call
from qbo_sandbox.api.limits import RequestLimits
from qbo_sandbox.api.routes import Route
from qbo_sandbox.faults import rules
from qbo_sandbox.kit import Clock, query_of, site_of, text_answer
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.kit.log import describe_verdict
from qbo_sandbox.oauth.authority import Authority
from qbo_sandbox.oauth.grants import Grants
from qbo_sandbox.web.pages import BookPages

CODES_WITHOUT_TIME = ("2030",)
FILE_LIFETIME_SECONDS = 900
EXPIRED_FILE_BODY = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
OPEN_CALLS = ("authorize", "token.code", "token.refresh", "revoke", "userinfo", "discovery", "keys")


class App:
    """All companies behind one address."""

    def __init__(
        self,
        companies: dict[str, Company],
        grants: Grants,
        clients: dict[str, str],
        clock: Clock,
        folder: Path | None,
        pages: BookPages,
    ) -> None:
        self.pages = pages
        self.companies = companies
        self.grants = grants
        self.clock = clock
        self.folder = folder
        self.authority = Authority(grants, clients, companies, clock)
        self.limits = RequestLimits(clock)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a request to any address of the stand-in.

        The harness around this application has found the route and plays faults of any service.
        """
        route: Route = environ["sandbox.route"]
        if route.call in OPEN_CALLS:
            traced_start = responses.add_trace(start, self.clock.now())
            return self.authority.answer(route.call, environ, traced_start)
        if route.call == "page":
            return self.pages.answer(environ, start)
        if route.call == "file":
            return self._serve_file(environ, start)
        is_api_call = environ["PATH_INFO"].startswith("/v3/")
        if route.call == "unknown" and not is_api_call:
            return text_answer(start, 404, "Not Found", "text/plain")
        return self._answer_api(environ, start, route)

    def _answer_api(
        self, environ: WSGIEnvironment, start: StartResponse, route: Route
    ) -> Iterable[bytes]:
        """Answer a call of the accounting API."""
        if "requestid" in route.params:
            environ["sandbox.note"]["requestid"] = route.params["requestid"]
        status, kind, body = self._call(environ, route)
        company = self.companies.get(route.realm)
        switches = company.switches if company else None
        now = self.clock.now()
        return responses.send(environ, start, now, switches, status, kind, body)

    def _call(self, environ: WSGIEnvironment, route: Route) -> tuple[int, str, bytes]:
        """Carry out a call or refuse it; return status, content type and body."""
        try:
            company, client = self._authorize(environ, route)
            call = Call(environ, route, company, client, self.folder)
            body = self._carry_out_within_limits(call)
            return 200, call.kind, body
        except GatewayRefusal as refusal:
            environ["sandbox.note"]["code"] = refusal.code
            body = responses.encode_gateway_fault(refusal, self.clock.now())
            return refusal.status, responses.REFUSAL_TYPE, body
        except Refusal as refusal:
            environ["sandbox.note"]["code"] = refusal.code
            kind = JSON_TYPE if refusal.status == 200 else responses.REFUSAL_TYPE
            body = self._fault_body(refusal, route.realm)
            return refusal.status, kind, body

    def _fault_body(self, refusal: Refusal, realm: str) -> bytes:
        """Return the body of a refusal, with the time of the company that was addressed.

        An invalid id is refused before a company is known, so that answer has no time.
        """
        body: JsonObject = {"Fault": refusal.fault()}
        if refusal.code not in CODES_WITHOUT_TIME:
            company = self.companies.get(realm)
            zone = company.options.zone if company else "UTC"
            body["time"] = format_envelope_time(self.clock.now(), zone)
        return dump(body).encode()

    def _authorize(self, environ: WSGIEnvironment, route: Route) -> tuple[Company, str]:
        """Return the company that a bearer token opens, and the client of the token.

        Without a company in the address the call goes to the one of the token.
        """
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise unauthenticated_call()
        access = self.grants.access.get(token.strip())
        if access is None or access.expires <= self.clock.now():
            raise expired_token(token[:20])
        route.realm = route.realm or access.realm
        company = self.companies.get(route.realm)
        if company is None or access.realm != route.realm or not access.opens_books:
            raise forbidden_call()
        environ["sandbox.note"]["realm"] = route.realm
        return company, access.client

    def _carry_out_within_limits(self, call: Call) -> bytes:
        """Carry out a call unless a rate limit is reached; return the body of the answer.

        Calls to one company are carried out one after another.
        """
        company = call.company
        route = call.route
        with self.limits.count_running(
            company.switches, route.realm, call.client, route.call, route.body
        ):
            with company.lock:
                company.site = site_of(call.environ)
                body = self._carry_out(call)
            self.limits.count_served(call.client, route.call, route.body)
        return body

    def _carry_out(self, call: Call) -> bytes:
        """Carry out a call, or refuse it if its fault says so."""
        fault = call.fault
        company = call.company
        if fault is not None and fault.kind == "stale_reads":
            company.frozen_at = company.now()
            company.frozen_until = company.now() + fault.seconds
        refusal = rules.build_refusal(fault)
        if refusal and fault and not fault.commit:
            raise refusal
        body = calls.carry_out(call)
        if refusal:
            call.note["verdict"] = describe_verdict(200, call.note)
            raise refusal
        return body

    def _serve_file(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Serve an attached file at an address that was issued a short while ago."""
        parts = environ["PATH_INFO"].split("/")  # "", "_files", realm, id, name
        realm, id = [*parts, "", ""][2:4]
        company = self.companies.get(realm)
        content = None
        if company:
            content = uploads.read_file(company, self.folder, id)
        if company is None or content is None:
            return text_answer(start, 404, "no such file", "text/plain")
        signed_at = query_of(environ).get("X-Amz-Date", "")
        if not signed_at.isdigit() or self.clock.now() > int(signed_at) + FILE_LIFETIME_SECONDS:
            return text_answer(start, 403, EXPIRED_FILE_BODY, "application/xml")
        row = company.row("Attachable", id)
        kind = "application/octet-stream"
        if row:
            kind = str(row.read().get("ContentType"))
        return text_answer(start, 200, content, kind)

    def shape(self, status: int, environ: WSGIEnvironment) -> tuple[str, bytes]:
        """Return the type and body of a status; put its headers into the environ."""
        now = self.clock.now()
        return responses.shape_status(status, environ, now)
