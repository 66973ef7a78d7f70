"""The pages under /_sandbox/: the whole ledger, switches, and what a person does in QuickBooks."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from qbo_sandbox.accounting import books_dump, preferences
from qbo_sandbox.accounting.company import Change, Company
from qbo_sandbox.accounting.kinds import KINDS
from qbo_sandbox.accounting.refusals import Refusal
from qbo_sandbox.accounting.values import dump
from qbo_sandbox.entities import operations
from qbo_sandbox.kit import Journal
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.oauth.grants import Grants
from qbo_sandbox.switches import Switches

OF_ONE = dict.fromkeys(
    ("edit", "delete", "deactivate", "activate", "void", "reconcile"), ("kind", "id")
)
# What the API only reads, and a person edits on QuickBooks' tax page.
EDITED_BY_PEOPLE = ("TaxCode", "TaxRate")
NEEDS = {**OF_ONE, "create": ("kind", "set"), "pay": ("id",)}


class Control:
    """Answers a test, or a person driving the stand-in."""

    def __init__(self, companies: dict[str, Company], grants: Grants, journal: Journal) -> None:
        self.companies = companies
        self.grants = grants
        self.journal = journal
        self.switches = Switches()

    def pages(self) -> dict[str, Callable[[str, Any], object]]:
        """Return the pages by their names below /_sandbox/."""
        return {
            "books": self.books,
            "switches": self.switch,
            "act": self.act_checked,
            "company": self.company,
        }

    def books(self, method: str, body: Any) -> bytes:
        """Return objects, entries and balances of every company, filtered by realm and kind."""
        return books_dump.books(self.companies, body or {})

    def switch(self, method: str, body: Any) -> object:
        """GET shows the switches with all their choices; POST {name: value} sets some."""
        if method == "POST":
            self.set(body)
            self.journal.append_line(dump({"switches": body}).encode())
        return self.switches.page()

    def set(self, raw: JsonObject) -> None:
        """Set switches, for every company."""
        self.switches = self.switches.changed(_plain(raw))
        for company in self.companies.values():
            company.switches = self.switches

    def company(self, method: str, body: Any) -> object:
        """POST {"realm", option: value} changes a company's options and preferences."""
        if method == "POST":
            changes = {key: value for key, value in body.items() if key != "realm"}
            self.reopt(self._of(body), changes)
        return {realm: company.options.as_dict() for realm, company in self.companies.items()}

    def reopt(self, company: Company, raw: JsonObject) -> None:
        """Change a company's options, and its preferences with them."""
        company.options = company.options.changed(_plain(raw))
        event = {"options": company.options.as_dict()}
        self.journal.append_line(dump(event).encode())
        row = company.row("Preferences", "1")
        if row:
            data = row.read() | preferences.sections(company.options)
            _rewrite(company, "Preferences", row.id, data)

    def act_checked(self, method: str, body: Any) -> object:
        """Answer /_sandbox/act; raise ValueError with a sentence if the act is wrong or refused."""
        request = body if isinstance(body, dict) else {}
        if wanting := [
            name for name in NEEDS.get(str(request.get("do")), ()) if not request.get(name)
        ]:
            raise ValueError(f"{request['do']} needs {' and '.join(wanting)}")
        if request.get("kind", "Bill") not in KINDS:
            raise ValueError(
                f"there is no kind {request['kind']!r}; there are {', '.join(sorted(KINDS))}"
            )
        try:
            return self.act(method, request)
        except Refusal as refusal:
            raise ValueError(f"{refusal.code}: {refusal.detail}") from refusal

    def act(self, method: str, body: Any) -> object:
        """POST {"do": …, "realm"?, …}: what a person does in QuickBooks itself."""
        company = self._of(body)
        acts: dict[str, Callable[[Company, JsonObject], object]] = {
            "edit": _edit_object,
            "delete": _delete_object,
            "deactivate": _deactivate_entry,
            "activate": _activate_entry,
            "create": _create_object,
            "void": _void_object,
            "pay": _pay_document,
            "reconcile": self._reconcile,
            "close_books": self._close_books,
            "disconnect": self._disconnect,
        }
        if body.get("do") not in acts:
            raise ValueError(f"do must be one of {', '.join(acts)}")
        with company.lock:
            return acts[body["do"]](company, body)

    def _of(self, body: Any) -> Company:
        """Return the company that a body names, by default the first one."""
        realm = str(body.get("realm") or next(iter(self.companies)))
        if realm not in self.companies:
            realms = ", ".join(self.companies)
            raise ValueError(f"there is no company {realm}; there are {realms}")
        return self.companies[realm]

    def _close_books(self, company: Company, body: JsonObject) -> object:
        """Close the books up to a day."""
        self.reopt(company, {"closed": body.get("date")})
        return {"closed": company.options.closed}

    def _reconcile(self, company: Company, body: JsonObject) -> object:
        """Cover a transaction by a bank reconciliation."""
        row = operations.require_existing(company, body["kind"], body["id"])
        reconciled = (*company.options.reconciled, row.id)
        self.reopt(company, {"reconciled": reconciled})
        return {"reconciled": list(company.options.reconciled)}

    def _disconnect(self, company: Company, body: JsonObject) -> object:
        """Take the application's access away, as an admin does."""
        clients = {grant.client for grant in self.grants.by_refresh.values()}
        for client in clients:
            self.grants.end(client, company.options.realm)
        return {"disconnected": company.options.realm}


