"""The checks and default values of QuickBooks for each kind of list entry."""

from collections.abc import Callable
from decimal import Decimal

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.references import add_reference_name, resolve, resolve_all
from qbo_sandbox.accounting.refusals import Refusal, business_error, missing_field
from qbo_sandbox.accounting.values import drop_trailing_zeros, round_money
from qbo_sandbox.entities.currencies import CURRENCY_NAMES, build_currency_ref
from qbo_sandbox.entities.subtypes import TYPE_BY_SUBTYPE
from qbo_sandbox.kit.json_object import JsonObject

DEFAULT_SUBTYPES = {
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
    "Liability": (
        "Accounts Payable",
        "Credit Card",
        "Other Current Liability",
        "Long Term Liability",
    ),
    "Equity": ("Equity",),
    "Revenue": ("Income", "Other Income"),
    "Expense": ("Expense", "Cost of Goods Sold", "Other Expense"),
}
# Intuit's schema takes any text, its libraries name these.
JOURNAL_CODE_TYPES = ("Expenses", "Sales", "Bank", "Nouveaux", "Wages", "Cash", "Others")
HIDDEN_NUMBER = "XXX-XX-XXXX"  # a social security number is never told again
CLASSIFICATION_BY_TYPE = {kind: name for name, kinds in CLASSIFICATIONS.items() for kind in kinds}


def _complete_currency(company: Company, data: JsonObject, old: JsonObject | None) -> None:
    """Complete the currency of a name or account, which cannot change later."""
    home = company.options.currency
    reference = data.get("CurrencyRef") or {}
    code = reference.get("value") or home
    if old and old.get("CurrencyRef", {}).get("value") not in (None, code):
        raise business_error("The currency of a name or account cannot be changed.")
    if code != home and code not in company.currencies():
        raise Refusal(
            "2500", f"Invalid Reference Id : Currency {code} is not set up in this company", ""
        )
    data["CurrencyRef"] = build_currency_ref(code)


def _complete_vendor(company: Company, data: JsonObject, old: JsonObject | None) -> None:
    """Complete a vendor; of its tax number only the last four characters are shown.

    A client may send the hidden number back as it got it.
    """
    data.setdefault("Vendor1099", False)
    _complete_currency(company, data, old)
    number = str(data.get("TaxIdentifier") or "")
    if number and not number.startswith("XXX"):
        visible = number[-4:]
        data["TaxIdentifier"] = visible.rjust(len(number), "X")


def _complete_customer(company: Company, data: JsonObject, old: JsonObject | None) -> None:
    """Complete a customer or project; a client cannot make one of the other."""
    data.pop("IsProject", None)
    if old and "IsProject" in old:
        data["IsProject"] = old["IsProject"]
    data.setdefault("Taxable", company.options.tax == "automated")
    data.setdefault("Job", bool(data.get("ParentRef")))
    data.setdefault("BillWithParent", False)
    data.setdefault("PreferredDeliveryMethod", "Print")
    _complete_currency(company, data, old)
    if data.get("BillAddr"):
        data.setdefault("ShipAddr", data["BillAddr"])


def _complete_employee(company: Company, data: JsonObject, old: JsonObject | None) -> None:
    """Complete an employee, whose social security number is never shown."""
    data.setdefault("BillableTime", False)
    if data.get("SSN"):
        data["SSN"] = HIDDEN_NUMBER


def _complete_account(company: Company, data: JsonObject, old: JsonObject | None) -> None:
    """Check an account's type, and derive its classification and currency."""
    kind = data.get("AccountType") or TYPE_BY_SUBTYPE.get(str(data.get("AccountSubType")))
    if not kind:
        raise Refusal(
            "6010",
            "Account type or subtype required : Please provide AccountType or AccountSubType",
            "",
        )
    if '"' in str(data.get("Name")):
        raise business_error('Name cannot include double quotes (") or colons (:).')
    data["AccountType"] = kind
    data.setdefault("AccountSubType", DEFAULT_SUBTYPES[kind])
    data["Classification"] = CLASSIFICATION_BY_TYPE.get(kind)
    _complete_currency(company, data, old)


ITEM_ACCOUNTS = {
    "IncomeAccountRef": ("Income",),
    "ExpenseAccountRef": ("Cost of Goods Sold", "Expense", "Other Expense"),
    "AssetAccountRef": ("Other Current Asset",),
}


def _complete_item(company: Company, data: JsonObject, old: JsonObject | None) -> None:
    """Check an item by its type, and put its defaults in place."""
    kind = data.setdefault("Type", "Service")
    if old:
        _require_same_type(str(kind), old)
    if kind == "Category":
        _complete_category(data)
        return
    if kind == "Group":
        _complete_bundle(company, data)
    elif kind == "Inventory":
        _complete_inventory(company, data)
    elif not (data.get("IncomeAccountRef") or data.get("ExpenseAccountRef")):
        raise missing_field("IncomeAccountRef")
    for field in ("UnitPrice", "PurchaseCost", "QtyOnHand"):
        if data.get(field) is not None:
            data[field] = drop_trailing_zeros(str(data[field]))
    data.setdefault("TrackQtyOnHand", False)
    data.setdefault("Taxable", False)
    if kind != "Group":
        data.setdefault("UnitPrice", Decimal(0))
        data.setdefault("PurchaseCost", Decimal(0))


