"""A small threaded HTTP/1.1 server for stand-ins: keep-alive, and able to break connections."""

import contextlib
import io
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

from qbo_sandbox.kit.faults import ConnectionFault
from qbo_sandbox.kit.messages import Headers, status_line

MAX_HEAD_BYTES = 64 * 1024
LARGE_BODY_BYTES = 1024 * 1024  # from here on a copy costs more than a packet
# A signal just before `accept`, or one that another thread got, does not end the wait for a caller.
ACCEPT_SECONDS = 0.5


class Server:
    """Serves one WSGI application on the loopback; `port` 0 picks a free port, see `url`."""

    def __init__(self, wsgi: WSGIApplication, port: int = 0, host: str = "127.0.0.1") -> None:
        self.wsgi = wsgi
        self.host = host
        self._listener = self._listen(port)
        self.port: int = self._listener.getsockname()[1]
        place = f"[{host}]" if ":" in host else host
        self.url = f"http://{place}:{self.port}"
        self._open: set[socket.socket] = set()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def _listen(self, port: int) -> socket.socket:
        """Listen on a port, 0 for a free one."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.create_server((self.host, port), family=family, backlog=512)
        listener.settimeout(ACCEPT_SECONDS)
        return listener

    def start(self) -> "Server":
        """Serve in a thread; return the server."""
        self._thread = threading.Thread(target=self.run, name=f"stand-in {self.port}", daemon=True)
        self._thread.start()
        return self

    def run(self) -> None:
        """Accept until stopped; each connection has its own thread."""
        while not self._stopping.is_set():
            try:
                peer, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                if self._stopping.wait(0.02):
                    return
                continue
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.add(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening, and close all connections."""
        self._stopping.set()
        _close_socket(self._listener)
        for peer in list(self._open):
            _close_socket(peer)
        if self._thread:
            self._thread.join(5)

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _serve(self, peer: socket.socket) -> None:
        """Answer the requests of a connection until it ends."""
        connection = _Connection(peer, self)
        try:
            while not self._stopping.is_set() and connection.exchange():
                pass
        except OSError:
            pass
        finally:
            self._open.discard(peer)
            peer.close()

    @contextlib.contextmanager
    def closed_for(self, seconds: float) -> Iterator[None]:
        """Take no new connection for a while after the block begins: the port is really closed."""
        if seconds <= 0:
            yield
            return
        _close_socket(self._listener)
        yield
        time.sleep(seconds)
        if not self._stopping.is_set():
            self._listener = self._listen(self.port)


