"""Mask the secrets of an installation in what its source says and its plugin reports."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, TypeVar, cast

from hub.context import mask_secrets
from hub.contract.documents import Code, Document, Gone, Unreadable
from hub.contract.types import Tenant
from hub.errors import HubError

Item = TypeVar("Item", bound=Document | Gone | Unreadable | Code | Tenant)


def mask_error(error: HubError) -> None:
    """Mask secrets in the texts of an error."""
    error.args = tuple(_mask_value(value) for value in error.args)
    for name, value in vars(error).items():
        setattr(error, name, _mask_value(value))


def mask_item(item: Item) -> Item:
    """Mask secrets in what a plugin says about a document, a code or an account.

    The document's own texts stay as they are, because they are posted, and an approval shows them.
    """
    changes: dict[str, Any] = {}
    names = ("name", "warnings") if isinstance(item, Tenant) else ("reason", "hold", "warnings")
    for name in names:
        value = getattr(item, name, None)
        masked_value = _mask_value(value)
        if masked_value != value:
            changes[name] = masked_value
    if isinstance(item, Document) and _has_held_code(item):
        changes["codes"] = _mask_codes(item.codes)
        lines = (replace(line, codes=_mask_codes(line.codes)) for line in item.lines)
        changes["lines"] = tuple(lines)
    return cast(Item, replace(cast(Any, item), **changes)) if changes else item


def _has_held_code(document: Document) -> bool:
    """Return whether a code of a document has a reason why it may not be used."""
    codes = chain(document.codes.values(), *(line.codes.values() for line in document.lines))
    return any(isinstance(code, Code) and code.hold for code in codes)


def _mask_codes(codes: Mapping[str, Code | str | None]) -> dict[str, Code | str | None]:
    """Mask secrets in the reasons why codes may not be used."""
    masked_codes = {}
    for name, code in codes.items():
        masked_codes[name] = mask_item(code) if isinstance(code, Code) and code.hold else code
    return masked_codes


def _mask_value(value: object) -> object:
    """Return a text, or texts in a tuple, list or dictionary, without secrets.

    A sentence whose text has no secret stays as it is, so that pages can translate it.
    """
    if isinstance(value, str):
        masked_text = mask_secrets(value)
        return value if masked_text == value else masked_text
    if isinstance(value, (tuple, list)):
        return type(value)(_mask_value(part) for part in value)
    if isinstance(value, dict):
        return {name: _mask_value(part) for name, part in value.items()}
    return value
