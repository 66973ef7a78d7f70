"""Plugins: discovery, ownership of apps, and isolation of broken ones."""

import re
import sys
from dataclasses import replace
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

import pytest
from marshmallow import Schema, fields

from hub import App, Field, FileField, FileKinds, FromSetting, hookimpl, setting
from hub.contract import registry
from hub.contract.hook_results import ExitByPlugin
from hub.contract.registry import Installed, Plugins


def app(slug, **more):
    return App(
        slug=slug, name=slug.title(), summary="Bills.", posts=("bill",), settings=Schema, **more
    )


class Plugin:
    """A plugin with one app of a given slug."""

    def __init__(self, *slugs, **more):
        self.apps = [app(slug, **more) for slug in slugs]

    @hookimpl
    def hub_apps(self):
        return self.apps

    @hookimpl
    def hub_documents(self, app, ids):
        yield from (f"{app}:{id}" for id in ids)

    @hookimpl
    def hub_report(self, app, receipt):
        self.last_report = (app, receipt)


class Listener:
    """A plugin without an app."""

    def __init__(self):
        self.reports = []

    @hookimpl
    def hub_report(self, app, receipt):
        self.reports.append((app, receipt))


def installed(name, plugin, distribution=""):
    return Installed(
        name=name, distribution=distribution or f"dist-{name}", version="1.2", open=lambda: plugin
    )


def load(**plugins):
    return Plugins(installed(name, plugin) for name, plugin in plugins.items())


def assert_refused(plugin):
    plugins = load(good=Plugin("good"), bad=plugin)
    assert list(plugins.apps) == ["good"]
    (error,) = plugins.broken
    assert error.distribution == "dist-bad"
    return error.text


def test_apps_are_known_by_their_slug_in_the_order_of_their_plugins():
    plugins = load(zulu=Plugin("a"), alpha=Plugin("c", "b"))
    assert list(plugins.apps) == ["c", "b", "a"]
    assert plugins.apps["c"].name == "C"


def test_apps_of_one_plugin_share_its_scope():
    plugins = load(autotask=Plugin("autotask-invoices", "autotask-expenses"))
    assert {plugins.get_plugin_name(slug) for slug in plugins.apps} == {"autotask"}


def test_a_hook_is_called_on_the_owner_of_the_app_only():
    one, two = Plugin("one"), Plugin("two")
    plugins = load(one=one, two=two)
    plugins.call("one", "hub_report", site=None, document=None, receipt="posted")
    assert one.last_report == ("one", "posted")
    assert not hasattr(two, "heard")


def test_documents_come_lazily_from_the_owner():
    plugins = load(one=Plugin("one"), two=Plugin("two"))
    assert list(plugins.call("two", "hub_documents", site=None, cursors={}, ids=["7"])) == ["two:7"]


def test_a_hook_that_the_owner_does_not_implement_is_none():
    plugins = load(one=Plugin("one"))
    assert plugins.call("one", "hub_codes", site=None, field="x") is None
    assert (plugins.has("one", "hub_codes"), plugins.has("one", "hub_documents")) == (False, True)


def test_a_plugin_without_an_app_hears_every_report_and_the_others_none():
    one, listener = Plugin("one"), Listener()
    load(one=one, audit=listener).report_all(app="one", site=None, document=None, receipt="posted")
    assert listener.reports == [("one", "posted")]
    assert not hasattr(one, "heard")


class Deaf:
    @hookimpl
    def hub_report(self, app):
        raise OSError("disk is full")


def test_a_listener_that_fails_does_not_silence_the_next():
    listener = Listener()
    plugins = load(a=Deaf(), b=listener)
    with pytest.raises(OSError, match="disk is full"):
        plugins.report_all(app="one", site=None, document=None, receipt="posted")
    assert listener.reports == [("one", "posted")]
    assert plugins.has_listeners


def test_a_plugin_that_cannot_be_imported_is_named_with_its_reason():
    def fail():
        raise ImportError("No module named 'left_pad'")

    plugins = Plugins(
        [
            installed("good", Plugin("good")),
            Installed(name="bad", distribution="qbo-hub-bad", version="0.1", open=fail),
        ]
    )
    assert list(plugins.apps) == ["good"]
    assert plugins.broken[0].text == (
        "qbo-hub-bad cannot be used: it cannot be imported: "
        "ImportError: No module named 'left_pad'."
    )


