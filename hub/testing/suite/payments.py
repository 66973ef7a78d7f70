"""Contract tests of payments: one that pays several documents is applied to each of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from hub.contract.document_kinds import PAID_KINDS
from hub.contract.documents import Document, Kind
from hub.testing.bench import Bench
from hub.testing.exchanges.response_values import Path, ResponseValue
from hub.testing.outcomes.items import id_at_the_source
from hub.testing.outcomes.posting_plans import Plan
from hub.testing.suite.variants import VariantBenches
from hub.testing.values.changed_responses import ChangedResponses, is_row_of

MAX_PAYMENTS = 20  # payments of a kind that are read by their ids
ANY_PLACE = "*"  # in the path to a value: any entry of a list
ADVICE = (
    "What is not applied stays open in QuickBooks, and the money on account. Make a line with an"
    " Applied of each."
)


class ReadPayment(NamedTuple):
    """A payment with the responses that it was read from."""

    document: Document
    responses: ChangedResponses

    @property
    def paid_ids(self) -> set[str]:
        """Return the source ids of the documents that it pays."""
        return {line.applied.document for line in self.document.lines if line.applied}


class PaymentTests(VariantBenches):
    """Tests that compare the documents that payments are applied to with the source's answers."""

    def test_payments_are_applied_to_every_document_that_they_pay(self) -> None:
        """Look for documents that a response names as paid, and add one to a response."""
        problems: dict[str, str] = {}
        for bench, plans in zip(self._iter_benches(), self._plan_each(), strict=True):
            for kind, paid_kind in PAID_KINDS.items():
                readings = _read_payments(bench, plans, kind)
                problem = _find_defect(readings, list(_iter_names(plans, paid_kind)))
                if problem:
                    problems.setdefault(kind, problem)
        if problems:
            text = "\n".join(f"  {problem}" for problem in problems.values())
            pytest.fail(
                f"{self.slug} does not apply a payment to all that it pays:\n{text}\n{ADVICE}"
            )


def _read_payments(bench: Bench, plans: Iterable[Plan], kind: Kind) -> list[ReadPayment]:
    """Read the first payments of a kind that would be posted."""
    payments = [plan.document for plan in plans if plan.document.kind == kind and plan.is_posted]
    readings = []
    for document in payments[:MAX_PAYMENTS]:
        responses = ChangedResponses(bench, document)
        if responses.shows(document):  # other tests say so if it is not
            readings.append(ReadPayment(document, responses))
    return readings


def _iter_names(plans: Iterable[Plan], kind: Kind) -> Iterator[dict[str, str]]:
    """Yield the source ids of the documents of a kind, by what a response may call each of them.

    First by their ids at the source, then by their numbers, if each has a number of its own.
    """
    documents = [plan.document for plan in plans if plan.document.kind == kind]
    yield {id_at_the_source(document): document.source_id for document in documents}
    numbers = {str(one.number): one.source_id for one in documents if one.number}
    if len(numbers) == len(documents):
        yield numbers


def _find_defect(readings: Sequence[ReadPayment], names: Iterable[Mapping[str, str]]) -> str:
    """Return what is wrong with what payments of a kind pay; "" if nothing is.

    `names` are the source ids by what answers may call the documents; the first that fit are used.
    """
    for payable in names:
        paths = _find_paths_to_paid_ids(readings, payable)
        if paths:
            return _find_defect_at(readings, paths, payable)
    return ""


def _find_defect_at(
    readings: Sequence[ReadPayment], paths: set[Path], payable: Mapping[str, str]
) -> str:
    """Return what is wrong with payments whose responses name what they pay at `paths`."""
    for reading in readings:
        for value in _iter_values_at(reading, paths):
            source_id = payable.get(str(value.value))
            if source_id and source_id not in reading.paid_ids:
                return (
                    f"{reading.document.source_id}: the source answers {value.value} as"
                    f" {value.name}, and no line is applied to {source_id}."
                )
    return _find_defect_of_added_document(readings, paths, payable)


