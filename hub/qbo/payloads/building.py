"""From a mapped document to the body QuickBooks wants, with what it means and what is to be said about it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hub.errors import Refused
from hub.mapping import Mapped
from hub.money import shown, total
from hub.qbo.company import CompanyFacts
from hub.qbo.entities import DOCUMENTS
from hub.qbo.payloads import bill, vendor, vendor_credit
from hub.qbo.payloads.meanings import PARTIES, expected_total, meaning
from hub.qbo.payloads.work import Work

BUILDERS: dict[str, Callable[[Work], dict[str, Any]]] = {
    "bill": bill.body,
    "vendor_credit": vendor_credit.body,
    "vendor": vendor.body,
}


@dataclass(frozen=True)
class Payload:
    """A body, its meaning for comparison, warnings that go with it, and problems that keep it from being sent."""

    body: dict[str, Any]
    meaning: dict[str, Any]
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default=())


def build(mapped: Mapped, facts: CompanyFacts, marker: str) -> Payload:
    """The body of a document or of one of its parts."""
    kind = mapped.document.kind
    if kind not in BUILDERS:
        raise Refused(f"This version of the hub does not post documents of the kind {kind.replace('_', ' ')} yet.")
    work = Work(mapped, facts, marker)
    body = BUILDERS[kind](work)
    meant = meaning(kind, body, facts.currency)
    if kind in DOCUMENTS:
        _check_whole(work, body)
        _check_sum(work, body)
    return Payload(body, meant, tuple(dict.fromkeys(work.warnings)), tuple(dict.fromkeys(work.problems)))


def _check_whole(work: Work, body: dict[str, Any]) -> None:
    """What QuickBooks requires and the document does not have."""
    if not any(body.get(name) for name in PARTIES):
        work.problems.append("It names no supplier or customer. Complete it at the source.")
    if not body.get("TxnDate"):
        work.problems.append("It has no date. Complete it at the source.")
    if not body.get("Line"):
        work.problems.append("It has no line with an amount. Complete it at the source.")


def _check_sum(work: Work, body: dict[str, Any]) -> None:
    document, currency = work.document, work.currency
    comes_to = expected_total(body)
    if comes_to is not None and comes_to < 0:
        work.problems.append(
            "Its total is negative, which QuickBooks takes as a credit only. Correct it at the source."
        )
    if document.total is None or comes_to is None:
        return
    if abs(document.total - comes_to) > document.tolerance:
        lines = total(line.get("Amount") for line in body["Line"])
        work.problems.append(
            f"Its lines come to {shown(lines, currency)} and with tax to {shown(comes_to, currency)}, but its total is"
            f" {shown(document.total, currency)}. Correct it at the source."
        )
