"""The calls of the accounting API: one function per kind of call; each returns JSON."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from json import loads
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIEnvironment

from qbo_sandbox import reports
from qbo_sandbox.accounting.company import Company, StoredReply
from qbo_sandbox.accounting.refusals import Refusal, unsupported_operation
from qbo_sandbox.accounting.values import dump, format_envelope_time
from qbo_sandbox.api import batch, changes, emails, printed_pdf, uploads
from qbo_sandbox.api.request_ids import (
    MAX_BATCH_LENGTH,
    MAX_ID_LENGTH,
    Key,
    add_digest,
    build_key,
    check_under_way,
    run_once,
)
from qbo_sandbox.api.routes import MISENCODED, UNREADABLE, Route
from qbo_sandbox.entities import exchange_rates, operations
from qbo_sandbox.entities.parameters import read_include
from qbo_sandbox.faults import rules
from qbo_sandbox.kit import Fault
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.kit.messages import body_of

JSON_TYPE = "application/json;charset=utf-8"
PAYMENT_SITE = "https://pay.example"  # a reserved name: the address looks right and leads nowhere


@dataclass
class Call:
    """One request to one company; `kind` is the content type of a good answer."""

    environ: WSGIEnvironment
    route: Route
    company: Company
    client: str
    folder: Path | None
    kind: str = JSON_TYPE

    @property
    def fault(self) -> Fault | None:
        """Return the fault that affects this call, if there is one."""
        fault: Fault | None = self.environ.get("sandbox.fault")
        return fault

    @property
    def note(self) -> JsonObject:
        """Return what the log says about the call."""
        note: JsonObject = self.environ["sandbox.note"]
        return note

    @property
    def is_late(self) -> bool:
        """Return whether the call is carried out after its connection has been given up."""
        return "sandbox.late" in self.environ

    def key(self, longest: int = MAX_ID_LENGTH) -> Key | None:
        """Return the operation that its request id identifies.

        Refuse an id whose first request is still under way, if a switch says so.
        """
        company = self.company
        key = build_key(company, self.route.params, self.client, longest)
        under_way = ()
        if not self.is_late:
            under_way = self.environ.get("sandbox.pending", ())
        check_under_way(company, key, under_way)
        if not key:
            return None
        return add_digest(company, key, body_of(self.environ))

    def wrap(self, content: bytes, at: float | None = None) -> bytes:
        """Return an answer with its content and the time."""
        company = self.company
        if at is None:
            at = company.now()
        time = format_envelope_time(at, company.options.zone)
        end = f',"time":"{time}"}}'.encode()
        return b"{" + content + end

    def write_once(self, action: Callable[[str | None], StoredReply]) -> bytes:
        """Carry out a write once for its request id.

        A repeated request gets the stored reply, or what the switches say.
        """
        company = self.company
        _, _, verb = self.route.call.rpartition(".")
        key = None
        if verb == "create" or company.switches.requestid_guards == "writes":
            key = self.key()
        self.note["replayed"] = key in company.replies
        reply = run_once(company, key, action, is_late=self.is_late)
        if reply.kind == "TaxService":
            return reply.body
        content = f'"{reply.kind}":'.encode() + reply.body
        return self.wrap(content, reply.at)


def carry_out(call: Call) -> bytes:
    """Carry out a call and return the body of the answer.

    Calls that address one object, such as bill.create, are found by their verb.
    """
    name, _, verb = call.route.call.partition(".")
    act = ANSWERS_BY_NAME.get(name)
    if act is None and call.route.kind:
        act = ANSWERS_BY_VERB.get(verb)
    if act is None:
        raise unsupported_operation(call.environ.get("PATH_INFO", ""))
    return act(call)


def _answer_query(call: Call) -> bytes:
    """Answer a query."""
    response = batch.build_query_response(call.company, call.route.body)
    if _wants_payment_links(call.route):
        response = _add_payment_links(call.company, response)
    return call.wrap(b'"QueryResponse":' + response)


def _answer_changes(call: Call) -> bytes:
    """Answer a request for change data."""
    response = changes.answer(call.company, call.route.params)
    return call.wrap(b'"CDCResponse":[' + response + b"]")


def _answer_batch(call: Call) -> bytes:
    """Answer a batch, and note how many of its items were refused."""
    body = _read_json_body(call.route)
    key = call.key(MAX_BATCH_LENGTH)
    items = batch.answer(call.company, body, key, is_late=call.is_late)
    refusals = [item for item in items if item.startswith(b'{"Fault"')]
    call.note["items"] = len(items)
    call.note["items_refused"] = len(refusals)
    items = rules.change_batch_items(call.fault, items)
    content = b",".join(items)
    return call.wrap(b'"BatchItemResponse":[' + content + b"]")


def _answer_upload(call: Call) -> bytes:
    """Store uploaded files."""
    content_type = call.environ.get("CONTENT_TYPE", "")
    attachables = uploads.upload(
        call.company,
        call.folder,
        content_type,
        body_of(call.environ),
        call.key(),
        is_late=call.is_late,
    )
    return call.wrap(b'"AttachableResponse":[' + b",".join(attachables) + b"]")


def _answer_download(call: Call) -> bytes:
    """Answer the temporary address of an attached file."""
    call.kind = "text/plain"
    row = operations.require_existing(call.company, "Attachable", call.route.id)
    address = call.company.file_address(row.read())
    return address.encode()


def _answer_read(call: Call) -> bytes:
    """Answer with one object."""
    route = call.route
    call.note["id"] = route.id
    body = _read_object(call.company, route)
    name = f'"{route.kind}":'.encode()
    return call.wrap(name + body)


def _read_object(company: Company, route: Route) -> bytes:
    """Return the object that a call asks for; CompanyInfo and Preferences have any id."""
    if route.kind in ("CompanyInfo", "Preferences"):
        return company.body(route.kind, "1")
    if route.kind == "ExchangeRate":
        return exchange_rates.read(company, route.params)
    body = operations.read(company, route.kind, route.id)
    if route.kind == "Invoice" and _wants_payment_links(route):
        invoice = loads(body, parse_float=Decimal)
        return dump(_with_payment_link(company, invoice)).encode()
    return body


def _wants_payment_links(route: Route) -> bool:
    """Return whether a call asks for the addresses at which customers can pay invoices."""
    return "invoicelink" in read_include(route.params)


def _add_payment_links(company: Company, response: bytes) -> bytes:
    """Add the addresses of payment to the invoices of a query."""
    content = loads(response, parse_float=Decimal)
    invoices = content.get("Invoice")
    if not invoices:
        return response
    content["Invoice"] = [_with_payment_link(company, invoice) for invoice in invoices]
    return dump(content).encode()


def _with_payment_link(company: Company, invoice: JsonObject) -> JsonObject:
    """Return an invoice with the address at which its customer can pay, if there is one."""
    can_pay = invoice.get("AllowOnlineCreditCardPayment") or invoice.get("AllowOnlineACHPayment")
    if not invoice.get("BillEmail") or not can_pay:
        return invoice
    name = f"{company.options.realm}/{invoice['Id']}"
    secret = hashlib.sha256(name.encode()).hexdigest()
    return invoice | {"InvoiceLink": f"{PAYMENT_SITE}/scs-v1-{secret}?locale=EN_US"}


def _read_json_body(route: Route) -> Any:
    """Return the body of a write; refuse one that cannot be read."""
    if route.body is MISENCODED:
        raise unsupported_operation("Invalid UTF-8 middle byte")
    if route.body is UNREADABLE:
        raise Refusal(
            "2010",
            "Property Name:Unexpected character in the body specified is unsupported or invalid",
        )
    return route.body


def _answer_write(call: Call) -> bytes:
    """Create, change or delete an object, once for its request id."""
    route = call.route
    body = _read_json_body(route)

    def write(key: str | None) -> StoredReply:
        """Write the object."""
        return operations.write(call.company, route.kind, body, route.params, key)

    return call.write_once(write)


def _answer_report(call: Call) -> bytes:
    """Answer a report; its name is where other calls have an id."""
    route = call.route
    return reports.answer(call.company, route.id, route.params)


def _answer_send(call: Call) -> bytes:
    """Mail a document, and answer its new version."""
    route = call.route
    address = route.params.get("sendTo")

    def send(key: str | None) -> StoredReply:
        """Mail the document."""
        return emails.send(call.company, route.kind, route.id, address, key)

    return call.write_once(send)


def _answer_pdf(call: Call) -> bytes:
    """Answer a document as a PDF."""
    route = call.route
    call.kind = "application/pdf"
    return printed_pdf.print_document(call.company, route.kind, route.id)


Act = Callable[[Call], bytes]
ANSWERS_BY_NAME: dict[str, Act] = {
    "query": _answer_query,
    "cdc": _answer_changes,
    "batch": _answer_batch,
    "upload": _answer_upload,
    "download": _answer_download,
    "report": _answer_report,
}
ANSWERS_BY_VERB: dict[str, Act] = {
    "read": _answer_read,
    **dict.fromkeys(("create", "update", "delete", "void"), _answer_write),
    "send": _answer_send,
    "pdf": _answer_pdf,
}
