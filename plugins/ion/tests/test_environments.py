"""Organizations of different environments of ION, which are different accounts."""

from dataclasses import replace

import pytest
from hub_ion import client, hub_check
from hub_ion.sandbox import StandIn, api

from hub.testing.bench import URL

ORGANIZATION = api.ORGANIZATIONS["production"]
DOMAIN = ORGANIZATION["domain"]
IN_PRODUCTION = ("4711 (Production)", f"{DOMAIN} (Production)")


@pytest.fixture
def check_in(bench, monkeypatch):
    """Return a function that checks the account of an app in an environment, bound to a tenant.

    The database of the sandbox is a copy of that of production: the organization has the same id.
    """
    monkeypatch.setitem(api.ORGANIZATIONS, "sandbox", ORGANIZATION)
    for name, label in (("production", "Production"), ("sandbox", "Sandbox")):
        settings = StandIn.settings(URL, name)
        addresses = (label, settings["api_url"], settings["token_url"])
        monkeypatch.setitem(client.ENVIRONMENTS, name, addresses)

    def check_in(environment, tenant):
        keys = StandIn.settings(URL, "production" if environment == "custom" else environment)
        bench.set(**keys | {"environment": environment})
        account = hub_check(app="ion", site=replace(bench.site, tenant=tenant))
        return account.id, account.name

    return check_in


@pytest.mark.row("ION-2", "ION-3")
def test_an_organization_with_the_same_id_in_another_environment_is_another_account(check_in):
    assert check_in("sandbox", None) == ("4711", DOMAIN)
    assert check_in("sandbox", "4711") == ("4711", DOMAIN)
    assert check_in("production", "4711") == IN_PRODUCTION
    assert check_in("production", IN_PRODUCTION[0]) == IN_PRODUCTION
    assert check_in("sandbox", IN_PRODUCTION[0]) == ("4711", DOMAIN)


@pytest.mark.row("ION-2")
def test_an_address_of_ones_own_may_lead_to_the_same_account(check_in):
    assert check_in("custom", None) == ("4711", DOMAIN)
    assert check_in("production", "4711") == ("4711", DOMAIN)
    assert check_in("custom", "4711") == ("4711", DOMAIN)
