"""The list of allowed plugins: by distribution, version and hash of the installed files."""

import base64
import hashlib
import importlib
import py_compile
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli import main
from hub.contract import plugin_list
from hub.contract.registry import Plugins, list_allowing_lines
from hub.errors import ConfigurationError

MODULE = """
from datetime import date
import marshmallow
from hub import App, hookimpl
print("imported")
@hookimpl
def hub_apps():
    return [App(slug="barn", name="Barn", summary="", posts=("bill",), settings=marshmallow.Schema)]
@hookimpl
def hub_documents(app, site, cursors, ids):
    return []
"""
OTHER = "RATE = 25\n"
ENTRY = "[hub]\nbarn = hub_barn\n"


class SitePackages:
    """A folder with the distribution of one plugin, as pip installs a wheel."""

    def __init__(self, folder, name="qbo-hub-barn"):
        self.folder = folder
        self.info = folder / "qbo_hub_barn-1.0.dist-info"
        self.package = folder / "hub_barn"
        self.info.mkdir(parents=True)
        self.package.mkdir()
        (self.package / "__init__.py").write_text(MODULE)
        (self.package / "rates.py").write_text(OTHER)
        (self.info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (self.info / "entry_points.txt").write_text(ENTRY)
        (self.info / "INSTALLER").write_text("pip\n")
        self.record()

    def record(self):
        """Write RECORD for the files that are there, as an installer does."""
        lines = []
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path.name != "RECORD" and "__pycache__" not in path.parts:
                digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest())
                value = digest.rstrip(b"=").decode()
                lines.append(
                    f"{path.relative_to(self.folder)},sha256={value},{path.stat().st_size}"
                )
        (self.info / "RECORD").write_text("\n".join([*lines, f"{self.info.name}/RECORD,,", ""]))


@pytest.fixture
def site(tmp_path, monkeypatch):
    site_packages = SitePackages(tmp_path / "site-packages")
    # Only this plugin is installed: the search for entry points does not see the others.
    monkeypatch.syspath_prepend(str(site_packages.folder))
    monkeypatch.setattr(
        "hub.contract.registry.entry_points",
        lambda group: [
            entry for entry in importlib.metadata.entry_points(group=group) if entry.name == "barn"
        ],
    )
    yield site_packages
    for name in [name for name in sys.modules if name.startswith("hub_barn")]:
        del sys.modules[name]
    importlib.invalidate_caches()


def allowed():
    lines = list_allowing_lines()
    assert lines, f"the plugin is not found on {sys.path}"
    return plugin_list.parse("\n".join(lines))


def reason(allowed):
    """Return why the plugin is refused, and check that none of its modules was imported."""
    plugins = Plugins.load(allowed=allowed)
    if plugins.apps:
        return ""
    assert "hub_barn" not in sys.modules
    [broken] = plugins.broken
    assert plugins.describe()[0]["broken"] == broken.reason
    return broken.reason


def test_a_listed_plugin_is_loaded_and_without_a_list_every_one(site):
    [line] = list_allowing_lines()
    assert line.startswith("qbo-hub-barn==1.0 sha256:")
    assert reason(plugin_list.parse(f"# ours\n\n{line}  # checked\n")) == ""
    assert reason(None) == ""


def test_the_hash_is_the_same_in_another_place_and_with_another_installer(site, tmp_path):
    [line] = list_allowing_lines()
    (site.info / "INSTALLER").write_text("uv\n")
    (site.info / "direct_url.json").write_text('{"url": "file:///x.whl", "archive_info": {}}')
    site.record()
    assert list_allowing_lines() == [line]


def test_a_plugin_that_is_not_listed_is_not_imported(site):
    assert "the list of HUB_PLUGINS_FILE does not have it in version 1.0" in reason({})
    other = {("qbo-hub-barn", "0.9"): frozenset({"0" * 64})}
    assert "does not have it in version 1.0" in reason(other)


def test_the_name_of_a_distribution_may_be_spelled_in_each_usual_way(site):
    [line] = list_allowing_lines()
    assert reason(plugin_list.parse(line.replace("qbo-hub-barn", "QBO_hub.barn"))) == ""


def flip(path):
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)


