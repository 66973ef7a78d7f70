"""Tests of `hub sandbox quickbooks` killed repeatedly: its books contain every answered bill."""

import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from tests.support.processes.command_processes import ForkServer, StandIn
from tests.support.runs.tiers import by_form

pytestmark = pytest.mark.proof
HUB = str(Path(sys.executable).with_name("hub"))
REALM, TOKEN = "4620816365000000000", "given"
KILLS, WRITERS = by_form(small=(2, 2), full=(8, 3), long=(60, 3))


@pytest.fixture(scope="module")
def fork_server(tmp_path_factory):
    """Start a process that forks stand-ins only."""
    processes = ForkServer(tmp_path_factory.mktemp("warm"), "--stand-ins-only")
    yield processes
    processes.close()


@pytest.fixture
def serve(fork_server, tmp_path):
    """Return a function that starts the command with the books of this folder, without imports."""
    yield lambda: StandIn(fork_server, "quickbooks", *options(tmp_path))
    fork_server.kill_all()


def options(folder):
    return ["--folder", str(folder), "--realm", REALM, "--access-token", TOKEN]


@contextmanager
def run_command(folder, *more):
    """Start the command as a process; yield its first line and end it with the block."""
    command = [HUB, "sandbox", "quickbooks", *options(folder), *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        if process.poll() is None:
            process.terminate()
        process.stdout.close()
        process.wait(20)


def bill(number):
    line = {
        "Amount": "12.34",
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
    }
    return {"VendorRef": {"value": "1"}, "DocNumber": number, "Line": [line]}


def session():
    client = requests.Session()
    client.headers.update({"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"})
    return client


def post(client, url, number):
    target = f"{url}/v3/company/{REALM}/bill?requestid=key-{number}"
    return client.post(target, json=bill(number), timeout=20).json()["Bill"]["Id"]


def write_until_killed(url, names, ids, answered):
    """Post bills until a call fails, storing answered ids in `told`; return the failed number."""
    with session() as client:
        for number in names:
            try:
                ids[number] = post(client, url, number)
                answered.release()
            except requests.RequestException:
                return number
    raise AssertionError("the process was never killed")


def kill_while_writing(quickbooks, turn, ids, dice):
    """Kill the process after some answers; return the bills whose outcome is unknown."""
    answered = threading.Semaphore(0)
    with ThreadPoolExecutor(WRITERS) as pool:
        names = [[f"{turn}-{writer}-{n}" for n in range(10_000)] for writer in range(WRITERS)]
        jobs = [
            pool.submit(write_until_killed, quickbooks.url, numbers, ids, answered)
            for numbers in names
        ]
        for _ in range(dice.randrange(1, 40)):
            answered.acquire()
        quickbooks.stop()
        return [job.result() for job in jobs]


def test_answered_writes_are_in_the_books_after_any_kill(serve, figure):
    dice, ids, unknown = random.Random(3), {}, []
    for turn in range(KILLS):
        unknown += kill_while_writing(serve(), turn, ids, dice)
    url = serve().url
    with session() as client:
        books = client.get(f"{url}/_sandbox/books", params={"realm": REALM}, timeout=60).json()[
            REALM
        ]
        numbers = [row["DocNumber"] for row in books["Bill"]]
        assert {row["DocNumber"]: row["Id"] for row in books["Bill"]}.items() >= ids.items()
        assert len(numbers) == len(set(numbers))
        assert set(numbers) <= ids.keys() | set(unknown)
        again = {number: post(client, url, number) for number in [*ids, *unknown]}
        assert again.items() >= ids.items()
        final_books = client.get(f"{url}/_sandbox/books", timeout=60).json()[REALM]
    assert len(final_books["Bill"]) == len(again)
    assert Decimal(final_books["balances"]["7"]) == Decimal("12.34") * len(again)
    figure("kills of the QuickBooks stand-in while it wrote, nothing lost or doubled", KILLS, KILLS)


def test_the_command_line_chooses_companies_faults_and_answers(tmp_path):
    options = ["--company", "simple-start", "--company", "norway", "--switch", "requestid=refuse"]
    with (
        run_command(tmp_path, *options, "--fault", "throttled@bill.create,retry_after=7") as url,
        session() as client,
    ):
        settings = client.get(f"{url}/_sandbox/company", timeout=20).json()
        assert [company["purchase_orders"] for company in settings.values()] == [False, True]
        assert (
            client.get(f"{url}/_sandbox/switches", timeout=20).json()["requestid"]["is"] == "refuse"
        )
        first = client.post(f"{url}/v3/company/{REALM}/bill", json=bill("a"), timeout=20)
        assert (first.status_code, first.headers["Retry-After"]) == (429, "7")


def test_a_port_and_a_folder_belong_to_one_process(tmp_path):
    with run_command(tmp_path) as url:
        for options, words in (
            (["--port", url.rpartition(":")[2]], "is in use"),
            (["--folder", tmp_path], "another stand-in"),
        ):
            result = subprocess.run(
                [HUB, "sandbox", "quickbooks", *options],
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert (result.returncode, words in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--company", "mars"], "simple-start"),
        (["--switch", "requestid=perhaps"], "duplicate"),
        (["--fault", "lose_answr@bill.create"], "lose_answer"),
    ],
)
def test_the_command_line_refuses_what_it_does_not_know(options, words):
    result = subprocess.run(
        [HUB, "sandbox", "quickbooks", *options], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 2
    assert words in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.stderr
