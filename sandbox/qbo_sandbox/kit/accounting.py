"""Check and store the accounting status that the hub reports for a row of a source."""

import datetime as dt
from collections.abc import Callable
from typing import Any, ClassVar, Protocol
from wsgiref.types import WSGIEnvironment

from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.kit.rows import decode_row, encode_row, row_fields
from qbo_sandbox.kit.strict import (
    NUMBER,
    TEXT,
    WHOLE,
    CallRefused,
    Types,
    as_object,
    invalid,
    json_body,
    moment,
)

REPORTED_STATES = (
    "queued",
    "posted",
    "failed",
    "held",
    "changed_in_ledger",
    "missing_in_ledger",
    "part_paid",
    "paid",
)
STATES_IN_BOOKS = ("posted", "changed_in_ledger", "part_paid", "paid")


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


def store_status(
    environ: WSGIEnvironment,
    last: JsonObject | None,
    what: str,
    names: type[StatusNames],
    store: Callable[[JsonObject], object],
) -> JsonObject:
    """Answer a call that reports a status of `what`; refuse a status that is older than `last`.

    `last` is the newest status in the books, and `store` gets a new one, with the names of
    `row_fields`. `names` has AMOUNT_PAID as a further field if the source receives payments.
    """
    fields = row_fields(names)
    before = encode_row(last, fields) if last else None
    new = _check_status(json_body(environ), before, what, names)
    if new != before:
        store(decode_row(new, fields))
    return new


def _check_status(
    body: Any, last: JsonObject | None, what: str, names: type[StatusNames]
) -> JsonObject:
    """Return the status in the body of a call."""
    required_fields = (names.STATE, names.SYSTEM, names.AT, names.VERSION)
    new: JsonObject = as_object(body, _build_status_types(names), required_fields)
    if new[names.STATE] not in REPORTED_STATES:
        raise invalid(names.STATE, f"One of {', '.join(REPORTED_STATES)} is needed.")
    if new[names.STATE] in STATES_IN_BOOKS and not new.get(names.EXTERNAL_ID):
        raise invalid(names.EXTERNAL_ID, "What stands in the books has an id there.")
    order = _build_status_sort_key(new, names)
    if last and order < _build_status_sort_key(last, names):
        raise CallRefused(
            409, "stale", f"Something newer is already known of {what}.", names.VERSION
        )
    return new


def _build_status_types(names: type[StatusNames]) -> Types:
    """Return the types of the fields of a posting's status."""
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
    amount_paid = getattr(names, "AMOUNT_PAID", None)
    if amount_paid:
        types[amount_paid] = NUMBER
    return types


def _build_status_sort_key(row: JsonObject, names: type[StatusNames]) -> tuple[int, dt.datetime]:
    """Return the sort key of a status: its version, then its time."""
    return row[names.VERSION], moment(row[names.AT], names.AT)
