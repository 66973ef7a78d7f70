"""Enabling an app for a company: its settings are checked, tried at the source, and only then kept."""

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, cast

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub import outbox, sources
from hub.context import current
from hub.contract import settings_schema
from hub.contract.documents import Role
from hub.contract.interval import Interval, zone_of
from hub.contract.types import App, Tenant
from hub.db.engine import reading, transaction
from hub.errors import AccessNeeded, HubError, NotFound, Refused, SettingsInvalid
from hub.models import Access, Company, Cursor, Installation
from hub.qbo import record_download, records
from hub.security import audit, secrets
from hub.sources import outage
from hub.sources.record_push import push_lists

LISTS = "lists put into the app"
OWN: dict[str, Callable[[Any], Any]] = {
    "start_date": lambda value: (
        value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    ),
    "schedule": lambda value: Interval.parse(str(value)) and str(value).strip(),
    "zone": lambda value: zone_of(str(value)).key,
}


def enable(
    company_id: int,
    slug: str,
    given: Mapping[str, Any],
    *,
    who: str,
    mode: str | None = None,
    owner: str | None = None,
) -> Installation:
    """The app enabled for the company with these settings; what is not given stays as it was."""
    app = _available(slug)
    _has_access(app, company_id)
    row = _found(company_id, slug) or _new(app, company_id, owner or who)
    row = _save(app, row, given, who=who, mode=mode, owner=owner, what="app enabled")
    if current().plugins.has(slug, "hub_subscribe"):
        sources.subscribe(row, on=True)
    return row


def grant(company_id: int, slug: str, *, who: str) -> None:
    """Records that whoever opens the app has opened it for the company; without that it cannot be enabled."""
    now = current().clock.now()
    with transaction() as session:
        company = session.get_one(Company, company_id)
        row = session.get(Access, (slug, company_id)) or Access(
            slug=slug, company_id=company_id, asked_by=who, asked_at=now
        )
        row.granted_by, row.granted_at = who, now
        session.add(row)
        audit.record(session, who, "access granted", f"{slug} for {company.name or company.realm}")


def change(
    company_id: int, slug: str, given: Mapping[str, Any], *, who: str, mode: str | None = None
) -> Installation:
    """Other settings or another mode for an app that is enabled."""
    row = installation(company_id, slug)
    return _save(
        _available(slug), row, given, who=who, mode=mode, owner=None, what="settings changed"
    )


def set_mode(installation_id: int, mode: str, *, who: str) -> None:
    """Change only the mode of an app; its settings are not tried again for that."""
    with transaction() as session:
        row = session.get_one(Installation, installation_id)
        row.mode = mode
        audit.record(session, who, "mode changed", subject(row), mode=mode)


def disable(company_id: int, slug: str, *, who: str) -> Installation:
    """The app at rest for the company; settings and matches stay."""
    row = installation(company_id, slug)
    if slug in current().plugins.apps and current().plugins.has(slug, "hub_subscribe"):
        with suppress(HubError):  # a source that cannot be reached calls in vain
            sources.subscribe(row, on=False)
    with transaction() as session:
        row = session.get_one(Installation, row.id)
        row.enabled = False
        outage.clear(session, row)
        audit.record(session, who, "app disabled", subject(row))
    return row


def installation(company_id: int, slug: str) -> Installation:
    """The app as it is enabled, or was, for the company."""
    row = _found(company_id, slug)
    if row is None:
        with reading() as session:
            known = session.scalars(
                select(Installation.slug).where(Installation.company_id == company_id)
            )
            raise NotFound("enabled app", slug, set(known))
    return row


def first_lists(row: Installation) -> dict[str, int]:
    """Puts the company's lists into the source, where the app does that."""
    record_download.ensure(row.company_id)
    counts = dict(push_lists(row))
    with transaction() as session:
        audit.record(session, row.owner or "command line", LISTS, subject(row), **counts)
    return counts


def _save(
    app: App,
    row: Installation,
    given: Mapping[str, Any],
    *,
    who: str,
    mode: str | None,
    owner: str | None,
    what: str,
) -> Installation:
    own = _own(app, given)
    answers = {name: value for name, value in given.items() if name not in OWN}
    draft = sources.draft(app, row, answers)
    tested = bool(answers) or not row.id or not row.enabled
    if tested:
        _log_test(row, draft, who)
    settings = settings_schema.chosen(
        app, draft.settings, lambda source: _choices(row, draft.settings, draft.secrets, source)
    )
    tenant = sources.check(row, settings, draft.secrets) if tested else None
    changes = (
        own
        | {"settings": settings}
        | ({"mode": mode} if mode else {})
        | ({"owner": owner} if owner else {})
    )
    return _keep(row, changes, tenant, draft, who, what)


