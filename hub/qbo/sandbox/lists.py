"""The name lists: what QuickBooks fills in, which names it takes, and how an entry is made inactive."""

from typing import Any

from hub.qbo.sandbox.company import Change, Company, name_key
from hub.qbo.sandbox.currencies import currency_ref
from hub.qbo.sandbox.kinds import LIST_KINDS
from hub.qbo.sandbox.references import fill, resolve
from hub.qbo.sandbox.refusals import Refusal, business, missing
from hub.qbo.sandbox.values import day_of_month, plus_days, shortest

SUBTYPES = {
    "Bank": "Checking",
    "Accounts Receivable": "AccountsReceivable",
    "Other Current Asset": "OtherCurrentAssets",
    "Fixed Asset": "OtherFixedAssets",
    "Other Asset": "OtherLongTermAssets",
    "Accounts Payable": "AccountsPayable",
    "Credit Card": "CreditCard",
    "Other Current Liability": "OtherCurrentLiabilities",
    "Long Term Liability": "OtherLongTermLiabilities",
    "Equity": "OpeningBalanceEquity",
    "Income": "SalesOfProductIncome",
    "Cost of Goods Sold": "SuppliesMaterialsCogs",
    "Expense": "OtherMiscellaneousServiceCost",
    "Other Income": "OtherMiscellaneousIncome",
    "Other Expense": "OtherMiscellaneousExpense",
    "Non-Posting": "TrustAccounts",
}
CLASSIFICATIONS = {
    "Asset": ("Bank", "Accounts Receivable", "Other Current Asset", "Fixed Asset", "Other Asset"),
    "Liability": ("Accounts Payable", "Credit Card", "Other Current Liability", "Long Term Liability"),
    "Equity": ("Equity",),
    "Revenue": ("Income", "Other Income"),
    "Expense": ("Expense", "Cost of Goods Sold", "Other Expense"),
}
CLASS_OF = {kind: name for name, kinds in CLASSIFICATIONS.items() for kind in kinds}
DELETED = " (deleted)"
COMPUTED = (
    "Balance",
    "BalanceWithJobs",
    "CurrentBalance",
    "CurrentBalanceWithSubAccounts",
    "Level",
    "FullyQualifiedName",
)
NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")


def complete(company: Company, kind: str, data: dict[str, Any], old: dict[str, Any] | None) -> dict[str, Any]:
    """The entry as QuickBooks will hold it: named, checked, with what it fills in."""
    for field in COMPUTED:
        data.pop(field, None)
    fill(company, data)
    _name(company, kind, data)
    data.setdefault("Active", True)
    RULES.get(kind, _plain)(company, data, old)
    _nest(company, kind, data, old)
    _activity(company, kind, data, old)
    _unique(company, kind, data, old)
    return data


