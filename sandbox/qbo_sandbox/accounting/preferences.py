"""The preferences of a company: their first values, what a client may change, their effects."""

from typing import Any

from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.options import Options

SECTION_SUFFIX = "Prefs"
THANK_YOU_TEXT = "We are glad to build with you."
SALES_FORM_FLAGS = {
    **dict.fromkeys(
        ("AllowDiscount", "AllowEstimates", "AutoApplyCredit", "AutoApplyPayments"), True
    ),
    **dict.fromkeys(("AllowDeposit", "AllowServiceDate", "AllowShipping"), False),
    **dict.fromkeys(("EmailCopyToCompany", "UsingPriceLevels"), False),
    **dict.fromkeys(
        ("ETransactionAttachPDF", "ETransactionPaymentEnabled", "IPNSupportEnabled"), False
    ),
    "ETransactionEnabledStatus": "NotApplicable",
    "DefaultTerms": {"value": "3"},
    "DefaultCustomerMessage": THANK_YOU_TEXT,
}
OTHER_PREFERENCES = {
    "SalesFormsPrefs.DefaultCustomerMessage": THANK_YOU_TEXT,
    "SalesFormsPrefs.DefaultItem": "1",
    "DTXCopyMemo": "true",
    "SFCEnabled": "true",
    "DataPartner": "false",
    "Vendor1099Enabled": "true",
    "TimeTrackingFeatureEnabled": "true",
}
US_PREFERENCES = {
    "UncategorizedAssetAccountId": "32",
    "UncategorizedIncomeAccountId": "30",
    "UncategorizedExpenseAccountId": "31",
}
MAILED_FORMS = ("Invoice", "Estimate", "Sales Receipt", "Statement")


def build_sections(options: Options) -> JsonObject:
    """Return every section of preferences that follows from the options."""
    tax: JsonObject = {
        "UsingSalesTax": options.tax != "off",
        "PartnerTaxEnabled": options.tax == "automated",
    }
    tax |= {"TaxGroupCodeRef": {"value": "2"}} if options.tax == "automated" else {}
    tracking = dict.fromkeys(("EnableBills", "TrackingByCustomer", "BillableExpenseTracking"), True)
    other = (
        OTHER_PREFERENCES
        | (US_PREFERENCES if options.country == "US" else {})
        | {"ProjectsEnabled": str(options.projects).lower()}
    )
    forms = SALES_FORM_FLAGS | ({"DefaultDiscountAccount": "86"} if options.country == "US" else {})
    return {
        "AccountingInfoPrefs": _build_accounting_changes(options),
        "ProductAndServicesPrefs": dict.fromkeys(
            ("ForSales", "ForPurchase", "QuantityWithPriceAndRate", "QuantityOnHand"), True
        ),
        "SalesFormsPrefs": {
            "CustomField": [_build_unnamed_fields("Sales")],
            "CustomTxnNumbers": options.custom_numbers,
            **forms,
        },
        "EmailMessagesPrefs": {
            f"{form.replace(' ', '')}Message": _build_message_changes(form, options.name)
            for form in MAILED_FORMS
        },
        "VendorAndPurchasesPrefs": {
            **tracking,
            "POCustomField": [_build_unnamed_fields("Purchase")],
        },
        "TimeTrackingPrefs": {
            **dict.fromkeys(("UseServices", "BillCustomers", "MarkTimeEntriesBillable"), True),
            "ShowBillRateToAll": False,
            "WorkWeekStartDate": "Monday",
        },
        "TaxPrefs": tax,
        "CurrencyPrefs": {
            "MultiCurrencyEnabled": options.multicurrency,
            "HomeCurrency": {"value": options.currency},
        },
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {
            "NameValue": [{"Name": name, "Value": value} for name, value in other.items()]
        },
    }


