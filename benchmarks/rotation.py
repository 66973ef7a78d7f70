"""Seal 10,000 secrets under a new key, beside as many tokens that Fernet rotates in SQLite."""

import os
import sqlite3
import tempfile
import time
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet

from hub import config
from hub.app import create_app
from hub.contract.registry import Plugins
from hub.crypto import keys
from hub.crypto.vault import Vault
from hub.db import engine
from hub.models import Secret
from hub.security import secrets

MANY = 10_000
LONGEST_SECONDS = 5
TOKEN = "AB11" + "x" * 40  # as long as a refresh token of Intuit


def rotate_with_the_hub(folder: Path) -> float:
    """Return the seconds that the hub needs to seal every secret under a new key."""
    keys.initialise(folder)
    environ = {"HUB_DATA": str(folder), "PATH": os.environ["PATH"]}
    app = create_app(config.load(environ), plugins=Plugins([]))
    with app.app_context():
        engine.db.create_all()
        vault = Vault(keys.read_ring(folder))
        places = [f"company:{number}:refresh" for number in range(MANY)]
        with engine.transaction() as session:
            session.add_all(
                Secret(place=place, sealed=vault.seal(place, TOKEN)) for place in places
            )
    keys.add_vault_key(folder)
    app = create_app(config.load(environ), plugins=Plugins([]))
    with app.app_context():
        began = time.perf_counter()
        with engine.transaction() as session:
            rotated = secrets.rotate(session)
        seconds = time.perf_counter() - began
        newest_key_only = Vault(keys.read_ring(folder)[:1])
        with engine.reading() as session:
            rows = session.query(Secret)
            readable = sum(newest_key_only.open(row.place, row.sealed) == TOKEN for row in rows)
    assert (rotated, readable) == (MANY, MANY), f"{rotated} rotated, {readable} readable"
    return seconds


def rotate_with_fernet(folder: Path) -> float:
    """Return the seconds that MultiFernet and SQLite need for as many tokens."""
    old, new = Fernet(Fernet.generate_key()), Fernet(Fernet.generate_key())
    both = MultiFernet([new, old])
    database = sqlite3.connect(folder / "fernet.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE secret (place TEXT PRIMARY KEY, sealed BLOB NOT NULL)")
    rows = [(f"company:{number}:refresh", old.encrypt(TOKEN.encode())) for number in range(MANY)]
    database.executemany("INSERT INTO secret VALUES (?, ?)", rows)
    database.commit()
    began = time.perf_counter()
    sealed = database.execute("SELECT place, sealed FROM secret ORDER BY place").fetchall()
    changed = [(both.rotate(token), place) for place, token in sealed]
    database.executemany("UPDATE secret SET sealed = ? WHERE place = ?", changed)
    database.commit()
    seconds = time.perf_counter() - began
    database.close()
    return seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        hub = rotate_with_the_hub(Path(folder) / "hub")
        fernet = rotate_with_fernet(Path(folder))
    print(f"{'10,000 secrets under a new key':40}{'ms':>9}{'of Fernet':>12}")
    print(f"{'hub, one transaction':40}{hub * 1000:9.0f}{hub / fernet:11.2f}x")
    print(f"{'MultiFernet and bare SQLite':40}{fernet * 1000:9.0f}{1:11.2f}x")
    assert hub < LONGEST_SECONDS, f"{hub:.1f} s"


if __name__ == "__main__":
    main()
