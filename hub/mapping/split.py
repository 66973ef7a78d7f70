"""Split a document whose lines differ in a role that QuickBooks takes once per document."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from hub.contract.documents import Document, Line, Role
from hub.errors import Sentence
from hub.mapping.mapped import MappedDocument, MappedLine, Ref
from hub.mapping.places import is_text
from hub.money import round_amount, sum_amounts

KIND_WITH_NEGATIVE_TOTALS = "expense"  # money that is returned to a credit card


def split(
    mapped_document: MappedDocument, role: Role, line_refs: Mapping[str, Ref]
) -> tuple[MappedDocument, ...] | str:
    """Return a part for each record of the role, in the order of the lines.

    Return a sentence if the parts would not add up to the document, or if one of them could not be
    posted. `line_refs` are the records of the role by line id. A line without one belongs to the
    record of the header, or else to the first record.
    """
    reason = _find_reason_against(mapped_document.document)
    if reason:
        return reason
    refs = {ref.id: ref for ref in line_refs.values()}
    default = mapped_document.header.get(role) or next(iter(refs.values()))
    lines_by_ref: dict[str, list[MappedLine]] = {id: [] for id in refs}
    for line in mapped_document.lines:
        ref = line_refs.get(line.line.id, default)
        lines_by_ref.setdefault(ref.id, []).append(line)
    refs.setdefault(default.id, default)

    parts: list[MappedDocument] = []
    for id, lines in lines_by_ref.items():
        if all(is_text(line.line) for line in lines):
            continue
        parts.append(_build_part(mapped_document, refs[id], role, lines, position=len(parts) + 1))
    return _find_negative_part(parts, role) or tuple(parts)


def get_amount(line: Line) -> Decimal | None:
    """Return the amount of a line, else its quantity times its price."""
    if line.amount is not None:
        return line.amount
    if line.quantity is None or line.unit_price is None:
        return None
    return line.quantity * line.unit_price


def _find_reason_against(document: Document) -> str:
    """Return why a document cannot be split to the cent; "" if it can."""
    if document.tax_mode == "exclusive" and not _is_taxed_by_line(document):
        return Sentence(
            "it cannot be split to the cent, because its tax is not given line by line."
        )
    if document.total is not None:
        total_of_lines = _sum_lines(document, document.lines)
        difference = document.total - total_of_lines
        if abs(difference) > document.tolerance:
            return Sentence("it cannot be split, because its lines do not add up to its total.")
    return ""


def _find_negative_part(parts: Iterable[MappedDocument], role: Role) -> str:
    """Return which part has a total below zero; "" if none has, or if it may have one.

    QuickBooks would take the other parts only, which come to more than the document.
    """
    for part in parts:
        total = _sum_lines(part.document, part.document.lines)
        if total < 0 and part.document.kind != KIND_WITH_NEGATIVE_TOTALS:
            return Sentence(
                "it cannot be split, because its lines of %(name)s come to %(total)s, and no total"
                " may be negative.",
                name=part.header[role].name,
                total=f"{total:f}",
            )
    return ""


def _build_part(
    mapped_document: MappedDocument,
    ref: Ref,
    role: Role,
    mapped_lines: list[MappedLine],
    position: int,
) -> MappedDocument:
    """Return one part; the first one keeps the number, files and transaction of the document."""
    document = mapped_document.document
    lines = tuple(line.line for line in mapped_lines)
    part = replace(
        document,
        lines=lines,
        quickbooks_id=document.quickbooks_id if position == 1 else None,
        total=None if document.total is None else _sum_lines(document, lines),
        tax_total=_get_tax_of_part(document, lines),
        attachments=document.attachments if position == 1 else (),
    )
    warnings = mapped_document.warnings
    if document.tax_mode == "inclusive" and not _is_taxed_by_line(document):
        warnings += (
            Sentence(
                "The tax is stated for the whole document only. QuickBooks works out that of"
                " each part from its tax codes."
            ),
        )
    mapped_part = replace(
        mapped_document,
        document=part,
        warnings=warnings,
        header={**mapped_document.header, role: ref},
        lines=tuple(mapped_lines),
        part=f"{role}:{ref.id}",
    )
    return number_part(mapped_part, document.number, position)


def number_part(part: MappedDocument, number: str | None, position: int) -> MappedDocument:
    """Return a part with its number: that of the document, which later parts add theirs to."""
    suffix = f"-{position}" if number and position > 1 else ""
    document = replace(part.document, number=f"{number}{suffix}" if number else number)
    return replace(part, document=document, number_suffix=suffix)


def _is_taxed_by_line(document: Document) -> bool:
    """Return whether the taxes of the lines add up to the tax that the document states."""
    return document.tax_total in (None, _get_tax(document.lines))


def _get_tax_of_part(document: Document, lines: tuple[Line, ...]) -> Decimal | None:
    """Return the tax of a part; None if the document does not say how its tax is divided.

    If a document states tax although its tax mode is "none", each of its parts states it too.
    """
    if document.tax_total is None:
        return None
    if _is_taxed_by_line(document):
        return _get_tax(lines)
    return document.tax_total if document.tax_mode == "none" else None


def _get_tax(lines: tuple[Line, ...]) -> Decimal:
    return sum_amounts(line.tax for line in lines)


def _sum_lines(document: Document, lines: tuple[Line, ...]) -> Decimal:
    """Add up the amounts of lines as the total of the document does: tax on top is included.

    Amounts are rounded as they are posted, because a quantity times a price may have more decimals.
    """
    currency = document.currency or ""  # the home currency, which is unknown here, has two decimals
    amounts = [get_amount(line) for line in lines]
    net = sum_amounts(round_amount(amount, currency) for amount in amounts if amount is not None)
    if document.tax_mode == "exclusive":
        return net + _get_tax(lines)
    return net
