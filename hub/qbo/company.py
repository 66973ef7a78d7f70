"""Facts about a company: its country, its currency, and how its QuickBooks is set up."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db import engine
from hub.models import ConnectedCompany, ListState, StoredRecord
from hub.models.installations import MAX_COMPANY_NAME_LENGTH
from hub.payloads.company_facts import (
    CompanyFacts,
    CompoundRates,
    RatePeriod,
    RatePeriods,
    Rates,
)
from hub.payloads.entities import parse_day, read_ref_id
from hub.qbo.list_states import lock_state
from hub.qbo.responses import QuickBooksResponse

COMPANY_LIST = "company"
# Stored among the preferences of a company, beside what QuickBooks answers for them.
EDITION_NAME = "OfferingSku"
CURRENCIES = "CompanyCurrencies"
# Source: the help pages of Dext, which hides bills for Simple Start, and of Procore.
EDITIONS_WITHOUT_BILLS = ("Simple Start", "Easy Start", "EasyStart", "Self-Employed")
EDITIONS_WITHOUT_PURCHASE_ORDERS = (*EDITIONS_WITHOUT_BILLS, "Essentials")
SALES_FIELD = re.compile(r"SalesFormsPrefs\.SalesCustomName(\d+)")
ORDER_FIELD = re.compile(r"PurchasePrefs\.PurchaseCustomName(\d+)")
# Country codes in QuickBooks' company info, as ISO 3166 has them.
ISO_COUNTRIES = {
    "USA": "US",
    "CAN": "CA",
    "GBR": "GB",
    "AUS": "AU",
    "NOR": "NO",
    "IND": "IN",
    "FRA": "FR",
    "NZL": "NZ",
}
# A tax code or tax rate: its list, id, name, percentage and body.
TaxRow = Row[str, str, str, str, dict[str, Any]]


class CompanyClient(Protocol):
    """The calls that read how a company is set up; `hub.qbo.client.Client` has them."""

    def company_info(self) -> QuickBooksResponse: ...

    def preferences(self) -> QuickBooksResponse: ...

    def company_currencies(self) -> QuickBooksResponse: ...


def read(company_id: int, client: CompanyClient) -> None:
    """Read company info, preferences and, if there are several, currencies into the company."""
    info = client.company_info().check()
    preferences = client.preferences().check().entity or {}
    currencies = None
    if _has_several_currencies(preferences):
        currencies = _read_currencies(client)
    store_facts(company_id, info.entity or {}, preferences, currencies)


def store_facts(
    company_id: int,
    info: dict[str, Any],
    preferences: dict[str, Any],
    active_currencies: Sequence[str] | None = None,
) -> None:
    """Store what QuickBooks answered for its company info and preferences.

    Without `active_currencies`, those that were read before remain.
    """
    now = current_hub().clock.now()
    currencies = _get_preference_section(preferences, "CurrencyPrefs")
    home_currency = read_ref_id(currencies, "HomeCurrency")
    with engine.transaction() as session:
        company = session.get_one(ConnectedCompany, company_id)
        set_name_and_country(company, info)
        company.currency = home_currency or company.currency or "USD"
        if active_currencies is None:
            active_currencies = company.preferences.get(CURRENCIES, [])
        company.preferences = preferences | {
            EDITION_NAME: _find_named_value(info, EDITION_NAME),
            CURRENCIES: active_currencies,
        }
        company.verified_at = company.verified_at or now
        lock_state(session, company_id, COMPANY_LIST).read_at = now


def set_name_and_country(company: ConnectedCompany, info: dict[str, Any]) -> None:
    """Set a company's name and country from its company info; keep what an answer leaves out."""
    name = str(info.get("CompanyName") or company.display_name)
    company.name = name[:MAX_COMPANY_NAME_LENGTH]
    country = str(info.get("Country") or company.country or "")
    iso_country = ISO_COUNTRIES.get(country, country)
    company.country = iso_country[:3]


def get_edition_name(company: ConnectedCompany) -> str:
    """Return the name of the company's edition; "" if QuickBooks did not name it."""
    return str(company.preferences.get(EDITION_NAME) or "")


def load_facts(session: Session, company_id: int) -> CompanyFacts:
    """Return the facts about a company as they were last read."""
    company = session.get_one(ConnectedCompany, company_id)
    tax_lists = select(
        StoredRecord.list,
        StoredRecord.quickbooks_id,
        StoredRecord.name,
        StoredRecord.rate,
        StoredRecord.body,
    ).where(
        StoredRecord.company_id == company_id,
        StoredRecord.list.in_(("tax_code", "tax_rate")),
    )
    rows = session.execute(tax_lists).all()
    tax_rates = _load_tax_rates(rows, "purchase")
    sales_rates = _load_tax_rates(rows, "sales")
    facts = replace(
        build_facts(company, tax_rates, sales_rates),
        rate_periods=_load_rate_periods(rows),
        compound_rates=_load_compound_rates(rows, "purchase"),
        compound_sales_rates=_load_compound_rates(rows, "sales"),
    )
    if any(row.list == "tax_code" for row in rows):
        return facts
    is_list_read = session.get(ListState, (company_id, "tax_code")) is not None
    return replace(facts, tax_set_up=not is_list_read)


