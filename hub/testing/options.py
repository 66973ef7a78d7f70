"""The pytest plugin that comes with the hub: its markers and its option, for the hub's own tests and every plugin's."""

import pytest

from hub.testing import golden


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the flag that writes golden files."""
    parser.addoption("--rewrite-golden", action="store_true", help="write golden files anew instead of comparing")


def pytest_configure(config: pytest.Config) -> None:
    """Declares the markers that tests may carry."""
    config.addinivalue_line("markers", "row(*names): the requirement rows that this test proves")
    golden.REWRITE = bool(config.getoption("--rewrite-golden"))
