"""Tests of the end of a stand-in's process."""

import subprocess
import sys

# The process gets the signal while the main thread, which runs handlers, waits for a caller.
SCRIPT = """
import signal
import threading
import urllib.request

from qbo_sandbox.kit.server import serve


def answer(environ, start_response):
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]


def signal_from_thread(url):
    urllib.request.urlopen(url).close()
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)


def facts(url):
    threading.Thread(target=signal_from_thread, args=(url,)).start()
    return []


serve(answer, 0, facts=facts)
"""


def test_a_signal_that_another_thread_gets_ends_the_process():
    ended = subprocess.run([sys.executable, "-c", SCRIPT], timeout=60, check=True)
    assert ended.returncode == 0
