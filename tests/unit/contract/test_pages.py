"""Lists read page by page: every page once, and never without an end."""

import pytest

from hub import Page, Retry, read_pages

PAGES = {
    None: Page(["a", "b"], "2", True),
    "2": Page(["c"], "3", True),
    "3": Page([], None, False),
}


def test_every_page_comes_with_the_cursor_after_it():
    assert list(read_pages(PAGES.__getitem__, None, "Shed")) == [
        (["a", "b"], "2"),
        (["c"], "3"),
        ([], "3"),
    ]


def test_reading_continues_at_a_cursor():
    assert list(read_pages(PAGES.__getitem__, "2", "Shed")) == [(["c"], "3"), ([], "3")]


@pytest.mark.parametrize("after", ["here", None])
def test_a_page_that_leads_to_itself_ends_the_reading(after):
    with pytest.raises(Retry, match="Shed sent the same page of its list twice"):
        list(read_pages(lambda cursor: Page(["a"], after, True), "here", "Shed"))
