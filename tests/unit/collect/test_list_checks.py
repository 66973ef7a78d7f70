"""Lists that no source should send: without an end, or with two documents that have one id."""

import shutil
from dataclasses import replace

import pytest

from hub import Checkpoint, Code, Gone, Retry
from hub.collect import list_checks
from hub.collect import run as collect_run
from hub.contract.registry import Plugins
from tests.support.sources.small_source import (
    SmallSource,
    bill,
    document,
    install_small_source,
    make_page,
    postings,
)


@pytest.fixture
def hub(make_app, make_config, empty_database):
    """Enable the small source in automatic mode; return a function that collects a list."""
    source = SmallSource()
    config = make_config()
    shutil.copy(empty_database, config.data / "hub.db")
    with make_app(config, plugins=Plugins.load([source], installed=False)).app_context():
        id = install_small_source()

        def collect(*items):
            source.items = list(items)
            return dict(collect_run.collect(id).counts)

        collect.source = source
        yield collect


# -- without an end --------------------------------------------------------------------------------

REPEATED = [
    pytest.param([Checkpoint(cursor="A")], id="a cursor that never changes"),
    pytest.param([Checkpoint(cursor="A"), Checkpoint(cursor="B")], id="two cursors in turn"),
    pytest.param([bill("1"), Checkpoint(cursor="A")], id="one page again and again"),
    pytest.param([Gone(source_id="invoice:9", inferred=True)], id="one deletion again and again"),
]


@pytest.mark.parametrize("repeated", REPEATED)
def test_a_list_without_an_end_is_stopped_with_a_reason(hub, monkeypatch, repeated):
    monkeypatch.setattr(list_checks, "MAX_REPETITIONS", 20)
    with pytest.raises(
        Retry, match=r"^Small's list does not end: after 1 documents .* nothing new"
    ):
        hub(bill("1"), *repeated * 100)
    assert [posting.number for posting in postings()] == ["F-1"]


def test_a_list_may_repeat_all_of_its_documents_a_few_times(hub, monkeypatch):
    monkeypatch.setattr(list_checks, "MAX_REPETITIONS", 20)
    documents = [bill(str(number)) for number in range(30)]
    assert hub(*documents, *documents, *documents)["documents"] == 90


# -- two documents with one id ---------------------------------------------------------------------


@pytest.mark.parametrize("between", [[], [Checkpoint(cursor="A")]])
@pytest.mark.parametrize(
    ("other", "name"),
    [
        (bill("1", number="P-7", kind="bill_payment", lines=None), "bill payment P-7"),
        (bill("1", number="F-7", total="7"), "bill F-7"),
    ],
)
def test_two_documents_with_one_id_stop_the_reading_with_a_reason(hub, between, other, name):
    expected = rf"^Small has two documents with the id invoice:1: bill F-1 and {name}\. "
    for _ in range(2):
        with pytest.raises(Retry, match=expected):
            hub(*make_page(bill("0"), cursor="0"), bill("1"), *between, other)
    assert document("invoice:0").number == "F-0"


def test_a_document_that_changed_while_the_list_was_read_is_one_document(hub):
    first = bill("1", version="1")
    hub(
        first,
        bill("1", number="F-1b", version="2"),
        bill("1", number="F-1b", total="8", version="2"),
    )
    (posting,) = postings()
    assert posting.total == 8


def test_a_bill_that_becomes_a_credit_is_one_document(hub):
    hub(bill("1", version="1"), bill("1", kind="vendor_credit", version="2"))
    assert [posting.kind for posting in postings(state="ready")] == ["vendor_credit"]


def test_a_document_may_get_another_number_with_the_next_reading(hub):
    hub(bill("1"))
    hub(bill("1", number="F-2"))
    assert document("invoice:1").number == "F-2"


# -- rows without an id ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source_id", ["None", "invoice:None", "payment:7-None", "refund:7/None", "a_None", "a|None"]
)
def test_rows_without_an_id_are_one_unreadable_document_and_stop_no_other(hub, source_id):
    nameless = [replace(bill(id), source_id=source_id) for id in ("1", "2")]
    for _ in range(2):
        hub(*nameless, bill("3"))
    assert [posting.number for posting in postings(state="ready")] == ["F-3"]
    assert document(source_id).unreadable.startswith(
        f"The source sent a row without an id, which the plugin calls “{source_id}”."
    )
    assert hub.source.requested_ids == []


def test_an_id_may_contain_the_word_none(hub):
    for source_id in ("NoneSuch", "invoice:None-7", "order:xNone", "invoice:none"):
        hub(replace(bill("1", number=source_id), source_id=source_id))
        assert document(source_id).unreadable == ""


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (Code(id="client:None", name="Acme"), "Acme"),
        (Code(id="None", number="41"), "41"),
        (Code(id="client:None"), "client:None"),
    ],
)
def test_a_document_is_not_posted_to_whatever_a_code_without_an_id_was_matched_with(
    hub, code, name
):
    hub(bill("1", codes={"supplier": code}), bill("2"))
    assert [posting.number for posting in postings(state="ready")] == ["F-2"]
    sentence = f"The source sent no id for its supplier “{name}”."
    assert document("invoice:1").unreadable.startswith(sentence)


def test_something_may_be_called_none_at_the_source(hub):
    hub(bill("1", codes={"supplier": "31", "class": Code(id="department:None", name="None")}))
    assert [posting.number for posting in postings(state="ready")] == ["F-1"]
