"""The test bench and the contract suite name a plugin that cannot be loaded."""

import pytest
from marshmallow import Schema

from hub import App, FromSetting, Sandbox, hookimpl
from hub.contract.registry import Plugins
from hub.contract.site_settings import UnknownSetting
from hub.errors import NotFound, PluginBroken, Refused
from hub.testing import bench
from hub.testing.contract import contract
from hub.testing.fakes.secrets import SecretsInMemory
from qbo_sandbox.kit import Harness


class Shed:
    """A plugin whose app refers to a setting that it does not have."""

    @hookimpl
    def hub_apps(self):
        gone = FromSetting("deleted")
        return [
            App(slug="shed", name="Shed", summary="", posts=("bill",), settings=Schema, gone=gone)
        ]

    @hookimpl
    def hub_documents(self, app):
        return []


def test_the_contract_suite_says_why_the_plugin_of_its_app_cannot_be_used(monkeypatch):
    monkeypatch.setattr(bench, "load_plugins", lambda: Plugins.load([Shed()], installed=False))
    suite = contract("shed")
    sentence = "gone of app shed is the setting 'deleted', which the app does not have"
    with pytest.raises(PluginBroken, match=sentence):
        bench.Bench(suite.slug, suite.settings)


class Attic:
    """Another plugin that cannot be used, which is loaded before Shed."""

    @hookimpl
    def hub_apps(self):
        raise OSError("The roof leaks.")


def test_the_error_is_that_of_the_plugin_of_the_app():
    plugins = Plugins.load([Attic(), Shed()], installed=False)
    assert [error.distribution for error in plugins.broken] == ["Attic", "Shed"]
    for slug in ("shed", "attic"):
        with pytest.raises(PluginBroken) as caught:
            bench.Bench(slug, plugins=plugins)
        assert caught.value.distribution.lower() == slug


def test_an_app_of_no_known_plugin_is_missing_and_the_plugins_that_were_not_loaded_are_named():
    plugins = Plugins.load([Attic(), Shed()], installed=False)
    with pytest.raises(Refused, match=r"There is no app “barn”. .* The roof leaks.*deleted"):
        bench.Bench("barn", plugins=plugins)


def test_an_app_that_is_not_installed_is_named():
    with pytest.raises(NotFound, match=r"There is no app “ontracr”"):
        bench.Bench("ontracr")


ACCOUNTS = {"receipt_address": "books@example.com", "deposit_account": "35"}


@pytest.mark.parametrize(("country", "currency"), [("", "USD"), ("GB", "GBP"), ("DE", "EUR")])
def test_the_company_has_the_currency_of_the_country_of_the_stand_in(country, currency):
    class InCountry:
        """A plugin whose stand-in names a country."""

        @hookimpl
        def hub_apps(self):
            return [App(slug="yard", name="Yard", summary="", posts=("bill",), settings=Schema)]

        @hookimpl
        def hub_documents(self, app):
            return []

        @hookimpl
        def hub_sandbox(self, app):
            wsgi = Harness(lambda environ, start: [])
            return Sandbox(wsgi=wsgi, settings=lambda url: {}, country=country)

    plugins = Plugins.load([InCountry()], installed=False)
    assert bench.Bench("yard", plugins=plugins).company.currency == currency


def test_the_source_is_called_with_headers_where_the_app_stores_no_token():
    harvest = bench.Bench("harvest", ACCOUNTS, waits=True)
    headers = {
        "Authorization": "Bearer harvest-token",
        "Harvest-Account-Id": "130020",
        "User-Agent": "Tests (tests@example.com)",
    }
    assert harvest.ask("GET", "/v2/company").status_code == 401
    answer = harvest.ask("GET", "/v2/company", headers=headers)
    assert answer.json()["name"] == "Bright Ideas"


@pytest.mark.parametrize("value", [None, 7, b"t"])
def test_a_secret_that_is_no_text_is_refused_without_its_value(value):
    secrets = SecretsInMemory()
    with pytest.raises(
        TypeError, match=rf"^the secret key must be a text, not {type(value).__name__}$"
    ):
        secrets["key"] = value


def test_a_setting_that_is_read_as_a_secret_is_named():
    costtracker = bench.Bench("costtracker", {"payable_account": "33"})
    sentence = (
        r"^base_url is a setting and no secret; define it with setting.secret, or read it with"
    )
    with pytest.raises(UnknownSetting, match=sentence):
        costtracker.secrets["base_url"]
    with pytest.raises(KeyError, match=r"^'lost'$"):
        costtracker.secrets["lost"]


def test_the_source_is_called_with_the_token_that_the_app_has_stored():
    costtracker = bench.Bench("costtracker", {"payable_account": "33"}, waits=True)
    assert "access_token" not in costtracker.secrets
    assert costtracker.ask("GET", "/v1/nothing").status_code == 404
    assert "access_token" in costtracker.secrets
