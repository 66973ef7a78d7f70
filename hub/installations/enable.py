"""Enable apps for a company; their settings are tested at the source before they are saved."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub import outbox, sources
from hub.cases import source_cases
from hub.context import current_hub
from hub.contract import settings_schema
from hub.contract.app_lookup import find_error
from hub.contract.types import App, Tenant
from hub.db.database_errors import repeat_after_conflict
from hub.db.engine import transaction
from hub.errors import HubError, Refused
from hub.installations import (
    act_log,
    hub_answers,
    replaced_account,
    setting_changes,
    source_access,
)
from hub.installations.cursors import forget_cursors
from hub.installations.installation_rows import (
    build_installation,
    find_installation,
    require_installation,
)
from hub.installations.setting_choices import load_setting_choices
from hub.models import Installation
from hub.models.enums import InstallationMode, PostingState
from hub.outbox import approvals
from hub.outbox.setting_locks import lock_to_change
from hub.qbo import record_download
from hub.security import audit, secrets
from hub.sources import outage
from hub.sources.record_push import push_lists


class _SaveRequest(NamedTuple):
    """What a person enters to enable an app or to change its settings."""

    answers: Mapping[str, Any]
    who: str
    mode: str | None = None
    owner: str | None = None
    new_account: str | None = None  # the id of the account with which the app is to continue


class _SettingsChange(NamedTuple):
    """All that is stored when a person enables an app or changes its settings."""

    columns: dict[str, Any]  # the new values of the installation
    draft: sources.SettingsDraft
    tenant: Tenant | None  # the account at the source; None if the settings were not tested
    who: str


def enable(
    company_id: int,
    slug: str,
    answers: Mapping[str, Any],
    *,
    who: str,
    mode: str | None = None,
    owner: str | None = None,
    new_account: str | None = None,
) -> Installation:
    """Enable an app for a company; settings that are not among the answers stay as they are.

    With the id of a new account at the source, the app leaves its former one as it is.
    """
    app = _find_available_app(slug)
    source_access.check(app, company_id)
    row = find_installation(company_id, slug) or build_installation(app, company_id, owner or who)
    request = _SaveRequest(answers, who, mode=mode, owner=owner, new_account=new_account)
    row = _save(app, row, request, "app enabled")
    _subscribe(row)
    return row


def change(
    company_id: int,
    slug: str,
    answers: Mapping[str, Any],
    *,
    who: str,
    mode: str | None = None,
    new_account: str | None = None,
) -> Installation:
    """Change settings or mode of an app that is enabled.

    Raise NotFound if it never was enabled; an app that was disabled is enabled again. With the id
    of a new account at the source, the app leaves its former one as it is.
    """
    row = require_installation(company_id, slug)
    app = _find_available_app(slug)
    request = _SaveRequest(answers, who, mode=mode, new_account=new_account)
    changed_row = _save(app, row, request, "settings changed")
    if _concerns_source(row, request):
        _subscribe(changed_row)
    return changed_row


def set_mode(installation_id: int, mode: str, *, who: str) -> None:
    """Change only the mode of an app, without testing its settings again."""
    with transaction() as session:
        row = session.get_one(Installation, installation_id)
        before, was_active = row.mode, row.is_active
        row.mode = mode
        _follow_activity(session, row, was_active=was_active)
        act_log.record_act(session, row, who, "mode changed", before=before, after=mode)


def _follow_activity(session: Session, row: Installation, *, was_active: bool) -> None:
    """Close the cases about a source that is called no more; let a new run repeat what failed."""
    if not row.is_active:
        source_cases.close_for_inactive_app(session, row)
    elif not was_active:
        outbox.require_checks(session, row.id)
        outage.repeat_receipts(session, row.id)


def disable(company_id: int, slug: str, *, who: str) -> Installation:
    """Disable an app for a company; its settings and matches stay."""
    row = require_installation(company_id, slug)
    plugins = current_hub().plugins
    has_subscription = slug in plugins.apps and plugins.has(slug, "hub_subscribe")
    if has_subscription:
        with suppress(HubError):  # calls of a source that cannot be reached have no effect
            sources.subscribe(row, on=False)
    with transaction() as session:
        row = session.get_one(Installation, row.id)
        row.enabled = False
        source_cases.close_for_inactive_app(session, row)
        act_log.record_act(session, row, who, "app disabled")
    return row


def push_first_lists(row: Installation) -> dict[str, int]:
    """Push the company's lists into the source, if the app does that; return their lengths."""
    record_download.refresh_outdated(row.company_id)
    counts = push_lists(row)
    who = row.owner or "command line"
    with transaction() as session:
        act_log.record_act(session, row, who, act_log.LISTS_PUSHED_ACTION, **counts)
    return counts


