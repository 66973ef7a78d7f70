"""Describe HTTP exchanges that failed without a whole response, for the inbox and pages.

The messages of the libraries name their own classes, connection pools and error numbers, which say
nothing to the person who reads them.
"""

import http.client
import socket
import ssl
from collections.abc import Iterator, Sequence

import requests
import urllib3.exceptions as urllib3_errors

from hub.errors import Sentence

# The first entry that one of the exceptions belongs to counts. In urllib3, a new connection that
# fails is also a ConnectTimeoutError.
ERROR_DESCRIPTIONS: tuple[tuple[tuple[type[BaseException], ...], Sentence], ...] = (
    (
        (urllib3_errors.NameResolutionError, socket.gaierror),
        Sentence("the address of its host was not found"),
    ),
    ((ConnectionRefusedError,), Sentence("it refused the connection")),
    (
        (urllib3_errors.NewConnectionError,),
        Sentence("no connection could be opened"),
    ),
    (
        (urllib3_errors.ConnectTimeoutError, requests.ConnectTimeout),
        Sentence("no connection was opened in time"),
    ),
    (
        (urllib3_errors.ReadTimeoutError, requests.ReadTimeout, TimeoutError),
        Sentence("no answer came in time"),
    ),
    (
        (http.client.RemoteDisconnected,),
        Sentence("the connection was closed before an answer came"),
    ),
    (
        (urllib3_errors.IncompleteRead, http.client.IncompleteRead),
        Sentence("the answer broke off"),
    ),
    (
        (ConnectionResetError, ConnectionAbortedError, BrokenPipeError),
        Sentence("the connection was cut"),
    ),
    (
        (urllib3_errors.SSLError, requests.exceptions.SSLError, ssl.SSLError),
        Sentence("no encrypted connection could be opened"),
    ),
    (
        (urllib3_errors.DecodeError, requests.exceptions.ContentDecodingError),
        Sentence("the answer could not be decompressed"),
    ),
)


def describe(error: BaseException) -> str:
    """Describe an error in a few words; return the library's own text for an unusual one."""
    causes = list(_iter_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = cause.verify_message or cause.reason
            return Sentence("its certificate is not valid: %(reason)s", reason=reason)
    for types, description in ERROR_DESCRIPTIONS:
        if _has_any(causes, types):
            return description
    return str(causes[-1]) or type(error).__name__


def _has_any(causes: Sequence[BaseException], types: tuple[type[BaseException], ...]) -> bool:
    return any(isinstance(cause, types) for cause in causes)


def _iter_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, and those that it wraps as `reason`, as argument or as cause."""
    yield error
    causes = [getattr(error, "reason", None), *error.args, error.__cause__]
    for cause in causes:
        if isinstance(cause, BaseException) and cause is not error:
            yield from _iter_causes(cause)
