"""The size of long tests and the check of figures, for runs of the stand-in's tests alone."""

import os
from collections.abc import Callable

import pytest

FULL = os.environ.get("HUB_PROOF") == "full"
LONG = bool(os.environ.get("PROOF_EVENTS"))


@pytest.fixture
def figure() -> Callable[[str, float, float], None]:
    """Return a function that checks a figure against its goal."""

    def check(name: str, value: float, goal: float) -> None:
        assert value >= goal, f"{name}: {value} is below {goal}"

    return check
