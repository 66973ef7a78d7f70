"""The objects a company has one of: its info and its preferences."""

from qbo_sandbox.accounting import preferences
from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.refusals import missing_field
from qbo_sandbox.kit.json_object import JsonObject

FIXED_FIELDS = (
    "CompanyStartDate",
    "FiscalYearStartMonth",
    "Country",
    "SupportedLanguages",
    "DefaultTimeZone",
    "NameValue",
    "EmployerId",
)
SINGLETON_KINDS = ("CompanyInfo", "Preferences")


def complete(company: Company, kind: str, data: JsonObject, old: JsonObject) -> JsonObject:
    """Return the object as stored; fields that only a person may change stay."""
    if kind == "Preferences":
        return preferences.merge_changes(data, old)
    if not str(data.get("CompanyName") or "").strip():
        raise missing_field("CompanyName")
    data.pop("Active", None)
    return data | {field: old[field] for field in FIXED_FIELDS if field in old}
