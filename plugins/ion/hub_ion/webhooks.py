"""Have ION call the hub after changes: a receiver with its subscriptions."""

from hub import Refused
from hub_ion import queries
from hub_ion.answers import read_secret
from hub_ion.client import Ion


def subscribe(source: Ion, address: str) -> str:
    """Have ION call the address; return the secret that signs its calls."""
    unsubscribe(source, address)
    resources = _find_resources(source)
    receiver = source.ask(queries.ADD_RECEIVER, address=address)["made"]["row"]
    secret = read_secret(receiver)
    for resource in resources:
        for action in queries.WATCHED_ACTIONS:
            event = {"receiverId": receiver["id"], "resource": resource, "action": action}
            source.ask(queries.SUBSCRIBE, event=event)
    return secret


def unsubscribe(source: Ion, address: str) -> None:
    """Stop the calls to the address."""
    for row in source.list_short(queries.RECEIVERS):
        if row["address"] == address:
            source.ask(queries.DELETE_RECEIVER, id=row["id"], etag=row["etag"])


def fold_resource(name: str) -> str:
    """Return the name of a resource without underscores, case and plural, for comparisons."""
    return name.upper().replace("_", "").removesuffix("S")


def _find_resources(source: Ion) -> list[str]:
    """Return the watched resources as ION spells them, without those that it does not offer.

    An ION that does not describe them is taken to have all of them under their usual names.
    """
    enum_type = source.ask(queries.RESOURCES)["kind"] or {}
    names = [value["name"] for value in enum_type.get("enumValues") or ()]
    if not names:
        return list(queries.WATCHED_RESOURCES)
    names_by_key = {fold_resource(name): name for name in names}
    keys = map(fold_resource, queries.WATCHED_RESOURCES)
    resources = [names_by_key[key] for key in keys if key in names_by_key]
    if not resources:
        raise Refused("ION offers no calls after changes of purchase orders and parts.")
    return resources
