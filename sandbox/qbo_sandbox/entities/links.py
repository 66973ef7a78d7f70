"""What a transaction does to the others it is linked with: open amounts, links, closed orders."""

from decimal import Decimal

from qbo_sandbox.accounting.company import Change, Company
from qbo_sandbox.accounting.kinds import TXN_KINDS
from qbo_sandbox.accounting.values import ZERO, round_money
from qbo_sandbox.entities import payments, purchases
from qbo_sandbox.kit.json_object import JsonObject

LABELS = {"Check": "BillPaymentCheck", "CreditCard": "BillPaymentCreditCard"}


def linked_changes(
    company: Company, kind: str, id: str, data: JsonObject | None, old: JsonObject | None
) -> list[Change]:
    """Return the changes of other transactions that follow from this one; their versions stay."""
    rule = TXN_KINDS[kind]
    if rule.pays:
        return _settle(company, kind, id, data, old)
    if kind == "Bill":
        return [*_take_orders(company, id, data, old), *_revalue_payments(company, data, old)]
    if kind == "Invoice":
        return [
            *_take_estimates(company, id, data, old),
            *_take_hours(company, data, old),
            *_revalue_payments(company, data, old),
        ]
    return _revalue_payments(company, data, old)


def _settle(
    company: Company, kind: str, id: str, data: JsonObject | None, old: JsonObject | None
) -> list[Change]:
    """Return the transactions that a payment settles, with their new open amounts and links."""
    now = payments.settled_amounts(data)
    before = payments.settled_amounts(old)
    label = LABELS.get(str((data or old or {}).get("PayType")), kind)
    changes = []
    for key in now.keys() | before.keys():
        target = _copy_to_change(company, *key)
        if target is None:
            continue
        if kind != "Deposit":
            _lower_balance(key[0], target, now.get(key, ZERO) - before.get(key, ZERO))
        _add_link(target, {"TxnId": id, "TxnType": label}, is_linked=key in now)
        changes.append(Change(key[0], key[1], target))
    return changes


def _copy_to_change(company: Company, kind: str, id: str) -> JsonObject | None:
    """Return a copy of a transaction to change, with a new time of change."""
    row = company.row(kind, id) if kind in TXN_KINDS else None
    if row is None:
        return None
    data = dict(row.read())
    stamp = company.stamp(company.now())
    data["MetaData"] = data["MetaData"] | {"LastUpdatedTime": stamp}
    return data


def _lower_balance(kind: str, target: JsonObject, amount: Decimal) -> None:
    """Lower what is open of a transaction."""
    field = TXN_KINDS[kind].open_field
    for name in {field, "Balance"} & target.keys():
        target[name] = round_money(target[name] - amount)
    if "HomeBalance" in target:
        target["HomeBalance"] = round_money(target[field] * target["ExchangeRate"])


def _add_link(target: JsonObject, link: dict[str, str], *, is_linked: bool) -> None:
    """Put a link into a transaction, or take it out unless `is_linked`."""
    links = [other for other in target.get("LinkedTxn", ()) if other["TxnId"] != link["TxnId"]]
    if is_linked:
        links.append(link)
    if links or target.get("AllowOnlinePayment") is not None:
        target["LinkedTxn"] = links
    else:
        target.pop("LinkedTxn", None)


def _take_orders(
    company: Company, id: str, data: JsonObject | None, old: JsonObject | None
) -> list[Change]:
    """Return the purchase orders that a bill takes or gives back, closed or open again."""
    orders = purchases.orders_of(data)
    changes = []
    for order in orders.keys() | purchases.orders_of(old).keys():
        target = _copy_to_change(company, "PurchaseOrder", order)
        if target is None:
            continue
        _add_link(target, {"TxnId": id, "TxnType": "Bill"}, is_linked=order in orders)
        bills = _other_bills(company, target, id)
        if data:
            bills.append(data)
        is_billed = purchases.is_billed(company, order, bills)
        target["POStatus"] = "Closed" if is_billed else "Open"
        changes.append(Change("PurchaseOrder", order, target))
    return changes


