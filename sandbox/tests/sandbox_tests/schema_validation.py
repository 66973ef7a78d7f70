"""A pytest plugin that validates the bodies sent by the stand-in against the official schema."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qbo_sandbox.app import App
from sandbox_tests.official import SCHEMA, walk_json, walk_xml

PROPERTY = "validated bodies"
FOLDER = "WALKED_BODIES"
bodies: dict[tuple[str, bytes], str] = {}
clean: set[int] = set()  # hashes of bodies without violations


def watch() -> None:
    """Record the bodies sent by the accounting API and by the gateway in front of it."""
    answer, shape = App.__call__, App.shape

    def answered(self: App, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        kinds: list[str] = []

        def record_type(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            kinds.append(dict(headers).get("Content-Type", ""))
            return start(line, headers)

        pieces = answer(self, environ, record_type)
        if environ["PATH_INFO"].startswith("/v3/") and isinstance(pieces, list):
            keep(environ["sandbox.route"].call, kinds[-1], b"".join(pieces))
        return pieces

    def shaped(self: App, status: int, environ: dict[str, Any]) -> tuple[str, bytes]:
        kind, body = shape(self, status, environ)
        keep(f"status {status}", kind, body)
        return kind, body

    App.__call__, App.shape = answered, shaped  # type: ignore[method-assign]


def keep(call: str, kind: str, body: bytes) -> None:
    sort = next((sort for sort in ("json", "xml") if sort in kind), "")
    if sort and body:
        bodies.setdefault((sort, body), call)


def violations() -> list[str]:
    """Return the violations in the recorded bodies, and forget the bodies."""
    walks = {"json": walk_json, "xml": walk_xml}
    new = {hash(each): each for each in bodies if hash(each) not in clean}
    bad_bodies = {number: bad for number, (sort, body) in new.items() if (bad := walks[sort](body))}
    messages = {
        f"{bodies[new[number]]}: {each}" for number, bad in bad_bodies.items() for each in bad
    }
    clean.update(new.keys() - bad_bodies.keys())
    bodies.clear()
    return sorted(messages)


def collect() -> None:
    """Read the bodies that stand-ins in child processes wrote; skip a line cut short by a kill."""
    for path in sorted(Path(os.environ.get(FOLDER, "nowhere")).glob("*.bodies")):
        for line in path.read_bytes().split(b"\n")[:-1]:
            call, kind, body = line.decode().split("\t")
            keep(call, kind, bytes.fromhex(body))
        path.unlink()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    yield
    collect()
    item.user_properties.append((PROPERTY, len(bodies)))
    if bad := violations():
        pytest.fail(
            "the official schema does not know what the stand-in sent:\n" + "\n".join(bad),
            pytrace=False,
        )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report how many bodies were validated, in all tests together."""
    count = 0
    for group in terminalreporter.stats.values():
        for report in group:
            if getattr(report, "when", "") == "call":
                count += sum(value for name, value in report.user_properties if name == PROPERTY)
    if count:
        terminalreporter.section("schema")
        terminalreporter.line(
            f"bodies of the QuickBooks stand-in validated against the official schema: {count:,}"
        )


def start(config: pytest.Config, children: Path | None = None) -> None:
    """Watch the stand-in from the start of a run, if the schema is at hand.

    `children` is the folder whose sitecustomize watches stand-ins in child processes. The process
    that only distributes tests over workers reads nothing from children.
    """
    if not SCHEMA.is_dir():
        return
    watch()
    config.pluginmanager.register(sys.modules[__name__], "schema_validation")
    distributes = config.getoption("numprocesses", None) and not hasattr(config, "workerinput")
    if children and not distributes:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="schema-validation-")
        paths = [str(children), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(os.environ.get(FOLDER, ""), ignore_errors=True)
