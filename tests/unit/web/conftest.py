"""Fixtures of the tests of the pages: people who are logged in, a source, a record of calls."""

from typing import Any

import pytest

from hub.http import exchange
from tests.support.pages.page_visitor import Visitor
from tests.support.sources.small_source import SmallSource


@pytest.fixture
def viewer(visitor: Visitor) -> Visitor:
    """Log a viewer in."""
    visitor.enter("vera")
    return visitor


@pytest.fixture
def operator(visitor: Visitor) -> Visitor:
    """Log an operator in."""
    visitor.enter("oda")
    return visitor


@pytest.fixture
def source() -> SmallSource:
    """Provide the source of a module that opens its hub with `make_source_pages`."""
    return SmallSource()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record every request to QuickBooks or to a source."""
    sent: list[str] = []
    fetch = exchange.fetch

    def count(adapter: Any, request: Any, **options: Any) -> Any:
        sent.append(f"{request.method} {request.url}")
        return fetch(adapter, request, **options)

    monkeypatch.setattr(exchange, "fetch", count)
    return sent
