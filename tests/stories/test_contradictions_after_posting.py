"""A posted document contradicts itself later: what would be sent is the same, but it is wrong."""

import pytest

from hub.posting.actions import manual
from tests.support.sources.every_kind_source import DAY, SUPPLIER, document, line


def bill(total="10.00", **more):
    row = line("1", "10.00", cost="Fuel")
    return document("bill", "bill:1", row, total=total, supplier=SUPPLIER, number="B-1", **more)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (bill(total="12.00"), "12.00"),
        (bill(currency="EUR"), "Nothing in EUR can be posted"),
    ],
)
def test_a_total_or_currency_that_changes_alone_is_in_the_inbox(shop, changed, reason):
    shop.run(bill())
    writes = shop.writes()
    for _ in range(2):
        assert shop.run(changed)["bill:1"] == "held"
        (text,) = shop.reasons()
        assert (reason in text, len(shop.cases())) == (True, 1)
    assert shop.run(bill())["bill:1"] == "withdrawn"
    assert (shop.cases(), shop.writes()) == ([], writes)


def test_a_skipped_contradiction_stays_skipped(shop):
    shop.run(bill())
    shop.run(bill(total="12.00"))
    manual.skip(shop.posting("bill:1").id, "It stays", "kari")
    for total in ("12.00", "10.00"):
        assert shop.run(bill(total=total))["bill:1"] == "skipped"
        assert shop.cases() == []


def test_a_contradiction_after_a_change_without_effect_is_in_the_inbox(shop):
    shop.run(bill())
    shop.run(bill(due=DAY))  # which QuickBooks had set itself
    assert shop.book("Bill", "bill:1")["SyncToken"] == "0"
    for _ in range(2):
        assert shop.run(bill(total="12.00", due=DAY))["bill:1"] == "held"
        assert len(shop.cases()) == 1
        assert (shop.run(bill(due=DAY))["bill:1"], shop.cases()) == ("withdrawn", [])
