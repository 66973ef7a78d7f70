"""Pinned tools, the software bill of materials and the check for published advisories."""

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import advisories, sbom

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "runtime.lock", "build.lock", "docs.lock", "tools.lock"]
OWN = {
    "qbo-hub",
    "qbo-hub-autotask",
    "qbo-hub-costcertified",
    "qbo-hub-costtracker",
    "qbo-hub-files",
    "qbo-hub-harvest",
    "qbo-hub-ion",
    "qbo-hub-ontraccr",
    "qbo-sandbox",
}


# -- pins ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_pins_every_package_by_hash_and_names_no_address(name):
    text = (ROOT / name).read_text()
    pins = sbom.read_lock(text)
    assert pins
    assert [pin.name for pin in pins if not pin.hashes] == []
    assert "://" not in text


def test_lock_files_agree_on_versions():
    pins = sbom.read_lock((ROOT / LOCKS[0]).read_text())
    for name in ("runtime.lock", "build.lock"):
        assert [pin for pin in sbom.read_lock((ROOT / name).read_text()) if pin not in pins] == []


def test_build_requirements_of_every_distribution_are_pinned():
    pinned = {pin.name: pin.version for pin in sbom.read_lock((ROOT / "build.lock").read_text())}
    projects = [ROOT / "pyproject.toml", *ROOT.glob("*/pyproject.toml")]
    projects += ROOT.glob("plugins/*/pyproject.toml")
    assert len(projects) == len(OWN)
    for project in projects:
        for text in tomllib.loads(project.read_text())["build-system"]["requires"]:
            requirement = Requirement(text)
            assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)])


INSTALL = re.compile(r"\bpip (?:install|sync)\b|\buv (?:sync|run|tool|add)\b|\buvx\b|\bpipx\b")


@pytest.mark.parametrize("name", ["Makefile", ".ci/run"])
def test_every_installation_checks_hashes_or_uses_no_index(name):
    lines = [line for line in (ROOT / name).read_text().splitlines() if INSTALL.search(line)]
    unchecked = [
        line for line in lines if "--require-hashes" not in line and "--no-index" not in line
    ]
    assert unchecked == []
    isolated = [
        line
        for line in lines
        if "--no-build-isolation" not in line and "--only-binary :all:" not in line
    ]
    assert isolated == [], "an isolated build fetches its backend without a hash"
    assert lines or name == ".ci/run"


# -- bill of materials -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write the file as `make sbom` does, and return its text."""
    return write_bill(tmp_path_factory.mktemp("sbom") / "sbom.json", "1")


def write_bill(path: Path, seed: str) -> str:
    command = [sys.executable, "tools/sbom.py", str(path)]
    environ = os.environ | {"PYTHONHASHSEED": seed}
    subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True)
    return path.read_text()


def test_the_bill_of_materials_fits_the_schema_of_cyclonedx(bill):
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(bill) is None
    assert validator.validate_str(bill.replace('"purl"', '"pearl"')) is not None


def test_the_same_checkout_gives_the_same_bytes(bill, tmp_path):
    assert write_bill(tmp_path / "again.json", "2") == bill


def test_the_bill_of_materials_holds_every_pin_and_our_distributions(bill):
    document = json.loads(bill)
    components = [document["metadata"]["component"], *document["components"]]
    hashes = {
        (part["name"], part["version"]): {value["content"] for value in part.get("hashes", ())}
        for part in components
    }
    assert {name for (name, _), values in hashes.items() if not values} == OWN
    pins = sbom.read_lock((ROOT / LOCKS[0]).read_text())
    pinned = {(pin.name, pin.version): set(pin.hashes) for pin in pins}
    assert {key: values for key, values in hashes.items() if values} == pinned
    assert document["metadata"]["component"]["name"] == "qbo-hub"


def test_the_bill_of_materials_tells_what_a_hub_at_work_needs(bill):
    scopes = {part["name"]: part["scope"] for part in json.loads(bill)["components"]}
    runtime = {pin.name for pin in sbom.read_lock((ROOT / "runtime.lock").read_text())}
    required = {name for name, scope in scopes.items() if scope == "required"}
    assert {"flask", "cryptography", "sqlalchemy", "qbo-hub-ion"} <= required
    assert required - OWN <= runtime
    assert (scopes["psycopg"], scopes["qbo-sandbox"]) == ("optional", "optional")
    assert (scopes["mypy"], scopes["pip-audit"]) == ("excluded", "excluded")


