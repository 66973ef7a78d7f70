"""Pair the lines of an update with the lines in QuickBooks, so that each keeps its id."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from hub.models.transaction_summary import LineSummary, TransactionSummary
from hub.money import ZERO
from hub.payloads.entities import ORDER_ENTITY
from hub.payloads.line_pairs import pair_lines
from hub.payloads.summary import (
    NOT_COUNTED,
    UNREADABLE_ERRORS,
    list_counted_lines,
    summarize_lines,
)

Line = dict[str, Any]
FIELDS_OF_QUICKBOOKS = ("MarkupInfo", "ServiceDate", "TaxClassificationRef", "DeferredRevenue")
# Fields of a line that people may set if the source does not, by the fact of the summary that shows
# whether the hub had set the first of them.
FIELDS_OF_PEOPLE = {"class_": ("ClassRef",), "customer": ("CustomerRef", "BillableStatus")}
UNWRITTEN_LINE = LineSummary(ZERO)  # of a transaction that the hub never wrote


class LineLink(NamedTuple):
    """The transaction that a line is linked to, and the line of an order that it bills."""

    type: str = ""
    id: str = ""
    order_line: str = ""

    @property
    def is_complete(self) -> bool:
        """Return whether it names a transaction."""
        return bool(self.type and self.id)


class PlacedLine(NamedTuple):
    """A line of a transaction, and its place among the lines."""

    fields: Line
    place: int


Key = tuple[Hashable, ...]


class Criterion(NamedTuple):
    """A criterion by which two lines may be paired.

    `read_key` returns values that two such lines share; None for a line that it pairs with none.
    Only lines with the same key are compared, because a transaction may have thousands of them.
    """

    read_key: Callable[[PlacedLine], Key | None]
    is_alike: Callable[[PlacedLine, PlacedLine], bool]


def keep_line_ids(
    ours: list[Line],
    theirs: list[Line],
    last: TransactionSummary | None,
    unlinked_orders: Collection[str],
) -> list[Line]:
    """Return our lines in our order, each with the id of the line in QuickBooks that it replaces.

    Lines are paired by the first criterion that fits: the same link, then the same text and amount,
    the same text, the same place, the same amount. QuickBooks unlinks no line, so a line that bills
    one of `unlinked_orders` is only paired with a line that has the same link. `last` is what the
    hub wrote last: people added the classes and customers that are not in it.
    """
    unpaired_lines = []
    for place, stored_line in enumerate(theirs):
        if stored_line.get("DetailType") != "SubTotalLineDetail" and stored_line.get("Id"):
            unpaired_lines.append(PlacedLine(stored_line, place))
    lines = [dict(line) for line in ours]
    written_lines = _group_written_lines(last)
    for criterion in CRITERIA:
        for line, stored_line in _pair_lines(lines, unpaired_lines, criterion, unlinked_orders):
            line["Id"] = stored_line["Id"]
            _keep_additions(line, stored_line, _find_written_line(stored_line, written_lines))
        paired_ids = {line.get("Id") for line in lines}
        unpaired_lines = [
            placed_line
            for placed_line in unpaired_lines
            if placed_line.fields["Id"] not in paired_ids
        ]
    return lines


def _pair_lines(
    ours: Iterable[Line],
    theirs: Iterable[PlacedLine],
    criterion: Criterion,
    unlinked_orders: Collection[str],
) -> list[tuple[Line, Line]]:
    """Pair our lines without an id with those of QuickBooks by one criterion, each once."""
    candidates_by_key = _group_by_key(theirs, criterion)
    pairs: list[tuple[Line, Line]] = []
    for place, line in enumerate(ours):
        if "Id" in line:
            continue
        placed_line = PlacedLine(line, place)
        key = criterion.read_key(placed_line)
        candidates = candidates_by_key.get(key, []) if key else []
        partner = _find_partner(placed_line, candidates, criterion, unlinked_orders)
        if partner:
            candidates.remove(partner)
            pairs.append((line, partner.fields))
    return pairs


def _group_by_key(lines: Iterable[PlacedLine], criterion: Criterion) -> dict[Key, list[PlacedLine]]:
    """Group lines by their keys, in their order."""
    groups: dict[Key, list[PlacedLine]] = {}
    for line in lines:
        key = criterion.read_key(line)
        if key:
            groups.setdefault(key, []).append(line)
    return groups


def _find_partner(
    line: PlacedLine,
    candidates: Iterable[PlacedLine],
    criterion: Criterion,
    unlinked_orders: Collection[str],
) -> PlacedLine | None:
    """Return the first line of QuickBooks that a criterion pairs with a line; None without one."""
    for stored_line in candidates:
        if _ends_link(line.fields, stored_line.fields, unlinked_orders):
            continue
        if criterion.is_alike(line, stored_line):
            return stored_line
    return None


def with_line_ids(summary: TransactionSummary, entity: Line) -> TransactionSummary:
    """Return the summary of a sent body with the ids that its lines have in QuickBooks."""
    stored_lines = list_counted_lines(entity)
    if len(stored_lines) != len(summary.lines):
        return summary
    identified_lines = []
    for line, place in zip(summary.lines, _list_partners(summary, entity), strict=True):
        line_id = str(stored_lines[place].get("Id") or "")
        identified_lines.append(line._replace(quickbooks_line=line_id))
    return summary._replace(lines=tuple(identified_lines))


def _list_partners(summary: TransactionSummary, entity: Line) -> Sequence[int]:
    """Return, for each line of a summary, the place of its partner among the counted lines.

    If a line in QuickBooks cannot be read, each is paired with the one in its place.
    """
    try:
        stored_lines = summarize_lines(entity)
    except UNREADABLE_ERRORS:
        return range(len(summary.lines))
    return pair_lines(summary.lines, stored_lines)


def _ends_link(line: Line, stored_line: Line, unlinked_orders: Collection[str]) -> bool:
    """Return whether a line in QuickBooks bills an unlinked order that our line does not bill."""
    stored_link = _read_link(stored_line)
    if stored_link.type != ORDER_ENTITY or stored_link.id not in unlinked_orders:
        return False
    return _read_link(line) != stored_link


def _has_same_link(line: PlacedLine, stored_line: PlacedLine) -> bool:
    """Return whether two lines settle the same transaction with the same amount."""
    link = _read_link(line.fields)
    if not link.is_complete or link != _read_link(stored_line.fields):
        return False
    return _has_same_amount(line, stored_line)


def _has_same_text_and_amount(line: PlacedLine, stored_line: PlacedLine) -> bool:
    """Return whether two lines have the same text and amount."""
    return _has_same_text(line, stored_line) and _has_same_amount(line, stored_line)


def _has_same_text(line: PlacedLine, stored_line: PlacedLine) -> bool:
    """Return whether two lines of one kind have the same description."""
    has_same_text = line.fields.get("Description") == stored_line.fields.get("Description")
    return has_same_text and _has_same_kind(line.fields, stored_line.fields)


def _has_same_place(line: PlacedLine, stored_line: PlacedLine) -> bool:
    """Return whether two lines of one kind are in the same place."""
    return line.place == stored_line.place and _has_same_kind(line.fields, stored_line.fields)


def _has_same_amount(line: PlacedLine, stored_line: PlacedLine) -> bool:
    """Return whether two lines of one kind have the same amount; text and subtotals have none."""
    ours, theirs = line.fields, stored_line.fields
    if not _has_same_kind(ours, theirs) or ours.get("DetailType") in NOT_COUNTED:
        return False
    return Decimal(str(ours.get("Amount"))) == Decimal(str(theirs.get("Amount")))


def _has_same_kind(line: Line, stored_line: Line) -> bool:
    """Return whether two lines are of one type and our line is not linked to something else.

    QuickBooks links a line only while it is new, so a line with another link gets an id of its own.
    The hub states no type for a payment that is deposited, and QuickBooks may answer with one.
    """
    if line.get("DetailType") not in (None, stored_line.get("DetailType")):
        return False
    link = _read_link(line)
    return not link.is_complete or link == _read_link(stored_line)


def _read_link_key(line: PlacedLine) -> Key | None:
    """Return what a line is linked to as a key; None without a link."""
    link = _read_link(line.fields)
    return link if link.is_complete else None


def _read_text_and_amount_key(line: PlacedLine) -> Key | None:
    """Return the text and the amount of a line as a key; None without an amount."""
    amount_key = _read_amount_key(line)
    return (*_read_text_key(line), *amount_key) if amount_key else None


def _read_text_key(line: PlacedLine) -> Key:
    """Return the text of a line as a key."""
    return (line.fields.get("Description"),)


def _read_place_key(line: PlacedLine) -> Key:
    """Return the place of a line as a key."""
    return (line.place,)


def _read_amount_key(line: PlacedLine) -> Key | None:
    """Return the amount of a line as a key; None without one."""
    amount = line.fields.get("Amount")
    return None if amount is None else (Decimal(str(amount)),)


def _read_link(line: Line) -> LineLink:
    """Return what a line is linked to.

    Of transactions other than orders, QuickBooks may answer with any line, so it does not count.
    """
    links = line.get("LinkedTxn")
    if not links:
        return LineLink()
    link = links[0]
    type = str(link.get("TxnType") or "")
    order_line = str(link.get("TxnLineId") or "") if type == ORDER_ENTITY else ""
    return LineLink(type, str(link.get("TxnId") or ""), order_line)


def _group_written_lines(
    last: TransactionSummary | None,
) -> dict[str | None, LineSummary] | None:
    """Return the lines as the hub wrote them last, by their ids; None if it never wrote any."""
    if last is None:
        return None
    written_lines: dict[str | None, LineSummary] = {}
    for line in last.lines:
        written_lines.setdefault(line.quickbooks_line, line)
    return written_lines


def _find_written_line(
    stored_line: Line, written_lines: Mapping[str | None, LineSummary] | None
) -> LineSummary | None:
    """Return a line as the hub wrote it last; None for one that it did not write."""
    if written_lines is None:
        return UNWRITTEN_LINE
    return written_lines.get(str(stored_line["Id"]))


def _keep_additions(line: Line, stored_line: Line, written_line: LineSummary | None) -> None:
    """Keep the fields of the line in QuickBooks that the source does not have."""
    if stored_line.get("LinkedTxn"):
        line.setdefault("LinkedTxn", stored_line["LinkedTxn"])
    detail_field = str(line.get("DetailType"))
    ours = line.get(detail_field)
    theirs = stored_line.get(detail_field)
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return
    additions = {name: theirs[name] for name in FIELDS_OF_QUICKBOOKS if name in theirs}
    detail = additions | ours | _select_fields_of_people(ours, theirs, written_line)
    line[detail_field] = detail
    if _read_customer(detail) == _read_customer(theirs):
        _keep_project(line, stored_line)
        _keep_billing(detail, theirs, written_line)


def _select_fields_of_people(ours: Line, theirs: Line, written_line: LineSummary | None) -> Line:
    """Return the class and the customer of a line that neither the source nor the hub has set."""
    fields: Line = {}
    if written_line is None:
        return fields
    for fact, names in FIELDS_OF_PEOPLE.items():
        if names[0] in ours or getattr(written_line, fact):
            continue
        if names[0] not in theirs:
            continue
        for name in names:
            if name in theirs:
                fields[name] = theirs[name]
    return fields


def _read_customer(detail: Line) -> str:
    """Return the id of the customer of a line; "" without one, as on lines of sales."""
    customer = detail.get("CustomerRef") or {}
    return str(customer.get("value") or "")


def _keep_project(line: Line, stored_line: Line) -> None:
    """Keep the project of a line, which belongs to its customer."""
    if stored_line.get("ProjectRef"):
        line.setdefault("ProjectRef", stored_line["ProjectRef"])


def _keep_billing(detail: Line, theirs: Line, written_line: LineSummary | None) -> None:
    """Keep what QuickBooks notes about billing the customer of a line, in our detail.

    A billed line that becomes billable again would be billed to the customer twice, and one that a
    person made billable would never be billed if it were not billable any more.
    """
    status = theirs.get("BillableStatus")
    is_of_person = written_line is not None and not written_line.is_billable
    if status == "HasBeenBilled" or (status == "Billable" and is_of_person):
        detail["BillableStatus"] = status


# The criteria by which lines are paired, the strictest one first.
CRITERIA = (
    Criterion(_read_link_key, _has_same_link),
    Criterion(_read_text_and_amount_key, _has_same_text_and_amount),
    Criterion(_read_text_key, _has_same_text),
    Criterion(_read_place_key, _has_same_place),
    Criterion(_read_amount_key, _has_same_amount),
)
