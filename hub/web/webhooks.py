"""The addresses that sources and QuickBooks call.

They need no log-in but a signature that the caller must have made.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, abort, current_app, request
from sqlalchemy import update
from werkzeug.exceptions import TooManyRequests

from hub import sources
from hub.context import current_hub, get_hub
from hub.contract.chunks import iter_chunks
from hub.contract.types import Signal
from hub.db.bulk import is_locked_in_order
from hub.db.database_errors import repeat_after_conflict
from hub.db.engine import read_only_session, transaction
from hub.errors import HubError, NotNow, PluginFault, Refused
from hub.models import Installation, SourceDocument
from hub.models.enums import RunKind
from hub.qbo import webhooks as quickbooks_webhooks
from hub.scheduling import run_log
from hub.sources import unread_webhooks
from hub.translations.messages import translate
from hub.web.authentication import throttling
from hub.web.authentication.access import require_role
from hub.web.frame.lookup import get_row_or_404
from hub.web.request.call_rates import BurstRate, CallRates
from hub.web.request.headers import csrf

pages = Blueprint("webhooks", __name__, url_prefix="/webhooks")
csrf.exempt(pages)
# A source that changes hundreds of documents at once calls as often; the documents are read once.
RATE_OF_CALLER = BurstRate(burst=600, per_minute=600)
RATE_OF_ADDRESS = BurstRate(burst=1200, per_minute=1200)
IDS_PER_STATEMENT = 1000
QUICKBOOKS_ENDPOINT = "webhooks.quickbooks"
log = logging.getLogger("hub")


@dataclass(frozen=True)
class WebhookRates:
    """The calls that clients and addresses have left in this process."""

    callers: CallRates
    addresses: CallRates

    def count_call(self) -> float:
        """Count this request; return 0, or the seconds until the next one if it was too many.

        The client is counted first: it cannot use up what others may send to the same address.
        """
        return self.callers.count_call(_get_caller()) or self.addresses.count_call(request.path)


def init_app(app: Flask) -> None:
    """Start with no calls."""
    hub = get_hub(app)
    now = hub.clock.monotonic
    rates = WebhookRates(CallRates(RATE_OF_CALLER, now), CallRates(RATE_OF_ADDRESS, now))
    app.extensions["hub.webhook_rates"] = rates


@pages.before_request
def limit_rate() -> None:
    """Refuse calls that come too often, from one client or to one address.

    QuickBooks reports the changes of all companies to one address. There only calls without its
    signature are counted, and only for their client.
    """
    rates = _get_rates()
    if request.endpoint == QUICKBOOKS_ENDPOINT:
        _refuse_until(rates.callers.get_pause(_get_caller()))
    else:
        _refuse_until(rates.count_call())


def _get_rates() -> WebhookRates:
    """Return the rates of this process."""
    rates: WebhookRates = current_app.extensions["hub.webhook_rates"]
    return rates


def _get_caller() -> tuple[str, str]:
    """Return the key under which calls are counted: the address, and the group of the client."""
    return request.path, throttling.get_client_group()


def _refuse_until(seconds: float) -> None:
    """Answer 429 if the next call may come only after some seconds."""
    if seconds:
        raise TooManyRequests(retry_after=math.ceil(seconds))


@pages.post("/<int:installation_id>")
@require_role("anyone")
def source(installation_id: int) -> Response:
    """Take a source's notice of a change.

    What it says is only a hint: the documents are read again. An app that takes no calls is
    answered as one that does not exist.
    """
    body = request.get_data(cache=False)
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
    plugins = current_hub().plugins
    if installation.slug in plugins.apps and not plugins.has(installation.slug, "hub_webhook"):
        abort(404)
    if not installation.enabled:
        return _build_text_response("This app is disabled.")
    try:
        signals = sources.interpret_webhook(installation, _build_headers(), body)
    except NotNow:
        raise
    except Refused as error:
        return _build_text_response(translate(error.sentence), 401)
    except PluginFault as fault:
        unread_webhooks.report(installation, fault)
        raise
    unread_webhooks.forget(installation)
    _follow(installation, signals)
    return _build_text_response("ok")


def _follow(installation: Installation, signals: Sequence[Signal]) -> None:
    """Have the documents that signals name read again, and request the runs that they ask for."""
    wants_lists = any(signal.records for signal in signals)
    wants_sync = any(not signal.records for signal in signals)
    if wants_sync:
        _read_again(installation, _list_ids(signals))
    if not installation.can_run:
        return
    if wants_lists:
        run_log.request(RunKind.LISTS, installation.company_id, run_log.WEBHOOK)
    if wants_sync:
        run_log.request(RunKind.SYNC, installation.id, run_log.WEBHOOK)


@pages.post("/quickbooks")
@require_role("anyone")
def quickbooks() -> Response:
    """Take QuickBooks' notice of a change, and request a run that reads what is new."""
    body = request.get_data(cache=False)
    try:
        quickbooks_webhooks.receive(
            dict(request.headers),
            body,
            run_log.list_companies_awaiting_changes,
            run_log.request_changes,
        )
    except Refused as error:
        _refuse_until(_get_rates().count_call())
        return _build_text_response(translate(error.sentence), 401)
    return _build_text_response("ok")


@pages.errorhandler(HubError)
def ask_for_repetition(error: HubError) -> Response:
    """Answer with 503, after which callers repeat a call, while it cannot be read here.

    A key or the plugin may be missing, or the plugin may have a defect. That is in the log only:
    anybody may call.
    """
    log.error("A webhook could not be read. %s", error.text)
    return _build_text_response("The hub cannot read this now; call again later.", 503)


def _build_text_response(text: str, status: int = 200) -> Response:
    """Return a line of text, since no person reads the answer on a page."""
    return Response(f"{text}\n", status, mimetype="text/plain")


def _build_headers() -> dict[str, str]:
    """Return the headers of a call without its cookies, which may be those of a person."""
    return {name: value for name, value in request.headers.items() if name.lower() != "cookie"}


def _list_ids(signals: Sequence[Signal]) -> list[str]:
    """Return the ids of the documents that signals name."""
    return [id for signal in signals for id in signal.ids]


@repeat_after_conflict
def _read_again(installation: Installation, ids: Sequence[str]) -> None:
    """Mark the named documents so that the next collect reads them, regardless of its cursor.

    They are marked in chunks, because a database takes a limited number of values in a statement.
    A run that stores these documents at the same time writes them in any order.
    """
    if not ids:
        return
    unique_ids = sorted(set(ids))
    now = current_hub().clock.now()
    with transaction() as session:
        for chunk in iter_chunks(unique_ids, IDS_PER_STATEMENT):
            is_chosen = (
                SourceDocument.installation_id == installation.id,
                SourceDocument.tenant == (installation.tenant or ""),
                SourceDocument.source_id.in_(chunk),
            )
            documents = update(SourceDocument).where(
                is_locked_in_order(SourceDocument.id, *is_chosen)
            )
            statement = documents.values(reread=True, reread_at=now)
            session.execute(statement, execution_options={"synchronize_session": False})
