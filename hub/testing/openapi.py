"""Checks every call of a stand-in against the OpenAPI description that its plugin ships."""

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
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
MAX_MESSAGE_LENGTH = 300
SCHEMES = {"bearer": "Bearer ", "basic": "Basic "}


def check_calls(app: WSGIApplication, path: Path) -> WSGIApplication:
    """Wrap `app` so that a call that differs from the OpenAPI description at `path` fails the test.

    A response has to be as described. A request that is not as described may only be refused. What
    a fault of the stand-in sends is not checked, except an injected status.
    """
    description = describe(path)

    def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass a call to the application and check it before its response goes out."""
        request = read_request(environ)
        response_start: list[Any] = []

        def delay_start(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            """Record the status line and headers until the whole body was produced."""
            response_start[:] = [line, headers]

        body = b"".join(app(environ, delay_start))
        line, headers = response_start
        fault = environ.get("sandbox.fault")
        if fault is None or fault.kind == "status":
            answer = DescribedAnswer(int(line[:3]), dict(headers), body)
            differences = description.differences(request, answer)
            if differences:
                call = f"{request.method} {request.path} answered {answer.status}"
                text = "\n".join(differences)
                pytest.fail(f"{call}, which is not as {path} describes:\n{text}")
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
class DescribedAnswer:
    """A response, as far as a description says something about it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_request(environ: WSGIEnvironment) -> Request:
    """Read a request, and leave its body to be read again.

    Header names are in small letters.
    """
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    headers = {"content-type": environ.get("CONTENT_TYPE", "")}
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            header = name.removeprefix("HTTP_").replace("_", "-").lower()
            headers[header] = str(value)
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", "/"),
        query=environ.get("QUERY_STRING", ""),
        headers=headers,
        body=body,
    )


@cache
def describe(path: Path) -> "Description":
    """Return the description at a path, read once in a process."""
    text = path.read_text(encoding="utf-8")
    return Description(yaml.safe_load(text))


class DescribedCall:
    """A call of a description: a method on a path, or a webhook.

    `node` is its part of the document; `names` are the parameters in its path.
    """

    def __init__(self, path: str, method: str, item: dict[str, Any]) -> None:
        """Read the operation of a method from the path item that describes all of the path."""
        self.path = path
        self.method = method.upper()
        self.name = f"{self.method} {path}"
        self.node: dict[str, Any] = item[method]
        self.parameters = [*item.get("parameters", ()), *self.node.get("parameters", ())]
        self.names = re.findall(r"\{(\w+)\}", path)
        literal_parts = re.split(r"\{\w+\}", path)
        pattern = "([^/]+)".join(map(re.escape, literal_parts))
        self.pattern = re.compile(pattern)


