"""A pooler in front of PostgreSQL that gives each transaction whichever session is idle."""

import socket
import threading
from contextlib import suppress
from typing import BinaryIO

from sqlalchemy.engine import make_url

NUMBER_BYTES = 4
SOCKET_NAME = ".s.PGSQL.5432"
# Requests for encryption, in place of the version of the protocol; the pooler declines them.
ENCRYPTION_REQUESTS = {80877103, 80877104}
DECLINED = b"N"
# Kinds of messages of a client: the server answers the first two until it is ready again.
QUERY, SYNC, TERMINATE = b"Q", b"S", b"X"
READY, AUTHENTICATION = b"Z", b"R"  # kinds of messages of the server
IDLE = b"I"  # the state of a session outside of a transaction
PASSWORD_REQUESTS = {3, 5, 10, 11}  # kinds of authentication that the client answers


class Pooler:
    """A pooler on loopback that works as PgBouncer does with a value of its setting pool_mode.

    Each client logs in to a session of its own. With pool_mode=transaction it then returns the
    session, and its next transaction uses the one that was returned last. With `ignores_options`
    it works as with ignore_startup_parameters=options.
    """

    def __init__(
        self, server_url: str, pool_mode: str = "transaction", *, ignores_options: bool = False
    ) -> None:
        self._server = make_url(server_url)
        self._ignores_options = ignores_options
        self._shares_sessions = pool_mode == "transaction"
        self._idle_sessions: list[BinaryIO] = []
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        """Return the address of the database behind the pooler."""
        host, port = self._listener.getsockname()
        url = self._server.set(host=host, port=port).difference_update_query(["host", "port"])
        return url.render_as_string(hide_password=False)

    def close(self) -> None:
        """Close the listener and all sessions."""
        self._listener.close()
        for connection in self._sockets:
            connection.close()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        """Serve a client until it closes the connection."""
        with suppress(OSError), connection, connection.makefile("rwb") as client:
            session = self._connect()
            log_in(client, session, ignores_options=self._ignores_options)
            if self._shares_sessions:
                self._idle_sessions.append(session)
            while self._serve_transaction(client, session):
                pass

    def _serve_transaction(self, client: BinaryIO, own_session: BinaryIO) -> bool:
        """Pass on the messages of one transaction; return False if the client has ended."""
        kind, body = read_message(client)
        session = self._idle_sessions.pop() if self._shares_sessions else own_session
        while kind != TERMINATE:
            send(session, kind + body)
            if kind in (QUERY, SYNC) and pass_answer_on(session, client) == IDLE:
                break
            kind, body = read_message(client)
        if self._shares_sessions:
            self._idle_sessions.append(session)
        return kind != TERMINATE

    def _connect(self) -> BinaryIO:
        """Open a session of the server."""
        query = self._server.query
        folder = str(query.get("host", ""))
        if folder:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(f"{folder}/{SOCKET_NAME}")
        else:
            address = (self._server.host or "localhost", self._server.port or 5432)
            connection = socket.create_connection(address)
        self._sockets.append(connection)
        return connection.makefile("rwb")


def log_in(client: BinaryIO, session: BinaryIO, *, ignores_options: bool) -> None:
    """Pass on what a client and the server say until the session is ready."""
    body = read_body(client)
    while int.from_bytes(body[NUMBER_BYTES : 2 * NUMBER_BYTES]) in ENCRYPTION_REQUESTS:
        send(client, DECLINED)
        body = read_body(client)
    send(session, remove_options(body) if ignores_options else body)
    kind = b""
    while kind != READY:
        kind, body = read_message(session)
        send(client, kind + body)
        request = int.from_bytes(body[NUMBER_BYTES : 2 * NUMBER_BYTES])
        if kind == AUTHENTICATION and request in PASSWORD_REQUESTS:
            answer_kind, answer = read_message(client)
            send(session, answer_kind + answer)


def remove_options(body: bytes) -> bytes:
    """Return the first message of a client without the settings of the server for its session."""
    version, *texts = body[NUMBER_BYTES : 2 * NUMBER_BYTES], *body[2 * NUMBER_BYTES :].split(b"\0")
    parameters = zip(texts[::2], texts[1::2], strict=False)
    kept = b"".join(b"%b\0%b\0" % pair for pair in parameters if pair[0] not in (b"", b"options"))
    content = version + kept + b"\0"
    return (len(content) + NUMBER_BYTES).to_bytes(NUMBER_BYTES) + content


def pass_answer_on(session: BinaryIO, client: BinaryIO) -> bytes:
    """Pass on what the server says until it is ready; return the state of the session then."""
    kind = b""
    while kind != READY:
        kind, body = read_message(session)
        send(client, kind + body)
    return body[NUMBER_BYTES:]


def read_message(stream: BinaryIO) -> tuple[bytes, bytes]:
    """Return the kind of the next message, and its length and content."""
    return read_exactly(stream, 1), read_body(stream)


def read_body(stream: BinaryIO) -> bytes:
    """Return the length and the content of a message."""
    length = read_exactly(stream, NUMBER_BYTES)
    return length + read_exactly(stream, int.from_bytes(length) - NUMBER_BYTES)


def read_exactly(stream: BinaryIO, size: int) -> bytes:
    """Return so many bytes; raise ConnectionError if the other side has ended."""
    data = stream.read(size)
    if len(data) < size:
        raise ConnectionError("The other side has closed the connection.")
    return data


def send(stream: BinaryIO, data: bytes) -> None:
    """Send bytes at once."""
    stream.write(data)
    stream.flush()
