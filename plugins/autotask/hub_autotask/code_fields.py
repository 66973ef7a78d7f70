"""The code fields of the apps, and those that several of them have."""

from typing import Any

from hub import Field, FromSetting, MatchMethod, Role


def build_code_field(
    name: str, label: str, role: Role, match: tuple[MatchMethod, ...] = ("name",), **more: Any
) -> Field:
    """Return a code field whose names have levels separated by a tilde, as in Autotask."""
    return Field(name=name, label=label, role=role, match=match, separator="~", **more)


CUSTOMER_FIELD = build_code_field(
    "customer",
    "Organisation",
    "customer",
    missing=FromSetting("create_parties"),
    fill=FromSetting("fill_contacts"),
)
TERM_FIELD = build_code_field("term", "Payment term", "term", missing=FromSetting("term_missing"))
