"""Recognize parties and items that were renamed since documents with them were posted.

The rules of a field find a record by its name. One that was renamed, in QuickBooks or at its
source, would be created a second time, and later changes would move its documents to the second
one.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Text, and_, cast, or_, select

from hub import exact_json
from hub.collect.batch import CollectBatch
from hub.contract.document_kinds import CUSTOMER_KINDS, PURCHASE_KINDS, SALES_KINDS
from hub.contract.documents import Kind, Role
from hub.db.json_elements import has_element
from hub.errors import Sentence
from hub.mapping import NEW, Entry, Missing, NewRecord, fold_name, to_ref
from hub.models import Posting, SeenCode, SourceDocument, TransactionSummary
from hub.models.enums import WRITE_OPERATIONS, PostingState
from hub.outbox.states import UNFINISHED

# The kinds of documents whose party is of a role.
KINDS_BY_ROLE: dict[Role, tuple[Kind, ...]] = {
    "vendor": (*PURCHASE_KINDS, "bill_payment"),
    "customer": CUSTOMER_KINDS,
}
# The kinds whose lines may have a record of a role each, or which have one above themselves.
KINDS_BY_ROLE_OF_LINES: dict[Role, tuple[Kind, ...]] = {
    "customer": (*PURCHASE_KINDS, "deposit", "customer"),
    "item": (*SALES_KINDS, *PURCHASE_KINDS),
    "category": ("item",),
}
MAX_SEARCHED_POSTINGS = 20  # of those with a record, the newest ones that are searched for it
# The states of a creation that makes a record for a code, or has made it.
OWN_RECORD_STATES = (*UNFINISHED, PostingState.POSTED)


def find_renamed_records(batch: CollectBatch, new_records: Iterable[NewRecord]) -> list[Missing]:
    """Return the codes of records that would be created although documents with them are posted."""
    missing = []
    for new_record in new_records:
        if _is_created(batch, new_record):
            continue
        renamed_record = find_renamed_record(batch, new_record)
        if renamed_record is not None:
            missing.append(renamed_record)
    return missing


def find_renamed_record(batch: CollectBatch, new_record: NewRecord) -> Missing | None:
    """Return the code of a record to create if documents with another record of it are posted.

    A person who confirmed a record as new is not asked again.
    """
    if _is_confirmed(batch, new_record) or not _was_seen_before(batch, new_record):
        return None
    record = _find_earlier_record(batch, new_record)
    return _build_missing(batch, new_record, record) if record else None


def _is_confirmed(batch: CollectBatch, new_record: NewRecord) -> bool:
    """Return whether a person confirmed that a record is new."""
    decision = batch.setup.index.matches.get((new_record.field, new_record.code))
    return decision is not None and decision.record == NEW


def _is_created(batch: CollectBatch, new_record: NewRecord) -> bool:
    """Return whether a record is being created for its code, or was."""
    batch.load_documents([new_record.code])
    row = batch.rows.get(new_record.code)
    if row is None:
        return False
    return any(creation.state in OWN_RECORD_STATES for creation in batch.creations(row))


def _was_seen_before(batch: CollectBatch, new_record: NewRecord) -> bool:
    """Return whether an earlier batch had the code of a record."""
    is_code = (
        SeenCode.installation_id == batch.installation.id,
        SeenCode.field == new_record.field,
        SeenCode.code == new_record.code,
    )
    return batch.session.scalar(select(SeenCode.id).where(*is_code)) is not None


def _find_earlier_record(batch: CollectBatch, new_record: NewRecord) -> Entry | None:
    """Return the record that the newest posted document of a code has, if it is active.

    A customer of whom there are no documents may be one of lines, such as those of bills.
    """
    record_id = ""
    if new_record.role in KINDS_BY_ROLE:
        record_id = _find_party_of_documents(batch, new_record)
    if not record_id and new_record.role in KINDS_BY_ROLE_OF_LINES:
        record_id = _find_record_of_lines(batch, new_record)
    return batch.setup.index.records(new_record.role).get_active(record_id)


def _find_party_of_documents(batch: CollectBatch, new_record: NewRecord) -> str:
    """Return the party of the newest posted document that has the code; "" if there is none."""
    query = (
        select(Posting.stored_summary["party"].as_string())
        .join(Posting.document)
        .where(
            *_is_posted_by(batch),
            Posting.kind.in_(KINDS_BY_ROLE[new_record.role]),
            _mentions_code(new_record.code),
            _build_code_column(new_record) == new_record.code,
        )
        .order_by(Posting.id.desc())
        .limit(1)
    )
    return batch.session.scalar(query) or ""


def _find_record_of_lines(batch: CollectBatch, new_record: NewRecord) -> str:
    """Return the record of the newest posted lines that have the code; "" if there are none.

    A record that also stands for codes of other names does not count: it is not the code's own, but
    for example the item that the settings named for all parts.
    """
    lines = SourceDocument.body["lines"]
    is_on_line = has_element(
        batch.session, lines, ("codes", new_record.field, "id"), new_record.code
    )
    has_code = or_(_build_code_column(new_record) == new_record.code, is_on_line)
    condition = and_(_mentions_code(new_record.code), has_code)
    for stored_summary, body in _select_posted_lines(batch, new_record.role, condition):
        record_id = _find_posted_record(stored_summary, body, new_record)
        if record_id:
            is_shared = _stands_for_other_names(batch, new_record, record_id, body)
            return "" if is_shared else record_id
    return ""


def _select_posted_lines(
    batch: CollectBatch, role: Role, condition: ColumnElement[bool]
) -> Sequence[Row[dict[str, Any], dict[str, Any]]]:
    """Return what the newest documents posted that may have a record of a role on their lines."""
    query = (
        select(Posting.stored_summary, SourceDocument.body)
        .join(Posting.document)
        .where(*_is_posted_by(batch), Posting.kind.in_(KINDS_BY_ROLE_OF_LINES[role]), condition)
        .order_by(Posting.id.desc())
        .limit(MAX_SEARCHED_POSTINGS)
    )
    return batch.session.execute(query).all()


def _stands_for_other_names(
    batch: CollectBatch, new_record: NewRecord, record_id: str, body: Mapping[str, Any]
) -> bool:
    """Return whether an item was posted for codes whose name is not that of a code in `body`."""
    if new_record.role != "item":
        return False
    field = new_record.field
    names = {fold_name(name) for id, name in _iter_codes(body, field) if id == new_record.code}
    posted_lines = Posting.stored_summary["lines"]
    has_item = has_element(batch.session, posted_lines, ("item",), record_id)
    for stored_summary, other_body in _select_posted_lines(batch, "item", has_item):
        summary = TransactionSummary.load(stored_summary)
        line_ids = {line.id for line in summary.lines if line.item == record_id}
        for id, name in _iter_codes(other_body, field, line_ids):
            if id != new_record.code and fold_name(name) not in names:
                return True
    return False


def _is_posted_by(batch: CollectBatch) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of what the app of a batch has written to QuickBooks."""
    return (
        Posting.installation_id == batch.installation.id,
        Posting.state == PostingState.POSTED,
        Posting.operation.in_(WRITE_OPERATIONS),
    )


