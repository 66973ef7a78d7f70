"""Is it this document? What we post or have posted beside each transaction in QuickBooks that a case is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.config import API_URLS
from hub.context import current
from hub.models import Case, Head, Posting, Record, SourceDocument
from hub.posting.reconcile import posted_documents
from hub.qbo import deep_links, display
from hub.qbo.client import Client
from hub.web.layout import day, moment
from hub.web.source_view import dated, money

PARTIES = ("Vendor", "Customer", "Party")
COMPARED = (*PARTIES, "Number", "Date", "Total")
OWN = ("State", "Mark", "Created")  # what the hub adds to the facts of a transaction
MAX_READS = 5  # transactions that a page asks QuickBooks for
READ_SECONDS = 5.0  # for all of them together; a page does not wait longer for QuickBooks
Key = tuple[int, str, str]  # company, kind and QuickBooks id of a transaction
Entities = Mapping[Key, dict[str, Any]]
DATES = ("Date", "Due")


@dataclass(frozen=True)
class Found:
    """A transaction in QuickBooks: what its head tells, where a person opens it, and whose mark it bears."""

    id: str
    facts: list[tuple[str, str]]
    head: Head | None
    url: str | None
    whose: SourceDocument | None = None
    foreign: bool = False  # it bears the mark of another document, so it cannot be this one
    present: display.TransactionView | None = (
        None  # as QuickBooks has it now; None where it could not be asked
    )

    @property
    def may_be_taken(self) -> bool:
        """Whether a person may say that this is the document."""
        return not self.foreign and not (self.head and self.head.state in ("deleted", "voided"))


@dataclass(frozen=True)
class Row:
    """One fact: as we post it, as each transaction has it, and whether they differ."""

    label: str
    meant: str
    found: list[str]
    differs: bool


@dataclass(frozen=True)
class LinePair:
    """A line as we post it and the line of QuickBooks beside it; None where one side has no such line."""

    meant: display.TransactionLineView | None
    present: display.TransactionLineView | None

    @property
    def differs(self) -> bool:
        """Whether the two sides differ in what they post."""
        return self.meant != self.present


@dataclass(frozen=True)
class Side:
    """A posting and the transactions that it may be, or is; `asks` a person to say which."""

    posting: Posting | None
    meant: display.TransactionView | None
    found: list[Found]
    title: str = "Is it this document?"
    asks: bool = True

    @property
    def is_taken(self) -> bool:
        """Whether all that was found is posted from other documents."""
        return self.asks and bool(self.found) and all(one.foreign for one in self.found)

    @property
    def rows(self) -> list[Row]:
        """Fact by fact, those that both sides tell first."""
        meant = _meant(self.meant, self.posting) if self.meant and self.posting else {}
        party = next((label for label in PARTIES if label in meant), PARTIES[-1])
        found = [
            {party if label == "Party" else label: text for label, text in one.facts}
            for one in self.found
        ]
        labels = list(dict.fromkeys([*meant, *(label for one in found for label in one)]))
        both = [label for label in labels if label in COMPARED]
        is_present = bool(self.found) and all(one.present for one in self.found)
        return [
            _row(label, meant, found, is_present)
            for label in both + [label for label in labels if label not in both]
        ]

    def lines(self, found: Found) -> list[LinePair]:
        """Align our lines with those of a transaction: equal ones side by side, the others in their order."""
        ours = self.meant.lines if self.meant else ()
        return align(ours, found.present.lines) if found.present else []


def _meant(meant: display.TransactionView, posting: Posting) -> dict[str, str]:
    facts = {label: dated(text) if label in DATES else text for label, text in meant.facts}
    return facts | (
        {"Total": money(meant.total, posting.currency)} if meant.total is not None else {}
    )


def align(
    ours: Sequence[display.TransactionLineView], theirs: Sequence[display.TransactionLineView]
) -> list[LinePair]:
    """Put equal lines of two transactions beside each other, and what stands between them in order."""
    pairs: list[LinePair] = []
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for _, start, end, other_start, other_end in matcher.get_opcodes():
        beside = zip_longest(ours[start:end], theirs[other_start:other_end])
        pairs += [LinePair(one, other) for one, other in beside]
    return pairs


def _row(label: str, meant: dict[str, str], found: list[dict[str, str]], is_present: bool) -> Row:
    mine, theirs = meant.get(label, ""), [one.get(label, "") for one in found]
    known = [text for text, one in zip(theirs, found, strict=True) if one]
    compared = label in COMPARED or (is_present and bool(mine) and label not in OWN)
    return Row(
        label, mine, theirs, bool(meant) and compared and any(text != mine for text in known)
    )


def keys(case: Case, postings: Sequence[Posting]) -> list[Key]:
    """Name the transactions that the page of a case compares."""
    if case.act == "choose":
        ids = candidates(case.details)
        return [(posting.company_id, posting.kind, id) for posting in postings for id in ids]
    if case.cause.endswith(posted_documents.SUFFIX):
        return [
            (posting.company_id, posting.kind, posting.quickbooks_id)
            for posting in postings
            if posting.quickbooks_id
        ]
    if case.cause.startswith("stranger:"):
        kind = case.cause.split(":")[2]
        marked = case.details.get("candidates") or ()
        return [
            (case.company_id or 0, str(one.get("kind") or kind), str(one["id"])) for one in marked
        ]
    return []


def read(wanted: Sequence[Key]) -> dict[Key, dict[str, Any]]:
    """Ask QuickBooks for transactions as they stand now; leave out what it does not have or cannot tell now."""
    found: dict[Key, dict[str, Any]] = {}
    deadline_at = current().clock.monotonic() + READ_SECONDS
    for key in list(dict.fromkeys(wanted))[:MAX_READS]:
        company_id, kind, id = key
        answer = Client(company_id).read(kind, id, deadline_at=deadline_at)
        if answer.landed and answer.entity:
            found[key] = answer.entity
        elif answer.outcome != "refused":
            break
    return found


def of_case(
    session: Session, case: Case, postings: list[Posting], entities: Entities
) -> list[Side]:
    """What a person compares: for a question each posting beside what was found; for news both sides as they are."""
    if case.act == "choose":
        ids = candidates(case.details)
        return [_asked(session, posting, ids, entities) for posting in postings]
    if case.cause.endswith(posted_documents.SUFFIX):
        return [_posted(session, posting, entities) for posting in postings]
    return _marked(session, case, entities) if case.cause.startswith("stranger:") else []


def candidates(details: dict[str, Any]) -> list[str]:
    """The QuickBooks ids that a case names."""
    given = details.get("candidates") or details.get("ids") or details.get("quickbooks_id") or []
    listed = given if isinstance(given, list) else [given]
    return [str(one.get("id") if isinstance(one, dict) else one) for one in listed if one]


def _asked(session: Session, posting: Posting, ids: list[str], entities: Entities) -> Side:
    meant = display.payload(session, posting.company_id, posting.kind, posting.payload)
    return Side(
        posting,
        meant,
        [_found(session, (posting.company_id, posting.kind, id), entities, posting) for id in ids],
    )


def _posted(session: Session, posting: Posting, entities: Entities) -> Side:
    """What stands there now beside what was written last."""
    id = str(posting.quickbooks_id)
    there = [_found(session, (posting.company_id, posting.kind, id), entities, posting)]
    return Side(
        posting,
        _written(session, posting),
        there,
        "What was posted, and what is there now",
        asks=False,
    )


def _written(session: Session, posting: Posting) -> display.TransactionView | None:
    stands = posted_documents.group(
        session, posted_documents.rows(session, posting.company_id, [Posting.id == posting.id])
    )
    answer = stands[0].newest.answer if stands else posting.answer
    if answer.get("Line"):
        return display.entity(session, posting.company_id, posting.kind, answer)
    return display.payload(session, posting.company_id, posting.kind, posting.payload)


def _marked(session: Session, case: Case, entities: Entities) -> list[Side]:
    """Transactions with a mark of ours, each beside the posting of the document that the mark stands for."""
    sides = []
    for one in case.details.get("candidates") or ():
        company_id, kind = case.company_id or 0, str(one.get("kind") or case.cause.split(":")[2])
        head = session.get(Head, (company_id, kind, str(one["id"])))
        whose = _whose(session, head) if head else None
        posting = _posting(session, whose) if whose else None
        found = _found(session, (company_id, kind, str(one["id"])), entities, posting)
        title = (
            "What was posted, and what else bears its mark"
            if posting
            else "A transaction with a mark"
        )
        sides.append(
            Side(
                posting, _written(session, posting) if posting else None, [found], title, asks=False
            )
        )
    return sides


def _posting(session: Session, document: SourceDocument) -> Posting | None:
    """The posting that made a document's transaction."""
    mine = Posting.document_id == document.id, Posting.part == "", Posting.operation == "create"
    return session.scalars(
        select(Posting).where(*mine).order_by(Posting.id.desc()).limit(1)
    ).first()


