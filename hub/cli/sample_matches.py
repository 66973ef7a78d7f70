"""Matches of the codes of a stand-in, so that an author of a plugin sees what is posted."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from hub.models import ConnectedCompany, Installation

MAX_EXAMPLES = 3


class SampleMatches:
    """Matches each code that has no record with some record of QuickBooks' stand-in.

    Only a stand-in has codes that mean nothing, so this is for `hub dev` alone. What a person has
    decided is kept. A code that a match does not help is tried once.
    """

    def __init__(self, find_installations: Callable[[], list["Installation"]], who: str) -> None:
        """Prepare to match the codes of some installations in the name of a person."""
        self._find_installations = find_installations
        self._who = who
        self._tried: set[tuple[int, str, str]] = set()

    def is_waiting(self) -> bool:
        """Tell whether a run is under way or waits, so that there may be more codes soon."""
        from sqlalchemy import select

        from hub.db.engine import read_only_session
        from hub.models import Run

        with read_only_session() as session:
            return session.scalar(select(Run.id).where(Run.ended_at.is_(None)).limit(1)) is not None

    def describe_new(self) -> str:
        """Match codes that have no record and have their documents posted; return what was done."""
        from hub.models.enums import RunKind
        from hub.scheduling import run_log

        texts = []
        for row in self._find_installations():
            matched = self._match(row)
            if matched:
                run_log.request(RunKind.SYNC, row.id, self._who)
                texts.append(_describe(row, matched))
        return "\n".join(texts)

    def _match(self, row: Any) -> list[str]:
        """Match the open codes of an installation; return a sentence about each."""
        from hub.errors import HubError
        from hub.web import matches

        matched = []
        for field, code, record in _choose_records(row):
            if (row.id, field, code) in self._tried:
                continue
            self._tried.add((row.id, field, code))
            with suppress(HubError):  # this record does not fit; the code stays open
                matched.append(matches.decide(row.id, field, code, record, self._who))
        return matched


def _choose_records(row: Any) -> list[tuple[str, str, str]]:
    """Return field, code and record for each open code; the likeliest record, or else the next."""
    from sqlalchemy import select

    from hub.db.engine import read_only_session
    from hub.models import ConnectedCompany, SeenCode
    from hub.web import matches
    from hub.web.code_view import CodeState

    chosen = []
    counts: Counter[str] = Counter()
    with read_only_session() as session:
        company = session.get_one(ConnectedCompany, row.company_id)
        declared = matches.fields_of(row)
        book = matches.book_of(session, row)
        suitable_ids = cache(partial(_suitable_ids, session, company))
        codes = select(SeenCode).where(SeenCode.installation_id == row.id)
        for seen in session.scalars(codes.order_by(SeenCode.field, SeenCode.code)).all():
            field = declared.get(seen.field)
            if field is None:
                continue
            view = matches.view(session, row, seen, field, book)
            document = matches.find_held_document(session, row, seen)
            # A code that holds nothing needs no match: its record may be created with the document.
            if view.state != CodeState.OPEN or document is None:
                continue
            suitable = suitable_ids(field.role, document.currency or company.currency)
            suggested = [one.id for one in view.suggestions if one.id in suitable]
            ids = suggested or suitable
            if ids:
                chosen.append((seen.field, seen.code, ids[counts[seen.field] % len(ids)]))
                counts[seen.field] += not suggested
    return chosen


def _suitable_ids(
    session: "Session", company: "ConnectedCompany", role: Any, currency: str
) -> list[str]:
    """Return the ids of the records that may take a role in documents of a currency."""
    from hub.qbo import records

    ids = []
    for record in records.choices(session, company.id, role):
        if record.currency in ("", currency):
            ids.append(record.quickbooks_id)
    return ids


def _describe(row: Any, matched: list[str]) -> str:
    """Return how many codes were matched, some of them, and the page to change them on."""
    from hub.context import current_hub

    examples = matched[:MAX_EXAMPLES]
    others = len(matched) - len(examples)
    noun = "code" if len(matched) == 1 else "codes"
    lines = [f"Matched {len(matched)} {noun}, so that their documents are posted:"]
    lines += [f"  {text}" for text in examples]
    if others:
        lines.append(f"  and {others} more")
    url = current_hub().config.public_url.rstrip("/")
    lines.append(f"  Change them at {url}/installations/{row.id}/matching/")
    return "\n".join(lines)
