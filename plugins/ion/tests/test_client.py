"""Calls to ION, and the errors of those that fail."""

import io
import json
import re
from contextlib import contextmanager

import pytest
from graphql import build_schema
from hub_ion import client, hub_check, hub_report, hub_subscribe
from hub_ion.sandbox import graph

from hub import NeedsAttention, Receipt, Refused, Retry, Unreadable
from hub.testing.clock import START
from hub.testing.fakes.answers import change_answers


def check(bench):
    return hub_check(app="ion", site=bench.site)


def report_posted(bench, words="a part"):
    document = bench.case(words)
    receipt = Receipt(
        state="posted", at=START, kind="purchase_order", id="145", number=document.number
    )
    hub_report(app="ion", site=bench.site, document=document, receipt=receipt)


@pytest.mark.row("ION-1", "ION-2")
def test_the_organization_is_named_in_each_environment(bench, open_bench):
    assert (check(bench).id, check(bench).name) == ("4711", "orbital-works.example")
    assert check(open_bench(environment="sandbox")).id == "4712"


@pytest.mark.row("ION-3")
@pytest.mark.parametrize("id", [None, ""])
def test_an_organization_without_an_id_is_not_taken_for_another_one(bench, id):
    def change(answer):
        answer["data"]["me"]["organization"]["id"] = id

    with (
        change_answers(bench, lambda path, query: b"query Me" in query, change),
        pytest.raises(LookupError, match="id"),
    ):
        check(bench)


@pytest.mark.row("ION-2")
def test_the_refusal_of_a_key_names_the_other_environments(bench, open_bench):
    staging = open_bench(environment="sandbox").site
    bench.set(
        client_id=staging.settings["client_id"], client_secret=staging.secrets["client_secret"]
    )
    with pytest.raises(NeedsAttention, match="belongs to the one environment that it was made in"):
        check(bench)


def test_every_environment_has_its_own_addresses():
    places = [(api, token) for _, api, token in client.ENVIRONMENTS.values() if api]
    assert len({*places}) == len(places) == 6
    assert all(address.startswith("https://") for place in places for address in place)


@pytest.mark.row("ION-39")
def test_a_token_that_ran_out_is_renewed_in_the_middle(bench):
    bench.read()
    bench.stand_in.clock.advance(400)
    assert bench.read()
    assert bench.count_calls("token") == 2


@pytest.mark.row("ION-39")
@pytest.mark.parametrize(
    "message",
    [
        "Token is expired.",
        "Signature has expired",
        "The access token is invalid.",
        "Unauthenticated",
    ],
)
def test_a_token_that_graphql_rejects_is_renewed_once(bench, message):
    bench.read()
    bench.fault("errors", call="Orders", message=message)
    assert bench.read()
    assert (bench.count_calls("token"), bench.count_calls("Orders")) == (2, 3)


@pytest.mark.row("ION-39")
def test_a_new_token_that_graphql_rejects_is_a_matter_of_the_keys(bench):
    bench.read()
    bench.fault("errors", call="Orders", message="Token is expired.", count=0)
    with pytest.raises(NeedsAttention, match="does not accept its own tokens"):
        bench.read()
    assert bench.count_calls("token") == 2


def test_the_token_of_former_keys_is_not_used(bench):
    bench.read()
    bench.set(client_secret="another")
    with pytest.raises(NeedsAttention):
        bench.read()


@pytest.mark.row("ION-39")
@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 502}, {"kind": "errors"}, {"kind": "truncate"}]
)
def test_a_call_that_ion_cannot_answer_now_is_repeated(bench, fault):
    bench.fault(call="Orders", **fault)
    with pytest.raises(Retry):
        bench.read()
    assert bench.read()


@pytest.mark.row("ION-39")
def test_a_limit_is_kept_to_for_as_long_as_ion_says(bench):
    bench.stand_in._api.limit.page("POST", {"requests": 3})
    with pytest.raises(Retry) as busy:
        bench.read()
    assert busy.value.after == 1
    bench.stand_in.clock.advance(1)
    assert bench.read(ids=["order:1001"])


@pytest.mark.row("ION-39")
def test_a_limit_that_says_no_time_is_waited_for_too(bench):
    bench.fault("throttled", call="Orders")
    with pytest.raises(Retry, match="asks ION to slow down") as busy:
        bench.read()
    assert busy.value.after is None
    assert bench.read()


@pytest.mark.row("ION-39")
def test_errors_of_ion_are_logged_with_their_trace_id(bench, caplog):
    bench.fault("errors", call="Orders", message="The database is being moved.")
    with pytest.raises(Retry):
        bench.read()
    assert re.search(r"ION, trace [0-9a-f]{32}: The database is being moved\.", caplog.text)


@pytest.mark.row("ION-39")
def test_a_row_that_ion_cannot_return_completely_stops_no_other(bench):
    bench.fault("partial", call="Orders", id=1003, count=0)
    read = {item.source_id: item for item in bench.read() if hasattr(item, "source_id")}
    assert "Attribute service did not answer" in read["order:1003"].reason
    assert [id for id, item in read.items() if isinstance(item, Unreadable)] == ["order:1003"]


