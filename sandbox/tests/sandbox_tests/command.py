"""A runner for the command `qbo-sandbox`."""

import subprocess
import sys
from contextlib import contextmanager


@contextmanager
def running(*options):
    """Run the command in a separate process and yield the lines that it prints."""
    command = [sys.executable, "-u", "-m", "qbo_sandbox", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        lines = [process.stdout.readline().rstrip("\n")]
        while not lines[-1].startswith("  curl "):
            assert lines[-1] or process.poll() is None
            lines.append(process.stdout.readline().rstrip("\n"))
        yield lines
    finally:
        process.terminate()
        process.stdout.close()
        process.wait(20)
