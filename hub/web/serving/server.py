"""The web server: waitress on one address, ended in order by SIGTERM or Ctrl-C."""

import errno
import ipaddress
import os
import socket
import threading
from collections.abc import Sequence
from functools import partial
from types import FrameType
from typing import Any
from wsgiref.types import WSGIApplication

from flask import Flask
from waitress import wasyncore

from hub import end_signals
from hub.clock import Clock, SystemClock
from hub.context import get_hub
from hub.errors import ConfigurationError
from hub.web.request.client_address import Proxies
from hub.web.serving import body_limits
from hub.web.serving.connections import BodyLimit, BoundedServer, ConnectionLimits

ANY_ADDRESS = ("0.0.0.0", "")  # noqa: S104 (compares)
SHUTDOWN_SECONDS = 10
POLL_SECONDS = 0.5  # between two checks for a signal
DEFAULT_LIMITS = ConnectionLimits()


class Web:
    """Serve one WSGI application; port 0 takes a free one, then `url` contains it.

    The application itself reads from the headers of proxies who the client is. Here proxies are
    only exempt from the limit of connections of one client.
    """

    def __init__(
        self,
        wsgi: WSGIApplication,
        host: str,
        port: int,
        *,
        listener: socket.socket | None = None,
        limits: ConnectionLimits = DEFAULT_LIMITS,
        clock: Clock | None = None,
        trusted_proxy: Sequence[str] = (),
        body_limit: BodyLimit | None = None,
    ) -> None:
        listener = listener or listen(host, port)
        self._server: Any = BoundedServer(
            wsgi,
            listener,
            limits=limits,
            clock=clock or SystemClock(),
            proxies=Proxies(trusted_proxy),
            body_limit=body_limit,
        )
        self.host = host
        self._thread: threading.Thread | None = None
        self.port: int = listener.getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{'127.0.0.1' if host in ANY_ADDRESS else name}:{self.port}"

    def run(self) -> None:
        """Serve until SIGTERM or Ctrl-C; requests in progress are completed."""
        end_signals.set_handler(_end)
        try:
            self._server.run()
        except SystemExit:
            self._server.task_dispatcher.shutdown(timeout=SHUTDOWN_SECONDS)

    def start(self) -> None:
        """Serve from another thread for as long as the process lives."""
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)
        self._thread.start()

    def wait(self, end_event: threading.Event | None = None) -> None:
        """Wait for SIGTERM, Ctrl-C or the event while the other thread serves."""
        end_event = end_event or threading.Event()
        end_signals.set_on_end_signal(end_event)
        # The system may give two signals at once to other threads. Their handlers run in this
        # thread, which then has to wake up by itself.
        while not end_event.wait(POLL_SECONDS):
            pass

    def stop(self) -> None:
        """Stop the server and close every connection, in the thread that serves them."""
        self._server.task_dispatcher.shutdown(timeout=SHUTDOWN_SECONDS)
        if self._thread is None:
            self._server.close()
            return
        is_awake = threading.Event()

        def close_all() -> None:
            """Close the sockets and let the loop end."""
            # The loop may wake up for another reason before the trigger has written its byte.
            is_awake.wait(SHUTDOWN_SECONDS)
            wasyncore.close_all(self._server._map)

        self._server.trigger.pull_trigger(close_all)
        is_awake.set()
        self._thread.join(SHUTDOWN_SECONDS)


def create_server(app: Flask, host: str, port: int, listener: socket.socket) -> Web:
    """Return the server of a hub, with the limits and proxies that the hub declares."""
    hub = get_hub(app)
    return Web(
        app,
        host,
        port,
        listener=listener,
        clock=hub.clock,
        trusted_proxy=hub.config.trusted_proxy,
        body_limit=partial(body_limits.get_limit, app),
    )


def _end(number: int, frame: FrameType | None) -> None:
    """End the process in order when it receives a signal; a second one ends it at once."""
    end_signals.end_at_next_signal()
    raise SystemExit(0)


def browser_address(host: str, listener: socket.socket) -> str:
    """Return the address to open in a browser on this machine.

    It says localhost rather than 127.0.0.1: Intuit takes no redirect to the number, and a browser
    keeps the sessions of the two names apart.
    """
    bound, port = listener.getsockname()[:2]
    ip = ipaddress.ip_address(bound)
    if ip.is_loopback or ip.is_unspecified:
        return f"http://localhost:{port}"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def listen(
    host: str, port: int, host_option: str = "--host", port_option: str = "--port"
) -> socket.socket:
    """Open the address that is served, before anything else is set up.

    Raise ConfigurationError if it cannot be used, most often because another program does. It
    names the options of the command that choose another address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"is in use by another program; choose another one with {port_option}"
            raise ConfigurationError(f"Port {port}", reason) from error
        why = os.strerror(error.errno) if error.errno else str(error)
        if isinstance(error, socket.gaierror):  # its numbers are not those of the system
            why = error.strerror or why
        reason = f"cannot be used: {why}; name an address of this machine with {host_option}"
        raise ConfigurationError(f"The address {host}:{port}", reason) from error
