"""The settings of Files."""

from marshmallow import Schema

from hub import setting

PARTIES, LINES, E_INVOICES = "Suppliers and customers", "Lines", "E-invoices"


class Settings(Schema):
    suppliers = setting.choice(
        "New suppliers",
        PARTIES,
        {"hold": "match by hand", "create": "create in QuickBooks"},
        "A supplier that QuickBooks does not have.",
    )
    customers = setting.choice(
        "New customers",
        PARTIES,
        {"hold": "match by hand", "create": "create in QuickBooks"},
        "A customer that QuickBooks does not have.",
    )
    account = setting.record(
        "account",
        "Account of bills",
        LINES,
        "For lines that name no account. Without one they wait.",
    )
    item = setting.record(
        "item",
        "Product or service of invoices",
        LINES,
        "For lines without one of their own. Without it they wait.",
    )
    tax_code = setting.record(
        "tax_code",
        "Tax code",
        LINES,
        "For lines that name no tax. A rate such as 25 %, or 0 % AE for reverse charge, is matched"
        " to a tax code by hand, once. Companies in the United States need none.",
    )
    attach = setting.switch(
        "Attach files", LINES, "The file of a document is attached in QuickBooks.", default=True
    )
    prepaid = setting.choice(
        "Amounts paid before",
        E_INVOICES,
        {"hold": "hold the e-invoice", "post": "post the e-invoice in full"},
        "An e-invoice that was paid before, in part or in full. If the supplier sent an invoice for"
        " the prepayment, too, its amount would be in the books twice. One that refers to such an"
        " invoice is always held.",
    )
    own_ids = setting.text(
        "Numbers of your company",
        E_INVOICES,
        "Registration and VAT numbers, separated by commas. An e-invoice that one of them sends is"
        " an invoice to a customer; every other one is a bill.",
    )
