"""Search everything at once: documents, cases, companies and apps that the person may see.

Words that are an amount also find the documents with this total.
"""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from hub.db.engine import read_only_session
from hub.models import ConnectedCompany, Installation, SourceDocument
from hub.web.authentication.access import ANYWHERE, load_scope, require_role
from hub.web.frame.app_choice import matches_app_words
from hub.web.frame.company_choice import matches_words
from hub.web.lists import case_list
from hub.web.lists.document_filters import parse_amounts, read_document_filters, select_ids
from hub.web.lists.document_rows import load_rows

MAX_HITS_PER_KIND = 8  # a link leads to all
LINKED_TO_ALL = ("documents", "amounts", "cases")
MAX_WORDS_LENGTH = 200
pages = Blueprint("search", __name__, url_prefix="/search")


@pages.get("/")
@require_role("viewer", of=ANYWHERE)
def show() -> str:
    """List the first hits of each kind; without words nothing is searched."""
    words = request.args.get("q", "").strip()[:MAX_WORDS_LENGTH]
    kinds = ("documents", "amounts", "cases", "companies", "apps")
    hits: dict[str, Any] = {kind: [] for kind in kinds}
    if words:
        with read_only_session() as session:
            hits = _search(session, words)
    count = sum(len(matches) for matches in hits.values())
    return render_template(
        "search.html",
        words=words,
        hits=hits,
        count=count,
        max_hits=MAX_HITS_PER_KIND,
        is_cut=any(len(hits[name]) == MAX_HITS_PER_KIND for name in LINKED_TO_ALL),
    )


def _search(session: Session, words: str) -> dict[str, Any]:
    """Return the newest documents and cases, the companies and the apps that words find."""
    documents = select_ids(session, read_document_filters({"q": words}))
    newest = documents.order_by(documents.selected_columns[0].desc()).limit(MAX_HITS_PER_KIND)
    filters = dict.fromkeys(case_list.FILTER_NAMES, "") | {"words": words}
    cases = case_list.order_cases(session, filters).query
    newest_cases = session.scalars(
        cases.order_by(case_list.NEWEST_FIRST).limit(MAX_HITS_PER_KIND)
    ).all()
    companies = (
        select(ConnectedCompany)
        .where(matches_words(words), *load_scope().companies())
        .order_by(ConnectedCompany.name, ConnectedCompany.id)
        .limit(MAX_HITS_PER_KIND)
    )
    return {
        "documents": load_rows(session, list(session.scalars(newest))),
        "amounts": load_rows(session, _find_by_amount(session, words)),
        "cases": case_list.build_rows(session, newest_cases),
        "companies": list(session.scalars(companies)),
        "apps": _find_apps(session, words),
    }


def _find_apps(session: Session, words: str) -> Sequence[Row[Installation, ConnectedCompany]]:
    """Return the enabled and disabled apps whose name has the words, with their companies."""
    query = (
        select(Installation, ConnectedCompany)
        .join(ConnectedCompany, Installation.company_id == ConnectedCompany.id)
        .where(matches_app_words(words), *load_scope().installations())
        .order_by(Installation.slug, Installation.id)
        .limit(MAX_HITS_PER_KIND)
    )
    return session.execute(query).all()


def _find_by_amount(session: Session, words: str) -> list[int]:
    """Return the ids of the newest documents whose total the words are; [] if they are no amount.

    They are ordered by total and id, because an index leads to them in this order.
    """
    amounts = parse_amounts(words)
    if amounts is None or amounts[0] != amounts[1]:
        return []
    documents = select_ids(session, read_document_filters({"amount": words, "sort": "-amount"}))
    by_total = SourceDocument.total.desc(), SourceDocument.id.desc()
    return list(session.scalars(documents.order_by(*by_total).limit(MAX_HITS_PER_KIND)))
