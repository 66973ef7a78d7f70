"""Many companies of one hub that all have the same source."""

from typing import Any

from hub import config as configuration
from hub.app import create_app
from hub.context import current_hub
from hub.db.engine import db, transaction
from hub.installations import enable
from hub.models import ConnectedCompany
from hub.models.enums import ConnectionState, RunKind
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import run_log
from tests.support.processes.distributed_processes import end_background_work


def connect_companies(hub: Any, settings: dict[str, Any], count: int) -> list[str]:
    """Connect companies of a hub's QuickBooks and enable the source for each; return the realms."""
    app = create_app(configuration.load(hub.environ), pages=False)
    realms = []
    with app.app_context():
        for _ in range(count):
            company_profile = hub.quickbooks.ask("profiles", {"profile": "norway"})
            realm, token = company_profile["realm"], company_profile["refresh_token"]
            company = oauth_connect.connect_with_refresh_token(realm, token)
            record_download.refresh(company.id)
            row = enable.enable(company.id, "costtracker", settings, who="anna", mode="auto")
            enable.push_first_lists(row)
            realms.append(realm)
        end_background_work(app)
        db.engine.dispose()
    return realms


def request_runs_of_disconnected_companies(hub: Any, count: int) -> None:
    """Request a run for each of several companies that are not connected."""
    app = create_app(configuration.load(hub.environ), pages=False)
    with app.app_context():
        now = current_hub().clock.now()
        for number in range(count):
            with transaction() as session:
                state = ConnectionState.DISCONNECTED
                company = ConnectedCompany(realm=str(number), state=state, connected_at=now)
                session.add(company)
                session.flush()
            run_log.request(RunKind.LISTS, company.id, "anna")
        db.engine.dispose()
