"""Tests of the wheels: the hub and its plugins without the stand-in, and the stand-in alone."""

import json
import shlex
import shutil
import subprocess
import tomllib
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hub.cli import main
from hub.contract import tiers
from hub.contract.registry import Plugins
from tests.support.processes.wheel_environment import RUN_SCRIPT, WheelEnvironment, build_wheel

pytestmark = pytest.mark.proof(small=0)
ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
IMPORT_ALL = """
import importlib, pkgutil, hub
left_out = ("hub.testing", "hub.migrations")
for module in pkgutil.walk_packages(hub.__path__, "hub."):
    if not module.name.startswith(left_out):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name not in ("procrastinate", "psycopg"):
                raise
            print("postgres only:", end="")
        print(module.name)
"""
# They need the extra `postgres`.
POSTGRES_MODULES = {
    "postgres only:hub.db.time_limit",
    "postgres only:hub.scheduling.elected_scheduler",
    "postgres only:hub.scheduling.queue",
    "postgres only:hub.scheduling.queue_tables",
    "postgres only:hub.scheduling.worker",
}
QUICK_TESTS = [
    "test_renamed_entries.py",
    "test_request_ids.py",
    "test_pytest_plugin.py",
    "test_architecture.py",
]


def declared(project):
    """Return the names of all packages that a distribution declares, extras and groups included."""
    data = tomllib.loads((project / "pyproject.toml").read_text())
    lists = [
        data["project"]["dependencies"],
        *data["project"].get("optional-dependencies", {}).values(),
        *data.get("dependency-groups", {}).values(),
    ]
    return {canonicalize_name(Requirement(text).name) for texts in lists for text in texts}


