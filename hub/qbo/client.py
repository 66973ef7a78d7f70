"""The client of QuickBooks Online: writes with their request ids, reads, and their responses."""

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple
from urllib.parse import quote, urlencode

import requests
from flask import current_app, has_request_context

from hub.context import current_hub, get_call_seconds
from hub.db import engine
from hub.errors import DatabaseUnavailable, HubError, NeedsAttention, NotFound, Sentence
from hub.http.deadline import CONNECT_SECONDS
from hub.http.exchange import ExchangeError, TooLarge
from hub.models import ConnectedCompany
from hub.models.enums import SendOutcome
from hub.payloads.entities import ENTITY_BY_KIND, format_moment
from hub.payloads.multipart import encode_multipart
from hub.qbo import batch, call_record, connection, intuit_keys, transport, usage
from hub.qbo.batch import BatchItem, read_id
from hub.qbo.call import Call, PageQueries, build_query_call, build_read_call, is_query_unread
from hub.qbo.oauth import tokens
from hub.qbo.repetition import explain_read, find_retry_pause, get_read_pause, is_worth_repeating
from hub.qbo.responses import (
    DONE_STATUSES,
    Expected,
    QuickBooksResponse,
    build_lost_response,
    build_unsent_response,
    interpret_item,
    interpret_response,
)
from hub.rate_limits.limiter import NoSlot, Permit, get_rate_limiter

MINOR_VERSION = "75"
PAGE_SIZE = 1000
MAX_READ_WAIT_SECONDS = 90.0  # for the limits of calls: for that of a minute, not a longer pause
MAX_READ_ATTEMPTS = 3  # a read changes nothing, so it is repeated if no response comes
TOKEN_SECONDS = 60.0  # how long a token is used without a check for one that was renewed elsewhere
ACCESS_OUTCOMES = (SendOutcome.LANDED, SendOutcome.REFUSED)  # QuickBooks accepts the connection
KINDS_VOIDED_BY_UPDATE = {"payment", "bill_payment", "refund"}


class _Access(NamedTuple):
    """A token that a call may use; `is_trial` if the connection counted as refused before."""

    token: str
    is_trial: bool


