"""What a plugin receives leads to no key, token, database or application of the hub."""

import functools
import inspect
from contextlib import suppress
from types import SimpleNamespace

import pytest
from e_invoices import prefixed_invoice
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, scoped_session
from werkzeug.local import LocalProxy

from hub import demo, sources
from hub.config import Config
from hub.context import Runtime, current_hub
from hub.contract import hookspecs
from hub.contract.registry import Plugins
from hub.crypto.vault import Vault
from hub.db.engine import read_only_session
from hub.errors import HostNotAllowed, HubError
from hub.installations import enable as app_enabling
from hub.models import Installation, Secret
from hub.models.enums import FileWay
from hub.posting import receipt_delivery
from hub.scheduling import runner
from hub.security import secrets as hub_secrets
from hub.security.secrets import SiteSecrets
from hub.sources import file_intake
from hub.sources.record_push import push_lists
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.proofs.object_graph import reachable
from tests.support.rows.posting_bench import PostingBench

HOME = "https://source.test"
FORBIDDEN = (Config, Runtime, Vault, Session, scoped_session, Engine, Flask, Plugins, LocalProxy)
SLUGS = ("costtracker", "ontraccr", "costcertified", "ion", "autotask-invoices")


def hidden_values(installation_id=None):
    """Return every secret text of the hub that a plugin of this installation must not reach."""
    config = current_hub().config
    values = [config.secret_key, config.qbo_client_secret, config.database_url]
    with read_only_session() as session:
        for place in session.scalars(select(Secret.place)):
            if not place.startswith(f"installation:{installation_id}:"):
                values.append(hub_secrets.get(session, place))
    keys = [key for _, key in config.vault_keys]
    assert keys
    return {text.encode() for text in values if text} | set(keys)


def reached(root, hidden):
    """Return the paths from an object to values and objects that it must not reach."""
    # The clock of the tests leads to the stand-in of QuickBooks.
    current_hub().clock.followers.clear()
    ways = []
    for way, thing in reachable(root):
        text = thing.encode() if isinstance(thing, str) else thing
        is_hidden = isinstance(text, bytes) and any(value in text for value in hidden)
        if is_hidden or isinstance(thing, FORBIDDEN):
            ways.append(f"{way}: {type(thing).__name__}")
    return ways


@pytest.fixture
def calls(monkeypatch):
    """Provide the arguments and results of all hooks, as (hook, value)."""
    hook_calls = []
    call, report_all = Plugins.call, Plugins.report_all

    def record(self, slug, hook, **values):
        hook_calls.append((hook, values))
        answer = call(self, slug, hook, **values)
        hook_calls.append((f"{hook} returns", {"answer": answer}))
        return answer

    def record_all(self, **values):
        hook_calls.append(("hub_report of a listener", values))
        return report_all(self, **values)

    monkeypatch.setattr(Plugins, "call", record)
    monkeypatch.setattr(Plugins, "report_all", record_all)
    return hook_calls


def enable(slug):
    stand_in = current_hub().plugins.open_stand_in(slug, folder=None, documents=3, seed=1)
    current_hub().mounts[HOME] = WSGIAdapter(stand_in.wsgi, HOME)
    with read_only_session() as session:
        company = session.get_one(demo.ConnectedCompany, 1)
    demo.enable(company, slug, stand_in.settings(HOME))
    with read_only_session() as session:
        return session.scalars(select(Installation)).one()


@pytest.mark.proof(small=2)
@pytest.mark.parametrize("slug", SLUGS)
def test_nothing_that_a_hook_of_an_app_receives_leads_to_the_hub(quickbooks, calls, slug):
    installation = enable(slug)
    typed = sources.load_stored_secrets(current_hub().plugins.apps[slug], installation)
    sources.check(installation, installation.settings, typed)
    for field in sources.load_fields(installation, sources.build_site(installation)):
        sources.read_codes(installation, field.name)
    push_lists(installation)
    with suppress(HubError):  # the call is not signed
        sources.interpret_webhook(installation, {"Content-Type": "application/json"}, b"{}")
    sources.subscribe(installation, on=True)
    runner.sync(installation.id, requested_by="kari")
    hidden = hidden_values(installation.id)
    assert {name for name, _ in calls} >= {"hub_check", "hub_codes", "hub_documents", "hub_fields"}
    calls = [(hook, values) for hook, values in calls if not hook.startswith("hub_sandbox")]
    assert {hook: ways for hook, values in calls if (ways := reached(values, hidden))} == {}


