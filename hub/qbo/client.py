"""The one way to QuickBooks Online: writes with their request id, reads, and what each answer means."""

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

import requests
from flask import current_app

from hub import context as hub_context
from hub.db import engine
from hub.errors import HubError, NeedsAttention, NotFound
from hub.http.deadline import CONNECT_SECONDS
from hub.http.exchange import ExchangeError
from hub.models import Company
from hub.qbo import batch, connection, transport, usage
from hub.qbo.batch import BatchItem, id_of
from hub.qbo.entities import ENTITY
from hub.qbo.multipart import multipart
from hub.qbo.oauth import tokens
from hub.qbo.rate_limit import NoSlot, rate_limiter
from hub.qbo.responses import Answer, Expected, lost, of_item, of_read, read_reply, unsent

MINOR_VERSION = "75"
PAGE = 1000
READS = 3  # how often a read is asked whose answer does not come: it changes nothing
SHORT_PAUSE = 10.0  # seconds that QuickBooks may ask for, and a read is asked again after them
TOKEN_SECONDS = (
    60.0  # how long a token is used without looking whether another process has renewed it
)
ACCEPTED = ("landed", "refused")  # answers that QuickBooks gives to those whom it lets in
VOID_BY_UPDATE = {"payment", "bill_payment", "refund"}


@dataclass(frozen=True)
class _Call:
    method: str
    path: str
    params: dict[str, str]
    expected: Expected
    body: bytes | None = None
    content_type: str = "application/json"
    items: int = 0  # of a batch
    slow: bool = False

    @property
    def writes(self) -> bool:
        return "requestid" in self.params

    @property
    def is_envelope(self) -> bool:
        """Return whether the answer holds one for each item."""
        return self.path in ("batch", "upload")


