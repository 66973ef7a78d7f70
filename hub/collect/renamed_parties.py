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
from hub.mapping import NEW, Create, Entry, Missing, to_ref
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


def find_renamed_parties(batch: CollectBatch, creates: Iterable[Create]) -> list[Missing]:
    """Return the codes of parties that would be created although documents of theirs are posted.

    A person who confirmed a party as new is not asked again.
    """
    missing = []
    for create in creates:
        if create.role not in PARTY_ROLES or _is_confirmed(batch, create):
            continue
        if not _is_used_before(batch, create) or _is_created(batch, create):
            continue
        party = _find_earlier_party(batch, create)
        if party is not None:
            missing.append(_build_missing(batch, create, party))
    return missing


def _is_confirmed(batch: CollectBatch, create: Create) -> bool:
    """Return whether a person confirmed that a party is new."""
    decision = batch.setup.index.matches.get((create.field, create.code))
    return decision is not None and decision.record == NEW


def _is_created(batch: CollectBatch, create: Create) -> bool:
    """Return whether a party is being created for its code, or was."""
    batch.load_documents([create.code])
    row = batch.rows.get(create.code)
    if row is None:
        return False
    creations = [
        posting for posting in batch.postings(row) if posting.operation == Operation.CREATE
    ]
    return any(creation.state in OWN_PARTY_STATES for creation in creations)


def _is_used_before(batch: CollectBatch, create: Create) -> bool:
    """Return whether an earlier batch had the code of a party."""
    is_code = (
        SeenCode.installation_id == batch.installation.id,
        SeenCode.field == create.field,
        SeenCode.code == create.code,
    )
    return batch.session.scalar(select(SeenCode.id).where(*is_code)) is not None


def _find_earlier_party(batch: CollectBatch, create: Create) -> Entry | None:
    """Return the party that the newest posted document of a code has, if it is active."""
    code = SourceDocument.body["codes", create.field, "id"].as_string()
    query = (
        select(Posting.stored_summary["party"].as_string())
        .join(Posting.document)
        .where(
            Posting.installation_id == batch.installation.id,
            Posting.state == PostingState.POSTED,
            Posting.operation.in_(WRITE_OPERATIONS),
            Posting.kind.in_(KINDS_BY_ROLE[create.role]),
            code == create.code,
        )
        .order_by(Posting.id.desc())
        .limit(1)
    )
    party_id = batch.session.scalar(query)
    return batch.setup.index.records(create.role).get_active(party_id or "")


def _build_missing(batch: CollectBatch, create: Create, party: Entry) -> Missing:
    """Return the code of a renamed party, with the party that its documents have."""
    label = _find_label(batch, create.field)
    return Missing(
        field=create.field,
        label=label,
        role=create.role,
        code=create.code,
        name=create.details.name,
        problem=Sentence(
            "it would be created, but its documents were posted to %(record)s, which has another"
            " name now.",
            record=party.qualified_name,
        ),
        suggestions=(to_ref(create.role, party),),
        new_name=create.details.name,
    )


def _find_label(batch: CollectBatch, name: str) -> str:
    """Return the name of a field for people."""
    labels: Sequence[str] = [field.label for field in batch.setup.fields if field.name == name]
    return labels[0] if labels else name
