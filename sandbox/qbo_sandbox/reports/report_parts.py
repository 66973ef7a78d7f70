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
        return head | ({"MetaData": options(pairs)} if pairs else {})


@dataclass
class Report:
    """A report before it is written: its contents, and its header beyond name and period."""

    columns: Sequence[Column]
    rows: list[Row]
    about: dict[str, str] = field(default_factory=dict)
    empty: bool = False
    options: list[tuple[str, str]] = field(default_factory=list)


def options(pairs: Iterable[tuple[str, str]]) -> list[Row]:
    return [{"Name": name, "Value": value} for name, value in pairs]


def amount(value: Decimal | None, *, blank: bool = False) -> str:
    """Format a sum; return "" for None, or for zero with `blank`."""
    if value is None or (blank and not value):
        return ""
    return f"{value:.2f}"


def cell(value: object, id: object = None) -> Row:
    return {"value": str(value)} if id in (None, "") else {"value": str(value), "id": str(id)}


def cells(title: str, values: Iterable[str], id: object = None) -> Row:
    """Return a name followed by values."""
    return {"ColData": [cell(title, id), *(cell(value) for value in values)]}


def line(title: str, values: Iterable[str], id: object = None, **more: str) -> Row:
    return {**cells(title, values, id), "type": "Data", **more}


def section(
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
    block: Row = {"Header": cells(title, own or [""] * (width - 1), id)} if title else {}
    if rows:
        block["Rows"] = {"Row": rows}
    if total is not None:
        block["Summary"] = total
    block["type"] = "Section"
    return block | ({"group": group} if group else {})


def summary(title: str, values: Iterable[str], group: str) -> Row:
    """Return a row that has only a sum."""
    return {"Summary": cells(title, values), "type": "Section", "group": group}