@pytest.mark.parametrize("distribution", ["qbo-hub-bad", "qbo-hub-ion"])
def test_a_plugin_whose_packages_are_missing_is_named_with_what_installs_them(distribution):
    def fail():
        import_module("left_pad.sides")

    bad = Installed(name="bad", distribution=distribution, version="0.1", open=fail)
    (error,) = Plugins([bad]).broken
    reason, _, next_step = error.text.partition("'left_pad'. ")
    assert reason.endswith("it cannot be imported: ModuleNotFoundError: No module named ")
    command = re.fullmatch(
        r"Install the packages that it needs with `python -m pip install '(.+)'`, and restart the"
        r" hub\.",
        next_step,
    )
    places = {"qbo-hub-bad": "qbo-hub-bad", "qbo-hub-ion": str(Path("plugins", "ion"))}
    assert command
    assert command[1].endswith(places[distribution])


@pytest.mark.parametrize("module", ["json.nothing", "made_by_hand.nothing"])
def test_a_plugin_that_lacks_a_module_of_a_package_is_defective(module, monkeypatch):
    monkeypatch.setitem(sys.modules, "made_by_hand", ModuleType("made_by_hand"))
    bad = Installed(name="bad", distribution="bad", version="", open=lambda: import_module(module))
    (error,) = Plugins([bad]).broken
    assert error.text.endswith("is not a package.") or error.text.endswith("'json.nothing'.")


def test_a_plugin_that_exits_on_import_does_not_end_the_hub():
    def leave():
        raise SystemExit(3)

    plugins = Plugins([Installed(name="bad", distribution="bad", version="", open=leave)])
    assert "it cannot be imported: SystemExit: 3" in plugins.broken[0].text


class Leaving:
    """A plugin whose hooks end the process, as a library for the command line may do."""

    @hookimpl
    def hub_apps(self):
        return [app("leaving")]

    @hookimpl
    def hub_documents(self, app):
        return []

    @hookimpl
    def hub_check(self, app, site):
        sys.exit(2)


class LeavingListener:
    @hookimpl
    def hub_report(self, app):
        sys.exit()


def test_a_hook_that_exits_does_not_end_the_hub():
    with pytest.raises(ExitByPlugin, match=r"it called sys\.exit\(2\)"):
        load(leaving=Leaving()).call("leaving", "hub_check", site=None)
    listener = Listener()
    with pytest.raises(ExitByPlugin):
        load(a=LeavingListener(), b=listener).report_all(
            app="one", site=None, document=None, receipt="posted"
        )
    assert listener.reports == [("one", "posted")]


class Misspelled(Plugin):
    @hookimpl
    def hub_documets(self, app):
        return []


class Forgotten(Plugin):
    def hub_check(self, app, site):
        return None


class WrongArguments(Plugin):
    @hookimpl
    def hub_check(self, app, connection):
        return None


class MisspelledArgument(Plugin):
    @hookimpl
    def hub_documents(self, app, site, cursor, ids):
        return None


class WithoutDocuments:
    @hookimpl
    def hub_apps(self):
        return [app("bad")]


class Raising(Plugin):
    @hookimpl
    def hub_apps(self):
        raise KeyError("HOME")


class Nothing:
    pass


class NotApps(Plugin):
    @hookimpl
    def hub_apps(self):
        return ["bad"]


class WithoutPrefix(Plugin):
    @hookimpl
    def check(self, app, site):
        return None


class UnderAnotherName(Plugin):
    read_all = Plugin.hub_documents


class Coroutine(Plugin):
    @hookimpl
    async def hub_check(self, app, site):
        return None


class AsyncGenerator(Plugin):
    @hookimpl
    async def hub_documents(self, app, ids):
        yield None


class OneApp(Plugin):
    @hookimpl
    def hub_apps(self):
        (app,) = super().hub_apps()
        return app


