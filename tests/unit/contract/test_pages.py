"""Lists read page by page: every page once, and never without an end."""

import pytest

from hub import Page, Refused, Retry, read_linked_pages, read_pages
from hub.errors import AddressUnusable, HostNotAllowed

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


@pytest.mark.parametrize("last", [Page([], "3", None), Page([], "4", None), Page([], None, None)])
def test_a_list_that_does_not_say_whether_more_follows_is_read_to_its_end(last):
    pages = {None: Page(["a"], "2", None), "2": Page(["b"], "3", None), "3": last}
    pairs = list(read_pages(pages.__getitem__, None, "Shed"))
    assert [rows for rows, _ in pairs] == [["a"], ["b"], []]


@pytest.mark.parametrize("after", ["here", None])
def test_the_only_page_of_a_list_that_does_not_say_whether_more_follows_is_read_once(after):
    pairs = list(read_pages(lambda cursor: Page(["a"], after, None), "here", "Shed"))
    assert pairs == [(["a"], "here")]


@pytest.mark.parametrize("after", ["here", None])
def test_a_page_that_leads_to_itself_ends_the_reading(after):
    with pytest.raises(Retry, match="Shed sent the same page of its list twice"):
        list(read_pages(lambda cursor: Page(["a"], after, True), "here", "Shed"))


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"error": "Down for maintenance"}, "an answer without “rows” where a page"),
        (None, "an answer that is no page of its list"),
        ([], "an answer that is no page of its list"),
        ("Bad gateway", "an answer that is no page of its list"),
        ({"rows": {"a": 1}}, "an answer that is no page of its list"),
        ({"rows": ["a"], "next": ["2"]}, "an answer that is no page of its list"),
    ],
)
def test_an_answer_that_is_no_page_is_asked_for_again_later(answer, problem):
    def fetch_by_cursor(cursor):
        return Page(answer["rows"], answer.get("next"), False)

    def fetch_by_link(link):
        return answer["rows"], answer.get("next")

    with pytest.raises(Retry, match=f"Shed sent {problem}"):
        list(read_pages(fetch_by_cursor, None, "Shed"))
    with pytest.raises(Retry, match=f"Shed sent {problem}"):
        list(read_linked_pages(fetch_by_link, "", "Shed"))


def test_a_mistake_in_fetch_is_not_taken_for_an_answer():
    with pytest.raises(TypeError, match="takes 0 positional arguments"):
        list(read_pages(lambda: PAGES[None], None, "Shed"))


def test_a_cursor_that_is_a_number_is_kept_as_text():
    fetch = {None: Page(["a"], 7, False)}.__getitem__
    assert list(read_pages(fetch, None, "Shed")) == [(["a"], "7")]


def test_a_refused_cursor_says_how_to_begin_again():
    def fetch(cursor):
        raise Refused("Shed answered 400.")

    with pytest.raises(Refused, match=r"Shed answered 400\. .* press “Read everything again”"):
        list(read_pages(fetch, "wrong", "Shed"))
    with pytest.raises(Refused, match=r"^Shed answered 400\.$"):
        list(read_pages(fetch, None, "Shed"))


@pytest.mark.parametrize(
    "error", [HostNotAllowed("Shed", "shed.test"), AddressUnusable("Another server answers.")]
)
def test_an_address_that_cannot_be_called_is_no_refused_cursor(error):
    def fetch(cursor):
        raise error

    with pytest.raises(AddressUnusable) as caught:
        list(read_pages(fetch, "stored", "Shed"))
    assert caught.value is error
