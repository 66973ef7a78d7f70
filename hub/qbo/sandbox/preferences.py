"""The preferences: what they say of a new company, what a client may change, and what they make the company do."""

from typing import Any

from hub.qbo.sandbox.options import Options

SECTIONS = "Prefs"


def sections(options: Options) -> dict[str, Any]:
    """Every section, as the options want it."""
    tax = {"UsingSalesTax": options.tax != "off", "PartnerTaxEnabled": options.tax == "automated"}
    tracking = {"EnableBills": True, "TrackingByCustomer": True, "BillableExpenseTracking": True, "POCustomField": []}
    other = {"ProjectsEnabled": str(options.projects).lower(), "SalesFormsPrefs.DefaultItem": "1"}
    return {
        "AccountingInfoPrefs": _accounting(options),
        "ProductAndServicesPrefs": dict.fromkeys(
            ("ForSales", "ForPurchase", "QuantityWithPriceAndRate", "QuantityOnHand"), True
        ),
        "SalesFormsPrefs": {"CustomField": [], "CustomTxnNumbers": options.custom_numbers, "AllowDiscount": True},
        "EmailMessagesPrefs": {},
        "VendorAndPurchasesPrefs": tracking,
        "TimeTrackingPrefs": {"UseServices": True, "BillCustomers": True, "WorkWeekStartDate": "Monday"},
        "TaxPrefs": tax,
        "CurrencyPrefs": {
            "MultiCurrencyEnabled": options.multicurrency,
            "HomeCurrency": {"value": options.currency},
        },
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {"NameValue": [{"Name": name, "Value": value} for name, value in other.items()]},
    }


def _accounting(options: Options) -> dict[str, Any]:
    accounting: dict[str, Any] = {
        "UseAccountNumbers": options.account_numbers,
        "TrackDepartments": options.departments,
        "DepartmentTerminology": "Location",
        "ClassTrackingPerTxn": options.classes == "txn",
        "ClassTrackingPerTxnLine": options.classes == "line",
        "FirstMonthOfFiscalYear": "January",
        "TaxYearMonth": "January",
        "TaxForm": "6",
        "CustomerTerminology": "Customers",
    }
    return accounting | ({"BookCloseDate": options.closed} if options.closed else {})


def merged(given: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """The old sections with what a client changes in them; what only a person can set stays."""
    data = {name: value for name, value in old.items() if name.endswith(SECTIONS)}
    for name, section in given.items():
        if name.endswith(SECTIONS) and isinstance(section, dict):
            data[name] = {**data.get(name, {}), **section}
    for name, fields in FIXED.items():
        for field in fields:
            _keep(data.get(name, {}), old.get(name, {}), field)
    return data


FIXED = {
    "AccountingInfoPrefs": ("BookCloseDate",),
    "CurrencyPrefs": ("MultiCurrencyEnabled", "HomeCurrency"),
    "TaxPrefs": ("UsingSalesTax", "PartnerTaxEnabled"),
}


def _keep(section: dict[str, Any], old: dict[str, Any], field: str) -> None:
    if field in old:
        section[field] = old[field]
    else:
        section.pop(field, None)


def chosen(options: Options, data: dict[str, Any]) -> Options:
    """The company's options once these are its preferences."""
    accounting, sales = data.get("AccountingInfoPrefs", {}), data.get("SalesFormsPrefs", {})
    per_line, per_txn = accounting.get("ClassTrackingPerTxnLine"), accounting.get("ClassTrackingPerTxn")
    return options.changed(
        {
            "classes": "line" if _yes(per_line) else "txn" if _yes(per_txn) else "off",
            "departments": _yes(accounting.get("TrackDepartments")),
            "account_numbers": _yes(accounting.get("UseAccountNumbers")),
            "custom_numbers": _yes(sales.get("CustomTxnNumbers")),
            "closed": accounting.get("BookCloseDate") or None,
        }
    )


def _yes(value: Any) -> bool:
    return str(value).lower() == "true"