class None_(Plugin):
    @hookimpl
    def hub_apps(self):
        return None


@pytest.mark.parametrize(
    ("plugin", "sentence"),
    [
        (
            Misspelled("bad"),
            "it implements hub_documets, which is no hook. Did it mean hub_documents?",
        ),
        (
            Forgotten("bad"),
            "its hub_check is not marked with @hookimpl, so it would never be called",
        ),
        (
            WrongArguments("bad"),
            "its hub_check has the argument connection, and the hook gets app, site.",
        ),
        (
            MisspelledArgument("bad"),
            "its hub_documents has the argument cursor, and the hook gets app, site, cursors, ids."
            " Did it mean cursors?",
        ),
        (
            WithoutPrefix("bad"),
            "it marks check with @hookimpl, and there is no hook of this name. Did it mean"
            " hub_check?",
        ),
        (
            UnderAnotherName("bad"),
            "it marks read_all with @hookimpl, and there is no hook of this name.",
        ),
        (
            Coroutine("bad"),
            "its hub_check is an async function, which hooks cannot be: write `def hub_check`.",
        ),
        (AsyncGenerator("bad"), "its hub_documents is an async function, which hooks cannot be"),
        (WithoutDocuments(), "it lacks the hook hub_documents, which brings the documents."),
        (Nothing(), "it lacks the hook hub_apps, which names its apps."),
        (Raising("bad"), "its hub_apps failed: KeyError: 'HOME'."),
        (NotApps("bad"), "its hub_apps brought str, not an App."),
        (
            OneApp("bad"),
            "its hub_apps failed: TypeError: hub_apps returned App, not a list of App;"
            " write [App(…)].",
        ),
        (None_("bad"), "its hub_apps brought no app."),
        (Plugin("Bad Slug"), "'Bad Slug' is no slug: small letters, digits and hyphens only."),
        (Plugin("bad", "bad"), "it brings the app bad twice."),
        (
            Plugin("bad", every="every so often"),
            "every of app bad is 'every so often', neither minutes (\"15m\") nor cron.",
        ),
        (Plugin("bad", every=15), "every of app bad is 15, neither minutes"),
        (
            Plugin("bad", rate="often"),
            "rate of app bad: 'often' is not a rate. Write the number of calls and the time,",
        ),
        (Plugin("bad", rate=100), 'rate of app bad must be a text such as "100/15s", not 100.'),
    ],
)
def test_a_plugin_against_the_contract_is_named_and_the_others_work(plugin, sentence):
    assert sentence in assert_refused(plugin)


class Choices(Schema):
    """Settings that policies may refer to."""

    deleted = fields.String(load_default="case")
    base_url = fields.Url()
    vendors = fields.String(load_default="hold")


class Dependent(Choices):
    """Settings of which one depends on another that does not exist."""

    api_url = setting.address("Address", "Bad", only_if={"enviroment": "custom"})
    environment = fields.String()


class WithFields(Plugin):
    """A plugin of the app "bad", with a field "supplier" of these policies."""

    def __init__(self, about=None, **policies):
        super().__init__("bad")
        self.apps = [replace(self.apps[0], **{"settings": Choices, **(about or {})})]
        self.policies = policies

    @hookimpl
    def hub_fields(self, app):
        return [Field(name="supplier", label="Supplier", role="vendor", **self.policies)]


class Selecting(Choices):
    """Settings with choices that do not fit what names them."""

    gone = setting.choice("Deleted", "Bad", {"void": "void it", "destroy": "destroy it"})
    key = setting.secret("Key", "Bad")
    city = setting.text("City", "Bad", only_if={"gone": "deleted"})
    owner = setting.record("vendr", "Owner", "Bad")
    division = setting.record("code:division", "Division", "Bad")


def raising_settings():
    """Fail as settings do that cannot be built."""

    class Settings(Schema):
        def __init__(self):
            raise KeyError("COUNTRY")

    return Settings


class WithRole(Plugin):
    """A plugin whose only field has this role."""

    def __init__(self, role):
        super().__init__("bad")
        self.role = role

    @hookimpl
    def hub_fields(self, app):
        return [Field(name="supplier", label="Supplier", role=self.role)]