class Client:
    """Access to one company in QuickBooks; may be used by several threads.

    `deadline_at` is a moment of the monotonic clock after which nothing is sent.
    """

    def __init__(self, company_id: int, app: str = "") -> None:
        self._flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self._context = current_hub()
        self._api_url = intuit_keys.require().api_url
        self.company_id = company_id
        self.app = app
        with engine.read_only_session() as session:
            company = session.get(ConnectedCompany, company_id)
        if company is None:
            raise NotFound("company", str(company_id))
        self.realm = company.realm
        self.newest_date = company.newest_date
        self._rate_limiter = get_rate_limiter(self.realm, self._context.clock, self._context.config)
        self._token = ""
        self._token_until = 0.0
        self._is_refused = False
        self._queries_by_get = False
        self._page_queries = PageQueries()
        self._access_lock = threading.Lock()
        self._lock = threading.Lock()
        self.writes = 0
        self.reads = 0

    # -- writes -----------------------------------------------------------------------------------

    def create(
        self, kind: str, body: bytes, requestid: str, *, deadline_at: float | None = None
    ) -> QuickBooksResponse:
        """Create an object; the same request id with the same bytes creates it once."""
        expectation = Expected(ENTITY_BY_KIND[kind])
        return self._write(kind, body, requestid, {}, expectation, deadline_at)

    def update(
        self, kind: str, body: bytes, requestid: str, *, deadline_at: float | None = None
    ) -> QuickBooksResponse:
        """Change an object; the body contains its Id and SyncToken."""
        expectation = Expected(ENTITY_BY_KIND[kind], id=read_id(body))
        return self._write(kind, body, requestid, {}, expectation, deadline_at)

    def delete(
        self, kind: str, body: bytes, requestid: str, *, deadline_at: float | None = None
    ) -> QuickBooksResponse:
        """Delete a transaction by the Id and SyncToken in the body."""
        params = {"operation": "delete"}
        expectation = Expected(ENTITY_BY_KIND[kind], deletes=True, id=read_id(body))
        return self._write(kind, body, requestid, params, expectation, deadline_at)

    def void(
        self, kind: str, body: bytes, requestid: str, *, deadline_at: float | None = None
    ) -> QuickBooksResponse:
        """Void a transaction of a kind that can be voided; some kinds are voided by an update."""
        params = {"operation": "void"}
        if kind in KINDS_VOIDED_BY_UPDATE:
            params = {"operation": "update", "include": "void"}
        expectation = Expected(ENTITY_BY_KIND[kind], id=read_id(body))
        return self._write(kind, body, requestid, params, expectation, deadline_at)

    def upload(
        self, metadata: bytes, file: bytes, requestid: str, *, deadline_at: float | None = None
    ) -> QuickBooksResponse:
        """Upload a file with its metadata, which contains the transaction that it belongs to."""
        fields = json.loads(metadata)
        boundary = f"hub-{requestid}"
        content_type = fields.get("ContentType", "")
        call = Call(
            method="POST",
            path="upload",
            params={"requestid": requestid},
            expected=Expected("AttachableResponse"),
            body=encode_multipart(boundary, metadata, file, fields["FileName"], content_type),
            content_type=f"multipart/form-data; boundary={boundary}",
            slow=True,
        )
        whole = self._call(call, deadline_at)
        parts = whole.body.get("AttachableResponse")
        first = parts[0] if isinstance(parts, list) and parts else None
        if whole.status not in DONE_STATUSES or not isinstance(first, dict):
            return whole
        response = interpret_item(first, Expected("Attachable"), whole)
        self.note_items([response], is_trial=whole.is_trial)
        return response

    def batch(
        self, items: Sequence[BatchItem], requestid: str, *, deadline_at: float | None = None
    ) -> QuickBooksResponse:
        """Send up to 30 operations at once; `batch.split_responses` returns their responses."""
        call = Call(
            method="POST",
            path="batch",
            params={"requestid": requestid},
            expected=Expected("BatchItemResponse"),
            body=batch.encode_body(items, requestid),
            items=len(items),
        )
        return self._call(call, deadline_at)

    def _write(
        self,
        kind: str,
        body: bytes,
        requestid: str,
        params: dict[str, str],
        expectation: Expected,
        deadline_at: float | None,
    ) -> QuickBooksResponse:
        """Send a write with its request id, by which QuickBooks does it at most once."""
        params = {**params, "requestid": requestid}
        call = Call("POST", ENTITY_BY_KIND[kind].lower(), params, expectation, body)
        return self._call(call, deadline_at)

    # -- reads ------------------------------------------------------------------------------------

    def read(self, kind: str, id: str, *, deadline_at: float | None = None) -> QuickBooksResponse:
        """Read one object."""
        entity = ENTITY_BY_KIND[kind]
        safe_id = quote(id, safe="")
        call = build_read_call(f"{entity.lower()}/{safe_id}", Expected(entity, id=id))
        return self._call(call, deadline_at)

    def query(self, text: str, *, deadline_at: float | None = None) -> QuickBooksResponse:
        """Run a query; `responses.extract_rows` returns its objects."""
        response = self._call(build_query_call(text, by_get=self._queries_by_get), deadline_at)
        if self._queries_by_get or not is_query_unread(response):
            return response
        by_get = self._call(build_query_call(text, by_get=True), deadline_at)
        self._queries_by_get = by_get.landed
        return by_get if by_get.landed else response

    def select(
        self,
        kind: str,
        where: str,
        *,
        start: int = 1,
        size: int = PAGE_SIZE,
        deadline_at: float | None = None,
    ) -> QuickBooksResponse:
        """Run a query for one page of the objects of a kind; `start` counts from 1."""
        query = partial(self.query, deadline_at=deadline_at)
        return self._page_queries.run(query, ENTITY_BY_KIND[kind], where, start, size)

    def cdc(self, kinds: Iterable[str], since: dt.datetime) -> QuickBooksResponse:
        """Return objects that changed or were deleted since a moment; 1,000 mean there are more."""
        entities = [ENTITY_BY_KIND[kind] for kind in kinds]
        params = {"entities": ",".join(entities), "changedSince": format_moment(since)}
        return self._call(build_read_call("cdc", Expected("CDCResponse"), params))

    def company_info(self) -> QuickBooksResponse:
        """Read the name, country and address of the company."""
        return self._call(build_read_call(f"companyinfo/{self.realm}", Expected("CompanyInfo")))

    def preferences(self) -> QuickBooksResponse:
        """Read how the company is set up."""
        return self._call(build_read_call("preferences", Expected("Preferences")))

    def company_currencies(self) -> QuickBooksResponse:
        """Read the list of the company's currencies."""
        return self.query("SELECT * FROM CompanyCurrency MAXRESULTS 1000")

    def exchange_rate(self, currency: str, day: str) -> QuickBooksResponse:
        """Read the exchange rate of a currency on a day."""
        params = {"sourcecurrencycode": currency, "asofdate": day}
        return self._call(build_read_call("exchangerate", Expected("ExchangeRate"), params))

    def report(self, name: str, params: dict[str, str]) -> QuickBooksResponse:
        """Run a report, which QuickBooks returns in rows and columns."""
        return self._call(build_read_call(f"reports/{name}", Expected("Header"), params))

    # -- one call ---------------------------------------------------------------------------------

    def _call(self, call: Call, deadline_at: float | None = None) -> QuickBooksResponse:
        """Send a call, a read up to three times."""
        if call.writes:
            return self._send_once(call, deadline_at)
        clock = self._context.clock
        repeat_until = clock.monotonic() + get_call_seconds(self._context.config)
        if deadline_at is not None:
            repeat_until = min(repeat_until, deadline_at)
        elif has_request_context():
            deadline_at = repeat_until  # a page waits for all attempts together
        response = self._send_once(call, deadline_at)
        for repetition in range(MAX_READ_ATTEMPTS - 1):
            pause = get_read_pause(response, repetition)
            if not is_worth_repeating(response) or clock.monotonic() + pause >= repeat_until:
                break
            if response.outcome != SendOutcome.THROTTLED:  # for which the rate limiter waits
                clock.sleep(pause)
            response = self._send_once(call, deadline_at)
        return explain_read(response)

    def _send_once(self, call: Call, deadline_at: float | None) -> QuickBooksResponse:
        """Send a call once, and again with a new token if its token has expired."""
        with self._flask.app_context():
            response, access = self._send_with(lambda: self._get_access(call), call, deadline_at)
            if response.expired and access:
                response, _ = self._send_with(lambda: self._renew_token(access), call, deadline_at)
            is_accepted = response.outcome != SendOutcome.UNAUTHORISED
            if call.is_envelope and is_accepted:
                return response  # its items show whether QuickBooks accepts the connection
            return self._note_access(response, writes=call.writes)

    def note_items(self, responses: Sequence[QuickBooksResponse], *, is_trial: bool) -> None:
        """Store whether QuickBooks accepts the connection, and pause if an item asks for it.

        `is_trial` is that of the response to the whole request.
        """
        pause = batch.find_longest_pause(responses)
        if pause:
            self._rate_limiter.note_throttling(pause)
        refused_responses = [one for one in responses if one.outcome == SendOutcome.UNAUTHORISED]
        accepted_responses = [one for one in responses if one.outcome in ACCESS_OUTCOMES]
        decisive = refused_responses or accepted_responses
        if not decisive:
            return
        response = replace(decisive[0], is_trial=is_trial)
        with self._flask.app_context():
            self._note_access(response, writes=True)

    def _note_access(self, response: QuickBooksResponse, *, writes: bool) -> QuickBooksResponse:
        """Store that QuickBooks refused the connection, or accepts it again; return the response.

        A call that was permitted before the connection was refused proves nothing about it.
        """
        if response.outcome == SendOutcome.UNAUTHORISED:
            self._token_until = 0.0
            self._is_refused = True
            if response.status is not None:
                trouble = connection.refuse_call(self.company_id, response, writes=writes)
                return replace(response, after=trouble.after if trouble else None)
        elif response.is_trial and response.outcome in ACCESS_OUTCOMES:
            self._is_refused = connection.accept(self.company_id, writes=writes)
        return response

    def _send_with(
        self, get_access: Callable[[], _Access], call: Call, deadline_at: float | None
    ) -> tuple[QuickBooksResponse, _Access | None]:
        """Send a call with an access token and return the response and the access, if any."""
        try:
            access = get_access()
        except HubError as error:
            is_refused = isinstance(error, NeedsAttention)
            outcome = SendOutcome.UNAUTHORISED if is_refused else SendOutcome.UNSENT
            response = QuickBooksResponse(outcome, text=error.text, after=find_retry_pause(error))
            return response, None
        start_until = deadline_at
        if start_until is None and not call.writes:
            start_until = self._context.clock.monotonic() + MAX_READ_WAIT_SECONDS
        try:
            with self._rate_limiter.slot(self.app, items=call.items, until=start_until) as permit:
                response = self._exchange(call, access.token, deadline_at, permit)
                call_record.note(call, response, self.company_id)
                if access.is_trial:
                    response = replace(response, is_trial=True)
                return response, access
        except (NoSlot, DatabaseUnavailable) as error:
            return build_unsent_response(str(error), find_retry_pause(error)), access

    def _exchange(
        self, call: Call, token: str, deadline_at: float | None, permit: Permit
    ) -> QuickBooksResponse:
        """Send a call and interpret its response."""
        clock = self._context.clock
        started_at = clock.monotonic()
        seconds = self._context.config.deadline_seconds
        if deadline_at is not None:
            seconds = min(seconds, deadline_at - started_at)
        if seconds <= 0:
            return build_unsent_response(
                Sentence("the time for this attempt was over before it began")
            )
        try:
            http_response = transport.send(
                self._build_request(call, token),
                mounts=self._context.mounts,
                clock=clock,
                seconds=seconds,
                connect_seconds=seconds if call.slow else CONNECT_SECONDS,
                before_sending=permit.confirm,
            )
        except ExchangeError as error:
            if not error.may_have_sent:
                return build_unsent_response(str(error))
            self._count(call, None)
            return build_lost_response(str(error), is_too_large=isinstance(error, TooLarge))
        response = interpret_response(http_response, call.expected)
        response = replace(response, seconds=clock.monotonic() - started_at)
        self._count(call, response.date)
        if response.outcome == SendOutcome.THROTTLED:
            self._rate_limiter.note_throttling(response.after or 0.0)
        return response

    def _build_request(self, call: Call, token: str) -> requests.PreparedRequest:
        """Return the HTTP request for a call."""
        params = call.params | {"minorversion": MINOR_VERSION}
        url = f"{self._api_url}/v3/company/{self.realm}/{call.path}?{urlencode(params)}"
        return transport.build_request(call.method, url, token, call.body, call.content_type)

    def _count(self, call: Call, date: dt.datetime | None) -> None:
        """Count a call, and note the date that QuickBooks states if it is the newest so far."""
        with self._lock:
            if call.writes:
                self.writes += 1
            else:
                self.reads += 1
            if date and (self.newest_date is None or date > self.newest_date):
                self.newest_date = date
        if not call.writes:
            usage.count_read(self.company_id)

    def _get_access(self, call: Call) -> _Access:
        """Return access for a call: the token that was used before if it is recent.

        Of several threads that need it at once, one reads it for all.
        """
        with self._access_lock:
            is_recent = self._context.clock.monotonic() < self._token_until
            if self._token and is_recent:
                return _Access(self._token, is_trial=False)
            # Read this before the token: a refusal in between does not make this call a trial.
            is_trial = connection.is_company_refused(self.company_id)
            token = tokens.get_access_token(self.company_id, writes=call.writes)
            self._is_refused = is_trial or connection.is_company_refused(self.company_id)
            self._remember_token(token)
            return _Access(token, is_trial)

    def _renew_token(self, access: _Access) -> _Access:
        """Return the same access with a new token."""
        token = tokens.refresh(self.company_id, access.token)
        self._remember_token(token)
        return access._replace(token=token)

    def _remember_token(self, token: str) -> None:
        """Keep a token for the next calls, unless each of them has to check the connection."""
        if self._is_refused:
            return
        now = self._context.clock.monotonic()
        if token != self._token or now >= self._token_until:
            self._token = token
            self._token_until = now + TOKEN_SECONDS
