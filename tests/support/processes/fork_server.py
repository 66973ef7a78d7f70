"""Run commands in forks of a process that has rehearsed them, to save imports and compilation."""

import faulthandler
import gc
import json
import os
import resource
import select
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import hub.scheduling.runner  # noqa: F401
import qbo_sandbox  # noqa: F401
from hub.cli import apps, companies, main, maintenance, sync  # noqa: F401  (used in forks)

REPOSITORY = str(Path(__file__).parents[3])
sys.path.insert(0, REPOSITORY)
from tests.support.processes import rehearsal  # noqa: E402
from tests.support.runs import shared_compilation  # noqa: E402

sys.path.remove(REPOSITORY)
STDIN = 0
STAND_INS_ONLY = "--stand-ins-only"


def warm_up(settings):
    """Run a short story of a hub, so that what is imported or compiled late is ready as well."""
    with tempfile.TemporaryDirectory() as folder:
        rehearsal.rehearse(Path(folder), settings)
    gc.collect()
    gc.freeze()


def run(order):
    """Run a command in this process and exit; after its time limit print the stacks and exit."""
    os.environ.clear()
    os.environ.update(order["environ"])
    for number, path, flags in (
        (0, order["in"], os.O_RDONLY),
        (1, order["out"], os.O_WRONLY),
        (2, order["err"], os.O_WRONLY),
    ):
        os.dup2(os.open(path, flags | (os.O_CREAT | os.O_TRUNC if number else 0), 0o600), number)
    faulthandler.enable(2)
    faulthandler.dump_traceback_later(order["seconds"], exit=True, file=2)
    if order["limit"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["limit"], order["limit"]))
    try:
        main(order["args"])
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(end.code or 0)


def report(word, number, code=0):
    sys.__stdout__.write(f"{word} {number} {code}\n")
    sys.__stdout__.flush()


def fork_command(order):
    """Fork a process for a command; the pipe is closed when the process ends."""
    ends, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.set_inheritable(write_end, True)  # because a command may execute another program
        run(order)
    os.close(write_end)
    running[ends] = child
    report("started", child)


def report_end(pipe):
    os.close(pipe)
    child = running.pop(pipe)
    report("ended", child, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if STAND_INS_ONLY not in sys.argv:
    shared_compilation.share_among_all()
    warm_up({})
gc.freeze()  # otherwise each fork would copy all inherited memory by touching it
running, read = {}, b""
while True:
    ready = select.select([STDIN, *running], [], [])[0]
    for pipe in ready:
        if pipe != STDIN:
            report_end(pipe)
    if STDIN in ready:
        if not (more := os.read(STDIN, 65536)):
            break
        *orders, read = (read + more).split(b"\n")
        for order in map(json.loads, orders):
            if "settings" in order:
                warm_up(order["settings"])
                report("rehearsed", 0)
            else:
                fork_command(order)
for child in running.values():  # their requester has ended
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