class TwoFields(Plugin):
    @hookimpl
    def hub_fields(self, app):
        return [Field(name="owner", label="", role="vendor")] * 2


class OneField(Plugin):
    @hookimpl
    def hub_fields(self, app):
        return Field(name="owner", label="Owner", role="vendor")


class NoFields(Plugin):
    @hookimpl
    def hub_fields(self, app):
        return {}


class TextField(Plugin):
    @hookimpl
    def hub_fields(self, app):
        return ["owner"]


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        ({"posts": ("invoise",)}, "posts of app bad is 'invoise'; there is bill,"),
        ({"posts": ("invoise",)}, "Did it mean 'invoice'?"),
        ({"posts": "bill"}, "posts of app bad must be a tuple, such as ('bill',), not 'bill'."),
        ({"posts": ()}, "posts of app bad is empty; name the kinds of its documents."),
        ({"wants": ("postd",)}, "wants of app bad is 'postd'; there is queued,"),
        ({"wants": ("postd",)}, "Did it mean 'posted'?"),
        ({"changed": "updated"}, "changed of app bad is 'updated'; there is update, hold."),
        ({"icon": "spade"}, "icon of app bad is 'spade'; there is box, cart,"),
        ({"name": ""}, "app bad has no name; the pages show it."),
        ({"name": None}, "name of app bad must be a text, not None."),
        ({"hosts": ("api example.com",)}, "hosts of app bad has 'api example.com', which is no"),
        ({"hosts": ("*",)}, "hosts of app bad has '*', which is no host. Write api.example.com,"),
        ({"hosts": ("*.com",)}, "hosts of app bad has '*.com', which is no host."),
        ({"hosts": (7,)}, "hosts of app bad has 7, which is no host."),
        ({"hosts": "{base_url}"}, "hosts of app bad must be a tuple, such as ('{base_url}',)."),
        ({"assumed_api": Path("none.yaml")}, "assumed_api of app bad is none.yaml, where there is"),
        (
            {"assumed_api": "openapi.yaml"},
            'must be a Path, such as Path(__file__).with_name("openapi.yaml"), not \'openapi',
        ),
        (
            {"match_first": "supplier"},
            "match_first of app bad must be a tuple, such as ('supplier',).",
        ),
        ({"gone": None}, "gone of app bad is None; there is case, void,"),
        (
            {"files": FileKinds(suffixes=(".csv",), fields=FileField(name="no", label="No"))},
            "fields of files of app bad must be a tuple of FileFields, such as (FileField(",
        ),
        (
            {"files": FileKinds(suffixes=(".csv",), limit="5 MB")},
            "limit of files of app bad must be between 1 and 20000000 bytes.",
        ),
        ({"files": FileKinds(suffixes=(7,))}, "files of app bad has 7; write a suffix as .csv,"),
        ({"files": FileKinds(suffixes=(".CSV",))}, "files of app bad has '.CSV'; write a suffix"),
        (
            {"files": FileKinds(suffixes=(".csv",))},
            "app bad accepts files, but the plugin lacks the hook hub_file, which reads them.",
        ),
        ({"settings": dict}, "settings of app bad must be a marshmallow Schema,"),
        (
            {"settings": raising_settings()},
            "the settings of app bad cannot be read: KeyError: 'COUNTRY'.",
        ),
        (
            {"settings": Selecting, "gone": FromSetting("gone")},
            "gone of app bad is the setting 'gone', which offers 'destroy'; there is case, void,",
        ),
        (
            {"settings": Selecting, "hosts": ("{key}",)},
            "hosts of app bad is the setting 'key', which is secret; it cannot be read there.",
        ),
        (
            {"settings": Selecting},
            "only_if of the setting city of app bad needs gone to be 'deleted'; there is void,",
        ),
        (
            {"settings": Selecting},
            "choices_from of the setting owner of app bad is 'vendr'; there is vendor,",
        ),
        (
            {"settings": Selecting},
            "the setting division of app bad offers codes of the source, but the plugin lacks the"
            " hook hub_codes, which lists them. Implement it.",
        ),
        (
            {"settings": Selecting, "automatic": "city"},
            "automatic of app bad is the setting 'city', which is no switch; define it with",
        ),
    ],
)
def test_apps_are_checked_when_their_plugin_is_loaded(about, sentence):
    text = assert_refused(WithFields(about))
    assert sentence in text
    if "cannot be read: " not in text:
        assert text.endswith(" Correct the plugin, install it again and restart the hub.")


