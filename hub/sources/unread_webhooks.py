"""The case about webhooks of a source that its plugin cannot read."""

from hub.cases import inbox
from hub.cases.source_cases import build_webhook_cause
from hub.db import engine
from hub.errors import PluginFault
from hub.models import Installation
from hub.outbox.setting_locks import lock_to_change
from hub.reasons.texts import CaseText
from hub.sources.site import get_app


def report(installation: Installation, fault: PluginFault) -> None:
    """Open the case, unless it is open or a person closed it with this reason.

    Anybody may send a webhook, so each reason is written once. An app that was paused or disabled
    meanwhile gets no case.
    """
    cause = build_webhook_cause(installation.id)
    text = CaseText("source.webhook", app=get_app(installation).name, problem=fault.text)
    with engine.read_only_session() as session:
        newest = inbox.find_newest(session, cause)
        if newest and newest.closed_by != "hub" and inbox.has_reason(newest, text):
            return
    with engine.transaction() as session:
        row = lock_to_change(session, installation.id)
        if row.can_run:
            inbox.open(session, cause, text, company_id=row.company_id, installation_id=row.id)


def forget(installation: Installation) -> None:
    """Close the case, because a webhook could be read."""
    cause = build_webhook_cause(installation.id)
    with engine.read_only_session() as session:
        is_open = inbox.is_open(session, cause)
    if is_open:
        with engine.transaction() as session:
            inbox.close(session, cause)
