"""The parts of a report: header, columns, rows and sections."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from qbo_sandbox.kit.json_object import JsonObject

Row = JsonObject


@dataclass(frozen=True)
class Column:
    """A column: `kind` is its type, `key` its name for programs."""

    title: str
    kind: str = "Money"
    key: str = ""
    metadata: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> Row:
        """Return the column as reports describe it."""
        pairs = list(self.metadata)
        if self.key:
            pairs.append(("ColKey", self.key))
        head: Row = {"ColTitle": self.title, "ColType": self.kind}
        if pairs:
            head["MetaData"] = build_header_options(pairs)
        return head


@dataclass
class Report:
    """The contents of a report, with further fields and options of its header."""

    columns: Sequence[Column]
    rows: list[Row]
    header_fields: dict[str, str] = field(default_factory=dict)
    empty: bool = False
    options: list[tuple[str, str]] = field(default_factory=list)


def build_header_options(pairs: Iterable[tuple[str, str]]) -> list[Row]:
    """Return pairs as the options of a header."""
    return [{"Name": name, "Value": value} for name, value in pairs]


def format_amount(value: Decimal | None, *, blank: bool = False) -> str:
    """Format a sum; return "" for None, or for zero with `blank`."""
    if value is None or (blank and not value):
        return ""
    return f"{value:.2f}"


def format_amounts(values: Iterable[Decimal], *, blank: bool = False) -> list[str]:
    """Format sums; return "" for zero with `blank`."""
    return [format_amount(value, blank=blank) for value in values]


def build_cell(value: object, id: object = None) -> Row:
    """Return a cell, with the id of the object that it names."""
    cell = {"value": str(value)}
    if id not in (None, ""):
        cell["id"] = str(id)
    return cell


def build_cells(title: str, values: Iterable[str], id: object = None) -> Row:
    """Return a name followed by values."""
    cells = [build_cell(title, id)]
    for value in values:
        cells.append(build_cell(value))
    return {"ColData": cells}


def build_grand_total(values: Iterable[Decimal]) -> Row:
    """Return the last row of a report, with the sum of each column."""
    return build_summary_row("TOTAL", format_amounts(values), "GrandTotal")


def build_data_row(title: str, values: Iterable[str], id: object = None, **more: str) -> Row:
    """Return a row of values that has no rows below it."""
    return {**build_cells(title, values, id), "type": "Data", **more}


def build_section(
    title: str,
    rows: list[Row],
    total: Row | None,
    *,
    width: int,
    group: str = "",
    id: object = None,
    own: Sequence[str] = (),
) -> Row:
    """Return rows under a heading, with their sum."""
    block: Row = {"Header": build_cells(title, own or [""] * (width - 1), id)} if title else {}
    if rows:
        block["Rows"] = {"Row": rows}
    if total is not None:
        block["Summary"] = total
    block["type"] = "Section"
    return block | ({"group": group} if group else {})


def build_summary_row(title: str, values: Iterable[str], group: str) -> Row:
    """Return a row that has only a sum."""
    return {
        "Summary": build_cells(title, values),
        "type": "Section",
        "group": group,
    }
