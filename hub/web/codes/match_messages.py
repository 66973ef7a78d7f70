"""The messages after a code was matched, and why its record cannot be created."""

from hub.mapping import Entry
from hub.translations.messages import gettext


def build_title(entry: Entry) -> str:
    """Return number and full name of a record."""
    name = entry.qualified_name
    return f"{entry.number} {name}".strip()


def describe_match(code: str, record: str) -> str:
    """State which record a code is matched to."""
    return gettext("Matched %(code)s to %(record)s.", code=code, record=record)


def explain_later_creation(code: str) -> str:
    """Report that the record of a code does not exist yet."""
    return gettext("%(code)s will be created in QuickBooks the next time it is used.", code=code)


def explain_question(code: str) -> str:
    """Report that the record of a code is not created until a person has answered a question."""
    return gettext(
        "%(code)s is not created yet: a case in the inbox asks about its creation. Answer that"
        " first.",
        code=code,
    )


def explain_lacking_data(code: str) -> str:
    """Explain why a record cannot be created from what the source gives."""
    return gettext(
        "%(title)s cannot be created from here: the source gives only its name. Create it in"
        " QuickBooks, refresh the lists and match it.",
        title=code,
    )


def explain_name_in_use(code: str, problem: str) -> str:
    """Explain why a record of this name cannot be created."""
    return gettext(
        "%(title)s cannot be created: %(problem)s Rename one of the two, or match it to a record.",
        title=code,
        problem=problem,
    )
