"""A process with the hub imported: each order it reads starts a command in a copy of itself, at no cost of imports."""

import json
import os
import resource
import sys
import tempfile

import hub.engine.run  # noqa: F401
from hub import config
from hub.app import create_app
from hub.cli import apps, companies, house, main, sync  # noqa: F401  (imported for the copies)
from hub.qbo import sandbox  # noqa: F401

GOING_ON = 256  # no exit code


def warm_up():
    """Opens a hub once, so that what is imported late is there too."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {"HUB_DATA": folder}
        config.initialise(config.data_folder(environ), environ)
        create_app(config.load(environ))


def run(order):
    """The command, in this process, to its end."""
    os.environ.clear()
    os.environ.update(order["environ"])
    for number, path, flags in (
        (0, order["in"], os.O_RDONLY),
        (1, order["out"], os.O_WRONLY),
        (2, order["err"], os.O_WRONLY),
    ):
        os.dup2(os.open(path, flags | (os.O_CREAT | os.O_TRUNC if number else 0), 0o600), number)
    if order["limit"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["limit"], order["limit"]))
    try:
        main(order["args"])
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(end.code or 0)


def tell(word, number):
    sys.__stdout__.write(f"{word} {number}\n")
    sys.__stdout__.flush()


warm_up()
for line in sys.stdin:
    order = json.loads(line)
    if "look" in order:
        ended, status = os.waitpid(order["look"], os.WNOHANG)
        tell("looked", os.waitstatus_to_exitcode(status) if ended else GOING_ON)
        continue
    child = os.fork()
    if child == 0:
        run(order)
    tell("started", child)
    if order["wait"]:
        tell("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
