"""Recognize parties that were renamed since their documents were posted.

The rules of a field find a party by its name. A party that was renamed, in QuickBooks or at its
source, would be created a second time, and later changes would move its documents to the second
one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from hub.collect.batch import CollectBatch
from hub.contract.document_kinds import CUSTOMER_KINDS, PARTY_ROLES, PURCHASE_KINDS
from hub.contract.documents import Kind, Role
from hub.db.json_elements import has_element
from hub.errors import Sentence
from hub.mapping import NEW, Entry, Missing, NewRecord, to_ref
from hub.models import Posting, SeenCode, SourceDocument, TransactionSummary
from hub.models.enums import WRITE_OPERATIONS, Operation, PostingState
from hub.outbox.states import UNFINISHED

# The kinds of documents whose party is of a role.
KINDS_BY_ROLE: dict[Role, tuple[Kind, ...]] = {
    "vendor": (*PURCHASE_KINDS, "bill_payment"),
    "customer": CUSTOMER_KINDS,
}
# The kinds whose lines may have a customer each. A customer itself may have one above it.
KINDS_OF_LINE_CUSTOMERS: tuple[Kind, ...] = (*PURCHASE_KINDS, "deposit", "customer")
MAX_SEARCHED_POSTINGS = 20  # of those with a customer, the newest ones that are searched for it
# The states of a creation that makes a party for a code, or has made it.
OWN_PARTY_STATES = (*UNFINISHED, PostingState.POSTED)


def find_renamed_parties(batch: CollectBatch, new_records: Iterable[NewRecord]) -> list[Missing]:
    """Return the codes of parties that would be created although documents of theirs are posted.

    A person who confirmed a party as new is not asked again.
    """
    missing = []
    for new_record in new_records:
        if new_record.role not in PARTY_ROLES or _is_confirmed(batch, new_record):
            continue
        if not _is_used_before(batch, new_record) or _is_created(batch, new_record):
            continue
        party = _find_earlier_party(batch, new_record)
        if party is not None:
            missing.append(_build_missing(batch, new_record, party))
    return missing


def _is_confirmed(batch: CollectBatch, new_record: NewRecord) -> bool:
    """Return whether a person confirmed that a party is new."""
    decision = batch.setup.index.matches.get((new_record.field, new_record.code))
    return decision is not None and decision.record == NEW


def _is_created(batch: CollectBatch, new_record: NewRecord) -> bool:
    """Return whether a party is being created for its code, or was."""
    batch.load_documents([new_record.code])
    row = batch.rows.get(new_record.code)
    if row is None:
        return False
    creations = [
        posting for posting in batch.postings(row) if posting.operation == Operation.CREATE
    ]
    return any(creation.state in OWN_PARTY_STATES for creation in creations)


def _is_used_before(batch: CollectBatch, new_record: NewRecord) -> bool:
    """Return whether an earlier batch had the code of a party."""
    is_code = (
        SeenCode.installation_id == batch.installation.id,
        SeenCode.field == new_record.field,
        SeenCode.code == new_record.code,
    )
    return batch.session.scalar(select(SeenCode.id).where(*is_code)) is not None


def _find_earlier_party(batch: CollectBatch, new_record: NewRecord) -> Entry | None:
    """Return the party that the newest posted document of a code has, if it is active.

    A customer of whom there are no documents may be one of lines, such as those of bills.
    """
    party_id = _find_party_of_documents(batch, new_record)
    if not party_id and new_record.role == "customer":
        party_id = _find_customer_of_lines(batch, new_record)
    return batch.setup.index.records(new_record.role).get_active(party_id)


def _find_party_of_documents(batch: CollectBatch, new_record: NewRecord) -> str:
    """Return the party of the newest posted document that has the code; "" if there is none."""
    query = (
        select(Posting.stored_summary["party"].as_string())
        .join(Posting.document)
        .where(
            *_is_posted_by(batch),
            Posting.kind.in_(KINDS_BY_ROLE[new_record.role]),
            _build_code_column(new_record) == new_record.code,
        )
        .order_by(Posting.id.desc())
        .limit(1)
    )
    return batch.session.scalar(query) or ""


def _find_customer_of_lines(batch: CollectBatch, new_record: NewRecord) -> str:
    """Return the customer of the newest posted lines that have the code; "" if there are none."""
    lines = SourceDocument.body["lines"]
    is_on_line = has_element(
        batch.session, lines, ("codes", new_record.field, "id"), new_record.code
    )
    query = (
        select(Posting.stored_summary, SourceDocument.body)
        .join(Posting.document)
        .where(
            *_is_posted_by(batch),
            Posting.kind.in_(KINDS_OF_LINE_CUSTOMERS),
            or_(_build_code_column(new_record) == new_record.code, is_on_line),
        )
        .order_by(Posting.id.desc())
        .limit(MAX_SEARCHED_POSTINGS)
    )
    for stored_summary, body in batch.session.execute(query):
        customer_id = _find_posted_customer(stored_summary, body, new_record)
        if customer_id:
            return customer_id
    return ""


def _is_posted_by(batch: CollectBatch) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of what the app of a batch has written to QuickBooks."""
    return (
        Posting.installation_id == batch.installation.id,
        Posting.state == PostingState.POSTED,
        Posting.operation.in_(WRITE_OPERATIONS),
    )


def _build_code_column(new_record: NewRecord) -> ColumnElement[str]:
    """Return the id of the code that a whole document has in the field of a party."""
    code: ColumnElement[str] = SourceDocument.body["codes", new_record.field, "id"].as_string()
    return code


def _find_posted_customer(
    stored_summary: Mapping[str, Any], body: Mapping[str, Any], new_record: NewRecord
) -> str:
    """Return the customer that a posting has where its document has the code; "" without one.

    Lines without a code of their own have that of the document. Lines that the document has got
    since were not posted.
    """
    summary = TransactionSummary.load(stored_summary)
    code_of_document = _get_code_id(body, new_record.field)
    if code_of_document == new_record.code:
        customer_id = summary.parent or (summary.party if summary.payee == "customer" else "")
        if customer_id:
            return customer_id

    line_ids = set()
    for line in body.get("lines", ()):
        code = _get_code_id(line, new_record.field) or code_of_document
        if code == new_record.code:
            line_ids.add(line.get("id"))
    for posted in summary.lines:
        if posted.customer and posted.id in line_ids:
            return posted.customer
    return ""


def _get_code_id(holder: Mapping[str, Any], field: str) -> str:
    """Return the id of the code that a stored document or line has in a field; "" without one."""
    code = holder.get("codes", {}).get(field)
    if isinstance(code, dict):
        return str(code.get("id", ""))
    return code or ""


def _build_missing(batch: CollectBatch, new_record: NewRecord, party: Entry) -> Missing:
    """Return the code of a renamed party, with the party that its documents have."""
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
            record=party.qualified_name,
        ),
        suggestions=(to_ref(new_record.role, party),),
        new_name=new_record.details.name,
    )


def _find_label(batch: CollectBatch, name: str) -> str:
    """Return the name of a field for people."""
    labels: Sequence[str] = [field.label for field in batch.setup.fields if field.name == name]
    return labels[0] if labels else name
