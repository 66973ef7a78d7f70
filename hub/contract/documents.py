"""The documents of a source in the source's own words: frozen classes for keywords only."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import field, fields
from decimal import Decimal
from itertools import chain
from typing import Any, Literal, get_args

from hub.contract import value_checks as check
from hub.contract.file_types import add_suffix, find_media_type
from hub.contract.states import Stage, StageName
from hub.contract.value_object import value_object
from hub.contract.web_addresses import find_url_problems
from hub.errors import BadDocument

Kind = Literal[
    "bill",
    "vendor_credit",
    "expense",
    "purchase_order",
    "invoice",
    "credit_memo",
    "payment",
    "refund",
    "bill_payment",
    "deposit",
    "vendor",
    "customer",
    "item",
]
Role = Literal[
    "vendor",
    "customer",
    "item",
    "account",
    "class",
    "location",
    "term",
    "tax_code",
    "payment_method",
    "payable_account",
    "payment_account",
    "deposit_account",
    "income_account",
    "asset_account",
    "expense_account",
    "purchase_order",
    "category",
]
Row = dict[str, Any]  # a JSON object of the source
TaxMode = Literal["exclusive", "inclusive", "none", "computed"]
ItemType = Literal["service", "non_inventory", "inventory", "category"]

KINDS: tuple[Kind, ...] = get_args(Kind)
ROLES: tuple[Role, ...] = get_args(Role)
TAX_MODES: tuple[TaxMode, ...] = get_args(TaxMode)
ITEM_TYPES: tuple[ItemType, ...] = get_args(ItemType)


def _require(*checks: Iterator[str]) -> None:
    """Raise BadDocument with the first problem that the checks find."""
    for problem in chain.from_iterable(checks):
        raise BadDocument(problem)


@value_object
class Address:
    """A postal address; `lines` are street lines, `country` an ISO code or a name."""

    name: str | None = None
    lines: tuple[str, ...] = ()
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None

    def __post_init__(self) -> None:
        _require(check.find_address_problems(self))


@value_object
class Party:
    """A supplier or client, with the data of the source.

    `number` is its organisation number: the number under which its country registers or taxes it.
    """

    name: str
    email: str | None = None
    phone: str | None = None
    contact: str | None = None
    address: Address | None = None
    currency: str | None = None
    number: str | None = None

    def __post_init__(self) -> None:
        _require(check.find_party_problems(self, Address))


@value_object
class Item:
    """A product or service.

    `price` and `cost` are per unit. `on_hand` is the quantity in stock on the day `start`.
    """

    name: str
    type: ItemType = "service"
    sku: str | None = None
    description: str | None = None
    price: Decimal | None = None
    cost: Decimal | None = None
    start: dt.date | None = None
    on_hand: Decimal | None = None
    codes: Mapping[str, "Code | str | None"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise BadDocument for an invalid name or amount."""
        _require(
            check.find_text_problems("An item", name=self.name),
            check.find_choice_problems(self.type, ITEM_TYPES, "type of item"),
            check.find_optional_text_problems(self.name, self, "sku", "description"),
            check.find_amount_problems(
                self.name, price=self.price, cost=self.cost, on_hand=self.on_hand
            ),
            check.find_date_problems(self.name, start=self.start),
            check.find_code_problems(self.name, self.codes, Code),
        )


NOT_LINKED = ""


@value_object
class Code:
    """The source's name for something that has a record in QuickBooks.

    - `quickbooks_id`: its link at the source, which precedes a stored one. With NOT_LINKED the
      source has no link, so that a match by name does not count either.
    - `create`: what the hub may create if QuickBooks has no such record.
    - `hold`: the reason why the code may not be used yet.
    """

    id: str
    name: str | None = None
    number: str | None = None
    quickbooks_id: str | None = None
    create: Party | Item | None = None
    hold: str | None = None

    def __post_init__(self) -> None:
        """Raise BadDocument for an id that is blank, and for a number in place of a text."""
        _require(
            check.find_text_problems("A code", id=self.id),
            check.find_optional_text_problems(
                f"code {self.id}", self, "name", "number", "quickbooks_id", "hold"
            ),
            check.find_type_problems(f"code {self.id}", Party, Item, create=self.create),
        )


