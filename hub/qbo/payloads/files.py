"""What is said of a file that is uploaded for a transaction."""

from typing import Any

from hub.documents import Attachment
from hub.qbo.entities import ENTITY

LONGEST_NAME = 1000


def file_metadata(attachment: Attachment, kind: str, quickbooks_id: str, marker: str = "") -> dict[str, Any]:
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
