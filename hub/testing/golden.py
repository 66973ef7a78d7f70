"""Golden files: results of tests as readable text beside them; one option rewrites them."""

import json
from pathlib import Path
from typing import Any

from hub.contract.codec import dump

REWRITE = False


def golden(path: Path, value: Any) -> None:
    """Fail unless the file holds `value` as sorted JSON; `--rewrite-golden` writes it."""
    text = json.dumps(dump(value), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if REWRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), (
        f"{path.name} is not there yet: run the test with --rewrite-golden and read what it wrote"
    )
    assert path.read_text(encoding="utf-8") == text