def change_with_record(site):
    flip(site.package / "rates.py")
    site.record()


def stale_bytecode(site):
    """Write byte code that Python would run instead of the source, of the same size and time."""
    target = site.package / "rates.py"
    flip(Path(py_compile.compile(str(target))))


def shadow(site):
    """Create a module of the same name earlier on the path."""
    folder = site.folder.parent / "shadow" / "hub_barn"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(MODULE)
    sys.path.insert(0, str(folder.parent))


def editable(site):
    (site.info / "direct_url.json").write_text(
        '{"url": "file:///x", "dir_info": {"editable": true}}'
    )


def with_pth(site):
    (site.folder / "barn.pth").write_text("import hub_barn\n")
    site.record()


CHANGES = {
    "one bit of a module": (lambda site: flip(site.package / "rates.py"), "rates.py was changed"),
    "one bit of the first module": (
        lambda site: flip(site.package / "__init__.py"),
        "__init__.py was changed",
    ),
    "a module and its record": (change_with_record, "are not those of the list"),
    "a missing file": (lambda site: (site.package / "rates.py").unlink(), "rates.py is missing"),
    "an added module": (
        lambda site: (site.package / "more.py").write_text("x = 1\n"),
        "more.py was added",
    ),
    "a compiled module beside it": (
        lambda site: (site.package / "rates.abi3.so").write_bytes(b"\x7fELF"),
        "rates.abi3.so was added",
    ),
    "other byte code": (stale_bytecode, ".pyc was added or changed"),
    "the entry point": (
        lambda site: (site.info / "entry_points.txt").write_text("[hub]\nbarn = os\n"),
        "entry_points.txt was changed",
    ),
    "no record": (lambda site: (site.info / "RECORD").unlink(), "no list of its files"),
    "an editable installation": (editable, "Install its wheel"),
    "a .pth file": (with_pth, "Install its wheel"),
    "a module in front of it": (shadow, "which is not among its files"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_plugin_that_was_changed_is_not_imported(site, monkeypatch, change):
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = allowed()
    act, expected = CHANGES[change]
    act(site)
    importlib.invalidate_caches()
    assert expected in reason(before)


def test_byte_code_that_python_wrote_is_no_change(site):
    before = allowed()
    py_compile.compile(str(site.package / "rates.py"))
    py_compile.compile(str(site.package / "__init__.py"))
    assert reason(before) == ""


@pytest.mark.parametrize(
    "line", ["qbo-hub-barn", "qbo-hub-barn==1.0", "a==1 sha256:12", "a==1 md5:0"]
)
def test_a_line_of_another_form_is_an_error(line):
    with pytest.raises(ConfigurationError, match="HUB_PLUGINS_FILE has the line"):
        plugin_list.parse(line)


def test_the_commands_say_why_and_print_the_lines(site, tmp_path, monkeypatch):
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "data"))
    [line] = CliRunner().invoke(main, ["plugins", "--hashes"]).output.splitlines()
    assert line == list_allowing_lines()[0]
    file = tmp_path / "plugins.txt"
    file.write_text("")
    monkeypatch.setenv("HUB_PLUGINS_FILE", str(file))
    assert "does not have it" in " ".join(CliRunner().invoke(main, ["plugins"]).output.split())
    assert "hub_barn" not in sys.modules
    file.write_text(line)
    assert "barn" in CliRunner().invoke(main, ["plugins"]).output


def test_a_hub_loads_what_its_configuration_lists(site, make_config, make_app, tmp_path):
    file = tmp_path / "plugins.txt"
    file.write_text("")
    app = make_app(make_config(HUB_PLUGINS_FILE=str(file)), plugins=None)
    assert not app.extensions["hub"].plugins.apps
    file.write_text(list_allowing_lines()[0])
    app = make_app(make_config(HUB_PLUGINS_FILE=str(file)), plugins=None)
    assert list(app.extensions["hub"].plugins.apps) == ["barn"]


def test_a_list_that_cannot_be_read_is_an_error(make_config):
    with pytest.raises(ConfigurationError, match="HUB_PLUGINS_FILE names /nowhere/plugins"):
        make_config(HUB_PLUGINS_FILE="/nowhere/plugins")
