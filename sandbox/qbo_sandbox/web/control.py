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
from qbo_sandbox.entities import operations, tax_rates
from qbo_sandbox.kit import Journal
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.oauth.grants import Grants
from qbo_sandbox.switches import Switches

ACTS_ON_OBJECTS = ("edit", "delete", "deactivate", "activate", "void", "reconcile")
REQUIRED_FIELDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(ACTS_ON_OBJECTS, ("kind", "id")),
    "create": ("kind", "set"),
    "pay": ("id",),
}
# What no client sends: the stand-in makes it for each answer.
GENERATED_FIELDS = ("domain", "sparse", "MetaData", "FileAccessUri", "TempDownloadUri")
# What the API only reads, and a person edits on QuickBooks' tax page.
KINDS_EDITED_BY_PEOPLE = ("TaxCode", "TaxRate")


class Control:
    """The pages for tests, and for people who control the stand-in."""

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
            "act": self.answer_act,
            "company": self.company,
        }

    def books(self, method: str, body: Any) -> bytes:
        """Return objects, entries and balances of every company, filtered by realm and kind."""
        filters = body or {}
        return books_dump.dump_books(self.companies, filters)

    def switch(self, method: str, body: Any) -> object:
        """Answer /_sandbox/switches: GET shows all with their choices, POST sets some.

        The body of POST is {name: value}. The journal keeps it, so that a restart sets them again.
        """
        if method == "POST":
            self.set(body)
            self.journal.append_line(dump({"switches": body}).encode())
        return self.switches.page()

    def set(self, raw: JsonObject) -> None:
        """Set switches, for every company.

        Raise ValueError for a switch or an answer that does not exist.
        """
        self.switches = self.switches.changed(_convert_options(raw))
        for company in self.companies.values():
            company.switches = self.switches

    def company(self, method: str, body: Any) -> object:
        """Answer /_sandbox/company: GET shows each company's options, POST changes some.

        The body of POST is {"realm": id, option: value}; without a realm it is the first company.
        """
        if method == "POST":
            changes = dict(body)
            changes.pop("realm", None)
            self.change_options(self._company_of(body), changes)
        page = {}
        for realm, company in self.companies.items():
            page[realm] = company.options.as_dict()
        return page

    def change_options(self, company: Company, raw: JsonObject) -> None:
        """Change a company's options, and its preferences with them.

        Preferences show some of the options; clients read them there.
        """
        company.options = company.options.changed(_convert_options(raw))
        event = {"options": company.options.as_dict()}
        self.journal.append_line(dump(event).encode())
        row = company.row("Preferences", "1")
        if row is None:
            return
        sections = preferences.build_sections(company.options)
        data = row.read() | sections
        _rewrite(company, "Preferences", row.id, data)

    def answer_act(self, method: str, body: Any) -> object:
        """Answer /_sandbox/act; raise ValueError with a sentence if the act is wrong or refused."""
        request = body if isinstance(body, dict) else {}
        act = str(request.get("do"))
        missing = [name for name in REQUIRED_FIELDS.get(act, ()) if not request.get(name)]
        if missing:
            raise ValueError(f"{act} needs {' and '.join(missing)}")
        kind = request.get("kind", "Bill")
        if kind not in KINDS:
            kinds = ", ".join(sorted(KINDS))
            raise ValueError(f"there is no kind {kind!r}; there are {kinds}")
        try:
            return self.act(method, request)
        except Refusal as refusal:
            raise ValueError(f"{refusal.code}: {refusal.detail}") from refusal

    def act(self, method: str, body: Any) -> object:
        """Do what a person does in QuickBooks itself, as {"do": …, "realm"?, …} says."""
        company = self._company_of(body)
        acts: dict[str, Callable[[Company, JsonObject], object]] = {
            "edit": _edit_object,
            "delete": _delete_object,
            "deactivate": _deactivate_entry,
            "activate": _reactivate_entry,
            "create": _create_object,
            "void": _void_object,
            "pay": _pay_document,
            "reconcile": self._reconcile,
            "close_books": self._close_books,
            "disconnect": self._disconnect,
        }
        act = acts.get(body.get("do"))
        if act is None:
            raise ValueError(f"do must be one of {', '.join(acts)}")
        with company.lock:
            return act(company, body)

    def _company_of(self, body: Any) -> Company:
        """Return the company that a body names, by default the first one."""
        realm = str(body.get("realm") or next(iter(self.companies)))
        if realm not in self.companies:
            realms = ", ".join(self.companies)
            raise ValueError(f"there is no company {realm}; there are {realms}")
        return self.companies[realm]

    def _close_books(self, company: Company, body: JsonObject) -> object:
        """Close the books up to a day, or open them all if there is no date."""
        date = body.get("date")
        self.change_options(company, {"closed": date})
        return {"closed": company.options.closed}

    def _reconcile(self, company: Company, body: JsonObject) -> object:
        """Cover a transaction by a bank reconciliation.

        Reports can leave it out; clients may still change it.
        """
        row = operations.require_existing(company, body["kind"], body["id"])
        reconciled_ids = (*company.options.reconciled, row.id)
        self.change_options(company, {"reconciled": reconciled_ids})
        return {"reconciled": list(reconciled_ids)}

    def _disconnect(self, company: Company, body: JsonObject) -> object:
        """Revoke the application's access, as an admin does."""
        realm = company.options.realm
        clients = {grant.client for grant in self.grants.by_refresh.values()}
        for client in clients:
            self.grants.end(client, realm)
        return {"disconnected": realm}


