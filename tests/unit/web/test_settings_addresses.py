"""A stored secret is sent only to the address for which it was entered."""

import json

import pytest
from sqlalchemy import select

from hub import demo, sources
from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.errors import HubError, SettingsInvalid
from hub.installations import enable
from hub.models import AuditEntry, Installation
from hub.security import audit_check
from hub.security.secrets import SiteSecrets
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.pages.page_visitor import Visitor

HOME, ELSEWHERE = "https://source.test", "https://elsewhere.test"
APPS = {
    "costtracker": ("base_url",),
    "ontraccr": ("base_url",),
    "costcertified": ("base_url",),
    "ion": ("api_url", "token_url"),
    "autotask-invoices": ("address",),
}


class Listener:
    """A server of somebody else that records everything it receives."""

    def __init__(self):
        self.requests = []

    def __call__(self, environ, start):
        body = environ["wsgi.input"].read()
        headers = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
        self.requests.append(json.dumps([environ["PATH_INFO"], headers, body.decode()]))
        start("200 OK", [("Content-Type", "application/json")])
        return [b'{"access_token": "x", "refresh_token": "x", "expires_in": 3600}']


@pytest.fixture
def listener(app):
    server = Listener()
    current_hub().mounts[ELSEWHERE] = WSGIAdapter(server, ELSEWHERE)
    return server


def enabled(quickbooks, slug):
    """Enable an app with the settings of its stand-in; return the stand-in and the app's row."""
    stand_in = current_hub().plugins.open_stand_in(slug, folder=None, documents=5, seed=1)
    current_hub().mounts[HOME] = WSGIAdapter(stand_in.wsgi, HOME)
    with read_only_session() as session:
        company = session.get_one(demo.ConnectedCompany, 1)
    demo.enable(company, slug, stand_in.settings(HOME))
    return stand_in, row()


def row():
    with read_only_session() as session:
        return session.scalars(select(Installation)).one()


def moved(slug, place=ELSEWHERE, **answers):
    return dict.fromkeys(APPS[slug], place) | answers


def secrets_of(stand_in):
    app = current_hub().plugins.apps[row().slug]
    return sources.load_stored_secrets(app, row())


def enable_again(installation, settings):
    enable.disable(1, installation.slug, who="mallory")
    enable.enable(1, installation.slug, settings, who="mallory")


ACTS = {
    "save": lambda row, settings: enable.change(1, row.slug, settings, who="mallory"),
    "test": lambda row, settings: enable.try_settings(row, settings, who="mallory"),
    "enable again": enable_again,
}


@pytest.mark.proof(small=4)
@pytest.mark.parametrize("slug", APPS)
@pytest.mark.parametrize("act", ACTS)
def test_no_stored_secret_leaves_for_a_new_address(quickbooks, listener, slug, act):
    stand_in, installation = enabled(quickbooks, slug)
    with pytest.raises(SettingsInvalid) as error:
        ACTS[act](installation, moved(slug))
    assert set(error.value.fields) == set(secrets_of(stand_in))
    assert all(f"{ELSEWHERE}:443" in text for (text,) in error.value.fields.values())
    assert listener.requests == []
    assert row().settings == installation.settings


@pytest.mark.parametrize("button", [{}, {"test": "1"}])
@pytest.mark.parametrize("slug", ["costtracker", "ontraccr"])
def test_the_page_asks_for_the_secret_beside_its_field(connected_visitor: Visitor, slug, button):
    """Showing the form again must not request the choices from the new address either."""
    with connected_visitor.app.app_context():
        _, installation = enabled(connected_visitor.quickbooks, slug)
        listener = current_hub().mounts[ELSEWHERE] = WSGIAdapter(Listener(), ELSEWHERE)
    page = f"/installations/{installation.id}/settings"
    form = {name: str(value) for name, value in installation.settings.items() if value}
    answer = connected_visitor.post(page, **form | moved(slug) | button)
    about = answer.text[answer.text.index('id="client_secret-about"') :][:300]
    assert answer.status_code == 400
    assert "Enter this again: “Address” now leads to https://elsewhere.test:443" in about
    assert "Leave empty to keep it" not in about
    assert listener.app.requests == []
    connected_visitor.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "nb"
    answer = connected_visitor.post(page, **form | moved(slug) | button)
    assert "Oppgi dette på nytt: «Adresse» fører nå til https://elsewhere.test:443" in answer.text


