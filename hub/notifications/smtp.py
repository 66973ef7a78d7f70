"""Hand a message to a mail server."""

import base64
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from hub.context import hide_secrets, mask_secrets
from hub.errors import Refused, Retry

SESSION_SECONDS = 30.0
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
GO_ON_CODE = 334
LOGGED_IN_CODES = (235, 503)  # accepted, and logged in already
FIRST_PERMANENT_CODE = 500  # replies from here on say that a repetition would be refused, too


class AddressRefused(Refused):
    """The mail server takes no message for an address, or not this message."""

    def __init__(self, host: str, address: str, problem: str) -> None:
        self.problem = problem
        super().__init__(
            "The mail server %(host)s refuses a message for %(address)s (%(problem)s). Correct the"
            " address on the page People or in the settings of the app.",
            host=host,
            address=address,
            problem=problem,
        )


class UnreadableAddress(AddressRefused):
    """A text that cannot be written as the address of a message."""

    def __init__(self, address: str) -> None:
        self.problem = "not an e-mail address"
        Refused.__init__(
            self,
            "%(address)s is not an e-mail address. Correct it where it is entered.",
            address=address,
        )


class AddressDeferred(Retry):
    """The mail server takes messages, but none for this address now."""

    def __init__(self, host: str, address: str, problem: str) -> None:
        super().__init__(
            "The mail server %(host)s takes no message for %(address)s now (%(problem)s).",
            host=host,
            address=address,
            problem=problem,
        )


def deliver(mail_url: str, message: EmailMessage) -> None:
    """Hand a message to the server of an address; raise Retry if it does not accept it."""
    server_url = urlsplit(mail_url)
    host = server_url.hostname or ""
    try:
        with _connect(server_url.scheme, host, server_url.port) as server:
            if server_url.username:
                _require_encryption(server, host)
                user = unquote(server_url.username)
                password = unquote(server_url.password or "")
                hide_secrets((password,))
                _log_in(server, user, password)
            _send(server, message, host)
    except (OSError, UnicodeError, smtplib.SMTPException) as error:
        problem = mask_secrets(str(error))
        if isinstance(error, smtplib.SMTPAuthenticationError):
            problem = type(error).__name__  # its text may repeat what was typed
        raise Retry(
            "The mail server %(host)s did not accept the message (%(problem)s). Check its"
            " settings under Set up → Mail.",
            host=host,
            problem=problem,
        ) from None


def _send(server: smtplib.SMTP, message: EmailMessage, host: str) -> None:
    """Send a message to its only recipient.

    Raise AddressRefused or AddressDeferred if the server refuses this recipient or message.
    """
    reply: bytes | str
    address = str(message["To"])
    try:
        server.send_message(message)
        return
    except smtplib.SMTPNotSupportedError as error:
        if address.isascii():
            raise
        raise AddressRefused(host, address, str(error)) from None
    except smtplib.SMTPRecipientsRefused as error:
        code, reply = next(iter(error.recipients.values()))
    except smtplib.SMTPDataError as error:
        code, reply = error.smtp_code, error.smtp_error
    text = reply if isinstance(reply, str) else reply.decode(errors="replace")
    problem = mask_secrets(f"{code} {text}")
    if code < FIRST_PERMANENT_CODE:
        raise AddressDeferred(host, address, problem)
    raise AddressRefused(host, address, problem)


def _connect(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    """Connect to the mail server: TLS at once for smtps://, STARTTLS if possible for smtp://.

    A log-in requires TLS.
    """
    if scheme == "smtps":
        return smtplib.SMTP_SSL(
            host, port or 465, timeout=SESSION_SECONDS, context=ssl.create_default_context()
        )
    server = smtplib.SMTP(host, port or 587, timeout=SESSION_SECONDS)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
    return server


def _log_in(server: smtplib.SMTP, user: str, password: str) -> None:
    """Log in to the mail server.

    The library knows names and passwords in ASCII only. Others are sent in UTF-8, as RFC 4616 says.
    """
    if user.isascii() and password.isascii():
        server.login(user, password)
        return
    server.ehlo_or_helo_if_needed()
    mechanisms = server.esmtp_features.get("auth", "").upper().split()
    if "LOGIN" in mechanisms and "PLAIN" not in mechanisms:
        code, reply = server.docmd("AUTH", f"LOGIN {_encode(user)}")
        if code == GO_ON_CODE:
            code, reply = server.docmd(_encode(password))
    else:
        content = _encode(f"\0{user}\0{password}")
        code, reply = server.docmd("AUTH", f"PLAIN {content}")
    if code not in LOGGED_IN_CODES:
        raise smtplib.SMTPAuthenticationError(code, reply)


def _encode(text: str) -> str:
    """Return a text of a log-in as the mail server reads it."""
    return base64.b64encode(text.encode()).decode()


def _require_encryption(server: smtplib.SMTP, host: str) -> None:
    """Raise Retry if a password could be read on the way.

    The connection must have TLS, or stay on this machine.
    """
    if not isinstance(server.sock, ssl.SSLSocket) and host not in LOCAL_HOSTS:
        raise Retry(
            "The mail server %(host)s speaks no TLS, so the password is not sent. Check the "
            "mail server under Set up → Mail.",
            host=host,
        )
