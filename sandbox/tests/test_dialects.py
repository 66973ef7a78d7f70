"""Tests with requests in the style of other clients: Node, Ruby, PHP, Java, .NET, curl."""

import base64
import gzip
import html
import http.client
import json
import re
import zlib

import pytest
import requests

from qbo_sandbox import US, create
from qbo_sandbox.kit.server import Server

SPACE = "http://schema.intuit.com/finance/v3"
LINE = {"Amount": 10, "DetailType": "AccountBasedExpenseLineDetail"}
LINE |= {"AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}}}
BILL = {"VendorRef": {"value": "1"}, "Line": [LINE]}
SALE_LINE = {"Amount": 5, "DetailType": "SalesItemLineDetail"}
SALE_LINE |= {"SalesItemLineDetail": {"ItemRef": {"value": "2"}}}
SALE = {
    "CustomerRef": {"value": "41"},
    "Line": [SALE_LINE],
    "BillEmail": {"Address": "a@example.com"},
}
JSON = {"Accept": "application/json", "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def quickbooks():
    return create(companies=[US.changed({"warn_duplicate_bills": False})])


@pytest.fixture(scope="module")
def site(quickbooks):
    with Server(quickbooks.wsgi) as server:
        yield server


@pytest.fixture
def call(quickbooks, site):
    """Return a function that sends a request with only the headers it is given."""
    session = requests.Session()
    session.headers.clear()
    session.headers["Authorization"] = f"Bearer {quickbooks.token(quickbooks.realm)}"

    def ask(method, path, status=200, base=f"/v3/company/{quickbooks.realm}/", **more):
        answer = session.request(method, f"{site.url}{base}{path}", timeout=10, **more)
        assert answer.status_code == status, answer.text
        return answer

    yield ask
    session.close()


def post(call, kind="bill", body=BILL):
    return next(
        value
        for key, value in call("POST", kind, json=body, headers=JSON).json().items()
        if key != "time"
    )


def test_node_creates_changes_voids_and_deletes(call):
    """Send requests as node-quickbooks does.

    It adds format=json everywhere, sends whole objects to delete them, and voids with an update.
    """
    params = {"minorversion": "75", "format": "json"}
    headers = {
        "accept": "application/json",
        "content-type": "application/json",
        "Request-Id": "6ad7",
    }
    bill = call("POST", "bill", params=params, json=BILL, headers=headers).json()["Bill"]
    sparse = {
        "Id": bill["Id"],
        "SyncToken": "0",
        "VendorRef": {"value": "1"},
        "PrivateNote": "x",
        "sparse": True,
    }
    changed = call(
        "POST", "bill?operation=update", params=params, json=sparse, headers=headers
    ).json()["Bill"]
    assert (changed["PrivateNote"], changed["Line"]) == ("x", bill["Line"])
    body = call(
        "POST", "bill?operation=delete", params=params, json=changed, headers=headers
    ).json()
    assert body["Bill"]["status"] == "Deleted"
    payment = post(call, "payment", {"CustomerRef": {"value": "41"}, "TotalAmt": 5})
    void = {**payment, "sparse": True}
    voided = call(
        "POST", "payment?operation=update&include=void", params=params, json=void, headers=headers
    )
    assert voided.json()["Payment"]["PrivateNote"] == "Voided"


@pytest.mark.parametrize(
    "query",
    [
        "select * from vendor where Active = true startposition 1 maxresults 1000",
        (
            "select * from VENDOR where DisplayName like '%25a%25' orderby DisplayName desc "
            "startposition 1 maxresults 5"
        ),
        "SELECT%20*%20FROM%20Vendor%20MAXRESULTS%205%20STARTPOSITION%201",
        "select+*+from+Vendor+where+Id+%3D+%271%27+STARTPOSITION+1+MAXRESULTS+20",
        (
            "Select Id, DisplayName From Vendor Where MetaData.LastUpdatedTime > "
            "'2000-01-01T00:00:00-08:00'"
        ),
        "select * from Vendor where Id in ('1','2') ORDER BY DisplayName ASC",
        "select%20%2A%20from%20Vendor",
    ],
)
def test_queries_in_the_address_are_read_however_they_are_escaped(call, query):
    response = call("GET", f"query?query={query}&format=json").json()["QueryResponse"]
    assert response["Vendor"]
    assert response["startPosition"] == 1


@pytest.mark.parametrize(
    "kind",
    ["application/text", "text/plain", "application/text;charset=UTF-8", ""],
)
def test_queries_are_posted_as_text_of_any_name(call, kind):
    headers = {"Accept": "application/json"} | ({"Content-Type": kind} if kind else {})
    response = call("POST", "query", data=b"select count(*) from Vendor", headers=headers).json()
    assert response["QueryResponse"]["totalCount"] > 1


@pytest.mark.parametrize(
    "address",
    ["bill/{id}", "Bill/{id}", "BILL/{id}", "bill/{id}/", "bill/{id}?minorversion=8", "bill/{id}?"],
)
def test_an_address_may_be_spelled_in_any_way(call, address):
    bill = post(call)
    assert (
        call("GET", address.format(id=bill["Id"]), headers=JSON).json()["Bill"]["Id"] == bill["Id"]
    )


def test_an_address_may_leave_the_company_to_the_token(call):
    bill = post(call)
    assert (
        call("GET", f"bill/{bill['Id']}", base="/v3/", headers=JSON).json()["Bill"]["Id"]
        == bill["Id"]
    )


def test_ruby_speaks_xml_from_end_to_end(call):
    """Send requests as quickbooks-ruby does.

    It uses XML both ways, sends a content type on reads too, and accepts compressed responses.
    """
    headers = {
        "Content-Type": "application/xml",
        "Accept": "application/xml",
        "Accept-Encoding": "gzip, deflate",
    }
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    body = f'{head}<Vendor xmlns="{SPACE}"><DisplayName>Røros &amp; Co</DisplayName></Vendor>'
    response = call("POST", "vendor", data=body.encode(), headers=headers).text
    id = re.search(r"<Id>(\d+)</Id>", response)[1]
    assert "<DisplayName>Røros &amp; Co</DisplayName>" in response
    listed = call(
        "GET", "query?query=SELECT+%2A+FROM+Vendor+STARTPOSITION+1+MAXRESULTS+20", headers=headers
    ).text
    assert re.search(r'<QueryResponse startPosition="1" maxResults="\d+">', listed)
    post(call)
    deactivation = (
        f'<Vendor xmlns="{SPACE}" '
        f'sparse="true"><Id>{id}</Id><SyncToken>0</SyncToken><Active>false</Active></Vendor>'
    )
    assert (
        "(deleted)"
        in call(
            "POST",
            "vendor",
            data=deactivation.encode(),
            headers={**headers, "Content-Type": "text/xml"},
        ).text
    )
    fault = call("GET", "bill/0815", 400, headers=headers).text
    assert '<Fault type="ValidationFault"><Error code="610"' in fault


@pytest.mark.parametrize("accept", [None, "*/*", "application/xml", "text/xml, */*;q=0.1"])
def test_a_client_that_does_not_ask_for_json_gets_xml(call, accept):
    response = call("GET", "vendor/1", headers={"Accept": accept} if accept else {})
    assert response.headers["Content-Type"].startswith("application/xml")


@pytest.mark.parametrize(
    ("coding", "packed"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_java_packs_what_it_sends(call, coding, packed):
    headers = {**JSON, "Content-Encoding": coding}
    assert (
        call("POST", "bill", data=packed(json.dumps(BILL).encode()), headers=headers).json()[
            "Bill"
        ]["TotalAmt"]
        == 10
    )


@pytest.mark.parametrize(
    "accepted", ["gzip", "gzip;q=1.0,deflate;q=0.6,identity;q=0.3", "identity", "br"]
)
def test_answers_are_read_whatever_packing_is_accepted(call, accepted):
    assert (
        call("GET", "vendor/1", headers={**JSON, "Accept-Encoding": accepted}).json()["Vendor"][
            "Id"
        ]
        == "1"
    )


def test_a_body_may_come_in_pieces(call):
    pieces = (piece for piece in (json.dumps(BILL)[:20].encode(), json.dumps(BILL)[20:].encode()))
    assert call("POST", "bill", data=pieces, headers=JSON).json()["Bill"]["TotalAmt"] == 10


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json;charset=UTF-8", "application/json; charset=utf-8", ""],
)
def test_json_bodies_may_have_a_content_type_or_none(call, kind):
    headers = {"Accept": "application/json"} | ({"Content-Type": kind} if kind else {})
    assert call("POST", "bill", data=json.dumps(BILL).encode(), headers=headers).json()["Bill"][
        "Id"
    ]


XML_NOTE = f'<Attachable xmlns="{SPACE}"><Note>n</Note></Attachable>'.encode()
PARTS = {
    "node": [("file_content_01", "scan.pdf", "application/pdf", b"%PDF-1")],
    "ruby": [
        ("file_metadata_0", "metadata.xml", "application/xml", XML_NOTE),
        ("file_content_0", "scan.pdf", "application/pdf", b"%PDF-1"),
    ],
    "php": [
        (
            "file_metadata_0",
            "attachment.json",
            "application/json",
            b'{"Note":"n","FileName":"scan.pdf"}',
        ),
        ("file_content_0", "scan.pdf", "application/pdf", b"%PDF-1"),
    ],
}


@pytest.mark.parametrize("client", PARTS)
def test_uploads_keep_the_metadata_that_came_with_them(call, client):
    files = [(name, (filename, content, kind)) for name, filename, kind, content in PARTS[client]]
    response = call("POST", "upload", files=files, headers={"Accept": "application/json"}).json()
    file = response["AttachableResponse"][0]["Attachable"]
    assert (file["FileName"], file["ContentType"], file["Size"]) == (
        "scan.pdf",
        "application/pdf",
        6,
    )
    assert file.get("Note") == (None if client == "node" else "n")
    address = call("GET", f"download/{file['Id']}", headers=JSON).text
    assert requests.get(address, timeout=10).content == b"%PDF-1"


def php_upload(invoice, content):
    """Return the body of Intuit's library for PHP: XML, then base64 in lines."""
    link = f'<EntityRef type="Invoice">{invoice}</EntityRef>'
    note = f'<Attachable xmlns="{SPACE}"><FileName>scan.pdf</FileName>'
    note += f"<AttachableRef>{link}</AttachableRef></Attachable>\n"
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n").decode()
    return (
        '--cut\r\nContent-Disposition: form-data; name="file_metadata_0"\r\n'
        "Content-Type: application/xml; charset=UTF-8\r\n"
        f"Content-Transfer-Encoding: 8bit\r\n\r\n{note}"
        '--cut\r\nContent-Disposition: form-data; name="file_content_0"; filename="scan.pdf"\r\n'
        "Content-Type: application/pdf\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n--cut--\r\n\r\n"
    ).encode()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_php_uploads_in_xml_and_names_the_host_without_its_port(call, site, host):
    invoice = post(call, "invoice", SALE)
    content = bytes(range(256)) * 3
    headers = {"Content-Type": "multipart/form-data; boundary=cut", "Accept": "application/xml"}
    uploaded = call(
        "POST",
        "upload",
        data=php_upload(invoice["Id"], content),
        headers={**headers, "Host": host},
    ).text
    assert f'<EntityRef type="Invoice">{invoice["Id"]}</EntityRef>' in uploaded
    address = re.search("<TempDownloadUri>(.*)</TempDownloadUri>", uploaded)[1]
    assert address.startswith(f"http://{host}:{site.port}/")
    assert requests.get(html.unescape(address), timeout=10).content == content


GO_TIMES = {
    "CreateTime": "0001-01-01T00:00:00Z",
    "LastUpdatedTime": "0001-01-01T00:00:00Z",
}
GO_DETAIL = {"ItemRef": {"value": "2"}, "ClassRef": {}, "ItemAccountRef": {}, "TaxCodeRef": {}}
GO_LINE = {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": GO_DETAIL}


@pytest.mark.parametrize(
    ("kind", "body", "empty"),
    [
        (
            "invoice",
            {"CustomerRef": {"value": "41"}, "Line": [GO_LINE]},
            "CustomerMemo ClassRef SalesTermRef ShipMethodRef BillEmail BillEmailCc RecurDataRef",
        ),
        ("bill", BILL, "SalesTermRef DepartmentRef RecurDataRef"),
        (
            "customer",
            {"DisplayName": "Gopher"},
            "PrimaryPhone Fax PrimaryEmailAddr WebAddr ParentRef SalesTermRef PaymentMethodRef",
        ),
        (
            "item",
            {"Name": "Go", "Type": "Service", "IncomeAccountRef": {"value": "1"}},
            "ParentRef ExpenseAccountRef AssetAccountRef",
        ),
        (
            "purchase",
            {"PaymentType": "Cash", "AccountRef": {"value": "35"}, "Line": [LINE]},
            "EntityRef PaymentMethodRef DepartmentRef",
        ),
    ],
)
def test_go_sends_an_empty_object_for_what_has_no_value(call, kind, body, empty):
    names = empty.split()
    saved = post(call, kind, {"MetaData": GO_TIMES, **{name: {} for name in names}, **body})
    assert saved.keys().isdisjoint(names)
    for line in saved.get("Line", ()):
        assert {} not in line.get(line["DetailType"], {}).values()


def test_an_empty_object_takes_a_value_away(call):
    phone = {"FreeFormNumber": "555"}
    person = {"DisplayName": "Renée", "PrimaryPhone": phone, "Mobile": phone}
    saved = post(call, "customer", person)
    change = {"Id": saved["Id"], "SyncToken": "0", "sparse": True}
    changed = post(call, "customer", {**change, "PrimaryPhone": {}, "Fax": {"FreeFormNumber": ""}})
    assert changed["Mobile"] == phone
    assert changed.keys().isdisjoint({"PrimaryPhone", "Fax"})


def test_php_batches_in_xml(call):
    inner = "<Vendor><DisplayName>Batch &lt;1&gt;</DisplayName></Vendor>"
    item = f'<BatchItemRequest bId="1" operation="create">{inner}</BatchItemRequest>'
    query = '<BatchItemRequest bId="2"><Query>select * from Term</Query></BatchItemRequest>'
    body = f'<IntuitBatchRequest xmlns="{SPACE}">{item}{query}</IntuitBatchRequest>'
    response = call(
        "POST", "batch", data=body.encode(), headers={"Content-Type": "application/xml"}
    ).text
    assert "<DisplayName>Batch &lt;1&gt;</DisplayName>" in response
    assert '<BatchItemResponse bId="2"><QueryResponse' in response


def test_paper_and_mail_as_other_clients_ask_for_them(call):
    invoice = post(call, "invoice", SALE)
    paper = call(
        "GET",
        f"invoice/{invoice['Id']}/pdf?minorversion=75&format=json",
        headers={"accept": "application/pdf"},
    )
    assert (paper.headers["Content-Type"], paper.content[:4]) == ("application/pdf", b"%PDF")
    octets = {"Content-Type": "application/octet-stream", "Accept": "application/json"}
    mailed_body = call("POST", f"invoice/{invoice['Id']}/send", headers=octets).json()["Invoice"]
    assert mailed_body["EmailStatus"] == "EmailSent"


def test_changes_are_asked_for_by_names_of_any_case(call):
    bill = post(call)
    since = bill["MetaData"]["CreateTime"]
    address = f"cdc?entities=bill,VENDOR,Term&changedSince={since}"
    response = call("GET", address, headers=JSON).json()
    assert response["CDCResponse"][0]["QueryResponse"][0]["Bill"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_methods_that_there_are_not_are_refused_without_harm(call, method):
    bill = post(call)
    refused = call(method, f"bill/{bill['Id']}", 400, headers=JSON, json={})
    assert refused.json()["Fault"]["Error"][0]["code"] == "500"


def test_a_connection_is_kept_through_heads_and_refusals(quickbooks, site):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    headers = {"Authorization": f"Bearer {quickbooks.token(quickbooks.realm)}", **JSON}
    for method, path in (
        ("HEAD", "vendor/1"),
        ("GET", "vendor/1"),
        ("GET", "vendor/nobody"),
        ("GET", "vendor/1"),
    ):
        connection.request(method, f"/v3/company/{quickbooks.realm}/{path}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    assert (answer.status, json.loads(body)["Vendor"]["Id"]) == (200, "1")
    connection.close()
