"""The check of a stand-in against its OpenAPI description finds every difference."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.testing.openapi import check_calls
from qbo_sandbox.kit import Answer, Fault, Harness, json_answer, send_request

DESCRIPTION = """
openapi: 3.1.0
info: {title: Shed, version: "1"}
security: [{bearer: []}]
paths:
  /v1/tools:
    get:
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1}}
      responses:
        "200":
          description: Tools.
          content:
            application/json:
              schema:
                type: object
                required: [items]
                properties:
                  items: {type: array, items: {$ref: "#/components/schemas/Tool"}}
        "503": {$ref: "#/components/responses/Error"}
    post:
      requestBody:
        content: {application/json: {schema: {$ref: "#/components/schemas/Tool"}}}
      responses:
        "200": {description: Taken.}
        "422": {$ref: "#/components/responses/Error"}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
  responses:
    Error:
      description: Refused.
      content:
        application/json:
          schema: {type: object, required: [code], properties: {code: {type: string}}}
  schemas:
    Tool:
      type: object
      required: [id]
      properties:
        id: {type: string}
        bought: {type: string, format: date}
"""
TOOL = {"id": "1", "bought": "2026-03-20"}
GOOD = {"authorization": "Bearer x"}


@pytest.fixture
def call(tmp_path: Path) -> Callable[..., Answer]:
    """Return a function that calls a server with the same response to every request."""
    path = tmp_path / "openapi.yaml"
    path.write_text(DESCRIPTION)

    def called(status: int, body: Any, *request: Any, **headers: str) -> Answer:
        def serve(environ: Any, start: Any) -> Any:
            if body is None:
                start(f"{status} X", [])
                return [b""]
            return json_answer(start, status, body)

        return send_request(check_calls(serve, path), *request, **{**GOOD, **headers})

    return called


@pytest.mark.parametrize(
    ("status", "body", "request_"),
    [
        (200, {"items": [TOOL]}, ("GET", "/v1/tools?limit=5")),
        (503, {"code": "busy"}, ("GET", "/v1/tools")),
        (200, None, ("POST", "/v1/tools", json.dumps(TOOL))),
        (422, {"code": "wrong"}, ("POST", "/v1/tools", "{}")),  # refused, as it must be
        (404, {"code": "none"}, ("GET", "/v1/nothing")),
        (200, {"any": "thing"}, ("GET", "/about")),  # a page, which is no part of the API
    ],
)
def test_calls_as_described_pass(
    call: Callable[..., Answer], status: int, body: Any, request_: Any
) -> None:
    assert call(status, body, *request_, content_type="application/json").status == status


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, {"items": [{"id": 1}]}, "items/0/id"),
        (200, {"items": [{}]}, '"id" is a required property'),
        (200, {"items": [{**TOOL, "colour": "red"}]}, "colour"),
        (200, {"items": [{**TOOL, "bought": "soon"}]}, "items/0/bought"),
        (200, None, "media type none"),
        (418, {"code": "teapot"}, "status 418: not described"),
        (503, {"reason": "busy"}, '"code" is a required property'),
    ],
)
def test_an_answer_that_differs_fails(
    call: Callable[..., Answer], status: int, body: Any, words: str
) -> None:
    with pytest.raises(pytest.fail.Exception, match=words):
        call(status, body, "GET", "/v1/tools")


@pytest.mark.parametrize(
    ("request_", "headers", "words"),
    [
        (("GET", "/v1/tools?limit=0"), {}, "0 is less than the minimum"),
        (("GET", "/v1/tools?limit=many"), {}, "not of type"),
        (("GET", "/v1/tools?page=2"), {}, "parameter page: not described"),
        (("GET", "/v1/tools?limit=1&limit=2"), {}, "twice"),
        (("GET", "/v1/tools"), {"authorization": "guess"}, "does not authenticate by Bearer"),
        (("GET", "/v1/tools", "{}"), {}, "the request has a body"),
        (("GET", "/v1/hammers"), {}, "there is no call GET /v1/hammers"),
    ],
)
def test_a_request_that_differs_may_only_be_refused(
    call: Callable[..., Answer], request_: Any, headers: dict[str, str], words: str
) -> None:
    with pytest.raises(pytest.fail.Exception, match=words):
        call(200, {"items": []}, *request_, **headers)


@pytest.mark.parametrize("sent", ["{}", json.dumps({**TOOL, "colour": "red"})])
def test_a_body_that_differs_may_only_be_refused(call: Callable[..., Answer], sent: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="POST /v1/tools answered 200"):
        call(200, None, "POST", "/v1/tools", sent, content_type="application/json")


@pytest.mark.parametrize(("kind", "passes"), [("wrong_type", True), ("status", False)])
def test_the_body_of_a_fault_is_not_checked_but_an_injected_status_is(
    tmp_path: Path, kind: str, passes: bool
) -> None:
    path = tmp_path / "openapi.yaml"
    path.write_text(DESCRIPTION)
    harness = Harness(lambda environ, start: json_answer(start, 200, {"items": []}))
    harness.faults.add(Fault(kind=kind, status=503))
    serve = check_calls(harness, path)
    if passes:
        send_request(serve, "GET", "/v1/tools", **GOOD)
    else:
        with pytest.raises(pytest.fail.Exception, match="text/html: not described"):
            send_request(serve, "GET", "/v1/tools", **GOOD)
