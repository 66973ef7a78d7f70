"""Measure how fast the QuickBooks stand-in answers creates, and its memory.

Beside it stands how fast python-quickbooks can send them.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

from process_figures import cpu_seconds, peak_memory
from quickbooks import QuickBooks
from quickbooks.objects.base import Ref
from quickbooks.objects.bill import Bill
from quickbooks.objects.detailline import AccountBasedExpenseLine, AccountBasedExpenseLineDetail

ROUNDS, BILLS, LINES, OPEN_REQUESTS = 3, 1000, 5, 8
MANY = int(os.environ.get("STAND_IN_BILLS", "100000"))
Process = subprocess.Popen[bytes]
Rates = tuple[float, float]  # bills a second on the clock and of CPU
REALM, ACCESS = "9130000000000001", "bench-access"
# A server that gives the same answer to every request.
CANNED = """
import socket, sys
answer = sys.stdin.buffer.read()
listener = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
while True:
    peer, _ = listener.accept()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    seen = b""
    while more := peer.recv(1 << 16):
        seen += more
        while (end := seen.find(b"\\r\\n\\r\\n")) >= 0:
            head = seen[:end].lower()
            whole = end + 4 + int(head.partition(b"content-length:")[2].partition(b"\\r\\n")[0])
            if len(seen) < whole:
                break
            seen = seen[whole:]
            peer.sendall(answer)
"""


def start_stand_in(folder: str) -> tuple[Process, str]:
    """Start the stand-in; return its process and its address."""
    command = [str(Path(sys.executable).with_name("hub")), "sandbox", "quickbooks"]
    command += ["--folder", f"{folder}/books", "--realm", REALM, "--access-token", ACCESS]
    return start(command)


def start(command: list[str], content: bytes = b"") -> tuple[Process, str]:
    """Start a server with this input; return its process and its address."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ}
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(content)
    process.stdin.close()
    return process, process.stdout.readline().decode().strip()


def stop(process: Process) -> None:
    """End a server."""
    process.terminate()
    process.wait(30)
    assert process.stdout
    process.stdout.close()


def body(number: str) -> bytes:
    """Return a bill as JSON."""
    line = {
        "Amount": 10.25,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
    }
    return json.dumps(
        {"VendorRef": {"value": "1"}, "DocNumber": number, "Line": [line] * LINES}
    ).encode()


def request(number: str) -> bytes:
    """Return a request that creates a bill."""
    content = body(number)
    head = (
        f"POST /v3/company/{REALM}/bill?minorversion=75 HTTP/1.1",
        "Host: 127.0.0.1",
        "Accept: application/json",
        f"Authorization: Bearer {ACCESS}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
    )
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content


class Answers:
    """The complete answers on one connection."""

    def __init__(self, url: str) -> None:
        self.peer = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
        self.peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def next(self) -> bytes:
        """Wait for the next complete answer and return it."""
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            self.buffer += self.peer.recv(1 << 18)
        head = self.buffer[:end]
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        size = end + 4 + length
        while len(self.buffer) < size:
            self.buffer += self.peer.recv(1 << 18)
        answer, self.buffer = self.buffer[:size], self.buffer[size:]
        return answer


def flood(url: str, count: int, prefix: str) -> None:
    """Send bills so that the next ones always wait: the stand-in never waits for its client."""
    answers = Answers(url)
    contents = [request(f"{prefix}{n}") for n in range(count)]
    free = threading.Semaphore(OPEN_REQUESTS)

    def send() -> None:
        for content in contents:
            free.acquire()
            answers.peer.sendall(content)

    writer = threading.Thread(target=send)
    writer.start()
    for _ in contents:
        answers.next()
        free.release()
    writer.join()
    answers.peer.close()


def save_with_peer(url: str, prefix: str) -> None:
    """Send bills with python-quickbooks, one after the other."""
    QuickBooks.sandbox_api_url_v3 = f"{url}/v3"
    auth = SimpleNamespace(
        client_id="bench", access_token=ACCESS, refresh_token="", environment="sandbox"
    )
    client = QuickBooks(auth_client=auth, refresh_token="r", company_id=REALM, minorversion=75)
    for n in range(BILLS):
        bill = Bill()
        bill.DocNumber = f"{prefix}{n}"
        bill.VendorRef = Ref()
        bill.VendorRef.value = "1"
        for _ in range(LINES):
            line = AccountBasedExpenseLine()
            line.Amount = 10.25
            line.AccountBasedExpenseLineDetail = AccountBasedExpenseLineDetail()
            line.AccountBasedExpenseLineDetail.AccountRef = Ref()
            line.AccountBasedExpenseLineDetail.AccountRef.value = "7"
            bill.Line.append(line)
        bill.save(qb=client)


def measure(work: Callable[[], None], count: int, cpu: Callable[[], float]) -> Rates:
    """Return bills a second by the clock, and by the CPU time of the side that is measured."""
    wall_before, cpu_before = time.perf_counter(), cpu()
    work()
    return count / (time.perf_counter() - wall_before), count / (cpu() - cpu_before)


def row(name: str, rates: list[Rates], reference: list[Rates]) -> None:
    """Print a row.

    The ratio is that of bills for a second of CPU, which other work on the machine hardly changes.
    """
    wall, cpu = (statistics.median(values) for values in zip(*rates, strict=True))
    ratio = cpu / statistics.median(rate for _, rate in reference)
    print(f"{name:58}{wall:9.0f}{cpu:11.0f}{ratio:7.2f}x")


def main() -> None:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # lets the peer use plain http on loopback
    with ExitStack() as cleanup:
        folder = cleanup.enter_context(tempfile.TemporaryDirectory())
        process, url = start_stand_in(folder)
        cleanup.callback(stop, process)
        first = Answers(url)
        first.peer.sendall(request("first"))
        canned, canned_url = start([sys.executable, "-c", CANNED], first.next())
        cleanup.callback(stop, canned)
        table(process, url, canned_url)


def table(process: Process, url: str, canned_url: str) -> None:
    """Send bills to the stand-in and to the server of one answer, and print the figures."""
    canned: list[Rates] = []
    flooded: list[Rates] = []
    peer: list[Rates] = []
    own_cpu, its_cpu = time.process_time, partial(cpu_seconds, process)
    for turn in range(ROUNDS):
        canned.append(measure(partial(save_with_peer, canned_url, f"A{turn}-"), BILLS, own_cpu))
        flooded.append(measure(partial(flood, url, BILLS, f"B{turn}-"), BILLS, its_cpu))
        peer.append(measure(partial(save_with_peer, url, f"C{turn}-"), BILLS, own_cpu))
    more = max(1, MANY - (1 + 2 * ROUNDS * BILLS))
    many = [measure(partial(flood, url, more, "D-"), more, its_cpu)]
    memory = peak_memory(process)
    with urlopen(f"{url}/_sandbox/books?realm={REALM}") as books:
        size = len(books.read()) / 1e6
    title = f"single bills of {LINES} lines, median of {ROUNDS}"
    print(f"{title:58}{'bills/s':>9}{'per CPU s':>11}{'ratio':>8}")
    row("python-quickbooks sending, answered at once", canned, canned)
    row("stand-in answering, the next request always waiting", flooded, canned)
    row(f"stand-in answering, up to {MANY:,} bills stored", many, canned)
    row("python-quickbooks sending to the stand-in", peer, canned)
    print(f"{f'peak memory of the stand-in with {MANY:,} bills':58}{memory:6.0f} MB")
    title = f"the same after all its data was read, {size:.0f} MB"
    print(f"{title:58}{peak_memory(process):6.0f} MB")


if __name__ == "__main__":
    main()
