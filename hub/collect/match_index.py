"""Load the matches of an app, and the records that were created for documents of its source."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Select, select, text
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.contract.types import Field
from hub.mapping import Decision, MatchIndex
from hub.models import Installation, Posting, SourceDocument
from hub.models.enums import WRITE_OPERATIONS, MatchOrigin, PostingState
from hub.models.postings import PARTIES_AND_ITEMS
from hub.outbox.document_counts import has_posted
from hub.qbo import records
from hub.sources.site import get_app


def build_match_index(
    session: Session, installation: Installation, fields: Iterable[Field]
) -> MatchIndex:
    """Return the matches and record lists with which the documents of an installation are mapped.

    `add_created_records` adds the records that were created for documents of the source.
    """
    plugin_name = current_hub().plugins.get_plugin_name(installation.slug)
    tenant = installation.tenant or ""
    company_id = installation.company_id
    index = records.load_match_index(session, company_id, plugin_name, tenant, fields)
    if not has_posted(session, installation.id):
        index.confirm_first = frozenset(get_app(installation).match_first)
    return index


def add_created_records(
    session: Session,
    installation: Installation,
    fields: Sequence[Field],
    index: MatchIndex,
    *where: ColumnElement[bool],
) -> None:
    """Add the records that were created for documents of this source to an index.

    A code with the id of such a document is linked to the record, unless the code is matched
    already. `where` restricts the documents.
    """
    matches: dict[tuple[str, str], Decision] = {}
    created_for: dict[tuple[str, str], str] = {}
    query = _select_created_records(installation).where(*where)
    # A record may have been created again, and the newer one counts. The rows are sorted here,
    # because SQLite would read all postings in this order instead of the index over these few.
    rows = sorted(session.execute(query), key=lambda row: row.id)
    for _, kind, made_for, source_id, quickbooks_id in rows:
        record_id = quickbooks_id or ""
        link = Decision(record=record_id, match_method=MatchOrigin.LINK)
        for field in fields:
            if field.role == kind or field.name == made_for:
                matches[field.name, source_id] = link
                created_for[field.name, record_id] = source_id
    index.matches = matches | dict(index.matches)
    index.created_for = dict(index.created_for) | created_for


def _select_created_records(installation: Installation) -> Select[int, str, str, str, str | None]:
    """Select the posted parties and items of this source.

    The columns are the posting's id, kind, field of the code that it was made for, source id and
    QuickBooks id.
    """
    return (
        select(
            Posting.id,
            Posting.kind,
            SourceDocument.made_for,
            SourceDocument.source_id,
            Posting.quickbooks_id,
        )
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            SourceDocument.company_id == installation.company_id,
            SourceDocument.tenant == installation.tenant,
            SourceDocument.slug == installation.slug,
            text(f"posting.{PARTIES_AND_ITEMS}"),
        )
        .where(
            Posting.company_id == installation.company_id,
            Posting.state == PostingState.POSTED,
            Posting.operation.in_(WRITE_OPERATIONS),
            Posting.quickbooks_id.is_not(None),
        )
    )
