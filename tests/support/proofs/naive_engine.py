"""A naive posting engine (mark, POST, mark) that shows that the proofs can fail.

python tests/support/proofs/naive_engine.py FILE URL TOKEN      posts every document of the
file that is not marked as posted
"""

import json
import sqlite3
import sys
import urllib.request
from contextlib import closing, suppress
from http.client import HTTPException

PATH = "/v3/company/9341450000000001/purchase"


def prepare(file, count):
    """Create a number of documents to post."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("create table document (number integer primary key, state text)")
        database.executemany(
            "insert into document values (?, 'ready')", [(n,) for n in range(count)]
        )


def post_all(file, url, token):
    """Post each document that is not marked as posted, mark it, and repeat what failed."""
    database = sqlite3.connect(file, isolation_level=None)
    while waiting := database.execute(
        "select number from document where state <> 'posted' order by 1"
    ).fetchall():
        for (number,) in waiting:
            database.execute("update document set state = 'sending' where number = ?", [number])
            with suppress(OSError, HTTPException, ValueError):
                post(url, token, number)
                database.execute("update document set state = 'posted' where number = ?", [number])


def post(url, token, number):
    """Post one expense."""
    line = {
        "DetailType": "AccountBasedExpenseLineDetail",
        "Amount": 100 + number,
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "120"}},
    }
    body = {
        "PaymentType": "Cash",
        "AccountRef": {"value": "35"},
        "PrivateNote": f"document {number}",
        "Line": [line],
    }
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json",
    }
    request = urllib.request.Request(url + PATH, data=json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        json.load(answer)


if __name__ == "__main__":
    post_all(*sys.argv[1:])