def _plain(company: Company, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    return None


def _name(company: Company, kind: str, data: dict[str, Any]) -> None:
    rule = LIST_KINDS[kind]
    if rule.space == "people":
        _person(data)
    for field in rule.required:
        if not str(data.get(field) or "").strip():
            raise missing(field)
    name = str(data.get(rule.field) or "")
    if any(sign in name for sign in ":\t\n") and kind not in ("TaxCode", "CompanyInfo"):
        raise business(f"{rule.field} cannot include tabs, new lines, or colons.")


def _person(data: dict[str, Any]) -> None:
    if not str(data.get("DisplayName") or "").strip():
        spelled = " ".join(str(data[part]).strip() for part in NAME_PARTS if data.get(part))
        if not spelled:
            raise Refusal("6080", "Name or name parts required : DisplayName or one of the name parts is needed", "")
        data["DisplayName"] = spelled
    data["DisplayName"] = str(data["DisplayName"]).strip()
    address = (data.get("PrimaryEmailAddr") or {}).get("Address")
    if address and ("@" not in address or "." not in address):
        raise Refusal("2210", "Email Address does not conform to the syntax rules of RFC 822.", "")
    data.setdefault("PrintOnCheckName", data["DisplayName"])


def _currency(company: Company, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    code = (data.get("CurrencyRef") or {}).get("value") or company.options.currency
    if old and old.get("CurrencyRef", {}).get("value") not in (None, code):
        raise business("The currency of a name or account cannot be changed.")
    if code != company.options.currency and code not in company.currencies():
        raise Refusal("2500", f"Invalid Reference Id : Currency {code} is not set up in this company", "")
    data["CurrencyRef"] = currency_ref(code)


def _vendor(company: Company, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    data.setdefault("Vendor1099", False)
    _currency(company, data, old)
    number = str(data.get("TaxIdentifier") or "")
    if number and not number.startswith("XXX"):
        data["TaxIdentifier"] = "X" * max(0, len(number) - 4) + number[-4:]


def _customer(company: Company, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    if "IsProject" in data and not old:
        data.pop("IsProject")
    data.setdefault("Taxable", company.options.tax == "automated")
    data.setdefault("Job", bool(data.get("ParentRef")))
    data.setdefault("BillWithParent", False)
    data.setdefault("PreferredDeliveryMethod", "Print")
    _currency(company, data, old)
    if data.get("BillAddr"):
        data.setdefault("ShipAddr", data["BillAddr"])
    if company.options.tax == "automated" and data["Taxable"]:
        data.setdefault("DefaultTaxCodeRef", {"value": "2"})


def _employee(company: Company, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    data.setdefault("BillableTime", False)


def _account(company: Company, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    subtypes = {subtype: kind for kind, subtype in SUBTYPES.items()}
    kind = data.get("AccountType") or subtypes.get(str(data.get("AccountSubType")))
    if not kind:
        raise Refusal("6010", "Account type or subtype required : Please provide AccountType or AccountSubType", "")
    if '"' in str(data.get("Name")):
        raise business('Name cannot include double quotes (") or colons (:).')
    data["AccountType"] = kind
    data.setdefault("AccountSubType", SUBTYPES[kind])
    data["Classification"] = CLASS_OF.get(kind)
    _currency(company, data, old)


def _item(company: Company, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    kind = data.setdefault("Type", "Service")
    accounts = {
        "IncomeAccountRef": ("Income",),
        "ExpenseAccountRef": ("Cost of Goods Sold", "Expense", "Other Expense"),
        "AssetAccountRef": ("Other Current Asset",),
    }
    if old and old.get("Type") == "Inventory" != kind:
        raise business("An inventory item cannot become another type.")
    if kind == "Inventory":
        for field in ("TrackQtyOnHand", "QtyOnHand", "InvStartDate", *accounts):
            if data.get(field) in (None, "", False):
                raise missing(field)
        for field, types in accounts.items():
            if resolve(company, "Account", data[field]).read()["AccountType"] not in types:
                raise Refusal("6430", f"Invalid account type : {field} must be an account of type {types[0]}", field)
    elif kind in ("Service", "NonInventory") and not (data.get("IncomeAccountRef") or data.get("ExpenseAccountRef")):
        raise missing("IncomeAccountRef")
    for field in ("UnitPrice", "PurchaseCost", "QtyOnHand"):
        if data.get(field) is not None:
            data[field] = shortest(str(data[field]))
    data.setdefault("TrackQtyOnHand", False)
    data.setdefault("Taxable", False)


def _term(company: Company, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    dated = data.get("DayOfMonthDue") is not None
    if not dated and data.get("DueDays") is None:
        raise missing("DueDays")
    data["Type"] = "DATE_DRIVEN" if dated else "STANDARD"
    data.setdefault("DiscountPercent", 0)


def _nest(company: Company, kind: str, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    """Parent, level and full name."""
    rule = LIST_KINDS[kind]
    if not rule.nested:
        return
    parent_ref = data.get("ParentRef")
    if not parent_ref:
        data[rule.nested] = False
        data["FullyQualifiedName"] = data[rule.field]
        return
    parent = resolve(company, kind, parent_ref).read()
    if old and parent["Id"] == old["Id"]:
        raise Refusal("900", "Invalid parent : an object cannot be its own parent", "")
    level = str(parent["FullyQualifiedName"]).count(":") + 1
    if level > 4:
        raise Refusal("6180", "Too many levels : you can have only 5 levels", "")
    data["ParentRef"] = {"value": parent["Id"]}
    data[rule.nested] = True
    if kind in ("Customer", "Item"):
        data["Level"] = level
    data["FullyQualifiedName"] = f"{parent['FullyQualifiedName']}:{data[rule.field]}"


def renamed_below(company: Company, kind: str, parent: dict[str, Any]) -> list[Change]:
    """What lies below an entry, with full names that follow its own."""
    changes = []
    for id in company.table(kind).by_party.get(parent["Id"], {}):
        child = dict(company.table(kind).rows[id].read())
        name = f"{parent['FullyQualifiedName']}:{child[LIST_KINDS[kind].field]}"
        if child["FullyQualifiedName"] != name:
            child["FullyQualifiedName"] = name
            changes += [Change(kind, id, child), *renamed_below(company, kind, child)]
    return changes


def _unique(company: Company, kind: str, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    rule = LIST_KINDS[kind]
    if not rule.space or not data["Active"]:
        return
    taken = company.names.get((rule.space, name_key(kind, data)))
    if taken and taken != (kind, (old or {}).get("Id")):
        whose = "Another customer, vendor or employee is already using this name. Please use a different name."
        raise Refusal(
            "6240", f"The name supplied already exists. : {whose if rule.space == 'people' else 'null'}", None
        )


def _activity(company: Company, kind: str, data: dict[str, Any], old: dict[str, Any] | None) -> None:
    """An entry made inactive is renamed; one made active again gets its name back."""
    was = old is None or old.get("Active", True)
    if kind == "CompanyCurrency":
        return
    fields = [field for field in (LIST_KINDS[kind].field, "FullyQualifiedName") if data.get(field)]
    for field in fields:
        bare = str(data[field]).removesuffix(DELETED)
        if not data["Active"]:
            data[field] = bare + DELETED
        elif not was:
            data[field] = bare


RULES = {
    "Vendor": _vendor,
    "Customer": _customer,
    "Employee": _employee,
    "Account": _account,
    "Item": _item,
    "Term": _term,
}


def due(company: Company, term: dict[str, Any], date: str) -> str:
    """When something of this date is due under a term."""
    rule = resolve(company, "Term", term).read()
    if rule.get("DayOfMonthDue") is None:
        return plus_days(date, int(rule.get("DueDays") or 0))
    return day_of_month(date, int(rule["DayOfMonthDue"]), int(rule.get("DueNextMonthDays") or 0))