@pytest.mark.row("ION-39")
def test_a_line_that_ion_cannot_return_stops_no_other_order(bench):
    line = bench.books.of_order("lines", bench.books.row("orders", 1003))[0]
    bench.fault("lost_line", call="Orders", id=line["id"], count=0)
    read = {item.source_id: item for item in bench.read() if hasattr(item, "source_id")}
    assert "Line service did not answer" in read["order:1003"].reason
    assert [id for id, item in read.items() if isinstance(item, Unreadable)] == ["order:1003"]


@pytest.mark.row("ION-39")
def test_a_part_without_a_number_stops_no_other_part(bench):
    count = len(bench.read())
    part = bench.books.rows("parts")[0]
    bench.books.put("parts", id=part["id"], partNumber=None)
    items = bench.read()
    unreadable = {item.source_id for item in items if isinstance(item, Unreadable)}
    assert (len(items), f"part:{part['id']}" in unreadable) == (count, True)
    assert all(id == f"part:{part['id']}" or id.startswith("order:") for id in unreadable)


@pytest.mark.row("ION-39")
def test_a_right_that_the_key_lacks_is_named(bench):
    bench.fault(
        "errors", call="Orders", message="You do not have permission to read purchase orders."
    )
    with pytest.raises(NeedsAttention, match="make a new one with a user who has the right"):
        bench.read()


@pytest.mark.row("ION-38")
def test_nothing_is_written_back_unless_that_is_wanted(bench):
    report_posted(bench)
    assert bench.raw("a part").get("externalReference") is None


@pytest.mark.row("ION-38")
@pytest.mark.parametrize("kind", ["stale", "conflict"])
def test_a_write_that_meets_another_is_done_again(open_bench, kind):
    bench = open_bench(write_back="attribute")
    bench.fault(kind, call="SetAttribute")
    report_posted(bench)
    assert bench.raw("a part")["attributes"]["QuickBooks PO"] == "1001"
    report_posted(bench)
    assert bench.count_calls("SetAttribute") == 2


@pytest.mark.row("ION-38")
def test_an_attribute_that_has_another_value_is_changed_with_its_own_etag(open_bench):
    bench = open_bench(write_back="attribute")
    order = bench.raw("a part")
    attributes = {**order["attributes"], "QuickBooks PO": "999"}
    bench.books.put("orders", id=order["id"], attributes=attributes)
    report_posted(bench)
    assert bench.raw("a part")["attributes"]["QuickBooks PO"] == "1001"


@pytest.mark.row("ION-38")
def test_a_write_that_always_meets_another_waits(open_bench):
    bench = open_bench(write_back="reference")
    bench.fault("stale", call="SetReference", count=0)
    with pytest.raises(Retry, match="changed in ION while the hub wrote to it"):
        report_posted(bench)


