"""Build and list the codes of expense reports: people, departments and expense categories."""

from hub import Code, Party, Row, Sentence, Site
from hub_autotask import lists
from hub_autotask.client import Autotask, where
from hub_autotask.lists import Lists

ADVANCE_ACCOUNT_MISSING = Sentence(
    "Expense reports with a cash advance need an account for the advance. Choose one in the"
    " settings of the app."
)


def build_person_code(row: Row, currency: str) -> Code:
    """Return the code of a resource: a vendor named v-Last, First."""
    last_name = lists.normalize_name(row["lastName"])
    first_name = lists.normalize_name(row["firstName"])
    person = ", ".join(filter(None, (last_name, first_name)))
    name = f"v-{person}"
    return Code(
        id=f"resource:{row['id']}",
        name=name,
        hold=lists.find_tilde_problem(person),
        create=Party(name=name, email=row["email"] or None, currency=currency),
    )


def build_department_code(number: str) -> Code:
    """Return the code of a department, of which expense reports have the number only."""
    return Code(
        id=f"department:{number}",
        name=number,
        hold=lists.find_tilde_problem(number, lists.NUMBER_LABEL),
    )


def build_category_code(row: Row) -> Code:
    """Return the code of an expense category.

    It is matched to two accounts: for billable items, and for the others.
    """
    name = lists.normalize_name(row["name"])
    number = lists.normalize_name(row["externalNumber"]) or None
    hold = lists.find_tilde_problem(name) or lists.find_tilde_problem(
        number, lists.EXTERNAL_NUMBER_LABEL
    )
    return Code(id=f"billing_code:{row['id']}", name=name, number=number, hold=hold)


def build_advance_code() -> Code:
    """Return the code of a cash advance while no account for it is chosen."""
    return Code(id="cash advance", name="Cash advance", hold=ADVANCE_ACCOUNT_MISSING)


def list_codes(site: Site, source: Autotask, source_lists: Lists, field: str) -> list[Code]:
    """Return the codes of a field of expense reports as Autotask has them now."""
    if field == "customer":
        return lists.list_customer_codes(source, source_lists)
    if field in ("category", "category_billable"):
        return _list_category_codes(site, source, source_lists)
    if field == "department":
        return _list_department_codes(source_lists)
    resources = source.rows("Resources", where("isActive", "eq", True))
    return [build_person_code(row, source_lists.home_currency) for row in resources if row["id"]]


def _list_department_codes(source_lists: Lists) -> list[Code]:
    """Return the codes of all departments with a number."""
    departments = []
    for row in source_lists.all_rows("Departments").values():
        number = lists.normalize_name(row["number"])
        if number:
            departments.append(build_department_code(number))
    return departments


def _list_category_codes(site: Site, source: Autotask, source_lists: Lists) -> list[Code]:
    """Return the codes of all active expense categories."""
    use_type = lists.use_type(site, source, lists.EXPENSE_SETTING)
    categories = []
    for row in source_lists.active_rows("BillingCodes"):
        if row["useType"] == use_type:
            categories.append(build_category_code(row))
    return categories
