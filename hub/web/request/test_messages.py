"""How many test messages a person may send: each goes to an address that is not the hub's."""

from flask import Flask, current_app
from flask_security import current_user

from hub.context import get_hub
from hub.errors import NotNow
from hub.web.request.call_rates import BurstRate, CallRates

RATE = BurstRate(burst=5, per_minute=1)
EXTENSION = "hub.test_message_rates"


def init_app(app: Flask) -> None:
    """Start with no messages."""
    app.extensions[EXTENSION] = CallRates(RATE, get_hub(app).clock.monotonic)


def count() -> None:
    """Count a test message of the person; raise NotNow if it is one too many."""
    rates: CallRates = current_app.extensions[EXTENSION]
    if rates.count_call(current_user.id):
        raise NotNow("These were many test messages. Wait a minute before you send another one.")
