"""The table of object kinds and of how each behaves."""

from dataclasses import dataclass

from qbo_sandbox.kit.json_object import JsonObject

ACCOUNT_LINE = "AccountBasedExpenseLineDetail"
ITEM_LINE = "ItemBasedExpenseLineDetail"
SALES_LINE = "SalesItemLineDetail"
TEXT_LINE = "DescriptionOnly"
DISCOUNT_LINE = "DiscountLineDetail"
SUBTOTAL_LINE = "SubTotalLineDetail"
GROUP_LINE = "GroupLineDetail"
ADJUSTMENT_LINE = "ItemAdjustmentLineDetail"
PURCHASE_LINES = (ACCOUNT_LINE, ITEM_LINE, TEXT_LINE)
SALES_LINES = (SALES_LINE, GROUP_LINE, TEXT_LINE, DISCOUNT_LINE, SUBTOTAL_LINE)


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
    deletable: bool = False


@dataclass(frozen=True)
class TxnKind:
    """A transaction: its party, lines and numbers, what stays open of it, and how it is booked.

    `open_sign` is +1 if the open amount is owed (to a vendor or by a customer), -1 if it is a
    credit. `numbers`: clients give "own" numbers; QuickBooks counts "auto" numbers unless the
    company has custom ones, and "counted" numbers always. `unique`: a number must be unique for a
    "party", for a "kind", or not at all. `booking` names the rule of its entries: lines are debited
    (`direction` +1) or credited (-1), the `counter` account takes the rest. `pays` names the kinds
    that its lines settle.
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
    unique: str = ""
    side: str = ""
    booking: str = ""
    direction: int = 0
    counter: str = ""
    counter_type: str = ""
    pays: tuple[str, ...] = ()
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
    ListKind("TaxService", "taxservice", "TaxCode", required=("TaxCode",)),
    ListKind(
        "TaxAgency", "taxagency", "DisplayName", "agency", "TaxAgencies", required=("DisplayName",)
    ),
    ListKind("Term", "term", space="term", table="Terms"),
    ListKind("PaymentMethod", "paymentmethod", space="method", table="PaymentMethods"),
    ListKind("JournalCode", "journalcode", space="journal code"),
    ListKind(
        "CompanyCurrency", "companycurrency", "Code", "currency", "Currencies", required=("Code",)
    ),
    ListKind("CustomerType", "customertype", table="CustomerTypes", writable=False, long_id=True),
    ListKind("ExchangeRate", "exchangerate", "SourceCurrencyCode", required=()),
    ListKind("Budget", "budget", space="budget", deletable=True),
    ListKind("RecurringTransaction", "recurringtransaction", "", required=(), deletable=True),
    ListKind("CompanyInfo", "companyinfo", "CompanyName"),
    ListKind("Preferences", "preferences", "", required=()),
    ListKind("Attachable", "attachable", "", required=(), long_id=True, deletable=True),
)
VENDOR_PARTY: JsonObject = {"party": "VendorRef", "party_kind": "Vendor"}
CUSTOMER_PARTY: JsonObject = {"party": "CustomerRef", "party_kind": "Customer"}
PAYABLE_ACCOUNTS: JsonObject = {
    "control": "APAccountRef",
    "control_type": "Accounts Payable",
    "counter": "APAccountRef",
}
PURCHASE_RULES: JsonObject = {
    **VENDOR_PARTY,
    "details": PURCHASE_LINES,
    "side": "buy",
    "booking": "lines",
}
SALES_RULES: JsonObject = {
    **CUSTOMER_PARTY,
    "details": SALES_LINES,
    "side": "sell",
    "numbers": "auto",
    "unique": "kind",
}
TRANSACTIONS = (
    TxnKind(
        "Bill",
        "bill",
        "Bill",
        **PURCHASE_RULES,
        **PAYABLE_ACCOUNTS,
        required=("VendorRef", "Line"),
        open_field="Balance",
        open_sign=1,
        direction=1,
        unique="party",
        dated_due=0,
    ),
    TxnKind(
        "VendorCredit",
        "vendorcredit",
        "Vendor Credit",
        **PURCHASE_RULES,
        **PAYABLE_ACCOUNTS,
        required=("VendorRef", "Line"),
        open_field="Balance",
        open_sign=-1,
        direction=-1,
        unique="party",
    ),
    TxnKind(
        "Purchase",
        "purchase",
        "Expense",
        details=PURCHASE_LINES,
        side="buy",
        booking="lines",
        required=("PaymentType", "AccountRef", "Line"),
        direction=1,
        counter="AccountRef",
    ),
    TxnKind(
        "PurchaseOrder",
        "purchaseorder",
        "Purchase Order",
        **VENDOR_PARTY,
        details=PURCHASE_LINES,
        side="buy",
        control="APAccountRef",
        control_type="Accounts Payable",
        required=("VendorRef", "Line"),
        numbers="auto",
        unique="kind",
    ),
    TxnKind(
        "Invoice",
        "invoice",
        "Invoice",
        **SALES_RULES,
        required=("CustomerRef", "Line"),
        booking="lines",
        direction=-1,
        counter_type="Accounts Receivable",
        open_field="Balance",
        open_sign=1,
        voids=True,
        dated_due=30,
    ),
    TxnKind("Estimate", "estimate", "Estimate", **SALES_RULES, required=("CustomerRef", "Line")),
    TxnKind(
        "SalesReceipt",
        "salesreceipt",
        "Sales Receipt",
        **SALES_RULES,
        required=("Line",),
        booking="lines",
        direction=-1,
        counter="DepositToAccountRef",
        voids=True,
    ),
    TxnKind(
        "CreditMemo",
        "creditmemo",
        "Credit Memo",
        **SALES_RULES,
        required=("CustomerRef", "Line"),
        booking="lines",
        direction=1,
        counter_type="Accounts Receivable",
        open_field="RemainingCredit",
        open_sign=-1,
    ),
    TxnKind(
        "RefundReceipt",
        "refundreceipt",
        "Refund",
        **SALES_RULES,
        required=("DepositToAccountRef", "Line"),
        booking="lines",
        direction=1,
        counter="DepositToAccountRef",
    ),
    TxnKind(
        "Payment",
        "payment",
        "Payment",
        **CUSTOMER_PARTY,
        required=("CustomerRef",),
        booking="payment",
        direction=1,
        counter="DepositToAccountRef",
        counter_type="Accounts Receivable",
        open_field="UnappliedAmt",
        open_sign=-1,
        pays=("Invoice", "CreditMemo"),
        voids=True,
    ),
    TxnKind(
        "BillPayment",
        "billpayment",
        "Bill Payment",
        **VENDOR_PARTY,
        required=("VendorRef", "PayType", "Line"),
        booking="payment",
        direction=-1,
        counter_type="Accounts Payable",
        pays=("Bill", "VendorCredit"),
        voids=True,
    ),
    TxnKind(
        "Deposit",
        "deposit",
        "Deposit",
        required=("DepositToAccountRef", "Line"),
        booking="deposit",
        direction=-1,
        counter="DepositToAccountRef",
        pays=("Payment", "SalesReceipt", "RefundReceipt"),
    ),
    TxnKind(
        "Transfer",
        "transfer",
        "Transfer",
        required=("FromAccountRef", "ToAccountRef", "Amount"),
        booking="transfer",
        total="Amount",
    ),
    TxnKind(
        "CreditCardPaymentTxn",
        "creditcardpayment",
        "Credit Card Payment",
        required=("CreditCardAccountRef", "BankAccountRef", "Amount"),
        booking="transfer",
        total="Amount",
    ),
    TxnKind("TimeActivity", "timeactivity", "Time Charge", required=("NameOf",), total=""),
    TxnKind(
        "JournalEntry",
        "journalentry",
        "Journal Entry",
        required=("Line",),
        booking="journal",
        unique="kind",
    ),
    TxnKind(
        "InventoryAdjustment",
        "inventoryadjustment",
        "Inventory Qty Adjust",
        required=("AdjustAccountRef", "Line"),
        numbers="counted",
        booking="adjustment",
        total="",
    ),
)
LIST_KINDS = {kind.name: kind for kind in LISTS}
TXN_KINDS = {kind.name: kind for kind in TRANSACTIONS}
KINDS: dict[str, ListKind | TxnKind] = {**LIST_KINDS, **TXN_KINDS}
KIND_NAMES_BY_PATH = {
    name: kind.name for kind in KINDS.values() for name in (kind.path, kind.name.lower())
}
# Entities that QuickBooks has, and companies here do not: a request for one finds nothing.
ABSENT_ENTITIES = frozenset({"reimbursecharge", "taxclassification", "taxpayment"})
PURCHASE_LABELS = {"Check": "Check", "Cash": "Expense", "CreditCard": "Credit Card Expense"}


def label_of(kind: str, data: JsonObject) -> str:
    """Return the name that people use for such a transaction."""
    if kind == "Purchase":
        return PURCHASE_LABELS[data["PaymentType"]]
    if kind == "BillPayment":
        return f"Bill Payment ({'Check' if data['PayType'] == 'Check' else 'Credit Card'})"
    return TXN_KINDS[kind].label
