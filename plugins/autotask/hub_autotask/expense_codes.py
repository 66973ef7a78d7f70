"""Build the codes of expense reports: people, departments and expense categories."""

from hub import Code, Party, Row
from hub_autotask import lists


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
