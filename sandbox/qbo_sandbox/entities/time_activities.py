"""Time activities: who worked, for whom, and whether the customer is billed."""

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import TxnKind
from qbo_sandbox.accounting.refusals import Refusal, business_error, missing_field
from qbo_sandbox.accounting.values import drop_trailing_zeros, is_date
from qbo_sandbox.kit.json_object import JsonObject

WORKER_FIELDS = {"Employee": "EmployeeRef", "Vendor": "VendorRef"}


def finish(company: Company, rule: TxnKind, data: JsonObject, old: JsonObject | None) -> None:
    """Check the worker and the hours, and set the defaults of QuickBooks."""
    for field in ("CurrencyRef", "ExchangeRate", "LinkedTxn", "DocNumber"):
        data.pop(field, None)
    worker_field = WORKER_FIELDS.get(data["NameOf"])
    if worker_field is None:
        raise Refusal("2170", f"Invalid Enumeration : {data['NameOf']}", "NameOf")
    if not data.get(worker_field):
        raise missing_field(worker_field)
    for field in set(WORKER_FIELDS.values()) - {worker_field}:
        data.pop(field, None)
    if data.get("Hours") is None and data.get("Minutes") is None and not data.get("StartTime"):
        raise missing_field("Hours")
    data.setdefault("BillableStatus", "NotBillable")
    if data["BillableStatus"] != "NotBillable" and not data.get("CustomerRef"):
        raise business_error("When you check Billable, you must also specify a customer.")
    data.setdefault("Taxable", False)
    data["HourlyRate"] = drop_trailing_zeros(str(data.get("HourlyRate") or 0))
    if data.get("StartTime"):
        _complete_times(company, data)
    else:
        data.setdefault("Hours", 0)
        data.setdefault("Minutes", 0)


def _complete_times(company: Company, data: JsonObject) -> None:
    """Write beginning and end as moments of the company; a time of day is one of the `TxnDate`."""
    for field in ("StartTime", "EndTime"):
        text = data.get(field)
        if not text:
            continue
        moment = text if is_date(text) else f"{data['TxnDate']}T{text}"
        try:
            data[field] = company.stamp(company.seconds(moment))
        except ValueError:
            raise Refusal("2060", f"Invalid date format : {text}", field) from None
