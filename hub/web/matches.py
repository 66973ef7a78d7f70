"""One code of the source and what it is in QuickBooks: what stands and why, what is suggested, what a search finds."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub import sources
from hub.collect import cases, setup
from hub.context import current
from hub.contract.codec import load
from hub.contract.documents import ROLES, Code, Document, Role, codes_of
from hub.contract.types import Field
from hub.db.engine import transaction
from hub.errors import Refused
from hub.installations import matches
from hub.mapping import EMPTY, NEW, Create, Decision, Entry, MatchIndex, Missing, Ref, find
from hub.models import (
    Case,
    Installation,
    Match,
    Posting,
    SeenCode,
    SourceDocument,
    case_posting,
)
from hub.qbo import records
from hub.security import audit

FOUND = 25
WHOLE = 100  # a list up to here is shown whole, of a longer one the first few
FIRST = 20
CREATED_LATER = "created in QuickBooks when it is used next"
LEAVE_OUT = "none"  # what a form sends to leave a code out; no choice at all is the empty text
NEEDED = {"vendor", "item", "account"}  # roles that a document cannot do without
SOLD = {
    "invoice",
    "credit_memo",
    "payment",
    "refund",
}  # kinds that cannot do without a customer either
HOW = {
    "decided": "decided",
    "link": "linked",
    "rule": "by its name or number",
    "new": "made new",
    "open": "not matched",
}


@dataclass(frozen=True)
class CodeView:
    """A code as the matching page and a case show it; `how` is decided, link, rule, new, left out or open."""

    installation_id: int
    field: Field
    code: str
    name: str
    number: str
    how: str
    match: Match | None = None
    now: str = ""
    why: str = ""
    suggestions: tuple[Ref, ...] = ()
    exact: str = ""  # the id of the suggestion that a form may preselect
    needed: bool = False
    may_be_created: bool = False  # the source tells what a new record needs

    @property
    def may_be_left_out(self) -> bool:
        """Whether a document can do without it."""
        return not self.needed or self.field.missing == "warn" or self.how == "left out"


def fields_of(installation: Installation) -> dict[str, Field]:
    """The code fields of an app by name; none when its plugin is missing."""
    if installation.slug not in current().plugins.apps:
        return {}
    return {field.name: field for field in sources.fields_as_set(installation)}


def book_of(session: Session, installation: Installation) -> MatchIndex:
    """What is known for matching codes of an installation; `view` adds what was created for a code."""
    if installation.slug not in current().plugins.apps:
        return MatchIndex({}, {})
    return setup.match_index_of(session, installation, tuple(fields_of(installation).values()))


def names(session: Session, installation: Installation) -> Callable[[str, str], str]:
    """By field or role and bare id: the name of the record that it is now, "" if none."""
    fields, book = fields_of(installation), book_of(session, installation)

    def name(key: str, code: str) -> str:
        if key in fields:
            found = find(fields[key], code, book)
            return found.name if isinstance(found, Ref) else ""
        entry = (
            records.index(session, installation.company_id, key).by_id.get(code)
            if key in ROLES
            else None
        )
        return titled(entry) if entry else ""

    return name


def view(
    session: Session, installation: Installation, seen: SeenCode, field: Field, book: MatchIndex
) -> CodeView:
    """A code with what stands now, or why nothing does and what may fit."""
    known = session.scalar(_match(installation, seen.field, seen.code))
    about: dict[str, Any] = {
        "installation_id": installation.id,
        "field": field,
        "code": seen.code,
        "match": known,
    }
    about |= {
        "name": seen.name,
        "number": seen.number,
        "needed": field.role in _needed(installation),
    }
    used = _as_documents_use_it(session, installation, seen)
    plain = Code(id=seen.code, name=seen.name or None, number=seen.number or None)
    details = used.create if isinstance(used, Code) else None
    about["may_be_created"] = bool(details) or (used is None and field.missing == "create")
    _add_created(session, installation, field, seen, book)
    found = find(field, used or plain, book)
    if isinstance(found, Ref):
        return CodeView(**about, how=known.how if known else "rule", now=found.name)
    if isinstance(found, Missing):
        if used is None and known and known.record == NEW:
            return CodeView(**about, how="new", now=CREATED_LATER)
        about |= {"why": found.why, "suggestions": found.suggestions, "exact": found.exact}
        return CodeView(**about, how="open")
    if isinstance(found, Create):
        return CodeView(**about, how="new", now=CREATED_LATER)
    if isinstance(found, str):
        return CodeView(**about, how="left out", why=found)
    return CodeView(**about, how="left out", now="left out, as decided")


def _as_documents_use_it(
    session: Session, installation: Installation, seen: SeenCode
) -> Code | str | None:
    """Return the code with all that a document says of it that is held by it; None if it holds none.

    What is remembered of a code is only its name and number; an e-mail address can make another
    party of it.
    """
    holding = (
        select(SourceDocument.body)
        .join(Posting, Posting.document_id == SourceDocument.id)
        .join(case_posting, case_posting.c.posting_id == Posting.id)
        .join(Case, Case.id == case_posting.c.case_id)
        .where(Case.cause == cases.match_cause(installation, seen.field, seen.code))
        .where(Case.closed_at.is_(None), SourceDocument.made_for == "")
        .order_by(Posting.id.desc())
        .limit(1)
    )
    body = session.scalar(holding)
    codes = codes_of(load(Document, body)) if body else ()
    for field, code, _ in codes:
        if field == seen.field and seen.code == (code if isinstance(code, str) else code.id):
            return code
    return None


def _add_created(
    session: Session, installation: Installation, field: Field, seen: SeenCode, book: MatchIndex
) -> None:
    """Add to a book what was created for a code, and for which code a record of its name was created."""
    namesakes = [entry.id for entry in book.records(field.role).find_by_name(seen.name)]
    which = or_(
        SourceDocument.source_id == seen.code,
        Posting.quickbooks_id.in_(namesakes),
    )
    setup.add_created(session, installation, [field], book, which)


def _needed(installation: Installation) -> set[str]:
    app = current().plugins.apps.get(installation.slug)
    return NEEDED | ({"customer"} if app and SOLD & set(app.posts) else set())


def search(entries: Iterable[Entry], query: str) -> tuple[Entry, ...]:
    """The active records whose name, number or id holds every word of the query, the shortest names first."""
    words = query.casefold().split()
    hits = [
        one for one in entries if words and one.active and all(word in _text(one) for word in words)
    ]
    return tuple(
        sorted(hits, key=lambda one: (len(one.full_name or one.name), one.full_name or one.name))[
            :FOUND
        ]
    )


def offered(
    entries: Iterable[Entry], query: str, suggestions: Iterable[Ref] = ()
) -> tuple[Entry, ...]:
    """The records to choose from: what a search finds; without one the whole list, or the first of a long one."""
    if query:
        return search(entries, query)
    near = {ref.id for ref in suggestions}
    rest = [one for one in entries if one.active and one.id not in near]
    rest.sort(key=lambda one: (one.number, (one.full_name or one.name).casefold()))
    return tuple(rest if len(rest) <= WHOLE else rest[:FIRST])


def of_case(session: Session, case: Case) -> tuple[Installation, SeenCode, Field] | None:
    """The code that a case is about; None when it is about something else."""
    name, code = case.details.get("field"), case.details.get("code")
    if case.act != "match" or not (name and code and case.installation_id):
        return None
    installation = session.get_one(Installation, case.installation_id)
    field = fields_of(installation).get(name)
    return (
        (installation, seen_code(session, installation.id, name, code, case.details), field)
        if field
        else None
    )


def seen_code(
    session: Session,
    installation_id: int,
    field: str,
    code: str,
    said: Mapping[str, Any] | None = None,
) -> SeenCode:
    """The code as documents used it; if none did, as it is named."""
    here = (
        SeenCode.installation_id == installation_id,
        SeenCode.field == field,
        SeenCode.code == code,
    )
    named = {name: str((said or {}).get(name) or "") for name in ("name", "number")}
    return session.scalar(select(SeenCode).where(*here)) or SeenCode(
        installation_id=installation_id, field=field, code=code, **named
    )


def decide(installation_id: int, field: str, code: str, choice: str, who: str) -> str:
    """Store what a person chose for a code; return the sentence that confirms it."""
    if not choice:
        raise Refused("Choose a record.")
    record = EMPTY if choice == LEAVE_OUT else choice
    with transaction() as session:
        installation = session.get_one(Installation, installation_id)
        seen = seen_code(session, installation_id, field, code)
        name = seen.name
        if record == NEW:
            _check_new(session, installation, seen)
        match = matches.decide(session, installation, field, code, record, who=who, name=name)
        index = records.index(session, installation.company_id, cast(Role, match.role))
        entry = index.get_active(record)
    if record == EMPTY:
        return f"{name or code} is left out."
    if record == NEW:
        return f"{name or code} will be created in QuickBooks the next time it is used."
    return f"Matched {name or code} to {titled(entry) if entry else record}."


def _check_new(session: Session, installation: Installation, seen: SeenCode) -> None:
    """Refuse what cannot be created: its name is taken, or the source does not tell what a record needs."""
    field = fields_of(installation).get(seen.field)
    used = _as_documents_use_it(session, installation, seen)
    if field is None or used is None:
        return
    title = seen.name or seen.code
    if isinstance(used, str) or used.create is None:
        raise Refused(
            f"{title} cannot be created from here: the source gives only its name. Create it in QuickBooks,"
            " refresh the lists and match it."
        )
    book = book_of(session, installation)
    book.matches = {**book.matches, (seen.field, seen.code): Decision(record=NEW, how="decided")}
    found = find(field, used, book)
    if isinstance(found, Missing):
        raise Refused(
            f"{title} cannot be created: {found.why} Rename one of the two, or match it to a record."
        )


def titled(entry: Entry) -> str:
    """A record as a person knows it: number and full name."""
    return f"{entry.number} {entry.full_name or entry.name}".strip()


def forget(installation_id: int, field: str, code: str, who: str) -> str:
    """Takes a decision back: the field's rules decide again."""
    with transaction() as session:
        installation = session.get_one(Installation, installation_id)
        match = session.scalar(_match(installation, field, code))
        if match is not None:
            session.delete(match)
            audit.record(
                session,
                who,
                "match removed",
                f"{installation.slug} {field} {code}",
                record=match.record,
            )
    return "The decision is taken back; the rules decide again."


def _scope(installation: Installation) -> str:
    plugins = current().plugins
    return plugins.scope(installation.slug) if installation.slug in plugins.apps else ""


def _match(installation: Installation, field: str, code: str) -> Any:
    here = Match.company_id == installation.company_id, Match.tenant == (installation.tenant or "")
    return select(Match).where(
        *here, Match.scope == _scope(installation), Match.field == field, Match.code == code
    )


def _text(entry: Entry) -> str:
    return f"{entry.full_name or entry.name} {entry.number} {entry.id} {entry.email}".casefold()
