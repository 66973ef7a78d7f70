"""The separator that a source uses in names, which separates nothing in QuickBooks."""

from hub.contract.types import Field
from hub.errors import Sentence


def has_separator(field: Field, name: str) -> bool:
    """Return whether a name in QuickBooks holds the separator that the source uses."""
    return bool(field.separator) and field.separator in name


def explain_separator(field: Field, name: str) -> str:
    """Explain why a record cannot be used whose name holds the source's separator."""
    return Sentence(
        "its name in QuickBooks, %(name)s, holds “%(separator)s”, which separates"
        " nothing there. Rename it in QuickBooks and refresh the lists.",
        name=name,
        separator=field.separator,
    )
