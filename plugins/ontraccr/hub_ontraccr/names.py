"""The names of all fields and parameters of Ontraccr's assumed API, as in `openapi.yaml`.

Reading, reporting and the stand-in take every name from here, so that a name that turns out to be
different is corrected in this file and in `openapi.yaml` alone. The names of OAuth's token call are
standard and not listed.
"""


class Page:
    """A list: its parameters and its answer."""

    CURSOR = "cursor"
    LIMIT = "limit"
    DIVISION = "division"
    INCLUDE_DELETED = "include_deleted"
    ITEMS = "items"
    NEXT_CURSOR = "next_cursor"
    HAS_MORE = "has_more"


class Row:
    """The fields of every entry of a list."""

    ID = "id"
    UPDATED_AT = "updated_at"


class Integration:
    """The company's QuickBooks integration."""

    NAME = "name"
    SYSTEM = "system"
    ACTIVATED = "activated"


class Division(Row):
    """A division of the company."""

    NAME = "name"


class Webhook:
    """Where Ontraccr calls the hub, and what its calls are signed with."""

    URL = "url"
    SECRET = "secret"  # noqa: S105  (the name of a field)


class Payable(Row):
    """A payable that somebody uploaded."""

    VERSION = "version"
    DIVISION_ID = "division_id"
    TYPE = "type"
    PURCHASE_ACCOUNT_EXTERNAL_ID = "purchase_account_external_id"
    PURCHASE_ACCOUNT_NAME = "purchase_account_name"
    TAX_CODE_EXTERNAL_ID = "tax_code_external_id"
    VENDOR = "vendor"
    NUMBER = "number"
    DATE = "invoice_date"
    DUE_DATE = "due_date"
    DESCRIPTION = "description"
    CURRENCY = "currency"
    SUBTOTAL = "subtotal"
    TAX = "tax"
    RETAINAGE = "retainage"
    TOTAL = "total"
    IS_HELD = "hold_from_quickbooks"
    HELD_BY = "held_by"
    LINES = "lines"
    ATTACHMENTS = "attachments"
    UPLOADED_BY = "uploaded_by"
    UPLOADED_AT = "uploaded_at"
    WEB_URL = "web_url"
    DELETED_AT = "deleted_at"


class Line:
    """A line of a payable."""

    ID = "id"
    PROJECT_ID = "project_id"
    COST_CODE_ID = "cost_code_id"
    DESCRIPTION = "description"
    QUANTITY = "quantity"
    UNIT_COST = "unit_cost"
    AMOUNT = "amount"
    TAX = "tax"
    RETAINAGE = "retainage"
    IS_RETAINAGE_RELEASE = "is_retainage_release"


class Attachment:
    """A file of a payable."""

    ID = "id"
    NAME = "name"
    MIME = "mime"
    SIZE = "size"
    SHA256 = "sha256"


class Link:
    """Which record of QuickBooks a profile is."""

    EXTERNAL_ID = "external_id"
    EXTERNAL_NAME = "external_name"
    EXTERNAL_TYPE = "external_type"


class Profile(Link, Row):
    """A project, cost code or vendor."""

    DIVISION_ID = "division_id"
    NAME = "name"
    NUMBER = "number"
    EMAIL = "email"
    PHONE = "phone"
    CURRENCY = "currency"
    ARCHIVED = "archived"
    LINKED_BY = "linked_by"
    LINKED_AT = "linked_at"
    CLASS_EXTERNAL_ID = "class_external_id"
    CLASS_NAME = "class_name"


class ImportedProfile:
    """A record of QuickBooks that becomes a profile, and Ontraccr's own id of it."""

    ITEMS = "items"
    EXTERNAL_ID = "external_id"
    EXTERNAL_NAME = "external_name"
    NAME = "name"
    NUMBER = "number"
    ACTIVE = "active"
    CURRENCY = "currency"
    EMAIL = "email"
    IMPORTED = "imported"
    ID = "id"


class Choice:
    """A list of QuickBooks that people choose from in Ontraccr, and its entries."""

    ITEMS = "items"
    DEFAULT_EXTERNAL_ID = "default_external_id"
    CURRENCY = "currency"
    EXTERNAL_ID = "external_id"
    NAME = "name"
    TYPE = "type"


class Status:
    """What accounting says of a payable."""

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
    """A call from Ontraccr that says that something changed."""

    TOPIC = "topic"
    ID = "id"


# Fields with a text that may come as a number, such as the id of a record in QuickBooks.
TEXTS = (
    Payable.NUMBER,
    Payable.PURCHASE_ACCOUNT_EXTERNAL_ID,
    Payable.TAX_CODE_EXTERNAL_ID,
    Profile.EXTERNAL_ID,
    Profile.CLASS_EXTERNAL_ID,
    Profile.NUMBER,
    Profile.PHONE,
)
