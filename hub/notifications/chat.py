"""Messages to a channel of Slack or Teams, by the address of an incoming webhook.

Anyone who knows the address can write to the channel, so it is stored like a password.
"""

import html
from typing import Any

from urllib3.util import Url

from hub.context import current_hub, hide_secrets, mask_secrets
from hub.errors import HubError, NotNow, Retry
from hub.http import allowlist
from hub.security import hub_settings, named_hosts

CHAT_URL = "chat_url"  # the name of the stored setting
CHANNEL_NAME = "Slack or Teams"
SLACK_HOST = "hooks.slack.com"
MAX_LENGTH = 8000
ADAPTIVE_CARD = "application/vnd.microsoft.card.adaptive"


def address() -> str:
    """Return the address of the webhook; "" if there is none."""
    return hub_settings.read(CHAT_URL)


def is_set() -> bool:
    """Return whether messages go to a channel; those of a demo do not."""
    return bool(address()) and not current_hub().is_demo


def host() -> str:
    """Return the host of the webhook, which is no secret."""
    return parse(address()).host or ""


def parse(url: str) -> Url:
    """Split an address as the call of the webhook does; an unusable one has no host."""
    parts = allowlist.parse(url)
    is_usable = parts.scheme == "https" and not parts.auth
    return parts if is_usable else Url()


def post(text: str) -> None:
    """Write a message to the channel.

    Raise NotNow if no address is stored, and Retry if its host does not accept the message.
    """
    url = address()
    if not url or current_hub().is_demo:
        raise NotNow("No address of Slack or Teams is stored.")
    parts = parse(url)
    hide_secrets((url, parts.path or ""))
    name = parts.host or ""
    try:
        body = _build_body(name, text[:MAX_LENGTH])
        seconds = current_hub().config.deadline_seconds
        client = named_hosts.build_client(CHANNEL_NAME, url, seconds=seconds)
        client.request("POST", url, json=body).check()
    except HubError as error:
        problem = mask_secrets(error.text)
        raise Retry(
            "%(name)s did not accept the message: %(problem)s", name=name, problem=problem
        ) from None


def _build_body(name: str, text: str) -> dict[str, Any]:
    """Return a message as Slack reads it, or as an adaptive card for Teams.

    A text of a source must not mention people nor hide an address behind other words. Slack reads
    both between < and >, and Teams reads [words](address).
    """
    if name == SLACK_HOST:
        return {"text": html.escape(text, quote=False)}
    block = {"type": "TextBlock", "text": text.replace("](", "] ("), "wrap": True}
    card = {"type": "AdaptiveCard", "version": "1.4", "body": [block]}
    return {"type": "message", "attachments": [{"contentType": ADAPTIVE_CARD, "content": card}]}
