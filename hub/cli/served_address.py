"""The address at which `hub serve` last served the pages of a data folder, for other commands.

They print links and send mail with links, and run in processes of their own.
"""

from contextlib import suppress
from pathlib import Path

from hub.crypto.keys import write_private

ADDRESS_FILE = "address"


def store(folder: Path, address: str) -> None:
    """Store the address; a data folder that cannot be written stops no server."""
    with suppress(OSError):
        write_private(folder / ADDRESS_FILE, address, durable=False)


def read(folder: Path) -> str:
    """Return the stored address; "" if the pages were never served from this folder."""
    try:
        return (folder / ADDRESS_FILE).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
