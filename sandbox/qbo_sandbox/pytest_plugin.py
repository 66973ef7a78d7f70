"""The pytest plugin: the fixture `qbo_sandbox`, a stand-in that is served on a free local port."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from qbo_sandbox.served import ServedQuickBooks


@pytest.fixture
def qbo_sandbox() -> "Iterator[ServedQuickBooks]":
    """Serve a new stand-in with one company in the United States; end it with the test."""
    from qbo_sandbox.served import serve_in_background

    with serve_in_background() as sandbox:
        yield sandbox
