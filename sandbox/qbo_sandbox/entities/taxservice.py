"""The tax service, with which clients create tax codes and tax rates."""

from decimal import Decimal

from qbo_sandbox.accounting.company import Change, Company, StoredReply
from qbo_sandbox.accounting.references import resolve
from qbo_sandbox.accounting.refusals import Refusal, missing_field
from qbo_sandbox.entities import schema
from qbo_sandbox.kit.json_object import JsonObject

RATE_LISTS = {"Sales": "SalesTaxRateList", "Purchase": "PurchaseTaxRateList"}


def write(
    company: Company, body: JsonObject, params: dict[str, str], request: str | None
) -> StoredReply:
    """Create a tax code of existing rates, or of rates that are created with it."""
    schema.check("TaxService", body)
    name = str(body.get("TaxCode") or "").strip()
    if not name:
        raise missing_field("TaxCode")
    _require_unused(company, "TaxCode", name)
    rate_details = body.get("TaxRateDetails") or []
    if not rate_details:
        raise missing_field("TaxRateDetails")
    first = int(company.next_id("TaxRate"))
    details: list[JsonObject] = []
    rates: list[Change] = []
    for rate_detail in rate_details:
        detail, rate = _answer_rate(company, rate_detail, str(first + len(rates)))
        details.append(detail)
        rates += [rate] if rate else []
    if len({rate.data["Name"].casefold() for rate in rates if rate.data}) < len(rates):
        raise _name_in_use("tax rate")
    code = company.next_id("TaxCode")
    answer = {"TaxCode": name, "TaxCodeId": code, "TaxRateDetails": details}
    changes = [Change("TaxCode", code, company.head(code) | _find_code(name, details)), *rates]
    return company.commit(
        [Change("TaxService", code, company.head(code) | answer), *changes], request
    )


def _answer_rate(company: Company, detail: JsonObject, id: str) -> tuple[JsonObject, Change | None]:
    """Return the answer for a rate, and the change if the rate is new."""
    side = detail.get("TaxApplicableOn") or "Sales"
    if detail.get("TaxRateId"):
        data = resolve(company, "TaxRate", {"value": detail["TaxRateId"]}).read()
        return _build_rate_answer(data, side), None
    name = str(detail.get("TaxRateName") or "").strip()
    for field, value in (("TaxRateName", name), ("RateValue", detail.get("RateValue"))):
        if value in (None, ""):
            raise missing_field(field)
    _require_unused(company, "TaxRate", name)
    agency = resolve(company, "TaxAgency", {"value": detail.get("TaxAgencyId")}).id
    percent = Decimal(str(detail["RateValue"]))
    if not 0 <= percent <= 100:
        raise Refusal("2100", f"Invalid Percent : {percent}", "RateValue")
    start = {"RateValue": percent, "EffectiveDate": company.stamp(company.now())}
    data = company.head(id) | {
        "Name": name,
        "Description": name,
        "Active": True,
        "RateValue": percent,
        "AgencyRef": {"value": agency},
        "SpecialTaxType": "NONE",
        "EffectiveTaxRate": [start],
        "DisplayType": "ReadOnly",
    }
    return _build_rate_answer(data, side), Change("TaxRate", id, data)


def _build_rate_answer(rate: JsonObject, side: str) -> JsonObject:
    """Return a tax rate in the form of the tax service."""
    names = {
        "TaxRateName": rate["Name"],
        "TaxRateId": rate["Id"],
        "RateValue": rate["RateValue"],
    }
    return names | {"TaxAgencyId": rate["AgencyRef"]["value"], "TaxApplicableOn": side}


def _find_code(name: str, rates: list[JsonObject]) -> JsonObject:
    data: JsonObject = {
        "Name": name,
        "Description": name,
        "Active": True,
        "Taxable": True,
        "TaxGroup": True,
    }
    for side, field in RATE_LISTS.items():
        own = [rate for rate in rates if rate["TaxApplicableOn"] == side]
        entries = [_build_rate_entry(rate, position) for position, rate in enumerate(own)]
        data[field] = {"TaxRateDetail": entries} if entries else {}
    return data


def _build_rate_entry(rate: JsonObject, position: int) -> JsonObject:
    """Return a tax rate as an entry of a tax code."""
    reference = {"value": rate["TaxRateId"], "name": rate["TaxRateName"]}
    return {
        "TaxRateRef": reference,
        "TaxTypeApplicable": "TaxOnAmount",
        "TaxOrder": position,
    }


def _require_unused(company: Company, kind: str, name: str) -> None:
    """Refuse a name that a tax code or rate already has."""
    if any(
        row.read()["Name"].casefold() == name.casefold()
        for row in company.table(kind).rows.values()
    ):
        raise _name_in_use("tax rate" if kind == "TaxRate" else "tax code")


def _name_in_use(what: str) -> Refusal:
    """Return the refusal of a name that is in use."""
    text = (
        f"The name supplied already exists. : Another {what} is already using this \n"
        "name. Please use a different name."
    )
    return Refusal("6240", text, "")
