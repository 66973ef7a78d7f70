"""A loopback server that answers with the exact bytes of a test, at once or slowly."""

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class RawServer:
    """A server that calls `behave(connection)` after each request head and stores the `heads`."""

    def __init__(
        self, behave: Callable[[socket.socket], object], tls: ssl.SSLContext | None = None
    ) -> None:
        self._behave, self._tls = behave, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.heads: list[str] = []
        self.connections = 0
        self.ended = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self.ended.set()
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            line = self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
            with line:
                while head := _head(line):
                    self.heads.append(head)
                    self._behave(line)


def _head(line: socket.socket) -> str:
    data = b""
    while b"\r\n\r\n" not in data:
        part = line.recv(65536)
        if not part:
            return ""
        data += part
    return data.decode("latin-1")


def answer_at_once(
    status: str, body: bytes = b"", *headers: str
) -> Callable[[socket.socket], object]:
    """Return a behavior that answers at once."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return lambda line: line.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def send_slowly(
    first: bytes, ended: Callable[[], threading.Event]
) -> Callable[[socket.socket], object]:
    """Return a behavior that sends `first` at once and then one byte at a time."""

    def behave(line: socket.socket) -> None:
        line.sendall(first)
        while not ended().wait(0.02):
            line.sendall(b"x")

    return behave


def self_signed(folder: Path) -> ssl.SSLContext:
    """Return a TLS context with a self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, now, now + dt.timedelta(days=1)
    )
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    plain = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "cert.pem").write_bytes(pem + key.private_bytes(*plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem")
    return context
