"""One document as several, when its lines belong to different places and QuickBooks has one place a document."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from hub.contract.documents import Document, Line, Role
from hub.mapping.mapped import Mapped, MappedLine, Ref
from hub.mapping.places import is_text
from hub.money import ZERO, total


def split(whole: Mapped, role: Role, of_line: Mapping[str, Ref]) -> tuple[Mapped, ...] | str:
    """A part for each record of the role, in the order of the lines; a sentence where it cannot be done to the cent."""
    document = whole.document
    if document.tax_mode == "exclusive" and (document.tax_total or ZERO) != _tax(document.lines):
        return "it cannot be split to the cent, for its tax is not given line by line."
    if (
        document.total is not None
        and abs(document.total - _sum(document, document.lines)) > document.tolerance
    ):
        return "it cannot be split, for its lines do not add up to its total."
    refs = list({ref.id: ref for ref in of_line.values()}.values())
    first = whole.header.get(role) or refs[0]
    groups: dict[str, list[MappedLine]] = {ref.id: [] for ref in refs}
    for mapped in whole.lines:
        groups.setdefault(of_line.get(mapped.line.id, first).id, []).append(mapped)
    named = {ref.id: ref for ref in (first, *refs)}
    kept = {
        id: lines
        for id, lines in groups.items()
        if any(not is_text(mapped.line) for mapped in lines)
    }
    return tuple(
        _part(whole, named[id], role, lines, order)
        for order, (id, lines) in enumerate(kept.items(), 1)
    )


def _part(whole: Mapped, ref: Ref, role: Role, lines: list[MappedLine], order: int) -> Mapped:
    given = whole.document
    plain = tuple(mapped.line for mapped in lines)
    number = f"{given.number}-{order}" if given.number and order > 1 else given.number
    document = replace(
        given,
        lines=plain,
        number=number,
        total=None if given.total is None else _sum(given, plain),
        tax_total=_tax(plain) if given.tax_total is not None else None,
        attachments=given.attachments if order == 1 else (),
    )
    header = {**whole.header, role: ref}
    return replace(
        whole, document=document, header=header, lines=tuple(lines), part=f"{role}:{ref.id}"
    )


def _tax(lines: tuple[Line, ...]) -> Decimal:
    return total(line.tax for line in lines)


def _sum(document: Document, lines: tuple[Line, ...]) -> Decimal:
    net = total(amount(line) for line in lines)
    return net + _tax(lines) if document.tax_mode == "exclusive" else net


def amount(line: Line) -> Decimal | None:
    """What a line comes to: its amount, else quantity times price."""
    if line.amount is not None or line.quantity is None or line.unit_price is None:
        return line.amount
    return line.quantity * line.unit_price
