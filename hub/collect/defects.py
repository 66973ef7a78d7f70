"""Find defects because of which a document cannot be stored, or not be searched in QuickBooks."""

from decimal import Decimal

from hub.collect.batch import CollectBatch
from hub.contract.documents import Document
from hub.contract.long_ids import MAX_SHOWN_ID_LENGTH
from hub.contract.states import Stage
from hub.errors import Sentence
from hub.mapping.split import get_amount
from hub.models import SourceDocument
from hub.models.enums import PostingState
from hub.money import is_too_large
from hub.payloads.entities import QUICKBOOKS_ID

MAX_ATTACHMENT_ID_LENGTH = 200
MAX_TOTAL_DECIMALS = 6
UNWANTED_STAGES = (Stage.PENDING, Stage.CLOSED)


def find_defect(batch: CollectBatch, row: SourceDocument, document: Document) -> str | None:
    """Return why a document cannot be stored or searched for; None if it can."""
    return _find_storage_defect(document) or _find_id_defect(batch, row, document)


def _find_storage_defect(document: Document) -> str | None:
    """Return why the database cannot hold a document; None if it can."""
    total = document.total
    if total is not None and not _is_storable(total):
        return Sentence(
            "Its total %(total)s is not an amount of money: it is too large or has more than six"
            " decimals.",
            total=str(total),
        )
    too_large = _find_too_large_amount(document)
    if too_large:
        return too_large
    for attachment in document.attachments:
        if len(attachment.id) > MAX_ATTACHMENT_ID_LENGTH:
            return Sentence(
                "One of its files has an id of more than %(max_length)s characters.",
                max_length=MAX_ATTACHMENT_ID_LENGTH,
            )
    return None


def _is_storable(total: Decimal) -> bool:
    """Return whether the database can hold a total."""
    return not is_too_large(total) and total == round(total, MAX_TOTAL_DECIMALS)


def _find_too_large_amount(document: Document) -> str | None:
    """Return which amount of the lines or of the tax is too large to be money."""
    for line in document.lines:
        amounts = (get_amount(line), line.tax)
        if any(amount is not None and is_too_large(amount) for amount in amounts):
            return Sentence(
                "The amount or the tax of line %(line)s is too large to be money. Correct it at the"
                " source.",
                line=line.id,
            )
    if document.tax_total is not None and is_too_large(document.tax_total):
        return Sentence("Its tax is too large to be money. Correct it at the source.")
    return None


def _find_id_defect(batch: CollectBatch, row: SourceDocument, document: Document) -> str | None:
    """Return why QuickBooks cannot be asked for the object that a document names; None if it can.

    QuickBooks is not asked about a document that is unwanted, or posted already.
    """
    id = document.quickbooks_id
    if not id or QUICKBOOKS_ID.fullmatch(id) or document.stage in UNWANTED_STAGES:
        return None
    if any(posting.state == PostingState.POSTED for posting in batch.transaction_postings(row)):
        return None
    return Sentence(
        "It names “%(id)s” as its id in QuickBooks, where ids are whole numbers. Correct it at the"
        " source, or remove it there.",
        id=id[:MAX_SHOWN_ID_LENGTH],
    )
