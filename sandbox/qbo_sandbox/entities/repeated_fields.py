"""The fields that every update of an object repeats, also a sparse one."""

from qbo_sandbox.accounting.refusals import missing_field
from qbo_sandbox.kit.json_object import JsonObject

REPEATED_FIELDS = {
    "Bill": ("VendorRef",),
    "BillPayment": ("VendorRef",),
    "Class": ("Name",),
    "CreditCardPaymentTxn": ("CreditCardAccountRef", "BankAccountRef", "Amount"),
    "Department": ("Name",),
    "Deposit": ("DepositToAccountRef",),
    "Purchase": ("PaymentType",),
    "Term": ("Name",),
    "Transfer": ("FromAccountRef", "ToAccountRef", "Amount"),
    "VendorCredit": ("VendorRef",),
}
DUE_FIELDS = {"STANDARD": "DueDays", "DATE_DRIVEN": "DayOfMonthDue"}


def require_repeated_fields(kind: str, data: JsonObject, old: JsonObject) -> None:
    """Raise 2020 if an update leaves out a field that it has to repeat."""
    for field in REPEATED_FIELDS.get(kind, ()):
        if field not in data:
            raise missing_field(field)
    if kind == "Term" and data.keys().isdisjoint(DUE_FIELDS.values()):
        raise missing_field(DUE_FIELDS[old["Type"]])
