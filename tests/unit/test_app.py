"""The application is built from a configuration, independently of others in the process."""

import shutil

from hub import context as hub_context
from hub.clock import SystemClock
from hub.contract.registry import Plugins
from hub.db import engine
from hub.models import Secret


def test_the_context_has_configuration_clock_and_vault(make_app, make_config, clock):
    config = make_config()
    with make_app(config).app_context():
        shared = hub_context.current_hub()
    assert (shared.config, shared.clock) == (config, clock)
    assert shared.vault.open("a", shared.vault.seal("a", "b")) == "b"


def test_without_a_word_the_clock_is_this_machines(make_app):
    assert isinstance(make_app(clock=None).extensions["hub"].clock, SystemClock)


def test_building_a_hub_opens_no_database(make_app, make_config):
    config = make_config()
    make_app(config)
    assert list(config.data.iterdir()) == []


def test_the_installed_plugins_are_found_unless_others_are_given(make_app):
    assert "costtracker" in make_app(plugins=None).extensions["hub"].plugins.apps
    assert make_app(plugins=Plugins([])).extensions["hub"].plugins.apps == {}


def test_no_two_processes_have_the_same_name(make_app):
    assert make_app().extensions["hub"].process != make_app().extensions["hub"].process


def test_two_hubs_in_one_process_share_nothing(make_app, make_config, empty_database, tmp_path):
    apps = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        shutil.copy(empty_database, tmp_path / name / "hub.db")
        apps.append(make_app(make_config(HUB_DATA=str(tmp_path / name))))
    with apps[0].app_context(), engine.transaction() as session:
        session.add(Secret(place="a", sealed=b"one"))
    with apps[1].app_context(), engine.read_only_session() as session:
        assert session.get(Secret, "a") is None
    apps[0].extensions["hub"].mounts["https://x.test"] = None
    assert apps[1].extensions["hub"].mounts == {}


def test_two_hubs_can_be_open_within_one_another(make_app, make_config, tmp_path):
    outer, inner = make_app(), make_app()
    with outer.app_context():
        with inner.app_context():
            assert hub_context.current_hub() is inner.extensions["hub"]
        assert hub_context.current_hub() is outer.extensions["hub"]