def _mentions_code(code: str) -> ColumnElement[bool]:
    """Return the condition that the text of a document contains a code.

    Databases search a text five times faster than they read it as JSON.
    """
    return cast(SourceDocument.body, Text).contains(exact_json.dumps(code), autoescape=True)


def _build_code_column(new_record: NewRecord) -> ColumnElement[str]:
    """Return the id of the code that a whole document has in the field of a party."""
    code: ColumnElement[str] = SourceDocument.body["codes", new_record.field, "id"].as_string()
    return code


def _find_posted_record(
    stored_summary: Mapping[str, Any], body: Mapping[str, Any], new_record: NewRecord
) -> str:
    """Return the record that a posting has where its document has the code; "" without one.

    Lines without a code of their own have that of the document. Lines that the document has got
    since were not posted.
    """
    summary = TransactionSummary.load(stored_summary)
    code_of_document = _get_code(body, new_record.field)
    if code_of_document.id == new_record.code:
        record_id = _get_record_of_header(summary, new_record.role)
        if record_id:
            return record_id

    line_ids = set()
    for line in body.get("lines", ()):
        code = _get_code(line, new_record.field)
        if (code.id or code_of_document.id) == new_record.code:
            line_ids.add(line.get("id"))
    for posted_line in summary.lines:
        is_item = new_record.role == "item"
        record_id = posted_line.item if is_item else posted_line.customer
        if record_id and posted_line.id in line_ids:
            return record_id
    return ""


def _get_record_of_header(summary: TransactionSummary, role: Role) -> str:
    """Return the customer or category that a whole document has; "" without one, and for items."""
    if role == "item":
        return ""
    if summary.parent or role == "category":
        return summary.parent
    return summary.party if summary.payee == "customer" else ""


class _StoredCode(NamedTuple):
    """Id and name of a code in a stored document; both are "" if there is none."""

    id: str = ""
    name: str = ""


def _get_code(holder: Mapping[str, Any], field: str) -> _StoredCode:
    """Return the code that a stored document or line has in a field."""
    code = holder.get("codes", {}).get(field)
    if isinstance(code, dict):
        return _StoredCode(str(code.get("id", "")), code.get("name") or "")
    return _StoredCode(code, code) if code else _StoredCode()


def _iter_codes(
    body: Mapping[str, Any], field: str, line_ids: Container[str | None] | None = None
) -> Iterator[_StoredCode]:
    """Yield the codes that lines of a stored document have in a field: all, or those with an id."""
    code_of_document = _get_code(body, field)
    for line in body.get("lines", ()):
        if line_ids is None or line.get("id") in line_ids:
            code = _get_code(line, field)
            yield code if code.id else code_of_document


def _build_missing(batch: CollectBatch, new_record: NewRecord, record: Entry) -> Missing:
    """Return the code of a renamed record, with the record that its documents have."""
    label = _find_label(batch, new_record.field)
    return Missing(
        field=new_record.field,
        label=label,
        role=new_record.role,
        code=new_record.code,
        name=new_record.details.name,
        problem=Sentence(
            "it would be created, but its documents were posted to %(record)s, which has another"
            " name now.",
            record=record.qualified_name,
        ),
        suggestions=(to_ref(new_record.role, record),),
        new_name=new_record.details.name,
    )


def _find_label(batch: CollectBatch, name: str) -> str:
    """Return the name of a field for people."""
    labels: Sequence[str] = [field.label for field in batch.setup.fields if field.name == name]
    return labels[0] if labels else name
