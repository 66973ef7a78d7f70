"""The filters of the matching page, as conditions on the codes that documents used."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from hub.cases.causes import build_match_column, build_match_prefix
from hub.contract.types import Field
from hub.db.text_search import contains_text
from hub.mapping import MatchIndex
from hub.models import Case, Installation, Match, SeenCode
from hub.models.enums import MatchOrigin
from hub.translations.messages import gettext_noop
from hub.web.codes import code_lookup
from hub.web.lists import continued_cases

OUTDATED = "outdated"  # codes with a decision that no longer counts
CODE_LISTS = {
    "open": gettext_noop("Documents wait for it"),
    "decided": gettext_noop("Decided"),
    OUTDATED: gettext_noop("Decision no longer counts"),
    "": gettext_noop("All"),
}


def select_codes(
    session: Session,
    installation: Installation,
    filters: Mapping[str, str],
    fields: Mapping[str, Field],
    match_index: MatchIndex,
) -> Select[Any]:
    """Return the query for the codes that fit the filters of the page."""
    query = select(SeenCode).where(
        SeenCode.installation_id == installation.id, SeenCode.field.in_(list(fields))
    )
    if filters.get("field"):
        query = query.where(SeenCode.field == filters["field"])
    if filters.get("q"):
        is_hit = or_(
            contains_text(SeenCode.name, filters["q"]),
            contains_text(SeenCode.code, filters["q"]),
            contains_text(SeenCode.number, filters["q"]),
        )
        query = query.where(is_hit)
    if filters["show"] == "open":
        query = query.where(is_waited_for(installation))
    if filters["show"] in ("decided", OUTDATED):
        is_decided = exists().where(*_build_decision_conditions(installation))
        is_outdated = is_decided.where(
            Match.id.in_(_list_outdated_ids(session, installation, fields, match_index))
        )
        query = query.where(is_decided)
        query = query.where(is_outdated if filters["show"] == OUTDATED else ~is_outdated)
    return query


def is_waited_for(installation: Installation) -> ColumnElement[bool]:
    """Return the condition that documents wait for the match of a code."""
    cause = build_match_column(installation.id, SeenCode.field, SeenCode.code)
    return cause.in_(select(Case.cause).where(*build_waiting_conditions(installation)))


def build_waiting_conditions(installation: Installation) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for the open cases of codes that nobody decided.

    The case of a decided code is open until a sync has continued with its documents.
    """
    return (
        Case.installation_id == installation.id,
        Case.cause.startswith(build_match_prefix(installation.id)),
        Case.closed_at.is_(None),
        ~continued_cases.is_continued(),
    )


def _build_decision_conditions(installation: Installation) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for the decision of a person about a code."""
    return (
        Match.company_id == installation.company_id,
        Match.tenant == (installation.tenant or ""),
        Match.scope == code_lookup.get_plugin_name(installation),
        Match.field == SeenCode.field,
        Match.code == SeenCode.code,
        Match.match_method == MatchOrigin.DECIDED,
    )


def _list_outdated_ids(
    session: Session,
    installation: Installation,
    fields: Mapping[str, Field],
    match_index: MatchIndex,
) -> BindParameter[Any]:
    """Return the ids of the decisions that no longer count, as a part of a query.

    They are written into its text, because a database limits the number of its parameters.
    """
    query = (
        select(Match)
        .join(SeenCode, SeenCode.installation_id == installation.id)
        .where(*_build_decision_conditions(installation), Match.field.in_(list(fields)))
    )
    ids = []
    for match in session.scalars(query):
        if code_lookup.is_outdated(match, fields[match.field], match_index):
            ids.append(match.id)
    return bindparam("outdated_ids", ids, unique=True, expanding=True, literal_execute=True)
