"""Values in the responses of a source, each with its call and the path to it."""

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple
from wsgiref.types import WSGIEnvironment

from hub.testing.fakes.wsgi import read_body

Path = tuple[str | int, ...]


class ResponseValue(NamedTuple):
    """A value in a response of the source: the call, and the path to it."""

    call: str
    path: Path
    value: Any

    @property
    def name(self) -> str:
        """Return the path to it as text, such as `lines.0.amount`."""
        return ".".join(map(str, self.path))


def parse(body: bytes) -> Any:
    """Return the JSON of a response; None if it is none."""
    try:
        return json.loads(body, parse_float=Decimal)
    except ValueError:
        return None


def iter_values(content: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield each text, number and truth value in JSON with the path to it."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from iter_values(value, (*path, name))
    elif isinstance(content, list):
        for place, value in enumerate(content):
            yield from iter_values(value, (*path, place))
    elif isinstance(content, str | int | Decimal):  # True and False are whole numbers, too
        yield path, content


def identify(environ: WSGIEnvironment) -> str:
    """Return method, address and a digest of the body of a call; its body can be read again."""
    digest = hashlib.sha256(read_body(environ)).hexdigest()
    address = f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
    return f"{environ['REQUEST_METHOD']} {address} {digest}"
