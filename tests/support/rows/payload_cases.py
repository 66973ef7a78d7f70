"""Short constructors of mapped documents for tests of payloads."""

import datetime as dt
from decimal import Decimal as D
from typing import Any

from hub.contract.documents import Document, Line
from hub.mapping import MappedDocument, MappedLine, Ref
from hub.payloads.company_facts import CompanyFacts

MARKER = "MARKERMARKER"
US = CompanyFacts(class_per_line=True, locations=True, sales_tax=True, billable=True)
RATES = {"5": (("1", D(25)),), "6": (("3", D(15)),), "8": (("7", D(0)),)}
SALES = {"5": (("2", D(25)),), "6": (("4", D(15)),), "8": (("8", D(0)),)}
NO = CompanyFacts(
    country="NO",
    currency="NOK",
    multicurrency=True,
    class_per_line=True,
    locations=True,
    tax_rates=RATES,
    sales_rates=SALES,
)


def refs(**ids: str) -> dict[Any, Ref]:
    """Return references to QuickBooks records by their role."""
    names = {"class_": "class"}
    return {
        names.get(role, role): Ref(role=names.get(role, role), id=id, name=f"the {role}")
        for role, id in ids.items()
    }


def line(
    id: str, amount: str | None, text: str = "Work", **more: Any
) -> tuple[Line, dict[Any, Ref]]:
    """Return a line and its matches: texts are ids of records, numbers are exact."""
    matches: dict[str, str] = {}
    fields: dict[str, Any] = {}
    for name, value in more.items():
        if isinstance(value, str):
            matches[name] = value
        elif isinstance(value, int) and not isinstance(value, bool):
            fields[name] = D(value)
        else:
            fields[name] = value
    exact_amount = None if amount is None else D(amount)
    return Line(id=id, amount=exact_amount, description=text, **fields), refs(**matches)


def mapped(
    *lines: tuple[Line, dict[Any, Ref]], header: dict[Any, Ref] | None = None, **document: Any
) -> MappedDocument:
    """Return a document with its lines and their references."""
    document = {
        "kind": "bill",
        "source_id": "invoice:1",
        "date": dt.date(2026, 3, 2),
        "number": "A-1",
    } | document
    source_document = Document(lines=tuple(line for line, _ in lines), **document)
    rows = tuple(MappedLine(line=line, refs=matches) for line, matches in lines)
    return MappedDocument(
        document=source_document,
        header=header or refs(vendor="1", payable_account="33"),
        lines=rows,
    )


def norwegian(*lines: tuple[Line, dict[Any, Ref]], **document: Any) -> MappedDocument:
    """Return a mapped document of a Norwegian company."""
    return mapped(*lines, header=refs(vendor="1", payable_account="1"), currency="NOK", **document)
