"""Measure latency and CPU time of 200 QuickBooks webhooks a second to one `hub serve`.

Calls come at fixed times, whether or not the answers to those before have come. The first call of a
company writes that something changed and requests a run; while that run waits, further ones only
read. Latency is time on the clock, so it means something on an idle machine only; the CPU time of
the server does on any. BENCH_RESULTS names a file to which the figures are added.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import queue
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from process_figures import cpu_seconds

from hub import config as configuration
from hub.app import create_app
from hub.db import engine
from tests.support.rows import large_data
from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS

TOKEN = "verifier"
PER_SECOND = int(os.environ.get("WEBHOOKS_PER_SECOND", "200"))
COMPANIES = int(os.environ.get("WEBHOOK_COMPANIES", "2000"))  # and calls of each round
CONNECTIONS = 16


def call(number: int, bill: int) -> tuple[bytes, dict[str, str]]:
    """Return the body and headers of a notice that a bill of a company changed."""
    entity = {"name": "Bill", "id": f"x{bill}", "operation": "Update", "lastUpdated": "2026-03-06"}
    notice = {"realmId": f"93{number:07d}", "dataChangeEvent": {"entities": [entity]}}
    body = json.dumps({"eventNotifications": [notice]}).encode()
    signature = base64.b64encode(hmac.new(TOKEN.encode(), body, hashlib.sha256).digest()).decode()
    return body, {"intuit-signature": signature, "Content-Type": "application/json"}


def flood(port: int, round_number: int) -> tuple[list[float], Counter[int]]:
    """Make a call for each company in turn; return the seconds that answers took, and statuses."""
    due: queue.Queue[tuple[float, bytes, dict[str, str]] | None] = queue.Queue()
    seconds: list[float] = []
    statuses: Counter[int] = Counter()

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while (one := due.get()) is not None:
            at, body, headers = one
            time.sleep(max(0.0, at - time.perf_counter()))
            connection.request("POST", "/webhooks/quickbooks", body, headers)
            answer = connection.getresponse()
            answer.read()
            seconds.append(time.perf_counter() - at)
            statuses[answer.status] += 1
        connection.close()

    begin = time.perf_counter() + 0.5
    for number in range(COMPANIES):
        due.put((begin + number / PER_SECOND, *call(number + 1, round_number)))
    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds, statuses


def prepare(environ: dict[str, str]) -> None:
    """Write a database with companies."""
    app = create_app(configuration.load(environ))
    engine.upgrade(app)
    with app.app_context(), engine.transaction() as session:
        today = app.extensions["hub"].clock.now().date()
        large_data.fill(session, companies=COMPANIES, documents=COMPANIES, today=today)


def served(environ: dict[str, str]) -> tuple[subprocess.Popen[str], int]:
    """Start the server on a free port, and wait until it answers."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    hub = str(Path(sys.executable).with_name("hub"))
    command = [hub, "serve", "--no-engine", "--port", str(port)]
    process = subprocess.Popen(
        command, env={**os.environ, **environ}, stdout=subprocess.DEVNULL, text=True
    )
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return process, port
        except ConnectionError:
            time.sleep(0.1)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            "HUB_DATA": folder,
            "HUB_SECRET_KEY": SECRET_KEY,
            "HUB_VAULT_KEYS": VAULT_KEYS,
            "HUB_QBO_WEBHOOK_TOKEN": TOKEN,
        }
        prepare(environ)
        process, port = served(environ)
        try:
            print(f"{f'{PER_SECOND} a second, {COMPANIES} calls':34}", end="")
            print(f"{'median':>8}{'p99':>8}{'longest':>9} ms{'CPU a call':>12} ms{'refused':>9}")
            for round_number, what in enumerate(("first of a company", "further ones", "again")):
                began = cpu_seconds(process)
                seconds, statuses = flood(port, round_number)
                cpu = (cpu_seconds(process) - began) / COMPANIES * 1000
                median, p99 = statistics.median(seconds), statistics.quantiles(seconds, n=100)[-1]
                refused = statuses.total() - statuses[200]
                print(
                    f"{what:34}{median * 1e3:8.1f}{p99 * 1e3:8.1f}{max(seconds) * 1e3:9.1f}", end=""
                )
                print(f"{cpu:15.2f}{refused:12}", flush=True)
                if "BENCH_RESULTS" in os.environ:
                    figure = {"webhooks": what, "per_second": PER_SECOND, "median_ms": median * 1e3}
                    figure |= {"p99_ms": p99 * 1e3, "cpu_ms": cpu, "refused": refused}
                    with open(os.environ["BENCH_RESULTS"], "a") as file:
                        file.write(json.dumps(figure) + "\n")
        finally:
            process.terminate()
            process.wait(30)


if __name__ == "__main__":
    main()
