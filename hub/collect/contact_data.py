"""Contact data that a matched party in QuickBooks lacks, planned as a change of that party."""

from typing import TYPE_CHECKING, cast

from hub import outbox
from hub.contract.documents import Document, Kind, Party
from hub.mapping import Fill, Mapped
from hub.models import Record

if TYPE_CHECKING:
    from hub.collect.batch import Group


def fill(group: "Group", mapped: Mapped) -> None:
    """Plan a change of each matched party that lacks contact data which its code has."""
    for one in mapped.fills:
        if (one.role, one.code) not in group.filled:
            group.filled.add((one.role, one.code))
            _fill(group, one)


def _fill(group: "Group", one: Fill) -> None:
    record = group.session.get(Record, (group.installation.company_id, one.role, one.id))
    lacking = _lacking(record, one.details) if record else None
    if lacking is None:
        return
    row = group.made(one.code, one.role, one.field)
    under_way = outbox.UNSENT + outbox.IN_FLIGHT
    is_being_made = any(
        posting.operation == "create" and posting.state in under_way
        for posting in group.postings(row)
    )
    if not row.made_for or is_being_made:
        return
    group.take_document(
        Document(
            kind=cast(Kind, one.role),
            source_id=one.code,
            quickbooks_id=one.id,
            stage="update_only",
            details=lacking,
        )
    )


def _lacking(record: Record, details: Party) -> Party | None:
    """Return the contact data that the code has and the record lacks, None if there is none."""
    if "sync_token" not in record.body:
        return (
            None  # a new record whose data QuickBooks has not shown yet: nothing says what it lacks
        )
    found = Party(
        name=record.name,
        email=None if record.email else details.email,
        phone=None if record.body.get("phone") else details.phone,
        contact=None if record.body.get("contact") else details.contact,
    )
    return found if found.email or found.phone or found.contact else None
