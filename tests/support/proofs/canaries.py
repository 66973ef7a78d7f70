"""A search for the secrets of the tests in everything that the hub writes and answers.

The keys, passwords and tokens of fixtures and stand-ins serve as canaries. Each answer of a hub in
this process, each log record and the output of each test is searched at once; at the end of the run
each worker searches every file that its tests left: databases with their journals, logs, counters,
exports. A test whose hub shows a canary fails, and a file with one fails the run.
"""

import base64
import logging
import os
import re
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import request_finished

from qbo_sandbox import factory
from tests.support.runs.hub_environment import PASSWORD, PLANTED_SECRET, SECRET_KEY, VAULT_KEYS

_KEY_TEXT = VAULT_KEYS.partition(":")[2]
_BASIC = base64.b64encode(f"{factory.CLIENT_ID}:{factory.CLIENT_SECRET}".encode()).decode()
# Printed by `hub sandbox` on purpose, because anyone who tries an app must enter them.
PRINTED = {
    "secret of a stand-in": re.compile(rb"stand-in-(?:secret|webhook)-[0-9a-f]{4}"),
    "client secret of the Intuit stand-in": re.compile(factory.CLIENT_SECRET.encode()),
    "webhook token of the Intuit stand-in": re.compile(factory.WEBHOOK_VERIFIER.encode()),
}
SECRETS = {
    "secret key": re.compile(re.escape(SECRET_KEY.encode())),
    "vault key": re.compile(re.escape(_KEY_TEXT.encode())),
    "vault key, decoded": re.compile(re.escape(base64.urlsafe_b64decode(_KEY_TEXT))),
    "password": re.compile(PASSWORD.encode()),
    "planted secret": re.compile(PLANTED_SECRET.encode()),
    "client id and secret in base64": re.compile(_BASIC.encode()),
    "token of a source": re.compile(rb"stand-in-token-[A-Za-z0-9_-]{20}"),
    "code or refresh token of Intuit": re.compile(rb"AB11?standin[A-Za-z0-9]{20}"),
    "access token of Intuit": re.compile(rb"eyJstandin[A-Za-z0-9_-]{20}"),
}
# The beginnings of the canaries above; a file without any of them needs no closer look.
BEGINNINGS = [
    SECRET_KEY.encode(),
    _KEY_TEXT.encode(),
    base64.urlsafe_b64decode(_KEY_TEXT),
    PASSWORD.encode(),
    PLANTED_SECRET.encode(),
    _BASIC.encode(),
    factory.WEBHOOK_VERIFIER.encode(),
    b"stand-in-",
    b"standin",
]
# Files that hold secrets on purpose: the key files of a data folder, the settings that tests write
# for `hub enable`, the journals and snapshots of stand-ins, and their code where it is installed.
# The output of a test that a planted bug fails shows the values that the test compares.
PLANTED_OUTPUT = "output-with-planted-bug"
EARLIER_CODE = "earlier-code"  # unpacked, with its stand-ins
EXEMPT = {
    "vault.keys",
    "secret.key",
    "key",
    "settings.json",
    "journal.jsonl",
    "token.txt",
    PLANTED_OUTPUT,
}
REPLACED_TOKEN = re.compile(r"refresh-token-\d+\.txt")  # what `hub connect` stores for its caller
EXEMPT_FOLDERS = {"snapshots", "site-packages", EARLIER_CODE}
STAND_IN_OUTPUT = b"webhook verifier "  # the command of the QuickBooks stand-in prints its tokens
LONGEST_CANARY = 256  # bytes by which one is recognized, at most
RESULT = "canaries"  # where a worker leaves its result for the process that prints it


