"""The type of a JSON object: the fields of an object of QuickBooks, of a body or of a row."""

from typing import Any

JsonObject = dict[str, Any]
