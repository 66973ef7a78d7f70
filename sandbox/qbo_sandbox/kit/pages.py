"""The pages of a stand-in for people; they need no script and work below any path."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode
from wsgiref.types import StartResponse, WSGIEnvironment

from jinja2 import ChoiceLoader, Environment, PackageLoader

from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.kit.messages import Header, form_of, query_of, text_answer

SECURITY_HEADERS: Sequence[Header] = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
)
ALLOWED_FETCH_SITES = ("same-origin", "none")
ROWS_PER_PAGE = 50


class PageRefused(Exception):
    """The error for a form that cannot be carried out; its text is shown on a page."""


class Pages:
    """A WSGI application of pages; a stand-in names its routes and has a method for each.

    A GET method gets the environ and the parts of the path, and returns the text of a page (see
    `render`). A POST method gets the form and the parts, and returns the path to redirect to, or
    raises PageRefused. Templates are in `templates` of `package`; each extends "page.html".
    """

    name: ClassVar[str]
    package: ClassVar[str]
    colour: ClassVar[str] = "#2a6b58"
    menu: ClassVar[Sequence[tuple[str, str]]] = ()
    routes: ClassVar[Sequence[tuple[str, str, str]]] = ()

    def __init__(self) -> None:
        loader = ChoiceLoader([PackageLoader(self.package), PackageLoader("qbo_sandbox.kit")])
        self.templates = Environment(
            loader=loader,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        name, parts = self._route(environ)
        if not name or not self.is_known(environ, *parts):
            text = self._message_page(environ, "There is no such page")
            return text_answer(start, 404, text, headers=SECURITY_HEADERS)
        handler = getattr(self, name)
        if environ["REQUEST_METHOD"] == "GET":
            return text_answer(start, 200, handler(environ, *parts), headers=SECURITY_HEADERS)
        if environ.get("HTTP_SEC_FETCH_SITE", "same-origin") not in ALLOWED_FETCH_SITES:
            text = self._message_page(environ, "Another site sent this form")
            return text_answer(start, 403, text, headers=SECURITY_HEADERS)
        try:
            path = self.carry_out(handler, form_of(environ), *parts)
        except PageRefused as refused:
            text = self._message_page(environ, str(refused))
            return text_answer(start, 422, text, headers=SECURITY_HEADERS)
        address = environ.get("SCRIPT_NAME", "") + path
        return text_answer(start, 303, "", headers=(("Location", address), *SECURITY_HEADERS))

    def is_known(self, environ: WSGIEnvironment, *parts: str) -> bool:
        """Return whether the object of a path exists."""
        return True

    def carry_out(self, act: Callable[..., str], form: dict[str, str], *parts: str) -> str:
        """Carry out a form; a stand-in may turn its own errors into PageRefused here."""
        return act(form, *parts)

    def render(self, environ: WSGIEnvironment, template: str, **values: Any) -> str:
        """Return the text of a page; `root` is the path below which it works."""
        context = {
            "name": self.name,
            "colour": self.colour,
            "menu": self.menu,
            "root": environ.get("SCRIPT_NAME", ""),
        }
        return self.templates.get_template(f"{template}.html").render(**context, **values)

    def render_list(
        self, environ: WSGIEnvironment, template: str, rows: Sequence[JsonObject], **values: Any
    ) -> str:
        """Render a page of the rows whose text `searched` contains the words of the search."""
        query = query_of(environ)
        words = query.get("search", "").casefold()
        matching = [row for row in rows if words in row["searched"].casefold()]
        last = max(0, (len(matching) - 1) // ROWS_PER_PAGE)
        number = query.get("page", "")
        index = max(0, min(int(number) - 1, last)) if number.isdecimal() else 0
        pages = [(number, urlencode({**query, "page": number})) for number in range(1, last + 2)]
        context = {
            "count": len(matching),
            "page": index + 1,
            "pages": pages,
            "search": query.get("search", ""),
        }
        return self.render(
            environ,
            template,
            rows=matching[index * ROWS_PER_PAGE : (index + 1) * ROWS_PER_PAGE],
            **context,
            **values,
        )

    def _route(self, environ: WSGIEnvironment) -> tuple[str, tuple[str, ...]]:
        """Return the name of the method that answers a request, and the parts of its path."""
        path = environ.get("PATH_INFO") or "/"
        for method, pattern, name in self.routes:
            if method == environ["REQUEST_METHOD"] and (match := re.fullmatch(pattern, path)):
                return name, match.groups()
        return "", ()

    def _message_page(self, environ: WSGIEnvironment, text: str) -> str:
        """Return a page with nothing but a message."""
        return self.render(environ, "nothing", message=text)
