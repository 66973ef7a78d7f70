"""The effects of a transaction on linked ones: open amounts, links, closed orders."""

from decimal import Decimal

from qbo_sandbox.accounting.company import Change, Company
from qbo_sandbox.accounting.kinds import TXN_KINDS
from qbo_sandbox.accounting.values import ZERO, round_money
from qbo_sandbox.entities import payments, purchases
from qbo_sandbox.kit.json_object import JsonObject

LINK_TYPES = {"Check": "BillPaymentCheck", "CreditCard": "BillPaymentCreditCard"}


def list_linked_changes(
    company: Company, kind: str, id: str, data: JsonObject | None, old: JsonObject | None
) -> list[Change]:
    """Return the changes of linked transactions; only payments raise the versions of others."""
    if TXN_KINDS[kind].pays:
        return _settle(company, kind, id, data, old)
    changes: list[Change] = []
    if kind == "Bill":
        changes += _take_orders(company, id, data, old)
    if kind == "Invoice":
        changes += _take_estimates(company, id, data, old)
        changes += _take_hours(company, data, old)
    changes += _revalue_payments(company, data, old)
    return changes


def _settle(
    company: Company, kind: str, id: str, data: JsonObject | None, old: JsonObject | None
) -> list[Change]:
    """Return the transactions that a payment settles, with their new open amounts and links."""
    settled_amounts = payments.sum_settled_amounts(data)
    previously_settled = payments.sum_settled_amounts(old)
    payment = data or old or {}
    pay_type = str(payment.get("PayType"))
    link = {"TxnId": id, "TxnType": LINK_TYPES.get(pay_type, kind)}
    changes = []
    for key in settled_amounts.keys() | previously_settled.keys():
        target_kind, target_id = key
        target = _copy_to_change(company, target_kind, target_id)
        if target is None:
            continue
        if kind != "Deposit":
            increase = settled_amounts.get(key, ZERO) - previously_settled.get(key, ZERO)
            _lower_balance(target_kind, target, increase)
            if settled_amounts.get(key) != previously_settled.get(key):
                _raise_version(company, target)
        _add_link(target, link, is_linked=key in settled_amounts)
        changes.append(Change(target_kind, target_id, target))
    return changes


def list_attached_changes(
    company: Company, data: JsonObject | None, old: JsonObject | None
) -> list[Change]:
    """Return the transactions that a file or note was just linked to, with their new versions."""
    changes: list[Change] = []
    if company.switches.linked_version == "kept":
        return changes
    for kind, id in sorted(_list_attachment_targets(data) - _list_attachment_targets(old)):
        target = _copy_to_change(company, kind, id)
        if target is not None:
            _raise_version(company, target)
            changes.append(Change(kind, id, target))
    return changes


def _list_attachment_targets(data: JsonObject | None) -> set[tuple[str, str]]:
    """Return the kinds and ids of the objects that a file or note is linked to."""
    references = (data or {}).get("AttachableRef") or ()
    entities = [reference.get("EntityRef") or {} for reference in references]
    return {(str(entity.get("type")), str(entity.get("value"))) for entity in entities}


def _raise_version(company: Company, data: JsonObject) -> None:
    """Give a transaction its next SyncToken, unless a switch says that it stays."""
    if company.switches.linked_version == "raised":
        data["SyncToken"] = str(int(data["SyncToken"]) + 1)


def _copy_to_change(company: Company, kind: str, id: str) -> JsonObject | None:
    """Return a copy of a transaction to change, with a new time of change."""
    if kind not in TXN_KINDS:
        return None
    row = company.row(kind, id)
    if row is None:
        return None
    data = dict(row.read())
    stamp = company.stamp(company.now())
    data["MetaData"] = data["MetaData"] | {"LastUpdatedTime": stamp}
    return data


def _lower_balance(kind: str, target: JsonObject, amount: Decimal) -> None:
    """Lower what is open of a transaction.

    A credit memo shows it in two fields, and in a foreign currency there is one more.
    """
    field = TXN_KINDS[kind].open_field
    for name in {field, "Balance"}:
        if name in target:
            rest = target[name] - amount
            target[name] = round_money(rest)
    if "HomeBalance" in target:
        rest_at_home = target[field] * target["ExchangeRate"]
        target["HomeBalance"] = round_money(rest_at_home)


