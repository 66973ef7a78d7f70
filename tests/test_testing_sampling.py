"""Samples are spread over a table, and leave no requirement without a test."""

from types import SimpleNamespace

import pytest

from hub.testing.contract import Contract
from tests.sampling import left_out, missed, tables


class Item(SimpleNamespace):
    """As pytest collects it, as far as is asked here."""

    __hash__ = object.__hash__

    def iter_markers(self, name):
        return [SimpleNamespace(args=self.rows)]

    def iter_markers_with_node(self, name):
        return [
            (SimpleNamespace(nodeid="table[1]"), SimpleNamespace(args=few)) for few in self.marks
        ]


def collected(parent, fixtures=(), cls=None, marks=()):
    return Item(parent=SimpleNamespace(nodeid=parent), fixturenames=fixtures, cls=cls, marks=marks)


@pytest.mark.parametrize(
    ("few", "taken"), [(1, [0]), (3, [0, 3, 6]), (10, list(range(10))), (99, list(range(10)))]
)
def test_what_is_taken_is_spread_over_all(few, taken):
    assert sorted(set(range(10)) - set(left_out(list(range(10)), few))) == taken


def test_like_tables_begin_at_different_places_and_hold_as_many():
    taken = [set(range(24)) - set(left_out(list(range(24)), 8, shift)) for shift in range(6)]
    assert {len(one) for one in taken} == {8}
    assert set.union(*taken) == set(range(24))


def test_what_says_so_what_opens_a_hub_and_the_contract_are_sampled():
    plain, marked = collected("a"), collected("a", ["make_app"], marks=[(5,)])
    hubs = [collected("a", ["make_app", "clock"]) for _ in range(20)]
    duties = [collected("b::Test", cls=Contract) for _ in range(4)]
    found = list(tables([plain, marked, *hubs, *duties]))
    assert found == [("table", 5, [marked]), ("a", 5, hubs), ("b::Test", 3, duties)]


def test_the_only_test_of_a_requirement_is_taken_and_only_one():
    first, twin, other, proven = (Item(rows=rows) for rows in (("A",), ("A",), (), ("B",)))
    again = Item(rows=("B",))
    assert list(missed([first, twin, other, proven, again], {first, twin, other, again})) == [first]
