"""The names of all fields and parameters of CostTracker's assumed API, as in `openapi.yaml`.

Reading, reporting and the stand-in take every name from here, so that a name that turns out to be
different is corrected in this file and in `openapi.yaml` alone. The names of OAuth's token call are
standard and not listed.
"""


class Page:
    """A list: its parameters and its answer."""

    CURSOR = "cursor"
    LIMIT = "limit"
    STATUS = "status"
    ITEMS = "items"
    NEXT_CURSOR = "next_cursor"
    HAS_MORE = "has_more"


class Row:
    """The fields of every entry of a list."""

    ID = "id"
    VERSION = "version"
    UPDATED_AT = "updated_at"
    DELETED_AT = "deleted_at"


class Account:
    """The account behind the credentials."""

    ID = "id"
    NAME = "name"
    PLAN = "plan"
    INTEGRATIONS_ENABLED = "integrations_enabled"
    USERS = "users"


class User:
    """A person of the account."""

    NAME = "name"
    ROLE = "role"
    MAY_UPDATE_SUPPLIERS = "can_update_accounting_suppliers"


class Invoice(Row):
    """An invoice or credit note."""

    STATUS = "status"
    KIND = "kind"
    SUPPLIER = "supplier"
    NUMBER = "invoice_number"
    REFERENCE = "reference"
    DATE = "invoice_date"
    DUE_DATE = "due_date"
    CURRENCY = "currency"
    NET_TOTAL = "net_total"
    TAX_TOTAL = "tax_total"
    GROSS_TOTAL = "gross_total"
    ORDER_NUMBERS = "po_numbers"
    APPROVALS = "approvals"
    LINES = "lines"
    ATTACHMENTS = "attachments"
    OCR = "ocr"
    WEB_URL = "web_url"


class Supplier:
    """A supplier, as an invoice names it."""

    ID = "id"
    EXTERNAL_ID = "external_id"
    NAME = "name"
    ORG_NUMBER = "org_number"


class Approval:
    """The decision of one approver."""

    USER = "user"
    ROLE = "role"
    DECISION = "decision"
    AT = "at"


class Line:
    """A line of an invoice."""

    ID = "id"
    DESCRIPTION = "description"
    NET = "net"
    TAX = "tax"
    ACCOUNT = "account"
    TAX_CODE = "tax_code"
    LOCATION = "location"
    CLASS = "class"
    CUSTOMER = "customer"
    ORDER = "po"


class OrderLine:
    """The line of a purchase order that an invoice line was matched with."""

    NUMBER = "number"
    LINE = "line"
    ORDERED = "ordered"
    RECEIVED = "received"


class Attachment:
    """A file of an invoice."""

    ID = "id"
    NAME = "name"
    MIME = "mime"
    SIZE = "size"
    SHA256 = "sha256"


class SupplierEdit(Supplier, Row):
    """A supplier that somebody edited in CostTracker."""

    USER = "user"
    MAY_UPDATE_SUPPLIERS = "can_update_accounting_suppliers"
    EMAIL = "email"
    PHONE = "phone"
    CONTACT = "contact"
    ADDRESS = "address"


class Address:
    """Where a supplier is."""

    LINES = "lines"
    CITY = "city"
    REGION = "region"
    POSTAL_CODE = "postal_code"
    COUNTRY = "country"


class Record:
    """An entry of a QuickBooks list that the hub pushes, with CostTracker's own id."""

    ITEMS = "items"
    EXTERNAL_ID = "external_id"
    NAME = "name"
    NUMBER = "number"
    PARENT_EXTERNAL_ID = "parent_external_id"
    ACTIVE = "active"
    HIDDEN = "hidden"
    TYPE = "type"
    CURRENCY = "currency"
    RATE = "rate"
    IMPORTED = "imported"
    ID = "id"


class Status:
    """The fields that accounting writes to an invoice."""

    STATE = "state"
    SYSTEM = "system"
    EXTERNAL_ID = "external_id"
    EXTERNAL_NUMBER = "external_number"
    EXTERNAL_URL = "external_url"
    AMOUNT_PAID = "amount_paid"
    MESSAGE = "message"
    AT = "at"
    VERSION = "version"


class Change:
    """A call from CostTracker that says that something changed."""

    TOPIC = "topic"
    ID = "id"


# Fields with a text that may come as a number, such as an account or an organisation number.
TEXTS = (
    Invoice.NUMBER,
    Invoice.REFERENCE,
    Supplier.EXTERNAL_ID,
    Supplier.ORG_NUMBER,
    Line.ACCOUNT,
    Line.TAX_CODE,
    Line.LOCATION,
    Line.CLASS,
    Line.CUSTOMER,
    SupplierEdit.PHONE,
    Address.POSTAL_CODE,
)