def try_settings(row: Installation, answers: Mapping[str, Any], *, who: str) -> Tenant:
    """Check settings at the source without saving them.

    Raise SettingsInvalid if they do not fit, and whatever error the source returns.
    """
    app = _find_available_app(row.slug)
    draft = sources.make_draft(app, row, answers)
    _record_test(row, draft, who)
    return sources.check(row, draft.settings, draft.secrets)


def _save(app: App, row: Installation, request: _SaveRequest, what: str) -> Installation:
    """Check the answers, test them at the source, and store them."""
    changes, draft = hub_answers.parse_all(app, row, request.answers)
    is_tested = _concerns_source(row, request)
    if is_tested:
        _record_test(row, draft, request.who)
    settings = settings_schema.resolve_choices(
        app,
        draft.settings,
        lambda source: load_setting_choices(row, draft.settings, draft.secrets, source),
    )
    tenant = None
    if is_tested:
        account = request.new_account
        tenant = sources.check(row, settings, draft.secrets, new_account=account)
    changes["settings"] = settings
    if request.mode:
        changes["mode"] = request.mode
    if request.owner:
        changes["owner"] = request.owner
    return _store(row, _SettingsChange(changes, draft, tenant, request.who), what)


def _concerns_source(row: Installation, request: _SaveRequest) -> bool:
    """Return whether a request may lead to other data at the source, so that it is tested there."""
    app_answers = hub_answers.select_app_answers(request.answers)
    return bool(app_answers or request.new_account) or not row.id or not row.enabled


def _subscribe(row: Installation) -> None:
    """Turn the source's calls to the hub on, if the app can do that."""
    if current_hub().plugins.has(row.slug, "hub_subscribe"):
        sources.subscribe(row, on=True)


def _record_test(row: Installation, draft: sources.SettingsDraft, who: str) -> None:
    """Record who tests the settings, and to which addresses the app's secrets are sent.

    This is done before they are sent, so that a failed test is on record too.
    """
    addresses = sorted(draft.addresses)
    with transaction() as session:
        subject = act_log.format_audit_subject(row)
        audit.record(session, who, "connection tested", subject, addresses=addresses)


def _store(row: Installation, change: _SettingsChange, what: str) -> Installation:
    """Store a change; a form that was sent twice at the same moment enables the app once."""
    try:
        return _store_once(row, change, what)
    except IntegrityError:
        stored_row = find_installation(row.company_id, row.slug)
        if row.id or stored_row is None:
            raise
    if stored_row.owner != change.who:
        raise Refused(
            "%(app)s was enabled by %(owner)s in the meantime. Open its settings to change them.",
            app=current_hub().plugins.apps[row.slug].name,
            owner=stored_row.owner,
        )
    return _store_once(stored_row, change, what)


