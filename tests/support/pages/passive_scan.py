"""A passive scan of web pages: rules for requests and answers, like ZAP's baseline scan.

Each rule carries the number of ZAP's rule for the same weakness.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

HOST = "hub.example.com"
SECRET_NAMES = re.compile(r"pass(word)?|token|secret|session|api_?key|code_verifier|otp", re.I)
FRAMED_FILE = re.compile(r"/documents/\d+/file/frame")
PRIVATE_ADDRESS = re.compile(
    r"(?<![\d.])(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}"
    r"|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2})(?![\d.])"
)
ERROR_TEXTS = re.compile(
    r"Traceback \(most recent call last\)|sqlalchemy\.exc|sqlite3\.|psycopg\.|Internal Server Error"
    r"|jinja2\.exceptions|Werkzeug Debugger|UndefinedError"
)
SUSPICIOUS_COMMENT = re.compile(
    r"<!--.*?\b(todo|fixme|password|admin|debug|bug|hack)\b.*?-->", re.I | re.S
)
SHORTEST_HSTS = 31_536_000


class Exchange(NamedTuple):
    """A request and its answer."""

    method: str
    url: str
    status: int
    headers: list[tuple[str, str]]
    body: str

    def all(self, name: str) -> list[str]:
        """Return the values of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str:
        """Return the value of a header that may occur once, or an empty text."""
        return "".join(self.all(name)[:1])

    @property
    def is_page(self) -> bool:
        return self.header("Content-Type").startswith("text/html")

    @property
    def is_static(self) -> bool:
        path = urlsplit(self.url).path
        return path.startswith(("/assets/", "/static/", "/bootstrap/"))


class Element(NamedTuple):
    """A start tag with its attributes, and the index of the form that it is in."""

    tag: str
    attributes: dict[str, str]
    form: int | None


class Elements(HTMLParser):
    """Collect the elements of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._forms = 0
        self._form: int | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "form":
            self._form = self._forms
            self._forms += 1
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append(Element(tag, attributes, self._form))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None


def elements(exchange: Exchange, *tags: str) -> list[Element]:
    """Return the elements of a page with one of these tags, or all."""
    if not exchange.is_page:
        return []
    return [e for e in elements_of(exchange.body) if not tags or e.tag in tags]


@lru_cache(maxsize=1)
def elements_of(body: str) -> list[Element]:
    """Return all elements of a page; the rules read the same page one after the other."""
    return Elements(body).elements


def links(exchange: Exchange) -> Iterator[str]:
    """Yield every address in the attributes of a page."""
    for element in elements(exchange):
        for name in ("href", "src", "action", "formaction", "hx-get", "hx-post", "data", "poster"):
            if element.attributes.get(name):
                yield element.attributes[name]


# -- rules: each yields the violations of an exchange ----------------------------------------------


def cookies(exchange: Exchange) -> Iterator[str]:
    """Check the flags of cookies (10010, 10011, 10054, 10029)."""
    for cookie in exchange.all("Set-Cookie"):
        name, *flags = [part.strip().lower() for part in cookie.split(";")]
        for flag in ("httponly", "secure", "path=/"):
            if flag not in flags:
                yield f"cookie {name.partition('=')[0]} without {flag}"
        if not {"samesite=lax", "samesite=strict"} & set(flags):
            yield f"cookie {name.partition('=')[0]} without SameSite"
        if any(flag.startswith("domain=") for flag in flags):
            yield "cookie for a whole domain"
        if not cookie.startswith("__Host-"):
            yield "cookie that is not bound to the host"


def caching(exchange: Exchange) -> Iterator[str]:
    """Check that nobody may store a page with data (10015, 10049)."""
    if not exchange.is_static and "no-store" not in exchange.header("Cache-Control"):
        yield "may be stored"


def framing(exchange: Exchange) -> Iterator[str]:
    """Check that only the hub itself may show content in a frame (10020)."""
    option, ancestors = "DENY", "'none'"
    if FRAMED_FILE.fullmatch(urlsplit(exchange.url).path):
        option, ancestors = "SAMEORIGIN", "'self'"
    if exchange.header("X-Frame-Options").upper() != option:
        yield "without X-Frame-Options"
    if f"frame-ancestors {ancestors}" not in exchange.header("Content-Security-Policy"):
        yield "without frame-ancestors"


def sniffing(exchange: Exchange) -> Iterator[str]:
    """Check that the content type is set and cannot be overridden (10021, 10019, 90011)."""
    if exchange.header("X-Content-Type-Options") != "nosniff":
        yield "without nosniff"
    kind = exchange.header("Content-Type")
    if exchange.body and not kind:
        yield "without a type"
    if kind.startswith("text/") and "charset=utf-8" not in kind.lower():
        yield f"{kind} without a character set"


def transport(exchange: Exchange) -> Iterator[str]:
    """Check that browsers must use https for at least a year (10035)."""
    policy = exchange.header("Strict-Transport-Security")
    age = re.search(r"max-age=(\d+)", policy)
    if not age or int(age[1]) < SHORTEST_HSTS:
        yield "without Strict-Transport-Security for a year"


def banners(exchange: Exchange) -> Iterator[str]:
    """Check that no header reveals the server's software (10036, 10037, 10039, 10052, 10061)."""
    for name in (
        "Server",
        "X-Powered-By",
        "X-Backend-Server",
        "X-AspNet-Version",
        "Via",
        "X-Debug-Token",
    ):
        if exchange.all(name):
            yield f"sends {name}"


