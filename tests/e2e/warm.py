"""A process with the hub imported: each line it reads starts a sync in a copy of it, so that a start costs nothing."""

import os
import sys

from hub import config
from hub.app import create_app
from hub.cli import main


def run(app, out, err):
    os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(os.open(err, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    try:
        main(["sync", "--json"], obj=app, standalone_mode=True)
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(end.code or 0)
    os._exit(99)


def serve():
    app = create_app(config.load(os.environ))
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(app, *line.split())
        tell(child)
        _, status = os.waitpid(child, 0)
        tell(os.waitstatus_to_exitcode(status))


def tell(number):
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


serve()