def _plain(raw: JsonObject) -> JsonObject:
    """Return options from JSON with numbers and tuples as options have them."""
    options = {}
    for name, value in raw.items():
        if isinstance(value, Decimal):
            value = float(value)
        elif isinstance(value, list):
            value = tuple(value)
        options[name] = value
    return options


def _rewrite(company: Company, kind: str, id: str, data: JsonObject) -> object:
    """Store a new version of an object, whatever the rules for clients are."""
    row = operations.require_existing(company, kind, id)
    meta = row.read()["MetaData"] | {"LastUpdatedTime": company.stamp(company.now())}
    new = {**data, "SyncToken": str(row.token + 1), "MetaData": meta}
    return json.loads(company.commit([Change(kind, id, new)]).body)


def _edit_object(company: Company, body: JsonObject) -> object:
    """Change fields as a person would: the usual rules apply."""
    kind = body["kind"]
    row = operations.require_existing(company, kind, body["id"])
    data = {**row.read(), **body.get("set", {}), "SyncToken": str(row.token)}
    if kind in EDITED_BY_PEOPLE:
        return _rewrite(company, kind, row.id, data)
    for name in ("domain", "sparse", "MetaData", *_generated_links(data)):
        data.pop(name, None)
    reply = operations.update(company, kind, data, {}, None)
    return json.loads(reply.body)


def _generated_links(data: JsonObject) -> list[str]:
    """Return the fields of an object that are addresses made for one answer."""
    return [name for name in data if name in ("FileAccessUri", "TempDownloadUri")]


def _delete_object(company: Company, body: JsonObject) -> object:
    """Delete an object as a person would."""
    row = operations.require_existing(company, body["kind"], body["id"])
    return json.loads(
        operations.delete(
            company, body["kind"], {"Id": row.id, "SyncToken": str(row.token)}, None
        ).body
    )


def _void_object(company: Company, body: JsonObject) -> object:
    """Void a transaction as a person would."""
    row = operations.require_existing(company, body["kind"], body["id"])
    return json.loads(
        operations.void(
            company, body["kind"], {"Id": row.id, "SyncToken": str(row.token)}, None
        ).body
    )


def _create_object(company: Company, body: JsonObject) -> object:
    """Create an object as a person would."""
    reply = operations.create(company, body["kind"], dict(body["set"]), {}, None)
    return json.loads(reply.body)


def _deactivate_entry(company: Company, body: JsonObject) -> object:
    """Make a list entry inactive."""
    return _edit_object(company, {**body, "set": {"Active": False}})


def _activate_entry(company: Company, body: JsonObject) -> object:
    """Make a list entry active again."""
    return _edit_object(company, {**body, "set": {"Active": True}})


def _pay_document(company: Company, body: JsonObject) -> object:
    """Pay a bill by check, or take a customer's payment for an invoice, whole or in part."""
    kind = body.get("kind", "Bill")
    data = operations.require_existing(company, kind, body["id"]).read()
    amount = Decimal(str(body.get("amount", data["Balance"])))
    line = {"Amount": amount, "LinkedTxn": [{"TxnId": data["Id"], "TxnType": kind}]}
    paid = {
        "TotalAmt": amount,
        "CurrencyRef": data["CurrencyRef"],
        "Line": [line],
    }
    if kind == "Invoice":
        return _create_object(
            company, {"kind": "Payment", "set": paid | {"CustomerRef": data["CustomerRef"]}}
        )
    bank = {"BankAccountRef": {"value": company.bank(data["CurrencyRef"]["value"])}}
    more = {
        "VendorRef": data["VendorRef"],
        "PayType": "Check",
        "CheckPayment": bank,
    }
    return _create_object(company, {"kind": "BillPayment", "set": paid | more})
