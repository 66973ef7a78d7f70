"""The web server: waitress on one address, ended in order by SIGTERM or Ctrl-C."""

import errno
import signal
import socket
import threading
from types import FrameType
from typing import Any
from wsgiref.types import WSGIApplication

from waitress import wasyncore
from waitress.server import create_server

from hub.errors import ConfigurationError

THREADS = 16
PATIENCE = 10


class Web:
    """Serves one WSGI application; port 0 takes a free one, then `url` tells it."""

    def __init__(self, wsgi: WSGIApplication, host: str, port: int) -> None:
        listener = _listen(host, port)
        self._server: Any = create_server(wsgi, sockets=[listener], threads=THREADS, ident=None)
        self.host = host
        self._thread: threading.Thread | None = None
        self.port: int = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{'127.0.0.1' if host in ('0.0.0.0', '') else shown}:{self.port}"  # noqa: S104 (compares)

    def run(self) -> None:
        """Answers until SIGTERM or Ctrl-C; requests under way are answered to the end."""
        signal.signal(signal.SIGTERM, _end)
        try:
            self._server.run()
        except SystemExit:
            self._server.task_dispatcher.shutdown(timeout=PATIENCE)

    def start(self) -> None:
        """Answers from a thread beside the caller, as long as the process lives."""
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until SIGTERM or Ctrl-C, while a thread answers."""
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        ended.wait()

    def stop(self) -> None:
        """Ends what `start` began and closes every connection: in the thread that serves them, as nobody else may."""
        self._server.task_dispatcher.shutdown(timeout=PATIENCE)
        if self._thread is None:
            self._server.close()
            return
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map))
        self._thread.join(PATIENCE)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            taken = "is in use by another program; choose another one with --port"
            raise ConfigurationError(f"Port {port}", taken) from error
        raise ConfigurationError(
            f"The address {host}:{port}", f"cannot be used: {error.strerror or error}"
        ) from error
