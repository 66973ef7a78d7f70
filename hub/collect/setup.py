"""Everything that a collect needs before it reads: site, fields, matches and cursors of an app."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.collect.codes import CodeTexts
from hub.collect.match_index import add_created_records, build_match_index
from hub.collect.settings_check import (
    AcceptedFiles,
    build_match_conditions,
    count_matches,
    load_accepted_files,
    wait_for_changes,
)
from hub.context import current_hub
from hub.contract.types import App, Field, Site
from hub.db import engine
from hub.mapping import MatchIndex
from hub.models import Cursor, Installation, Match
from hub.models.enums import PostingState
from hub.payloads.company_facts import CompanyFacts
from hub.qbo import company
from hub.sources.site import build_site, choose_initial_state, get_app, load_fields


@dataclass(kw_only=True)
class Setup:
    """One collect of one installation."""

    installation: Installation
    app: App
    site: Site
    fields: tuple[Field, ...]
    index: MatchIndex
    facts: CompanyFacts
    cursors: dict[str, str]
    loaded_at: dt.datetime  # a later match is not in the index
    matched_at: dt.datetime | None
    match_count: int  # if fewer are stored, the index has one that was removed
    files: AcceptedFiles  # as they were when the last documents were stored
    # The codes that this collect has stored, by field and id.
    stored_codes: dict[tuple[str, str], CodeTexts] = field(default_factory=dict)
    read_ids: set[str] = field(default_factory=set)  # source ids that this collect has read
    # The day from which QuickBooks was searched for look-alikes; None if nothing is read.
    searched_since: dt.date | None = None

    @property
    def state(self) -> PostingState:
        """Return the state in which a posting begins that nothing holds.

        It is REVIEW if a person has to approve the posting, else READY.
        """
        mode = self.installation.mode
        return choose_initial_state(self.app, self.site.settings, mode)


def load_setup(
    installation_id: int,
    settings: Mapping[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
) -> Setup:
    """Return the setup from what is stored; ask neither the source nor QuickBooks.

    `settings` and `secrets` take the place of the stored ones, if they are not saved yet.
    """
    loaded_at = current_hub().clock.now()
    with engine.read_only_session() as session:
        installation = session.get_one(Installation, installation_id)
    site = build_site(installation, settings, secrets)
    fields = load_fields(installation, site)
    app = get_app(installation)
    with engine.read_only_session() as session:
        match_count = count_matches(session, installation)
        files = load_accepted_files(session, app, installation, AcceptedFiles())
        facts = company.load_facts(session, installation.company_id)
        fields = _make_unused_fields_optional(fields, facts)
        index = build_match_index(session, installation, fields)
        add_created_records(session, installation, fields, index)
        return Setup(
            installation=installation,
            app=app,
            site=site,
            fields=fields,
            index=index,
            facts=facts,
            cursors=_load_cursors(session, installation_id),
            loaded_at=loaded_at,
            matched_at=load_last_match_time(session, installation),
            match_count=match_count,
            files=files,
        )


def load_setup_to_plan(installation_id: int) -> Setup:
    """Return the setup by which documents are planned, with the matches being stored meanwhile."""
    loaded_at = current_hub().clock.now()
    wait_for_changes(installation_id)
    return replace(load_setup(installation_id), loaded_at=loaded_at)


def _make_unused_fields_optional(
    fields: tuple[Field, ...], facts: CompanyFacts
) -> tuple[Field, ...]:
    """Hold nothing for a class or location that the company has switched off; only warn of it."""
    has_classes = facts.class_per_line or facts.class_per_document
    is_on = {"class": has_classes, "location": facts.locations}
    optional_fields: list[Field] = []
    for declaration in fields:
        if is_on.get(declaration.role, True):
            optional_fields.append(declaration)
        else:
            optional_fields.append(replace(declaration, missing="warn"))
    return tuple(optional_fields)


def _load_cursors(session: Session, installation_id: int) -> dict[str, str]:
    """Return how far each stream of the source was read: the cursor by the stream's name."""
    query = select(Cursor).where(Cursor.installation_id == installation_id)
    cursors: dict[str, str] = {}
    for row in session.scalars(query):
        cursors[row.stream] = row.value
    return cursors


def load_last_match_time(session: Session, installation: Installation) -> dt.datetime | None:
    """Return when a person or a rule last matched a code of this app.

    The apps of a plugin share their matches, so a match of another app counts too.
    """
    newest = select(func.max(Match.at)).where(*build_match_conditions(installation))
    return session.scalar(newest)
