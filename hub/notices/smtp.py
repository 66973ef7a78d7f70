"""Hand a message to a mail server."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from hub.context import hide_secrets, mask_secrets
from hub.errors import Retry

SECONDS = 30.0
LOCAL = ("localhost", "127.0.0.1", "::1")


def deliver(mail_url: str, message: EmailMessage) -> None:
    """Hand a message to the server of an address; raise Retry if it does not accept it."""
    server_url = urlsplit(mail_url)
    host = server_url.hostname or ""
    try:
        with _server(server_url.scheme, host, server_url.port) as server:
            if server_url.username:
                _require_encryption(server, host)
                user = unquote(server_url.username)
                password = unquote(server_url.password or "")
                hide_secrets((password,))
                server.login(user, password)
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        problem = mask_secrets(str(error))
        if isinstance(error, smtplib.SMTPAuthenticationError):
            problem = type(error).__name__  # its text may repeat what was typed
        raise Retry(
            "The mail server %(host)s did not accept the message (%(problem)s). Check its"
            " settings under Set up → Mail.",
            host=host,
            problem=problem,
        ) from None


def _server(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    """Connect to the mail server: TLS at once for smtps://, STARTTLS if possible for smtp://.

    A log-in requires TLS.
    """
    if scheme == "smtps":
        return smtplib.SMTP_SSL(
            host, port or 465, timeout=SECONDS, context=ssl.create_default_context()
        )
    server = smtplib.SMTP(host, port or 587, timeout=SECONDS)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
    return server


def _require_encryption(server: smtplib.SMTP, host: str) -> None:
    """Raise Retry if a password could be read on the way.

    The connection must have TLS, or stay on this machine.
    """
    if not isinstance(server.sock, ssl.SSLSocket) and host not in LOCAL:
        raise Retry(
            "The mail server %(host)s speaks no TLS, so the password is not sent. Check the "
            "mail server under Set up → Mail.",
            host=host,
        )
