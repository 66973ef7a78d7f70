"""The context that the parts of a hub share."""

import dataclasses

import pytest

from hub import context as hub_context


def test_there_is_no_runtime_outside_an_application():
    with pytest.raises(RuntimeError, match="application context"):
        hub_context.current_hub()


def test_the_runtime_of_the_application_at_hand_is_current(app):
    assert hub_context.current_hub() is app.extensions["hub"]


def test_the_context_of_a_hub_cannot_be_changed(app):
    with pytest.raises(dataclasses.FrozenInstanceError):
        hub_context.current_hub().clock = None
