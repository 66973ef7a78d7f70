"""The rules of list entries: names, default values, and how entries become inactive."""

from collections.abc import Iterable

from qbo_sandbox.accounting.company import Change, Company, build_name_key
from qbo_sandbox.accounting.kinds import LIST_KINDS
from qbo_sandbox.accounting.references import resolve, resolve_all
from qbo_sandbox.accounting.refusals import Refusal, business_error, missing_field
from qbo_sandbox.accounting.values import add_days, find_day_of_month
from qbo_sandbox.entities.list_defaults import COMPLETION_RULES
from qbo_sandbox.entities.schema import check_length
from qbo_sandbox.kit.json_object import JsonObject

DELETED_SUFFIX = " (deleted)"
COMPUTED_FIELDS = (
    "Balance",
    "BalanceWithJobs",
    "CurrentBalance",
    "CurrentBalanceWithSubAccounts",
    "Level",
    "FullyQualifiedName",
)
KINDS_WITH_ANY_NAME = ("TaxCode", "CompanyInfo")  # may have the signs that other names may not
FORBIDDEN_CHARACTERS = frozenset(":\t\n")
MAX_EMAIL_LENGTH = 100
NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")


def complete(company: Company, kind: str, data: JsonObject, old: JsonObject | None) -> JsonObject:
    """Return the entry as QuickBooks stores it: checked, named, completed."""
    for field in COMPUTED_FIELDS:
        data.pop(field, None)
    resolve_all(company, data)
    _check_name(company, kind, data)
    data.setdefault("Active", True)
    if kind in COMPLETION_RULES:
        COMPLETION_RULES[kind](company, data, old)
    _set_parent(company, kind, data, old)
    _rename_by_activity(company, kind, data, old)
    _require_unique_name(company, kind, data, old)
    return data


def _require(fields: Iterable[str], data: JsonObject) -> None:
    """Refuse an object without these fields."""
    for field in fields:
        text = str(data.get(field) or "")
        if not text.strip():
            raise missing_field(field)


def _check_name(company: Company, kind: str, data: JsonObject) -> None:
    """Check the name of a list entry and its required fields."""
    rule = LIST_KINDS[kind]
    if rule.space == "people":
        _complete_person(data)
    _require(rule.required, data)
    name = str(data.get(rule.field) or "")
    if kind not in KINDS_WITH_ANY_NAME:
        _check_signs(data, rule.field)
    if rule.space == "people":
        check_length(rule.field, name, company.switches.name_length)
    if kind == "Account":
        number = data.get("AcctNum") or ""
        check_length("AcctNum", number, company.switches.account_number_length)


def _check_signs(data: JsonObject, *fields: str) -> None:
    """Refuse names with a sign that QuickBooks does not allow in them."""
    for field in fields:
        if not FORBIDDEN_CHARACTERS.isdisjoint(str(data.get(field) or "")):
            raise business_error(f"{field} cannot include tabs, new lines, or colons.")


def _complete_person(data: JsonObject) -> None:
    """Complete and check the names of a person, and check the e-mail address."""
    _check_signs(data, *NAME_PARTS, "PrintOnCheckName")
    name = str(data.get("DisplayName") or "").strip()
    if not name:
        parts = [str(data[part]).strip() for part in NAME_PARTS if data.get(part)]
        name = " ".join(parts).strip()
    if not name:
        raise Refusal(
            "6080",
            "Name or name parts required : DisplayName or one of the name parts is needed",
            "",
        )
    data["DisplayName"] = name
    _check_email(data)
    data.setdefault("PrintOnCheckName", data["DisplayName"])


def _check_email(data: JsonObject) -> None:
    """Check the e-mail address of a person, if there is one."""
    address = (data.get("PrimaryEmailAddr") or {}).get("Address") or ""
    check_length("PrimaryEmailAddr", address, MAX_EMAIL_LENGTH)
    if address and ("@" not in address or "." not in address):
        raise Refusal("2210", "Email Address does not conform to the syntax rules of RFC 822.", "")