def _require_same_type(kind: str, old: JsonObject) -> None:
    """Refuse to make an item in stock one of another type, or the other way round."""
    former_kind = old.get("Type")
    if former_kind != kind and "Inventory" in (former_kind, kind):
        raise business_error(
            "An inventory item cannot become another type, nor another type an inventory item."
        )


def _complete_category(data: JsonObject) -> None:
    """Complete a category of items, which has neither price nor account."""
    for field in (
        *ITEM_ACCOUNTS,
        "UnitPrice",
        "PurchaseCost",
        "QtyOnHand",
        "TrackQtyOnHand",
        "Taxable",
    ):
        data.pop(field, None)


def _complete_inventory(company: Company, data: JsonObject) -> None:
    """Check that a stock item has its quantity, start date and accounts of the right types."""
    for field in ("TrackQtyOnHand", "QtyOnHand", "InvStartDate", *ITEM_ACCOUNTS):
        if data.get(field) in (None, "") or data[field] is False:
            raise missing_field(field)
    for field, types in ITEM_ACCOUNTS.items():
        account = resolve(company, "Account", data[field]).read()
        if account["AccountType"] not in types:
            raise Refusal(
                "6430",
                f"Invalid account type : {field} must be an account of type {types[0]}",
                field,
            )


def _complete_bundle(company: Company, data: JsonObject) -> None:
    """Complete a bundle; refuse bundles and categories as its parts."""
    group = data.get("ItemGroupDetail") or {}
    parts = group.get("ItemGroupLine")
    if not parts:
        raise missing_field("ItemGroupDetail")
    for part in parts:
        reference = part.get("ItemRef")
        item = resolve(company, "Item", reference).read()
        if item["Type"] in ("Group", "Category"):
            raise business_error(f"{item['Name']} cannot be part of a bundle.")
        part["ItemRef"] = add_reference_name(company, "Item", reference)
        part["Qty"] = drop_trailing_zeros(str(part.get("Qty") or 1))


def _complete_term(company: Company, data: JsonObject, old: JsonObject | None) -> None:
    """Complete a payment term, which counts days or names a day of the month."""
    is_date_driven = data.get("DayOfMonthDue") is not None
    if not is_date_driven and data.get("DueDays") is None:
        raise missing_field("DueDays")
    data["Type"] = "DATE_DRIVEN" if is_date_driven else "STANDARD"
    data.setdefault("DiscountPercent", 0)


def _complete_method(company: Company, data: JsonObject, old: JsonObject | None) -> None:
    """Complete a payment method."""
    data.setdefault("Type", "NON_CREDIT_CARD")


def _complete_journal_code(company: Company, data: JsonObject, old: JsonObject | None) -> None:
    """Check the type of a journal code, which may be left out and cannot change later."""
    code_type = data.get("Type")
    if code_type and code_type not in JOURNAL_CODE_TYPES:
        raise Refusal("2170", f"Invalid Enumeration : {code_type}", "Type")
    if old and old.get("Type") != code_type:
        raise business_error("The type of a journal code cannot be changed.")


def _complete_agency(company: Company, data: JsonObject, old: JsonObject | None) -> None:
    """Put the defaults of a tax agency in place; one that exists cannot be changed."""
    if old:
        raise business_error("A tax agency cannot be changed.")
    data.pop("Active", None)
    data.setdefault("TaxTrackedOnPurchases", True)
    data.setdefault("TaxTrackedOnSales", True)


def _complete_company_currency(company: Company, data: JsonObject, old: JsonObject | None) -> None:
    """Complete a currency of the company, whose code cannot change later."""
    code = str(data["Code"]).upper()
    data["Code"] = code
    options = company.options
    is_new_home_currency = not old and code == options.currency
    if not options.multicurrency and not is_new_home_currency:
        raise business_error("Multicurrency is not turned on in this company.")
    old_code = (old or data)["Code"]
    if old_code != code:
        raise business_error("The code of a currency cannot be changed.")
    is_code = len(code) == 3 and code.isalpha()
    if not is_code:
        raise Refusal("2220", f"Invalid currency type : {code}", "Code")
    data.setdefault("Name", CURRENCY_NAMES.get(code, code))


def _complete_budget(company: Company, data: JsonObject, old: JsonObject | None) -> None:
    """Check the required fields of a budget and of its details."""
    for field in ("StartDate", "EndDate", "BudgetType", "BudgetDetail"):
        if not data.get(field):
            raise missing_field(field)
    data.setdefault("BudgetEntryType", "Monthly")
    for detail in data["BudgetDetail"]:
        if not detail.get("AccountRef"):
            raise missing_field("AccountRef")
        resolve_all(company, detail)
        detail["Amount"] = round_money(str(detail.get("Amount") or 0))
    if data["EndDate"] < data["StartDate"]:
        raise business_error("A budget cannot end before it starts.")


COMPLETION_RULES: dict[str, Callable[[Company, JsonObject, JsonObject | None], None]] = {
    "Vendor": _complete_vendor,
    "Customer": _complete_customer,
    "Employee": _complete_employee,
    "Account": _complete_account,
    "Item": _complete_item,
    "Term": _complete_term,
    "PaymentMethod": _complete_method,
    "JournalCode": _complete_journal_code,
    "TaxAgency": _complete_agency,
    "CompanyCurrency": _complete_company_currency,
    "Budget": _complete_budget,
}
