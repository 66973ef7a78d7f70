"""Seal 10,000 tokens under a new key, beside as many that Fernet rotates in SQLite.

    python benchmarks/rotation.py [tokens] [turns]

Both take turns in one run, and their ratio counts: CPU time, then the time on the clock.
"""

import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cryptography.fernet import Fernet, MultiFernet

from hub import config
from hub.app import create_app
from hub.contract.registry import Plugins
from hub.crypto import keys
from hub.crypto.vault import Vault
from hub.db import engine
from hub.models import Secret
from hub.security import secrets

TOKENS, TURNS = 10_000, 5
TOKEN = "AB11" + "x" * 40  # as long as a refresh token of Intuit


class Cost(NamedTuple):
    """What one rotation took, in seconds."""

    cpu: float
    clock: float


def measured(work: Callable[[], int], count: int) -> Cost:
    """Return what the work took; it must rotate every token."""
    cpu, clock = time.process_time(), time.perf_counter()
    rotated = work()
    cost = Cost(time.process_time() - cpu, time.perf_counter() - clock)
    assert rotated == count, f"{rotated} of {count} rotated"
    return cost


def rotate_with_the_hub(folder: Path, count: int) -> Cost:
    """Return what the hub needs to seal every token under a new key, in one transaction."""
    keys.initialise(folder)
    environ = {"HUB_DATA": str(folder), "PATH": os.environ["PATH"]}
    app = create_app(config.load(environ), plugins=Plugins([]))
    with app.app_context():
        engine.db.create_all()
        vault = Vault(keys.read_ring(folder))
        places = [f"company:{number}:refresh" for number in range(count)]
        with engine.transaction() as session:
            session.add_all(
                Secret(place=place, sealed=vault.seal(place, TOKEN)) for place in places
            )
    keys.add_vault_key(folder)
    app = create_app(config.load(environ), plugins=Plugins([]))

    def rotate() -> int:
        with engine.transaction() as session:
            return secrets.rotate(session)

    with app.app_context():
        cost = measured(rotate, count)
        newest_key_only = Vault(keys.read_ring(folder)[:1])
        with engine.read_only_session() as session:
            rows = session.query(Secret)
            readable = sum(newest_key_only.open(row.place, row.sealed) == TOKEN for row in rows)
        engine.db.engine.dispose()
    assert readable == count, f"{readable} of {count} readable"
    return cost


def rotate_with_fernet(folder: Path, count: int) -> Cost:
    """Return what MultiFernet and bare SQLite need for as many tokens."""
    old, new = Fernet(Fernet.generate_key()), Fernet(Fernet.generate_key())
    both = MultiFernet([new, old])
    folder.mkdir()
    database = sqlite3.connect(folder / "fernet.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE secret (place TEXT PRIMARY KEY, sealed BLOB NOT NULL)")
    rows = [(f"company:{number}:refresh", old.encrypt(TOKEN.encode())) for number in range(count)]
    database.executemany("INSERT INTO secret VALUES (?, ?)", rows)
    database.commit()

    def rotate() -> int:
        sealed = database.execute("SELECT place, sealed FROM secret ORDER BY place").fetchall()
        changed = [(both.rotate(token), place) for place, token in sealed]
        database.executemany("UPDATE secret SET sealed = ? WHERE place = ?", changed)
        database.commit()
        return len(changed)

    cost = measured(rotate, count)
    database.close()
    return cost


def main(count: int, turns: int) -> None:
    """Let both take turns, and print their medians and ratios."""
    hub: list[Cost] = []
    fernet: list[Cost] = []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(turns):
            hub.append(rotate_with_the_hub(Path(folder) / f"hub{turn}", count))
            fernet.append(rotate_with_fernet(Path(folder) / f"fernet{turn}", count))
    print(f"{f'{count:,} tokens under a new key':40}{'hub':>10}{'Fernet':>10}{'ratio':>8}")
    for name in Cost._fields:
        mine = statistics.median(getattr(cost, name) for cost in hub)
        other = statistics.median(getattr(cost, name) for cost in fernet)
        ratios = (getattr(a, name) / getattr(b, name) for a, b in zip(hub, fernet, strict=True))
        ratio = statistics.median(ratios)
        print(f"{name:40}{mine * 1000:7.0f} ms{other * 1000:7.0f} ms{ratio:7.2f}x")


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    main(*numbers, *(TOKENS, TURNS)[len(numbers) :])