# The codes of a document or line by field or role; a plain text is a QuickBooks id, None no code.
Codes = Mapping[str, Code | str | None]


@value_object
class Applied:
    """The document of the same app, or one line of it, that a line pays, credits or bills."""

    document: str
    line: str | None = None

    def __post_init__(self) -> None:
        _require(
            check.find_text_problems("Applied", document=self.document),
            check.find_optional_text_problems("Applied", self, "line"),
        )


@value_object
class Attachment:
    """A file of a document.

    - `id`: unique among the files of the document, constant, and at most 200 characters long.
    - `name`: ends with a suffix that QuickBooks accepts, such as ".pdf"; to a name without one,
      that of `mime` is added.
    - `mime`: sent with the file; if the source does not state it, the usual type of the suffix.
    - `size` in bytes; `sha256` in hexadecimal: if it changes, the file is attached again.
    """

    id: str
    name: str
    mime: str = ""
    size: int | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        _require(check.find_file_problems(self))
        object.__setattr__(self, "mime", find_media_type(self.name, self.mime))
        object.__setattr__(self, "name", add_suffix(self.name, self.mime))


@value_object
class Line:
    """One line of a document.

    - `amount`: takes precedence over quantity x unit_price; without both the line is text only.
    - `markup`: the percentage that is added when a billable line is charged to the customer.
    """

    id: str
    amount: Decimal | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    description: str | None = None
    codes: Codes = field(default_factory=dict)
    tax: Decimal | None = None
    billable: bool = False
    markup: Decimal | None = None
    applied: Applied | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise BadDocument for an invalid id or amount."""
        owner = f"line {self.id}"
        _require(
            check.find_text_problems("A line", id=self.id),
            check.find_amount_problems(
                owner,
                amount=self.amount,
                quantity=self.quantity,
                unit_price=self.unit_price,
                tax=self.tax,
                markup=self.markup,
            ),
            check.find_optional_text_problems(owner, self, "description"),
            check.find_flag_problems(owner, billable=self.billable),
            check.find_type_problems(owner, Applied, applied=self.applied),
            check.find_mapping_problems(owner, facts=self.facts),
            check.find_code_problems(owner, self.codes, Code),
        )


@value_object
class Document:
    """A document for the books.

    Amounts are positive in the direction of the kind. Dates are in the source's zone.

    - `hold`: the source's own reason against posting, or why the document is pending.
    - `quickbooks_id`: a transaction that QuickBooks has already, to adopt. The first part of a
      split document adopts it. If it is that of another document, this one is held.
    - `exchange_rate`: the amount of the company's currency for one unit of `currency`. Without it
      QuickBooks uses its own rate of the document's date, or enters 1, which opens a case.
    - `memo`: private; `message`: printed for the customer or vendor; `custom`: custom fields by
      name. On kinds without fields for `message`, `custom` and `ship_to`, they go into the memo.
      Items have no memo: a warning names each text that is left out.
    - `email_to`: None sends no e-mail. Otherwise the invoice is sent to the address that QuickBooks
      has for the customer, or else to this one.
    - `url`: the https address of its page in the source, for people. The hub never opens it.
    - `closed`: no more is expected of an order; QuickBooks closes it and changes nothing else.
    """

    kind: Kind
    source_id: str
    quickbooks_id: str | None = None
    version: str | None = None
    stage: Stage | StageName = Stage.READY
    hold: str | None = None
    date: dt.date | None = None
    due: dt.date | None = None
    received: dt.date | None = None
    url: str | None = None
    number: str | None = None
    message: str | None = None
    memo: str | None = None
    currency: str | None = None
    exchange_rate: Decimal | None = None
    codes: Codes = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    details: Party | Item | None = None
    total: Decimal | None = None
    tax_total: Decimal | None = None
    tax_mode: TaxMode = "exclusive"
    tolerance: Decimal = Decimal(0)
    payment_type: str | None = None
    email_to: str | None = None
    ship_to: Address | None = None
    closed: bool | None = None
    custom: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    warnings: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise BadDocument for invalid values; turn a stage that is a plain word into a Stage."""
        owner = self.source_id
        _require(
            check.find_text_problems("A document", source_id=owner),
            check.find_choice_problems(self.kind, KINDS, "kind of document"),
            check.find_choice_problems(self.stage, tuple(Stage), "stage"),
            check.find_choice_problems(self.tax_mode, TAX_MODES, "tax mode"),
            check.find_amount_problems(owner, total=self.total, tax_total=self.tax_total),
            check.find_tolerance_problems(owner, self.tolerance),
            check.find_rate_problems(owner, self.exchange_rate, self.currency),
            find_url_problems(owner, self.url),
            check.find_date_problems(owner, date=self.date, due=self.due, received=self.received),
            check.find_optional_text_problems(owner, self, *OPTIONAL_TEXTS),
            check.find_sequence_problems(
                owner, lines=self.lines, attachments=self.attachments, warnings=self.warnings
            ),
            check.find_member_problems(owner, Line, lines=self.lines),
            check.find_member_problems(owner, Attachment, attachments=self.attachments),
            check.find_type_problems(owner, Address, ship_to=self.ship_to),
            check.find_type_problems(owner, Party, Item, details=self.details),
            check.find_flag_problems(owner, closed=self.closed),
            check.find_mapping_problems(owner, facts=self.facts),
            check.find_custom_problems(owner, self.custom),
            check.find_code_problems(owner, self.codes, Code),
            check.find_line_id_problems(owner, self.lines),
            check.find_file_id_problems(owner, self.attachments),
        )
        object.__setattr__(self, "stage", Stage(self.stage))


