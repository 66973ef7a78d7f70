"""Webhook calls that the source signs with a shared secret."""

import base64
import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from hub import exact_json
from hub.errors import Refused

MAX_AGE = dt.timedelta(minutes=5)


def signed_json(
    headers: Mapping[str, str],
    body: bytes,
    secret: str | None,
    *,
    header: str,
    signed_with: str = "the webhook secret in the settings of the app",
    prefix: str = "",
    timestamp: str = "",
    now: dt.datetime | None = None,
    may_be_list: bool = False,
    encoding: Literal["hex", "base64"] = "hex",
) -> Any:
    """Verify the signature of a webhook call and return its JSON body, which is an object.

    - `header`: the header with the HMAC-SHA256 of the body.
    - `encoding`: how the source writes it: in hexadecimal digits, or in base64.
    - `prefix`: the text before it, if the source writes one ("sha256=").
    - `signed_with`: names the secret in the error message.
    - `timestamp`: the header with the seconds since 1970 at which the call was sent, if the source
      signs them, with a dot, before the body; `now` is then `site.now`. If `header` has them as
      well, as in `t=1772449080,v1=5257a8`, the text before them: `timestamp="t=", prefix="v1="`.
      One of several signatures with the prefix has to be right.
    - `may_be_list`: the source sends several changes in one call; the body may be a list of them.

    Raise Refused if the secret is empty, the signature is wrong, the call was sent more than five
    minutes before or after `now`, or the body is not JSON of this form.
    """
    values = {name.lower(): value for name, value in headers.items()}
    text = values.get(header.lower(), "")
    if timestamp.endswith("="):
        parts = re.split(r"[,;]\s*", text)
        signatures = _list_after(prefix, parts)
        sent_at = next(iter(_list_after(timestamp, parts)), "")
    else:
        signatures = [text.removeprefix(prefix)]
        sent_at = values.get(timestamp.lower(), "")
    signed_bytes = f"{sent_at}.".encode() + body if timestamp else body
    digest = hmac.digest((secret or "").encode(), signed_bytes, hashlib.sha256)
    if not secret or not any(_is_signature(one, digest, encoding) for one in signatures):
        raise Refused("This call is not signed with %(name)s.", name=signed_with)
    if timestamp:
        _check_age(sent_at, now)
    return _parse_body(body, may_be_list=may_be_list)


def _list_after(prefix: str, parts: Sequence[str]) -> list[str]:
    """Return what follows a prefix in the parts that begin with it."""
    return [part.removeprefix(prefix) for part in parts if part.startswith(prefix)]


def _is_signature(text: str, digest: bytes, encoding: Literal["hex", "base64"]) -> bool:
    """Return whether a text is this digest as the source writes it."""
    if encoding == "hex":
        expected_text, text = digest.hex(), text.lower()
    else:
        expected_text = base64.b64encode(digest).decode()
    return hmac.compare_digest(expected_text.encode(), text.encode())


def _parse_body(body: bytes, *, may_be_list: bool) -> Any:
    """Parse the body of a verified call; raise Refused if it is no object (or list of them)."""
    try:
        content = exact_json.parse_call(body)
    except ValueError:
        raise Refused("This call is signed correctly, but its body is not JSON.") from None
    if isinstance(content, dict) or (may_be_list and isinstance(content, list)):
        return content
    raise Refused("This call is signed correctly, but its body is not a JSON object.")


def _check_age(sent_at: str, now: dt.datetime | None) -> None:
    """Raise Refused for a call that was sent too long ago, such as one that somebody repeats."""
    if now is None:
        raise ValueError("signed_json needs now=site.now to check a timestamp.")
    age = abs(now.timestamp() - int(sent_at)) if sent_at.isdecimal() else None
    if age is None or age > MAX_AGE.total_seconds():
        raise Refused(
            "This call is signed correctly, but it was not sent within the last five minutes."
            " Compare the clocks of the hub and the source."
        )
