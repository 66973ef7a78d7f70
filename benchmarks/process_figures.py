"""The CPU time and the memory of a process that a benchmark has started, from /proc."""

import os
import subprocess
from pathlib import Path


def cpu_seconds(process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> float:
    """Return how long a process and its threads have worked."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory(process: subprocess.Popen[bytes]) -> float:
    """Return the largest resident size of a process so far, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