def _found(session: Session, key: Key, entities: Entities, beside: Posting | None = None) -> Found:
    company_id, kind, id = key
    head = session.get(Head, key)
    whose = _whose(session, head) if head and head.marker else None
    foreign = bool(head and head.marker and beside and head.marker != beside.document.marker)
    if whose and not foreign and beside:
        whose = None  # it is beside it already
    currency = (head.currency if head else "") or (beside.currency if beside else "")
    facts = _facts(session, head, currency) if head else []
    present = display.entity(session, company_id, kind, entities[key]) if key in entities else None
    if present:
        facts = _present_facts(present, currency, facts)
    return Found(id, facts, head, page_of(kind, id), whose, foreign, present)


def _present_facts(
    present: display.TransactionView, currency: str, known: list[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return what QuickBooks has now, with what only the hub knows of it."""
    facts = [(label, dated(text) if label in DATES else text) for label, text in present.facts]
    if present.total is not None:
        facts.append(("Total", money(present.total, present.currency or currency)))
    return facts + [(label, text) for label, text in known if label in OWN]


def page_of(kind: str, id: str) -> str | None:
    """Where a person opens it; nowhere while a stand-in takes the place of QuickBooks."""
    is_real = current().config.qbo_api_url in API_URLS.values() and not current().mounts
    return deep_links.address(kind, id) if is_real else None


def _whose(session: Session, head: Head) -> SourceDocument | None:
    mine = SourceDocument.company_id == head.company_id, SourceDocument.marker == head.marker
    return session.scalars(select(SourceDocument).where(*mine)).first()


def _facts(session: Session, head: Head, currency: str) -> list[tuple[str, str]]:
    party = _name(session, head, ("vendor", "customer"), head.party)
    pairs = {
        "Party": party,
        "Number": head.number,
        "Date": day(head.date),
        "Account": _name(session, head, ("account",), head.account),
        "Total": money(head.total, currency),
        "State": {"live": ""}.get(head.state, head.state),
        "Mark": f"[hub:{head.marker}]" if head.marker else "none",
        "Created": moment(head.created_at) if head.created_at else "",
    }
    return [(label, text) for label, text in pairs.items() if text]


def _name(session: Session, head: Head, lists: tuple[str, ...], id: str) -> str:
    mine = Record.company_id == head.company_id, Record.list.in_(lists), Record.quickbooks_id == id
    return (session.scalar(select(Record.full_name).where(*mine)) or id) if id else ""
