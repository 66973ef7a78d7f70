"""Values of a row that a table of the plugin names."""

import pytest

from hub import Unreadable, look_up, readable

STAGES = {"draft": ("pending", "It is a draft."), "sent": ("ready", None)}


def test_a_value_is_looked_up_in_a_table():
    assert look_up(STAGES, "sent", "status") == ("ready", None)


@pytest.mark.parametrize("value", ["parked", "", None, 7])
def test_a_row_with_a_value_that_the_table_lacks_is_unreadable_with_its_name(value):
    item = readable("r1", look_up, STAGES, value, "status")
    assert isinstance(item, Unreadable)
    assert f"its status {value!r} is none of draft, sent" in item.reason
