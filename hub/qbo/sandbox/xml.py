"""The XML dialect, for callers that do not ask for JSON."""

import json
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from hub.qbo.sandbox.values import dump

SPACE = "http://schema.intuit.com/finance/v3"
ATTRIBUTES = ("domain", "sparse", "status", "startPosition", "maxResults", "totalCount", "bId", "type")


def from_json(body: bytes) -> bytes:
    """The same answer in XML."""
    answer: dict[str, Any] = json.loads(body, parse_float=Decimal)
    time = answer.pop("time", "")
    if "fault" in answer:
        return _gateway(answer["fault"], str(time))
    content = "".join(_element(name, value) for name, value in answer.items())
    return _document(content, str(time))


def _document(content: str, time: str) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    return f'{head}<IntuitResponse xmlns="{SPACE}" time={quoteattr(time)}>{content}</IntuitResponse>'.encode()


def _gateway(fault: dict[str, Any], time: str) -> bytes:
    errors = "".join(
        f'<Error code="{error["code"]}"><Message>{escape(error["message"])}</Message>'
        + (f"<Detail>{escape(error['detail'])}</Detail>" if error["detail"] else "")
        + "</Error>"
        for error in fault["error"]
    )
    return _document(f'<Fault type="{fault["type"]}">{errors}</Fault>', time)


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if not isinstance(value, dict):
        return f"<{name}>{escape(value if isinstance(value, str) else dump(value))}</{name}>"
    if "value" in value and set(value) <= {"value", "name", "type"}:
        marks = "".join(f" {key}={quoteattr(str(value[key]))}" for key in ("name", "type") if key in value)
        return f"<{name}{marks}>{escape(str(value['value']))}</{name}>"
    if name == "Error":
        return _error(value)
    marks = "".join(f" {key}={quoteattr(_plain(value[key]))}" for key in ATTRIBUTES if _is_mark(name, key, value))
    inner = "".join(_element(key, item) for key, item in value.items() if not _is_mark(name, key, value))
    return f"<{name}{marks}>{inner}</{name}>"


def _is_mark(name: str, key: str, value: dict[str, Any]) -> bool:
    return key in ATTRIBUTES and key in value and (key != "type" or name == "Fault")


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else dump(value)


def _error(value: dict[str, Any]) -> str:
    marks = f' code="{value["code"]}"' + (f" element={quoteattr(value['element'])}" if "element" in value else "")
    return (
        f"<Error{marks}><Message>{escape(value['Message'])}</Message><Detail>{escape(value['Detail'])}</Detail></Error>"
    )
