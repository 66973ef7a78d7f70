"""Documents whose numbers were given to one another at the source, once QuickBooks has them."""

from dataclasses import replace

from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.models import Case
from hub.posting.actions import retries
from tests.support.sources.every_kind_source import SUPPLIER, document, line


def bill(number):
    lines = line("1", f"{number}0.00", cost="Advertising")
    return document(
        "bill", f"bill:{number}", lines, total=f"{number}0.00", supplier=SUPPLIER, number=number
    )


def numbers(shop):
    """Return the numbers of the bills in QuickBooks, in the order of the bills."""
    return [one["DocNumber"] for one in shop.ours("Bill")]


def instructions():
    with read_only_session() as session:
        cases = session.scalars(select(Case).where(Case.closed_at.is_(None)))
        return {case.instruction for case in cases}


def test_two_that_exchange_their_numbers_are_posted_as_their_case_says(shop):
    first, other = bill("1"), bill("2")
    shop.run(first, other)
    states = shop.run(replace(first, number="2"), replace(other, number="1"))
    assert (states["bill:1"], states["bill:2"]) == ("held", "held")
    assert shop.cases() == ["New number already used"] * 2
    (instruction,) = instructions()
    assert "If two documents exchange their numbers" in instruction
    assert shop.run(replace(first, number="X-1"))["bill:1"] == "posted"
    retries.retry(shop.posting("bill:2").id, "kari")
    assert shop.run()["bill:2"] == "posted"
    assert shop.run(replace(first, number="2"))["bill:1"] == "posted"
    assert (numbers(shop), shop.cases()) == (["2", "1"], [])
