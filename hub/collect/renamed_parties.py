"""Recognize parties that were renamed since their documents were posted.

The rules of a field find a party by its name. A party that was renamed, in QuickBooks or at its
source, would be created a second time, and later changes would move its documents to the second
one.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from hub.collect.batch import CollectBatch
from hub.contract.document_kinds import CUSTOMER_KINDS, PARTY_ROLES, PURCHASE_KINDS
from hub.contract.documents import Kind, Role
from hub.errors import Sentence
from hub.mapping import NEW, Entry, Missing, NewRecord, to_ref
from hub.models import Posting, SeenCode, SourceDocument
from hub.models.enums import WRITE_OPERATIONS, Operation, PostingState
from hub.outbox.states import UNFINISHED

# The kinds of documents whose party is of a role.
KINDS_BY_ROLE: dict[Role, tuple[Kind, ...]] = {
    "vendor": (*PURCHASE_KINDS, "bill_payment"),
    "customer": CUSTOMER_KINDS,
}
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
    """Return the party that the newest posted document of a code has, if it is active."""
    code = SourceDocument.body["codes", new_record.field, "id"].as_string()
    query = (
        select(Posting.stored_summary["party"].as_string())
        .join(Posting.document)
        .where(
            Posting.installation_id == batch.installation.id,
            Posting.state == PostingState.POSTED,
            Posting.operation.in_(WRITE_OPERATIONS),
            Posting.kind.in_(KINDS_BY_ROLE[new_record.role]),
            code == new_record.code,
        )
        .order_by(Posting.id.desc())
        .limit(1)
    )
    party_id = batch.session.scalar(query)
    return batch.setup.index.records(new_record.role).get_active(party_id or "")


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
