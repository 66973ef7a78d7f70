"""Autotask in the hub: announced only; it posts nothing yet."""

from marshmallow import Schema

from hub import App, hookimpl

APPS = [
    App(
        slug="autotask-invoices",
        name="Autotask invoices",
        summary="Approved and posted work becomes invoices to customers.",
        posts=("invoice",),
        settings=Schema,
        available=False,
    ),
    App(
        slug="autotask-expenses",
        name="Autotask expense reports",
        summary="Approved expense reports become bills to the people who paid.",
        posts=("bill",),
        settings=Schema,
        available=False,
    ),
    App(
        slug="autotask-purchase-orders",
        name="Autotask purchase orders",
        summary="Submitted purchase orders become purchase orders.",
        posts=("purchase_order",),
        settings=Schema,
        available=False,
    ),
]


@hookimpl
def hub_apps():
    return APPS
