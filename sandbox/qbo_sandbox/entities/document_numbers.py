"""The numbers of transactions: counted automatically, or given by the client and unique."""

from collections.abc import Sequence

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import TxnKind, label_of
from qbo_sandbox.accounting.refusals import Refusal
from qbo_sandbox.kit.json_object import JsonObject

CHECK_KINDS = ("Purchase", "BillPayment")
NUMBER_IN_USE = "You must specify a different number. This number has already been used."


def assign_number(
    company: Company,
    rule: TxnKind,
    data: JsonObject,
    old: JsonObject | None,
    params: dict[str, str],
) -> None:
    """Check the number a client gives; without one, the next where QuickBooks counts."""
    number = data.get("DocNumber")
    if number in (None, ""):
        data.pop("DocNumber", None)
        if _is_counted(company, rule):
            data["DocNumber"] = (old or {}).get("DocNumber") or company.next_number(rule.name)
        return
    if not _is_refused(company, rule) or "allowduplicatedocnum" in params.get("include", ""):
        return
    other = find_duplicate(company, rule, data, (old or {}).get("Id"))
    if other:
        kind, id = other
        label = label_of(kind, company.table(kind).rows[id].read())
        conflict = f"DocNumber={number} is assigned to TxnType={label} with TxnId={id}"
        raise Refusal(
            company.switches.duplicate_number,
            f"Duplicate Document Number Error : {NUMBER_IN_USE} {conflict}",
            "",
        )


def _is_counted(company: Company, rule: TxnKind) -> bool:
    """Return whether QuickBooks counts the transactions of a kind that have no number."""
    if rule.numbers == "auto":
        return not company.options.custom_numbers
    return rule.numbers == "counted"


def _is_refused(company: Company, rule: TxnKind) -> bool:
    """Return whether a number that is in use is refused."""
    if rule.side == "sell":
        return company.options.warn_duplicate_sales
    duplicate_bills = company.switches.duplicate_bills
    if duplicate_bills == "preference":
        return company.options.warn_duplicate_bills
    return duplicate_bills == "never"


def find_duplicate(
    company: Company, rule: TxnKind, data: JsonObject, but: str | None
) -> tuple[str, str] | None:
    """Return another transaction with this number, within the rule's scope."""
    number = str(data["DocNumber"]).lower()
    for kind in _list_kinds_to_compare(rule, data):
        ids = company.table(kind).by_number.get(number, ())
        for id in ids:
            if id != but and _is_in_use(company, rule, data, kind, id):
                return kind, id
    return None


def _list_kinds_to_compare(rule: TxnKind, data: JsonObject) -> Sequence[str]:
    """Return the kinds of transactions that may not have the same number."""
    if is_check(data):
        return CHECK_KINDS
    return (rule.name,) if rule.unique else ()


def is_check(data: JsonObject) -> bool:
    """Return whether a transaction is paid by check."""
    return "Check" in (data.get("PaymentType"), data.get("PayType"))


def _is_in_use(company: Company, rule: TxnKind, data: JsonObject, kind: str, id: str) -> bool:
    """Return whether a transaction with the same number counts as a duplicate."""
    row = company.table(kind).rows[id]
    if is_check(data):
        return is_check(row.read())
    if rule.unique != "party":
        return True
    party = row.head[2]
    return bool(party == data[rule.party]["value"])
