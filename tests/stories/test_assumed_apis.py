"""Sources without a published API: their assumed descriptions and the notes on the pages."""

import importlib
import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from openapi_spec_validator import validate

from hub import Company, Document, Receipt, Record, Site
from hub.contract.registry import Plugins
from hub.contract.types import App
from hub.testing.bench import URL, SecretsInMemory, open_http
from hub.testing.clock import START, FakeClock
from hub.testing.openapi import DescribedCall, Description
from qbo_sandbox.kit import Clock, Journal
from tests.support.pages.page_visitor import Visitor

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "costtracker": {"payable_account": "33", "update_suppliers": True},
    "ontraccr": {"purchase_account": "35", "line_account": "20", "retainage_account": "100"},
    "costcertified": {
        "income_account": "79",
        "bank_account": "35",
        "fee_account": "9",
        "holding_account": "36",
        "expenses": True,
    },
}
RECORDS = {
    "costtracker": {
        "supplier": [Record(id="50", name="Aas Trelast AS"), Record(id="51", name="Betong Øst AS")],
        "account": [Record(id="60", name="Varekost", number="4000", type="Cost of Goods Sold")],
        "location": [Record(id="1", name="Oslo")],
    },
    "ontraccr": {
        "vendor": [Record(id="50", name="Coast Lumber")],
        "project": [
            Record(id="91", name="Harbour View", full_name="Client:Harbour View", parent="90")
        ],
        "cost_code": [Record(id="10", name="Roofing", number="R", type="Service", use="both")],
        "purchase_account": [Record(id="35", name="Checking", type="Bank")],
        "class": [Record(id="c1", name="Commercial")],
        "tax_code": [Record(id="5", name="GST", use="both")],
    },
}
STANDARD = {"access_token", "token_type", "expires_in", "grant_type", "refresh_token"}  # of OAuth
ERROR = {"code", "message", "field"}  # read by the hub itself, for every source
NOT_LISTED = STANDARD | ERROR
assumed = pytest.mark.parametrize("slug", sorted(SETTINGS))


def app_of(plugins: Plugins, slug: str) -> App:
    return plugins.apps[slug]


def description_of(app: App) -> Any:
    assert app.assumed_api
    return yaml.safe_load(app.assumed_api.read_text(encoding="utf-8"))


def test_only_the_apps_without_a_published_api_have_an_assumed_one(plugins: Plugins) -> None:
    assert {slug for slug, app in plugins.apps.items() if app.assumed_api} == set(SETTINGS)


@assumed
def test_the_description_is_valid_and_part_of_the_package(plugins: Plugins, slug: str) -> None:
    app = app_of(plugins, slug)
    assert app.assumed_api == ROOT / "plugins" / slug / f"hub_{slug}" / "openapi.yaml"
    document = description_of(app)
    assert document["openapi"].startswith("3.1")
    validate(document)


@assumed
def test_the_stand_in_serves_exactly_the_calls_that_are_described(
    plugins: Plugins, slug: str
) -> None:
    description = Description(description_of(app_of(plugins, slug)))
    api = importlib.import_module(f"hub_{slug}.sandbox.api")
    routes = {(method, pattern) for method, pattern, _ in api.ROUTES}
    served = set()
    for operation in description.operations:
        path = sample_path(description, operation)
        (route,) = (
            (method, pattern)
            for method, pattern in routes
            if method == operation.method and re.fullmatch(pattern, path)
        )
        served.add(route)
    assert served == routes


def sample_path(description: Description, operation: DescribedCall) -> str:
    """Return a path of an operation, with the first allowed value of each part."""
    path = operation.path
    for parameter in map(description.resolve, operation.parameters):
        value = parameter["schema"].get("enum", ["1"])[0]
        path = path.replace(f"{{{parameter['name']}}}", value)
    return path


# -- names -----------------------------------------------------------------------------------------


def constants(names: ModuleType) -> list[tuple[type, str, str]]:
    """Return the class, constant and name of each field in a plugin's module of names."""
    classes = [cls for _, cls in inspect.getmembers(names, inspect.isclass)]
    return [
        (cls, constant, value)
        for cls in classes
        for constant, value in vars(cls).items()
        if constant.isupper()
    ]


def described_names(node: Any) -> set[str]:
    """Return every name of a field or parameter in a description."""
    if isinstance(node, list):
        return set().union(*(described_names(inner) for inner in node))
    if not isinstance(node, dict):
        return set()
    own = set(node["properties"]) if isinstance(node.get("properties"), dict) else set()
    if node.get("in") == "query":
        own.add(node["name"])
    return own.union(*(described_names(value) for value in node.values()))


@assumed
def test_the_description_and_the_module_of_names_hold_the_same_names(
    plugins: Plugins, slug: str
) -> None:
    names = importlib.import_module(f"hub_{slug}.names")
    listed = {value for _, _, value in constants(names)}
    described = described_names(description_of(app_of(plugins, slug)))
    assert described - NOT_LISTED == listed - NOT_LISTED


