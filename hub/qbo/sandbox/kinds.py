"""What sorts of object there are, and how each behaves: one row per kind."""

from dataclasses import dataclass

ACCOUNT_LINE = "AccountBasedExpenseLineDetail"
ITEM_LINE = "ItemBasedExpenseLineDetail"
SALES_LINE = "SalesItemLineDetail"
TEXT_LINE = "DescriptionOnly"
BUYING = (ACCOUNT_LINE, ITEM_LINE, TEXT_LINE)
SELLING = (SALES_LINE, "GroupLineDetail", TEXT_LINE, "DiscountLineDetail", "SubTotalLineDetail")


@dataclass(frozen=True)
class ListKind:
    """A list: `name` is the field of the unique name, `space` the names it is unique among."""

    name: str
    path: str
    field: str = "Name"
    space: str = ""
    table: str = ""
    nested: str = ""
    writable: bool = True
    required: tuple[str, ...] = ("Name",)
    long_id: bool = False


@dataclass(frozen=True)
class TxnKind:
    """A transaction: its party, the account that carries its total, its lines, its numbers, what stays open of it.

    `open_sign` is +1 where the open amount is owed (by us to a vendor, by a customer to us), -1 where it is a credit.
    `numbers`: "own" is given by the client, "auto" is counted on. `number_by`: unique within this field's value.
    """

    name: str
    path: str
    label: str
    party: str = ""
    party_kind: str = ""
    required: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    control: str = ""
    control_type: str = ""
    open_field: str = ""
    open_sign: int = 0
    numbers: str = "own"
    number_by: str = ""
    side: str = ""
    voids: bool = False
    dated_due: int | None = None
    total: str = "TotalAmt"


LISTS = (
    ListKind("Account", "account", space="account", table="Accounts", nested="SubAccount"),
    ListKind("Vendor", "vendor", "DisplayName", "people", "Names", required=()),
    ListKind("Customer", "customer", "DisplayName", "people", "Names", "Job", required=()),
    ListKind("Employee", "employee", "DisplayName", "people", "Names", required=()),
    ListKind("Item", "item", space="item", table="Items", nested="SubItem"),
    ListKind("Class", "class", space="class", table="Klasses", nested="SubClass", long_id=True),
    ListKind("Department", "department", space="department", table="Depts", nested="SubDepartment"),
    ListKind("TaxCode", "taxcode", table="TaxCodes", writable=False),
    ListKind("TaxRate", "taxrate", table="TaxRates", writable=False),
    ListKind("TaxAgency", "taxagency", "DisplayName", "agency", "TaxAgencies", required=("DisplayName",)),
    ListKind("Term", "term", space="term", table="Terms"),
    ListKind("PaymentMethod", "paymentmethod", space="method", table="PaymentMethods"),
    ListKind("CompanyCurrency", "companycurrency", "Code", "currency", "Currencies", required=("Code",)),
    ListKind("CompanyInfo", "companyinfo", "CompanyName", writable=False),
    ListKind("Preferences", "preferences", "", writable=False),
    ListKind("Attachable", "attachable", "", required=(), long_id=True),
)
TRANSACTIONS = (
    TxnKind(
        "Bill",
        "bill",
        "Bill",
        "VendorRef",
        "Vendor",
        ("VendorRef", "Line"),
        BUYING,
        "APAccountRef",
        "Accounts Payable",
        "Balance",
        1,
        number_by="VendorRef",
        side="buy",
        dated_due=0,
    ),
    TxnKind(
        "VendorCredit",
        "vendorcredit",
        "Vendor Credit",
        "VendorRef",
        "Vendor",
        ("VendorRef", "Line"),
        BUYING,
        "APAccountRef",
        "Accounts Payable",
        "Balance",
        -1,
        number_by="VendorRef",
        side="buy",
    ),
)
LIST_KINDS = {kind.name: kind for kind in LISTS}
TXN_KINDS = {kind.name: kind for kind in TRANSACTIONS}
KINDS: dict[str, ListKind | TxnKind] = {**LIST_KINDS, **TXN_KINDS}
BY_PATH = {kind.path: kind.name for kind in KINDS.values()}
REFERENCES = {
    "VendorRef": "Vendor",
    "CustomerRef": "Customer",
    "AccountRef": "Account",
    "APAccountRef": "Account",
    "ARAccountRef": "Account",
    "DepositToAccountRef": "Account",
    "IncomeAccountRef": "Account",
    "ExpenseAccountRef": "Account",
    "AssetAccountRef": "Account",
    "PrefillAccountRef": "Account",
    "BankAccountRef": "Account",
    "CCAccountRef": "Account",
    "ItemRef": "Item",
    "ClassRef": "Class",
    "DepartmentRef": "Department",
    "TaxCodeRef": "TaxCode",
    "TxnTaxCodeRef": "TaxCode",
    "DefaultTaxCodeRef": "TaxCode",
    "SalesTaxCodeRef": "TaxCode",
    "PurchaseTaxCodeRef": "TaxCode",
    "TaxRateRef": "TaxRate",
    "SalesTermRef": "Term",
    "TermRef": "Term",
    "PaymentMethodRef": "PaymentMethod",
    "EmployeeRef": "Employee",
    "ProjectRef": "Customer",
}