def _convert_options(raw: JsonObject) -> JsonObject:
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
    """Store a new version of an object, and return it.

    The rules for clients do not apply: a person may change what the API only reads.
    """
    row = operations.require_existing(company, kind, id)
    stamp = company.stamp(company.now())
    meta = row.read()["MetaData"] | {"LastUpdatedTime": stamp}
    version = {"SyncToken": str(row.token + 1), "MetaData": meta}
    change = Change(kind, id, {**data, **version})
    reply = company.commit([change])
    return json.loads(reply.body)


def _edit_object(company: Company, body: JsonObject) -> object:
    """Change fields as a person would.

    The usual rules apply, apart from the kinds that the API only reads.
    """
    kind = body["kind"]
    row = operations.require_existing(company, kind, body["id"])
    changes = body.get("set", {})
    data = {**row.read(), **changes, "SyncToken": str(row.token)}
    if kind == "TaxRate":
        data = tax_rates.correct_current_period(row.read(), changes)
    if kind in KINDS_EDITED_BY_PEOPLE:
        return _rewrite(company, kind, row.id, data)
    for name in (*GENERATED_FIELDS, f"{kind}Ex"):
        data.pop(name, None)
    reply = operations.update(company, kind, data, {}, None)
    return json.loads(reply.body)


def _delete_object(company: Company, body: JsonObject) -> object:
    """Delete an object as a person would."""
    version = _get_newest_version(company, body)
    reply = operations.delete(company, body["kind"], version, None)
    return json.loads(reply.body)


def _void_object(company: Company, body: JsonObject) -> object:
    """Void a transaction as a person would."""
    version = _get_newest_version(company, body)
    reply = operations.void(company, body["kind"], version, None)
    return json.loads(reply.body)


def _get_newest_version(company: Company, body: JsonObject) -> JsonObject:
    """Return the fields by which a client names the newest version of an object."""
    row = operations.require_existing(company, body["kind"], body["id"])
    return {"Id": row.id, "SyncToken": str(row.token)}


def _create_object(company: Company, body: JsonObject) -> object:
    """Create an object as a person would; the usual rules apply."""
    data = dict(body["set"])
    reply = operations.create(company, body["kind"], data, {}, None)
    return json.loads(reply.body)


def _deactivate_entry(company: Company, body: JsonObject) -> object:
    """Make a list entry inactive."""
    edit = {**body, "set": {"Active": False}}
    return _edit_object(company, edit)


def _reactivate_entry(company: Company, body: JsonObject) -> object:
    """Make a list entry active again."""
    edit = {**body, "set": {"Active": True}}
    return _edit_object(company, edit)


def _pay_document(company: Company, body: JsonObject) -> object:
    """Pay a bill by check, or take a customer's payment for an invoice, whole or in part."""
    kind = body.get("kind", "Bill")
    data = operations.require_existing(company, kind, body["id"]).read()
    amount = Decimal(str(body.get("amount", data["Balance"])))
    line = {"Amount": amount, "LinkedTxn": [{"TxnId": data["Id"], "TxnType": kind}]}
    payment = {
        "TotalAmt": amount,
        "CurrencyRef": data["CurrencyRef"],
        "Line": [line],
    }
    if kind == "Invoice":
        payment["CustomerRef"] = data["CustomerRef"]
        return _create_object(company, {"kind": "Payment", "set": payment})
    bank = company.bank(data["CurrencyRef"]["value"])
    payment["VendorRef"] = data["VendorRef"]
    payment["PayType"] = "Check"
    payment["CheckPayment"] = {"BankAccountRef": {"value": bank}}
    return _create_object(company, {"kind": "BillPayment", "set": payment})
