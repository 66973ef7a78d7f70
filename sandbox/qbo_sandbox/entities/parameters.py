"""The parameters of a write: `operation` and `include`."""

from typing import Any

OPERATIONS = ("create", "update", "delete", "void")


def read_include(params: dict[str, str]) -> frozenset[str]:
    """Return the words of `include` in lower case: void, allowduplicatedocnum, invoicelink, …"""
    return frozenset(params.get("include", "").lower().replace(",", " ").split())


def get_operation(params: dict[str, str], body: Any) -> str:
    """Return the operation of a POST; by default an object with an id is updated."""
    name = params.get("operation", "").lower()
    if name in ("delete", "void"):
        return name
    if "void" in read_include(params):
        return "void"
    if name in ("", *OPERATIONS):
        has_id = isinstance(body, dict) and bool(body.get("Id"))
        return "update" if name == "update" or has_id else "create"
    return name
