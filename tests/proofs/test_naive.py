"""Tests that the proofs detect the duplicates of a naive engine, so that they can fail."""

import base64
import json
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from hub.posting.protocol.history import Hold, Posted, Requeue, Search, Send
from tests.support.proofs import naive_engine, protocol_model
from tests.support.proofs.model_starts import find_problem, start
from tests.support.proofs.protocol_model import KEYS, histories
from tests.support.sources import independent_quickbooks

FIRST_HUNDRED, DOCUMENTS = 100, 100
ENGINE = Path(naive_engine.__file__)


def send_with_new_keys(history):
    """Send again with a new key whenever a send did not succeed."""
    last = history.sends[-1] if history.state == "sending" else None
    if last is None:
        return Send(renew=True)
    if last.outcome == "landed":
        return Posted(last.id)
    return Hold("refused") if last.outcome == "refused" and last.code != "10000" else Requeue()


def search_then_send(history):
    """Search before sending again, but at once, when a late send may not be visible yet."""
    if history.state != "sending" and history.sends and history.search_results is None:
        return Search()
    own_results = [
        result
        for result in history.search_results or ()
        if result.marker == history.marker and result.state == "live"
    ]
    if own_results and history.state != "sending":
        return Posted(own_results[0].id)
    return send_with_new_keys(history)


def repeat_same_key(history):
    """Repeat the same key forever, without searching."""
    step = send_with_new_keys(history)
    return Send() if isinstance(step, Send) else step


def first_duplicate(decision, keys, monkeypatch, lag=20):
    """Return the number of the model's first history that ends with a duplicate in the books."""
    monkeypatch.setattr(protocol_model, "decide", decision)
    for number, (end, end_model) in enumerate(histories(start("a bill", keys, "", lag), 2), 1):
        if find_problem(end, end_model) == "twice in the books":
            return number
    return None


@pytest.mark.parametrize("keys", KEYS)
def test_the_model_sees_that_marking_posting_and_marking_doubles(monkeypatch, figure, keys):
    number = first_duplicate(send_with_new_keys, keys, monkeypatch)
    assert number <= FIRST_HUNDRED
    figure(
        f"histories of the model until a duplicate shows, at most a hundred; a known key is {keys}",
        number,
        1,
    )


@pytest.mark.parametrize("decision", [search_then_send, repeat_same_key])
def test_the_model_sees_that_half_of_it_is_not_enough(monkeypatch, decision):
    assert first_duplicate(decision, "not while it runs", monkeypatch) <= FIRST_HUNDRED * 10


@pytest.fixture
def server(tmp_path):
    """Start the independent QuickBooks in a thread; yield it with a token."""
    books_server = independent_quickbooks.start(tmp_path)
    yield books_server, token(books_server.url)
    books_server.shutdown()
    books_server.server_close()


def token(url):
    client = base64.b64encode(":".join(independent_quickbooks.CLIENT).encode()).decode()
    form = f"grant_type=refresh_token&refresh_token={independent_quickbooks.REFRESH}".encode()
    request = urllib.request.Request(
        f"{url}/oauth2/v1/tokens/bearer", form, {"Authorization": f"Basic {client}"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["access_token"]


def count_notes(server):
    """Count each note in the books, in the order of first appearance."""
    return Counter(row["PrivateNote"] for row in server.books.rows["Purchase"].values())


def first_repeated_note(server):
    return next(
        (place for place, count in enumerate(count_notes(server).values(), 1) if count > 1), None
    )


def test_the_server_sees_it_when_answers_are_lost(server, tmp_path, figure):
    served, key = server
    served.mischief.set({"lose": 0.2})
    naive_engine.prepare(tmp_path / "naive.db", DOCUMENTS)
    naive_engine.post_all(tmp_path / "naive.db", served.url, key)
    assert len(count_notes(served)) == DOCUMENTS
    twice = sum(count > 1 for count in count_notes(served).values())
    figure("documents of a hundred posted twice if one response in five is lost", twice, 5)


def test_the_server_sees_it_when_the_engine_is_killed(server, tmp_path, figure):
    served, key = server
    dice, lives = random.Random(1), 0
    naive_engine.prepare(tmp_path / "naive.db", 5_000)
    while first_repeated_note(served) is None and lives < FIRST_HUNDRED:
        before = len(served.books.rows["Purchase"])
        engine = subprocess.Popen(
            [sys.executable, str(ENGINE), str(tmp_path / "naive.db"), served.url, key]
        )
        until = time.monotonic() + 10
        while len(served.books.rows["Purchase"]) == before and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.01))
        engine.send_signal(signal.SIGKILL)
        engine.wait()
        lives += 1
    assert first_repeated_note(served)
    figure("kills until a duplicate shows, at most a hundred", lives, 1)
