"""The labels for people in place of the names of fields and values in QuickBooks."""

from hub.payloads.entities import KIND_BY_ENTITY

# Each reference, with its label and the list of its record; "" if its type names the list.
REFERENCES = {
    "VendorRef": ("Supplier", "vendor"),
    "CustomerRef": ("Customer", "customer"),
    "EntityRef": ("Party", ""),
    "APAccountRef": ("Payable account", "account"),
    "AccountRef": ("Account", "account"),
    "ItemRef": ("Item", "item"),
    "DepositToAccountRef": ("Deposit account", "account"),
    "DepartmentRef": ("Location", "location"),
    "ClassRef": ("Class", "class"),
    "SalesTermRef": ("Terms", "term"),
    "TermRef": ("Terms", "term"),
    "PaymentMethodRef": ("Payment method", "payment_method"),
    "TaxCodeRef": ("Tax code", "tax_code"),
    "BankAccountRef": ("Account", "account"),
    "CCAccountRef": ("Account", "account"),
    "Entity": ("Party", ""),
    "IncomeAccountRef": ("Income account", "account"),
    "ExpenseAccountRef": ("Expense account", "account"),
    "AssetAccountRef": ("Asset account", "account"),
    "DiscountAccountRef": ("Account", "account"),
    "ParentRef": ("Belongs to", ""),
    "TxnTaxCodeRef": ("Tax rate", "tax_code"),
}
# Fields with a plain value, with their labels.
PLAIN_FIELDS = {
    "DisplayName": "Name",
    "Name": "Name",
    "DocNumber": "Number",
    "TxnDate": "Date",
    "DueDate": "Due",
    "CompanyName": "Company",
    "Sku": "Sku",
    "Description": "Description",
    "TrackQtyOnHand": "Stock is tracked",
    "PaymentType": "Paid by",
    "PayType": "Paid by",
    "PaymentRefNum": "Number",
    "GlobalTaxCalculation": "Amounts",
    "TaxIdentifier": "Organisation number",
    "PrimaryTaxIdentifier": "Organisation number",
    "CustomerMemo": "Message",
    "Memo": "Message",
    "Type": "Type",
    "UnitPrice": "Price",
    "PurchaseCost": "Cost",
    "QtyOnHand": "On hand",
    "InvStartDate": "In stock since",
    "POStatus": "Status",
    "PrivateNote": "Memo",
}
# Fields with a value inside, with their label and the name of that value.
NESTED_FIELDS = {
    "PrimaryEmailAddr": ("E-mail", "Address"),
    "PrimaryPhone": ("Phone", "FreeFormNumber"),
    "BillEmail": ("Mailed to", "Address"),
    "POEmail": ("Mailed to", "Address"),
}
# Postal addresses, with their labels.
ADDRESS_FIELDS = {"BillAddr": "Address", "ShipAddr": "Ship to"}
ADDRESS_PARTS = (
    "Line1",
    "Line2",
    "Line3",
    "Line4",
    "Line5",
    "City",
    "CountrySubDivisionCode",
    "PostalCode",
    "Country",
)
# In place of the name of a record that is yet to be created.
PLACEHOLDER_TEXT = "created in QuickBooks first"
PAYMENT_DETAILS = ("CheckPayment", "CreditCardPayment")
# Values of fields, in words.
VALUE_TEXTS = {
    "TaxExcluded": "without tax",
    "TaxInclusive": "with tax",
    "NotApplicable": "no tax applies",
    "CreditCard": "Credit card",
    "NonInventory": "Non-inventory",
}
ENTITY_TITLES = {name: kind.replace("_", " ").capitalize() for name, kind in KIND_BY_ENTITY.items()}
# The facts that come first, in this order.
FACT_ORDER = (
    "Name",
    "Supplier",
    "Customer",
    "Party",
    "Number",
    "Date",
    "Due",
    "Terms",
    "Payable account",
    "Location",
)
# The list that holds the record of each fact of a summary.
FACT_LISTS = {
    "account": "account",
    "item": "item",
    "customer": "customer",
    "tax_code": "tax_code",
    "location": "location",
    "term": "term",
    "payment_method": "payment_method",
    "payment_account": "account",
    "deposit_account": "account",
    "payable_account": "account",
    "class_": "class",
}
