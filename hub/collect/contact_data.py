"""Build documents that add missing contact data to matched parties in QuickBooks."""

from collections.abc import Iterable, Iterator
from typing import cast

from hub import outbox
from hub.collect.batch import CollectBatch
from hub.contract.documents import Document, Kind, Party
from hub.contract.states import Stage
from hub.mapping import MatchedParty
from hub.models import SourceDocument, StoredRecord
from hub.payloads.shared_fields import is_email_address


def build_contact_data_changes(
    batch: CollectBatch, matched_parties: Iterable[MatchedParty]
) -> Iterator[Document]:
    """Yield a change of each matched party that lacks contact data which its code has."""
    for matched_party in matched_parties:
        party = (matched_party.role, matched_party.code)
        if party in batch.parties_with_contact_data:
            continue
        batch.parties_with_contact_data.add(party)
        document = _build_party_change(batch, matched_party)
        if document:
            yield document


def _build_party_change(batch: CollectBatch, matched_party: MatchedParty) -> Document | None:
    """Return a document that adds contact data to a party; None if nothing is to be added.

    A party that the hub has not created gets a row of its own for this change. If the row is that
    of a document of the source, or is about to create the party, nothing is changed.
    """
    key = (batch.installation.company_id, matched_party.role, matched_party.id)
    record = batch.session.get(StoredRecord, key)
    details = _find_missing_details(record, matched_party.details) if record else None
    if details is None:
        return None
    row = batch.find_or_add_record_row(matched_party.code, matched_party.role, matched_party.field)
    if not row.made_for or _is_being_created(batch, row):
        return None
    return Document(
        kind=cast(Kind, matched_party.role),
        source_id=matched_party.code,
        quickbooks_id=matched_party.id,
        stage=Stage.UPDATE_ONLY,
        details=details,
    )


def _is_being_created(batch: CollectBatch, row: SourceDocument) -> bool:
    """Return whether the creation of a record is planned or being sent."""
    return any(creation.state in outbox.UNFINISHED for creation in batch.creations(row))


def _find_missing_details(record: StoredRecord, details: Party) -> Party | None:
    """Return the contact data that the code has and the record lacks; None if there is none."""
    if "sync_token" not in record.body:
        # QuickBooks has not returned the data of this new record yet, so what it lacks is unknown.
        return None
    missing = Party(
        name=record.name,
        email=None if record.email else _get_email(details),
        phone=None if record.body.get("phone") else details.phone,
        contact=None if record.body.get("contact") else details.contact,
    )
    if missing.email or missing.phone or missing.contact:
        return missing
    return None


def _get_email(details: Party) -> str | None:
    """Return the e-mail address of a party; None if QuickBooks does not take it."""
    email = (details.email or "").strip()
    return email if is_email_address(email) else None
