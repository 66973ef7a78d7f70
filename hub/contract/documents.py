"""What a source wants in the books, in the source's own words: frozen nouns that take keywords only."""

import datetime as dt
import linecache
import logging
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeVar, dataclass_transform

from hub.errors import BadDocument, Refused

T = TypeVar("T")
log = logging.getLogger("hub")
WRONG_CALL = re.compile(r"\(\) (takes|missing|got) |is not callable$")
JSON_TYPES = (str, int, float, bool, type(None), list, dict, Decimal)

Kind = Literal[
    "bill", "vendor_credit", "expense", "purchase_order", "invoice", "credit_memo", "payment", "refund",
    "bill_payment", "deposit", "vendor", "customer", "item",
]  # fmt: skip
Role = Literal[
    "vendor", "customer", "item", "account", "class", "location", "term", "tax_code", "payment_method",
    "payable_account", "payment_account", "deposit_account", "income_account", "asset_account", "expense_account",
    "purchase_order", "category",
]  # fmt: skip
Stage = Literal["ready", "pending", "update_only", "closed"]
TaxMode = Literal["exclusive", "inclusive", "none", "computed"]
ItemType = Literal["service", "non_inventory", "inventory", "category"]
State = Literal["queued", "posted", "part_paid", "paid", "held", "failed", "changed", "missing"]
Cause = Literal["match", "source", "check", "currency", "quickbooks", "person"]

KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]
ROLES: tuple[Role, ...] = Role.__args__  # type: ignore[attr-defined]
STATES: tuple[State, ...] = State.__args__  # type: ignore[attr-defined]


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def noun(cls: type[T]) -> type[T]:
    """A frozen dataclass that takes keywords only."""
    return dataclass(frozen=True, kw_only=True, slots=True)(cls)


def _check(condition: bool, text: str) -> None:
    if not condition:
        raise BadDocument(text)


def _check_text(owner: str, **values: Any) -> None:
    for name, value in values.items():
        _check(
            isinstance(value, str) and bool(value.strip()),
            f"{owner} needs {name} as text, not {value!r}.",
        )


def _check_amounts(owner: str, **values: Any) -> None:
    for name, value in values.items():
        _check(
            value is None or isinstance(value, Decimal),
            f"{name} of {owner} must be a Decimal, not {value!r}.",
        )
        _check(value is None or value.is_finite(), f"{name} of {owner} is not a number: {value}.")


def _check_dates(owner: str, **values: Any) -> None:
    for name, value in values.items():
        plain = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
        _check(
            value is None or plain,
            f"{name} of {owner} must be a date without a time, not {value!r}.",
        )


@noun
class Address:
    """A postal address; `lines` are street lines, `country` an ISO code or a name."""

    name: str | None = None
    lines: tuple[str, ...] = ()
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


@noun
class Party:
    """A supplier or client, with the data of the source."""

    name: str
    email: str | None = None
    phone: str | None = None
    contact: str | None = None
    address: Address | None = None
    currency: str | None = None


@noun
class Item:
    """A product or service; `price` and `cost` are per unit, `on_hand` is the quantity in stock on the day `start`."""

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
        _check_text("An item", name=self.name)
        _check_amounts(self.name, price=self.price, cost=self.cost, on_hand=self.on_hand)


@noun
class Code:
    """The source's name for something that has a record in QuickBooks; `hold` is the reason why it may not be used yet.

    `quickbooks_id` is its link at the source and takes precedence over a stored link; "" means not linked.
    """

    id: str
    name: str | None = None
    number: str | None = None
    quickbooks_id: str | None = None
    create: Party | Item | None = None
    hold: str | None = None

    def __post_init__(self) -> None:
        _check_text("A code", id=self.id)


@noun
class Applied:
    """The document of the same app, or one line of it, that a line pays, credits or bills."""

    document: str
    line: str | None = None


@noun
class Attachment:
    """A file of a document; `size` in bytes, `sha256` as hex."""

    id: str
    name: str
    mime: str
    size: int | None = None
    sha256: str | None = None


@noun
class Line:
    """One line: `amount` takes precedence over quantity x unit_price; without amount and price it is text only.

    `markup` is the percentage that is added when a billable line is charged to the customer.
    """

    id: str
    amount: Decimal | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    description: str | None = None
    codes: Mapping[str, Code | str | None] = field(default_factory=dict)
    tax: Decimal | None = None
    billable: bool = False
    markup: Decimal | None = None
    applied: Applied | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_text("A line", id=self.id)
        owner = f"line {self.id}"
        _check_amounts(
            owner,
            amount=self.amount,
            quantity=self.quantity,
            unit_price=self.unit_price,
            tax=self.tax,
        )
        _check_amounts(owner, markup=self.markup)


