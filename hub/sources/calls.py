"""Call a source beside reading its documents: check the access, list codes, read webhooks."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.cases import inbox
from hub.contract.documents import Code
from hub.contract.types import App, Signal, Site, Tenant
from hub.db import engine
from hub.errors import OtherTenant
from hub.models import Installation
from hub.qbo import records
from hub.reasons.texts import CaseText
from hub.sources.site import app_of, call, fields, guarded, site

MAX_LISTED_NAMES = 20  # names that a warning lists


def check(
    installation: Installation,
    settings: Mapping[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
) -> Tenant:
    """Prove the access and bind the installation to its account at the source.

    Refuse another account. Warnings become cases.
    """
    here = site(installation, settings, secrets)
    with guarded(installation, "checking the connection"):
        tenant: Tenant | None = call(installation, "hub_check", site=here)
    app = app_of(installation)
    if tenant is None:
        tenant = Tenant(id="-", name=app.name)
    if installation.tenant not in (None, tenant.id):
        bound_to = installation.tenant_name or installation.tenant or ""
        raise OtherTenant(app.name, bound_to, tenant.name)

    hub_warnings = [_separated_names(installation, here), _missing_mail_server(app, here)]
    warnings = (*tenant.warnings, *filter(None, hub_warnings))
    tenant = replace(tenant, warnings=warnings)
    if settings is None and secrets is None:
        with engine.transaction() as session:
            bind(session, installation, tenant)
    return tenant


def _missing_mail_server(app: App, here: Site) -> str:
    """Warn of a mailbox that nothing can be mailed to."""
    address = here.settings.get(app.mailbox) if app.mailbox else ""
    if not address or hub_context.current().config.mail_url:
        return ""
    return (
        f"Comparisons and errors are to be mailed to {address}, but this hub cannot send mail: no"
        " mail server is set. Set HUB_MAIL_URL."
    )


def _separated_names(installation: Installation, here: Site) -> str:
    """Warn of records in QuickBooks whose names hold the source's separator of name levels."""
    separators = {field.role: field.separator for field in fields(installation, here)}
    names: list[str] = []
    with engine.reading() as session:
        for role, separator in separators.items():
            for row in records.choices(session, installation.company_id, role):
                if separator and separator in row.full_name:
                    names.append(f"{role.replace('_', ' ')} “{row.full_name}”")
    if not names:
        return ""
    signs = sorted({f"“{separator}”" for separator in separators.values() if separator})
    listed = ", ".join(names[:MAX_LISTED_NAMES])
    remaining = len(names) - MAX_LISTED_NAMES
    if remaining > 0:
        listed += f" and {remaining:,} more"
    return (
        f"QuickBooks has names with {' or '.join(signs)}, which separates nothing there: {listed}."
        " Rename them in QuickBooks; documents that use them are held."
    )


def codes(
    installation: Installation,
    field: str,
    settings: Mapping[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
) -> list[Code]:
    """Return the codes of a field as the source has them now."""
    with guarded(installation, f"listing its {field.replace('_', ' ')} codes"):
        here = site(installation, settings, secrets)
        listed = call(installation, "hub_codes", site=here, field=field) or ()
        return [Code(id=code) if isinstance(code, str) else code for code in listed]


def subscribe(installation: Installation, on: bool) -> None:
    """Turn the source's calls to the hub on or off, if the app can do that."""
    with guarded(installation, "subscribing to changes"):
        call(installation, "hub_subscribe", site=site(installation), on=on)


def webhook(installation: Installation, headers: Mapping[str, str], body: bytes) -> list[Signal]:
    """Return what a call of the source means; raise Refused if it is not the source's."""
    with guarded(installation, "reading a call of its source"):
        here = site(installation)
        signals = call(installation, "hub_webhook", site=here, headers=headers, body=body)
        return list(signals or ())


def bind(session: Session, installation: Installation, tenant: Tenant) -> None:
    """Bind the installation to the account that a check returned; its warnings become cases."""
    row = session.get_one(Installation, installation.id)
    row.tenant = installation.tenant = tenant.id
    row.tenant_name = installation.tenant_name = tenant.name
    _warn(session, installation, tenant.warnings)


def _warn(session: Session, installation: Installation, warnings: Sequence[str]) -> None:
    """Open a case for each warning, and close the cases of earlier ones."""
    prefix = f"warning:{installation.id}:"
    texts: dict[str, str] = {}
    for text in warnings:
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        texts[prefix + digest] = text
    for cause in inbox.open_causes(session, prefix):
        if cause not in texts:
            inbox.close(session, cause)
    for cause, text in texts.items():
        inbox.open(
            session,
            cause,
            CaseText("source.warning", app=app_of(installation).name, warning=text),
            company_id=installation.company_id,
            installation_id=installation.id,
        )
