"""Create, read, update (fully or sparsely) and delete objects of every kind."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from qbo_sandbox.accounting import addresses
from qbo_sandbox.accounting.company import Change, Company, StoredReply
from qbo_sandbox.accounting.kinds import LIST_KINDS, TXN_KINDS
from qbo_sandbox.accounting.refusals import (
    DEPOSITED_MESSAGE,
    INACTIVE_MESSAGE,
    SUBSCRIPTION_MESSAGE,
    Refusal,
    missing_field,
    not_found,
    require_valid_id,
    stale_object,
    unsupported_operation,
)
from qbo_sandbox.accounting.table import Row
from qbo_sandbox.accounting.values import dump
from qbo_sandbox.entities import (
    attachables,
    currencies,
    exchange_rates,
    links,
    lists,
    movements,
    recurring,
    schema,
    singletons,
    taxservice,
    transactions,
    voids,
)
from qbo_sandbox.entities.parameters import get_operation, read_include
from qbo_sandbox.entities.repeated_fields import require_repeated_fields
from qbo_sandbox.kit.json_object import JsonObject

GENERATED_FIELDS = (
    "Id",
    "domain",
    "sparse",
    "status",
    "MetaData",
    "SyncToken",
    "TotalAmt",
    "Balance",
    "HomeBalance",
    "HomeTotalAmt",
)
DELETED_MESSAGE = "Another user has deleted this transaction."
OTHER_USER = "Kari Nordmann"


def write(
    company: Company, kind: str, body: Any, params: dict[str, str], request: str | None = None
) -> StoredReply:
    """Carry out a POST to the address of a kind."""
    if not isinstance(body, dict):
        raise Refusal(
            "2010", "Property Name:Can not deserialize the body specified is unsupported or invalid"
        )
    require_subscription(company)
    if kind in SPECIAL_WRITERS:
        return SPECIAL_WRITERS[kind](company, body, params, request)
    wanted_operation = get_operation(params, body)
    if wanted_operation == "delete":
        return delete(company, kind, body, request)
    if wanted_operation == "void":
        return void(company, kind, body, request)
    if wanted_operation not in ("update", "create"):
        raise unsupported_operation(wanted_operation)
    if wanted_operation == "update" and not body.get("Id"):
        raise missing_field("Id")
    params = params | {"include": " ".join(read_include(params))}
    act = update if wanted_operation == "update" else create
    return act(company, kind, body, params, request)


def require_subscription(company: Company) -> None:
    """Refuse a write in a company whose subscription has ended."""
    if not company.options.subscribed:
        raise Refusal("6190", SUBSCRIPTION_MESSAGE, "")


SPECIAL_WRITERS: dict[
    str, Callable[[Company, JsonObject, dict[str, str], str | None], StoredReply]
] = {
    "ExchangeRate": exchange_rates.write,
    "TaxService": taxservice.write,
    "RecurringTransaction": recurring.write,
}


def read(company: Company, kind: str, id: str) -> bytes:
    """Return an object as JSON."""
    if kind == "Transfer":
        payment = company.row("CreditCardPaymentTxn", str(id))
        if payment:
            transfer = movements.build_transfer(payment.read())
            return dump(transfer).encode()
    row = require_existing(company, kind, id)
    return company.body(kind, row.id)


def require_existing(company: Company, kind: str, id: object) -> Row:
    """Return the row of an object; refuse an id that is malformed, unknown or deleted."""
    text = str(id)
    require_valid_id(kind, text)
    row = company.row(kind, text)
    if row is None:
        is_deleted = text in company.table(kind).gone
        raise not_found(DELETED_MESSAGE if is_deleted else INACTIVE_MESSAGE)
    return row


def create(
    company: Company, kind: str, body: JsonObject, params: dict[str, str], request: str | None
) -> StoredReply:
    """Create an object, with all that follows from it in other objects."""
    _check_writable(kind, new=True)
    schema.check(kind, body)
    data = _list_client_fields(kind, body)
    data = _complete(company, kind, data, None, params)
    id = company.next_id(kind)
    stamp = company.stamp(company.now())
    meta = {"CreateTime": stamp, "LastUpdatedTime": stamp}
    new = _identify(data, id, 0, meta)
    effects = _list_effects(company, kind, id, new, None)
    reply = company.commit([Change(kind, id, new), *effects], request)
    if kind == "CompanyCurrency":
        _create_accounts(company, data["Code"])
    elif kind in ("Customer", "Vendor"):
        _create_accounts(company, data["CurrencyRef"]["value"])
    return reply


def _create_accounts(company: Company, code: str) -> None:
    """Create the accounts of receivables and payables that a currency still needs."""
    for account in currencies.list_needed_accounts(company, code):
        lists.write_entry(company, "Account", account)


def _list_effects(
    company: Company, kind: str, id: str, data: JsonObject | None, old: JsonObject | None
) -> list[Change]:
    """Return the changes of other objects that a transaction or a file is linked to."""
    if kind == "Attachable":
        return links.list_attached_changes(company, data, old)
    if kind not in TXN_KINDS:
        return []
    return links.list_linked_changes(company, kind, id, data, old)


def update(
    company: Company, kind: str, body: JsonObject, params: dict[str, str], request: str | None
) -> StoredReply:
    """Change an object, fully or sparsely, with all that follows from it in other objects."""
    _check_writable(kind)
    schema.check(kind, body)
    row = require_existing(company, kind, body["Id"])
    _require_newest(row, body)
    old = company.current(kind, row)
    if kind in TXN_KINDS:
        _require_changeable(company, kind, old)
    data = _merge_update(company, kind, body, old)
    data = _complete(company, kind, data, old, params)
    if _is_same(data, old):
        return _answer_unchanged(company, kind, row, request)
    meta = {
        "CreateTime": old["MetaData"]["CreateTime"],
        "LastUpdatedTime": company.stamp(company.now()),
    }
    new = _identify(data, row.id, row.token + 1, meta)
    changes = [Change(kind, row.id, new)]
    if new.get("FullyQualifiedName"):
        changes += lists.rename_below(company, kind, new)
    changes += _list_effects(company, kind, row.id, new, old)
    if kind == "Item" and "updateaccountontxns" in read_include(params):
        changes += _rebook_item(company, row.id)
    return company.commit(changes, request)


def _merge_update(company: Company, kind: str, body: JsonObject, old: JsonObject) -> JsonObject:
    """Return the fields of an object after an update.

    A sparse update leaves the fields as they are that the client does not send; a full update
    removes most of them. New lines need a new computation of the tax, unless a switch says that
    it stays.
    """
    data = _list_client_fields(kind, body)
    require_repeated_fields(kind, data, old)
    if body.get("sparse") not in (True, "true"):
        return _list_unsent_fields(kind, old) | data
    base = _list_client_fields(kind, old)
    if company.switches.sparse_empty_list == "ignored":
        data = {name: value for name, value in data.items() if value != []}
    if "Line" in data and company.switches.sparse_tax == "computed":
        base.pop("TxnTaxDetail", None)
    return base | data


def _rebook_item(company: Company, id: str) -> list[Change]:
    """Return the transactions that name an item, unchanged, so that they are booked again."""
    changes = []
    for kind in TXN_KINDS:
        for row in company.table(kind).rows.values():
            data = row.read()
            items = map(_get_item_id, data.get("Line", ()))
            if id in items:
                changes.append(Change(kind, row.id, data))
    return changes


def _get_item_id(line: JsonObject) -> str | None:
    """Return the id of the item of a line, or None."""
    kind = line.get("DetailType", "")
    detail = line.get(kind)
    if not isinstance(detail, dict) or not detail.get("ItemRef"):
        return None
    item: str | None = detail["ItemRef"].get("value")
    return item


def void(company: Company, kind: str, body: JsonObject, request: str | None) -> StoredReply:
    """Void a transaction: it stays with zero amounts."""
    if kind not in TXN_KINDS or not TXN_KINDS[kind].voids:
        raise unsupported_operation("void")
    row = require_existing(company, kind, body.get("Id", ""))
    _require_newest(row, body)
    old = row.read()
    _require_changeable(company, kind, old)
    data, others = voids.void(company, kind, old)
    stamp = company.stamp(company.now())
    data["MetaData"] = old["MetaData"] | {"LastUpdatedTime": stamp}
    data["SyncToken"] = str(row.token + 1)
    changes = [Change(kind, row.id, data), *others]
    return company.commit(changes, request, "Void")


def _require_changeable(company: Company, kind: str, old: JsonObject) -> None:
    """Refuse a change if a closed period or a deposit covers a transaction."""
    transactions.check_open(company, TXN_KINDS[kind], old["TxnDate"])
    if any(link["TxnType"] == "Deposit" for link in old.get("LinkedTxn", ())):
        raise Refusal("6540", DEPOSITED_MESSAGE, "")


def delete(company: Company, kind: str, body: JsonObject, request: str | None) -> StoredReply:
    """Delete an object of which the client has the newest version."""
    if kind in LIST_KINDS and not LIST_KINDS[kind].deletable:
        raise unsupported_operation("delete")
    row = require_existing(company, kind, body.get("Id", ""))
    if body.get("SyncToken") is None and kind != "Attachable":
        raise missing_field("SyncToken")
    _require_newest(row, body, is_needed=False)
    old = row.read()
    if kind in TXN_KINDS:
        _require_changeable(company, kind, old)
        if transactions.is_linked(old):
            raise Refusal(
                "800", "Delete not allowed : a payment or credit is linked to this transaction", ""
            )
    effects = _list_effects(company, kind, row.id, None, old)
    changes = [Change(kind, row.id, None), *effects]
    return company.commit(changes, request)


def _check_writable(kind: str, *, new: bool = False) -> None:
    """Refuse a kind that clients cannot write, or of which there is one only."""
    rule = LIST_KINDS.get(kind)
    if rule is None:
        return
    is_second = new and kind in singletons.SINGLETON_KINDS
    if is_second or not rule.writable:
        raise unsupported_operation(f"create {kind.lower()}")


def _list_client_fields(kind: str, body: JsonObject) -> JsonObject:
    """Return the fields that a client may set; on payments also the total."""
    is_payment = kind in TXN_KINDS and TXN_KINDS[kind].booking == "payment"
    fields = {}
    for key, value in body.items():
        is_computed = key in GENERATED_FIELDS and not (is_payment and key == "TotalAmt")
        if value is not None and not is_computed:
            fields[key] = _without_empty(value)
    return fields


def _without_empty(value: Any) -> Any:
    """Return a nested value without the keys that have no content."""
    if isinstance(value, dict):
        return {key: _without_empty(item) for key, item in value.items() if item not in (None, "")}
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value


def _list_unsent_fields(kind: str, old: JsonObject) -> JsonObject:
    """Return the fields that a full update cannot remove by leaving them out."""
    always = (
        "CurrencyRef",
        "Active",
        "IsProject",
        "Job",
        "ExchangeRate",
        "LinkedTxn",
        "FileAccessUri",
        "Size",
        "ContentType",
    )
    fields = {key: old[key] for key in always if key in old}
    if kind == "Account":
        fields |= {key: old[key] for key in ("AccountType", "AccountSubType") if key in old}
    return fields


def _complete(
    company: Company,
    kind: str,
    data: JsonObject,
    old: JsonObject | None,
    params: dict[str, str],
) -> JsonObject:
    """Return an object with what QuickBooks adds to it, after its checks."""
    data = {key: value for key, value in data.items() if value not in (None, "")}
    data = schema.remove_empty_parts(kind, data)
    if kind == "Vendor" and company.switches.vendor_notes == "dropped":
        data.pop("Notes", None)
    addresses.assign_ids(data, old, company.counters.get("addresses", 0))
    if kind in TXN_KINDS:
        return transactions.complete(company, TXN_KINDS[kind], data, old, params)
    if kind == "Attachable":
        return attachables.check_links(company, data)
    if kind in singletons.SINGLETON_KINDS:
        return singletons.complete(company, kind, data, old or {})
    return lists.complete(company, kind, data, old)


def _require_newest(row: Row, body: JsonObject, *, is_needed: bool = True) -> None:
    """Refuse an object that changed since the client read it."""
    token = body.get("SyncToken")
    if token is None and is_needed:
        raise missing_field("SyncToken")
    if token is not None and str(token) != str(row.token):
        raise stale_object(OTHER_USER)


def _identify(data: JsonObject, id: str, token: int, meta: dict[str, str]) -> JsonObject:
    """Return the data with the fields that QuickBooks sets, and without empty ones."""
    fields = {
        "domain": "QBO",
        "sparse": False,
        "Id": id,
        "SyncToken": str(token),
        "MetaData": meta,
    }
    fields.update(data)
    return {key: _parse_exact_number(value) for key, value in fields.items() if value is not None}


def _parse_exact_number(value: Any) -> Any:
    """Return a number without the rounding of a float."""
    if isinstance(value, float):
        return Decimal(str(value))
    return value


def _is_same(data: JsonObject, old: JsonObject) -> bool:
    """Return whether an update changes nothing."""
    former_data = dict(old)
    for field in ("domain", "sparse", "Id", "SyncToken", "MetaData"):
        former_data.pop(field, None)
    return data == former_data


def _answer_unchanged(company: Company, kind: str, row: Row, request: str | None) -> StoredReply:
    """Return the current version for a write that changes nothing."""
    body = company.body(kind, row.id)
    reply = StoredReply(kind, body, company.now())
    if request:
        company.replies[request] = reply
    return reply