def test_an_app_that_wants_receipts_needs_the_hook_that_gets_them():
    plugin = WithoutReport()
    assert "app bad wants receipts, but the plugin lacks the hook hub_report" in assert_refused(
        plugin
    )


class WithoutReport:
    @hookimpl
    def hub_apps(self):
        return [app("bad", wants=("posted",))]

    @hookimpl
    def hub_documents(self, app):
        return []


@pytest.mark.parametrize(
    ("plugin", "sentence"),
    [
        (WithRole("klass"), "role of field supplier of app bad is 'klass'; there is vendor,"),
        (WithRole("klass"), "Did it mean 'class'?"),
        (TwoFields("bad"), "app bad has a field whose label is ''; it must be a text."),
        (TwoFields("bad"), "app bad has two fields named 'owner'; rename one."),
        (TextField("bad"), "its hub_fields brought str for app bad, not a Field."),
        (OneField("bad"), "hub_fields returned Field, not a list of Field; write [Field(…)]."),
        (NoFields("bad"), "hub_fields returned dict, not a list of Field."),
    ],
)
def test_fields_are_checked_when_their_plugin_is_loaded(plugin, sentence):
    assert sentence in assert_refused(plugin)


def test_two_fields_with_one_name_are_said_once():
    assert assert_refused(TwoFields("bad")).count("two fields named 'owner'") == 1


@pytest.mark.parametrize(
    "host",
    [
        "api.example.com",
        "*.example.com",
        "{base_url}",
        "{zone}.example.com",
        "https://api.example.com:8443/v2",
        "localhost:9000",
        "[::1]:9000",
    ],
)
def test_every_form_of_a_host_is_accepted(host):
    class Hosts(Choices):
        zone = fields.String()

    plugins = load(good=WithFields({"settings": Hosts, "hosts": (host,)}))
    assert plugins.broken == ()


class RaisingFields(Plugin):
    @hookimpl
    def hub_fields(self, app):
        raise KeyError(app)


@pytest.mark.parametrize(
    ("plugin", "sentence"),
    [
        (
            WithFields({"gone": FromSetting("delted")}),
            "gone of app bad is the setting 'delted', which the app does not have."
            " Did it mean 'deleted'?",
        ),
        (
            WithFields({"automatic": "auto_sync"}),
            "automatic of app bad is the setting 'auto_sync', which the app does not have.",
        ),
        (
            WithFields({"mailbox": "inbox"}),
            "mailbox of app bad is the setting 'inbox', which the app does not have.",
        ),
        (
            WithFields({"hosts": ("api.example.com", "{url}")}),
            "hosts of app bad is the setting 'url', which the app does not have.",
        ),
        (
            WithFields(missing=FromSetting("suppliers")),
            "missing of field supplier of app bad is the setting 'suppliers', which the app does"
            " not have.",
        ),
        (
            WithFields(differ="{vendor}"),
            "differ of field supplier of app bad is the setting 'vendor', which the app does not"
            " have. Did it mean 'vendors'?",
        ),
        *(
            (
                WithFields(**{policy: FromSetting("nowhere")}),
                f"{policy} of field supplier of app bad is the setting 'nowhere', which the app"
                " does not have.",
            )
            for policy in ("default", "pushed", "fill")
        ),
        (WithFields({"gone": "destroy"}), "gone of app bad is 'destroy'; there is case, void,"),
        (
            WithFields(missing="creat"),
            "missing of field supplier of app bad is 'creat'; there is hold, warn, create.",
        ),
        (WithFields(missing=None), "missing of field supplier of app bad is None; there is hold,"),
        (
            WithFields(default=35),
            "default of field supplier of app bad must be the id of a QuickBooks record as text,"
            " not 35.",
        ),
        (WithFields(fill=None), "fill of field supplier of app bad must be True or False, or name"),
        (
            WithFields({"match_first": ("suplier",)}),
            "match_first of app bad names the field 'suplier', which the app does not have."
            " Did it mean 'supplier'?",
        ),
        (
            WithFields({"settings": Dependent}),
            "only_if of the setting api_url of app bad names the setting 'enviroment', which the"
            " app does not have. Did it mean 'environment'?",
        ),
        (RaisingFields("bad"), "its hub_fields failed for app bad: KeyError: 'bad'."),
    ],
)
def test_a_policy_that_does_not_exist_is_named_when_the_plugin_is_loaded(plugin, sentence):
    assert sentence in assert_refused(plugin)