def test_the_lock_file_has_every_package_but_those_of_this_checkout():
    projects = [ROOT, ROOT / "sandbox", *PLUGINS]
    local_packages = {
        tomllib.loads((project / "pyproject.toml").read_text())["project"]["name"]
        for project in projects
    }
    names = ("requirements.lock", "tools.lock", "docs.lock")
    locks = [(ROOT / name).read_text() for name in names]
    lines = [line for lock in locks for line in lock.splitlines()]
    locked = {line.partition("==")[0] for line in lines if line[:1].isalpha()}
    assert not local_packages & locked
    assert set.union(*(declared(project) for project in projects)) - local_packages <= locked


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Build the wheel of each distribution; return their files by name."""
    folder = tmp_path_factory.mktemp("wheels")
    projects = {"hub": ROOT, "sandbox": ROOT / "sandbox"} | {path.name: path for path in PLUGINS}
    return {name: build_wheel(path, folder) for name, path in projects.items()}


@pytest.fixture(scope="module")
def hub_only(wheels, tmp_path_factory):
    """Install the hub and every plugin without the stand-in, with a data folder."""
    environment = WheelEnvironment(tmp_path_factory.mktemp("hub-only"))
    environment.install(*(wheel for name, wheel in wheels.items() if name != "sandbox"))
    assert "No module named 'qbo_sandbox'" in environment.run("-c", "import qbo_sandbox").stderr
    environment.data = str(environment.folder / "data")
    setup = environment.script("hub", "init", HUB_DATA=environment.data)
    assert setup.returncode == 0, setup.stderr
    return environment


def test_the_commands_of_the_hub_work_without_the_stand_in(hub_only):
    output = hub_only.script("hub", "--help")
    assert (output.returncode, output.stderr) == (0, "")
    assert "hub serve" in output.stdout
    checked = hub_only.script("hub", "check", HUB_DATA=hub_only.data)
    assert "database with the hub's tables" in checked.stdout
    assert "qbo_sandbox" not in checked.stdout + checked.stderr


def test_every_plugin_is_loaded_without_the_stand_in(hub_only):
    listed = hub_only.script("hub", "plugins", "--json", HUB_DATA=hub_only.data)
    plugins = json.loads(listed.stdout)
    assert {plugin["distribution"]: plugin["broken"] for plugin in plugins} == {
        f"qbo-hub-{path.name}": None for path in PLUGINS
    }
    without = [plugin["plugin"] for plugin in plugins if "hub_sandbox" not in plugin["hooks"]]
    assert without == ["files"]  # it has no source to stand in for
    in_checkout = {plugin["plugin"]: plugin["tier"] for plugin in tiers.describe(Plugins.load())}
    assert {plugin["plugin"]: plugin["tier"] for plugin in plugins} == in_checkout


def test_every_module_of_the_hub_is_imported_without_the_stand_in(hub_only):
    result = hub_only.run("-c", IMPORT_ALL)
    assert result.returncode == 0, result.stderr
    lines = set(result.stdout.splitlines())
    assert {"hub.app", "hub.cli.sandbox", "hub.demo", "hub.web.inbox"} <= lines
    assert {line for line in lines if line.startswith("postgres only:")} == POSTGRES_MODULES


EXTRAS = {
    "demo": "CHECKOUT[demo]",
    "sandbox quickbooks": "CHECKOUT[demo]",
    "sandbox ion": "FOLDER OF qbo-hub-ion[sandbox]",
}


@pytest.mark.parametrize(("command", "extra"), EXTRAS.items(), ids=EXTRAS)
def test_a_command_that_needs_the_stand_in_names_the_extra(hub_only, command, extra):
    result = hub_only.script("hub", *command.split(), HUB_DATA=f"{hub_only.data}-demo")
    assert result.returncode == 1
    assert result.stderr.strip() == (
        f"`hub {command.split()[0]}` needs the QuickBooks stand-in, which is not installed."
        " Install it from a checkout of the hub: python -m pip install 'CHECKOUT/sandbox'"
        f" '{extra}'"
    )


def test_the_demo_itself_names_the_extra(hub_only, tmp_path):
    folder = tmp_path / "demo"
    result = hub_only.run(
        "-c", f"import hub.demo, pathlib; hub.demo.Demo(pathlib.Path({str(folder)!r}), 0)"
    )
    assert result.stderr.splitlines()[-1].endswith("'CHECKOUT/sandbox' 'CHECKOUT[demo]'")
    assert not folder.exists()


def test_help_is_shown_and_names_the_extra(hub_only):
    result = hub_only.script("hub", "sandbox", "--help")
    assert result.returncode == 0
    assert "python -m pip install 'CHECKOUT/sandbox' 'CHECKOUT[demo]'" in result.stdout


def test_the_bench_names_the_extra(hub_only):
    result = hub_only.run("-c", "import hub.testing.bench")
    assert "pip install 'CHECKOUT/sandbox' 'CHECKOUT[testing]'" in result.stderr.splitlines()[-1]


def test_pytest_starts_with_the_hub_and_without_the_stand_in(hub_only):
    hub_only.link("pytest")
    result = hub_only.run("-m", "pytest", "--help")
    assert result.returncode == 0, result.stderr
    assert "--rewrite-golden" in result.stdout


def test_a_stand_in_names_the_extra_of_its_plugin(wheels, hub_only, tmp_path):
    """Only ION's stand-in needs GraphQL."""
    environment = WheelEnvironment(tmp_path)
    environment.install(wheels["hub"], wheels["ion"], wheels["sandbox"])
    result = environment.script("hub", "sandbox", "ion", HUB_DATA=hub_only.data)
    assert result.returncode == 1
    assert result.stderr.strip() == (
        "The stand-in of ion needs graphql, which is not installed."
        " Install it from a checkout of the hub: python -m pip install 'CHECKOUT/sandbox'"
        " 'FOLDER OF qbo-hub-ion[sandbox]'"
    )
    assert "lose_answer" in environment.script("hub", "sandbox", "--help").stdout


