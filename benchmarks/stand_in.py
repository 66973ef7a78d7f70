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
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

from quickbooks import QuickBooks
from quickbooks.objects.base import Ref
from quickbooks.objects.bill import Bill
from quickbooks.objects.detailline import AccountBasedExpenseLine, AccountBasedExpenseLineDetail

ROUNDS, BILLS, LINES, UNDER_WAY = 3, 1000, 5, 8
MANY = int(os.environ.get("STAND_IN_BILLS", "100000"))
REALM, ACCESS = "9130000000000001", "bench-access"
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


def stand_in(folder):
    command = [
        str(Path(sys.executable).with_name("hub")),
        "sandbox",
        "quickbooks",
        "--folder",
        f"{folder}/books",
    ]
    command += ["--realm", REALM, "--access-token", ACCESS]
    return started(command)


def started(command, given=b""):
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ}
    )
    process.stdin.write(given)
    process.stdin.close()
    return process, process.stdout.readline().decode().strip()


def stopped(process):
    process.terminate()
    process.wait(30)
    process.stdout.close()


def body(number):
    line = {
        "Amount": 10.25,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
    }
    return json.dumps(
        {"VendorRef": {"value": "1"}, "DocNumber": number, "Line": [line] * LINES}
    ).encode()


def request(number):
    content = body(number)
    head = f"POST /v3/company/{REALM}/bill?minorversion=75 HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
    head += f"Authorization: Bearer {ACCESS}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return head.encode() + b"\r\n" + content


class Answers:
    """The complete answers on one connection."""

    def __init__(self, url):
        self.peer = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
        self.peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.seen = b""

    def next(self):
        while (end := self.seen.find(b"\r\n\r\n")) < 0:
            self.seen += self.peer.recv(1 << 18)
        head = self.seen[:end]
        assert head.startswith(b"HTTP/1.1 200"), head
        whole = end + 4 + int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        while len(self.seen) < whole:
            self.seen += self.peer.recv(1 << 18)
        answer, self.seen = self.seen[:whole], self.seen[whole:]
        return answer


def flooded(url, count, prefix, under_way=UNDER_WAY):
    """Send bills so that the next ones always wait: the stand-in never waits for its client."""
    sent, asked = Answers(url), [request(f"{prefix}{n}") for n in range(count)]
    free = threading.Semaphore(under_way)

    def send():
        for one in asked:
            free.acquire()
            sent.peer.sendall(one)

    writer = threading.Thread(target=send)
    writer.start()
    for _ in asked:
        sent.next()
        free.release()
    writer.join()
    sent.peer.close()


def peer(url, prefix, count=BILLS):
    """Send bills with python-quickbooks, one after the other."""
    QuickBooks.sandbox_api_url_v3 = f"{url}/v3"
    auth = SimpleNamespace(
        client_id="bench", access_token=ACCESS, refresh_token="", environment="sandbox"
    )
    client = QuickBooks(auth_client=auth, refresh_token="r", company_id=REALM, minorversion=75)
    for n in range(count):
        bill = Bill()
        bill.VendorRef, bill.DocNumber = Ref(), f"{prefix}{n}"
        bill.VendorRef.value = "1"
        for _ in range(LINES):
            line = AccountBasedExpenseLine()
            line.Amount, line.AccountBasedExpenseLineDetail = 10.25, AccountBasedExpenseLineDetail()
            line.AccountBasedExpenseLineDetail.AccountRef = Ref()
            line.AccountBasedExpenseLineDetail.AccountRef.value = "7"
            bill.Line.append(line)
        bill.save(qb=client)


def measured(work, count, cpu):
    """Return bills a second by the clock, and by the CPU time of the side that is measured."""
    wall, own = time.perf_counter(), cpu()
    work()
    return count / (time.perf_counter() - wall), count / (cpu() - own)


def cpu_of(process):
    """Return the seconds of CPU time that a process has used."""
    told = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def resident(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def row(name, found, of):
    """Print a row.

    The ratio is that of bills for a second of CPU, which other work on the machine hardly changes.
    """
    wall, cpu = (statistics.median(values) for values in zip(*found, strict=True))
    print(f"{name:58}{wall:9.0f}{cpu:11.0f}{cpu / statistics.median(own for _, own in of):7.2f}x")


def main() -> None:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = (
        "1"  # the peer's own word for plain http on the loopback
    )
    runs = {"canned": [], "flooded": [], "peer": []}
    with tempfile.TemporaryDirectory() as folder:
        process, url = stand_in(folder)
        canned = None
        try:
            first = Answers(url)
            first.peer.sendall(request("first"))
            canned, blank = started([sys.executable, "-c", CANNED], first.next())
            work, own = (lambda: cpu_of(process)), time.process_time
            for turn in range(ROUNDS):
                runs["canned"].append(
                    measured(lambda turn=turn: peer(blank, f"A{turn}-"), BILLS, own)
                )
                runs["flooded"].append(
                    measured(lambda turn=turn: flooded(url, BILLS, f"B{turn}-"), BILLS, work)
                )
                runs["peer"].append(measured(lambda turn=turn: peer(url, f"C{turn}-"), BILLS, own))
            so_far = 1 + 2 * ROUNDS * BILLS
            left = max(1, MANY - so_far)
            runs["many"] = [measured(lambda: flooded(url, left, "D-"), left, work)]
            memory = resident(process)
            with urlopen(f"{url}/_sandbox/books?realm={REALM}") as books:
                size = len(books.read()) / 1e6
            told = resident(process)
        finally:
            stopped(process)
            if canned:
                stopped(canned)
    title = f"single bills of {LINES} lines, median of {ROUNDS}"
    print(f"{title:58}{'bills/s':>9}{'per CPU s':>11}{'ratio':>8}")
    row("python-quickbooks sending, answered at once", runs["canned"], runs["canned"])
    row("stand-in answering, the next request always waiting", runs["flooded"], runs["canned"])
    row(f"stand-in answering, up to {MANY:,} bills in its books", runs["many"], runs["canned"])
    row("python-quickbooks sending to the stand-in", runs["peer"], runs["canned"])
    print(f"{f'most memory of the stand-in with {MANY:,} bills':58}{memory:6.0f} MB")
    print(f"{f'the same after it told all its books, {size:.0f} MB':58}{told:6.0f} MB")


if __name__ == "__main__":
    main()
