"""The picklists of this database; each database has its own numbers for the labels."""

COMPANY_TYPES = {1: "Customer", 2: "Lead", 3: "Prospect", 6: "Vendor", 7: "Partner"}
EXPENSE_STATUS = {
    11: "In Progress",
    12: "Awaiting Approval",
    14: "Approved for Payment",
    15: "Rejected",
    16: "Paid",
    17: "Transferred to QuickBooks",
}
ORDER_STATUS = {
    21: "New",
    22: "Submitted",
    23: "Received Partial",
    24: "Received Full",
    25: "Canceled",
}
PAYMENT_TYPES = {31: "Cash", 32: "Visa", 33: "Company Credit Card", 34: "Company Check"}
ITEM_TYPES = {
    1: "Labor",
    2: "Project Cost",
    3: "Ticket Cost",
    4: "Expense",
    5: "Subscription",
    8: "Recurring Services",
    13: "Milestone",
    14: "Contract Block",
    20: "Contract Cost",
}
USE_TYPES = {
    1: "General Allocation Code",
    2: "Expense Code",
    3: "Internal Allocation Code",
    4: "Material Cost Code",
    5: "Recurring Contract Service Code",
    6: "Milestone Code",
}
DESCRIPTION_SOURCES = {1: "Product (Catalog)", 2: "Quote Item", 3: "Charge"}
PICKLISTS = {
    ("companies", "companyType"): COMPANY_TYPES,
    ("expensereports", "status"): EXPENSE_STATUS,
    ("expenseitems", "paymentType"): PAYMENT_TYPES,
    ("purchaseorders", "status"): ORDER_STATUS,
    ("purchaseorders", "useItemDescriptionsFrom"): DESCRIPTION_SOURCES,
    ("billingitems", "billingItemType"): ITEM_TYPES,
    ("billingcodes", "useType"): USE_TYPES,
    ("billingcodes", "billingCodeType"): {0: "Normal", 1: "System", 2: "Non-Billable"},
}


def list_picklist_values(entity, field):
    """Return the values of a picklist field for the metadata; None for other fields."""
    values = PICKLISTS.get((entity.lower(), field))
    if values is None:
        return None
    return [
        {
            "value": str(value),
            "label": label,
            "isDefaultValue": False,
            "sortOrder": position,
            "parentValue": "",
            "isActive": True,
            "isSystem": True,
        }
        for position, (value, label) in enumerate(values.items())
    ]


def get_number(labels, label):
    """Return the number of a label in this database."""
    return next(value for value, name in labels.items() if name == label)