class Description:
    """An OpenAPI 3.1 description with everything that is needed to compare calls with it.

    Objects take no field that is not described, unless `additionalProperties` says otherwise: a
    stand-in has to be described in full, although clients ignore fields that they do not know.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        """Read the operations; paths without parameters come before those that have some."""
        self.document = _close_objects(document)
        operations = self._iter_operations("paths")
        self.operations = sorted(operations, key=lambda operation: len(operation.names))
        self.webhooks = {}
        for webhook in self._iter_operations("webhooks"):
            self.webhooks[webhook.path] = webhook
        self._roots = {_get_first_segment(operation.path) for operation in self.operations}
        self._validators: dict[str, Any] = {}

    def differences(self, request: Request, answer: DescribedAnswer) -> list[str]:
        """Return how a call differs from its description.

        Paths that are not described, such as pages, are left out.
        """
        operation, values = self._find(request)
        is_accepted = answer.status < HTTPStatus.BAD_REQUEST
        if operation is None:
            if is_accepted and _get_first_segment(request.path) in self._roots:
                return [f"there is no call {request.method} {request.path}"]
            return []
        problems = list(self._check_response(operation, answer))
        if is_accepted:
            problems += self.check_request(operation, request, values)
        return problems

    def check_request(
        self, operation: DescribedCall, request: Request, values: Mapping[str, str]
    ) -> Iterator[str]:
        """Yield how a request differs in parameters, credentials and body.

        `values` are the parameters in its path.
        """
        yield from self._iter_parameter_differences(operation, request, values)
        yield from self._iter_credential_differences(operation, request)
        request_body = operation.node.get("requestBody")
        if request_body is None:
            if request.body:
                yield "the request has a body"
            return
        content = self.resolve(request_body)["content"]
        key = f"{operation.name} request"
        yield from self._iter_body_differences(key, content, request.headers, request.body)

    def check_webhook(self, webhook: str, environ: WSGIEnvironment) -> list[str]:
        """Return how a call of the source to the hub differs from the webhook of this name."""
        request = read_request(environ)
        differences = self.check_request(self.webhooks[webhook], request, values={})
        return list(differences)

    # -- parts of a call --

    def _iter_operations(self, part: str) -> Iterator[DescribedCall]:
        """Yield the operations of a part of the document: "paths" or "webhooks".

        A webhook has a name in place of a path.
        """
        items = self.document.get(part, {})
        for path, item in items.items():
            for method in METHODS:
                if method in item:
                    yield DescribedCall(path, method, item)

    def _find(self, request: Request) -> tuple[DescribedCall | None, dict[str, str]]:
        """Return the operation of a request, with the values of the parameters in its path."""
        for operation in self.operations:
            match = operation.pattern.fullmatch(request.path)
            if match and operation.method == request.method:
                values = map(unquote, match.groups())
                return operation, dict(zip(operation.names, values, strict=True))
        return None, {}

    def _iter_parameter_differences(
        self, operation: DescribedCall, request: Request, values: Mapping[str, str]
    ) -> Iterator[str]:
        """Yield how the parameters in path, query and headers differ."""
        pairs = parse_qsl(request.query, keep_blank_values=True)
        query = dict(pairs)
        parameters = [self.resolve(parameter) for parameter in operation.parameters]
        query_names = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
        for name, _ in pairs:
            if name not in query_names:
                yield f"parameter {name}: not described"
        if len(query) < len(pairs):
            yield "a parameter stands twice in the address"
        by_place = {"path": values, "query": query, "header": request.headers}
        for parameter in parameters:
            name = parameter["name"]
            place = parameter["in"]
            value = by_place[place].get(name.lower() if place == "header" else name)
            if value is not None:
                key = f"{operation.name} {place} {name}"
                schema = parameter["schema"]
                yield from self._iter_schema_errors(
                    key, schema, _parse_value(value, self.resolve(schema))
                )
            elif parameter.get("required"):
                yield f"parameter {name}: missing"

    def _iter_credential_differences(
        self, operation: DescribedCall, request: Request
    ) -> Iterator[str]:
        """Yield a difference if the request has none of the described kinds of credentials."""
        requirements = operation.node.get("security", self.document.get("security", ()))
        schemes = self.document.get("components", {}).get("securitySchemes", {})
        prefixes = []
        for requirement in requirements:
            for name in requirement:
                scheme = schemes[name]["scheme"]
                prefixes.append(SCHEMES[scheme])
        credentials = request.headers.get("authorization", "")
        if prefixes and not credentials.startswith(tuple(prefixes)):
            yield f"the request does not authenticate by {' or '.join(prefixes)}"

    def _check_response(self, operation: DescribedCall, answer: DescribedAnswer) -> Iterator[str]:
        """Yield how a response differs from the one that is described for its status."""
        description = operation.node["responses"].get(str(answer.status))
        if description is None:
            yield f"status {answer.status}: not described"
            return
        content = self.resolve(description).get("content")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if content is not None:
            key = f"{operation.name} {answer.status}"
            yield from self._iter_body_differences(key, content, headers, answer.body)
        elif answer.body:
            yield "the answer has a body"

    def _iter_body_differences(
        self, key: str, content: Mapping[str, Any], headers: Mapping[str, str], body: bytes
    ) -> Iterator[str]:
        """Yield how a body differs from the schema of its media type; check JSON and forms only."""
        content_type = headers.get("content-type", "")
        media_type = content_type.partition(";")[0].strip()
        if media_type not in content:
            yield f"media type {media_type or 'none'}: not described"
            return
        schema = content[media_type].get("schema")
        if media_type == JSON:
            yield from self._iter_schema_errors(key, schema, json.loads(body))
        elif media_type == FORM:
            pairs = parse_qsl(body.decode(), keep_blank_values=True)
            yield from self._iter_schema_errors(key, schema, dict(pairs))

    # -- schemas --

    def _iter_schema_errors(self, key: str, schema: Any, value: Any) -> Iterator[str]:
        """Yield how a value differs from a schema; `key` identifies the schema."""
        validator = self._build_validator(key, schema)
        for error in validator.iter_errors(value):
            place = "/".join(map(str, error.instance_path))
            message = error.message[:MAX_MESSAGE_LENGTH]
            yield f"{place or 'value'}: {message}"

    def _build_validator(self, key: str, schema: Any) -> Any:
        """Return the validator of a schema, built once: that takes longer than a validation."""
        if key not in self._validators:
            components = self.document.get("components", {})
            whole_schema = {**schema, "components": components}  # for its references
            self._validators[key] = jsonschema_rs.Draft202012Validator(
                whole_schema, validate_formats=True
            )
        return self._validators[key]

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """Return the node that a reference leads to, or the node itself if it is none.

        References are of the form "#/components/schemas/Invoice" and may lead to others.
        """
        while "$ref" in node:
            target: Any = self.document
            path = node["$ref"].removeprefix("#/")
            for part in path.split("/"):
                target = target[part]
            node = target
        return node


def _get_first_segment(path: str) -> str:
    """Return the first part of a path."""
    return path.split("/")[1]


def _parse_value(value: str, schema: Mapping[str, Any]) -> Any:
    """Return the value of a parameter as a number if its schema says so, else as text.

    A text that is no number stays one, and so differs from its schema.
    """
    is_integer = schema.get("type") == "integer"
    if is_integer and re.fullmatch(r"-?\d+", value):
        return int(value)
    return value


def _close_objects(node: Any) -> Any:
    """Copy a document so that no object takes fields that it does not describe.

    An object that says itself what additional properties it takes stays as it is.
    """
    if isinstance(node, list):
        return [_close_objects(part) for part in node]
    if not isinstance(node, dict):
        return node
    copy = {}
    for name, part in node.items():
        copy[name] = _close_objects(part)
    if isinstance(copy.get("properties"), dict) and copy.get("type") == "object":
        copy.setdefault("additionalProperties", False)
    return copy
