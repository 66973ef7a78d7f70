"""A WSGI application whose target can be replaced while a server calls it."""

import threading
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wsgi import ClosingIterator


class WSGISwitch:
    """Pass requests to a target, and wait for those under way when the target is replaced."""

    def __init__(self, target: WSGIApplication) -> None:
        self._target = target
        self._changed = threading.Condition()
        self._under_way: dict[WSGIApplication, int] = {}

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer as the present target does."""
        with self._changed:
            target = self._target
            self._under_way[target] = self._under_way.get(target, 0) + 1
        try:
            response = target(environ, start)
        except BaseException:
            self._end(target)
            raise
        return ClosingIterator(response, lambda: self._end(target))

    def replace(self, target: WSGIApplication, patience: float = 0) -> None:
        """Pass new requests to another target.

        Wait up to `patience` seconds until the previous target has answered its requests.
        """
        with self._changed:
            previous, self._target = self._target, target
            self._changed.wait_for(lambda: previous not in self._under_way, patience)

    def _end(self, target: WSGIApplication) -> None:
        """Count a request as answered."""
        with self._changed:
            self._under_way[target] -= 1
            if not self._under_way[target]:
                del self._under_way[target]
            self._changed.notify_all()