@repeat_after_conflict
def _store_once(row: Installation, change: _SettingsChange, what: str) -> Installation:
    """Store settings, the account at the source and the secrets in one transaction.

    `what` is the change as the audit log names it.
    """
    changes, draft = change.columns, change.draft
    app = current_hub().plugins.apps[row.slug]
    secret_changes = setting_changes.describe_secrets(
        sources.load_stored_secrets(app, row), draft.secrets
    )
    has_other_access = not sources.may_use_stored(app, row, draft.settings, draft.secrets)
    with transaction() as session:
        if row.id:
            before, row = row, lock_to_change(session, row.id)
            setting_changes.require_unchanged(app, before, row, changes)
            _leave_former_account(session, row, change)
            _follow_new_dates(session, row, changes)
        else:
            row = session.merge(row)
        settings_before, mode_before = dict(row.settings), row.mode
        was_active = row.is_active
        described_changes = setting_changes.describe_changes(row, changes) | secret_changes
        for name, value in changes.items():
            setattr(row, name, value)
        row.enabled = True
        session.flush()
        if "second_approval_above" in changes and row.second_approval_above is None:
            approvals.drop_all(session, row.id)
        _apply_automatic_switch(session, row, settings_before, change.who)
        if change.tenant:
            sources.bind(session, row, change.tenant)
            outbox.mark_for_reread(session, row.id)
            outage.repeat_receipts(session, row.id)
        if row.mode != mode_before:
            _apply_review(session, row)
        _follow_activity(session, row, was_active=was_active)
        secrets.put_all(session, row.id, draft.secrets, forget_others=has_other_access)
        act_log.record_act(session, row, change.who, what, changes=described_changes, mode=row.mode)
    return row


def _follow_new_dates(session: Session, row: Installation, changes: Mapping[str, Any]) -> None:
    """Read documents again after the first day or the time zone has changed.

    Those that wait are read again. With another first day everything is, because documents that
    were too early may count now.
    """
    has_new_start = changes.get("start_date", row.start_date) != row.start_date
    if has_new_start:
        forget_cursors(session, row.id)
    if has_new_start or changes.get("zone", row.zone) != row.zone:
        outbox.mark_for_reread(session, row.id)


def _leave_former_account(session: Session, row: Installation, change: _SettingsChange) -> None:
    """Leave the documents of the former account if the app continues with another one."""
    tenant = change.tenant
    if tenant is None or row.tenant in (None, tenant.id):
        return
    was = row.tenant_name or row.tenant
    count = replaced_account.leave_former(session, row, tenant.name, change.who)
    details = {"account": tenant.name, "was": was, "count": count}
    act_log.record_act(session, row, change.who, "account replaced", **details)


def _apply_automatic_switch(
    session: Session, row: Installation, settings_before: Mapping[str, Any], who: str
) -> None:
    """Approve waiting postings if the app's own switch was turned on; undo that if turned off."""
    if not settings_before:
        return
    app = current_hub().plugins.apps[row.slug]
    was_on = sources.is_automatic(app, settings_before)
    is_on = sources.is_automatic(app, row.settings)
    if is_on == was_on:
        return
    if not is_on:
        outbox.return_to_review(session, row.id)
        return
    if row.mode != InstallationMode.AUTO:
        return
    count = outbox.approve_all(session, row.id, who)
    if count:
        subject = act_log.format_audit_subject(row)
        audit.record(session, who, "postings approved", subject, count=count)


def _apply_review(session: Session, row: Installation) -> None:
    """Put unapproved postings into review if the app posts only after a review from now on.

    A pause does not change them: postings that were ready before it are sent if the app is
    automatic again after it.
    """
    if row.mode == InstallationMode.PAUSED:
        return
    app = current_hub().plugins.apps[row.slug]
    if sources.choose_initial_state(app, row.settings, row.mode) == PostingState.REVIEW:
        outbox.return_to_review(session, row.id)


def _find_available_app(slug: str) -> App:
    """Return an app of an installed plugin; raise the reason if there is none with this slug."""
    plugins = current_hub().plugins
    if slug not in plugins.apps:
        raise find_error(plugins, slug)
    return plugins.apps[slug]
