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

NONE = "Multicurrency is not turned on in this company."


def write(
    company: Company, body: JsonObject, params: dict[str, str], request: str | None
) -> StoredReply:
    """Set the rate of one currency for one day."""
    schema.check("ExchangeRate", body)
    for field in ("SourceCurrencyCode", "Rate", "AsOfDate"):
        if body.get(field) in (None, ""):
            raise missing_field(field)
    code = _checked_code(company, body["SourceCurrencyCode"])
    date = str(body["AsOfDate"])[:10]
    rate = Decimal(str(body["Rate"]))
    if rate <= 0:
        raise Refusal("2090", f"Invalid Amount : {body['Rate']}", "Rate")
    target = str(body.get("TargetCurrencyCode") or company.options.currency)
    if target != company.options.currency:
        raise business_error("Rates are given in the company's home currency.")
    data = _rate_entry(company, code, date, rate)
    return company.commit([Change("ExchangeRate", data["Id"], data)], request)


def read(company: Company, params: dict[str, str]) -> bytes:
    """Return the rate of a currency on a day, by default today."""
    lower = {name.lower(): value for name, value in params.items()}
    code = _checked_code(company, lower.get("sourcecurrencycode") or "")
    date = lower.get("asofdate") or company.today()
    return company.body("ExchangeRate", _rate_id(company, code, _parse_day(date)))


def store_rates(company: Company, dates: Iterable[str]) -> None:
    """Put every currency's rate for these days into the table for queries."""
    for date in dates:
        for code in sorted({company.options.currency, *company.currencies()}):
            _rate_id(company, code, _parse_day(date))


def _parse_day(text: str) -> str:
    """Return a date as its ten characters; refuse anything else."""
    try:
        return dt.date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise Refusal("2060", f"Invalid date : {text}", "AsOfDate") from None


def _checked_code(company: Company, code: str) -> str:
    if not company.options.multicurrency:
        raise business_error(NONE)
    code = str(code).upper()
    if code not in {company.options.currency, *company.currencies()}:
        raise unknown_reference("Currencies", code)
    return code


def _rate_id(company: Company, code: str, date: str) -> str:
    """Return the id of a rate; a computed rate is not written to the journal."""
    data = _rate_entry(company, code, date, company.rate(code, date))
    if company.row("ExchangeRate", data["Id"]) is None:
        company.derive("ExchangeRate", data["Id"], data)
    return str(data["Id"])


def _rate_entry(company: Company, code: str, date: str, rate: Decimal) -> JsonObject:
    """Return the object of a rate."""
    return company.head(f"{code}.{date}") | {
        "SourceCurrencyCode": code,
        "TargetCurrencyCode": company.options.currency,
        "Rate": rate,
        "AsOfDate": date,
    }
