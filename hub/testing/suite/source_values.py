"""Contract tests of values: amounts, codes and dates are those that the source answers."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from hub.contract.document_kinds import LIST_KINDS, PAYABLE_KINDS, PAYMENT_KINDS
from hub.contract.documents import Document
from hub.testing.bench import Bench
from hub.testing.exchanges.response_values import ResponseValue
from hub.testing.outcomes.posting_plans import Plan
from hub.testing.suite.exemptions import check_exempted_names, check_exemption
from hub.testing.suite.variants import VariantBenches
from hub.testing.values.changed_responses import ChangedResponses
from hub.testing.values.currency_units import ONE, is_named_after_smallest_unit, smallest_unit
from hub.testing.values.document_taxes import find_document_tax_defect
from hub.testing.values.line_codes import find_line_code_defect
from hub.testing.values.line_taxes import find_line_tax_defect
from hub.testing.values.texts import find_description_defect, find_memo_defect, find_number_defect

ADVICE = {
    "total": (
        "Pass the total that the source states. One that the plugin works out agrees with its lines"
        " also if it has lost one of them."
    ),
    "currency": "Pass the currency that the source states, also if its samples have only one.",
    "date": "Take the day of the document, in the zone in which the source counts its days.",
    "due": "Pass it as `due`.",
    "tax": (
        "Pass the tax of each line as a code, with a field of the role tax_code, and the tax of the"
        " whole document once. Without it QuickBooks posts another tax, or none."
    ),
    "codes": "Give each line the codes of its own row.",
    "number": (
        "People look for a document by the number that they know, which is not the id of its row."
    ),
    "memo": "Pass it as `memo`, so that people read it in QuickBooks.",
    "description": "Pass it as `description` of the line.",
}
TEXT_CHECKS = {
    "number": find_number_defect,
    "memo": find_memo_defect,
    "description": find_description_defect,
}
# As a binary fraction it is a little less, so that a cent is lost where it is cut.
NEW_AMOUNT = Decimal("4.35")
AMOUNT_TOLERANCE = Decimal("0.10")
HALF_A_CENT = Decimal("0.005")
CURRENCY = re.compile("[A-Z]{3}")
FAR_ZONES = ("Etc/GMT+12", "Etc/GMT-14")  # 12 hours behind UTC, and 14 before it
DATE_SHIFT = dt.timedelta(days=3)
DUE_KINDS = (*PAYABLE_KINDS, "purchase_order")  # that have a due date in QuickBooks
MAX_AMOUNTS = 6  # of a document that are changed one after the other


class SourceValuesTests(VariantBenches):
    """Tests that change a value in the responses of the stand-in and look at the document.

    `derived` says why a plugin works out a value that the source does not answer as it is.
    """

    derived: Mapping[str, str]

    @pytest.mark.parametrize("name", ADVICE)
    def test_values_of_documents_follow_the_answers_of_the_source(self, name: str) -> None:
        """Look for a value of one document of each kind that does not follow its source."""
        problems: dict[str, str] = {}
        for bench, plans in zip(self._benches(), self._plans(), strict=True):
            for document in _examples(plans):
                problem = _find_defect(name, bench, document)
                if problem:
                    problems.setdefault(document.kind, f"{document.source_id}: {problem}")
        if name in self.derived:
            check_exemption(
                "derived",
                self.derived,
                name,
                is_needed=bool(problems) or self._lacks_a_ready_kind(),
                otherwise=f"{self.slug} takes {name} from its source",
            )
        elif problems:
            listed = "\n".join(f"  {problem}" for problem in problems.values())
            pytest.fail(
                f"{self.slug} has documents without the {name} of the source:\n{listed}\n"
                f"{ADVICE[name]} If the plugin has to work it out, or should leave it out:"
                f" contract(…, derived={{{name!r}: reason}})."
            )

    def test_exceptions_in_derived_name_known_values(self) -> None:
        """Check the names in `derived`."""
        check_exempted_names("derived", self.derived, ADVICE)


def _examples(plans: Sequence[Plan]) -> Iterator[Document]:
    """Yield a document of each kind that is posted, with several amounts if there is one."""
    examples: dict[str, Document] = {}
    for plan in plans:
        document = plan.document
        if not plan.is_posted or document.kind in LIST_KINDS:
            continue
        example = examples.setdefault(document.kind, document)
        if len(_part_amounts(document)) > len(_part_amounts(example)):
            examples[document.kind] = document
    yield from examples.values()


def _find_defect(name: str, bench: Bench, document: Document) -> str:
    """Return what is wrong with a value of a document; "" if nothing is or nothing can be said."""
    responses = ChangedResponses(bench, document)
    if responses.document != document:
        return ""  # other tests say so
    if name == "due":
        return _find_due_date_defect(responses, document) if document.kind in DUE_KINDS else ""
    if name == "tax":
        if document.kind in PAYMENT_KINDS:
            return ""
        return find_line_tax_defect(responses, document) or find_document_tax_defect(
            responses, document
        )
    if name == "codes":
        return find_line_code_defect(responses, document)
    if name in TEXT_CHECKS:
        return TEXT_CHECKS[name](responses, document)
    if getattr(document, name) is None:
        return ""
    if name == "total":
        return _find_total_defect(responses, document)
    if name == "currency":
        return _find_currency_defect(responses, document)
    return _find_date_defect(responses, bench, document)


# -- amounts --------------------------------------------------------------------------------------


def _find_total_defect(responses: ChangedResponses, document: Document) -> str:
    """Change the amounts of a document, the total and its parts."""
    totals = _values_close_to(responses, {abs(document.total or Decimal(0))})
    if not totals:
        return f"no answer of the source has its total, {document.total}."
    problem = _find_unit_defect(responses, document, totals)
    if problem:
        return problem
    for value in _values_close_to(responses, _part_amounts(document)):
        changed = responses.read(value, _new_amount(responses, value))
        if changed is None:
            continue
        loss = _find_loss(changed)
        if loss is not None:
            return _lost_cents(responses, loss, value)
        if changed.total != document.total:
            new = _new_amount(responses, value)
            return f"its total is {changed.total} if {value.name} is {new}."
    return _find_whole_amount_defect(responses, document, totals)


def _find_unit_defect(
    responses: ChangedResponses, document: Document, totals: Sequence[ResponseValue]
) -> str:
    """Return that amounts in cents are read as whole ones; "" if they are not."""
    unit = smallest_unit(document)
    if responses.unit != ONE or unit == ONE:
        return ""
    for value in totals:
        if is_named_after_smallest_unit(value):
            return (
                f"its total is {document.total}, which is {value.name}. By its name that is"
                f" {(document.total or 0) * unit:f}: write money(row[…]) / {ONE / unit:f}."
            )
    return ""


def _find_whole_amount_defect(
    responses: ChangedResponses, document: Document, totals: Sequence[ResponseValue]
) -> str:
    """Change the values that are equal to the total; the first of its response must decide it."""
    followed = []
    for value in totals:
        changed = responses.read(value, _new_amount(responses, value))
        if changed is None:
            followed.append(value)
            continue
        loss = _find_loss(changed)
        if loss is not None:
            return _lost_cents(responses, loss, value)
        if changed.total != document.total:
            followed.append(value)
    # The total of a row is nearer to its beginning than the amount of its only line.
    first = min(totals, key=_depth)
    if all(_depth(value) > _depth(first) for value in followed):
        new = _new_amount(responses, first)
        return f"its total stays {document.total} if {first.name} is {new}."
    return ""


def _values_close_to(responses: ChangedResponses, amounts: set[Decimal]) -> list[ResponseValue]:
    """Return the first values of the responses that are one of these amounts, with any sign."""
    values = []
    for value in responses.values:
        amount = responses.amount_of(value)
        if amount and any(_is_close(amount, other) for other in amounts):
            values.append(value)
    return values[:MAX_AMOUNTS]


def _depth(value: ResponseValue) -> int:
    """Return how deep in its response a value is."""
    return len(value.path)


def _part_amounts(document: Document) -> set[Decimal]:
    """Return the amounts of lines and tax, without signs and without one that is the total."""
    amounts = [line.amount for line in document.lines] + [document.tax_total]
    return {abs(amount) for amount in amounts if amount} - {abs(document.total or 0)}


def _is_close(amount: Decimal, other: Decimal) -> bool:
    """Return whether amounts are equal in whole cents; a source may answer more digits."""
    return abs(amount - other) <= HALF_A_CENT


def _new_amount(responses: ChangedResponses, value: ResponseValue) -> str | int | Decimal:
    """Return the new amount as the source writes amounts, with the sign of the old one."""
    sign = -1 if Decimal(str(value.value)) < 0 else 1
    return responses.write_amount(NEW_AMOUNT * sign, like=value)


def _find_loss(document: Document) -> Decimal | None:
    """Return an amount that is the new one but for a few cents."""
    amounts = [document.total, document.tax_total]
    amounts += [line.amount for line in document.lines]
    for amount in amounts:
        if amount and 0 < abs(abs(amount) - NEW_AMOUNT) < AMOUNT_TOLERANCE:
            return amount
    return None


def _lost_cents(responses: ChangedResponses, amount: Decimal, value: ResponseValue) -> str:
    """Return the sentence about an amount that is less than the one that the source answers."""
    new = _new_amount(responses, value)
    return (
        f"it has {amount} if {value.name} is {new}: cents are lost. Pass each amount to"
        " money(…) as the source answers it, and not through a float."
    )


# -- currency and dates ---------------------------------------------------------------------------


def _find_currency_defect(responses: ChangedResponses, document: Document) -> str:
    """Change the currency wherever the source names it; a source may name none."""
    currencies = _currency_values(responses)
    if not currencies:
        return ""
    values = [value for value in currencies if value.value == document.currency]
    if not values:
        return f"no answer of the source has its currency, {document.currency}."
    return _find_equal_currency_defect(responses, document, values)


def _find_equal_currency_defect(
    responses: ChangedResponses, document: Document, values: Sequence[ResponseValue]
) -> str:
    """Change the values that are the currency of a document; one of them must decide it."""
    followed = [value for value in values if _follows_currency(responses, document, value)]
    if not followed:
        return f"its currency stays {document.currency} if {_join(values)} is another."
    return _find_part_currency_defect(document, values, followed)


def _find_part_currency_defect(
    document: Document, values: Sequence[ResponseValue], followed: Sequence[ResponseValue]
) -> str:
    """Return which currency a document does not follow, although it follows that of a part."""
    for value in values:
        if value in followed:
            continue
        parts = [other for other in followed if _is_of_part(other, value)]
        if parts:
            return (
                f"its currency is that of {_join(parts)}, and stays {document.currency} if"
                f" {value.name} is another."
            )
    return ""


def _currency_values(responses: ChangedResponses) -> list[ResponseValue]:
    """Return the values that look like a currency."""
    return [value for value in responses.values if CURRENCY.fullmatch(str(value.value))]


def _follows_currency(
    responses: ChangedResponses, document: Document, value: ResponseValue
) -> bool:
    """Return whether a document has another currency, or is not posted, if a value is another."""
    new = "SEK" if document.currency != "SEK" else "CHF"
    changed = responses.read(value, new)
    if changed is None:
        return True
    before = (document.currency, document.stage, document.hold)
    return (changed.currency, changed.stage, changed.hold) != before


def _is_of_part(value: ResponseValue, other: ResponseValue) -> bool:
    """Return whether a value is called as another one, and is in a part of what has the other.

    The currency of a customer is in a part of an invoice, which has a currency of its own.
    """
    *parents, name = other.path
    is_deeper = len(value.path) > len(other.path) and value.path[: len(parents)] == tuple(parents)
    return value.call == other.call and value.path[-1] == name and is_deeper


def _find_date_defect(responses: ChangedResponses, bench: Bench, document: Document) -> str:
    """Change the moments that may be its date, and read it in other zones if one is."""
    day = document.date
    if any(_day_of(value.value) == day for value in responses.values):
        return ""
    for value in responses.values:
        moment = _moment_of(value.value)
        if moment is None or moment.astimezone(dt.UTC).date() != day:
            continue
        changed = responses.read(value, (moment + DATE_SHIFT).isoformat())
        decides = changed is not None and changed.date != day
        if decides and not _follows_zone(bench, document):
            return (
                f"its date is {day} in each zone of the app, and the source answers the moment"
                f" {value.value} as {value.name}. Write parse_date(row[…], site.zone)."
            )
    return ""


def _find_due_date_defect(responses: ChangedResponses, document: Document) -> str:
    """Change the values whose name says that they are the due date."""
    for value in responses.values:
        day = _day_of(value.value)
        if not day or "due" not in str(value.path[-1]).lower():
            continue
        if responses.read(value, (day + DATE_SHIFT).isoformat()) == document:
            return f"it stays as it is if {value.name} is another day."
    return ""


def _follows_zone(bench: Bench, document: Document) -> bool:
    """Return whether a document has another date where the app has another zone."""
    zone = bench.zone
    dates: set[dt.date | None] = set()
    for name in FAR_ZONES:
        bench.zone = ZoneInfo(name)
        dates.update(getattr(item, "date", None) for item in bench.read(ids=[document.source_id]))
    bench.zone = zone
    return dates != {document.date}


def _day_of(value: object) -> dt.date | None:
    """Return a value that is a day and no moment."""
    try:
        return dt.datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 (a day)
    except ValueError:
        return None


def _moment_of(value: object) -> dt.datetime | None:
    """Return a value that is a moment with a zone; midnight may stand for a day and does not count.

    A text that is no moment is none.
    """
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return None
    is_day = moment.tzinfo is None or moment.time() == dt.time()
    return None if is_day else moment


def _join(values: Sequence[ResponseValue]) -> str:
    """Return the names of values, each once."""
    return ", ".join(dict.fromkeys(value.name for value in values))
