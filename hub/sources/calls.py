"""Questions to a source: is the access right, which codes are there, what does its call mean."""

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

NAMED = 20  # names that a warning lists


def check(
    installation: Installation,
    settings: Mapping[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
) -> Tenant:
    """Proves the access and binds the installation to its account; refuses another one; warnings become cases."""
    here = site(installation, settings, secrets)
    with guarded(installation, "checking the connection"):
        tenant: Tenant = call(installation, "hub_check", site=here)
    app = app_of(installation)
    if tenant is None:
        tenant = Tenant(id="-", name=app.name)
    if installation.tenant not in (None, tenant.id):
        raise OtherTenant(
            app.name, installation.tenant_name or installation.tenant or "", tenant.name
        )
    own = [_separated_names(installation, here), _no_mail(app, here)]
    tenant = replace(tenant, warnings=(*tenant.warnings, *filter(None, own)))
    if settings is None and secrets is None:
        with engine.transaction() as session:
            bind(session, installation, tenant)
    return tenant


def _no_mail(app: App, here: Site) -> str:
    """Warn of a mailbox that nothing can be mailed to."""
    address = here.settings.get(app.mailbox) if app.mailbox else ""
    if not address or hub_context.current().config.mail_url:
        return ""
    return (
        f"Comparisons and errors are to be mailed to {address}, but this hub cannot send mail: no mail server is set."
        " Set HUB_MAIL_URL."
    )


def _separated_names(installation: Installation, here: Site) -> str:
    """Warn of records in QuickBooks whose names hold what separates levels of a name at the source."""
    separators = {field.role: field.separator for field in fields(installation, here)}
    found = []
    with engine.reading() as session:
        for role, separator in separators.items():
            names = [
                row.full_name
                for row in records.choices(session, installation.company_id, role)
                if separator and separator in row.full_name
            ]
            found += [f"{role.replace('_', ' ')} “{name}”" for name in names]
    if not found:
        return ""
    more = f" and {len(found) - NAMED:,} more" if found[NAMED:] else ""
    signs = " or ".join(sorted({f"“{sign}”" for sign in separators.values() if sign}))
    return (
        f"QuickBooks has names with {signs}, which separates nothing there: {', '.join(found[:NAMED])}{more}."
        " Rename them in QuickBooks; documents that use them are held."
    )


def codes(
    installation: Installation,
    field: str,
    settings: Mapping[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
) -> list[Code]:
    """The codes of a field as the source has them now."""
    with guarded(installation, f"listing its {field.replace('_', ' ')} codes"):
        found = (
            call(installation, "hub_codes", site=site(installation, settings, secrets), field=field)
            or ()
        )
        return [Code(id=code) if isinstance(code, str) else code for code in found]


def subscribe(installation: Installation, on: bool) -> None:
    """Turns the source's calls to the hub on or off, where the app knows how."""
    with guarded(installation, "subscribing to changes"):
        call(installation, "hub_subscribe", site=site(installation), on=on)


def webhook(installation: Installation, headers: Mapping[str, str], body: bytes) -> list[Signal]:
    """What a call of the source means; raises Refused when it is not the source's."""
    with guarded(installation, "reading a call of its source"):
        return list(
            call(installation, "hub_webhook", site=site(installation), headers=headers, body=body)
            or ()
        )


def bind(session: Session, installation: Installation, tenant: Tenant) -> None:
    """Binds the installation to the account that a check has found; its warnings become cases."""
    row = session.get_one(Installation, installation.id)
    row.tenant = installation.tenant = tenant.id
    row.tenant_name = installation.tenant_name = tenant.name
    _warn(session, installation, tenant.warnings)


def _warn(session: Session, installation: Installation, warnings: Sequence[str]) -> None:
    prefix = f"warning:{installation.id}:"
    wanted = {prefix + hashlib.sha256(text.encode()).hexdigest()[:16]: text for text in warnings}
    for cause in inbox.open_causes(session, prefix):
        if cause not in wanted:
            inbox.close(session, cause)
    for cause, text in wanted.items():
        inbox.open(
            session,
            cause,
            CaseText("source.warning", app=app_of(installation).name, warning=text),
            company_id=installation.company_id,
            installation_id=installation.id,
        )
