"""The calls of a source that read no documents: check the access, list codes, read webhooks."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from requests.structures import CaseInsensitiveDict
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.cases.other_account import leads_to_other_account
from hub.cases.source_cases import build_warning_prefix
from hub.context import current_hub
from hub.contract.document_kinds import words_of
from hub.contract.documents import Attachment, Code, Document, Role
from hub.contract.hook_results import require_list, require_result
from hub.contract.rows import is_plugin_defect
from hub.contract.types import App, Signal, Site, Tenant
from hub.db import engine
from hub.errors import NotNow, OtherTenant, Refused, Retry, Sentence
from hub.models import Installation
from hub.outbox.setting_locks import lock_to_change
from hub.qbo import records
from hub.reasons.texts import CaseText
from hub.security import hub_settings
from hub.sources import outage
from hub.sources.masking import mask_item
from hub.sources.site import build_site, call_hook, get_app, guard, load_fields

log = logging.getLogger("hub")
MAX_TENANT_NAME_LENGTH = 500  # of the column; a longer name is cut
MAX_LISTED_NAMES = 20  # names that a warning lists


def check(
    installation: Installation,
    settings: Mapping[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
    *,
    new_account: str | None = None,
) -> Tenant:
    """Check the access, bind the installation to its account at the source, and return it.

    Raise OtherTenant if it is bound to another account than this one, unless a person lets it
    continue with `new_account`. Warnings become cases. With settings or secrets that are not saved
    yet, nothing is stored.
    """
    site = build_site(installation, settings, secrets)
    with guard(installation, Sentence("checking the connection")):
        tenant = _call_check(installation, site)
    app = get_app(installation)
    if installation.tenant not in (None, tenant.id) and tenant.id != new_account:
        bound_to = installation.tenant_name or installation.tenant or ""
        error = OtherTenant(app.name, bound_to, tenant.name, tenant.id)
        error.from_source = True
        raise error

    warnings = list(tenant.warnings)
    for warning in (
        _warn_of_separated_names(installation, site),
        _warn_of_missing_mail_server(app, site),
    ):
        if warning:
            warnings.append(warning)
    tenant = mask_item(replace(tenant, warnings=tuple(warnings)))
    if settings is None and secrets is None:
        with engine.transaction() as session:
            bind(session, installation, tenant)
    return tenant


def require_own_account(installation: Installation) -> None:
    """Raise NotNow if the last check of an app found another account than its own.

    Every call of a source with the stored settings asks this first, except checks and the reading
    of documents, which checks the account itself.
    """
    with engine.read_only_session() as session:
        is_other = leads_to_other_account(session, installation.id)
    if is_other:
        raise NotNow(
            "The access of %(app)s leads to another account than the one of its documents, so"
            " nothing is read from it or sent to it. Enter the access of the former account again"
            " in the settings of %(app)s, or save them and choose to continue with the other one.",
            app=get_app(installation).name,
        )


def _call_check(installation: Installation, site: Site) -> Tenant:
    """Return the account that the plugin names; one for all accounts if it has no `hub_check`."""
    app = get_app(installation)
    if not current_hub().plugins.has(installation.slug, "hub_check"):
        return Tenant(id="-", name=app.name)
    try:
        result = call_hook(installation, "hub_check", site=site)
    except (TypeError, AttributeError, LookupError) as error:
        if is_plugin_defect(error):
            raise
        log.warning("%s sent no account", installation.slug, exc_info=True)
        raise Retry(
            "%(app)s answered with something else than its account (%(type)s: %(error)s). It is"
            " asked again later; if this goes on, check its address in the settings of the app.",
            app=app.name,
            type=type(error).__name__,
            error=str(error),
        ) from error
    return require_result("hub_check", result, Tenant)


def _warn_of_missing_mail_server(app: App, site: Site) -> str:
    """Return a warning if the app has a mailbox but the hub cannot send mail; "" otherwise."""
    address = site.settings.get(app.mailbox) if app.mailbox else ""
    if not address or hub_settings.mail_url():
        return ""
    return Sentence(
        "Comparisons and errors are to be mailed to %(address)s, but this hub cannot"
        " send mail: no mail server is set. An owner enters one under Set up → Mail.",
        address=address,
    )


def _warn_of_separated_names(installation: Installation, site: Site) -> str:
    """Return a warning about names in QuickBooks that hold the source's separator; "" for none."""
    separators: dict[Role, str] = {}
    for field in load_fields(installation, site):
        if field.separator:
            separators[field.role] = field.separator
    names = _load_names_with(installation, separators)
    if not names:
        return ""
    signs = sorted({f"“{separator}”" for separator in separators.values()})
    name_list = ", ".join(names[:MAX_LISTED_NAMES])
    remaining = len(names) - MAX_LISTED_NAMES
    if remaining > 0:
        name_list = Sentence("%(names)s and %(count)s more", names=name_list, count=remaining)
    return Sentence(
        "QuickBooks has names with %(signs)s, which separates nothing there:"
        " %(listed)s. Rename them in QuickBooks; documents that use them are held.",
        signs=" or ".join(signs),
        listed=name_list,
    )