def content_policy(exchange: Exchange) -> Iterator[str]:
    """Check for a content security policy without exceptions (10038, 10055)."""
    policies = exchange.all("Content-Security-Policy")
    if len(policies) != 1:
        yield f"{len(policies)} content policies"
        return
    directives = dict(part.strip().partition(" ")[::2] for part in policies[0].split(";"))
    for name in ("default-src", "object-src", "base-uri", "form-action", "frame-ancestors"):
        if name not in directives:
            yield f"content policy without {name}"
    for name, sources in directives.items():
        for source in sources.split():
            if source in ("*", "http:", "https:", "'unsafe-inline'", "'unsafe-eval'"):
                yield f"{name} allows {source}"


def isolation(exchange: Exchange) -> Iterator[str]:
    """Check that other sites cannot use a page, and it uses no device (10063, 90004, 10098)."""
    if not exchange.header("Permissions-Policy"):
        yield "without Permissions-Policy"
    if exchange.header("Cross-Origin-Resource-Policy") != "same-origin":
        yield "without Cross-Origin-Resource-Policy"
    if exchange.is_page and exchange.header("Cross-Origin-Opener-Policy") != "same-origin":
        yield "without Cross-Origin-Opener-Policy"
    if exchange.all("Access-Control-Allow-Origin"):
        yield "shares its answers with other sites"


def referrers(exchange: Exchange) -> Iterator[str]:
    """Check that other sites do not receive an address of the hub (10025)."""
    if exchange.header("Referrer-Policy") not in ("same-origin", "no-referrer", "strict-origin"):
        yield "without Referrer-Policy"


def foreign_content(exchange: Exchange) -> Iterator[str]:
    """Check that scripts, styles, images and forms are the hub's own (10017, 10040, 90003)."""
    for element in elements(
        exchange, "script", "link", "img", "iframe", "object", "embed", "source"
    ):
        address = element.attributes.get("src") or element.attributes.get("href") or ""
        if urlsplit(address).netloc not in ("", HOST):
            yield f"{element.tag} from {address}"
    yield from (f"names {link}" for link in links(exchange) if link.startswith("http://"))