def _build_unnamed_fields(side: str) -> JsonObject:
    """Return a form's custom fields that have no name yet."""
    name = {
        "Sales": "SalesFormsPrefs.UseSalesCustom",
        "Purchase": "PurchasePrefs.UsePurchaseCustom",
    }[side]
    return {
        "CustomField": [
            {"Name": f"{name}{n}", "Type": "BooleanType", "BooleanValue": False}
            for n in range(3, 0, -1)
        ]
    }


def _build_message_changes(form: str, name: str) -> dict[str, str]:
    """Return the text of the message that a form is mailed with."""
    return {
        "Subject": f"{form} from {name}",
        "Message": f"Please find it attached.\n\n{THANK_YOU_TEXT}\n{name}",
    }


def _build_accounting_changes(options: Options) -> JsonObject:
    """Return the preferences of accounting that follow from the options."""
    accounting: JsonObject = {
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
    if options.closed:
        accounting["BookCloseDate"] = options.closed
    return accounting


def merge_changes(changes: JsonObject, old: JsonObject) -> JsonObject:
    """Return the old sections with the changes of a client.

    Fields that only a person can set keep their old values.
    """
    data = {name: value for name, value in old.items() if name.endswith(SECTION_SUFFIX)}
    for name, section in changes.items():
        if name.endswith(SECTION_SUFFIX) and isinstance(section, dict):
            data[name] = {**data.get(name, {}), **section}
    for name, fields in FIXED_FIELDS.items():
        new_section = data.get(name, {})
        old_section = old.get(name, {})
        for field in fields:
            _keep(new_section, old_section, field)
    return data


FIXED_FIELDS = {
    "AccountingInfoPrefs": ("BookCloseDate",),
    "CurrencyPrefs": ("MultiCurrencyEnabled", "HomeCurrency"),
    "TaxPrefs": ("UsingSalesTax", "PartnerTaxEnabled"),
}


def _keep(section: JsonObject, old: JsonObject, field: str) -> None:
    """Restore a field of a section to its old value, or remove it if it had none."""
    if field in old:
        section[field] = old[field]
    else:
        section.pop(field, None)


def complete_custom_fields(data: JsonObject, values: list[JsonObject]) -> list[JsonObject]:
    """Return the custom fields of a company's sales forms with their values."""
    groups = data.get("SalesFormsPrefs", {}).get("CustomField", ())
    preferences = {
        field["Name"].partition(".")[2]: field
        for group in groups
        for field in group.get("CustomField", ())
    }
    numbers = [
        number
        for number in "123"
        if _is_true(preferences.get(f"UseSalesCustom{number}", {}).get("BooleanValue"))
    ]
    names = {
        number: preferences.get(f"SalesCustomName{number}", {}).get("StringValue", "")
        for number in numbers
    }
    fields = {
        number: {"DefinitionId": number, "Name": name, "Type": "StringType"}
        for number, name in names.items()
    }
    for field in values:
        number = str(field.get("DefinitionId"))
        fields[number] = fields.get(number, {}) | field
    return list(fields.values())


def read_options(options: Options, data: JsonObject) -> Options:
    """Return the company's options that follow from these preferences."""
    accounting = data.get("AccountingInfoPrefs", {})
    sales = data.get("SalesFormsPrefs", {})
    return options.changed(
        {
            "classes": _get_class_tracking(accounting),
            "departments": _is_true(accounting.get("TrackDepartments")),
            "account_numbers": _is_true(accounting.get("UseAccountNumbers")),
            "custom_numbers": _is_true(sales.get("CustomTxnNumbers")),
            "closed": accounting.get("BookCloseDate") or None,
        }
    )


def _get_class_tracking(accounting: JsonObject) -> str:
    """Return whether a class is stated by line, by transaction or not at all."""
    if _is_true(accounting.get("ClassTrackingPerTxnLine")):
        return "line"
    return "txn" if _is_true(accounting.get("ClassTrackingPerTxn")) else "off"


def _is_true(value: Any) -> bool:
    """Return whether a preference is switched on, as a boolean or as text."""
    return str(value).lower() == "true"