@assumed
def test_a_name_that_is_different_is_corrected_in_one_module(
    monkeypatch: pytest.MonkeyPatch, slug: str
) -> None:
    usual = call_whole_api(slug)
    module = f"hub_{slug}.names"
    path = sys.modules[module].__file__
    for name in [name for name in sys.modules if name.split(".")[0] == f"hub_{slug}"]:
        monkeypatch.delitem(sys.modules, name)
    spec = importlib.util.spec_from_file_location(module, str(path))
    assert spec
    assert spec.loader
    names = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(names)
    for owner, constant, value in constants(names):
        setattr(owner, constant, f"{value}Renamed{owner.__name__}")
    monkeypatch.setitem(sys.modules, module, names)  # before anything of the plugin is imported
    assert call_whole_api(slug) == usual


def call_whole_api(slug: str) -> list[Any]:
    """Push lists, read every document, report one and read it again; return all results."""
    plugin = importlib.import_module(f"hub_{slug}")
    stand_in = importlib.import_module(f"hub_{slug}.sandbox").StandIn(
        Journal(None), 70, 1, Clock(START.timestamp(), frozen=True)
    )
    settings = plugin.Settings().load({**stand_in.settings(URL), **SETTINGS[slug]})
    secrets, clock = SecretsInMemory(), FakeClock()
    for name, field in plugin.Settings().fields.items():
        if field.metadata.get("secret"):
            secrets[name] = settings.pop(name)
    (app,) = plugin.hub_apps()
    site = Site(
        settings=settings,
        secrets=secrets,
        http=open_http(app, settings, stand_in.wsgi, clock),
        company=Company(country="NO", currency="NOK"),
        zone=ZoneInfo("Europe/Oslo"),
        today=clock.now().date(),
        now=clock.now(),
    )
    results = [plugin.hub_check(app=slug, site=site)]
    for field, records in RECORDS.get(slug, {}).items():
        results += plugin.hub_records(app=slug, site=site, field=field, records=records)
    documents = list(plugin.hub_documents(app=slug, site=site, cursors={}, ids=[]))
    posted = next(
        item for item in documents if isinstance(item, Document) and item.stage == "ready"
    )
    receipt = Receipt(state="posted", at=START, kind=posted.kind, id="7", number="A-1")
    plugin.hub_report(app=slug, site=site, document=posted, receipt=receipt)
    again = plugin.hub_documents(app=slug, site=site, cursors={}, ids=[posted.source_id])
    return [*results, *documents, *again, stand_in.books.statuses]


# -- what people read ------------------------------------------------------------------------------


def names_assumed_interface(text: str) -> bool:
    """Return whether a text names the interface as assumed, its description and whom to tell."""
    words = " ".join(text.split()).lower()
    return all(part in words for part in ("assumed", "openapi.yaml", "report", "publishes no api"))


@assumed
def test_the_tile_the_app_page_and_the_settings_say_that_the_interface_is_assumed(
    visitor: Visitor, slug: str
) -> None:
    visitor.log_in("arne")
    tiles = visitor.page("/apps/")
    tile = next(part for part in tiles.split('<li class="tile') if f"/apps/{slug}" in part)
    assert names_assumed_interface(tile)
    assert names_assumed_interface(visitor.page(f"/apps/{slug}"))
    assert names_assumed_interface(visitor.page(f"/apps/{slug}/{visitor.story.company}/configure"))
    page = visitor.get(f"/apps/{slug}/openapi.yaml")
    assert (page.status_code, page.mimetype) == (200, "application/yaml")
    assert yaml.safe_load(page.text)["openapi"].startswith("3.1")


def test_an_app_with_a_published_api_shows_no_notice_of_an_assumed_one(visitor: Visitor) -> None:
    visitor.log_in("arne")
    assert not names_assumed_interface(visitor.page("/apps/ion"))
    assert visitor.get("/apps/ion/openapi.yaml").status_code == 404


@assumed
def test_the_readme_of_a_plugin_says_in_its_first_paragraph_that_the_api_is_assumed(
    slug: str,
) -> None:
    readme = (ROOT / "plugins" / slug / "README.md").read_text(encoding="utf-8")
    assert names_assumed_interface(readme.split("\n\n")[1])


@pytest.mark.parametrize("page", ["README.md", "docs/capabilities.md"])
def test_the_readme_and_the_capabilities_name_all_apps_with_an_assumed_api(
    plugins: Plugins, page: str
) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    paragraph = next(part for part in text.split("\n\n") if "publish no API" in part)
    assert all(app_of(plugins, slug).name in paragraph for slug in SETTINGS)
    assert names_assumed_interface(paragraph.replace("publish no API", "publishes no API"))
    assert "## Report a difference" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