@pytest.mark.parametrize("slug", APPS)
def test_a_guess_at_the_secret_brings_nothing_stored_to_light(quickbooks, listener, slug):
    """Only the entered secret is sent, and none of the stored secrets and tokens."""
    stand_in, installation = enabled(quickbooks, slug)
    site_secrets = SiteSecrets(installation.id)
    site_secrets["an_access_token"] = "token-of-the-plugin"
    hidden = {text for text in site_secrets.values() if len(text) > 5}
    guess = dict.fromkeys(secrets_of(stand_in), "a guess")
    with pytest.raises(HubError):
        enable.change(1, slug, moved(slug, **guess), who="mallory")
    assert listener.requests, "the guess was tried"
    assert [text for text in hidden if text in "".join(listener.requests)] == []
    assert (row().settings, SiteSecrets(installation.id)["an_access_token"]) == (
        installation.settings,
        "token-of-the-plugin",
    )


@pytest.mark.parametrize("guess", ["a guess", None])
def test_a_plugin_finds_nothing_stored_while_it_is_tested_at_a_new_address(quickbooks, guess):
    _, installation = enabled(quickbooks, "costtracker")
    SiteSecrets(installation.id)["an_access_token"] = "token-of-the-plugin"
    typed = {"client_secret": guess} if guess else None
    site = sources.build_site(installation, installation.settings | moved("costtracker"), typed)
    assert dict(site.secrets) == (typed or {})
    with site.secrets.lock():
        site.secrets["an_access_token"] = "of the new address"
    assert SiteSecrets(installation.id)["an_access_token"] == "token-of-the-plugin"


@pytest.mark.parametrize(
    "place",
    [
        "http://source.test",
        "https://source.test:8443",
        "https://www.source.test",
        "https://source.test.elsewhere.test",
        "https://[::1]",
    ],
)
def test_scheme_host_and_port_all_count(quickbooks, place):
    enabled(quickbooks, "costtracker")
    with pytest.raises(SettingsInvalid, match="Enter this again: “Address” now leads"):
        enable.change(1, "costtracker", {"base_url": place}, who="kari")


@pytest.mark.parametrize("place", [f"{HOME}/", "https://SOURCE.test:443", "https://source.test."])
def test_another_spelling_of_the_same_address_asks_for_nothing(quickbooks, place):
    enabled(quickbooks, "costtracker")
    current_hub().mounts[place] = current_hub().mounts[HOME]
    assert enable.change(1, "costtracker", {"base_url": place}, who="kari").settings["base_url"]


def test_with_the_secret_entered_again_the_app_moves_and_what_it_stored_stays(quickbooks):
    stand_in, installation = enabled(quickbooks, "costtracker")
    current_hub().mounts[ELSEWHERE] = WSGIAdapter(stand_in.wsgi, ELSEWHERE)
    SiteSecrets(installation.id)["pushed supplier"] = "yes"
    settings = moved("costtracker", **secrets_of(stand_in))
    assert enable.change(1, "costtracker", settings, who="kari").settings["base_url"] == ELSEWHERE
    assert SiteSecrets(installation.id)["pushed supplier"] == "yes"


def test_with_another_secret_nothing_stored_moves_along(quickbooks):
    """A server that accepts any secret must not receive the tokens of the old one later."""
    stand_in, installation = enabled(quickbooks, "costtracker")
    other = current_hub().plugins.open_stand_in("costtracker", folder=None, documents=5, seed=1)
    current_hub().mounts[ELSEWHERE] = WSGIAdapter(other.wsgi, ELSEWHERE)
    SiteSecrets(installation.id)["client_secret"] = "of-the-old-address"
    SiteSecrets(installation.id)["an_access_token"] = "of-the-old-address"
    new = {name: other.settings(ELSEWHERE)[name] for name in secrets_of(stand_in)}
    enable.change(1, "costtracker", moved("costtracker", **new), who="kari")
    site_secrets = SiteSecrets(installation.id)
    assert (site_secrets["client_secret"], "an_access_token" in site_secrets) == (
        new["client_secret"],
        False,
    )


def test_each_test_is_in_the_audit_log_with_its_address_and_who(quickbooks, listener):
    stand_in, installation = enabled(quickbooks, "costtracker")
    enable.try_settings(installation, {}, who="kari")
    guess = dict.fromkeys(secrets_of(stand_in), "a guess")
    with pytest.raises(HubError):
        enable.try_settings(installation, moved("costtracker", **guess), who="mallory")
    with read_only_session() as session:
        tests = select(AuditEntry).where(AuditEntry.what == "connection tested")
        rows = [(entry.who, entry.detail["addresses"]) for entry in session.scalars(tests)]
        assert audit_check.verify(session).count
    assert rows[-2:] == [("kari", [f"{HOME}:443"]), ("mallory", [f"{ELSEWHERE}:443"])]
