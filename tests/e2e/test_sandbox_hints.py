"""Tests of what `hub sandbox` prints: entered in the hub's forms, it connects and enables."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from hub.contract.registry import Plugins
from hub.db import engine
from hub.models import ConnectedCompany, Installation
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.testing.clock import FakeClock
from qbo_sandbox import US
from tests.support.pages.page_form import PageForm
from tests.support.pages.page_visitor import Visitor
from tests.support.processes.command_processes import KEYS, Hub, StandIn
from tests.support.runs.hub_environment import INTUIT
from tests.support.sources.stand_in_fixtures import mount_quickbooks

NO_KEYS = dict.fromkeys([name for name in INTUIT if "_PER_" not in name], "")
HINT = re.compile(r"^  (.+?): (.+)$", re.MULTILINE)


def slugs() -> list[str]:
    """Return the apps that have a stand-in."""
    plugins = Plugins.load()
    return [slug for slug in plugins.apps if plugins.has(slug, "hub_sandbox")]


def hints(stand_in: StandIn, where: str) -> dict[str, str]:
    """Return what the command says to enter in a place of the hub, by the labels there."""
    heading = f"to enter under {where}, in a hub of `hub serve --allow-loopback`:\n"
    before, separator, block = stand_in.output().partition(heading)
    assert separator, before
    return dict(HINT.findall(block))


@pytest.mark.proof(small=2)
@pytest.mark.parametrize("slug", slugs())
def test_the_printed_settings_of_a_stand_in_enable_its_app(
    slug: str,
    open_pages: Callable[..., Visitor],
    clock: FakeClock,
    stand_in: Callable[..., StandIn],
) -> None:
    source = stand_in(slug, "--documents", "3")
    visitor = open_pages("people", HUB_ALLOW_LOOPBACK="1")
    quickbooks = mount_quickbooks(visitor.app, clock)
    with visitor.app.app_context():
        token = quickbooks.refresh_tokens[US.realm]
        company = oauth_connect.connect_with_refresh_token(US.realm, token)
        record_download.refresh(company.id)
    visitor.log_in("olga")

    app = visitor.app.extensions["hub"].plugins.apps[slug]
    if app.access and app.access_gate:
        visitor.press(f"/apps/{slug}/{company.id}/grant")
    path = f"/apps/{slug}/{company.id}/configure"
    form = PageForm(visitor.page(path), path)
    for label, text in hints(source, f"Apps → {app.name} → Enable").items():
        form.enter(label, text)
    form.choose_any()
    assert "The connection works" in visitor.post(path, **form.values, test="1").text
    assert f"{app.name} is enabled" in visitor.press(path, **form.values)
    installation = visitor.row(Installation, 1)
    assert (installation.slug, installation.enabled) == (slug, True)


def test_the_settings_that_a_stand_in_prints_as_json_enable_its_app(
    hub: Hub, stand_in: Callable[..., StandIn], tmp_path: Path
) -> None:
    source = stand_in("costtracker", "--documents", "3", "--json")
    settings = json.loads(source.output())
    assert settings["base_url"].startswith("http://127.0.0.1:")
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({**settings, "payable_account": KEYS["payable_account"]}))
    hub.connect()
    assert "CostTracker is enabled" in hub.run(
        "apps", "enable", "costtracker", "--settings", str(file)
    )


def test_the_stand_in_of_quickbooks_has_no_settings_of_an_app(hub: Hub) -> None:
    code, _, errors = hub("sandbox", "quickbooks", "--json")
    assert (code, "--json prints the settings of an app; name one." in errors) == (2, True)


def test_the_printed_keys_of_the_quickbooks_stand_in_connect_a_company(
    open_pages: Callable[..., Visitor], stand_in: Callable[..., StandIn]
) -> None:
    quickbooks = stand_in("quickbooks", "--company", "norway")
    visitor = open_pages("people", HUB_ALLOW_LOOPBACK="1", **NO_KEYS)
    visitor.log_in("olga")
    form = PageForm(visitor.page("/setup/intuit"), "/setup/intuit")
    for label, text in hints(quickbooks, "Set up → Intuit keys").items():
        form.enter(label, text)
    assert "The keys are stored" in visitor.press("/setup/intuit", **form.values)

    consent = visitor.post("/companies/connect").location
    assert consent.startswith(f"{quickbooks.url}/connect/oauth2?")
    [realm] = re.findall(r"^company (\d+) ", quickbooks.output(), re.MULTILINE)
    choice = {"user": "admin", "realm": realm, "decision": "connect"}
    answer = requests.post(consent, data=choice, allow_redirects=False, timeout=60)
    path = answer.headers["Location"].removeprefix("http://localhost:8080")
    assert "is connected; its lists are being read." in visitor.page(path)
    with visitor.app.app_context(), engine.read_only_session() as session:
        company = session.scalars(select(ConnectedCompany)).one()
        assert (company.realm, company.state) == (realm, "connected")
