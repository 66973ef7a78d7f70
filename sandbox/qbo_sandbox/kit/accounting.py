"""What accounting says of a row of a source, as the stand-ins that keep a status for each row take it in."""

import datetime as dt
from typing import Any, ClassVar, Protocol

from qbo_sandbox.kit.strict import NUMBER, TEXT, WHOLE, Types, Wrong, as_object, invalid, moment

STATES = (
    "queued",
    "posted",
    "failed",
    "held",
    "changed_in_ledger",
    "missing_in_ledger",
    "part_paid",
    "paid",
)
IN_BOOKS = ("posted", "changed_in_ledger", "part_paid", "paid")


class StatusNames(Protocol):
    """The fields of a status, by the names that the source's API gives them."""

    STATE: ClassVar[str]
    SYSTEM: ClassVar[str]
    EXTERNAL_ID: ClassVar[str]
    EXTERNAL_NUMBER: ClassVar[str]
    EXTERNAL_URL: ClassVar[str]
    MESSAGE: ClassVar[str]
    AT: ClassVar[str]
    VERSION: ClassVar[str]


def status(
    body: Any,
    known: dict[str, Any] | None,
    what: str,
    names: type[StatusNames],
    amount_paid: str | None = None,
) -> dict[str, Any]:
    """Check what accounting says of `what`; refuse anything older than `known`, the last status.

    `amount_paid` is the name of a further field, for a source that is told of payments.
    """
    needed = (names.STATE, names.SYSTEM, names.AT, names.VERSION)
    told: dict[str, Any] = as_object(body, _types(names, amount_paid), needed)
    if told[names.STATE] not in STATES:
        raise invalid(names.STATE, f"One of {', '.join(STATES)} is needed.")
    if told[names.STATE] in IN_BOOKS and not told.get(names.EXTERNAL_ID):
        raise invalid(names.EXTERNAL_ID, "What stands in the books has an id there.")
    order = _order(told, names)
    if known and order < _order(known, names):
        raise Wrong(409, "stale", f"Something newer is already known of {what}.", names.VERSION)
    return told


def _types(names: type[StatusNames], amount_paid: str | None) -> Types:
    texts = (
        names.STATE,
        names.SYSTEM,
        names.EXTERNAL_ID,
        names.EXTERNAL_NUMBER,
        names.EXTERNAL_URL,
        names.MESSAGE,
        names.AT,
    )
    types: dict[str, type | tuple[type, ...]] = dict.fromkeys(texts, TEXT)
    types[names.VERSION] = WHOLE
    if amount_paid:
        types[amount_paid] = NUMBER
    return types


def _order(told: dict[str, Any], names: type[StatusNames]) -> tuple[int, dt.datetime]:
    return told[names.VERSION], moment(told[names.AT], names.AT)
