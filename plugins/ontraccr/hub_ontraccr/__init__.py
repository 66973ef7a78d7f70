"""Ontraccr in the hub: announced only; it posts nothing yet."""

from marshmallow import Schema

from hub import App, hookimpl

APPS = [
    App(
        slug="ontraccr",
        name="Ontraccr",
        summary="Payables of jobs become bills or expenses, as each of them says.",
        posts=("bill", "expense"),
        settings=Schema,
        available=False,
    )
]


@hookimpl
def hub_apps():
    return APPS