def test_licences_and_dependencies_come_from_the_installed_metadata(bill):
    document = json.loads(bill)
    parts = {part["name"]: part for part in document["components"]}
    assert parts["alembic"]["licenses"][0]["license"]["id"] == "MIT"
    uses = {entry["ref"].partition("@")[0]: entry for entry in document["dependencies"]}
    used = {reference.partition("@")[0] for reference in uses["flask"]["dependsOn"]}
    assert {"werkzeug", "jinja2", "click"} <= used
    used = {reference.partition("@")[0] for reference in uses["qbo-hub-ion"]["dependsOn"]}
    assert used >= {"qbo-hub", "qbo-sandbox", "marshmallow"}


# -- advisories ------------------------------------------------------------------------------------

CONTROL_ADVISORY = {"jinja2": "2.4.1"}


@contextmanager
def advisory_service(answer: Callable[[dict], tuple[int, object]]) -> Iterator[tuple[str, list]]:
    """Serve an OSV service on loopback; yield its options, and the packages it is asked for."""
    questions: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            questions.append(question["package"]["name"])
            status, body = answer(question)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query", questions
    finally:
        server.shutdown()
        server.server_close()


def knows(**vulnerable: str) -> Callable[[dict], tuple[int, object]]:
    """Answer with an advisory for these versions, and with nothing for all others."""

    def answer(question: dict) -> tuple[int, object]:
        name, version = question["package"]["name"], question["version"]
        if vulnerable.get(name) != version:
            return 200, {}
        events = [{"introduced": "0"}, {"fixed": "9.9.9"}]
        affected = {
            "package": {"name": name, "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
            "versions": [version],
        }
        return 200, {"vulns": [{"id": f"TEST-{name}", "summary": "", "affected": [affected]}]}

    return answer


@pytest.fixture
def small_lock(tmp_path, monkeypatch):
    """Check two packages instead of all."""
    lock = tmp_path / "small.lock"
    lock.write_text("flask==3.1.2\nclick==8.1.8\n")
    monkeypatch.setattr(advisories, "LOCKS", [lock])


def osv(url: str) -> list[str]:
    return ["--vulnerability-service", "osv", "--osv-url", url]


def test_a_lock_without_advisories_is_checked():
    with advisory_service(knows(**CONTROL_ADVISORY)) as (url, questions):
        command = [sys.executable, "tools/advisories.py", "--osv-url", url]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == advisories.CHECKED, result.stdout + result.stderr
    pins = {pin.name for lock in advisories.LOCKS for pin in sbom.read_lock(lock.read_text())}
    missing = pins - {canonicalize_name(name) for name in questions}
    assert missing <= {"colorama"}, "only what other platforms need may be left out"
    assert re.fullmatch(r"\d{3} packages checked, 0 advisories\n", result.stdout)


@pytest.mark.usefixtures("small_lock")
def test_advisories_are_listed_with_the_version_that_corrects_them():
    with advisory_service(knows(flask="3.1.2", **CONTROL_ADVISORY)) as (url, _):
        code, lines = advisories.check(osv(url))
    assert code == advisories.ADVISORIES
    assert lines == [
        "flask 3.1.2: TEST-flask, corrected in 9.9.9",
        "2 packages checked, 1 advisories",
    ]


@pytest.mark.usefixtures("small_lock")
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(knows(), "knows no advisory for jinja2", id="answers everything with nothing"),
        pytest.param(lambda question: (503, {}), "ServiceError", id="is out of order"),
    ],
)
def test_a_service_without_advisories_leaves_everything_unchecked(answer, reason):
    with advisory_service(answer) as (url, _):
        code, [line] = advisories.check(osv(url))
    assert code == advisories.NOT_CHECKED
    assert line.startswith("Not checked: ")
    assert reason in line


@pytest.mark.usefixtures("small_lock")
def test_without_a_service_nothing_counts_as_checked():
    with advisory_service(knows()) as (url, _):
        pass
    code, [line] = advisories.check(osv(url))
    assert code == advisories.NOT_CHECKED
    assert line.startswith("Not checked: ")
    assert "127.0.0.1" in line


@pytest.mark.usefixtures("small_lock")
def test_a_service_that_fails_halfway_leaves_everything_unchecked():
    knows_control = knows(**CONTROL_ADVISORY)

    def answer(question):
        return (500, {}) if question["package"]["name"] == "click" else knows_control(question)

    with advisory_service(answer) as (url, _):
        code, lines = advisories.check(osv(url))
    assert code == advisories.NOT_CHECKED
    assert any(line.startswith("Not checked: ") for line in lines)
