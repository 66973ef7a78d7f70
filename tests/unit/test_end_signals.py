"""SIGTERM and Ctrl-C that come together or twice end a process, whatever it does."""

import signal
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


# A thread of the process waits, such as for a server that does not answer, while it ends in order.
SERVER = """
import os, signal, threading, time
from concurrent.futures import ThreadPoolExecutor
from hub.web.serving.server import Web

def send():
    while signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        time.sleep(0.01)
    os.kill(os.getpid(), {number})

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
pool = ThreadPoolExecutor(1)
pool.submit(time.sleep, 600)
threading.Thread(target=send, daemon=True).start()
try:
    Web(lambda environ, start: [], "127.0.0.1", 0).run()
finally:
    os.kill(os.getpid(), {number})
    pool.shutdown()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_a_server_at_once(number):
    program = SERVER.format(number=int(number))
    ended = subprocess.run([sys.executable, "-c", program], timeout=20)
    assert ended.returncode == -number
