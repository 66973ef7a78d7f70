"""Answers of a source in place of those of its stand-in, to test what a plugin makes of them."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from hub.testing.fakes.stand_in import json_answer, text_answer
from hub.testing.fakes.wsgi import BufferedResponse, read_body

CONFLICT = 409


@contextmanager
def change_answers(
    bench: Any, is_concerned: Callable[[str, bytes], bool], change: Callable[[Any], object]
) -> Iterator[None]:
    """Let the stand-in of a bench send some of its JSON answers as `change` leaves them.

    `is_concerned` gets the path and the body of a call. The description of the API, which the
    answers may now contradict, is not compared any more.
    """

    def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a call, with changes if it is concerned."""
        body = read_body(environ)
        response = BufferedResponse(server, environ)
        if not is_concerned(environ["PATH_INFO"], body):
            return response.send(start)
        answer = json.loads(response.body)
        change(answer)
        return response.send(start, json.dumps(answer).encode())

    bench.allow_undescribed_answers()
    with bench.replaced_by(serve) as server:
        yield


@contextmanager
def answer_writes(bench: Any, path_end: str, status: int, content: Any) -> Iterator[list[Any]]:
    """Answer the writes to paths with this end in place of the stand-in of a bench.

    Yield the list of their bodies. An answer with the content None has no body.
    """

    def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a write to such a path; pass any other call to the stand-in."""
        if environ["REQUEST_METHOD"] == "GET" or not environ["PATH_INFO"].endswith(path_end):
            answer: Iterable[bytes] = server(environ, start)
            return answer
        bodies.append(json.loads(read_body(environ)))
        if content is None:
            return text_answer(start, status, "")
        return json_answer(start, status, content)

    bodies: list[Any] = []
    bench.allow_undescribed_answers()
    with bench.replaced_by(serve) as server:
        yield bodies


@contextmanager
def change_meanwhile(
    bench: Any, path: str, write_path: str, edit: Callable[[], int], times: int
) -> Iterator[list[int]]:
    """Change a document at the stand-in of a bench while a plugin reads and writes it.

    The document at `path` is changed at once, and again after each of the first `times` readings of
    it. `edit` does so and returns the version of the document after the change. A write to
    `write_path` whose body has an older `version` is refused. Yield the list of the versions.
    """

    def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Refuse an outdated write; change the document after it was read."""
        body = read_body(environ)
        if environ["PATH_INFO"].endswith(write_path):
            if json.loads(body)["version"] < versions[-1]:
                refusal = {"code": "stale", "message": "It is older."}
                return json_answer(start, CONFLICT, refusal)
            answer: Iterable[bytes] = server(environ, start)
            return answer
        response = BufferedResponse(server, environ)
        if environ["PATH_INFO"].endswith(path) and len(versions) <= times:
            versions.append(edit())
        return response.send(start)

    versions = [edit()]
    with bench.replaced_by(serve) as server:
        yield versions