def _load_names_with(installation: Installation, separators: Mapping[Role, str]) -> list[str]:
    """Return the kind and name of each record whose name holds the separator of its role."""
    names: list[str] = []
    with engine.read_only_session() as session:
        for role, separator in separators.items():
            kind = words_of(role)
            for row in records.list_choices(session, installation.company_id, role):
                if separator in row.full_name:
                    names.append(f"{kind} “{row.full_name}”")
    return names


def read_codes(
    installation: Installation,
    field: str,
    settings: Mapping[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
) -> list[Code]:
    """Return the codes of a field as the source has them now; the settings may be unsaved."""
    if settings is None and secrets is None:
        require_own_account(installation)
    action = Sentence("listing its %(field)s codes", field=field.replace("_", " "))
    with guard(installation, action):
        site = build_site(installation, settings, secrets)
        result = call_hook(installation, "hub_codes", site=site, field=field)
        codes: list[Code] = []
        for code in require_list("hub_codes", result, Code, str):
            if isinstance(code, str):
                code = Code(id=code)
            codes.append(mask_item(code))
    return codes


def read_file(installation: Installation, document: Document, attachment: Attachment) -> bytes:
    """Return the content of a file of a document, as the source has it now."""
    require_own_account(installation)
    with guard(installation, Sentence("handing over %(name)s", name=attachment.name)):
        site = build_site(installation)
        content = call_hook(
            installation, "hub_attachment", site=site, document=document, attachment=attachment
        )
        if not isinstance(content, bytes):
            raise Refused(
                "%(app)s has no content for %(file)s.",
                app=get_app(installation).name,
                file=attachment.name,
            )
        return content


def subscribe(installation: Installation, *, on: bool) -> None:
    """Turn the source's calls to the hub on or off, if the app can do that."""
    require_own_account(installation)
    with guard(installation, Sentence("subscribing to changes")):
        site = build_site(installation)
        call_hook(installation, "hub_subscribe", site=site, on=on)


def interpret_webhook(
    installation: Installation, headers: Mapping[str, str], body: bytes
) -> list[Signal]:
    """Return the signals in a webhook call; raise Refused if the source did not send it.

    Without signals, the hub collects everything that has changed.
    """
    with guard(installation, Sentence("reading a call of its source")):
        site = build_site(installation)
        values = {"headers": CaseInsensitiveDict(headers), "body": body}
        result = call_hook(installation, "hub_webhook", site=site, **values)
        return require_list("hub_webhook", result, Signal)


def bind(session: Session, installation: Installation, tenant: Tenant) -> None:
    """Bind the installation to the account that a check returned; its warnings become cases.

    The object may be from another session, so it is changed together with its row. An app that was
    paused or disabled during the check gets no cases: no later check would close them.
    """
    row = lock_to_change(session, installation.id)
    for copy in (row, installation):
        copy.tenant = tenant.id
        copy.tenant_name = tenant.name[:MAX_TENANT_NAME_LENGTH]
    if leads_to_other_account(session, row.id):
        outage.forget(session, row)
    if row.can_run:
        _warn(session, installation, tenant.warnings)


def _warn(session: Session, installation: Installation, warnings: Sequence[str]) -> None:
    """Open a case for each warning, and close the cases of earlier ones.

    A digest of the warning tells its case from those of other warnings.
    """
    prefix = build_warning_prefix(installation.id)
    texts: dict[str, str] = {}
    for text in warnings:
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        texts[prefix + digest] = text
    for cause in inbox.list_open_causes(session, prefix):
        if cause not in texts:
            inbox.close(session, cause)
    app_name = get_app(installation).name
    for cause, text in texts.items():
        inbox.open(
            session,
            cause,
            CaseText("source.warning", app=app_name, warning=text),
            company_id=installation.company_id,
            installation_id=installation.id,
        )