class OddCondition(Choices):
    """Settings of which one has a condition that is no mapping."""

    city = fields.String(metadata={"label": "City", "only_if": "deleted"})


def test_a_value_that_no_check_expects_stops_no_other_plugin():
    text = assert_refused(WithFields({"settings": OddCondition}))
    assert "it does not fit the contract: AttributeError: 'str' object has no" in text


def test_policies_that_name_settings_of_the_app_are_accepted():
    about = {
        "gone": FromSetting("deleted"),
        "hosts": ("api.example.com", "{base_url}"),
        "match_first": ("supplier",),
    }
    policies = {"missing": FromSetting("vendors"), "differ": "vendors", "default": "51"}
    plugins = load(good=WithFields(about, **policies))
    assert (list(plugins.apps), plugins.broken) == (["bad"], ())


def test_two_plugins_claiming_one_slug_are_both_named_and_neither_wins():
    plugins = load(first=Plugin("erp", "first"), second=Plugin("erp"), third=Plugin("third"))
    assert list(plugins.apps) == ["third"]
    assert [error.text for error in plugins.broken] == [
        "dist-first cannot be used: dist-second also claims the app erp; remove one of them.",
        "dist-second cannot be used: dist-first also claims the app erp; remove one of them.",
    ]


def test_two_plugins_of_one_name_are_both_named():
    plugins = Plugins(
        [installed("erp", Plugin("a"), "dist-one"), installed("erp", Plugin("b"), "dist-two")]
    )
    assert (dict(plugins.apps), len(plugins.broken)) == ({}, 2)
    assert "another plugin is also named 'erp'; remove one." in plugins.broken[0].text


def test_installed_plugins_are_described_for_the_command_and_the_page():
    described = load(bad=Nothing(), good=Plugin("good")).describe()
    assert described == [
        {
            "plugin": "bad",
            "distribution": "dist-bad",
            "version": "1.2",
            "apps": [],
            "hooks": [],
            "broken": "it lacks the hook hub_apps, which names its apps.",
        },
        {
            "plugin": "good",
            "distribution": "dist-good",
            "version": "1.2",
            "apps": [{"slug": "good", "name": "Good", "posts": ["bill"], "hosts": []}],
            "hooks": ["hub_apps", "hub_documents", "hub_report"],
            "broken": None,
        },
    ]


def test_installed_plugins_are_found_by_their_entry_point(monkeypatch):
    module = ModuleType("hub_found")
    module.hub_apps = hookimpl(lambda: [app("found")])
    module.hub_documents = hookimpl(lambda: iter(()))
    monkeypatch.setitem(sys.modules, "hub_found", module)
    monkeypatch.setattr(
        registry, "entry_points", lambda group: [EntryPoint("found", "hub_found", group)]
    )
    assert Plugins.load().get_plugin_name("found") == "found"


def test_the_five_distributions_are_installed_and_none_is_broken():
    plugins = Plugins.load()
    assert {item.name for item in entry_points(group="hub")} >= {"costtracker", "ontraccr", "ion"}
    assert [error.text for error in plugins.broken] == []


def test_plugins_passed_to_the_registry_are_added_to_the_installed_ones():
    plugins = Plugins.load([Plugin("by-hand")])
    assert {"by-hand", "costtracker"} <= set(plugins.apps)
    assert list(Plugins.load([Plugin("by-hand")], installed=False).apps) == ["by-hand"]
