"""Servers that share no code with the hub or its stand-ins, as processes."""

import json
import select
import subprocess
import sys
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parents[1] / "support" / "sources"
START_SECONDS = 60


class IndependentServer:
    """A server script in a process, controlled by its pages below /_other/."""

    def __init__(self, script: str, folder: Path, *args: object) -> None:
        errors = folder / f"{script}.err"
        command = [sys.executable, str(SOURCES / script), *map(str, args)]
        with errors.open("w") as stderr:
            self.process: Any = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=stderr, text=True
            )
        started = select.select([self.process.stdout], [], [], START_SECONDS)[0]
        assert started, f"{script} printed no address: {errors.read_text()}"
        self.url = self.process.stdout.readline().strip()

    def ask(self, page: str, body: Any = None) -> Any:
        """Call a page below /_other/; with a body as a POST."""
        content = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(
            f"{self.url}/_other/{page}", data=content, timeout=START_SECONDS
        ) as answer:
            return json.load(answer, parse_float=Decimal)

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
