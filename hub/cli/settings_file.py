"""Settings of an app in a JSON file."""

import json
from pathlib import Path
from typing import Any


def read_settings(file: Path | None) -> dict[str, Any]:
    """Return the settings in a JSON file; raise Refused for anything but an object."""
    from hub.errors import Refused

    if file is None:
        return {}
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise Refused(f"{file} is no JSON: {error}.") from None
    if not isinstance(settings, dict):
        raise Refused(f"{file} must hold one JSON object: settings by name.")
    return settings
