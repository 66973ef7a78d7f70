"""Tests of the fixture `qbo_sandbox`: a served stand-in for tests of an integration."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

BILL = {
    "VendorRef": {"value": "1"},
    "Line": [
        {
            "Amount": 12.5,
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
        }
    ],
}
README = Path(__file__).parents[1] / "README.md"


def post(sandbox, path, body):
    headers = {"Authorization": f"Bearer {sandbox.access_token}", "Accept": "application/json"}
    url = f"{sandbox.api_url}/company/{sandbox.realm}/{path}"
    return requests.post(url, json=body, headers=headers, timeout=30)


def test_a_client_connects_with_what_it_provides(qbo_sandbox):
    answer = requests.post(
        qbo_sandbox.token_url,
        data={"grant_type": "refresh_token", "refresh_token": qbo_sandbox.refresh_token},
        auth=(qbo_sandbox.client_id, qbo_sandbox.client_secret),
        timeout=30,
    )
    assert answer.json()["token_type"] == "bearer"
    assert post(qbo_sandbox, "bill", BILL | {"DocNumber": "A"}).status_code == 200
    assert [bill["DocNumber"] for bill in qbo_sandbox.objects("Bill")] == ["A"]
    assert qbo_sandbox.select("select count(*) from Bill") == {"totalCount": 1}
    assert "A" in str(qbo_sandbox.books(kind="Bill"))


def test_books_are_seeded_and_changed_as_a_person_would(qbo_sandbox):
    vendor = qbo_sandbox.create("Vendor", DisplayName="Ada Ltd")
    bill = qbo_sandbox.create("Bill", **BILL | {"VendorRef": {"value": vendor["Id"]}})
    assert bill["VendorRef"]["name"] == "Ada Ltd"
    qbo_sandbox.act("delete", kind="Bill", id=bill["Id"])
    assert qbo_sandbox.objects("Bill") == []
    with pytest.raises(ValueError, match="refuses this Vendor"):
        qbo_sandbox.create("Vendor")


def test_faults_and_switches_are_set(qbo_sandbox):
    qbo_sandbox.switch(batch_size=10)
    items = [{"bId": str(number), "Query": "select * from Bill"} for number in range(11)]
    assert post(qbo_sandbox, "batch", {"BatchItemRequest": items}).status_code == 400
    qbo_sandbox.add_fault("lose_answer", "bill.create")
    with pytest.raises(requests.ConnectionError):
        post(qbo_sandbox, "bill", BILL)
    assert len(qbo_sandbox.objects("Bill")) == 1


def test_a_second_company_is_opened(qbo_sandbox):
    realm = qbo_sandbox.open("norway")
    assert realm != qbo_sandbox.realm
    assert qbo_sandbox.quickbooks.token(realm) != qbo_sandbox.access_token


@pytest.mark.parametrize("number", [1, 2])
def test_every_test_has_books_of_its_own(qbo_sandbox, number):
    assert qbo_sandbox.objects("Bill") == []
    qbo_sandbox.create("Bill", **BILL)


def test_the_example_of_the_page_runs_in_any_project_and_pytest_starts_without_the_stand_in(
    tmp_path,
):
    blocks = [part.partition("```")[0] for part in README.read_text().split("```python\n")[1:]]
    [example] = [block for block in blocks if "def test_" in block]
    (tmp_path / "test_author.py").write_text(example)
    (tmp_path / "conftest.py").write_text(
        "import sys\ndef pytest_configure(): assert 'qbo_sandbox.factory' not in sys.modules\n"
    )
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert "1 passed" in result.stdout, result.stdout[-2000:] + result.stderr[-2000:]