def inline_code(exchange: Exchange) -> Iterator[str]:
    """Check that a page contains no inline script, style or handler (10055, 10031)."""
    for element in elements(exchange):
        handlers = [name for name in element.attributes if name.startswith("on")]
        if handlers or "style" in element.attributes:
            yield f"{element.tag} with {handlers or 'style'}"
        is_inline_script = element.tag == "script" and "src" not in element.attributes
        if element.tag == "style" or is_inline_script:
            yield f"inline {element.tag}"
    if any(link.strip().lower().startswith(("javascript:", "data:")) for link in links(exchange)):
        yield "a link that runs code"


def forms(exchange: Exchange) -> Iterator[str]:
    """Check that forms with effects carry the token (10202, 10012, 10041, 10042, 10043)."""
    everything = elements(exchange)
    for element in everything:
        if element.tag == "input" and element.attributes.get("type") == "password":
            yield from _password_field(element)
        if element.tag != "form":
            continue
        names = {
            field.attributes.get("name", "") for field in everything if field.form == element.form
        }
        method = element.attributes.get("method", "get").lower()
        if method == "post" and "csrf_token" not in names:
            yield f"form to {element.attributes.get('action')!r} without a token"
        if method == "get":
            secrets = [name for name in names if SECRET_NAMES.search(name)]
            yield from (f"sends {name} in the address" for name in secrets)


def _password_field(field: Element) -> Iterator[str]:
    name = field.attributes.get("name")
    if not field.attributes.get("autocomplete"):
        yield f"password field {name} without autocomplete"
    if field.attributes.get("value"):
        yield f"password field {name} with its value"


def new_windows(exchange: Exchange) -> Iterator[str]:
    """Check that a page opened in a new window cannot access its opener (10108)."""
    for element in elements(exchange, "a", "area", "form"):
        relation = element.attributes.get("rel", "")
        if element.attributes.get("target") == "_blank" and "noopener" not in relation:
            yield f"opens {element.attributes.get('href')} without noopener"


def addresses(exchange: Exchange) -> Iterator[str]:
    """Check that addresses contain no secret (10024, 3, 10025)."""
    for url in (exchange.url, exchange.header("Location"), *links(exchange)):
        names = [name for name, _ in parse_qsl(urlsplit(url).query)]
        yield from (f"{name} in the address {url}" for name in names if SECRET_NAMES.search(name))


def redirects(exchange: Exchange) -> Iterator[str]:
    """Check that redirects stay on the site and their body is empty (10028, 10044)."""
    if 300 <= exchange.status < 400 and exchange.status != 304:
        location = exchange.header("Location")
        if urlsplit(location).netloc not in ("", HOST) or location.startswith("//"):
            yield f"leads to {location}"
        if len(exchange.body) > 1000:
            yield "a redirect with a page in it"


def errors(exchange: Exchange) -> Iterator[str]:
    """Check that no internals of the program are shown (90022, 10023, 10027, 10109)."""
    if exchange.status >= 500:
        yield f"status {exchange.status}"
    if match := ERROR_TEXTS.search(exchange.body):
        yield f"shows {match[0]!r}"
    if match := SUSPICIOUS_COMMENT.search(exchange.body):
        yield f"comment {match[0][:60]!r}"


def disclosures(exchange: Exchange) -> Iterator[str]:
    """Check that no private address appears on a page (2)."""
    if not exchange.is_static and (match := PRIVATE_ADDRESS.search(exchange.body)):
        yield f"shows {match[0]}"


RULES: list[Callable[[Exchange], Iterator[str]]] = [
    cookies,
    caching,
    framing,
    sniffing,
    transport,
    banners,
    content_policy,
    isolation,
    referrers,
    foreign_content,
    inline_code,
    forms,
    new_windows,
    addresses,
    redirects,
    errors,
    disclosures,
]


def findings(exchanges: Iterable[Exchange]) -> list[str]:
    """Return the violations found by every rule, each once for an address."""
    results = dict.fromkeys(
        f"{exchange.method} {exchange.url}: {rule.__name__}: {text}"
        for exchange in exchanges
        for rule in RULES
        for text in rule(exchange)
    )
    return list(results)
