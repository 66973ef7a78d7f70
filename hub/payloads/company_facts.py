"""The facts about a company on which the payloads depend."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter

from hub.errors import Sentence

# By tax code: the id and the present percentage of each of its rates.
Rates = Mapping[str, tuple[tuple[str, Decimal], ...]]


@dataclass(frozen=True)
class RatePeriod:
    """The days on which a tax rate has a percentage; without `last_day` they have no end."""

    percent: Decimal
    first_day: dt.date
    last_day: dt.date | None

    def contains(self, day: dt.date) -> bool:
        """Return whether the percentage applies on a day."""
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


# By id of the rate: its percentages by date. A day in none of them has the percentage in `Rates`.
RatePeriods = Mapping[str, Sequence[RatePeriod]]
CompoundRates = Mapping[str, str]  # by tax code: the names of its rates that tax another tax


@dataclass(frozen=True, kw_only=True)
class CompanyFacts:
    """The settings of a company that change what a payload contains.

    - `currencies`: the foreign currencies that the company uses; empty if they are not known.
    - `closed_to`: the last day of the closed period.
    - `tax_set_up`: whether QuickBooks has tax codes, or has not been asked for them yet. It has
      none before somebody sets up sales tax.
    - `tax_rates` and `sales_rates`: the rates of each tax code for purchases and for sales; without
      a company they are not known.
    - `rate_periods`: the percentages of each tax rate by date.
    - `compound_rates` and `compound_sales_rates`: the tax codes with rates that are computed on
      another tax; their percentages do not add up.
    - `sales_fields` and `order_fields`: the ids of custom fields by their names.
    """

    country: str = "US"
    currency: str = "USD"
    multicurrency: bool = False
    currencies: frozenset[str] = frozenset()
    custom_numbers: bool = False
    class_per_line: bool = False
    class_per_document: bool = False
    locations: bool = False
    sales_tax: bool = False
    tax_set_up: bool = True
    billable: bool = True
    projects: bool = False
    closed_to: dt.date | None = None
    bills: bool = True
    purchase_orders: bool = True
    stock: bool = True
    tax_rates: Rates = field(default_factory=dict)
    sales_rates: Rates = field(default_factory=dict)
    rate_periods: RatePeriods = field(default_factory=dict)
    compound_rates: CompoundRates = field(default_factory=dict)
    compound_sales_rates: CompoundRates = field(default_factory=dict)
    knows_rates: bool = True
    sales_fields: Mapping[str, str] = field(default_factory=dict)
    order_fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def tax_codes(self) -> bool:
        """Return whether every line has a tax code, as everywhere outside the United States."""
        return self.country != "US"

    def list_rates(
        self, tax_code: str, day: dt.date | None, *, is_sale: bool
    ) -> tuple[tuple[str, Decimal], ...]:
        """Return the ids of the rates of a tax code, and their percentages on a day.

        Without a day, they are the present ones. Where periods overlap, because an earlier one
        states no last day, the one that began last applies.
        """
        rates = self.sales_rates if is_sale else self.tax_rates
        dated_rates = []
        for rate, present_percent in rates.get(tax_code, ()):
            periods = self.rate_periods.get(rate, ())
            percent = present_percent
            if day:
                current_periods = [period for period in periods if period.contains(day)]
                if current_periods:
                    percent = max(current_periods, key=attrgetter("first_day")).percent
            dated_rates.append((rate, percent))
        return tuple(dated_rates)

    def uses_currency(self, currency: str) -> bool:
        """Return whether transactions may be in a currency; True if it is not known."""
        if currency == self.currency:
            return True
        if not self.multicurrency:
            return False
        return not self.currencies or currency in self.currencies


# A company that has switched nothing off, so that nothing is held for it. It stands for companies
# that were never read, so the rates of tax codes are not known.
EVERYTHING_ON = CompanyFacts(
    multicurrency=True,
    custom_numbers=True,
    class_per_line=True,
    class_per_document=True,
    locations=True,
    sales_tax=True,
    projects=True,
    knows_rates=False,
)


def describe_unused_currency(facts: CompanyFacts, currency: str) -> Sentence:
    """Return the problem of a document in a currency in which the company does not keep books."""
    if facts.multicurrency:
        return Sentence(
            "It is in %(currency)s, and this company in QuickBooks does not use that"
            " currency. Add %(currency)s in QuickBooks (Settings, Currencies) and press"
            " Check again, or fix this at the source.",
            currency=currency,
        )
    return Sentence(
        "It is in %(currency)s, but this company keeps books in %(home_currency)s"
        " only. Switch on several currencies in QuickBooks, or fix this at the"
        " source.",
        currency=currency,
        home_currency=facts.currency,
    )
