"""What can be chosen: the company that is built, and the answers to what Intuit leaves unsaid."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self


class Choices:
    """Reading and showing a dataclass of choices by name."""

    @classmethod
    def read(cls, raw: dict[str, Any]) -> Self:
        return cls().changed(raw)

    def changed(self, raw: dict[str, Any]) -> Self:
        known = {field.name for field in fields(self)}  # type: ignore[arg-type]
        for name in raw:
            if name not in known:
                raise ValueError(f"unknown choice {name!r}; there are {', '.join(sorted(known))}")
        return replace(self, **raw)  # type: ignore[type-var]

    def told(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload,no-any-return]


@dataclass(frozen=True)
class Options(Choices):
    """One company. `tax`: "automated" (US), "codes" (a code on every line) or "off". `classes`: line, txn or off."""

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
    warn_duplicate_bills: bool = True
    warn_duplicate_sales: bool = True
    purchase_orders: bool = True
    projects: bool = True
    account_numbers: bool = True
    subscribed: bool = True
    seeded: bool = True  # False: accounts and tax codes only


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


@dataclass(frozen=True)
class Switches(Choices):
    """Each unknown of the real service, with every plausible answer."""

    requestid: str = "replay"  # replay | refuse (6000) | duplicate (600) | ignore
    requestid_hours: float = 0  # 0: remembered for ever
    requestid_in_flight: bool = True  # False: a request still under way does not guard its id
    requestid_refusals: bool = False  # True: a refusal is remembered too
    requestid_batch: str = "replay"  # replay | refuse | ignore
    requestid_uploads: bool = True  # False: an upload is stored anew, whatever its id
    requestid_per_app: bool = False  # True: two apps may use one id
    index_lag: float = 0  # seconds until a query and change data see a write
    inactive_reference: str = "610"  # 610 | 2500
    billable_by_customer: bool = True  # a line with a customer and no status becomes billable
    inclusive_amount: str = "gross"  # what Amount means under TaxInclusive without TaxInclusiveAmt: gross | net
    rotate: str = "24h"  # 24h | always
    previous_refresh_token: str = "refused"  # noqa: S105  (refused | grace: good for 24 hours more)
    throttle: bool = False  # the limits below are enforced
    per_second: int = 10  # requests of one app to one company
    per_minute: int = 500  # requests to one company, whoever sends them
    batches_per_app: int = 40  # batches a minute of one app to one company
    batches_per_company: int = 120  # batches a minute to one company, whoever sends them
    at_once: int = 0  # requests of one app to one company under way together; 0: no limit
    monthly_reads: int = 500_000  # metered reads of one app in a calendar month; 0: no limit
    emails_a_day: int = 40  # documents mailed from one company
    throttle_body: str = "json"  # json | xml
    retry_after: int | None = None  # sent with 429
    cdc_window: bool = False  # True: change data refuses more than 30 days back
    currency_required: bool = True  # with many currencies a transaction must name its own
    batch_counts: str = "items"  # items | one: against the 500 a minute
