"""What is said of a file that is uploaded for a transaction."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.contract.documents import Attachment
from hub.qbo.entities import ENTITY

LONGEST_NAME = 1000


class FileSummary(NamedTuple):
    """A file as it was uploaded, to tell later whether it is still the same."""

    sha256: str = ""
    size: int | None = None
    name: str = ""

    @classmethod
    def load(cls, stored: Mapping[str, Any] | None) -> "FileSummary":
        """Return the summary that `dump` stored; an empty one if nothing is stored."""
        if not stored:
            return cls()
        return cls(stored.get("sha256", ""), stored.get("size"), stored.get("name", ""))

    def dump(self) -> dict[str, Any]:
        """Return the summary as plain JSON."""
        return self._asdict()


def file_metadata(
    attachment: Attachment, kind: str, quickbooks_id: str, marker: str = ""
) -> dict[str, Any]:
    """The metadata that ties a file to a transaction; the marker finds it again."""
    name = attachment.name.replace("\r", " ").replace("\n", " ").strip() or attachment.id
    made = {
        "FileName": name[-LONGEST_NAME:],
        "ContentType": attachment.mime or "application/octet-stream",
        "AttachableRef": [
            {"EntityRef": {"type": ENTITY[kind], "value": quickbooks_id}, "IncludeOnSend": False},
        ],
    }
    return made | ({"Note": f"[hub:{marker}]"} if marker else {})


def file_differences(
    metadata: Mapping[str, Any], size: int | None, shown: Mapping[str, Any]
) -> list[str]:
    """What QuickBooks made of a file, where that is not what was meant: its name, its bytes, what it hangs on."""
    told = []
    if str(shown.get("FileName") or "") != metadata["FileName"]:
        told.append(
            f"It is called {shown.get('FileName') or 'nothing'} there, not {metadata['FileName']}."
        )
    if size is not None and shown.get("Size") is not None and int(shown["Size"]) != size:
        told.append(f"QuickBooks has {int(shown['Size']):,} bytes of it, {size:,} were sent.")
    missing = [
        link["EntityRef"]
        for link in metadata["AttachableRef"]
        if link["EntityRef"] not in _links(shown)
    ]
    told += [f"It is not attached to {link['type']} {link['value']} there." for link in missing]
    return told


def _links(shown: Mapping[str, Any]) -> list[dict[str, str]]:
    refs = [
        link.get("EntityRef") or {}
        for link in shown.get("AttachableRef") or ()
        if isinstance(link, dict)
    ]
    return [{"type": str(ref.get("type")), "value": str(ref.get("value"))} for ref in refs]
