"""Recurring transactions: a transaction as a template, with the schedule of its repetition."""

from dataclasses import replace

from qbo_sandbox.accounting.company import Change, Company, StoredReply
from qbo_sandbox.accounting.kinds import TXN_KINDS
from qbo_sandbox.accounting.refusals import Refusal, missing_field, not_found, stale_object
from qbo_sandbox.accounting.table import Row
from qbo_sandbox.entities import schema, transactions
from qbo_sandbox.kit.json_object import JsonObject

TEMPLATE_KINDS = (
    "Bill",
    "Purchase",
    "CreditMemo",
    "Deposit",
    "Estimate",
    "Invoice",
    "JournalEntry",
    "RefundReceipt",
    "SalesReceipt",
    "Transfer",
    "VendorCredit",
    "PurchaseOrder",
)
TEMPLATE_TYPES = {
    "Automated": "Automated",
    "Scheduled": "Automated",
    "Reminded": "Reminded",
    "UnScheduled": "UnScheduled",
}
KIND = "RecurringTransaction"


def write(
    company: Company, body: JsonObject, params: dict[str, str], request: str | None
) -> StoredReply:
    """Create, change or delete a template; its kind is that of the only object in the body."""
    kind, template = _find_template(body)
    row = _find_newest_row(company, template)
    if params.get("operation", "").lower() == "delete":
        if row is None:
            raise missing_field("Id")
        return company.commit([Change(KIND, row.id, None)], request)
    before: JsonObject = {}
    if row:
        before = _get_former_template(row, kind)
        id = row.id
        token = row.token + 1
    else:
        id = company.next_id(KIND)
        token = 0
    if template.get("sparse") in (True, "true"):
        template = before | template
    template = _complete(company, kind, template, before)
    created_at = before.get("MetaData", {}).get("CreateTime", "")
    head = company.head(id, token, created_at)
    inner = head | template | {"RecurDataRef": {"value": id}}
    return company.commit([Change(KIND, id, head | {kind: inner})], request)


def _find_newest_row(company: Company, template: JsonObject) -> Row | None:
    """Return the row of a template, None for a new one; refuse one that changed meanwhile."""
    id = str(template.get("Id") or "")
    if not id:
        return None
    row = company.row(KIND, id)
    if row is None:
        raise not_found()
    if str(template.get("SyncToken")) != str(row.token):
        raise stale_object("Kari Nordmann")
    return row


def _get_former_template(row: Row, kind: str) -> JsonObject:
    """Return the template in a row; refuse to make it one of another kind."""
    old = row.read()
    if old and kind not in old:
        raise Refusal("2010", f'Property Name:Unrecognized field "{kind}" (class {KIND})', None)
    return old.get(kind) or {}


def _find_template(body: JsonObject) -> tuple[str, JsonObject]:
    """Return (kind, template) of the object in a body."""
    kinds = [name for name in body if name in TEMPLATE_KINDS and isinstance(body[name], dict)]
    if kinds:
        return kinds[0], body[kinds[0]]
    if body.get("Id"):
        return "", body
    raise missing_field("RecurringTransaction")


def _complete(company: Company, kind: str, template: JsonObject, before: JsonObject) -> JsonObject:
    """Return the template, checked like a transaction, without a number."""
    schema.check(kind, template)
    info = dict(template.get("RecurringInfo") or {})
    for field in ("Name", "RecurType"):
        if not info.get(field):
            raise missing_field(f"RecurringInfo.{field}")
    if info["RecurType"] not in TEMPLATE_TYPES:
        raise Refusal("2170", f"Invalid Enumeration : {info['RecurType']}", "RecurType")
    info.setdefault("Active", True)
    left_out = (
        "Id",
        "SyncToken",
        "MetaData",
        "domain",
        "sparse",
        "DocNumber",
        "RecurDataRef",
        "LinkedTxn",
        "TotalAmt",
        "Balance",
        "TxnDate",
    )
    data = {
        key: value
        for key, value in template.items()
        if key not in left_out and value not in (None, "")
    }
    rule = replace(TXN_KINDS[kind], numbers="own", unique="", dated_due=None, pays=())
    new_template = transactions.complete(company, rule, data | {"RecurringInfo": info}, None, {})
    return {
        key: value for key, value in new_template.items() if key not in ("DocNumber", "TxnDate")
    }
