"""Tests of the stand-in as a whole: journal, faults, pages, files, XML, and a real server."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from qbo_sandbox import NORWAY, US, create
from qbo_sandbox.kit import Clock, ConnectionFault, Server, send_request
from qbo_sandbox.kit.wsgi import mount
from qbo_sandbox.oauth.grants import InvalidGrant

NOON = 1_800_000_000.0


@pytest.fixture
def quickbooks():
    return create(clock=Clock(NOON, frozen=True))


def bill(number="A", amount="100"):
    line = {
        "Amount": amount,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
    }
    return {"VendorRef": {"value": "1"}, "DocNumber": number, "Line": [line]}


def multipart(*parts, end=b"\r\n"):
    chunks = [
        b"--frontier" + end + head.encode() + end + end + content + end for head, content in parts
    ]
    return b"".join(chunks) + b"--frontier--" + end


def file_parts(reference, name="scan.pdf", content=b"%PDF \x00\xff", more=""):
    metadata = {
        "FileName": name,
        "ContentType": "application/pdf",
        "AttachableRef": [{"EntityRef": reference}],
    }
    return (
        ('Content-Disposition: form-data; name="file_metadata_01"', json.dumps(metadata).encode()),
        (
            f'Content-Disposition: form-data; name="file_content_01"; filename="{name}"{more}',
            content,
        ),
    )


def upload(quickbooks, *parts, query="", **rest):
    body = multipart(*parts, **rest)
    answer = quickbooks.ask(
        "POST", f"upload{query}", body, content_type="multipart/form-data; boundary=frontier"
    )
    assert answer.status == 200, answer.text
    return answer.json()["AttachableResponse"]


def test_reopened_on_its_folder_everything_is_as_it_was(tmp_path):
    clock = Clock(NOON, frozen=True)
    first = create(tmp_path, companies=[US, NORWAY], clock=clock)
    first.ask("POST", "bill?requestid=k1", bill("A"))
    first.ask("POST", "bill", bill("B"))
    first.ask("POST", "bill?operation=delete", {"Id": "2", "SyncToken": "0"})
    first.act("deactivate", kind="Vendor", id="9")
    first.switch(rotate="always")
    upload(first, *file_parts({"type": "Bill", "value": "1"}))
    first.clock.advance(60)
    again = create(tmp_path, companies=[US, NORWAY])
    assert again.select("select * from Attachable") == first.select("select * from Attachable")
    assert again.books() == first.books()
    assert again.refresh_tokens == first.refresh_tokens
    assert again.clock.now() == NOON + 60
    assert again.control.switches.rotate == "always"
    assert again.ask("POST", "bill?requestid=k1", bill("C")).json()["Bill"]["DocNumber"] == "A"
    token = f"Bearer {first.access_tokens[US.realm]}"
    assert again.ask("GET", "bill/1", authorization=token).status == 200


def test_reopened_what_was_refused_and_what_came_with_an_id_is_known(tmp_path):
    first = create(tmp_path, requestid_refusals=True, requestid_other_body="refuse")
    first.ask("POST", "bill?requestid=no", {"Line": []})
    first.ask("POST", "bill?requestid=yes", bill("A"))
    code = first.app.grants.consent(first.client_id, US.realm, "openid", "http://hub.test/")
    again = create(tmp_path, requestid_refusals=True, requestid_other_body="refuse")
    assert (
        again.ask("POST", "bill?requestid=no", {"Line": []}).json()["Fault"]["Error"][0]["code"]
        == "2020"
    )
    assert again.company.refused["no"].code == "2020"
    assert (
        again.ask("POST", "bill?requestid=yes", bill("B")).json()["Fault"]["Error"][0]["code"]
        == "6000"
    )
    assert again.app.grants.exchange(code, first.client_id, "http://hub.test/")
    with pytest.raises(InvalidGrant):
        create(tmp_path).app.grants.exchange(code, first.client_id, "http://hub.test/")


def test_an_id_is_never_given_twice_even_after_a_delete(tmp_path):
    first = create(tmp_path)
    first.ask("POST", "bill", bill("A"))
    first.ask("POST", "bill?operation=delete", {"Id": "1", "SyncToken": "0"})
    assert create(tmp_path).ask("POST", "bill", bill("B")).json()["Bill"]["Id"] == "2"


def test_the_example_of_the_page_runs():
    page = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    blocks = [part.partition("```")[0] for part in page.split("```python\n")[1:]]
    [example] = [block for block in blocks if "import create" in block]
    exec(example, {})


def test_a_half_written_line_is_as_if_it_never_was(tmp_path):
    first = create(tmp_path)
    first.ask("POST", "bill", bill("A"))
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(
        journal.read_bytes() + b'{"r":"' + US.realm.encode() + b'","at":1,"c":[["Bill"'
    )
    assert create(tmp_path).select("select count(*) from Bill") == {"totalCount": 1}


def test_an_answer_that_is_lost_leaves_the_bill_in_the_books(quickbooks):
    quickbooks.add_fault("lose_answer", "bill.create")
    with pytest.raises(ConnectionFault):
        quickbooks.ask("POST", "bill", bill())
    assert quickbooks.select("select count(*) from Bill") == {"totalCount": 1}


def test_a_lost_request_leaves_nothing(quickbooks):
    quickbooks.add_fault("lose_request", "bill.create")
    with pytest.raises(ConnectionFault):
        quickbooks.ask("POST", "bill", bill())
    assert quickbooks.select("select count(*) from Bill") == {"totalCount": 0}


@pytest.mark.parametrize("commit", [False, True])
@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("business", 400, "6000"),
        ("internal", 400, "6000"),
        ("stale_object", 400, "5010"),
        ("system_failure", 500, "10000"),
        ("fault_200", 200, "6000"),
    ],
)
def test_a_refusal_may_be_a_lie(quickbooks, kind, status, code, commit):
    quickbooks.add_fault(kind, "bill.create", commit=commit)
    answer = quickbooks.ask("POST", "bill", bill())
    assert (answer.status, answer.json()["Fault"]["Error"][0]["code"]) == (status, code)
    assert quickbooks.select("select count(*) from Bill") == {"totalCount": int(commit)}


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, "application/json", "errorCode=003200"),
        (403, "application/json", "errorCode=003100"),
        (429, "application/json", "ThrottleExceeded"),
        (500, "application/json", "10000"),
        (502, "text/html", "Bad Gateway"),
        (503, "text/html", "Service Temporarily Unavailable"),
        (504, "text/html", "Gateway Time-out"),
    ],
)
def test_an_injected_status_has_the_body_it_has_in_life(quickbooks, status, kind, words):
    quickbooks.add_fault("status", "bill.create", status=status)
    answer = quickbooks.ask("POST", "bill", bill())
    assert (answer.status, answer.headers["content-type"]) == (status, kind)
    assert words in answer.text


@pytest.mark.parametrize(
    ("method", "path", "body", "name"),
    [
        ("POST", "bill", {}, "bill.create"),
        ("POST", "bill", {"Id": "1"}, "bill.update"),
        ("POST", "bill?operation=delete", {"Id": "1"}, "bill.delete"),
        ("GET", "bill/1", None, "bill.read"),
        ("GET", "query?query=select%20*%20from%20Vendor", None, "query.vendor"),
        ("POST", "query", "Select * From Account", "query.account"),
        ("GET", "cdc?entities=bill&changedSince=2027-01-01", None, "cdc"),
        ("POST", "batch", {}, "batch"),
        ("POST", "upload", b"", "upload"),
        ("GET", f"companyinfo/{US.realm}", None, "companyinfo.read"),
        ("GET", "nonsense/1", None, "unknown"),
    ],
)
def test_calls_have_the_names_that_faults_use(quickbooks, method, path, body, name):
    quickbooks.ask(method, path, body)
    assert quickbooks.log.entries()[-1]["call"] == name


def test_an_unknown_path_is_an_unsupported_operation(quickbooks):
    answer = quickbooks.ask("GET", "nonsense/1")
    assert (answer.status, answer.json()["Fault"]["Error"][0]["code"]) == (400, "500")
    assert send_request(quickbooks.wsgi, "GET", "/elsewhere").status == 404


def test_the_log_keeps_codes_and_no_token(quickbooks):
    quickbooks.ask("POST", "bill", {})
    response = send_request(quickbooks.wsgi, "GET", "/_sandbox/log")
    assert response.json()["requests"][-1] | {"number": 1, "at": ""} == {
        "number": 1,
        "at": "",
        "method": "POST",
        "path": f"/v3/company/{US.realm}/bill",
        "call": "bill.create",
        "status": 400,
        "realm": US.realm,
        "replayed": False,
        "code": "2020",
        "verdict": "refused",
    }
    assert quickbooks.access_tokens[US.realm] not in response.text


def test_the_books_hold_everything_by_company(quickbooks):
    quickbooks.ask("POST", "bill", bill())
    response = send_request(quickbooks.wsgi, "GET", "/_sandbox/books").json()[US.realm]
    assert response["Bill"][0]["DocNumber"] == "A"
    assert response["balances"] == {"7": "100.00", "33": "-100.00"}
    assert response["trial_balance"] == {"debit": "100.00", "credit": "100.00"}
    assert [
        (entry["kind"], entry["account"], entry["amount"]) for entry in response["entries"]
    ] == [
        ("Bill", "7", "100.00"),
        ("Bill", "33", "-100.00"),
    ]


def test_the_books_can_be_asked_for_one_company_and_kind(quickbooks):
    quickbooks.ask("POST", "bill", bill())
    [only] = (
        send_request(quickbooks.wsgi, "GET", f"/_sandbox/books?realm={US.realm}&kind=Bill")
        .json()
        .values()
    )
    assert [row["DocNumber"] for row in only.pop("Bill")] == ["A"]
    assert only == {}
    assert (
        "there are"
        in send_request(quickbooks.wsgi, "GET", "/_sandbox/books?kind=Dream").json()["error"]
    )


def test_the_log_can_be_asked_for_what_is_new_of_one_call(quickbooks):
    for number in ("A", "A", "B"):
        quickbooks.ask("POST", "bill", bill(number))
    response = send_request(
        quickbooks.wsgi, "GET", "/_sandbox/log?call=bill.create&after=1"
    ).json()["requests"]
    assert [entry["verdict"] for entry in response] == ["refused", "accepted"]


def test_a_person_edits_deletes_and_creates(quickbooks):
    quickbooks.ask("POST", "bill", bill())
    quickbooks.act("edit", kind="Bill", id="1", set={"PrivateNote": "by hand"})
    assert quickbooks.ask("GET", "bill/1").json()["Bill"]["PrivateNote"] == "by hand"
    quickbooks.act("create", kind="Bill", set=bill("B"))
    quickbooks.act("delete", kind="Bill", id="1")
    assert [row["DocNumber"] for row in quickbooks.select("select * from Bill")["Bill"]] == ["B"]


@pytest.mark.parametrize(
    ("page", "body"),
    [("act", {"do": "dance"}), ("switches", {"colour": 1}), ("company", {"colour": 1})],
)
def test_unknown_values_are_refused_with_the_known_ones(quickbooks, page, body):
    answer = send_request(quickbooks.wsgi, "POST", f"/_sandbox/{page}", body)
    assert answer.status == 400
    assert "one of" in answer.json()["error"] or "there are" in answer.json()["error"]


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ({"do": "edit"}, "edit needs kind and id"),
        ({"do": "pay"}, "pay needs id"),
        ({"do": "edit", "kind": "Bil", "id": "1"}, "no kind 'Bil'; there are Account"),
        ({"do": "edit", "kind": "Bill", "id": "7"}, "610: Object Not Found"),
        (
            {"do": "create", "kind": "Bill", "set": {"Line": []}},
            "2020: Required parameter VendorRef",
        ),
        ({"do": "close_books", "realm": "7"}, "no company 7; there are"),
    ],
)
def test_impossible_acts_are_refused_in_words(quickbooks, act, words):
    answer = send_request(quickbooks.wsgi, "POST", "/_sandbox/act", act)
    assert answer.status == 400
    assert words in answer.json()["error"]


def test_a_file_is_kept_with_what_it_hangs_on_and_read_back(quickbooks):
    quickbooks.ask("POST", "bill", bill())
    [answer] = upload(quickbooks, *file_parts({"type": "bill", "value": "1"}))
    attachment = answer["Attachable"]
    assert (
        attachment["FileName"],
        attachment["Size"],
        attachment["AttachableRef"][0]["IncludeOnSend"],
    ) == (
        "scan.pdf",
        7,
        False,
    )
    assert attachment["AttachableRef"][0]["EntityRef"] == {"type": "Bill", "value": "1"}
    address = quickbooks.ask("GET", f"download/{attachment['Id']}").text
    fetched = send_request(quickbooks.wsgi, "GET", address.removeprefix("http://stand-in.test:80"))
    assert (fetched.body, fetched.headers["content-type"]) == (b"%PDF \x00\xff", "application/pdf")


def test_the_address_of_a_file_is_good_for_a_quarter_of_an_hour(quickbooks):
    [stored] = upload(quickbooks, *file_parts({"type": "Vendor", "value": "1"}))
    address = stored["Attachable"]["TempDownloadUri"].removeprefix("http://stand-in.test:80")
    quickbooks.clock.advance(900)
    assert send_request(quickbooks.wsgi, "GET", address).status == 200
    assert send_request(quickbooks.wsgi, "GET", address.partition("?")[0]).status == 403
    quickbooks.clock.advance(1)
    assert send_request(quickbooks.wsgi, "GET", address).status == 403
    fresh = quickbooks.ask("GET", f"download/{stored['Attachable']['Id']}").text
    assert (
        send_request(quickbooks.wsgi, "GET", fresh.removeprefix("http://stand-in.test:80")).status
        == 200
    )


def test_other_clients_line_ends_and_base64_are_understood(quickbooks):
    quickbooks.ask("POST", "bill", bill())
    more = "\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64"
    parts = file_parts({"type": "Bill", "value": "1"}, content=b"aGVsbG8=", more=more)
    [answer] = upload(quickbooks, *parts, end=b"\n")
    assert answer["Attachable"]["Size"] == 5


@pytest.mark.parametrize(
    ("reference", "name", "code", "detail"),
    [
        (
            {"type": "Bill", "value": "75"},
            "a.pdf",
            "6000",
            (
                "Business Validation Error: The entity Bill 75 that you "
                "are trying to link does not exist. Bill 75"
            ),
        ),
        ({"type": "Vendor", "value": "1"}, "a.exe", "6041", "File type not supported : a.exe"),
    ],
)
def test_a_bad_file_is_refused_in_its_place(quickbooks, reference, name, code, detail):
    [answer] = upload(quickbooks, *file_parts(reference, name))
    [error] = answer["Fault"]["Error"]
    assert (error["code"], error["Detail"], error["element"]) == (code, detail, "")


@pytest.mark.parametrize(("has_metadata", "name"), [(True, "Kjøp.pdf"), (False, "KjÃ¸p.pdf")])
def test_a_name_beyond_ascii_comes_right_only_in_the_metadata(quickbooks, has_metadata, name):
    metadata, file = file_parts({"type": "Vendor", "value": "1"}, "Kjøp.pdf")
    [answer] = upload(quickbooks, *([metadata, file] if has_metadata else [file]))
    assert answer["Attachable"]["FileName"] == name


def test_an_update_without_the_name_of_a_file_removes_it(quickbooks):
    reference = {"type": "Vendor", "value": "1"}
    [stored] = upload(quickbooks, *file_parts(reference))
    body = {"Id": stored["Attachable"]["Id"], "SyncToken": "0"}
    links = {"AttachableRef": [{"EntityRef": reference}]}
    answer = quickbooks.ask("POST", "attachable", body | links).json()["Attachable"]
    assert ("FileName" in answer, answer["Size"]) == (False, 7)
    again = quickbooks.ask(
        "POST", "attachable", body | links | {"FileName": "a.pdf", "SyncToken": "1"}
    )
    assert again.json()["Attachable"]["FileName"] == "a.pdf"


@pytest.mark.parametrize(("guarded", "stored"), [(True, 1), (False, 2)])
def test_an_upload_may_be_guarded_by_its_id(quickbooks, guarded, stored):
    quickbooks.switch(requestid_uploads=guarded)
    for _ in range(2):
        upload(quickbooks, *file_parts({"type": "Vendor", "value": "1"}), query="?requestid=file-1")
    assert quickbooks.select("select count(*) from Attachable") == {"totalCount": stored}


def test_a_company_whose_subscription_ended_takes_no_file(quickbooks):
    quickbooks.control.company("POST", {"realm": US.realm, "subscribed": False})
    [answer] = upload(quickbooks, *file_parts({"type": "Vendor", "value": "1"}))
    error = answer["Fault"]["Error"][0]
    assert (error["code"], error["Message"]) == ("6190", "Invalid Company Status")


def test_deleting_a_bill_leaves_its_file(quickbooks):
    quickbooks.ask("POST", "bill", bill())
    [answer] = upload(quickbooks, *file_parts({"type": "Bill", "value": "1"}))
    quickbooks.act("delete", kind="Bill", id="1")
    id = answer["Attachable"]["Id"]
    assert quickbooks.ask("GET", f"attachable/{id}").status == 200
    deleted_body = quickbooks.ask("POST", "attachable?operation=delete", {"Id": id}).json()
    assert deleted_body["Attachable"] == {"domain": "QBO", "status": "Deleted", "Id": id}


def test_a_client_that_does_not_ask_for_json_gets_xml(quickbooks):
    quickbooks.ask("POST", "bill", bill())
    answer = quickbooks.ask("GET", "bill/1", accept="*/*")
    assert answer.headers["content-type"].startswith("application/xml")
    assert '<VendorRef name="Alder Ridge Lumber">1</VendorRef>' in answer.text
    assert '<Bill domain="QBO" sparse="false"><Id>1</Id>' in answer.text
    assert quickbooks.ask("GET", "bill/1?format=json", accept="*/*").json()["Bill"]["Id"] == "1"


def test_a_fault_is_written_in_xml_too(quickbooks):
    text = quickbooks.ask("POST", "bill", {}, accept="*/*").text
    assert '<Fault type="ValidationFault"><Error code="2020" element="VendorRef"><Message>' in text


def test_every_answer_carries_a_trace_and_the_stand_ins_date(quickbooks):
    headers = quickbooks.ask("GET", "preferences").headers
    assert headers["intuit_tid"].startswith("1-")
    assert headers["date"] == "Fri, 15 Jan 2027 08:00:00 GMT"
    assert headers["content-type"] == "application/json;charset=utf-8"
    refused = quickbooks.ask("POST", "bill", {}).headers
    assert refused["content-type"] == "application/json"
    assert "qbo-version" not in refused


def test_mounted_below_a_path_it_names_its_own_addresses(quickbooks):
    with requests.Session() as session:
        mount(session, "http://hub.test/stand-ins/quickbooks", quickbooks.wsgi)
        response = session.get(
            "http://hub.test/stand-ins/quickbooks/.well-known/openid_configuration"
        ).json()
    assert (
        response["token_endpoint"] == "http://hub.test/stand-ins/quickbooks/oauth2/v1/tokens/bearer"
    )


def test_many_clients_at_once_lose_and_double_nothing(quickbooks):
    from concurrent.futures import ThreadPoolExecutor

    token = f"Bearer {quickbooks.access_tokens[US.realm]}"
    with Server(quickbooks.wsgi) as server, ThreadPoolExecutor(4) as pool:
        url = f"{server.url}/v3/company/{US.realm}/bill"
        headers = {"Authorization": token, "Accept": "application/json"}
        jobs = [
            pool.submit(requests.post, url, json=bill(f"N{n}"), headers=headers, timeout=30)
            for n in range(80)
        ]
        ids = {job.result().json()["Bill"]["Id"] for job in jobs}
    assert ids == {str(n) for n in range(1, 81)}


SERVE = """
import sys
from pathlib import Path
from qbo_sandbox import serve_quickbooks
serve_quickbooks(
    0, folder=Path(sys.argv[1]), realm="4620816365000000000", access_token="given",
    refresh_token="given-refresh", client="me:mine", faults=["lose_answer@bill.create,nth=3"],
)
"""


def served(folder):
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(folder)], stdout=subprocess.PIPE, text=True
    )
    return process, process.stdout.readline().strip()


def test_a_killed_server_comes_back_with_its_books(tmp_path):
    process, url = served(tmp_path)
    api = f"{url}/v3/company/4620816365000000000"
    headers = {"Authorization": "Bearer given", "Accept": "application/json"}
    for n in range(2):
        assert (
            requests.post(
                f"{api}/bill", json=bill(f"N{n}"), headers=headers, timeout=30
            ).status_code
            == 200
        )
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{api}/bill", json=bill("N2"), headers=headers, timeout=30)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    process, url = served(tmp_path)
    api = f"{url}/v3/company/4620816365000000000"
    form = {"grant_type": "refresh_token", "refresh_token": "given-refresh"}
    assert (
        requests.post(
            f"{url}/oauth2/v1/tokens/bearer", data=form, auth=("me", "mine"), timeout=30
        ).status_code
        == 200
    )
    query = {"query": "select count(*) from Bill"}
    counted = requests.get(f"{api}/query", params=query, headers=headers, timeout=30).json()
    process.terminate()
    assert process.wait(10) == 0
    assert "  access token given" in process.stdout.read().splitlines()
    process.stdout.close()
    assert counted["QueryResponse"] == {"totalCount": 3}