def try_settings(row: Installation, answers: Mapping[str, Any], *, who: str) -> Tenant:
    """Let the source answer to settings that are not saved."""
    draft = sources.draft(_available(row.slug), row, answers)
    _log_test(row, draft, who)
    return sources.check(row, draft.settings, draft.secrets)


def _log_test(row: Installation, draft: sources.SettingsDraft, who: str) -> None:
    """Record who has the app's secrets sent to which addresses, before they are sent."""
    addresses = sorted(draft.addresses)
    with transaction() as session:
        audit.record(session, who, "connection tested", subject(row), addresses=addresses)


def _own(app: App, given: Mapping[str, Any]) -> dict[str, Any]:
    own: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for name, read in OWN.items():
        if given.get(name) not in (None, ""):
            try:
                own[name] = read(given[name])
            except Refused as error:
                wrong[name] = [error.text]
            except ValueError:
                wrong[name] = [f"{given[name]!r} is no date; write it like 2026-01-31."]
    if wrong:
        raise SettingsInvalid(app.name, wrong)
    if "start_date" in given and "start_date" not in own:
        own["start_date"] = None  # emptied: documents of any date count
    return own


def _choices(
    row: Installation, settings: Mapping[str, Any], typed: dict[str, str], source: str
) -> settings_schema.Offered:
    kind, _, field = source.partition(":")
    if kind == "code":
        codes = sources.codes(row, field, settings, typed)
        return [(code.id, (code.number or "", code.name or "")) for code in codes]
    record_download.ensure(row.company_id)
    with reading() as session:
        found = records.choices(session, row.company_id, cast(Role, source))
        return [
            (record.quickbooks_id, (record.number, record.full_name, record.name))
            for record in found
        ]


def _keep(
    row: Installation,
    changes: dict[str, Any],
    tenant: Tenant | None,
    draft: sources.SettingsDraft,
    who: str,
    what: str,
) -> Installation:
    app = current().plugins.apps[row.slug]
    has_other_access = not sources.may_use_stored(app, row, draft.settings, draft.secrets)
    with transaction() as session:
        row = session.get_one(Installation, row.id) if row.id else session.merge(row)
        if row.id and changes.get("start_date", row.start_date) != row.start_date:
            session.execute(
                delete(Cursor).where(Cursor.installation_id == row.id)
            )  # what was too early may count now
        before = dict(row.settings)
        for name, value in changes.items():
            setattr(row, name, value)
        row.enabled = True
        session.flush()
        _switch(session, row, before, who)
        if tenant:
            sources.bind(session, row, tenant)
            outbox.mark_for_reread(session, row.id)
        secrets.put_all(session, row.id, draft.secrets, forget_others=has_other_access)
        audit.record(session, who, what, subject(row), changed=sorted(changes), mode=row.mode)
    return row


def _switch(session: Session, row: Installation, before: Mapping[str, Any], who: str) -> None:
    """What waited for the app's own switch goes once it is on; what would have gone waits once it is off."""
    app = current().plugins.apps[row.slug]
    on = sources.is_automatic(app, row.settings)
    if on == sources.is_automatic(app, before) or not before:
        return
    if not on:
        outbox.return_to_review(session, row.id)
    elif row.mode == "auto" and (count := outbox.approve_all(session, row.id, who)):
        audit.record(session, who, "postings approved", subject(row), count=count)


def _available(slug: str) -> App:
    apps = current().plugins.apps
    if slug not in apps:
        raise NotFound("app", slug, apps)
    return apps[slug]


def _has_access(app: App, company_id: int) -> None:
    if not app.access or not app.access_gate:
        return
    with reading() as session:
        row = session.get(Access, (app.slug, company_id))
    if row is None or row.granted_at is None:
        raise AccessNeeded(f"{app.name} is opened for each account by its maker.", app.access)


def _found(company_id: int, slug: str) -> Installation | None:
    with reading() as session:
        mine = select(Installation).where(
            Installation.company_id == company_id, Installation.slug == slug
        )
        return session.scalars(mine).one_or_none()


def _new(app: App, company_id: int, owner: str) -> Installation:
    with reading() as session:
        company = session.get_one(Company, company_id)
    row = Installation(
        company_id=company_id, slug=app.slug, schedule=app.every, owner=owner, mode="review"
    )
    row.company, row.settings, row.enabled, row.zone = company, {}, True, "UTC"
    row.created_at = current().clock.now()
    return row


def subject(row: Installation) -> str:
    """An installation as the audit log names it."""
    return f"{row.slug} for {row.company.name or row.company.realm}"