def test_the_stand_in_alone_answers(wheels, tmp_path):
    environment = WheelEnvironment(tmp_path)
    environment.install(wheels["sandbox"])
    command = [str(environment.python), "-I", "-u", "-c", RUN_SCRIPT, "qbo-sandbox", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    try:
        url = process.stdout.readline().strip()
        lines = [process.stdout.readline().split() for _ in range(5)]
        [realm] = [words[1] for words in lines if words[0] == "company"]
        [token] = [words[-1] for words in lines if words[:2] == ["access", "token"]]
        request = urllib.request.Request(
            f"{url}/v3/company/{realm}/companyinfo/{realm}",
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["CompanyInfo"]["CompanyName"]
        with urllib.request.urlopen(f"{url}/") as page:
            assert b"<html" in page.read()
    finally:
        process.terminate()
        process.stdout.close()
        process.wait(20)


def test_its_own_tests_run_with_the_stand_in_and_pytest_alone(wheels, tmp_path):
    environment = WheelEnvironment(tmp_path / "environment")
    environment.install(wheels["sandbox"])
    environment.link("pytest")
    project = tmp_path / "sandbox"
    project.mkdir()
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / "sandbox" / name, project)
    shutil.copytree(ROOT / "sandbox" / "tests", project / "tests")
    # All tests are collected.
    result = environment.run("-m", "pytest", "-k", " or ".join(QUICK_TESTS), cwd=project)
    assert result.returncode == 0, result.stdout[-3000:]
    assert "not collected without hypothesis: test_books.py" in result.stdout
    assert " deselected" in result.stdout


def test_the_printed_commands_for_a_new_plugin_work_in_an_empty_environment(
    wheels, tmp_path, monkeypatch
):
    """The printed folders lead to the hub and the stand-in; their wheels take pip's place."""
    monkeypatch.chdir(tmp_path)
    options = ["--kinds", "invoice,payment", "--auth", "refresh-token", "--paging", "link"]
    printed = CliRunner().invoke(main, ["new-plugin", "barn", *options]).stdout
    commands = [shlex.split(line) for line in printed.splitlines() if line.startswith("  ")]
    installed = [argument for command in commands[:2] for argument in command[4:]]
    assert installed == [f"{ROOT}/sandbox", f"{ROOT}[testing]", "-e", "barn[testing]"]

    environment = WheelEnvironment(tmp_path / "environment")
    environment.install(wheels["sandbox"], wheels["hub"])
    environment.install(build_wheel(tmp_path / "barn", tmp_path), extra="testing")
    assert commands[2] == ["python", "-m", "pytest", "barn"]
    tested = environment.run(*commands[2][1:], cwd=tmp_path)
    assert tested.returncode == 0, tested.stdout[-3000:] + tested.stderr[-3000:]
    assert commands[3] == ["hub", "read", "barn", "--stand-in"]
    read = environment.script(*commands[3])
    assert "40 documents read: 1 pending, 1 held" in read.stdout, read.stderr


def test_a_plugin_with_one_byte_changed_is_not_on_the_list_any_more(hub_only, tmp_path):
    """The wheels are listed by the hashes of their files; all others are refused."""
    listed = tmp_path / "plugins.txt"
    printed = hub_only.script("hub", "plugins", "--hashes")
    lines = printed.stdout.splitlines()
    assert (len(lines), printed.stderr) == (len(PLUGINS), "")
    assert all("==" in line and " sha256:" in line for line in lines)
    listed.write_text(printed.stdout)

    def states():
        output = hub_only.script("hub", "plugins", "--json", HUB_PLUGINS_FILE=str(listed))
        return {item["plugin"]: item["broken"] for item in json.loads(output.stdout)}

    assert set(states().values()) == {None}
    module = hub_only.packages / "hub_ion" / "queries.py"
    original = module.read_bytes()
    module.write_bytes(original.replace(b"order", b"ordeR", 1))
    try:
        broken = {name: reason for name, reason in states().items() if reason}
    finally:
        module.write_bytes(original)
    assert list(broken) == ["ion"]
    assert "hub_ion/queries.py was changed after it was installed" in broken["ion"]
    listed.write_text("".join(line + "\n" for line in lines if "autotask" not in line))
    assert [name for name, reason in states().items() if reason] == ["autotask"]
