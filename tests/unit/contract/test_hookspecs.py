"""Hook specifications: documented in one line each, with types that refuse invalid values."""

import inspect

import pluggy
import pytest

import hub
from hub import Field, FromSetting, Signal
from hub.contract import hookspecs
from hub.errors import BadDocument

HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("hub_")}


def test_the_hooks_are_these_in_this_order():
    assert list(HOOKS) == [
        "hub_apps",
        "hub_fields",
        "hub_check",
        "hub_subscribe",
        "hub_codes",
        "hub_documents",
        "hub_attachment",
        "hub_file",
        "hub_report",
        "hub_records",
        "hub_webhook",
        "hub_sandbox",
    ]


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_is_described_in_its_first_line_and_typed(name):
    hook = HOOKS[name]
    assert hook.__doc__.partition("\n")[0].endswith(".")
    assert all(
        parameter.annotation is not inspect.Parameter.empty
        for parameter in inspect.signature(hook).parameters.values()
    )


def test_every_hook_but_the_first_receives_the_app():
    assert [
        name for name, hook in HOOKS.items() if "app" not in inspect.signature(hook).parameters
    ] == ["hub_apps"]


def test_only_reports_are_received_by_several_plugins():
    manager = pluggy.PluginManager("hub")
    manager.add_hookspecs(hookspecs)
    several = [name for name in HOOKS if not getattr(manager.hook, name).spec.opts["firstresult"]]
    assert several == ["hub_apps", "hub_report"]


def test_an_implementation_takes_only_the_arguments_it_wants():
    class Plugin:
        @hub.hookimpl
        def hub_codes(self, field):
            return [field]

    manager = pluggy.PluginManager("hub")
    manager.add_hookspecs(hookspecs)
    manager.register(Plugin())
    assert manager.hook.hub_codes(app="a", site=None, field="job") == ["job"]


def test_a_field_names_only_ways_to_match_that_there_are():
    assert (
        Field(name="job", label="Job", role="customer", match=("id", "name", "words")).missing
        == "hold"
    )
    with pytest.raises(BadDocument, match="Field job names an unknown way to match"):
        Field(name="job", label="Job", role="customer", match=("guess",))


def test_a_policy_that_a_setting_decides_is_the_text_that_may_also_be_written():
    assert FromSetting("vendors") == "{vendors}"


def test_a_signal_says_what_the_hub_is_to_do():
    assert Signal.collect() == Signal(ids=(), records=False)
    assert Signal.read("order:1", "order:2") == Signal(ids=("order:1", "order:2"), records=False)
    assert Signal.push_lists() == Signal(ids=(), records=True)


def test_a_plugin_author_finds_all_he_imports_in_one_place():
    assert [name for name in hub.__all__ if not hasattr(hub, name)] == []
    assert not hasattr(hub, "settings")


def test_the_hooks_fit_on_two_pages_without_the_types_they_use():
    assert len(inspect.getsource(hookspecs).splitlines()) <= 120
    defined = [value for value in vars(hookspecs).values() if inspect.isclass(value)]
    assert [value for value in defined if value.__module__ == hookspecs.__name__] == []