def _other_bills(company: Company, order: JsonObject, id: str) -> list[JsonObject]:
    """Return the bills of a purchase order, without the one with this id."""
    bills = []
    for link in order.get("LinkedTxn", ()):
        row = company.row("Bill", link["TxnId"])
        if link["TxnId"] != id and row:
            bills.append(row.read())
    return bills


def _take_estimates(
    company: Company, id: str, data: JsonObject | None, old: JsonObject | None
) -> list[Change]:
    """Return the estimates that an invoice takes or gives back, closed or open again."""
    estimates = _linked_estimates(data)
    changes = []
    for estimate in estimates | _linked_estimates(old):
        target = _copy_to_change(company, "Estimate", estimate)
        if target is None:
            continue
        is_linked = estimate in estimates
        _add_link(target, {"TxnId": id, "TxnType": "Invoice"}, is_linked=is_linked)
        if is_linked:
            target["TxnStatus"] = "Closed"
        else:
            target["TxnStatus"] = "Accepted" if target.get("AcceptedDate") else "Pending"
        changes.append(Change("Estimate", estimate, target))
    return changes


def _linked_estimates(data: JsonObject | None) -> set[str]:
    """Return the ids of the estimates that an invoice is linked to."""
    links = (data or {}).get("LinkedTxn") or ()
    return {str(link["TxnId"]) for link in links if link.get("TxnType") == "Estimate"}


def _take_hours(company: Company, data: JsonObject | None, old: JsonObject | None) -> list[Change]:
    """Mark hours on an invoice as billed, and removed hours as billable."""
    hours = _billed_activities(data)
    changes = []
    for id in hours ^ _billed_activities(old):
        target = _copy_to_change(company, "TimeActivity", id)
        if target is not None:
            target["BillableStatus"] = "HasBeenBilled" if id in hours else "Billable"
            changes.append(Change("TimeActivity", id, target))
    return changes


def _billed_activities(data: JsonObject | None) -> set[str]:
    """Return the ids of the time activities that a transaction bills."""
    ids = set()
    for line in (data or {}).get("Line") or ():
        for link in line.get("LinkedTxn") or ():
            if link.get("TxnType") == "TimeActivity":
                ids.add(str(link["TxnId"]))
    return ids


def _revalue_payments(
    company: Company, data: JsonObject | None, old: JsonObject | None
) -> list[Change]:
    """Return the payments on a transaction with a new exchange rate; their gains change."""
    if not data or not old:
        return []
    if data.get("ExchangeRate") == old.get("ExchangeRate"):
        return []
    changes = []
    for link in old.get("LinkedTxn") or ():
        id = link["TxnId"]
        label = link["TxnType"]
        kind = payments.LINKED_KINDS.get(label, label)
        target = _copy_to_change(company, kind, id)
        if target is not None and TXN_KINDS[kind].pays:
            changes.append(Change(kind, id, target))
    return changes


def release_payments(company: Company, id: str, data: JsonObject) -> list[Change]:
    """Return the payments on a voided transaction, with the paid amount unapplied again."""
    changes = []
    for link in data.get("LinkedTxn") or ():
        source = payments.LINKED_KINDS.get(link["TxnType"], link["TxnType"])
        target = _copy_to_change(company, source, link["TxnId"])
        if target is None or not TXN_KINDS[source].pays:
            continue
        lines = []
        unapplied = ZERO
        for line in target["Line"]:
            if line["LinkedTxn"][0]["TxnId"] == id:
                unapplied += line["Amount"]
            else:
                lines.append(line)
        target["Line"] = lines
        if "UnappliedAmt" in target:
            target["UnappliedAmt"] = round_money(target["UnappliedAmt"] + unapplied)
        changes.append(Change(source, link["TxnId"], target))
    return changes
