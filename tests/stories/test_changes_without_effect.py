"""QuickBooks keeps the version of a transaction that a change leaves as it was."""

from hub.posting.actions import put_back
from tests.support.sources.every_kind_source import DAY, fuel_bill


def version_and_total(shop):
    stored = shop.book("Bill", "bill:1")
    return stored["SyncToken"], stored["TotalAmt"]


def test_a_change_after_one_without_effect_is_in_the_books(shop):
    shop.run(fuel_bill())
    shop.run(fuel_bill(due=DAY))  # which QuickBooks had set itself
    assert version_and_total(shop) == ("0", 10)
    shop.run(fuel_bill("20.00", due=DAY))
    assert version_and_total(shop) == ("1", 20)
    before = shop.writes()
    shop.run()
    assert shop.writes() == before


def test_a_change_after_putting_back_what_nobody_had_edited_is_in_the_books(shop):
    shop.run(fuel_bill())
    put_back.put_back(shop.posting("bill:1").id, "0", "kari")
    shop.run()
    shop.run(fuel_bill("20.00"))
    assert version_and_total(shop) == ("1", 20)


def test_a_change_after_two_without_effect_has_a_key_of_its_own(shop):
    shop.run(fuel_bill())
    versions = [fuel_bill(due=DAY), fuel_bill(), fuel_bill("30.00")]
    keys = []
    for version in versions:
        shop.run(version)
        keys.append(shop.posting("bill:1").requestid)
    assert len(set(keys)) == len(versions)
    assert (version_and_total(shop), shop.cases()) == (("1", 30), [])
