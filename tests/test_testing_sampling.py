"""Samples are spread over a table, and leave no requirement without a test."""

from types import SimpleNamespace

import pytest

from tests.sampling import left_out, missed


class Item(SimpleNamespace):
    """As pytest collects it, as far as is asked here."""

    __hash__ = object.__hash__

    def iter_markers(self, name):
        return [SimpleNamespace(args=self.rows)]


@pytest.mark.parametrize(("few", "taken"), [(1, [0]), (3, [0, 3, 6]), (10, list(range(10))), (99, list(range(10)))])
def test_what_is_taken_is_spread_over_all(few, taken):
    assert sorted(set(range(10)) - set(left_out(list(range(10)), few))) == taken


def test_the_only_test_of_a_requirement_is_taken_and_only_one():
    first, twin, other, proven = (Item(rows=rows) for rows in (("A",), ("A",), (), ("B",)))
    again = Item(rows=("B",))
    assert list(missed([first, twin, other, proven, again], {first, twin, other, again})) == [first]
