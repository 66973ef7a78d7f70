"""What is known of a company: where it is, its currency, and how its QuickBooks is set up."""

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.db import engine
from hub.models import Company, ListState, Record
from hub.qbo.company_facts import CompanyFacts, Rates
from hub.qbo.entities import ref_id
from hub.qbo.responses import Answer

LIST = "company"
SKU = "OfferingSku"  # kept among the preferences: which edition the company has
WITHOUT_ORDERS = ("Simple Start", "Easy Start", "EasyStart", "Essentials", "Self-Employed")
SALES_FIELD = re.compile(r"SalesFormsPrefs\.SalesCustomName(\d+)")
ORDER_FIELD = re.compile(r"PurchasePrefs\.PurchaseCustomName(\d+)")
HOME = {
    "USA": "US",
    "CAN": "CA",
    "GBR": "GB",
    "AUS": "AU",
    "NOR": "NO",
    "IND": "IN",
    "FRA": "FR",
    "NZL": "NZ",
}


class CompanyClient(Protocol):
    """The calls that read how a company is set up; `hub.qbo.client.Client` has them."""

    def company_info(self) -> Answer: ...

    def preferences(self) -> Answer: ...


def read(company_id: int, client: CompanyClient) -> None:
    """Read company info and preferences into the company."""
    info = client.company_info().check().entity or {}
    store_facts(company_id, info, client.preferences().check().entity or {})


def store_facts(company_id: int, info: dict[str, Any], preferences: dict[str, Any]) -> None:
    """Store what QuickBooks answered for its company info and preferences."""
    now = hub_context.current().clock.now()
    with engine.transaction() as session:
        company = session.get_one(Company, company_id)
        identify(company, info)
        company.currency = (
            ref_id(_part(preferences, "CurrencyPrefs"), "HomeCurrency") or company.currency or "USD"
        )
        company.preferences = preferences | {SKU: _named(info, "OfferingSku")}
        company.verified_at = company.verified_at or now
        session.merge(ListState(company_id=company_id, list=LIST, read_at=now))


def identify(company: Company, info: dict[str, Any]) -> None:
    """Set a company's name and country from its company info."""
    company.name = str(info.get("CompanyName") or company.realm)
    country = str(info.get("Country") or "")
    company.country = HOME.get(country, country)[:3]


def facts(session: Session, company_id: int) -> CompanyFacts:
    """The facts as they were last read."""
    found = select(Record.list, Record.quickbooks_id, Record.rate, Record.body)
    mine = Record.company_id == company_id, Record.list.in_(("tax_code", "tax_rate"))
    rows = session.execute(found.where(*mine)).all()
    buying, selling = (_tax_rates(rows, side) for side in ("purchase", "sales"))
    return facts_of(session.get_one(Company, company_id), buying, selling)


def facts_of(
    company: Company, tax_rates: Rates | None = None, sales_rates: Rates | None = None
) -> CompanyFacts:
    """The facts in a company's row."""
    accounting = _part(company.preferences, "AccountingInfoPrefs")
    buying = _part(company.preferences, "VendorAndPurchasesPrefs")
    tax = _part(company.preferences, "TaxPrefs")
    closed = accounting.get("BookCloseDate")
    return CompanyFacts(
        country=company.country or "US",
        currency=company.currency or "USD",
        multicurrency=_yes(_part(company.preferences, "CurrencyPrefs"), "MultiCurrencyEnabled"),
        custom_numbers=_yes(_part(company.preferences, "SalesFormsPrefs"), "CustomTxnNumbers"),
        class_per_line=_yes(accounting, "ClassTrackingPerTxnLine"),
        class_per_document=_yes(accounting, "ClassTrackingPerTxn"),
        locations=_yes(accounting, "TrackDepartments"),
        sales_tax=_yes(tax, "UsingSalesTax"),
        automated_tax=_yes(tax, "PartnerTaxEnabled"),
        billable=_yes(buying, "BillableExpenseTracking"),
        customer_on_lines=_yes(buying, "TrackingByCustomer"),
        projects=_named(_part(company.preferences, "OtherPrefs"), "ProjectsEnabled").lower()
        == "true",
        closed_to=dt.date.fromisoformat(str(closed)[:10]) if closed else None,
        purchase_orders=not any(
            edition in str(company.preferences.get(SKU) or "") for edition in WITHOUT_ORDERS
        ),
        stock=str(
            _part(company.preferences, "ProductAndServicesPrefs").get("QuantityOnHand", True)
        ).lower()
        == "true",
        tax_rates=tax_rates or {},
        sales_rates=sales_rates or {},
        sales_fields=_custom(
            _part(company.preferences, "SalesFormsPrefs").get("CustomField"), SALES_FIELD
        ),
        order_fields=_custom(buying.get("POCustomField"), ORDER_FIELD),
    )


def _tax_rates(rows: Iterable[Row[str, str, str, dict[str, Any]]], side: str) -> Rates:
    percents = {row.quickbooks_id: Decimal(row.rate or 0) for row in rows if row.list == "tax_rate"}
    return {
        row.quickbooks_id: tuple((rate, percents.get(rate, Decimal(0))) for rate in listed)
        for row in rows
        if row.list == "tax_code" and (listed := row.body.get("rates", {}).get(side))
    }


def _part(preferences: dict[str, Any], name: str) -> dict[str, Any]:
    part = preferences.get(name)
    return part if isinstance(part, dict) else {}


def _yes(part: dict[str, Any], name: str) -> bool:
    return str(part.get(name)).lower() == "true"


def _named(part: dict[str, Any], name: str) -> str:
    pairs = part.get("NameValue") or []
    return next((str(pair.get("Value") or "") for pair in pairs if pair.get("Name") == name), "")


def _custom(sections: Any, pattern: re.Pattern[str]) -> dict[str, str]:
    """Return the ids of the custom fields in use by the names that the company gave them."""
    ids: dict[str, str] = {}
    if not isinstance(sections, list):
        return ids
    for section in sections:
        for entry in section.get("CustomField") or ():
            match = pattern.fullmatch(str(entry.get("Name") or ""))
            if match and entry.get("StringValue"):
                ids[str(entry["StringValue"])] = match[1]
    return ids