def _find_paths_to_paid_ids(
    readings: Sequence[ReadPayment], payable: Mapping[str, str]
) -> set[Path]:
    """Return the paths at which the responses of all payments name the documents that they pay."""
    paths: list[set[Path]] = []
    for reading in readings:
        paid_ids = reading.paid_ids & set(payable.values())
        if paid_ids:
            ids_by_path = _group_ids_by_path(reading, payable)
            paths.append({path for path, ids in ids_by_path.items() if ids >= paid_ids})
    return set.intersection(*paths) if paths else set()


def _group_ids_by_path(reading: ReadPayment, payable: Mapping[str, str]) -> dict[Path, set[str]]:
    """Return the source ids of documents in the responses of a payment, by path."""
    ids_by_path: dict[Path, set[str]] = defaultdict(set)
    for value in reading.responses.values:
        source_id = payable.get(str(value.value))
        if source_id:
            ids_by_path[_generalize(value.path)].add(source_id)
    return ids_by_path


def _generalize(path: Path) -> Path:
    """Return a path with ANY_PLACE in place of each position in a list."""
    return tuple(ANY_PLACE if isinstance(part, int) else part for part in path)


def _iter_values_at(reading: ReadPayment, paths: set[Path]) -> Iterator[ResponseValue]:
    """Yield the values of the responses at these paths."""
    for value in reading.responses.values:
        if _generalize(value.path) in paths:
            yield value


def _find_defect_of_added_document(
    readings: Sequence[ReadPayment], paths: set[Path], payable: Mapping[str, str]
) -> str:
    """Add a document to the list that a payment pays; the payment must be applied to it, too."""
    for reading in readings:
        values = list(_iter_values_at(reading, paths))
        others = sorted(set(payable) - {str(value.value) for value in values})
        if len(values) != 1 or not others:
            continue
        (value,) = values
        entries = _find_list_around(reading, value)
        if entries is None:
            continue
        added_id = payable[others[0]]
        longer = [*entries.value, _copy_of(entries, value, others[0])]
        changed_payment = reading.responses.read(entries, longer)
        if changed_payment is None or changed_payment.hold:
            return ""
        paid_ids = ReadPayment(changed_payment, reading.responses).paid_ids
        if not paid_ids >= reading.paid_ids | {added_id}:
            return (
                f"{reading.document.source_id}: if the list {entries.name} in the answer of the"
                f" source names {added_id}, too, it is applied to"
                f" {', '.join(sorted(paid_ids)) or 'nothing'} only."
            )
        return ""
    return ""


def _find_list_around(reading: ReadPayment, value: ResponseValue) -> ResponseValue | None:
    """Return the list whose entry has a value; None if there is none, or if it lists payments."""
    depths = [depth for depth, part in enumerate(value.path) if isinstance(part, int)]
    if not depths:
        return None
    path = value.path[: depths[-1]]
    entries = reading.responses.find(value.call, path)
    entry = reading.responses.find(value.call, value.path[: depths[-1] + 1])
    is_payment = isinstance(entry, dict) and is_row_of(entry, reading.document)
    return None if is_payment else ResponseValue(value.call, path, entries)


def _copy_of(entries: ResponseValue, value: ResponseValue, id: str) -> Any:
    """Return a copy of the entry that has a value, with an id of its own, for another document."""
    depth = len(entries.path)
    return _replace_ids(entries.value[value.path[depth]], value.path[depth + 1 :], id)


def _replace_ids(content: Any, path: Path, id: str) -> Any:
    """Return JSON in which the value at the end of the path is `id`, and ids beside it are new."""
    if not path:
        return _copy_id_type(content, id)
    if isinstance(content, list):
        copy: Any = list(content)
    else:
        copy = {name: _renumber(name, value) for name, value in content.items()}
    copy[path[0]] = _replace_ids(content[path[0]], path[1:], id)
    return copy


def _copy_id_type(content: Any, id: str) -> Any:
    """Return an id as a number if the other one is a number."""
    return int(id) if isinstance(content, int) else id


def _renumber(name: str, value: Any) -> Any:
    """Return another id in place of a value that is named like one."""
    if not name.lower().endswith("id") or isinstance(value, dict | list):
        return value
    return value + 1 if isinstance(value, int) else f"{value}2"
