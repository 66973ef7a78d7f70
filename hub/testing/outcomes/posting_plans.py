"""What the hub would make of documents if each of their codes had a record in QuickBooks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from hub import payloads
from hub.contract.document_kinds import PARTY_ROLES, PAYMENT_KINDS
from hub.contract.documents import Code, Document, Party, get_code_id, iter_codes
from hub.contract.states import Stage
from hub.contract.types import Field
from hub.mapping import Link, MappedDocument, Missing, build_code_index, get_amount, resolve
from hub.payloads.company_facts import EVERYTHING_ON, CompanyFacts
from hub.payloads.summary import compute_expected_total, compute_net_total
from hub.sources.site import apply_settings
from hub.testing.bench import Bench

POSTED_STAGES = (Stage.READY, Stage.UPDATE_ONLY)
MAX_TAX_RATE = Decimal("0.5")  # relative to the amount before tax; no country has a higher one
MARKER = "contract"  # ends the note of a payload that is never sent


class Plan(NamedTuple):
    """What becomes of a document.

    `obstacle` is why its source lets it wait; "" if nothing is against it. `problems` are mistakes,
    because of which the hub would hold a document that is ready.
    """

    document: Document
    obstacle: str
    problems: tuple[str, ...]

    @property
    def is_posted(self) -> bool:
        """Return whether it would be posted."""
        return not self.obstacle and not self.problems


def plan_documents(bench: Bench) -> list[Plan]:
    """Read all documents and return the planned outcome for each."""
    documents = [item for item in bench.read() if isinstance(item, Document)]
    return list(_iter_plans(bench, documents))


def plan_document(bench: Bench, document: Document, others: Iterable[Document]) -> Plan:
    """Return the planned outcome for a document among others, in the place of one with its id."""
    documents = [document if one.source_id == document.source_id else one for one in others]
    plans = _iter_plans(bench, documents)
    return next(plan for plan in plans if plan.document is document)


def _iter_plans(bench: Bench, documents: list[Document]) -> Iterator[Plan]:
    """Yield the planned outcome for each document."""
    fields = [apply_settings(field, bench.settings) for field in bench.fields()]
    index = build_code_index(fields, documents)
    links = {document.source_id: _build_planned_link(document) for document in documents}
    by_id = {document.source_id: document for document in documents}
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for document in documents:
        obstacle = _find_obstacle(document)
        if obstacle:
            yield Plan(document, obstacle, ())
            continue
        problems = list(_iter_reference_problems(document, links))
        problems += _iter_excess_problems(document, by_id, amounts)
        problems += _iter_party_problems(document, by_id, fields)
        problems += _iter_new_party_problems(document, fields, bench.company.currency)
        resolution = resolve(document, fields, index, links)
        if isinstance(resolution, MappedDocument):
            problems += _list_payload_problems(bench, resolution)
        else:
            obstacle, own_problems = _sort_missing(document, resolution)
            problems += own_problems
        unique_problems = tuple(dict.fromkeys(problems))
        yield Plan(document, obstacle or _explain_waiting(document, by_id), unique_problems)


def _find_obstacle(document: Document) -> str:
    """Return why a document is not posted by itself; "" if nothing is against it."""
    if document.hold:
        return document.hold
    if document.stage not in POSTED_STAGES:
        return f"its stage is {document.stage}"
    return ""


def _explain_waiting(document: Document, by_id: Mapping[str, Document]) -> str:
    """Return for which document it waits, because the source does not want that posted yet."""
    for line in document.lines:
        other = by_id.get(line.applied.document) if line.applied else None
        if other and _find_obstacle(other):
            return f"it waits for {other.source_id}: {_find_obstacle(other)}"
    return ""


def _build_planned_link(document: Document) -> Link:
    """Return the transaction that a document would become."""
    lines = {line.id: line.id for line in document.lines}
    return Link(kind=document.kind, id=f"posted:{document.source_id}", lines=lines)


def _iter_reference_problems(document: Document, links: Mapping[str, Link]) -> Iterator[str]:
    """Yield each document and line that a line applies to and that the source does not have."""
    for line in document.lines:
        target = line.applied
        if target is None:
            continue
        link = links.get(target.document)
        if link is None:
            yield (
                f"Its line {line.id} applies to {target.document}, and no document with this"
                " source id is read. Correct Applied(document=…), which must be the source_id of"
                " a document of the same app."
            )
        elif target.line is not None and target.line not in link.lines:
            yield (
                f"Its line {line.id} applies to line {target.line} of {target.document}, which"
                " has no such line. Correct Applied(line=…), which must be the id of one of its"
                " lines."
            )


def _iter_excess_problems(
    document: Document, by_id: Mapping[str, Document], amounts: dict[str, Decimal]
) -> Iterator[str]:
    """Yield each document to which more is applied than its total; add to what was applied."""
    if document.kind not in PAYMENT_KINDS:
        return
    for line in document.lines:
        other = by_id.get(line.applied.document) if line.applied else None
        if other is None or other.total is None:
            continue
        amounts[other.source_id] += get_amount(line) or 0
        if abs(amounts[other.source_id]) > other.total + other.tolerance:
            yield (
                f"Its line {line.id} applies to {other.source_id}, to which"
                f" {amounts[other.source_id]} is applied in all, and its total is {other.total}."
                " QuickBooks refuses more than the total. Correct the amounts, or what the lines"
                " apply to."
            )


def _iter_party_problems(
    document: Document, by_id: Mapping[str, Document], fields: Iterable[Field]
) -> Iterator[str]:
    """Yield each document that another party owes than the one that pays it."""
    if document.kind not in PAYMENT_KINDS:
        return
    parties = [field for field in fields if field.role in PARTY_ROLES]
    for line in document.lines:
        other = by_id.get(line.applied.document) if line.applied else None
        if other is None:
            continue
        for field in _iter_differing_parties(document, other, parties):
            own_id = _get_code_id(document.codes[field.name])
            other_id = _get_code_id(other.codes[field.name])
            yield (
                f"Its {field.label.lower()} is {own_id}, and that of {other.source_id}, to which"
                f" its line {line.id} applies, is {other_id}. QuickBooks refuses that. Correct"
                " Applied(document=…), or use the same id for a party everywhere."
            )


def _iter_new_party_problems(
    document: Document, fields: Iterable[Field], home_currency: str
) -> Iterator[str]:
    """Yield each party that would be created in another currency than that of the document."""
    for field in fields:
        code = document.codes.get(field.name)
        if field.missing != "create" or not isinstance(code, Code):
            continue
        party = code.create
        if not isinstance(party, Party) or not document.currency:
            continue
        currency = party.currency or home_currency
        if currency != document.currency:
            yield (
                f"It is in {document.currency}, and its {field.label.lower()} {code.id} would be"
                f" created in {currency}. In QuickBooks a party has one currency. Pass"
                " Party(currency=…), and a code for each currency of the party."
            )


def _iter_differing_parties(
    document: Document, other: Document, parties: Iterable[Field]
) -> Iterator[Field]:
    """Yield each field of a party that both documents have and in which they differ."""
    for field in parties:
        code, other_code = document.codes.get(field.name), other.codes.get(field.name)
        if code and other_code and _get_code_id(code) != _get_code_id(other_code):
            yield field


def _get_code_id(code: Code | str | None) -> str:
    """Return the id of a code; "" without one."""
    return get_code_id(code) if code else ""


def _sort_missing(document: Document, missing: Iterable[Missing]) -> tuple[str, list[str]]:
    """Return why its source lets a document wait, and the mistakes, of what keeps it from posting.

    A code may have a hold of its own, and lines may differ where the settings decide.
    """
    holds = {code.hold for _, code, _ in iter_codes(document) if isinstance(code, Code)}
    obstacle, problems = "", []
    for item in missing:
        sentence = f"{item.label}: {item.problem}"
        if item.problem in holds or item.solution == "differ":
            obstacle = obstacle or sentence
        else:
            problems.append(sentence)
    return obstacle, problems


def _list_payload_problems(bench: Bench, mapped_document: MappedDocument) -> list[str]:
    """Return what forbids sending a document or one of its parts."""
    company = bench.company
    facts = replace(EVERYTHING_ON, country=company.country, currency=company.currency)
    problems: list[str] = []
    for part in mapped_document.parts or (mapped_document,):
        problems += _list_part_problems(part, facts)
    return problems


def _list_part_problems(mapped_document: MappedDocument, facts: CompanyFacts) -> tuple[str, ...]:
    """Return what forbids sending a part, also if the tax that it states does not fit its total.

    Where QuickBooks works out the tax, the hub ignores the one that the document states.
    """
    payload = payloads.build(mapped_document, facts, MARKER)
    document = mapped_document.document
    if payload.problems:
        return payload.problems
    states_tax = document.tax_total is not None or any(line.tax for line in document.lines)
    if document.tax_mode == "computed" and states_tax:
        variant = replace(mapped_document, document=replace(document, tax_mode="exclusive"))
        return payloads.build(variant, facts, MARKER).problems
    if document.total is not None and compute_expected_total(payload.body) is None:
        return tuple(_iter_tax_problems(document, payload.body))
    return ()


def _iter_tax_problems(document: Document, body: dict[str, Any]) -> Iterator[str]:
    """Yield a problem if no tax could lead from the lines of a document to its total.

    QuickBooks works out the tax of it, and the suite does not know the rates of the company.
    """
    net = compute_net_total(body)
    tax = (document.total or Decimal(0)) - net
    if not -document.tolerance <= tax <= net * MAX_TAX_RATE + document.tolerance:
        yield (
            f"QuickBooks works out its tax. Its lines add up to {net} and its total is"
            f" {document.total}, which would be a tax of {tax}. `total` is with tax and the amounts"
            " of lines are without it. Correct the amounts, or state the tax."
        )