def build_facts(
    company: ConnectedCompany, tax_rates: Rates | None = None, sales_rates: Rates | None = None
) -> CompanyFacts:
    """Return the facts that a company's row and its tax rates state."""
    preferences = company.preferences
    accounting = _get_preference_section(preferences, "AccountingInfoPrefs")
    purchases = _get_preference_section(preferences, "VendorAndPurchasesPrefs")
    sales = _get_preference_section(preferences, "SalesFormsPrefs")
    tax = _get_preference_section(preferences, "TaxPrefs")
    stock = _get_preference_section(preferences, "ProductAndServicesPrefs")
    other_settings = _get_preference_section(preferences, "OtherPrefs")
    closed_to = accounting.get("BookCloseDate")
    return CompanyFacts(
        country=company.country or "US",
        currency=company.currency or "USD",
        multicurrency=_has_several_currencies(preferences),
        currencies=frozenset(preferences.get(CURRENCIES) or ()) - {company.currency},
        custom_numbers=_is_on(sales, "CustomTxnNumbers"),
        class_per_line=_is_on(accounting, "ClassTrackingPerTxnLine"),
        class_per_document=_is_on(accounting, "ClassTrackingPerTxn"),
        locations=_is_on(accounting, "TrackDepartments"),
        sales_tax=_is_on(tax, "UsingSalesTax"),
        billable=_is_on(purchases, "BillableExpenseTracking", default=True),
        projects=_find_named_value(other_settings, "ProjectsEnabled").lower() == "true",
        closed_to=parse_day(closed_to) if closed_to else None,
        bills=_has_none_of_editions(company, EDITIONS_WITHOUT_BILLS),
        purchase_orders=_has_none_of_editions(company, EDITIONS_WITHOUT_PURCHASE_ORDERS),
        stock=_is_on(stock, "QuantityOnHand", default=True),
        tax_rates=tax_rates or {},
        sales_rates=sales_rates or {},
        sales_fields=_list_custom_field_ids(sales.get("CustomField"), SALES_FIELD),
        order_fields=_list_custom_field_ids(purchases.get("POCustomField"), ORDER_FIELD),
    )


def _read_currencies(client: CompanyClient) -> list[str] | None:
    """Return the codes of the active currencies; None if QuickBooks does not list them.

    Posting continues without the list, because QuickBooks refuses unused currencies itself.
    """
    response = client.company_currencies()
    if not response.landed:
        return None
    rows = response.entity or {}
    codes = []
    for row in rows.get("CompanyCurrency") or ():
        if str(row.get("Active", True)).lower() == "true":
            codes.append(str(row.get("Code")))
    return sorted(codes)


def _has_several_currencies(preferences: dict[str, Any]) -> bool:
    """Return whether a company keeps books in more than its home currency."""
    section = _get_preference_section(preferences, "CurrencyPrefs")
    return _is_on(section, "MultiCurrencyEnabled")


def _has_none_of_editions(company: ConnectedCompany, editions: Sequence[str]) -> bool:
    """Return whether a company has none of these editions; True if its edition is unknown."""
    edition = get_edition_name(company)
    return not any(name in edition for name in editions)


def _load_tax_rates(rows: Sequence[TaxRow], side: str) -> Rates:
    """Return, by tax code, the ids and percentages of its rates for a side.

    The rows are those of tax codes and of tax rates.
    """
    percents = {}
    rate_ids = {}
    for row in rows:
        if row.list == "tax_rate":
            percents[row.quickbooks_id] = Decimal(row.rate or 0)
        else:
            rates_by_side = row.body.get("rates", {})
            rate_ids[row.quickbooks_id] = rates_by_side.get(side) or []

    rates = {}
    for tax_code, ids in rate_ids.items():
        if ids:
            rates[tax_code] = tuple((id, percents.get(id, Decimal(0))) for id in ids)
    return rates


def _load_rate_periods(rows: Sequence[TaxRow]) -> RatePeriods:
    """Return the percentages of each tax rate by date."""
    periods: dict[str, list[RatePeriod]] = {}
    for row in rows:
        for period in row.body.get("periods") or ():
            last_day = parse_day(period["last_day"]) if period["last_day"] else None
            first_day = parse_day(period["first_day"]) if period["first_day"] else dt.date.min
            dated_percent = RatePeriod(Decimal(period["rate"] or 0), first_day, last_day)
            periods.setdefault(row.quickbooks_id, []).append(dated_percent)
    return periods


def _load_compound_rates(rows: Sequence[TaxRow], side: str) -> CompoundRates:
    """Return, by tax code, the names of its rates for a side that are computed on another tax."""
    names = {row.quickbooks_id: row.name for row in rows if row.list == "tax_rate"}
    compound_rates = {}
    for row in rows:
        ids = row.body.get("compound_rates", {}).get(side) or ()
        if ids:
            compound_rates[row.quickbooks_id] = ", ".join(names.get(id, id) for id in ids)
    return compound_rates


def _get_preference_section(preferences: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a section of the preferences; empty if the company has none."""
    part = preferences.get(name)
    if not isinstance(part, dict):
        return {}
    return part


def _is_on(part: dict[str, Any], name: str, *, default: bool = False) -> bool:
    """Return whether a preference is on, which QuickBooks writes as a boolean or as a text."""
    preference = part.get(name, default)
    return str(preference).lower() == "true"


def _find_named_value(part: dict[str, Any], name: str) -> str:
    """Return a value of a list of names and values; "" if the name is not in it."""
    for pair in part.get("NameValue") or []:
        if pair.get("Name") == name:
            return str(pair.get("Value") or "")
    return ""


def _list_custom_field_ids(sections: Any, pattern: re.Pattern[str]) -> dict[str, str]:
    """Return the ids of the custom fields in use, by the names that the company gave them."""
    ids: dict[str, str] = {}
    for field in _iter_custom_fields(sections):
        name = str(field.get("Name") or "")
        match = pattern.fullmatch(name)
        label = field.get("StringValue")
        if match and label:
            ids[str(label)] = match[1]
    return ids


def _iter_custom_fields(sections: Any) -> Iterator[dict[str, Any]]:
    """Yield the custom fields in the sections of the preferences."""
    if not isinstance(sections, list):
        return
    for section in sections:
        fields = section.get("CustomField")
        yield from fields or ()
