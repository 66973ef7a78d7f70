"""The stand-in is as strict as ION about queries, keys, etags, statuses and changes."""

from decimal import Decimal

import pytest
from graphql import build_client_schema, get_introspection_query
from hub_ion import hub_sandbox
from hub_ion.client import Ion
from hub_ion.sandbox.cases import CASES

from hub.testing.bench import URL
from qbo_sandbox.kit import Server, send_request

TOKEN = "/realms/api-keys/protocol/openid-connect/token"


def query_api(bench, query, **variables):
    """Query the API as any client does."""
    return bench.ask("POST", "/graphql", json={"query": query, "variables": variables})


@pytest.fixture
def api(bench):
    """Return a function that queries the API and returns its data, or the first error message."""
    Ion(bench.site).organization()

    def query_data(query, **variables):
        answer = query_api(bench, query, **variables).json()
        return answer["errors"][0]["message"] if answer.get("errors") else answer["data"]

    return query_data


def order(bench, words):
    row = bench.raw(words)
    return {"id": row["id"], "etag": row["_etag"]}


def test_the_stand_in_answers_introspection(api):
    schema = build_client_schema(api(get_introspection_query()))
    assert {"purchaseOrders", "parts", "me", "currentUser"} <= schema.query_type.fields.keys()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "{ purchaseOrders { edges { node { color } } } }",
            "Cannot query field 'color' on type 'PurchaseOrder'.",
        ),
        ("{ purchaseOrders(first: 1, color: 2) { edges { cursor } } }", "Unknown argument 'color'"),
        (
            "{ purchaseOrders(filters: { status: { eq: LOST } }) { edges { cursor } } }",
            "Value 'LOST' does not exist",
        ),
        (
            '{ purchaseOrders(after: "here") { edges { cursor } } }',
            "The cursor is not one of this list.",
        ),
        ("{ purchaseOrders ", "Syntax Error"),
        (
            'mutation { createPart(input: { partNumber: "X", cost: "cheap" }) { part { id } } }',
            "Decimal cannot",
        ),
        (
            'mutation { createPart(input: { partNumber: "820412-001", revision: "B" })'
            " { part { id } } }",
            "already has",
        ),
        ("mutation { deletePurchaseOrder(id: 1001) { id } }", "of type 'String!' is required"),
        ('mutation { deletePurchaseOrder(id: 1001, etag: "x") { id } }', "updated since the etag"),
        (
            'mutation { updatePart(input: { id: 99, etag: "x" }) { part { id } } }',
            "Part 99 does not exist",
        ),
        (
            'mutation { updatePart(input: { id: 1, etag: "x", revision: "C" }) { part { id } } }',
            "unknown field",
        ),
        (
            "mutation { createPurchaseOrder(input: { supplierId: 99 }) { purchaseOrder { id } } }",
            "Supplier 99",
        ),
        (
            "mutation { createPurchaseOrder(input: { currencyId: 99 }) { purchaseOrder { id } } }",
            "Currency 99",
        ),
        (
            "mutation { createReceipt(input: { lines: [{ purchaseOrderLineId: 1 }] })"
            " { receipt { id } } }",
            "quantity",
        ),
        ("{ parts(first: -1) { edges { cursor } } }", "fewer than no rows"),
        ("{ parts(filters: { cost: { gt: 1 } }) { edges { cursor } } }", "unknown field 'cost'"),
    ],
)
def test_queries_that_are_not_as_agreed_are_refused(api, query, message):
    assert message in api(query)


def test_ids_go_in_as_text_and_come_out_as_numbers_amounts_as_text(api):
    result = api(
        '{ purchaseOrder(id: "1002")'
        " { id _etag estimatedTotalCost purchaseOrderLines { quantity totalCost } } }"
    )
    row = result["purchaseOrder"]
    assert (row["id"], len(row["_etag"]), row["estimatedTotalCost"]) == (1002, 32, "371.00")
    assert row["purchaseOrderLines"][0] == {"quantity": "2.5", "totalCost": "31.00"}


@pytest.mark.parametrize("header", ["{}", "Bearer {}", "Token {}"])
def test_the_token_may_be_sent_in_any_of_three_ways(bench, header):
    Ion(bench.site).organization()
    token = bench.secrets["access_token"].split()[1]
    fields = {"query": "{ currentUser { organization { id } } }"}
    answer = bench.browser.post(
        f"{URL}/graphql", json=fields, headers={"Authorization": header.format(token)}
    )
    assert answer.json()["data"]["currentUser"]["organization"]["id"] == 4711
    elsewhere = bench.browser.post(
        f"{URL}/staging/graphql", json=fields, headers={"Authorization": token}
    )
    assert elsewhere.status_code == 401


