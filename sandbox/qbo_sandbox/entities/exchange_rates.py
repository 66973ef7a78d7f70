"""Exchange rates: the system's for every day, or those that a client has set."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from qbo_sandbox.accounting.company import Change, Company, StoredReply
from qbo_sandbox.accounting.refusals import (
    Refusal,
    business_error,
    missing_field,
    unknown_reference,
)
from qbo_sandbox.entities import schema
from qbo_sandbox.kit.json_object import JsonObject

NO_MULTICURRENCY_MESSAGE = "Multicurrency is not turned on in this company."


def write(
    company: Company, body: JsonObject, params: dict[str, str], request: str | None
) -> StoredReply:
    """Set the rate of one currency for one day."""
    schema.check("ExchangeRate", body)
    for field in ("SourceCurrencyCode", "Rate", "AsOfDate"):
        if body.get(field) in (None, ""):
            raise missing_field(field)
    code = _require_currency(company, body["SourceCurrencyCode"])
    date = str(body["AsOfDate"])[:10]
    rate = Decimal(str(body["Rate"]))
    if rate <= 0:
        raise Refusal("2090", f"Invalid Amount : {body['Rate']}", "Rate")
    target = str(body.get("TargetCurrencyCode") or company.options.currency)
    if target != company.options.currency:
        raise business_error("Rates are given in the company's home currency.")
    data = _build_rate_entry(company, code, date, rate)
    return company.commit([Change("ExchangeRate", data["Id"], data)], request)


def read(company: Company, params: dict[str, str]) -> bytes:
    """Return the rate of a currency on a day, by default today."""
    by_lower_name = {name.lower(): value for name, value in params.items()}
    code = by_lower_name.get("sourcecurrencycode") or ""
    code = _require_currency(company, code)
    date = by_lower_name.get("asofdate") or company.today()
    id = _build_rate_id(company, code, _parse_day(date))
    return company.body("ExchangeRate", id)


def store_rates(company: Company, dates: Iterable[str]) -> None:
    """Put every currency's rate for these days into the table for queries."""
    for date in dates:
        day = _parse_day(date)
        for code in sorted({company.options.currency, *company.currencies()}):
            _build_rate_id(company, code, day)


def _parse_day(text: str) -> str:
    """Return a date as its ten characters; refuse anything else."""
    try:
        return dt.date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise Refusal("2060", f"Invalid date : {text}", "AsOfDate") from None


def _require_currency(company: Company, code: str) -> str:
    """Return the code of a currency in capitals; refuse one that the company does not use."""
    if not company.options.multicurrency:
        raise business_error(NO_MULTICURRENCY_MESSAGE)
    code = str(code).upper()
    if code not in {company.options.currency, *company.currencies()}:
        raise unknown_reference("Currencies", code)
    return code


def _build_rate_id(company: Company, code: str, date: str) -> str:
    """Return the id of a rate; a computed rate is not written to the journal."""
    rate = company.rate(code, date)
    data = _build_rate_entry(company, code, date, rate)
    id = str(data["Id"])
    if company.row("ExchangeRate", id) is None:
        company.derive("ExchangeRate", id, data)
    return id


def _build_rate_entry(company: Company, code: str, date: str, rate: Decimal) -> JsonObject:
    """Return the object of a rate."""
    return company.head(f"{code}.{date}") | {
        "SourceCurrencyCode": code,
        "TargetCurrencyCode": company.options.currency,
        "Rate": rate,
        "AsOfDate": date,
    }
