"""The names of all fields and parameters of CostCertified's assumed API, as in `openapi.yaml`.

Reading, reporting and the stand-in take every name from here, so that a name that turns out to be
different is corrected in this file and in `openapi.yaml` alone. The names of OAuth's token call are
standard and not listed.
"""


class Page:
    """A list: its parameters and its answer."""

    CURSOR = "cursor"
    LIMIT = "limit"
    ITEMS = "items"
    NEXT_CURSOR = "next_cursor"
    HAS_MORE = "has_more"


class Row:
    """What every entry of a list has."""

    ID = "id"
    VERSION = "version"
    UPDATED_AT = "updated_at"
    DELETED_AT = "deleted_at"
    WEB_URL = "web_url"


class Account:
    """The account that gave the access."""

    ID = "id"
    NAME = "name"
    PAYMENTS_ENABLED = "payments_enabled"
    REGION = "region"
    CURRENCY = "currency"


class Invoice(Row):
    """An invoice to a client."""

    NUMBER = "number"
    STATUS = "status"
    SENT_VIA = "sent_via"
    SENT_AT = "sent_at"
    BASIS = "basis"
    BASIS_VALUE = "basis_value"
    DATE = "invoice_date"
    DUE_DATE = "due_date"
    PROJECT = "project"
    CLIENT = "client"
    CURRENCY = "currency"
    LINES = "lines"
    FEES = "fees"
    TAX_TOTAL = "tax_total"
    TOTAL = "total"
    PAID_TOTAL = "paid_total"
    PAID_AT = "paid_at"


class Line:
    """A line of an invoice or expense."""

    ID = "id"
    DESCRIPTION = "description"
    AMOUNT = "amount"
    TAX = "tax"
    TAX_NAME = "tax_name"
    CATEGORY = "category"


class Fee:
    """A fee for a payment, and who bears it."""

    KIND = "kind"
    AMOUNT = "amount"
    BORNE_BY = "borne_by"


class Project:
    """A booked project."""

    ID = "id"
    NAME = "name"
    ADDRESS = "address"
    TOTAL = "total"
    INVOICED_TOTAL = "invoiced_total"


class Client:
    """Who is invoiced."""

    ID = "id"
    FIRST_NAME = "fname"
    LAST_NAME = "lname"
    COMPANY = "company"
    EMAIL = "email"
    PHONE = "phone"
    ADDRESS = "address"
    SUITE = "suite"
    CITY = "city"
    POSTAL = "postal"


class Vendor:
    """Whom an expense is paid to."""

    ID = "id"
    NAME = "name"
    EMAIL = "email"


class Payment(Row):
    """What a client paid."""

    REFERENCE = "reference"
    STATUS = "status"
    METHOD = "method"
    CLIENT = "client"
    PROJECT = "project"
    AMOUNT = "amount"
    CURRENCY = "currency"
    ALLOCATIONS = "allocations"
    FEES = "fees"
    PAYOUT_ID = "payout_id"
    REFUNDS = "refunds"
    CREATED_AT = "created_at"
    PAID_AT = "paid_at"


class Allocation:
    """How much of a payment an invoice used."""

    INVOICE_ID = "invoice_id"
    NUMBER = "number"
    AMOUNT = "amount"


class Refund:
    """What was given back of a payment."""

    ID = "id"
    AMOUNT = "amount"
    TAX = "tax"
    TAX_NAME = "tax_name"
    REASON = "reason"
    REFUNDED_AT = "refunded_at"
    PAYOUT_ID = "payout_id"


class Payout(Row):
    """Money that CostCertified transfers to the contractor's bank."""

    STATUS = "status"
    ARRIVAL_DATE = "arrival_date"
    CURRENCY = "currency"
    AMOUNT = "amount"
    LINES = "lines"


class Movement:
    """A line of a payout: a payment, a refund or a payment that came back."""

    ID = "id"
    KIND = "kind"
    PAYMENT_ID = "payment_id"
    REFUND_ID = "refund_id"
    REFERENCE = "reference"
    AMOUNT = "amount"
    FEE = "fee"


class Expense(Row):
    """A bill or receipt of a project."""

    TYPE = "type"
    PUSH = "push"
    VENDOR = "vendor"
    NUMBER = "number"
    DATE = "date"
    DUE_DATE = "due_date"
    PROJECT = "project"
    CURRENCY = "currency"
    LINES = "lines"
    TOTAL = "total"


class Status:
    """What accounting says of an invoice or payment."""

    STATE = "state"
    SYSTEM = "system"
    EXTERNAL_ID = "external_id"
    EXTERNAL_NUMBER = "external_number"
    EXTERNAL_URL = "external_url"
    MESSAGE = "message"
    AT = "at"
    VERSION = "version"


class Change:
    """A call from CostCertified that says that something changed."""

    TOPIC = "topic"
    ID = "id"


# Fields with a text that may come as a number, such as the number of an invoice.
TEXTS = (
    Row.ID,
    Invoice.NUMBER,
    Payment.REFERENCE,
    Line.CATEGORY,
    Client.PHONE,
    Client.POSTAL,
)
