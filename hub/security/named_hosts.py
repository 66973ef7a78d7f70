"""Calls of the hub itself to a host that its operator or an owner has named."""

from hub.context import current_hub, find_stand_in, hide_secrets
from hub.http.client import MAX_RESPONSE_BYTES, AppHttp, HubFunctions
from hub.security import audit


def build_client(
    name: str, host: str, *, seconds: float, max_bytes: int = MAX_RESPONSE_BYTES
) -> AppHttp:
    """Return a client that may call one host only, at a public address.

    `name` is what errors call the other side, and `host` a host or an address at it.
    """
    context = current_hub()
    return AppHttp(
        name,
        (host,),
        {},
        clock=context.clock,
        seconds=seconds,
        allowed_hosts=context.config.allow_hosts,
        max_bytes=max_bytes,
        hub=HubFunctions(
            find_stand_in=find_stand_in,
            on_refused=audit.record_refused_host,
            on_secrets=hide_secrets,
        ),
    )
