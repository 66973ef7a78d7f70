"""The page of a source with rows for people who open its address in a browser."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from jinja2 import Environment, PackageLoader

from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.kit.messages import text_answer
from qbo_sandbox.kit.pages import SECURITY_HEADERS
from qbo_sandbox.kit.rows import Rows

MAX_COLUMNS = 7
MAX_ROWS = 50


class RowOverview:
    """A WSGI application that lists the rows at "/" for browsers, and passes other calls on.

    Calls of the API do not ask for HTML, so that a source may serve a list at "/" too.
    """

    def __init__(self, name: str, rows: Rows, app: WSGIApplication) -> None:
        self.name = name
        self.rows = rows
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if not _is_browser_at_root(environ):
            return self.app(environ, start)
        rows = list(self.rows.values())
        templates = Environment(
            loader=PackageLoader("qbo_sandbox.kit"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        root = environ.get("SCRIPT_NAME", "")
        site = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', 'localhost')}"
        text = templates.get_template("rows.html").render(
            name=self.name,
            colour="#2a6b58",
            menu=[("/_sandbox/books", "All fields as JSON")],
            root=root,
            address=site + root,
            columns=_choose_columns(rows),
            rows=rows[:MAX_ROWS],
            count=len(rows),
        )
        return text_answer(start, 200, text, headers=SECURITY_HEADERS)


def _is_browser_at_root(environ: WSGIEnvironment) -> bool:
    """Return whether a person opens the address itself."""
    is_root = environ.get("PATH_INFO", "") in ("", "/") and environ["REQUEST_METHOD"] == "GET"
    return is_root and "text/html" in environ.get("HTTP_ACCEPT", "")


def _choose_columns(rows: list[JsonObject]) -> list[str]:
    """Return the names of the first fields with plain values, as the first row has them."""
    columns = []
    for name, value in (rows[0] if rows else {}).items():
        if isinstance(value, str | int | float) and value != "":
            columns.append(name)
    return columns[:MAX_COLUMNS]
