"""Facts about a code that help to match it: what the source knows, and which documents wait."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases.causes import build_match_cause
from hub.contract.codec import load
from hub.contract.document_kinds import PARTY_ROLES
from hub.contract.documents import Address, Code, Document, Item, Party, Role
from hub.models import (
    NAMES_ONLY,
    Case,
    Installation,
    Posting,
    SeenCode,
    SourceDocument,
    case_posting,
)
from hub.models.document_terms import DocumentTerm, list_terms
from hub.translations.messages import gettext, gettext_noop
from hub.web.authentication.access import load_scope
from hub.web.codes import code_lookup
from hub.web.frame.source_view import ITEM_TYPES, format_money
from hub.web.lists import case_list
from hub.web.lists.case_list import CaseRow

MAX_LISTED_DOCUMENTS = 3
MAX_SEARCHED_DOCUMENTS = 50  # documents of one party that are searched for a code
MAX_CANDIDATE_DOCUMENTS = 1_000  # with a word of the party's name


@dataclass(frozen=True)
class SourceFacts:
    """The facts that the source has of a code, and the newest documents that wait for it or use it.

    Each document is preceded by its kind.
    """

    facts: list[tuple[str, str]] = field(default_factory=list)
    documents: list[tuple[str, SourceDocument]] = field(default_factory=list)
    waiting: CaseRow | None = None


def list_source_facts(
    session: Session,
    installation: Installation,
    source_code: SeenCode,
    role: Role,
    used: Code | str | None,
) -> SourceFacts:
    """Return the facts of the source about a code; `used` is the code as a held document has it."""
    cause = build_match_cause(installation.id, source_code.field, source_code.code)
    waiting = load_waiting_documents(session, [cause]).get(cause)
    documents = _load_waiting_documents(session, waiting.case.id) if waiting else []
    if not documents and role in PARTY_ROLES:
        using = _load_documents_with_code(session, installation, source_code)
        documents = [(document.kind, document) for document, _ in using]
        used = used or next((code for _, code in using), None)
    facts = [
        (gettext_noop("Name"), source_code.name),
        (gettext_noop("Number"), source_code.number),
        (gettext_noop("Id"), source_code.code),
    ]
    details = used.create if isinstance(used, Code) else None
    facts += _list_detail_facts(details)
    return SourceFacts(
        facts=[(label, text) for label, text in facts if text],
        documents=documents,
        waiting=waiting,
    )


def load_waiting_documents(session: Session, causes: Iterable[str]) -> dict[str, CaseRow]:
    """Return the open cases in which documents wait for codes, by cause."""
    query = select(Case).where(
        Case.cause.in_(list(causes)), Case.closed_at.is_(None), *load_scope().cases()
    )
    rows = case_list.build_rows(session, list(session.scalars(query)))
    return {row.case.cause: row for row in rows}


def _list_detail_facts(details: Party | Item | None) -> list[tuple[str, str]]:
    """Return labels and texts of the details from which a new record would be created."""
    if isinstance(details, Party):
        return _list_party_facts(details)
    if isinstance(details, Item):
        return [
            (gettext_noop("Type"), gettext(ITEM_TYPES[details.type])),
            (gettext_noop("SKU"), details.sku or ""),
            (gettext_noop("Description"), details.description or ""),
            (gettext_noop("Price"), format_money(details.price, "")),
            (gettext_noop("Cost"), format_money(details.cost, "")),
        ]
    return []


def _list_party_facts(details: Party) -> list[tuple[str, str]]:
    """Return labels and texts of the details of a new vendor or customer."""
    return [
        (gettext_noop("Organisation number"), details.number or ""),
        (gettext_noop("E-mail"), details.email or ""),
        (gettext_noop("Phone"), details.phone or ""),
        (gettext_noop("Contact"), details.contact or ""),
        (gettext_noop("Address"), _format_address(details.address)),
        (gettext_noop("Currency"), details.currency or ""),
    ]


def _format_address(address: Address | None) -> str:
    """Return the street, the postal code and the city on one line; "" without an address."""
    if address is None:
        return ""
    parts = (*address.lines, address.postal_code, address.city)
    return ", ".join(part for part in parts if part)


def _load_waiting_documents(session: Session, case_id: int) -> list[tuple[str, SourceDocument]]:
    """Return the newest documents that a case stops and the person may see."""
    query = (
        select(Posting)
        .join(case_posting, case_posting.c.posting_id == Posting.id)
        .where(case_posting.c.case_id == case_id, *load_scope().postings())
        .order_by(Posting.id.desc())
        .limit(MAX_LISTED_DOCUMENTS)
        .options(*NAMES_ONLY)
    )
    postings = session.scalars(query).unique()
    return [(posting.kind, posting.document) for posting in postings]


def _load_documents_with_code(
    session: Session, installation: Installation, source_code: SeenCode
) -> list[tuple[SourceDocument, Code | str]]:
    """Return the newest documents that use the code of a party, each with its own form of the code.

    They are searched by the name of the party, among the newest documents with its longest word.
    Older documents in which the party had another name are not found.
    """
    words = list_terms([source_code.name])
    if not words:
        return []
    with_word = (
        select(DocumentTerm.document_id)
        .where(DocumentTerm.term == max(words, key=len))
        .order_by(DocumentTerm.document_id.desc())
        .limit(MAX_CANDIDATE_DOCUMENTS)
    )
    query = (
        select(SourceDocument)
        .where(
            SourceDocument.id.in_(with_word),
            SourceDocument.installation_id == installation.id,
            SourceDocument.party == source_code.name,
            SourceDocument.made_for == "",
        )
        .order_by(SourceDocument.id.desc())
        .limit(MAX_SEARCHED_DOCUMENTS)
    )
    using: list[tuple[SourceDocument, Code | str]] = []
    for row in session.scalars(query):
        if not row.body or len(using) == MAX_LISTED_DOCUMENTS:
            continue
        document = load(Document, row.body)
        code = code_lookup.find_code(document, source_code.field, source_code.code)
        if code is not None:
            using.append((row, code))
    return using
