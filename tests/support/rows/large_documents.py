"""The rows of each document of `large_data`, as expressions of its number."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, case, cast, func, literal

from hub.contract import codec
from hub.contract.documents import Code, Document, Line
from hub.models import (
    Attempt,
    AuditEntry,
    Case,
    DocumentTerm,
    Posting,
    ReceiptRow,
    SourceDocument,
    TransactionHead,
)

SUPPLIERS = 5_000
BODY = codec.dump(
    Document(
        kind="bill",
        source_id="s",
        lines=(Line(id="1", amount=Decimal("1.00"), description="x" * 200),),
        codes={"supplier": Code(id="s0000001")},
    )
)
Rows = tuple[Any, dict[str, Any], Any]  # table, its columns, and the condition on numbers


def numbered_name(prefix: str, number: Any, suffix: str = "") -> ColumnElement[str]:
    """Return a text with a number of seven digits."""
    digits = func.substr(cast(10_000_000 + number, Text), 2)
    return literal(prefix) + digits + literal(suffix)


@dataclass(frozen=True)
class DocumentColumns:
    """The expressions that several tables of a document have in common."""

    id: Any
    company: Any
    source_id: Any
    marker: Any
    number: Any
    kind: Any
    total: Any
    day: Any
    moment: Any

    @classmethod
    def of(cls, n: Any, companies: int, calendar: Any) -> "DocumentColumns":
        """Return the expressions for the document with this number."""
        kind = case(
            (n % 100 == 50, "invoice"),
            (n % 100 == 60, "expense"),
            (n % 100 == 70, "vendor_credit"),
            (n % 100 == 80, "credit_memo"),
        )
        return cls(
            id=n,
            company=(n - 1) % companies + 1,
            source_id=numbered_name("s-", n),
            marker=numbered_name("MARK", n),
            number=numbered_name("F-", n),
            kind=func.coalesce(kind, "bill"),
            total=1_000_000 * (cast(n % 10_000, BigInteger) + 1),
            day=calendar.c.day,
            moment=calendar.c.moment,
        )

    @property
    def is_held(self) -> Any:
        return self.id % 100 == 1

    @property
    def is_posted(self) -> Any:
        return self.id % 100 > 3

    @property
    def has_case(self) -> Any:
        return self.id % 100 < 3


def document_rows(n: Any, companies: int, calendar: Any, runs_per_company: int) -> Iterator[Rows]:
    """Yield the tables with rows for each document, their columns, and the condition on numbers."""
    document = DocumentColumns.of(n, companies, calendar)
    run = (n // companies) % runs_per_company
    run_id = run * companies + document.company
    yield SourceDocument, _source_document(document), None
    yield from _document_terms(document)
    yield Posting, _posting(document, run_id), None
    yield TransactionHead, _transaction_head(document), document.is_posted
    yield Attempt, _attempt(document), document.is_posted
    yield ReceiptRow, _receipt(document), document.is_posted
    yield Case, _case(document), document.has_case
    yield AuditEntry, _audit_entry(document), None


def _source_document(document: DocumentColumns) -> dict[str, Any]:
    """Return the columns of the row of a document."""
    return {
        "id": document.id,
        "installation_id": document.company,
        "company_id": document.company,
        "slug": "costtracker",
        "tenant": "t",
        "source_id": document.source_id,
        "marker": document.marker,
        "kind": document.kind,
        "number": document.number,
        "party": numbered_name("Supplier ", document.id % SUPPLIERS, " AS"),
        "date": document.day,
        "due": document.day,
        "currency": "NOK",
        "total": document.total,
        "body": BODY,
        "seen_at": document.moment,
    }


def _document_terms(document: DocumentColumns) -> Iterator[Rows]:
    """Yield the rows of the terms by which a document is found."""
    digits = func.substr(document.number, 3)
    supplier_digits = numbered_name("", document.id % SUPPLIERS)
    terms = (
        func.lower(document.number),
        digits,
        func.lower(document.source_id),
        func.lower(document.marker),
        literal("supplier"),
        supplier_digits,
        literal("as"),
    )
    for term in terms:
        # The number may also be that of its supplier.
        is_double = case((digits == supplier_digits, 1), else_=0) == 1
        is_new = ~is_double if term is digits else None
        yield DocumentTerm, {"document_id": document.id, "term": term}, is_new


def _posting(document: DocumentColumns, run_id: Any) -> dict[str, Any]:
    """Return the columns of the posting of a document: held, in review, skipped or posted."""
    state = case(
        (document.is_held, "held"),
        (document.id % 100 == 2, "review"),
        (document.id % 100 == 3, "skipped"),
    )
    return {
        "id": document.id,
        "document_id": document.id,
        "company_id": document.company,
        "installation_id": document.company,
        "run_id": run_id,
        "kind": document.kind,
        "operation": "create",
        "requestid": numbered_name("request-", document.id),
        "payload": b'{"Line": []}',
        "state": func.coalesce(state, "posted"),
        "quickbooks_id": case((document.is_posted, cast(document.id, Text))),
        "number": document.number,
        "total": document.total,
        "currency": "NOK",
        "posted_total": case((document.is_posted, document.total)),
        "answer": {"Id": "1"},
        "created_at": document.moment,
        "changed_at": document.moment,
    }


def _transaction_head(document: DocumentColumns) -> dict[str, Any]:
    """Return the columns of the transaction of a document in the index."""
    return {
        "company_id": document.company,
        "kind": document.kind,
        "quickbooks_id": cast(document.id, Text),
        "number": document.number,
        "date": document.day,
        "total": document.total,
        "created_at": document.moment,
    }


def _attempt(document: DocumentColumns) -> dict[str, Any]:
    """Return the columns of the only send of a posting."""
    return {
        "id": document.id,
        "posting_id": document.id,
        "generation": 0,
        "requestid": numbered_name("request-", document.id),
        "fence": "f",
        "sent_at": document.moment,
        "outcome": "landed",
        "text": "",
    }


def _receipt(document: DocumentColumns) -> dict[str, Any]:
    """Return the columns of the receipt that the source got."""
    return {
        "id": document.id,
        "document_id": document.id,
        "installation_id": document.company,
        "state": "posted",
        "at": document.moment,
        "ended": "delivered",
    }


def _case(document: DocumentColumns) -> dict[str, Any]:
    """Return the columns of a case, which is open if the document is held."""
    return {
        "id": document.id,
        "company_id": document.company,
        "installation_id": document.company,
        "cause": numbered_name("posting:", document.id),
        "stored_title": "A code has no match",
        "stored_reason": "Match it.",
        "stored_action": "match",
        "opened_at": document.moment,
        "closed_at": case((document.is_held, None), else_=document.moment),
    }


def _audit_entry(document: DocumentColumns) -> dict[str, Any]:
    """Return the columns of an entry of the audit log."""
    return {
        "id": document.id,
        "number": document.id,
        "at": document.moment,
        "who": "olga",
        "what": "posting approved",
        "subject": cast(document.id, Text),
        "previous": numbered_name("h", document.id - 1),
        "hash": numbered_name("h", document.id),
    }
