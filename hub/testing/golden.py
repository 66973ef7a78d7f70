"""Golden files: results of tests as readable text beside them; one option rewrites them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.contract.codec import dump
from hub.contract.documents import Code, Document, iter_codes
from hub.testing.recording import record

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
    for document in _iter_documents(value):
        record.note(record.GOLDEN, document.kind)
        for field, code, _ in iter_codes(document):
            if isinstance(code, Code) and code.create:
                record.note(record.GOLDEN_CREATION, field)


def _iter_documents(value: Any) -> Iterator[Document]:
    """Yield the documents in a value, also in its lists and mappings."""
    if isinstance(value, Document):
        yield value
    elif isinstance(value, dict):
        yield from _iter_documents(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _iter_documents(item)
