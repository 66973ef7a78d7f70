"""SIGTERM and Ctrl-C that come together end a process, whatever line they interrupt."""

import subprocess
import sys

import pytest

# While the handler of one signal sets the event, and while the main thread waits for it, the
# process holds the lock of the event. There the other signal comes.
PROGRAM = """
import signal, sys, threading
from hub.end_signals import set_on_end_signal

ended = threading.Event()
set_on_end_signal(ended)
raised = []

def interrupt(frame, event, argument):
    if event == "call" and frame.f_code is threading.Condition.{method}.__code__ and not raised:
        raised.append(True)
        signal.raise_signal(signal.SIGINT)

sys.setprofile(interrupt)
if {at_once}:
    signal.raise_signal(signal.SIGTERM)
ended.wait()
"""


@pytest.mark.parametrize(
    ("method", "at_once"), [("notify_all", True), ("wait", False)], ids=["setting", "waiting"]
)
def test_a_signal_while_the_lock_of_the_event_is_held_ends_the_process(method, at_once):
    program = PROGRAM.format(method=method, at_once=at_once)
    # A process that waits for itself does not end before the time limit.
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)