OPTIONAL_TEXTS = tuple(item.name for item in fields(Document) if item.type == str | None)


@value_object
class Gone:
    """A document that the source no longer has, or that is no longer to be in the books.

    In the list of the source it counts immediately. For `ids`, or `inferred` because a list lacks
    it, it counts after two runs, an hour or more apart, that passed `hub_check` and read the whole
    list.
    """

    source_id: str
    reason: str | None = None
    inferred: bool | None = None

    def __post_init__(self) -> None:
        _require(
            check.find_text_problems("Gone", source_id=self.source_id),
            check.find_optional_text_problems(f"Gone {self.source_id}", self, "reason"),
        )


@value_object
class Unreadable:
    """A row of the source that cannot be converted.

    It is held with `reason` and does not stop other documents.
    """

    source_id: str
    reason: str

    def __post_init__(self) -> None:
        _require(
            check.find_text_problems("Unreadable", source_id=self.source_id, reason=self.reason)
        )


@value_object
class Checkpoint:
    """A cursor from which reading can continue.

    It is stored only after everything that was yielded before it is committed. The name of its
    `stream` has at most 100 characters.
    """

    cursor: str
    stream: str = ""

    def __post_init__(self) -> None:
        _require(check.find_cursor_problems(self.cursor, self.stream))


Outcome = Document | Gone | Unreadable  # the result of reading one row
Yielded = Outcome | Checkpoint


def iter_codes(document: Document) -> Iterator[tuple[str, Code | str, Line | None]]:
    """Yield every code that a document uses: its field, the code, and its line or None."""
    parts: tuple[Document | Line, ...] = (document, *document.lines)
    for part in parts:
        line = part if isinstance(part, Line) else None
        for field_name, code in part.codes.items():
            if code:
                yield field_name, code, line


def get_code_id(code: Code | str) -> str:
    """Return the id of a code; a plain text is one."""
    return code if isinstance(code, str) else code.id
