"""Read the source of an app without a company, and preview what its documents would become.

There are no records that codes could match, so each code stands for a record of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from hub import sources
from hub.collect.read import read
from hub.collect.setup import Setup, load_setup
from hub.context import current_hub
from hub.contract import settings_schema
from hub.contract.app_lookup import find_error
from hub.contract.types import App
from hub.db.engine import transaction
from hub.mapping import build_code_index
from hub.models import ConnectedCompany, Installation
from hub.models.enums import InstallationMode
from hub.money import find_currency_of_country
from hub.payloads.company_facts import EVERYTHING_ON
from hub.scheduling import source_preview
from hub.scheduling.source_preview import DocumentPreview

PLACEHOLDER_ID = "1"


def preview_app(
    slug: str,
    answers: Mapping[str, Any],
    *,
    ids: Sequence[str],
    limit: int,
    country: str,
) -> Iterator[DocumentPreview]:
    """Read the source of an app from the beginning, or these ids, and yield the previews.

    A company and an installation are stored for the preview, so the database must be a temporary
    one. Raise SettingsInvalid for settings that do not fit, and whatever error the source returns.
    """
    plugins = current_hub().plugins
    if slug not in plugins.apps:
        raise find_error(plugins, slug)
    setup = _set_up(plugins.apps[slug], answers, country)
    items = list(islice(source_preview.drop_checkpoints(read(setup, ids)), limit))
    documents = source_preview.index_documents(items)
    setup.index = build_code_index(setup.fields, documents.values())
    record_settings = settings_schema.record_settings(setup.app, setup.site.settings)
    for item in items:
        codes = source_preview.preview_item(item, setup.fields, record_settings).codes
        yield source_preview.preview_with_matches(setup, item, codes, documents, None)


def build_placeholder_settings(app: App) -> dict[str, str]:
    """Return an id for each required setting that names a record of QuickBooks."""
    fields = settings_schema.get_schema(app).fields
    names = [name for name, field in fields.items() if field.required]
    return {name: PLACEHOLDER_ID for name in names if fields[name].metadata.get("choices_from")}


def _set_up(app: App, answers: Mapping[str, Any], country: str) -> Setup:
    """Store a company and an installation, and return the setup with which to collect."""
    currency = find_currency_of_country(country) or EVERYTHING_ON.currency
    facts = replace(EVERYTHING_ON, country=country, currency=currency)
    now = current_hub().clock.now()
    with transaction() as session:
        company = ConnectedCompany(
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
    draft = sources.make_draft(app, row, {**build_placeholder_settings(app), **answers})
    tenant = sources.check(row, draft.settings, draft.secrets)
    with transaction() as session:
        row = session.get_one(Installation, installation_id)
        row.settings = draft.settings
        sources.bind(session, row, tenant)
    setup = load_setup(installation_id, draft.settings, draft.secrets)
    fields = sources.load_fields(setup.installation, setup.site)
    return replace(setup, fields=fields, facts=facts)