def test_received_files_lead_to_no_more(quickbooks, calls):
    installation = app_enabling.enable(1, "files", {}, who="kari", mode="auto")
    content = prefixed_invoice().xml()
    file_intake.receive(installation, "a.xml", content, way=FileWay.UPLOAD, who="kari")
    runner.sync(installation.id, requested_by="kari")
    hidden = hidden_values(installation.id)
    assert {name for name, _ in calls} >= {"hub_file", "hub_documents", "hub_documents returns"}
    assert {hook: ways for hook, values in calls if (ways := reached(values, hidden))} == {}
    read_files = sources.build_site(installation).files.after(0)
    assert next(read_files).name == "a.xml"
    assert reached(read_files, hidden) == []


def test_files_receipts_and_listeners_lead_to_no_more(app, quickbooks, clock, calls, monkeypatch):
    bench = PostingBench(app, quickbooks, clock)
    bench.attach(bench.bill())
    SiteSecrets(bench.installation_id)["client_secret"] = "of-the-app-1234"
    monkeypatch.setattr(Plugins, "has_listeners", True)
    bench.drain()
    receipt_delivery.deliver(bench.installation_id)
    names = {name for name, _ in calls}
    assert names >= {"hub_attachment", "hub_report", "hub_report of a listener"}
    hidden = hidden_values(bench.installation_id)
    assert {hook: ways for hook, values in calls if (ways := reached(values, hidden))} == {}
    [(_, arguments)] = [call for call in calls if call[0] == "hub_report of a listener"]
    site = arguments["site"]
    assert dict(site.secrets) == {}
    assert reached(site, {b"of-the-app-1234"}) == []
    with pytest.raises(HostNotAllowed):
        site.http.request("GET", "https://api.example.com/")


def test_an_answer_of_the_source_leads_to_no_more(quickbooks, calls):
    installation = enable("costtracker")
    site = sources.build_site(installation)
    reply = site.http.request("GET", f"{HOME}/no-such-page", headers={"X-Key": "of-the-app-1234"})
    assert reached(reply, hidden_values(installation.id)) == []
    with pytest.raises(HostNotAllowed) as error:
        site.http.request("GET", "https://elsewhere.test")
    assert reached(error.value.args, hidden_values(installation.id)) == []


def test_secrets_that_may_not_be_sent_to_a_new_address_cannot_be_reached(quickbooks):
    installation = enable("costtracker")
    SiteSecrets(installation.id)["client_secret"] = "of-the-old-address"
    moved = installation.settings | {"base_url": "https://elsewhere.test"}
    site = sources.build_site(installation, moved, {"webhook_secret": "typed"})
    assert reached(site, {b"of-the-old-address"}) == []
    assert SiteSecrets not in {type(thing) for _, thing in reachable(site)}


def test_the_secrets_of_an_installation_are_those_of_no_other(quickbooks):
    own, other = SiteSecrets(1), SiteSecrets(11)
    own["key"], other["key"] = "one", "eleven"
    assert dict(own) == {"key": "one"}
    for name in ("1:key", ":key", "../11:key", "11:key", "%", "key\x00", ""):
        assert own.get(name) is None


def test_every_hook_is_covered():
    """Add a case above for each new argument of a hook."""
    arguments = {
        name: tuple(inspect.signature(hook).parameters)
        for name, hook in vars(hookspecs).items()
        if name.startswith("hub_")
    }
    assert arguments == {
        "hub_apps": (),
        "hub_fields": ("app",),
        "hub_check": ("app", "site"),
        "hub_subscribe": ("app", "site", "on"),
        "hub_codes": ("app", "site", "field"),
        "hub_documents": ("app", "site", "cursors", "ids"),
        "hub_attachment": ("app", "site", "document", "attachment"),
        "hub_file": ("app", "site", "file", "content"),
        "hub_report": ("app", "site", "document", "receipt"),
        "hub_records": ("app", "site", "field", "records"),
        "hub_webhook": ("app", "site", "headers", "body"),
        "hub_sandbox": ("app", "folder", "documents", "seed", "demo"),
    }


class Slotted:
    __slots__ = ("__inner",)

    def __init__(self, inner):
        self.__inner = inner

    def method(self):
        """Do nothing; the method leads to its object."""


def generator_with(value):
    yield value


HIDING_PLACES = {
    "attribute": lambda value: SimpleNamespace(inner=value),
    "slot": Slotted,
    "closure": lambda value: lambda: value,
    "default": lambda value: lambda inner=value: inner,
    "partial": lambda value: functools.partial(print, value),
    "bound method": lambda value: Slotted(value).method,
    "dictionary": lambda value: {"a": [{"b": (value,)}]},
    "set": lambda value: {value},
    "generator": generator_with,
}


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_the_search_through_references_finds_hidden_values(app, place):
    config = Slotted(current_hub().config)
    assert reached(HIDING_PLACES[place](config), set()) != []
    assert reached(HIDING_PLACES[place]("a key"), {b"a key"}) != []
