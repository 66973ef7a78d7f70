"""The multipart body of an upload: a file and its metadata."""

import re

from hub.contract.file_types import UNKNOWN_TYPE

# A media type with its parameters (RFC 9110, 8.3.1); spaces only between parameters.
MEDIA_TYPE = re.compile(
    r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(; *[\w-]+=(\w[\w.+-]*|\"[ \w.+-]*\"))*", re.ASCII
)
# Quotation marks, backslashes, and whatever a reader of headers may take for the end of a line.
UNSAFE_IN_NAME = re.compile('[\x00-\x1f\x7f-\x9f\u2028\u2029\\\\"]+')
METADATA_NAME = "file_metadata_01"
CONTENT_NAME = "file_content_01"


def encode_multipart(boundary: str, metadata: bytes, file: bytes, name: str, mime: str) -> bytes:
    """Return the body; characters that would end the file's name in the header are replaced."""
    safe_name = UNSAFE_IN_NAME.sub("_", name)
    metadata_part = _encode_part(
        boundary, METADATA_NAME, "attachment.json", "application/json", metadata
    )
    file_part = _encode_part(boundary, CONTENT_NAME, safe_name, get_media_type(mime), file)
    end = f"--{boundary}--\r\n"
    return metadata_part + file_part + end.encode()


def get_media_type(text: str) -> str:
    """Return the text if it is a media type for a header, or else the type of unknown bytes."""
    return text if MEDIA_TYPE.fullmatch(text) else UNKNOWN_TYPE


def _encode_part(boundary: str, name: str, filename: str, mime: str, content: bytes) -> bytes:
    """Return one part, with the boundary before it."""
    header = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        f"Content-Type: {mime}\r\n"
        "\r\n"
    )
    return header.encode() + content + b"\r\n"
