"""CostCertified in the hub: announced only; it posts nothing yet."""

from marshmallow import Schema

from hub import App, hookimpl

APPS = [
    App(
        slug="costcertified",
        name="CostCertified",
        summary="Invoices sent to clients and what they paid become invoices and payments.",
        posts=("invoice", "payment"),
        settings=Schema,
        available=False,
    )
]


@hookimpl
def hub_apps():
    return APPS
