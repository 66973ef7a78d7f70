"""Find documents with the same number as another document that is not in QuickBooks yet."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from hub.cases.findings import Finding
from hub.context import current_hub
from hub.contract.document_kinds import TWIN_KINDS
from hub.models import Installation, Posting, SourceDocument
from hub.models.display_names import format_posting_name
from hub.models.enums import Operation
from hub.outbox.states import IN_FLIGHT, UNDER_WAY
from hub.payloads.entities import DOCUMENT_ENTITIES
from hub.posting.preflight.duplicate_checks import is_number_conflict
from hub.posting.preflight.postings import CheckedPosting
from hub.posting.protocol.document_numbers import fold_number
from hub.reasons.texts import CaseText

_number = Posting.stored_summary["number"].as_string()
_NUMBERED_CREATIONS = select(
    Posting.id,
    Posting.document_id,
    Posting.kind,
    Posting.state,
    Posting.installation_id,
    _number.label("number"),
    Posting.stored_summary["party"].as_string().label("party"),
    Posting.stored_summary["total"].as_string().label("total"),
).where(
    Posting.operation == Operation.CREATE,
    Posting.kind.in_(DOCUMENT_ENTITIES),
    Posting.state.in_(UNDER_WAY),
    _number != "",
)


class _NumberedPosting(NamedTuple):
    """A posting that is to be sent, or may have been."""

    id: int
    document_id: int
    party: str
    total: Decimal | None


_PostingsByNumber = dict[tuple[str, str], list[_NumberedPosting]]  # by kind and number


class UnsentTwins:
    """The postings of a company that passed the checks and are not known to be in QuickBooks.

    The transaction index does not contain them, so documents with the same number in one run are
    compared here. Postings are added as they pass, so the first of several is sent. Held postings,
    and those of apps that may not post now, are left out: they are compared when they are released.
    """

    def __init__(self, company_id: int, checked_ids: Collection[int]) -> None:
        """Compare postings of all apps of a company; `checked_ids` are those to be checked."""
        self._company_id = company_id
        self._checked_ids = frozenset(checked_ids)
        self._active_installations: frozenset[int] = frozenset()
        self._postings: _PostingsByNumber | None = None

    def find_or_add(self, session: Session, posting: CheckedPosting) -> int | None:
        """Return the posting that has the number of this one already; add this one if none has."""
        number = posting.summary.number
        if posting.operation != Operation.CREATE or not number:
            return None
        if posting.kind not in DOCUMENT_ENTITIES:
            return None
        if self._postings is None:
            self._postings = self._load(session)
        twin = self._find_twin(self._postings, posting)
        if twin is None and posting.installation_id in self._active_installations:
            summary = posting.summary
            self._postings[posting.kind, fold_number(number)].append(
                _NumberedPosting(posting.id, posting.document_id, summary.party, summary.total)
            )
        return twin

    def _load(self, session: Session) -> _PostingsByNumber:
        """Return the postings that are to be sent or being sent, without those to be checked."""
        is_own = Installation.company_id == self._company_id
        active = session.scalars(select(Installation.id).where(is_own, Installation.is_active))
        self._active_installations = frozenset(active)
        query = _NUMBERED_CREATIONS.where(Posting.company_id == self._company_id)
        postings: _PostingsByNumber = defaultdict(list)
        for row in session.execute(query):
            may_be_sent = row.installation_id in self._active_installations
            is_counted = may_be_sent or row.state in IN_FLIGHT
            if is_counted and row.id not in self._checked_ids:
                total = None if row.total is None else Decimal(row.total)
                posting = _NumberedPosting(row.id, row.document_id, row.party or "", total)
                postings[row.kind, fold_number(row.number)].append(posting)
        return postings

    def _find_twin(self, postings: _PostingsByNumber, posting: CheckedPosting) -> int | None:
        """Return a posting of another document that has the number of this one."""
        number = fold_number(posting.summary.number)
        for kind in filter(None, (posting.kind, TWIN_KINDS.get(posting.kind))):
            for other in postings.get((kind, number), ()):
                # The parts of a split document share its number.
                if other.id == posting.id or other.document_id == posting.document_id:
                    continue
                if is_number_conflict(posting, kind, other.party, other.total):
                    return other.id
        return None


def build_findings(
    session: Session, postings: Sequence[CheckedPosting], twin_ids: Mapping[int, int]
) -> dict[int, list[Finding]]:
    """Return the finding of each posting that has a twin, by posting.

    Its key is the one that `duplicate_checks` uses once the twin is in QuickBooks, so that both
    findings belong to the same case.
    """
    if not twin_ids:
        return {}
    query = (
        select(Posting)
        .join(Posting.document)
        .where(Posting.id.in_(set(twin_ids.values())))
        .options(contains_eager(Posting.document))
    )
    twins = {twin.id: twin for twin in session.scalars(query)}
    findings = {}
    for posting in postings:
        if posting.id in twin_ids:
            text = _describe(posting, twins[twin_ids[posting.id]])
            findings[posting.id] = [Finding(key="used", text=text)]
    return findings


def _describe(posting: CheckedPosting, twin: Posting) -> CaseText:
    """Return the reason of a finding; of a twin from another app, only the app is named."""
    name = format_posting_name(posting)
    document: SourceDocument = twin.document
    if twin.installation_id == posting.installation_id:
        return CaseText("check.number_planned", name=name, other=document.source_id)
    app = current_hub().plugins.apps.get(document.slug)
    return CaseText(
        "check.number_planned_elsewhere", name=name, app=app.name if app else document.slug
    )
