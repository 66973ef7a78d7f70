"""ION in the hub: announced only; it posts nothing yet."""

from marshmallow import Schema

from hub import App, hookimpl

APPS = [
    App(
        slug="ion",
        name="ION",
        summary="Purchase orders that were ordered become purchase orders, their parts items.",
        posts=("purchase_order", "item"),
        settings=Schema,
        available=False,
    )
]


@hookimpl
def hub_apps():
    return APPS
