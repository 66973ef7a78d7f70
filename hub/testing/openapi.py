"""Checks every call of a stand-in against the OpenAPI description that its plugin ships."""

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import jsonschema_rs
import pytest
import yaml

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
METHODS = ("get", "put", "post", "delete", "patch")
SCHEMES = {"bearer": "Bearer ", "basic": "Basic "}


def checked(app: WSGIApplication, path: Path) -> WSGIApplication:
    """Wrap `app` so that a call that differs from the OpenAPI description at `path` fails the test.

    An answer has to be as described. A request that is not as described may only be refused. What a
    fault of the stand-in sends is not checked, except an injected status.
    """
    description = describe(path)

    def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        request = read_request(environ)
        started: list[Any] = []

        def hold(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [line, headers]

        body = b"".join(app(environ, hold))
        line, headers = started
        fault = environ.get("sandbox.fault")
        if fault is None or fault.kind == "status":
            answer = Answer(int(line[:3]), dict(headers), body)
            differences = description.differences(request, answer)
            if differences:
                call = f"{request.method} {request.path} answered {answer.status}"
                pytest.fail(f"{call}, which is not as {path} describes:\n" + "\n".join(differences))
        start(line, headers)
        return [body]

    return serve


@dataclass(frozen=True)
class Request:
    """A request, as far as a description says something about it."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """An answer, as far as a description says something about it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_request(environ: WSGIEnvironment) -> Request:
    """Read a request, and leave its body to be read again."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    path = environ.get("PATH_INFO", "/")
    return Request(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), headers, body)


@cache
def describe(path: Path) -> "Description":
    """Return the description at a path, read once in a process."""
    return Description(yaml.safe_load(path.read_text(encoding="utf-8")))


class Operation:
    """A call of a description: a method on a path, or a webhook."""

    def __init__(self, path: str, method: str, item: dict[str, Any], own: dict[str, Any]) -> None:
        self.name = f"{method.upper()} {path}"
        self.path, self.method, self.own = path, method.upper(), own
        self.parameters = [*item.get("parameters", ()), *own.get("parameters", ())]
        self.names = re.findall(r"\{(\w+)\}", path)
        parts = re.split(r"\{\w+\}", path)
        self.pattern = re.compile("([^/]+)".join(re.escape(part) for part in parts))


class Description:
    """An OpenAPI 3.1 description with everything that is needed to compare calls with it.

    Objects take no field that is not described, unless `additionalProperties` says otherwise: a
    stand-in has to be described in full, although whoever reads an answer ignores what is unknown.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = _closed(document)
        self.operations = list(self._operations("paths"))
        self.webhooks = {operation.path: operation for operation in self._operations("webhooks")}
        self.operations.sort(key=lambda operation: len(operation.names))
        self._roots = {operation.path.split("/")[1] for operation in self.operations}
        self._validators: dict[str, Any] = {}

    def differences(self, request: Request, answer: Answer) -> list[str]:
        """Return how a call differs from its description.

        Paths that are not described, such as pages, are left out.
        """
        operation, values = self._find(request)
        if operation is None:
            unknown = request.path.split("/")[1] in self._roots and answer.status < 400
            return [f"there is no call {request.method} {request.path}"] if unknown else []
        problems = list(self._answered(operation, answer))
        if answer.status < 400:
            problems += self.requested(operation, request, values)
        return problems

    def requested(
        self, operation: Operation, request: Request, values: Mapping[str, str]
    ) -> Iterator[str]:
        """Yield how a request differs; `values` are those in its path."""
        yield from self._parameters(operation, request, values)
        yield from self._security(operation, request)
        described = operation.own.get("requestBody")
        if described is None:
            if request.body:
                yield "the request has a body"
            return
        content = self.resolved(described)["content"]
        yield from self._content(
            f"{operation.name} request", content, request.headers, request.body
        )

    def called(self, webhook: str, environ: WSGIEnvironment) -> list[str]:
        """Return how a call of the source to the hub differs from the webhook of this name."""
        return list(self.requested(self.webhooks[webhook], read_request(environ), {}))

    # -- parts of a call --

    def _operations(self, part: str) -> Iterator[Operation]:
        for path, item in self.document.get(part, {}).items():
            for method in METHODS:
                if method in item:
                    yield Operation(path, method, item, item[method])

    def _find(self, request: Request) -> tuple[Operation | None, dict[str, str]]:
        for operation in self.operations:
            match = operation.pattern.fullmatch(request.path)
            if match and operation.method == request.method:
                return operation, dict(
                    zip(operation.names, map(unquote, match.groups()), strict=True)
                )
        return None, {}

    def _parameters(
        self, operation: Operation, request: Request, values: Mapping[str, str]
    ) -> Iterator[str]:
        query = parse_qsl(request.query, keep_blank_values=True)
        by_place = {"path": values, "query": dict(query), "header": request.headers}
        described = [self.resolved(parameter) for parameter in operation.parameters]
        names = {parameter["name"] for parameter in described if parameter["in"] == "query"}
        yield from (f"parameter {name}: not described" for name, _ in query if name not in names)
        if len(dict(query)) < len(query):
            yield "a parameter stands twice in the address"
        for parameter in described:
            name, place = parameter["name"], parameter["in"]
            value = by_place[place].get(name.lower() if place == "header" else name)
            if value is not None:
                key = f"{operation.name} {place} {name}"
                schema = parameter["schema"]
                yield from self._errors(key, schema, _typed(value, self.resolved(schema)))
            elif parameter.get("required"):
                yield f"parameter {name}: missing"

    def _security(self, operation: Operation, request: Request) -> Iterator[str]:
        schemes_of_operation = operation.own.get("security", self.document.get("security", ()))
        schemes = self.document.get("components", {}).get("securitySchemes", {})
        starts = [SCHEMES[schemes[name]["scheme"]] for one in schemes_of_operation for name in one]
        sent = request.headers.get("authorization", "")
        if starts and not sent.startswith(tuple(starts)):
            yield f"the request does not authenticate by {' or '.join(starts)}"

    def _answered(self, operation: Operation, answer: Answer) -> Iterator[str]:
        described = operation.own["responses"].get(str(answer.status))
        if described is None:
            yield f"status {answer.status}: not described"
            return
        content = self.resolved(described).get("content")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if content is not None:
            key = f"{operation.name} {answer.status}"
            yield from self._content(key, content, headers, answer.body)
        elif answer.body:
            yield "the answer has a body"

    def _content(
        self, key: str, content: Mapping[str, Any], headers: Mapping[str, str], body: bytes
    ) -> Iterator[str]:
        kind = headers.get("content-type", "").partition(";")[0].strip()
        if kind not in content:
            yield f"media type {kind or 'none'}: not described"
        elif kind == JSON:
            yield from self._errors(key, content[kind]["schema"], json.loads(body))
        elif kind == FORM:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
            yield from self._errors(key, content[kind]["schema"], form)

    # -- schemas --

    def _errors(self, key: str, schema: Any, value: Any) -> Iterator[str]:
        for error in self._validator(key, schema).iter_errors(value):
            place = "/".join(str(part) for part in error.instance_path)
            yield f"{place or 'value'}: {error.message[:300]}"

    def _validator(self, key: str, schema: Any) -> Any:
        if key not in self._validators:
            components = {"components": self.document.get("components", {})}
            self._validators[key] = jsonschema_rs.Draft202012Validator(
                {**schema, **components}, validate_formats=True
            )
        return self._validators[key]

    def resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        """Follow references within the document."""
        while "$ref" in node:
            target: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node


def _typed(value: str, schema: Mapping[str, Any]) -> Any:
    """Return the value of a parameter as its schema means it."""
    whole = schema.get("type") == "integer" and re.fullmatch(r"-?\d+", value)
    return int(value) if whole else value


def _closed(node: Any) -> Any:
    """Copy a document so that no object takes fields that it does not describe."""
    if isinstance(node, list):
        return [_closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    copy = {name: _closed(one) for name, one in node.items()}
    if isinstance(copy.get("properties"), dict) and copy.get("type") == "object":
        copy.setdefault("additionalProperties", False)
    return copy
