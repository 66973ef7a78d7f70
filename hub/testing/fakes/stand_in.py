"""What the bench and the contract suite use of the stand-ins' kit, which an extra installs."""

from collections.abc import Iterable
from dataclasses import replace
from email.utils import formatdate
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hub.contract.checkout import build_extra_command
from hub.contract.registry import Plugins
from hub.contract.types import Sandbox
from hub.errors import MissingExtra, Refused

try:
    from qbo_sandbox.kit.faults import ConnectionFault
    from qbo_sandbox.kit.harness import Harness
    from qbo_sandbox.kit.messages import json_answer, text_answer
    from qbo_sandbox.kit.wsgi import WSGIAdapter, mount
except ModuleNotFoundError as error:
    raise MissingExtra("`hub.testing`", "qbo-sandbox", build_extra_command("testing")) from error

__all__ = ["ConnectionFault", "WSGIAdapter", "json_answer", "mount", "open_stand_in", "text_answer"]


class StandInDefect(Exception):
    """A stand-in raised an exception in place of an answer, which is no defect of the plugin."""

    def __init__(self, environ: WSGIEnvironment, error: Exception) -> None:
        super().__init__(
            f"The stand-in failed while it answered {environ['REQUEST_METHOD']}"
            f" {environ['PATH_INFO']} ({type(error).__name__}: {error}). Correct the stand-in. It"
            " has to answer as the source would, such as with 404 for an id that it does not have."
        )


def open_stand_in(plugins: Plugins, slug: str, **options: Any) -> Sandbox:
    """Open the stand-in of an app; raise Refused if its plugin has none.

    An app that only receives files needs none.
    """
    if plugins.apps[slug].files and not plugins.has(slug, "hub_sandbox"):
        return Sandbox(wsgi=_answer_nothing, settings=lambda url: {})
    sandbox: object = plugins.open_stand_in(slug, **options)
    if not isinstance(sandbox, Sandbox):
        has_hook = plugins.has(slug, "hub_sandbox")
        advice = "Return Sandbox(wsgi=…)." if has_hook else "Implement the hook hub_sandbox."
        raise Refused(
            f"The plugin of {slug} has no stand-in to test it on: its hub_sandbox returned"
            f" {type(sandbox).__name__}, not a Sandbox. {advice}"
        )
    if isinstance(sandbox.wsgi, Harness):
        return replace(sandbox, wsgi=_add_date(sandbox.wsgi))
    return sandbox


def _add_date(stand_in: Harness) -> WSGIApplication:
    """Return a stand-in whose answers have the time of its clock, as every server sends it.

    A plugin reads on from that time. Without it, that would be the time of another clock.
    An exception of the stand-in becomes a StandInDefect, so that it is not taken for the plugin's.
    """

    def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass a call to the stand-in."""

        def begin(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            """Begin an answer with its time, unless the stand-in states one."""
            if all(name.lower() != "date" for name, _ in headers):
                date = formatdate(stand_in.clock.now(), usegmt=True)
                headers = [*headers, ("Date", date)]
            return start(line, headers)

        try:
            return stand_in(environ, begin)
        except ConnectionFault:
            raise
        except Exception as error:
            raise StandInDefect(environ, error) from error

    return serve


def _answer_nothing(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Stand in for the source of an app that only receives files and makes no calls."""
    start("404 Not Found", [("Content-Length", "0")])
    return []
