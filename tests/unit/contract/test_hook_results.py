"""What a hook returns in another type is a defect that names the hook, the value and what to do."""

import re
import sys

import pytest

from hub import Checkpoint, Code, Document, FileContent, Gone, Signal, Tenant
from hub.contract.hook_results import (
    ExitByPlugin,
    iter_yielded,
    require_list,
    require_result,
)

BILL = Document(kind="bill", source_id="1")
LISTED = "Document, Gone, Unreadable or Checkpoint"


def test_a_result_of_the_right_type_is_returned():
    account = Tenant(id="1", name="Shed")
    assert require_result("hub_check", account, Tenant) is account


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "hub_file returned None, not FileContent; is a return missing?"),
        (["1"], "hub_file returned list, not FileContent"),
        ("1" * 99, f"hub_file returned str '{'1' * 59}…, not FileContent"),
    ],
)
def test_a_result_of_another_type_is_named(result, words):
    with pytest.raises(TypeError, match=f"^{re.escape(words)}$"):
        require_result("hub_file", result, FileContent)


@pytest.mark.parametrize("values", [[Code(id="1"), "2"], (Code(id="1"), "2")])
def test_a_list_may_be_any_sequence_or_a_generator(values):
    for result in (values, iter(values), (value for value in values)):
        assert require_list("hub_codes", result, Code, str) == [Code(id="1"), "2"]


def test_no_result_is_an_empty_list():
    assert require_list("hub_webhook", None, Signal) == []


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Signal.collect(), "hub_webhook returned Signal, not a list of Signal; write [Signal(…)]"),
        ("r7", "hub_webhook returned str 'r7', not a list of Signal"),
        ({"id": "r7"}, "hub_webhook returned dict, not a list of Signal"),
        (True, "hub_webhook returned bool True, not a list of Signal"),
        (["r7"], "hub_webhook returned str 'r7' in its list, not Signal"),
    ],
)
def test_a_result_that_is_no_list_of_the_type_is_named(result, words):
    with pytest.raises(TypeError, match=f"^{re.escape(words)}$"):
        require_list("hub_webhook", result, Signal)


@pytest.mark.parametrize("container", [list, tuple, iter])
def test_documents_may_be_returned_or_yielded(container):
    items = [BILL, Gone(source_id="2"), Checkpoint(cursor="3")]
    assert list(iter_yielded(container(items))) == items


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "it returned None; is a return or a yield missing?"),
        (BILL, "it returned a Document, not a list of documents"),
        ({"1": BILL}, "it returned a dict, not a list of documents"),
        ([{"id": "1"}], f"it yielded a dict, not {LISTED}"),
        ([[BILL]], f"it yielded a list, not {LISTED}; several items need `yield from`"),
        (
            [iter([BILL])],
            f"it yielded a list_iterator, not {LISTED}; several items need `yield from`",
        ),
        ([None], f"it yielded a NoneType, not {LISTED}"),
    ],
)
def test_an_item_that_is_no_document_is_named(result, words):
    with pytest.raises(TypeError, match=f"^{re.escape(words)}$"):
        list(iter_yielded(result))


def test_items_before_a_wrong_one_are_yielded():
    items = iter_yielded([BILL, "r7"])
    assert next(items) is BILL
    with pytest.raises(TypeError, match="it yielded a str"):
        next(items)


def leave(*values, code=None):
    """Yield values, then end as a library for the command line does."""
    yield from values
    sys.exit(code)


def test_a_hook_that_ends_the_process_is_a_defect_after_what_was_yielded():
    items = iter_yielded(leave(BILL))
    assert next(items) is BILL
    with pytest.raises(ExitByPlugin, match=r"^it called sys\.exit\(\)$"):
        next(items)
    with pytest.raises(ExitByPlugin, match=r"^it called sys\.exit\('no key'\)$"):
        require_list("hub_codes", leave("7", code="no key"), str)
