"""Setup of child processes in tests: the stand-in's answers are recorded, bugs are planted."""

import importlib.util
import os
import sys

from planted_source import plant_from_environment

FOLDER = os.environ.get("WALKED_BODIES")
WATCHED = "qbo_sandbox.app"


class Watcher:
    """A finder that loads the stand-in's application normally and then records its answers."""

    def find_spec(self, name, path=None, target=None):
        if name != WATCHED:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def watched(module):
            load(module)
            watch(module.App)

        spec.loader.exec_module = watched
        return spec


def watch(app):
    """Record the answers of the stand-in's application."""
    answer = app.__call__

    def answered(self, environ, start):
        kinds = []

        def note_kind(line, headers, exc_info=None):
            kinds.append(dict(headers).get("Content-Type", ""))
            return start(line, headers)

        pieces = answer(self, environ, note_kind)
        if environ["PATH_INFO"].startswith("/v3/") and isinstance(pieces, list):
            keep(environ["sandbox.route"].call, kinds[-1], b"".join(pieces))
        return pieces

    app.__call__ = answered


def keep(call, kind, body):
    """Append the body of an answer to the file of this process."""
    with open(os.path.join(FOLDER, f"{os.getpid()}.bodies"), "ab") as file:
        file.write(f"{call}\t{kind}\t{body.hex()}\n".encode())


if FOLDER:
    sys.meta_path.insert(0, Watcher())

plant_from_environment()
