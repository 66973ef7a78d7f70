"""Read the source of an app that no company has, and show what its documents would become.

There are no records that codes could match, so each code stands for a record of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, cast

from hub import sources
from hub.collect.read import read
from hub.collect.setup import Setup, assemble
from hub.context import current
from hub.contract import settings_schema
from hub.contract.documents import Document, Role, Yielded, codes_of
from hub.contract.types import App
from hub.db.engine import transaction
from hub.errors import NotFound
from hub.mapping import Decision, Entry, MatchIndex, RecordIndex
from hub.mapping.rules import code_name
from hub.models import Company, Installation
from hub.models.enums import InstallationMode, MatchOrigin
from hub.qbo.company_facts import CompanyFacts
from hub.scheduling import source_preview
from hub.scheduling.source_preview import CodePreview, DocumentPreview

UNMATCHED = "unmatched:"  # precedes a code where a payload has the id of a record
FROM_SETTINGS = "as the settings say"
PLACEHOLDER_ID = "1"
# Nothing is held because of what a company has switched off.
EVERYTHING_ON = CompanyFacts(
    multicurrency=True,
    custom_numbers=True,
    class_per_line=True,
    class_per_document=True,
    locations=True,
    sales_tax=True,
    billable=True,
    customer_on_lines=True,
    projects=True,
)


def of_app(
    slug: str,
    answers: Mapping[str, Any],
    *,
    ids: Sequence[str] = (),
    limit: int,
    country: str,
) -> Iterator[DocumentPreview]:
    """Read the source of an app from the beginning, or these ids, and yield the previews.

    A company and an installation are stored for it, so the database is one that is thrown away.
    Raise SettingsInvalid for settings that do not fit, and whatever error the source returns.
    """
    apps = current().plugins.apps
    if slug not in apps:
        raise NotFound("app", slug, apps)
    setup = _set_up(apps[slug], answers, country)
    items = list(islice(source_preview.without_checkpoints(read(setup, ids)), limit))
    setup.index = _index_of_codes(setup, items)
    setup.facts = replace(setup.facts, currency=_currency_of(items) or setup.facts.currency)
    for item in items:
        codes = tuple(_codes(setup, item))
        yield source_preview.plan(setup, item, codes, is_checked=False)


def placeholders(app: App) -> dict[str, str]:
    """Return an id for each required setting that is a record of QuickBooks: there is no list."""
    fields = settings_schema.schema_of(app).fields
    names = [name for name, field in fields.items() if field.required]
    return {name: PLACEHOLDER_ID for name in names if fields[name].metadata.get("choices_from")}


def _set_up(app: App, answers: Mapping[str, Any], country: str) -> Setup:
    """Return the setup of a collect for a company and an installation that are made for it."""
    facts = replace(EVERYTHING_ON, country=country)
    now = current().clock.now()
    with transaction() as session:
        company = Company(
            realm="none",
            name="",
            country=country,
            currency=facts.currency,
            connected_at=now,
            preferences={},
        )
        row = Installation(
            company=company,
            slug=app.slug,
            schedule=app.every,
            zone="UTC",
            mode=InstallationMode.REVIEW,
            settings={},
            owner="",
            enabled=True,
            created_at=now,
        )
        session.add(row)
        session.flush()
        installation_id = row.id
    draft = sources.draft(app, row, {**placeholders(app), **answers})
    tenant = sources.check(row, draft.settings, draft.secrets)
    with transaction() as session:
        row = session.get_one(Installation, installation_id)
        row.settings = draft.settings
        sources.bind(session, row, tenant)
    setup = assemble(installation_id, draft.settings, draft.secrets)
    fields = sources.fields(setup.installation, setup.site)
    return replace(setup, fields=fields, facts=facts)


def _index_of_codes(setup: Setup, items: Iterable[Yielded]) -> MatchIndex:
    """Return an index in which each code of the documents has a record of its own."""
    fields = {field.name: field for field in setup.fields}
    entries: dict[Role, dict[str, Entry]] = defaultdict(dict)
    matches: dict[tuple[str, str], Decision] = {}
    for item in items:
        if not isinstance(item, Document):
            continue
        for name, code, _ in codes_of(item):
            code_id = code if isinstance(code, str) else code.id
            if name in fields:
                role, record_id = fields[name].role, UNMATCHED + code_id
                decision = Decision(record=record_id, match_method=MatchOrigin.DECIDED)
                matches[name, code_id] = decision
            else:
                role, record_id = cast(Role, name), code_id
            entries[role][record_id] = Entry(id=record_id, name=code_name(code))
    lists = {role: RecordIndex(records.values()) for role, records in entries.items()}
    return MatchIndex(matches, lists)


def _currency_of(items: Iterable[Yielded]) -> str:
    """Return the currency of the first document that names one; "" if none does."""
    for item in items:
        if isinstance(item, Document) and item.currency:
            return item.currency
    return ""


def _codes(setup: Setup, item: Yielded) -> Iterator[CodePreview]:
    """Yield the codes of an item: none has a record, except where a setting names it."""
    names = {field.name for field in setup.fields}
    for code in source_preview.of_item(item, setup.fields).codes:
        if code.field in names:
            yield code
        else:
            yield replace(code, record=code.code, result=FROM_SETTINGS)