@noun
class Document:
    """A document for the books; amounts are positive in the direction of the kind, dates are in the source's zone.

    `closed`: nothing more is expected of it; an order is then closed in QuickBooks and not changed otherwise.
    """

    kind: Kind
    source_id: str
    quickbooks_id: str | None = None
    version: str | None = None
    stage: Stage = "ready"
    hold: str | None = None
    date: dt.date | None = None
    due: dt.date | None = None
    received: dt.date | None = None
    number: str | None = None
    message: str | None = None
    memo: str | None = None
    currency: str | None = None
    codes: Mapping[str, Code | str | None] = field(default_factory=dict)
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
        _check_text("A document", source_id=self.source_id)
        _check(
            self.kind in KINDS,
            f"{self.kind!r} is not a kind of document; there is {', '.join(KINDS)}.",
        )
        _check(self.stage in Stage.__args__, f"{self.stage!r} is not a stage.")  # type: ignore[attr-defined]
        _check(self.tax_mode in TaxMode.__args__, f"{self.tax_mode!r} is not a tax mode.")  # type: ignore[attr-defined]
        _check_amounts(
            self.source_id, total=self.total, tax_total=self.tax_total, tolerance=self.tolerance
        )
        _check_dates(self.source_id, date=self.date, due=self.due, received=self.received)
        ids = [line.id for line in self.lines]
        _check(len(ids) == len(set(ids)), f"Two lines of {self.source_id} have the same id.")


@noun
class Gone:
    """A document that the source no longer has, or that is no longer to be in the books.

    One that the source announces in its list counts immediately. As the result of reading `ids`, or
    `inferred` by the plugin because a list lacks it, it counts after two runs at least an hour apart
    that passed `hub_check` and read the list to its end.
    """

    source_id: str
    reason: str | None = None
    inferred: bool | None = None


@noun
class Unreadable:
    """A row of the source that cannot be converted; held with `reason`, without stopping other documents."""

    source_id: str
    reason: str


@noun
class Checkpoint:
    """A cursor from which reading can continue; stored only after everything yielded before it is committed."""

    cursor: str
    stream: str = ""


@noun
class Receipt:
    """A state of a document that is reported to the source; ordered by `at`, `paid` is the amount paid so far.

    `cause` is the reason for a hold: a code without a match, a hold by the source, a check before sending, a currency
    that QuickBooks or the party there does not have, a refusal by QuickBooks, or a decision that a person must make.

    `missing` means that the document is no longer in QuickBooks: somebody deleted or voided it there, or a person
    removed it with the hub. An app without `missing` in its `wants` gets `held` after such a removal.
    """

    state: State
    at: dt.datetime
    cause: Cause | None = None
    kind: Kind | None = None
    id: str | None = None
    number: str | None = None
    url: str | None = None
    message: str | None = None
    paid: Decimal | None = None
    paid_on: dt.date | None = None


Yielded = Document | Gone | Unreadable | Checkpoint


def readable(
    source_id: str, build: Callable[..., Document | Gone], *args: Any
) -> Document | Gone | Unreadable:
    """Return what `build(*args)` returns, or Unreadable with the reason, so that one bad row stops no other.

    A mistake in the plugin's own code is reported as such and logged with its trace. Retry,
    NeedsAttention and AccessNeeded concern the whole source and are raised to the core.
    """
    try:
        return build(*args)
    except (BadDocument, Refused) as error:
        return Unreadable(source_id=source_id, reason=error.text)
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:
        if is_plugin_defect(error):
            log.exception("%s could not be read by %s", source_id, build.__module__)
            return Unreadable(source_id=source_id, reason=_defect(build, error))
        if isinstance(error, KeyError):
            return Unreadable(
                source_id=source_id, reason=f"The source sent no {error.args[0]!r} for it."
            )
        return Unreadable(
            source_id=source_id, reason=f"The source sent something that cannot be read: {error}."
        )


def is_plugin_defect(error: Exception) -> bool:
    """Tell a mistake in a plugin's code from a row that the plugin did not expect.

    A function called with the wrong arguments, an attribute missing from something other than a
    JSON value, and a key or place missing from a table of the plugin's module cannot come from what
    the source sent.
    """
    if isinstance(error, AttributeError):
        return not isinstance(error.obj, JSON_TYPES)
    if isinstance(error, LookupError):
        return _is_in_module_table(error)
    return isinstance(error, TypeError) and bool(WRONG_CALL.search(str(error)))


def _is_in_module_table(error: LookupError) -> bool:
    """Return whether a lookup such as `KINDS[row["kind"]]` failed in a global of its module.

    The expression that raised is read from the source line. Without it, the answer is no.
    """
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    summary = traceback.extract_tb(error.__traceback__)[-1]
    text = linecache.getline(summary.filename, summary.lineno or 0).encode()
    expression = text[summary.colno or 0 : summary.end_colno].decode(errors="replace")
    name = expression.partition("[")[0]
    return name in frame.f_globals and name not in frame.f_locals


def _defect(build: Callable[..., object], error: Exception) -> str:
    package = build.__module__.partition(".")[0]
    return (
        f"The plugin {package} has a defect ({type(error).__name__}: {error}). Report it to the"
        " plugin's author; the log has the details."
    )


def codes_of(document: Document) -> Iterator[tuple[str, Code | str, Line | None]]:
    """Every code that a document uses: the key, the code, and its line (None for the header)."""
    for owner in (None, *document.lines):
        for key, code in (document if owner is None else owner).codes.items():
            if code not in (None, ""):
                yield key, code, owner