def _add_link(target: JsonObject, link: dict[str, str], *, is_linked: bool) -> None:
    """Put a link into a transaction, or take it out unless `is_linked`.

    Sales forms that can be paid online keep an empty list.
    """
    id = link["TxnId"]
    links = [other for other in target.get("LinkedTxn", ()) if other["TxnId"] != id]
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
    orders = purchases.sum_billed_orders(data)
    former_orders = purchases.sum_billed_orders(old)
    link = {"TxnId": id, "TxnType": "Bill"}
    changes = []
    for order in orders.keys() | former_orders.keys():
        target = _copy_to_change(company, "PurchaseOrder", order)
        if target is None:
            continue
        _add_link(target, link, is_linked=order in orders)
        bills = _list_other_bills(company, target, id)
        if data:
            bills.append(data)
        is_billed = purchases.is_billed(company, order, bills)
        target["POStatus"] = "Closed" if is_billed else "Open"
        changes.append(Change("PurchaseOrder", order, target))
    return changes


def _list_other_bills(company: Company, order: JsonObject, id: str) -> list[JsonObject]:
    """Return the bills of a purchase order, without the one with this id."""
    bills = []
    for link in order.get("LinkedTxn", ()):
        bill_id = link["TxnId"]
        if bill_id == id:
            continue
        row = company.row("Bill", bill_id)
        if row:
            bills.append(row.read())
    return bills


def _take_estimates(
    company: Company, id: str, data: JsonObject | None, old: JsonObject | None
) -> list[Change]:
    """Return the estimates that an invoice takes or gives back, closed or open again."""
    estimates = _list_linked_estimates(data)
    changes = []
    for estimate in estimates | _list_linked_estimates(old):
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


def _list_linked_estimates(data: JsonObject | None) -> set[str]:
    """Return the ids of the estimates that an invoice is linked to."""
    if not data:
        return set()
    links = data.get("LinkedTxn") or ()
    return {str(link["TxnId"]) for link in links if link.get("TxnType") == "Estimate"}


def _take_hours(company: Company, data: JsonObject | None, old: JsonObject | None) -> list[Change]:
    """Mark hours on an invoice as billed, and removed hours as billable."""
    hours = _list_billed_activities(data)
    former_hours = _list_billed_activities(old)
    changes = []
    for id in hours ^ former_hours:
        target = _copy_to_change(company, "TimeActivity", id)
        if target is None:
            continue
        is_billed = id in hours
        target["BillableStatus"] = "HasBeenBilled" if is_billed else "Billable"
        changes.append(Change("TimeActivity", id, target))
    return changes


def _list_billed_activities(data: JsonObject | None) -> set[str]:
    """Return the ids of the time activities that a transaction bills."""
    ids: set[str] = set()
    if not data:
        return ids
    for line in data.get("Line") or ():
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
    return _list_linked_payments(company, old)


def release_payments(company: Company, id: str, data: JsonObject) -> list[Change]:
    """Return the payments on a voided transaction, with the paid amount unapplied again."""
    payments_on_it = _list_linked_payments(company, data)
    for payment in payments_on_it:
        if payment.data:
            _release(payment.data, id)
    return payments_on_it


def _release(payment: JsonObject, id: str) -> None:
    """Remove the lines of a payment that pay a transaction, and leave their amount unapplied."""
    lines = []
    unapplied_amount = ZERO
    for line in payment["Line"]:
        link = line["LinkedTxn"][0]
        if link["TxnId"] == id:
            unapplied_amount += line["Amount"]
        else:
            lines.append(line)
    payment["Line"] = lines
    if "UnappliedAmt" in payment:
        payment["UnappliedAmt"] = round_money(payment["UnappliedAmt"] + unapplied_amount)


def _list_linked_payments(company: Company, data: JsonObject) -> list[Change]:
    """Return the payments that a transaction is linked to, as copies to change."""
    changes = []
    for link in data.get("LinkedTxn") or ():
        id = link["TxnId"]
        label = link["TxnType"]
        kind = payments.LINKED_KINDS.get(label, label)
        payment = _copy_to_change(company, kind, id)
        if payment is not None and TXN_KINDS[kind].pays:
            changes.append(Change(kind, id, payment))
    return changes