@pytest.mark.parametrize("path", [TOKEN, f"/auth{TOKEN}", f"/staging{TOKEN}"])
def test_keys_are_taken_where_they_belong(bench, path):
    client, secret = (
        ("ion-sandbox-key", "stand-in-secret-a90b")
        if "staging" in path
        else (
            "ion-production-key",
            "stand-in-secret-7c1e",
        )
    )
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    assert bench.browser.post(URL + path, data=form).json()["expires_in"] == 300
    wrong = bench.browser.post(URL + path, data={**form, "client_secret": "guess"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "unauthorized_client")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_query_that_is_no_json_and_a_key_that_is_no_form_are_refused(bench, kind):
    Ion(bench.site).organization()
    token = bench.secrets["access_token"].split()[1]
    headers = {"Authorization": token, "Content-Type": kind}
    answer = bench.browser.post(
        f"{URL}/graphql", data='{"query": "{ me { id } }"}', headers=headers
    )
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (
        400,
        "The body is not JSON.",
    )
    keys = {"client_id": "ion-production-key", "client_secret": "stand-in-secret-7c1e"}
    assert (
        bench.browser.post(
            URL + TOKEN, json={"grant_type": "client_credentials", **keys}
        ).status_code
        == 400
    )
    assert (
        bench.browser.post(URL + TOKEN, data={"grant_type": "password", **keys}).status_code == 400
    )


@pytest.mark.parametrize("header", [None, "Bearer guess"])
def test_calls_without_a_token_are_refused(bench, header):
    headers = {"Authorization": header} if header else {}
    answer = bench.browser.post(f"{URL}/graphql", json={"query": "{ me { id } }"}, headers=headers)
    assert (answer.status_code, len(answer.headers["x-b3-trace-id"])) == (401, 32)


def test_no_limit_is_known_and_one_that_is_set_says_how_long_to_wait(bench):
    Ion(bench.site).organization()
    assert bench.stand_in._api.limit.page("GET", None) == {"requests": 0, "seconds": 1}
    bench.stand_in._api.limit.page("POST", {"requests": 5})
    answers = [query_api(bench, "{ me { id } }") for _ in range(6)]
    assert ({answer.status_code for answer in answers[:4]}, answers[-1].status_code) == ({200}, 429)
    bench.stand_in.clock.advance(int(answers[-1].headers["Retry-After"]))
    assert query_api(bench, "{ me { id } }").status_code == 200


@pytest.mark.parametrize(
    "rows", ["purchaseOrders", "purchaseOrderLines", "parts", "suppliers", "receipts"]
)
def test_every_list_goes_by_pages_forwards_and_backwards(bench, api, rows):
    line = bench.books.of_order("lines", bench.raw("a part"))[0]
    for quantity in ("1", "2"):
        bench.stand_in.changes.createReceipt(
            {"lines": [{"purchaseOrderLineId": line["id"], "quantity": Decimal(quantity)}]}
        )
    page = (
        "{ %s(first: 1%s) { edges { node { id } }"
        " pageInfo { endCursor hasNextPage totalCount count } } }"
    )
    ids, after, more = [], "", True
    while more:
        answer = api(page % (rows, after))[rows]
        ids += [edge["node"]["id"] for edge in answer["edges"]]
        page_info = answer["pageInfo"]
        more, after = page_info["hasNextPage"], f', after: "{page_info["endCursor"]}"'
    before = after.replace("after", "last: 1, before")[2:]
    back = api(f"{{ {rows}({before}) {{ edges {{ node {{ id }} }} }} }}")
    assert ids == sorted(set(ids))
    assert len(ids) == page_info["totalCount"] > 1
    assert [edge["node"]["id"] for edge in back[rows]["edges"]] == ids[-2:-1]


def test_several_operations_may_come_at_once(bench):
    Ion(bench.site).organization()
    token = bench.secrets["access_token"].split()[1]
    queries = [{"query": "{ me { id } }"}, {"query": "{ currencies { edges { node { code } } } }"}]
    answers = bench.browser.post(
        f"{URL}/graphql", json=queries, headers={"Authorization": token}
    ).json()
    assert [list(answer["data"]) for answer in answers] == [["me"], ["currencies"]]


def test_a_long_list_asked_for_whole_takes_too_long(bench, monkeypatch):
    monkeypatch.setattr("hub_ion.sandbox.graph.MAX_ROWS_WITHOUT_PAGES", 20)
    Ion(bench.site).organization()
    assert query_api(bench, "{ purchaseOrders { edges { node { id } } } }").status_code == 502


def test_a_status_follows_from_lines_and_is_moved_step_by_step(bench, api):
    move = (
        "mutation($id: ID!, $etag: String!) {"
        " updatePurchaseOrder(input: { id: $id, etag: $etag, status: ORDERED })"
        " { purchaseOrder { status } } }"
    )
    assert "cannot go from DRAFT to ORDERED" in api(move, **order(bench, "a draft"))
    assert api(move, **order(bench, "approved")) == {
        "updatePurchaseOrder": {"purchaseOrder": {"status": "ORDERED"}}
    }
    result = api(
        "{ purchaseOrders(filters: { status: { in: [RECEIVED, CANCELED] } })"
        " { edges { node { id } } } }"
    )
    assert [edge["node"]["id"] for edge in result["purchaseOrders"]["edges"]] == [1018, 1020]


def test_lines_are_changed_in_drafts_only_but_for_what_is_always_free(bench, api):
    change = (
        "mutation($id: ID!, $etag: String!, $input: String) {"
        " updatePurchaseOrderLine(input: { id: $id, etag: $etag, %s })"
        " { purchaseOrderLine { status } } }"
    )
    line = bench.books.of_order("lines", bench.raw("a part"))[0]
    fields = {"id": line["id"], "etag": line["_etag"]}
    query = change.replace(", $input: String", "")
    assert "while the purchase order is a draft" in api(query % 'quantity: "5"', **fields)
    assert "only status that can be set" in api(query % "status: RECEIVED", **fields)
    assert api(query % 'estimatedArrivalDate: "2026-05-01"', **fields)["updatePurchaseOrderLine"]


def test_a_line_with_received_parts_cannot_be_deleted(bench, api):
    row = bench.raw("received in part")
    line = next(item for item in bench.books.of_order("lines", row) if item.get("receivedQuantity"))
    bench.move("received in part", "DRAFT")
    fields = {"id": line["id"], "etag": bench.books.row("lines", line["id"])["_etag"]}
    drop = (
        "mutation($id: ID!, $etag: String!) {"
        " deletePurchaseOrderLine(id: $id, etag: $etag) { id } }"
    )
    assert "was received cannot be canceled or deleted" in api(drop, **fields)
    bench.move("received in part", "IN_REVIEW")
    receive = (
        "mutation($id: ID!, $n: Decimal!) {"
        " createReceipt(input: { lines: [{ purchaseOrderLineId: $id, quantity: $n }] })"
        " { receipt { id } } }"
    )
    assert "Only what is ordered" in api(receive, id=line["id"], n="1")
    other = bench.books.of_order("lines", bench.raw("a part"))[0]
    assert "quantity above zero" in api(receive, id=other["id"], n="-1")


def test_a_status_change_renews_etags_of_lines_and_a_deleted_line_keeps_that_of_its_order(
    bench,
):
    lines = {line["_etag"] for line in bench.books.of_order("lines", bench.raw("every field"))}
    bench.move("every field", "DRAFT")
    row = bench.raw("every field")
    line = bench.books.of_order("lines", row)[0]
    assert line["_etag"] not in lines
    bench.stand_in.changes.deletePurchaseOrderLine(line["id"], line["_etag"])
    assert bench.raw("every field")["_etag"] == row["_etag"]


def test_a_key_that_may_read_only_changes_nothing(bench):
    bench.set(client_id="ion-reading-key", client_secret="stand-in-secret-55d0")
    Ion(bench.site).organization()
    answer = query_api(
        bench, 'mutation { createSupplier(input: { name: "X" }) { supplier { id } } }'
    ).json()
    assert "permission to perform createSupplier" in answer["errors"][0]["message"]


def test_a_reopened_stand_in_has_its_earlier_state(open_bench, tmp_path):
    first = open_bench(folder=tmp_path)
    first.move("a part", "DRAFT")
    first.stand_in._pages._order_delete(first.raw("received"), {})
    reopened = open_bench(documents=7, folder=tmp_path)
    assert reopened.books.tables == first.books.tables


def test_every_case_of_the_seed_exists_and_the_same_seed_makes_the_same_story(open_bench):
    bench, second_bench = open_bench(documents=112), open_bench(documents=112)
    assert bench.books.tables == second_bench.books.tables
    fields = {row["case"] for row in bench.books.rows("orders")}
    assert {case["case"] for case in CASES} < fields
    assert len(bench.books.rows("orders")) > 100


def test_the_stand_in_serves_over_http():
    stand_in = hub_sandbox(app="ion", folder=None, documents=3, seed=3, demo=False)
    with Server(stand_in.wsgi):
        assert (
            send_request(stand_in.wsgi, "GET", "/_sandbox/books").json()["orders"][0]["id"] == 1001
        )
        assert "Canyon Steel Works" in send_request(stand_in.wsgi, "GET", "/").text
