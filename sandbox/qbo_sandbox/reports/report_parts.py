"""The parts of a report: header, columns, rows and sections."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A column: `kind` is its type, `key` its name for programs, `about` its further metadata."""

    title: str
    kind: str = "Money"
    key: str = ""
    about: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> Row:
        pairs = [*self.about, *([("ColKey", self.key)] if self.key else [])]
        head: Row = {"ColTitle": self.title, "ColType": self.kind}
        return head | ({"MetaData": header_options(pairs)} if pairs else {})


@dataclass
class Report:
    """A report before it is written: its contents, and its header beyond name and period."""

    columns: Sequence[Column]
    rows: list[Row]
    about: dict[str, str] = field(default_factory=dict)
    empty: bool = False
    options: list[tuple[str, str]] = field(default_factory=list)


def header_options(pairs: Iterable[tuple[str, str]]) -> list[Row]:
    return [{"Name": name, "Value": value} for name, value in pairs]


def format_amount(value: Decimal | None, *, blank: bool = False) -> str:
    """Format a sum; return "" for None, or for zero with `blank`."""
    if value is None or (blank and not value):
        return ""
    return f"{value:.2f}"


def value_cell(value: object, id: object = None) -> Row:
    return {"value": str(value)} if id in (None, "") else {"value": str(value), "id": str(id)}


def name_and_values(title: str, values: Iterable[str], id: object = None) -> Row:
    """Return a name followed by values."""
    return {"ColData": [value_cell(title, id), *(value_cell(value) for value in values)]}


def data_row(title: str, values: Iterable[str], id: object = None, **more: str) -> Row:
    return {**name_and_values(title, values, id), "type": "Data", **more}


def section_rows(
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
    block: Row = {"Header": name_and_values(title, own or [""] * (width - 1), id)} if title else {}
    if rows:
        block["Rows"] = {"Row": rows}
    if total is not None:
        block["Summary"] = total
    block["type"] = "Section"
    return block | ({"group": group} if group else {})


def summary_row(title: str, values: Iterable[str], group: str) -> Row:
    """Return a row that has only a sum."""
    return {
        "Summary": name_and_values(title, values),
        "type": "Section",
        "group": group,
    }
