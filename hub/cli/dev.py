"""A hub for the development of a plugin: `hub dev`."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import click

from hub.cli.console import country_option, find_apps_of_plugin, port_number
from hub.cli.terminal import say
from hub.contract.checkout import require_stand_ins
from hub.end_signals import set_on_end_signal
from hub.errors import PluginBroken

DEV_FOLDER = "hub-dev"
DEFAULT_PORT = 8080
POLL_SECONDS = 0.5  # between two checks of the files
RESTART_NOTICE = "It starts again when a file of a plugin changes; Ctrl-C ends it."
Files = Mapping[str, tuple[int, int]]


@click.command()
@click.argument("slug")
@click.option(
    "--port",
    "-p",
    type=port_number,
    default=DEFAULT_PORT,
    show_default=True,
    help="Where to listen; 0 takes a free one.",
)
@country_option
@click.option("--read-again", is_flag=True, help="Read every document again, also unchanged ones.")
@click.option(
    "--match/--no-match",
    "match_codes",
    default=True,
    show_default=True,
    help="Match codes without a record with some record of QuickBooks' stand-in.",
)
def dev(slug: str, port: int, country: str | None, read_again: bool, match_codes: bool) -> None:
    """Run a hub for the plugin of the app SLUG, on stand-ins.

    QuickBooks and the source are stand-ins, all at one local address; the app is enabled, its codes
    are matched with some records, and what it reads is posted. It prints the address, the log-in,
    and for the last change the document, the matches of its codes, and what was sent to QuickBooks;
    for documents that are held or cannot be read it prints why. When a file of a plugin changes,
    the hub starts again with it and reads every document again. Everything lies in the folder
    hub-dev (or HUB_DATA); remove it to start over.
    """
    require_stand_ins("`hub dev`")
    with suppress(PluginBroken):  # which its author may correct while this runs
        find_apps_of_plugin(slug)
    options = ["--match-codes"] if match_codes else []
    options += ["--country", country] if country else []
    Supervisor(slug, port or _find_free_port(), read_again, options).run()


class Supervisor:
    """Run the hub in a process of its own, and start it again when a plugin changes.

    Only a new process imports all modules of a plugin again.
    """

    def __init__(self, slug: str, port: int, read_again: bool, options: Sequence[str]) -> None:
        """Prepare to serve the plugin of an app at a port; `run` starts.

        `options` are more options of `hub demo`.
        """
        self._command = [
            *(sys.executable, "-c", "from hub.cli import main; main()"),
            *("demo", "--plugin", slug, "--port", str(port), "--show-sent", *options),
        ]
        self._environ = {"HUB_DATA": DEV_FOLDER, **os.environ}
        self._read_again = read_again
        self._ended = threading.Event()

    def run(self) -> None:
        """Serve until SIGTERM or Ctrl-C."""
        set_on_end_signal(self._ended)
        while not self._ended.is_set():
            files = list_plugin_files()
            process = self._start()
            try:
                changed_file = self._wait_for_change(process, files)
            finally:
                process.terminate()
                process.wait()
            if changed_file:
                say(f"{changed_file} has changed; the hub starts again.")
            self._read_again = True

    def _start(self) -> "subprocess.Popen[bytes]":
        """Start the process that serves."""
        options = ["--read-again"] if self._read_again else []
        command = [*self._command, *options]
        return subprocess.Popen(command, env=self._environ)  # noqa: S603 (this program)

    def _wait_for_change(self, process: "subprocess.Popen[bytes]", files: Files) -> str:
        """Return the first file that differs; "" if the hub was asked to stop."""
        is_running = True
        while not self._ended.wait(POLL_SECONDS):
            changed_file = find_changed_file(files, list_plugin_files())
            if changed_file:
                return changed_file
            if is_running and process.poll() is not None:
                is_running = False
                say(f"The hub has ended. {RESTART_NOTICE}")
        return ""


def list_plugin_files() -> Files:
    """Return the files of all plugins, each with its time and size."""
    files = {}
    for file in _iter_plugin_files():
        if "__pycache__" in file.parts or not file.is_file():
            continue
        status = file.stat()
        files[str(file)] = (status.st_mtime_ns, status.st_size)
    return files


def find_changed_file(before: Files, after: Files) -> str:
    """Return a file that was added, changed or removed; "" if there is none."""
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            return name
    return ""


def _iter_plugin_files() -> Iterator[Path]:
    """Yield what is in the folder of each plugin's package, or its only module; import nothing."""
    packages = {entry.module.partition(".")[0] for entry in entry_points(group="hub")}
    for spec in map(find_spec, sorted(packages)):
        if spec is None:
            continue
        for location in spec.submodule_search_locations or ():
            yield from sorted(Path(location).rglob("*"))
        if spec.origin:
            yield Path(spec.origin)


def _find_free_port() -> int:
    """Return a port that is free now; each start of the hub listens there."""
    from hub.web.serving import server

    with closing(server.listen("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