class Search:
    """The contents searched in this run, and the canaries found in them."""

    def __init__(self) -> None:
        self.contents = 0
        self.leaks: list[str] = []  # since the previous test's report
        self.in_files: list[str] = []

    def note(self, place: str, content: bytes, *, printed: bool = False) -> None:
        """Search a content that the hub displayed or wrote."""
        self.contents += 1
        self.leaks += [f"{name} in {place}" for name in canaries_in(content, printed=printed)]

    def note_folder(self, folder: Path) -> None:
        """Search every file below a folder.

        Files may be deleted meanwhile: another process may drop databases of the same server.
        """
        for parent, _, names in os.walk(folder):
            for name in sorted(names):
                path = Path(parent, name)
                if path.is_file() and not path.is_symlink() and not is_exempt(path, folder):
                    with suppress(FileNotFoundError):
                        self._note_file(path, path.read_bytes())

    def _note_file(self, path: Path, content: bytes) -> None:
        """Search the content of a file; output of a stand-in may contain its own secrets."""
        self.contents += 1
        is_output = path.suffix in (".out", ".err")
        if is_output and STAND_IN_OUTPUT in content:
            return
        names = canaries_in(content, printed=is_output)
        self.in_files += [f"{name} in {path}" for name in names]


def canaries_in(content: bytes, *, printed: bool = False) -> list[str]:
    """Return the names of the canaries in a content, without those of stand-ins if `printed`."""
    if not any(beginning in content for beginning in BEGINNINGS):
        return []
    patterns = SECRETS if printed else SECRETS | PRINTED
    return [name for name, pattern in patterns.items() if pattern.search(content)]


def is_exempt(path: Path, folder: Path) -> bool:
    """Return whether a file contains secrets on purpose."""
    if REPLACED_TOKEN.fullmatch(path.name):
        return True
    return path.name in EXEMPT or not EXEMPT_FOLDERS.isdisjoint(path.relative_to(folder).parts)


search = Search()


# -- answers, log records and output ---------------------------------------------------------------


def watch_answer(_sender: Any, response: Any, **_: Any) -> None:
    """Search an answer of a hub in this process, its headers included."""
    body = b""
    if response.direct_passthrough:
        pass  # a file; what the hub wrote is searched at the end
    elif response.is_streamed:
        response.response = watched_stream(response.response)
    else:
        body = response.get_data()
    search.note("an answer", str(response.headers).encode() + body)


def watched_stream(chunks: Any) -> Generator[bytes | str]:
    """Yield the chunks of a streamed answer; search each with the end of the one before."""
    end = b""
    try:
        for chunk in chunks:
            content = end + (chunk.encode() if isinstance(chunk, str) else chunk)
            search.leaks += [f"{name} in a streamed answer" for name in canaries_in(content)]
            end = content[-LONGEST_CANARY:]
            yield chunk
    finally:
        if hasattr(chunks, "close"):
            chunks.close()


class WatchingHandler(logging.Handler):
    """Search every log record, its traceback included."""

    def emit(self, record: logging.LogRecord) -> None:
        text = logging.Formatter("%(message)s").format(record)
        search.note("the log", text.encode(errors="replace"))


def pytest_configure() -> None:
    request_finished.connect(watch_answer, weak=False)
    logging.getLogger().addHandler(WatchingHandler())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test whose hub showed a canary, or that printed one."""
    report = yield
    output = "\n".join(text for _, text in report.sections)
    search.note("the output", output.encode(errors="replace"), printed=True)
    if search.leaks and report.outcome != "failed":
        report.outcome = "failed"
        report.longrepr = f"A secret was shown: {', '.join(sorted(set(search.leaks)))}"
    search.leaks.clear()
    return report


# -- files -----------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Search the files that the tests of this process left, and hand on or report the result."""
    config = session.config
    folders: pytest.TempPathFactory = config._tmp_path_factory  # type: ignore[attr-defined]
    if folders._basetemp is not None:
        search.note_folder(folders._basetemp)
    if is_worker(config):
        result = [search.contents, search.in_files]
        config.workeroutput[RESULT] = result  # type: ignore[attr-defined]
        return
    if search.in_files:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter and search.contents:
        row = ["answers, logs, outputs and files without a secret", search.contents, 1]
        figure = SimpleNamespace(
            nodeid="test_canaries.py", when="session", user_properties=[("figure", row)]
        )
        reporter.stats.setdefault("", []).append(figure)


def is_worker(config: pytest.Config) -> bool:
    """Return whether this process runs tests for another one."""
    return hasattr(config, "workerinput")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the results of a worker."""
    contents, in_files = getattr(node, "workeroutput", {}).get(RESULT, (0, []))
    search.contents += contents
    search.in_files += in_files


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if search.in_files:
        terminalreporter.section("secrets of the tests in files that the hub wrote")
        for line in search.in_files:
            terminalreporter.line(line)
