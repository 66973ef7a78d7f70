"""The options with which a company is created."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Self

from qbo_sandbox.kit.json_object import JsonObject


class Choices:
    """Reading and showing a dataclass of choices by name."""

    @classmethod
    def read(cls, raw: JsonObject) -> Self:
        """Return choices from JSON; those that it leaves out have their usual values."""
        return cls().changed(raw)

    def changed(self, raw: JsonObject) -> Self:
        """Return the choices with new values; raise ValueError for a name that does not exist."""
        names = {field.name for field in fields(self)}  # type: ignore[arg-type]
        for name in raw:
            if name not in names:
                raise ValueError(f"unknown choice {name!r}; there are {', '.join(sorted(names))}")
        return replace(self, **raw)  # type: ignore[type-var]

    def as_dict(self) -> JsonObject:
        """Return the values by their names."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]


@dataclass(frozen=True)
class Options(Choices):
    """One company.

    `tax` is "automated" (US), "codes" (a code on every line) or "off"; `classes` is "line", "txn"
    or "off".
    """

    realm: str = "9341453172096411"
    name: str = "Fjord & Sons Construction"
    country: str = "US"
    currency: str = "USD"
    zone: str = "America/Los_Angeles"
    tax: str = "automated"
    multicurrency: bool = False
    currencies: tuple[str, ...] = ()
    classes: str = "line"
    departments: bool = True
    custom_numbers: bool = True
    closed: str | None = None
    closing_password: bool = True  # False: nobody may book before `closed`, with no password either
    reconciled: tuple[str, ...] = ()  # the ids of transactions that a bank reconciliation covers
    warn_duplicate_bills: bool = True
    warn_duplicate_sales: bool = True
    purchase_orders: bool = True
    projects: bool = True
    account_numbers: bool = True
    subscribed: bool = True
    seeded: bool = True  # False: accounts and tax codes only
    sample: bool = False  # True: the lists and transactions of Intuit's sample company
    currency_required: bool = True  # False: with many currencies, home currency where none is named


US = Options()
NORWAY = Options(
    realm="9341453172096412",
    name="Fjord & Sønner Bygg AS",
    country="NO",
    currency="NOK",
    zone="Europe/Oslo",
    tax="codes",
    multicurrency=True,
    currencies=("EUR", "SEK"),
)
