"""Guess passwords at the same time: memory of the server and latency of a page, bounded or not.

    python benchmarks/password_guesses.py [guesses at the same time] [seconds]

The first line is the server without a bound on hashing, the second one the hub as it is.
"""

import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import requests

THREADS_OF_SERVER = 16


def serve(folder: str, slots: int) -> None:
    """Serve a new hub until the input ends, then print the memory it needed at most."""
    from hub import config as configuration
    from hub.app import create_app
    from hub.db import engine
    from hub.security import people
    from hub.security.password_hashing import BoundedHashing
    from hub.security.rights import Right
    from hub.web.serving.server import Web

    environ = {"HUB_DATA": folder, "HUB_SECOND_FACTOR": "off", "HUB_TRUSTED_PROXY": "127.0.0.1"}
    configuration.initialise(Path(folder))
    app = create_app(configuration.load(environ))
    engine.upgrade(app)
    with app.app_context():
        password_hash = people.hash_new("a long passphrase of olga")
    with app.app_context(), engine.transaction() as session:
        people.insert(session, "olga", password_hash, [Right("owner")])
    if slots:
        security = app.extensions["security"]
        security.pwd_context = BoundedHashing(security.pwd_context._context, slots=slots)
    web = Web(app, "127.0.0.1", 0)
    web.start()
    print(web.url, flush=True)
    sys.stdin.read()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)


def guess(url: str, number: int, end: float, statuses: list[int]) -> None:
    """Guess the password of a new name from a new address again and again."""
    session = requests.Session()
    form = session.get(f"{url}/login", timeout=60).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    assert token
    round_number = 0
    while time.monotonic() < end:
        round_number += 1
        address = f"198.{number}.{round_number // 250}.{round_number % 250 + 1}"
        fields = {
            "email": f"person {number} {round_number}",
            "password": "a wrong password",
            "csrf_token": token[1],
        }
        headers = {"X-Forwarded-For": address}
        answer = session.post(f"{url}/login", data=fields, headers=headers, timeout=60)
        statuses.append(answer.status_code)


def measure(slots: int, guesses: int, seconds: float) -> None:
    """Print memory and latency of one server under guesses."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "serve", folder, str(slots)]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert server.stdin
        assert server.stdout
        url = server.stdout.readline().strip()
        statuses: list[int] = []
        latencies: list[float] = []
        end = time.monotonic() + seconds
        threads = [
            threading.Thread(target=guess, args=(url, number, end, statuses))
            for number in range(guesses)
        ]
        for thread in threads:
            thread.start()
        while time.monotonic() < end:
            start = time.monotonic()
            requests.get(f"{url}/login", timeout=60)
            latencies.append(time.monotonic() - start)
            time.sleep(0.05)
        for thread in threads:
            thread.join()
        server.stdin.close()
        memory = server.stdout.readline().strip()
        server.wait()
    latencies.sort()
    print(
        f"{slots or 'default'} slots: {memory} MB at most, page median"
        f" {latencies[len(latencies) // 2]:.2f} s, longest {latencies[-1]:.2f} s;"
        f" {statuses.count(200)} guesses checked, {statuses.count(503)} refused at once",
        flush=True,
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        guesses = int(sys.argv[1]) if len(sys.argv) > 1 else 16
        seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 10
        measure(THREADS_OF_SERVER, guesses, seconds)
        measure(0, guesses, seconds)
