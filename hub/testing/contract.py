"""The pytest plugin that every distribution of the hub brings to a plugin's tests: its markers and options."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Declares the markers that plugin tests may carry."""
    config.addinivalue_line("markers", "row(name): the requirement row that this test proves")
