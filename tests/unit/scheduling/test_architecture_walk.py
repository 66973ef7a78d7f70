"""The walk of the architecture page: a bill passes the functions of its table in their order."""

import importlib
import re
import sys
import threading
from operator import attrgetter
from pathlib import Path

import pytest

from tests.support.sources.every_kind_source import SUPPLIER, ShopSite, document, line

PAGE = Path(__file__).parents[3] / "docs" / "architecture.md"
ROW = re.compile(r"^\| `([A-Za-z_.]+)` \| `(hub\.[a-z_.]+)` \|", re.MULTILINE)


def read_walk():
    """Return the functions of the table, as (function, module)."""
    return ROW.findall(PAGE.read_text())


def bill(number):
    lines = line("1", "60.00", cost="Bank Charges")
    id, of = f"bill:{number}", {"number": f"B-{number}", "supplier": SUPPLIER}
    return document("bill", id, lines, total="60.00", **of)


@pytest.fixture
def called(request):
    """Return the functions of the table in the order in which they are first called."""
    names = {}
    for function, module in read_walk():
        code = attrgetter(function)(importlib.import_module(module)).__code__
        names[code] = (function, module)
    first_calls = {}

    def note(frame, event, argument):
        if event == "call" and frame.f_code in names:
            first_calls.setdefault(names[frame.f_code])

    earlier = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    yield first_calls
    sys.setprofile(earlier)
    threading.setprofile(None)


@pytest.fixture
def shop(app, quickbooks, clock):
    """Open a shop whose supplier is in the books, because of a first bill."""
    shop = ShopSite(app, quickbooks, clock)
    assert shop.run(bill(1))["bill:1"] == "posted"
    return shop


def test_a_bill_passes_the_functions_of_the_walk_in_their_order(shop, called):
    assert shop.run(bill(2))["bill:2"] == "posted"
    walk = read_walk()
    assert len(walk) > 20
    assert list(called) == walk
