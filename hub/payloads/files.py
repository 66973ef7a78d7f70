"""The metadata of files that are uploaded for a transaction."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.contract.documents import Attachment
from hub.errors import Sentence
from hub.payloads.entities import ENTITY_BY_KIND
from hub.payloads.multipart import get_media_type

MAX_NAME_LENGTH = 1000
SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class FileSummary(NamedTuple):
    """A file as it was uploaded, with which the file in QuickBooks is compared."""

    sha256: str = ""
    size: int | None = None
    name: str = ""

    @classmethod
    def load(cls, values: Mapping[str, Any] | None) -> "FileSummary":
        """Return the summary that `dump` stored; an empty one if nothing is stored."""
        if not values:
            return cls()
        return cls(
            sha256=values.get("sha256", ""),
            size=values.get("size"),
            name=values.get("name", ""),
        )

    def dump(self) -> dict[str, Any]:
        """Return the summary as plain JSON."""
        return self._asdict()


def is_sha256(text: str) -> bool:
    """Return whether a text has the form of a SHA-256 in hexadecimal digits."""
    return SHA256.fullmatch(text) is not None


def build_file_metadata(
    attachment: Attachment, kind: str, quickbooks_id: str, marker: str
) -> dict[str, Any]:
    """Return the metadata that attaches a file to a transaction, with the marker as its note."""
    one_line_name = attachment.name.replace("\r", " ").replace("\n", " ").strip()
    name = one_line_name or attachment.id
    owner = {"type": ENTITY_BY_KIND[kind], "value": quickbooks_id}
    metadata: dict[str, Any] = {
        "FileName": name[-MAX_NAME_LENGTH:],
        "ContentType": get_media_type(attachment.mime),
        "AttachableRef": [{"EntityRef": owner, "IncludeOnSend": False}],
    }
    if marker:
        metadata["Note"] = f"[hub:{marker}]"
    return metadata


def find_file_differences(
    metadata: Mapping[str, Any], size: int | None, actual: Mapping[str, Any]
) -> list[str]:
    """Return a sentence for each difference of a file in QuickBooks: name, size and owner.

    `metadata` and `size` are those of the upload, `actual` is the Attachable.
    """
    sentences: list[str] = []
    expected_name = metadata["FileName"]
    name = str(actual.get("FileName") or "")
    if name != expected_name:
        sentences.append(
            Sentence(
                "It is called %(name)s there, not %(expected_name)s.",
                name=name or Sentence("nothing"),
                expected_name=expected_name,
            )
        )

    actual_size = actual.get("Size")
    if size is not None and actual_size is not None and int(actual_size) != size:
        sentences.append(
            Sentence(
                "QuickBooks has %(actual_size)s bytes of it, %(size)s were sent.",
                actual_size=format(int(actual_size), ","),
                size=format(size, ","),
            )
        )

    owners = _list_owners(actual)
    for link in metadata["AttachableRef"]:
        owner = link["EntityRef"]
        if owner not in owners:
            sentences.append(
                Sentence(
                    "It is not attached to %(type)s %(value)s there.",
                    type=owner["type"],
                    value=owner["value"],
                )
            )
    return sentences


def _list_owners(file: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the type and id of each transaction that a file is attached to."""
    owners = []
    for link in file.get("AttachableRef") or ():
        if not isinstance(link, dict):
            continue
        ref = link.get("EntityRef") or {}
        owner = {"type": str(ref.get("type")), "value": str(ref.get("value"))}
        owners.append(owner)
    return owners