class Client:
    """A company's QuickBooks; may be used by several threads, each with a connection of its own."""

    def __init__(self, company_id: int, app: str = "") -> None:
        self._flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self._runtime, self.company_id, self.app = hub_context.current(), company_id, app
        with engine.reading() as session:
            company = session.get(Company, company_id)
            if company is None:
                raise NotFound("company", str(company_id))
            self.realm, self.newest_date = company.realm, company.newest_date
        self._rate_limiter = rate_limiter(self.realm, self._runtime.clock, self._runtime.config)
        self._token, self._token_until = "", 0.0
        self._is_refused = False
        self._lock = threading.Lock()
        self.writes = self.reads = 0

    # -- writes: `deadline_at` is a moment of the monotonic clock after which nothing is sent any more ---------------

    def create(
        self, kind: str, body: bytes, requestid: str, *, deadline_at: float | None = None
    ) -> Answer:
        """Make an object; the same request id with the same bytes makes it once."""
        return self._write(kind, body, requestid, {}, Expected(ENTITY[kind]), deadline_at)

    def update(
        self, kind: str, body: bytes, requestid: str, *, deadline_at: float | None = None
    ) -> Answer:
        """Change an object; the body names its Id and SyncToken."""
        return self._write(
            kind, body, requestid, {}, Expected(ENTITY[kind], id=id_of(body)), deadline_at
        )

    def delete(
        self, kind: str, body: bytes, requestid: str, *, deadline_at: float | None = None
    ) -> Answer:
        """Delete a transaction by its Id and SyncToken."""
        expected = Expected(ENTITY[kind], deletes=True, id=id_of(body))
        return self._write(kind, body, requestid, {"operation": "delete"}, expected, deadline_at)

    def void(
        self, kind: str, body: bytes, requestid: str, *, deadline_at: float | None = None
    ) -> Answer:
        """Void a transaction, where its kind can be voided."""
        by_update = {"operation": "update", "include": "void"}
        params = by_update if kind in VOID_BY_UPDATE else {"operation": "void"}
        return self._write(
            kind, body, requestid, params, Expected(ENTITY[kind], id=id_of(body)), deadline_at
        )

    def upload(
        self, metadata: bytes, file: bytes, requestid: str, *, deadline_at: float | None = None
    ) -> Answer:
        """Upload a file with its metadata, which names the transaction it belongs to."""
        about = json.loads(metadata)
        boundary = f"hub-{requestid}"
        call = _Call(
            "POST", "upload", {"requestid": requestid}, Expected("AttachableResponse"),
            multipart(boundary, metadata, file, about["FileName"], about.get("ContentType", "")),
            f"multipart/form-data; boundary={boundary}", slow=True,
        )  # fmt: skip
        answer = self._call(call, deadline_at)
        parts = answer.body.get("AttachableResponse")
        if (
            answer.status == 200
            and isinstance(parts, list)
            and parts
            and isinstance(parts[0], dict)
        ):
            is_trial = answer.is_trial
            answer = of_item(parts[0], Expected("Attachable"), answer)
            self.note_items([answer], is_trial=is_trial)
        return answer

    def batch(
        self, items: Sequence[BatchItem], requestid: str, *, deadline_at: float | None = None
    ) -> Answer:
        """Send up to 30 operations at once; `batch.answers` tells what became of each.

        QuickBooks joins the request id and each bId to the key of an item, which has 50 characters at most.
        """
        body, expected = batch.body(items, requestid), Expected("BatchItemResponse")
        call = _Call("POST", "batch", {"requestid": requestid}, expected, body, items=len(items))
        return self._call(call, deadline_at)

    def _write(
        self,
        kind: str,
        body: bytes,
        requestid: str,
        params: dict[str, str],
        expected: Expected,
        at: float | None,
    ) -> Answer:
        path = ENTITY[kind].lower()
        return self._call(
            _Call("POST", path, {**params, "requestid": requestid}, expected, body), at
        )

    # -- reads --------------------------------------------------------------------------------------------------------

    def read(self, kind: str, id: str, *, deadline_at: float | None = None) -> Answer:
        """One object."""
        entity = ENTITY[kind]
        call = _Call("GET", f"{entity.lower()}/{quote(id, safe='')}", {}, Expected(entity, id=id))
        return self._call(call, deadline_at)

    def query(self, text: str) -> Answer:
        """What a query finds; `rows(answer, kind)` are its objects."""
        expected = Expected("QueryResponse")
        return self._call(_Call("POST", "query", {}, expected, text.encode(), "application/text"))

    def select(self, kind: str, where: str, *, order: str = "Id", start: int = 1) -> Answer:
        """One page of the objects of a kind."""
        tail = f"WHERE {where} ORDERBY {order} STARTPOSITION {start} MAXRESULTS {PAGE}"
        return self.query(f"SELECT * FROM {ENTITY[kind]} {tail}")  # noqa: S608  (QuickBooks' own language)

    def cdc(self, kinds: Iterable[str], since: dt.datetime) -> Answer:
        """What changed since a moment, deleted ones too; 1,000 objects mean that there is more."""
        params = {
            "entities": ",".join(ENTITY[kind] for kind in kinds),
            "changedSince": since.isoformat(),
        }
        return self._call(_Call("GET", "cdc", params, Expected("CDCResponse")))

    def company_info(self) -> Answer:
        """Name, country and address of the company."""
        return self._call(_Call("GET", f"companyinfo/{self.realm}", {}, Expected("CompanyInfo")))

    def preferences(self) -> Answer:
        """How the company is set up."""
        return self._call(_Call("GET", "preferences", {}, Expected("Preferences")))

    def report(self, name: str, params: dict[str, str]) -> Answer:
        """A report by its name, as QuickBooks lays it out in rows and columns."""
        return self._call(_Call("GET", f"reports/{name}", params, Expected("Header")))

    # -- one call -----------------------------------------------------------------------------------------------------

    def _call(self, call: _Call, deadline_at: float | None = None) -> Answer:
        if call.writes:
            return self._once(call, deadline_at)
        clock, left = self._runtime.clock, READS
        until = clock.monotonic() + self._runtime.config.deadline_seconds
        until = until if deadline_at is None else min(until, deadline_at)
        answer = self._once(call, deadline_at)
        while _worth_asking(answer) and (left := left - 1) and clock.monotonic() < until:
            if answer.outcome == "unauthorised":
                clock.sleep(answer.after or 0.0)
            answer = self._once(call, deadline_at)
        return of_read(answer) if answer.outcome == "doubt" else answer

    def _once(self, call: _Call, deadline_at: float | None = None) -> Answer:
        with self._flask.app_context():
            answer, token = self._with(lambda: self._bearer(call), call, deadline_at)
            if answer.expired and token:
                answer, _ = self._with(
                    lambda: tokens.refresh(self.company_id, token), call, deadline_at
                )
            if call.is_envelope and answer.outcome != "unauthorised":
                return answer  # its items show whether QuickBooks lets the hub in
            return self._note_access(answer, writes=call.writes)

    def note_items(self, answers: Sequence[Answer], *, is_trial: bool) -> None:
        """Notice in the answers to single items of a request whether QuickBooks lets the hub in.

        `is_trial` is that of the answer to the whole request.
        """
        refused = [answer for answer in answers if answer.outcome == "unauthorised"]
        accepted = [answer for answer in answers if answer.outcome in ACCEPTED]
        for answer in (refused or accepted)[:1]:
            with self._flask.app_context():
                self._note_access(replace(answer, is_trial=is_trial), writes=True)

    def _note_access(self, answer: Answer, *, writes: bool) -> Answer:
        """Store that QuickBooks refused the connection, or accepts it again.

        A call that began before the connection was refused proves nothing about it.
        """
        if answer.outcome == "unauthorised":
            self._token_until, self._is_refused = 0.0, True
            if answer.status is not None:
                trouble = connection.refuse_call(self.company_id, answer, writes=writes)
                return replace(answer, after=trouble.after if trouble else None)
        elif answer.is_trial and answer.outcome in ACCEPTED:
            self._is_refused = connection.accept(self.company_id, writes=writes)
        return answer

    def _with(
        self, bearer: Callable[[], str], call: _Call, deadline_at: float | None
    ) -> tuple[Answer, str]:
        try:
            token = bearer()
        except NeedsAttention as error:
            after = getattr(error, "after", None)
            return Answer("unauthorised", text=error.text, after=after), ""
        except HubError as error:
            return Answer("unsent", text=error.text, after=getattr(error, "after", None)), ""
        self._keep(token)
        is_trial = self._is_refused
        try:
            with self._rate_limiter.slot(self.app, items=call.items, until=deadline_at):
                answer = self._send(call, token, deadline_at)
                return replace(answer, is_trial=is_trial), token
        except NoSlot as full:
            return unsent("its limit of calls leaves no room for one more now", full.after), token

    def _send(self, call: _Call, token: str, deadline_at: float | None) -> Answer:
        clock, seconds = self._runtime.clock, self._runtime.config.deadline_seconds
        left = seconds if deadline_at is None else min(seconds, deadline_at - clock.monotonic())
        if left <= 0:
            return unsent("the time for this attempt was over before it began")
        connect, began = left if call.slow else CONNECT_SECONDS, clock.monotonic()
        try:
            reply = transport.send(
                self._request(call, token), mounts=self._runtime.mounts, clock=clock, seconds=left,
                connect_seconds=connect,
            )  # fmt: skip
        except ExchangeError as error:
            if not error.may_have_sent:
                return unsent(str(error))
            self._count(call, None)
            return lost(str(error))
        answer = replace(read_reply(reply, call.expected), seconds=clock.monotonic() - began)
        self._count(call, answer.date)
        if answer.outcome == "throttled":
            self._rate_limiter.throttled(answer.after or 0.0)
        return answer

    def _request(self, call: _Call, token: str) -> requests.PreparedRequest:
        params = urlencode({**call.params, "minorversion": MINOR_VERSION})
        url = f"{self._runtime.config.qbo_api_url}/v3/company/{self.realm}/{call.path}?{params}"
        return transport.request(call.method, url, token, call.body, call.content_type)

    def _count(self, call: _Call, date: dt.datetime | None) -> None:
        with self._lock:
            self.writes += call.writes
            self.reads += not call.writes
            if date and (self.newest_date is None or date > self.newest_date):
                self.newest_date = date
        if not call.writes:
            usage.count_read(self.company_id)

    def _bearer(self, call: _Call) -> str:
        if self._token and self._runtime.clock.monotonic() < self._token_until:
            return self._token
        token = tokens.access_token(self.company_id, writes=call.writes)
        self._is_refused = connection.is_company_refused(self.company_id)
        return token

    def _keep(self, token: str) -> None:
        if self._is_refused:
            return  # each call first looks whether it may be made
        if token != self._token or self._runtime.clock.monotonic() >= self._token_until:
            self._token, self._token_until = token, self._runtime.clock.monotonic() + TOKEN_SECONDS


def _worth_asking(answer: Answer) -> bool:
    """Return whether to repeat a read; the rate limiter waits where QuickBooks wants a pause."""
    if answer.outcome == "unauthorised":
        return answer.after is not None and answer.after <= SHORT_PAUSE
    return answer.outcome == "doubt" or (
        answer.outcome == "throttled" and (answer.after or 0.0) <= SHORT_PAUSE
    )


def rows(answer: Answer, kind: str) -> list[dict[str, Any]]:
    """The objects of one kind in the answer to a query."""
    found = (answer.entity or {}).get(ENTITY[kind])
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
