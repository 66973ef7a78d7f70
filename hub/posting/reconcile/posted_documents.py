"""The documents that stand in QuickBooks through us: what made each, what wrote it last, and its head there now."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, or_, select
from sqlalchemy.orm import Session, defer, joinedload

from hub.cases import inbox
from hub.db.engine import reading
from hub.models import Case, Posting, SourceDocument, TransactionHead
from hub.money import ZERO, format_amount
from hub.outbox.planning import IN_FLIGHT, REMOVALS, UNSENT
from hub.posting import case_texts, receipts
from hub.posting.protocol.history import LIST_KINDS
from hub.qbo import payloads

AT_ONCE = 500
OUTLINED = 5000  # at once in short
SUFFIX = "-in-quickbooks"  # of the cause of a case of this sort
ACTS = {
    "missing": (
        "No longer in QuickBooks",
        "retry",
        "Press Retry to post it anew, or Skip to leave it out.",
    ),
    "voided": (
        "Voided in QuickBooks",
        "retry",
        "Press Retry to post it anew, or Skip to leave it voided.",
    ),
    "differs": (
        "Changed in QuickBooks",
        "none",
        "Compare the two and correct the one that is wrong, or close this.",
    ),
}
SAME_HEAD = and_(
    TransactionHead.company_id == Posting.company_id,
    TransactionHead.kind == Posting.kind,
    TransactionHead.quickbooks_id == Posting.quickbooks_id,
)
CHANGED = "update", "delete", "void"
DATED = Posting.meaning["date"].as_string()
OUTLINE = (
    Posting.id,
    Posting.document_id,
    SourceDocument.slug,
    Posting.kind,
    Posting.part,
    Posting.currency,
    DATED,
    SourceDocument.date,
    Posting.total,
    SourceDocument.total,
    Posting.posted_total,
    TransactionHead.state,
    TransactionHead.total,
)


class PostedSummary(NamedTuple):
    """What counts of a document in the books: what the source said, what was written, what its head tells."""

    id: int
    document_id: int
    slug: str
    kind: str
    part: str
    currency: str
    dated: str | None  # as it was written last
    date: dt.date | None  # as the source says it
    own: Decimal | None
    said: Decimal | None  # by the source, of the whole document
    total: Decimal | None  # what QuickBooks answered when we wrote it last
    state: str | None
    there: Decimal | None
    busy: bool = False  # a change of ours is on its way, so what QuickBooks shows may be half of it

    @property
    def period(self) -> str:
        """The month that it is dated in."""
        return str(self.dated or self.date or "")[:7]

    @property
    def whole(self) -> Decimal | None:
        """Its total at the source."""
        return self.own if self.part or self.said is None else self.said

    @property
    def trouble(self) -> str:
        """What its head tells is wrong: missing, voided, differs or nothing."""
        if self.state in (None, "deleted"):
            return "missing"
        if self.state == "voided":
            return "voided"
        return "differs" if self.total is not None and self.there != self.total else ""

    @property
    def held(self) -> Decimal:
        """What QuickBooks holds of it."""
        return (self.there or ZERO) if self.state == "live" else ZERO


@dataclass(frozen=True)
class PostedDocument:
    """A document that is posted: the posting that made it, the one that wrote it last, and what QuickBooks holds."""

    posting: Posting
    newest: Posting
    head: TransactionHead | None
    busy: bool = False  # a change of ours is on its way, so what QuickBooks shows may be half of it

    @property
    def outline(self) -> PostedSummary:
        """The same in short."""
        posting, document, newest, head = (
            self.posting,
            self.posting.document,
            self.newest,
            self.head,
        )
        dated, state, there = (
            newest.summary.date or None,
            head.state if head else None,
            head.total if head else None,
        )
        return PostedSummary(
            posting.id,
            document.id,
            document.slug,
            posting.kind,
            posting.part,
            posting.currency,
            dated,
            document.date,
            posting.total,
            document.total,
            newest.posted_total,
            state,
            there,
            self.busy,
        )

    @property
    def total(self) -> Decimal | None:
        """What QuickBooks answered when we wrote it last."""
        return self.newest.posted_total

    @property
    def trouble(self) -> str:
        """What its head tells is wrong: missing, voided, differs or nothing."""
        return self.outline.trouble

    @property
    def edited(self) -> bool:
        """Whether something that counts in it is another than what we wrote, as far as its head tells."""
        written = payloads.content(self.posting.kind, self.newest.answer or {})
        return self.head is not None and self.head.content != written

    @property
    def said(self) -> str:
        """Describe what is wrong with the transaction, as the end of a sentence."""
        trouble = self.trouble
        if trouble == "voided":
            return "was voided there"
        if trouble != "differs" or not self.head or self.total is None:
            return "is no longer there"
        currency = self.head.currency or self.posting.currency or "USD"
        there = format_amount(self.head.total or ZERO, currency)
        return f"has {there} there, where {format_amount(self.total, currency)} was posted"


def iter_posted(company_id: int) -> Iterator[list[PostedSummary]]:
    """Yield summaries of the posted documents that were not removed, in groups."""
    query = (
        select(*OUTLINE)
        .join(Posting.document)
        .outerjoin(TransactionHead, SAME_HEAD)
        .where(*made(company_id), Posting.kind.not_in(LIST_KINDS))
        .order_by(Posting.id)
        .limit(OUTLINED)
    )
    last_id = 0
    while True:
        with reading() as session:
            rows = session.execute(query.where(Posting.id > last_id)).all()
            document_ids = [row.document_id for row in rows]
            writes = _rewritten(session, document_ids)
            busy = _busy(session, document_ids)
        if not rows:
            return
        last_id = rows[-1].id
        summaries = []
        for row in rows:
            created = PostedSummary._make((*row, row.document_id in busy))
            current = _as_changed(created, writes.get((created.document_id, created.part), ()))
            if current:
                summaries.append(current)
        yield summaries


def _rewritten(
    session: Session, documents: list[int]
) -> Mapping[tuple[int, str], list[Row[*tuple[Any, ...]]]]:
    """Return the posted changes, removals and later creations of each part of these documents, oldest first."""
    columns = Posting.id, Posting.document_id, Posting.part, Posting.operation, Posting.posted_total
    wrote = select(*columns, DATED.label("dated"))
    posted = wrote.where(Posting.document_id.in_(documents), *_later_writes()).order_by(Posting.id)
    return _by_part(session.execute(posted))


def _as_changed(
    one: PostedSummary, writes: Sequence[Row[*tuple[Any, ...]]]
) -> PostedSummary | None:
    """Return a document as its last change left it; None when that removed it, or a later creation replaced it."""
    last = _last_write(one, writes)
    if last is None or last is one:
        return one if last else None
    return one._replace(dated=last.dated, total=last.posted_total)


def _last_write(creation: Any, writes: Sequence[Any]) -> Any:
    """Return the last write to a created transaction.

    None if the transaction was removed, or created again later.
    """
    last = creation
    for write in writes:
        if write.id <= creation.id:
            continue
        if write.operation == "create":
            return None
        last = write
    if last is not creation and last.operation in REMOVALS:
        return None
    return last


def under(
    session: Session, company_id: int, heads: Sequence[TransactionHead]
) -> list[PostedDocument]:
    """Those of the documents that these heads are of."""
    wanted = {(head.kind, head.quickbooks_id) for head in heads}
    named = Posting.quickbooks_id.in_([id for _, id in wanted])
    found = [
        row
        for row in rows(session, company_id, [named], len(wanted) * 4)
        if _named(row[0]) in wanted
    ]
    return group(session, found)


def cased(session: Session, company_id: int) -> set[int]:
    """The postings that have an open case of this sort."""
    open_ = select(Case.cause).where(Case.company_id == company_id, Case.closed_at.is_(None))
    ours = open_.where(Case.cause.like(f"posting:%{SUFFIX}"))
    return {int(cause.split(":")[1]) for cause in session.scalars(ours)}


def again(session: Session, company_id: int, id: int) -> PostedDocument | None:
    """The same as it is at this moment, nobody else moving it until this transaction ends; None when it is not ours."""
    of = select(Posting.document_id).where(Posting.id == id).scalar_subquery()
    session.execute(select(Posting.id).where(Posting.document_id == of).with_for_update()).all()
    found = group(session, rows(session, company_id, [Posting.id == id]))
    return found[0] if found else None


def judge(session: Session, one: PostedDocument, trouble: str, reason: str) -> bool:
    """Opens the case of one document, closes its others, and has the source told; False when a person accepted it."""
    posting = one.posting
    for name in ACTS:
        if name != trouble:
            inbox.close(session, _cause(posting, name))
    if not trouble:
        return True
    if inbox.dismissed(session, _cause(posting, trouble), reason):
        return False
    title, act, do = ACTS[trouble]
    inbox.open(
        session,
        _cause(posting, trouble),
        title=title,
        reason=reason,
        act=act,
        do=do,
        company_id=posting.company_id,
        installation_id=posting.installation_id,
        postings=[posting],
    )
    state: Any = "changed" if trouble == "differs" else "missing"
    receipts.queue(
        session, posting.document, state, posting=one.newest, message=reason, again=False
    )
    return True


def reason(one: PostedDocument) -> str:
    """The sentence of its case."""
    return f"{case_texts.called(one.posting)} was posted as transaction {one.posting.quickbooks_id}, which {one.said}."


def _cause(posting: Posting, trouble: str) -> str:
    return f"posting:{posting.id}:{trouble}{SUFFIX}"


def made(company_id: int) -> tuple[ColumnElement[bool], ...]:
    """What tells the postings that created something."""
    return (
        Posting.company_id == company_id,
        Posting.operation == "create",
        Posting.state == "posted",
    )


def rows(
    session: Session, company_id: int, where: Sequence[ColumnElement[bool]], most: int = AT_ONCE
) -> list[Any]:
    """Postings that created something, by id, each with its head."""
    wanted = (
        select(Posting, TransactionHead)
        .outerjoin(TransactionHead, SAME_HEAD)
        .where(*made(company_id), *where)
    )
    light = joinedload(Posting.document), defer(Posting.payload)
    fresh = wanted.options(*light).execution_options(populate_existing=True)
    return list(session.execute(fresh.order_by(Posting.id).limit(most)).all())


def group(session: Session, found: Sequence[Any]) -> list[PostedDocument]:
    """Return what of these rows is still ours: neither removed by us nor created again later."""
    documents = [posting.document_id for posting, _ in found]
    writes, busy = _writes(session, documents), _busy(session, documents)
    return [
        PostedDocument(posting, last, head, busy=posting.document_id in busy)
        for posting, head in found
        if posting.kind not in LIST_KINDS
        and (last := _last_write(posting, writes.get(_key(posting), ()))) is not None
    ]


def _key(posting: Posting) -> tuple[int, str]:
    return posting.document_id, posting.part


def _named(posting: Posting) -> tuple[str, str]:
    return posting.kind, str(posting.quickbooks_id)


def _busy(session: Session, documents: list[int]) -> set[int]:
    """Return the documents that are being changed, or are to be created again."""
    created_again = and_(
        Posting.operation == "create", Posting.generation > 0, Posting.state.in_(UNSENT)
    )
    mine = (
        Posting.document_id.in_(documents),
        or_(Posting.state.in_(IN_FLIGHT), created_again),
        Posting.operation != "attach",
    )
    return set(session.scalars(select(Posting.document_id).where(*mine)))


def _writes(session: Session, documents: list[int]) -> Mapping[tuple[int, str], list[Posting]]:
    """Return the posted changes, removals and later creations of each part of these documents, oldest first."""
    posted = (
        select(Posting)
        .where(Posting.document_id.in_(documents), *_later_writes())
        .options(defer(Posting.payload))
    )
    return _by_part(session.scalars(posted.order_by(Posting.id)))


def _by_part(writes: Iterable[Any]) -> Mapping[tuple[int, str], list[Any]]:
    """Group postings, or rows with their columns, by the part of a document that they write."""
    found: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for one in writes:
        found[one.document_id, one.part].append(one)
    return found


def _later_writes() -> tuple[ColumnElement[bool], ...]:
    """Tell what is written after the first creation of a document."""
    later_creation = and_(Posting.operation == "create", Posting.generation > 0)
    return or_(Posting.operation.in_(CHANGED), later_creation), Posting.state == "posted"
