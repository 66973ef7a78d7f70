"""Webhook calls that the source signs with a shared secret."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from hub import exact_json
from hub.errors import Refused


def signed_json(
    headers: Mapping[str, str],
    body: bytes,
    secret: str | None,
    *,
    header: str,
    signed_with: str = "the webhook secret in the settings of the app",
    prefix: str = "",
) -> Any:
    """Verify the signature of a webhook call and return its JSON body.

    The signature in `header` is the HMAC-SHA256 of the body as hex digits, with `prefix` before it
    if the source writes one ("sha256="). `signed_with` names the secret in the error message.
    Raise Refused if the secret is empty, the signature is wrong, or the body is not JSON.
    """
    values = {name.lower(): value for name, value in headers.items()}
    signature = values.get(header.lower(), "").removeprefix(prefix).lower()
    expected = hmac.new((secret or "").encode(), body, hashlib.sha256).hexdigest()
    if not secret or not hmac.compare_digest(expected.encode(), signature.encode()):
        raise Refused("This call is not signed with %(name)s.", name=signed_with)
    try:
        return exact_json.parse_call(body)
    except ValueError:
        raise Refused("This call is signed correctly, but its body is not JSON.") from None