@contextmanager
def _answer_with(bench, call, status, body):
    """Answer calls of this name in place of the stand-in; yield the list of their contents."""

    def server(environ, start):
        content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(content)
        if not re.search(rf" {call}( {{|\()".encode(), content):
            return stand_in(environ, start)
        calls.append(json.loads(content))
        if isinstance(body, str):
            start(status, [("Content-Type", "text/html")])
            return [body.encode()]
        start(status, [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    calls = []
    with bench.replaced_by(server) as stand_in:
        yield calls


@pytest.fixture
def respell(monkeypatch):
    """Return a function that replaces a part of the stand-in's schema."""

    def respell(pattern, text):
        def build_respelled(schema):
            return build_schema(re.sub(pattern, text, schema))

        monkeypatch.setattr(graph, "build_schema", build_respelled)
        graph.schema.cache_clear()

    yield respell
    graph.schema.cache_clear()


def _errors(message):
    return {"errors": [{"message": message}]}


@pytest.mark.row("ION-38")
def test_a_stale_etag_in_an_answer_without_data_is_a_conflict(open_bench):
    bench = open_bench(write_back="reference")
    answer = _errors("The etag does not match.")
    with (
        _answer_with(bench, "SetReference", "200 OK", answer),
        pytest.raises(Retry, match="changed in ION while the hub wrote to it"),
    ):
        report_posted(bench)


@pytest.mark.row("ION-38")
@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden"])
def test_a_right_to_write_that_lacks_refuses_the_receipt_alone(open_bench, status):
    bench = open_bench(write_back="reference")
    answer = _errors("You do not have permission to update purchase orders.")
    with (
        _answer_with(bench, "SetReference", status, answer),
        pytest.raises(Refused, match="make a new one with a user who has the right"),
    ):
        report_posted(bench)


@pytest.mark.row("ION-39")
@pytest.mark.parametrize("status", ["200 OK", "422 Unprocessable Entity"])
def test_a_rule_of_ion_that_blocks_a_write_refuses_the_receipt_alone(open_bench, status):
    bench = open_bench(write_back="reference")
    answer = _errors("Blocked by the rule Frozen orders.")
    with (
        _answer_with(bench, "SetReference", status, answer),
        pytest.raises(Refused, match="Frozen orders"),
    ):
        report_posted(bench)


@pytest.mark.row("ION-38")
@pytest.mark.parametrize(
    ("location", "call"), [("reference", "SetReference"), ("attribute", "SetAttribute")]
)
@pytest.mark.parametrize("data", [None, {}, {"update": None}, {"update": {"purchaseOrder": None}}])
def test_a_write_that_is_answered_without_a_row_is_repeated(open_bench, location, call, data):
    bench = open_bench(write_back=location)
    with (
        _answer_with(bench, call, "200 OK", {"data": data}),
        pytest.raises(Retry, match="without saying that it did what it was asked"),
    ):
        report_posted(bench)
    report_posted(bench)
    written = bench.raw("a part")
    texts = (written.get("externalReference"), written["attributes"].get("QuickBooks PO"))
    assert "1001" in texts


@pytest.mark.row("ION-39")
def test_a_row_that_ion_returns_without_data_is_asked_for_again(open_bench):
    bench = open_bench(write_back="reference")
    with (
        _answer_with(bench, "Reference", "200 OK", {"data": None}),
        pytest.raises(Retry, match="without saying that it did what it was asked"),
    ):
        report_posted(bench)


@pytest.mark.row("ION-38", "ION-39")
def test_a_write_that_a_rule_allows_with_an_error_is_not_refused(open_bench):
    bench = open_bench(write_back="reference")
    answer = {
        "data": {"updatePurchaseOrder": {"purchaseOrder": {"id": bench.raw("a part")["id"]}}},
        "errors": [{"message": "The rule Notify the buyer failed."}],
    }
    with _answer_with(bench, "SetReference", "200 OK", answer) as calls:
        report_posted(bench)
    assert len(calls) == 1


@pytest.mark.row("ION-38")
def test_a_page_of_a_firewall_is_no_refusal_of_ion(open_bench):
    bench = open_bench(write_back="reference")
    with (
        _answer_with(bench, "SetReference", "403 Forbidden", "<html>Blocked</html>"),
        pytest.raises(NeedsAttention, match="is not allowed to the account of ION"),
    ):
        report_posted(bench)


@pytest.mark.row("ION-39")
def test_an_error_without_data_that_is_no_matter_of_the_schema_is_waited_for(bench):
    answer = _errors("The database is being moved.")
    with (
        _answer_with(bench, "Orders", "200 OK", answer),
        pytest.raises(Retry, match="being moved"),
    ):
        bench.read()
    assert bench.read()


@pytest.mark.row("ION-35")
def test_receivers_may_be_listed_as_a_whole(bench):
    refusal = _errors("Cannot query field 'edges' on type 'WebhookReceiver'.")
    row = {"id": 5, "etag": "e", "address": "https://other.example/w"}
    with (
        _answer_with(bench, "ReceiversPages", "200 OK", refusal),
        _answer_with(bench, "Receivers", "200 OK", {"data": {"rows": [row]}}),
    ):
        hub_subscribe(app="ion", site=bench.site, on=True)
    (receiver,) = bench.books.rows("receivers")
    assert bench.secrets["webhook_secret"] == receiver["sharedSecret"]


@pytest.mark.row("ION-35")
@pytest.mark.parametrize("fee", ["PURCHASE_ORDER_FEE", "QUALITY_CLAUSE"])
def test_resources_are_named_as_ion_spells_them(bench, respell, fee):
    respell("{ PURCHASEORDERS .* }", f"{{ RUN PURCHASE_ORDER PURCHASE_ORDER_LINE {fee} PART }}")
    hub_subscribe(app="ion", site=bench.site, on=True)
    resources = {row["resource"] for row in bench.books.rows("subscriptions")}
    assert resources == {"PURCHASE_ORDER", "PURCHASE_ORDER_LINE", fee, "PART"} - {"QUALITY_CLAUSE"}


@pytest.mark.row("ION-35")
def test_an_ion_whose_webhooks_differ_is_a_warning_only(bench):
    refusal = _errors("Cannot query field 'createWebhookReceiver' on type 'Mutation'.")
    with _answer_with(bench, "AddReceiver", "200 OK", refusal):
        hub_subscribe(app="ion", site=bench.site, on=True)
    (warning,) = check(bench).warnings
    assert "asks on its schedule instead" in warning
    assert "createWebhookReceiver" in warning
    assert bench.read()


@pytest.mark.row("ION-35")
def test_calls_without_a_secret_are_given_up(bench):
    answer = {"data": {"made": {"row": {"id": "1", "secret": None}}}}
    with _answer_with(bench, "AddReceiver", "200 OK", answer):
        hub_subscribe(app="ion", site=bench.site, on=True)
    assert "webhook_secret" not in bench.secrets
    assert "no secret" in check(bench).warnings[0]
