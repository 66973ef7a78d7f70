"""Compare the responses of QuickBooks with what was sent, and open a case if they differ."""

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import payloads
from hub.cases.causes import RESPONSE_DIFFERS
from hub.errors import Sentence
from hub.models import ConnectedCompany, Posting, SourceDocument, TransactionSummary
from hub.models.cases import DIFFERENCES
from hub.models.display_names import format_posting_name
from hub.payloads import FileSummary
from hub.posting import posting_cases
from hub.posting.outcome import awaited_records
from hub.posting.party_lists import get_party_list
from hub.qbo.display_names import load_namer
from hub.reasons.texts import CaseText

UNREADABLE_DIFFERENCE = Sentence("What it answered cannot be read, so it was not compared.")


def compare_with_sent(
    session: Session, posting: Posting, entity: dict[str, Any], current: TransactionSummary, id: str
) -> None:
    """Open a case if the response of QuickBooks differs from what was sent.

    The posting stays posted. `current` is the summary of `entity`, the content of the response.
    """
    if current is payloads.UNREADABLE:
        differences: list[str] = [UNREADABLE_DIFFERENCE]
    else:
        name_of = load_namer(
            session, posting.company_id, get_party_list(posting.kind, posting.summary)
        )
        expected_summary = awaited_records.complete_summary(session, posting, entity)
        differences = payloads.describe_differences(expected_summary, current, name_of=name_of)
        differences += _describe_rate(session, posting, entity)
    if not differences:
        return
    text = CaseText(
        "outcome.differs",
        name=format_posting_name(posting),
        differences=" ".join(differences),
    )
    details = {DIFFERENCES: differences, "quickbooks_id": id}
    posting_cases.open_case(session, posting, RESPONSE_DIFFERS, text, details)


def _describe_rate(session: Session, posting: Posting, entity: dict[str, Any]) -> list[str]:
    """Return a sentence if QuickBooks entered no exchange rate where the source states none."""
    if not payloads.has_rate_of_one(entity):
        return []
    company = session.get_one(ConnectedCompany, posting.company_id)
    sentences = payloads.describe_rate_of_one(posting.summary.currency, company.currency)
    if not sentences:
        return []
    stated_rate = SourceDocument.body["exchange_rate"].as_string()
    query = select(stated_rate).where(SourceDocument.id == posting.document_id)
    return [] if session.scalar(query) else sentences


def compare_file_with_sent(
    session: Session, posting: Posting, entity: dict[str, Any], id: str
) -> None:
    """Open a case if a file is not attached to its transaction, complete and under its name."""
    metadata = json.loads(posting.payload or b"{}")
    if "AttachableRef" not in metadata:
        return  # it was found in QuickBooks before it was fetched, so nothing more is known
    size = FileSummary.load(posting.stored_summary).size
    differences = payloads.find_file_differences(metadata, size, entity)
    if not differences:
        return
    text = CaseText(
        "outcome.file_differs",
        name=format_posting_name(posting),
        attachment_id=id,
        differences=" ".join(differences),
    )
    details = {DIFFERENCES: differences}
    posting_cases.open_case(session, posting, "file-differs", text, details)