def _close_socket(sock: socket.socket) -> None:
    """Close a socket, which the other side may have closed already."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


class _Connection:
    """One client's connection: reads requests one after the other and writes the answers."""

    def __init__(self, peer: socket.socket, server: Server) -> None:
        self.peer = peer
        self.server = server
        self.buffer = b""

    def exchange(self) -> bool:
        """Serve one request; return False if the connection is to be closed."""
        head = self._read_head()
        if head is None:
            return False
        environ, headers = self._build_environ(head)
        if headers.get("expect", "").lower() == "100-continue":
            self.peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self._read_body(headers)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        keep = (
            headers.get("connection", "").lower() != "close"
            and environ["SERVER_PROTOCOL"] != "HTTP/1.0"
        )
        try:
            status, answer, content = _call_application(self.server.wsgi, environ)
        except ConnectionFault as fault:
            return self._misbehave(fault, keep)
        except Exception:
            traceback.print_exc()
            status = status_line(500)
            answer = [("Content-Type", "text/plain")]
            content = b"the stand-in failed\n"
        self._send(status, answer, content, environ["REQUEST_METHOD"], keep)
        return keep

    def _read_head(self) -> list[str] | None:
        """Return the lines before the body, or None if the client closed the connection."""
        while b"\r\n\r\n" not in self.buffer:
            more = self.peer.recv(65536)
            if not more or len(self.buffer) > MAX_HEAD_BYTES:
                return None
            self.buffer += more
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head.decode("latin-1").split("\r\n")

    def _build_environ(self, lines: list[str]) -> tuple[WSGIEnvironment, dict[str, str]]:
        """Return the WSGI environment of a request, and its headers."""
        method, target, version = lines[0].split(" ", 2)
        path, _, query = target.partition("?")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines[1:])
        }
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": self.server.host,
            "SERVER_PORT": str(self.server.port),
            "SERVER_PROTOCOL": version,
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "CONTENT_TYPE": headers.get("content-type", ""),
        }
        environ.update(
            (f"HTTP_{name.upper().replace('-', '_')}", value) for name, value in headers.items()
        )
        return environ, headers

    def _read_body(self, headers: dict[str, str]) -> bytes:
        """Return the body of a request."""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(iter(self._read_chunk, b""))
        return self._take(int(headers.get("content-length") or 0))

    def _read_chunk(self) -> bytes:
        """Return the next chunk of a body, empty after the last one."""
        size = int(self._read_line().split(b";")[0], 16)
        chunk = self._take(size)
        self._read_line()
        return chunk

    def _read_line(self) -> bytes:
        """Return the next line."""
        while b"\r\n" not in self.buffer:
            self.buffer += self._receive_more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def _take(self, size: int) -> bytes:
        """Return the next bytes of the request; wait until they are there."""
        parts = [self.buffer]
        byte_count = len(self.buffer)
        while byte_count < size:
            more = self._receive_more()
            parts.append(more)
            byte_count += len(more)
        whole = b"".join(parts)
        self.buffer = whole[size:]
        return whole[:size]

    def _receive_more(self) -> bytes:
        """Return the next bytes of a request; raise ConnectionError at its end."""
        more = self.peer.recv(262144)
        if not more:
            raise ConnectionError("the client went away in the middle of its request")
        return more

    def _send(self, status: str, headers: Headers, content: bytes, method: str, keep: bool) -> None:
        """Send an answer; HEAD gets its headers only."""
        head = _format_response_head(status, headers, len(content), keep)
        body = b"" if method == "HEAD" else content
        if len(body) < LARGE_BODY_BYTES:
            self.peer.sendall(head + body)
        else:
            self.peer.sendall(head)
            self.peer.sendall(body)

    def _misbehave(self, fault: ConnectionFault, keep: bool) -> bool:
        """Answer as a fault says; tell whether the connection stays open."""
        if fault.refused:
            with self.server.closed_for(fault.pause):
                self._reset()
            return False
        time.sleep(fault.pause)
        if fault.status is None:
            if fault.reset:
                self._reset()
            return False
        head = _format_response_head(
            status_line(fault.status), fault.headers, len(fault.body), keep
        )
        if fault.drip:
            return self._drip(head, fault) and keep
        self.peer.sendall(head + fault.body[: fault.cut])
        if fault.cut is None:
            return keep and not fault.hang_up
        self._reset()
        return False

    def _drip(self, head: bytes, fault: ConnectionFault) -> bool:
        """Send an answer byte by byte."""
        self.peer.sendall(head)
        for byte in fault.body:
            time.sleep(fault.drip)
            self.peer.sendall(bytes([byte]))
        return True

    def _reset(self) -> None:
        """Close so that the other side sees a reset, not an orderly end."""
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.peer.close()


def _format_response_head(status: str, headers: Headers, length: int, keep: bool) -> bytes:
    """Return the status line and the headers of an answer."""
    lines = [f"HTTP/1.1 {status}"]
    lines += [
        f"{name}: {value}"
        for name, value in headers
        if name.lower() not in ("content-length", "connection")
    ]
    lines += [
        f"Content-Length: {length}",
        f"Connection: {'keep-alive' if keep else 'close'}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1", "replace")


def _call_application(
    wsgi: WSGIApplication, environ: WSGIEnvironment
) -> tuple[str, Headers, bytes]:
    """Call the application; return the status, headers and body of its answer."""
    response_start: list[Any] = []

    def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
        response_start[:] = [status, headers]

    result = wsgi(environ, start)
    try:
        content = b"".join(result)
    finally:
        close = getattr(result, "close", None)
        if close:
            close()
    return response_start[0], response_start[1], content


def _list_no_facts(url: str) -> Iterable[str]:
    """Return no lines to print at the start."""
    return ()


def serve(
    wsgi: WSGIApplication,
    port: int,
    host: str = "127.0.0.1",
    facts: Callable[[str], Iterable[str]] = _list_no_facts,
    *,
    says_address: bool = True,
) -> None:
    """Run a stand-in until SIGTERM or Ctrl-C.

    Print its address, unless `says_address` is false, then the lines that `facts` returns for it.
    """
    server = Server(wsgi, port, host)
    signal.signal(signal.SIGTERM, lambda *_: server.stop())
    lines = [server.url] if says_address else []
    sys.stdout.writelines(f"{line}\n" for line in (*lines, *facts(server.url)))
    sys.stdout.flush()
    try:
        server.run()
    except KeyboardInterrupt:
        server.stop()