def _set_parent(company: Company, kind: str, data: JsonObject, old: JsonObject | None) -> None:
    """Set parent, level and full name."""
    rule = LIST_KINDS[kind]
    if not rule.nested:
        return
    parent_ref = data.get("ParentRef")
    if not parent_ref:
        if kind == "Item":
            data.pop("SubItem", None)
        else:
            data[rule.nested] = False
        data["FullyQualifiedName"] = data[rule.field]
        return
    parent = resolve(company, kind, parent_ref).read()
    if old and parent["Id"] == old["Id"]:
        raise Refusal("900", "Invalid parent : an object cannot be its own parent", "")
    level = str(parent["FullyQualifiedName"]).count(":") + 1
    if level > 4:
        raise Refusal("6180", "Too many levels : you can have only 5 levels", "")
    data["ParentRef"] = {"value": parent["Id"]}
    data[rule.nested] = True
    if kind in ("Customer", "Item"):
        data["Level"] = level
    data["FullyQualifiedName"] = f"{parent['FullyQualifiedName']}:{data[rule.field]}"


def rename_below(company: Company, kind: str, parent: JsonObject) -> list[Change]:
    """Return the entries below an entry, with their new full names."""
    table = company.table(kind)
    name_field = LIST_KINDS[kind].field
    child_ids = table.by_party.get(parent["Id"], {})
    changes = []
    for id in child_ids:
        child = dict(table.rows[id].read())
        name = f"{parent['FullyQualifiedName']}:{child[name_field]}"
        if child["FullyQualifiedName"] == name:
            continue
        child["FullyQualifiedName"] = name
        changes.append(Change(kind, id, child))
        changes += rename_below(company, kind, child)
    return changes


def _require_unique_name(
    company: Company, kind: str, data: JsonObject, old: JsonObject | None
) -> None:
    """Refuse an active entry with a name that another one of its list has."""
    rule = LIST_KINDS[kind]
    if not rule.space or not data.get("Active", True):
        return
    owner = company.names.get((rule.space, build_name_key(kind, data)))
    if owner and owner != (kind, (old or {}).get("Id")):
        whose = (
            "Another customer, vendor or employee is already using this name."
            " Please use a different name."
        )
        raise Refusal(
            "6240",
            f"The name supplied already exists. : {whose if rule.space == 'people' else 'null'}",
            None,
        )


def _rename_by_activity(
    company: Company, kind: str, data: JsonObject, old: JsonObject | None
) -> None:
    """Rename an entry that becomes inactive; restore the name if it becomes active."""
    was = old is None or old.get("Active", True)
    if kind == "CompanyCurrency":
        return
    fields = [field for field in (LIST_KINDS[kind].field, "FullyQualifiedName") if data.get(field)]
    for field in fields:
        bare = str(data[field]).removesuffix(DELETED_SUFFIX)
        if not data.get("Active", True):
            data[field] = bare + DELETED_SUFFIX
        elif not was:
            data[field] = bare


def compute_due_date(company: Company, term: JsonObject, date: str) -> str:
    """Return the due date of a date under a term."""
    rule = resolve(company, "Term", term).read()
    day = rule.get("DayOfMonthDue")
    if day is None:
        return add_days(date, int(rule.get("DueDays") or 0))
    margin = int(rule.get("DueNextMonthDays") or 0)
    return find_day_of_month(date, int(day), margin)


def write_entry(
    company: Company,
    kind: str,
    data: JsonObject,
    id: str = "",
    more: JsonObject | None = None,
) -> str:
    """Write one list entry by the rules of its list; `kept` is what no client may set."""
    if LIST_KINDS[kind].field and kind != "CompanyInfo":
        data = complete(company, kind, dict(data), None)
    id = id or company.next_id(kind)
    company.commit([Change(kind, id, company.head(id) | data | (more or {}))])
    return id
