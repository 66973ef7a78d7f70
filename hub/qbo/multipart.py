"""The multipart body of an upload: a file and its metadata."""

METADATA_NAME = "file_metadata_01"
CONTENT_NAME = "file_content_01"


def multipart(boundary: str, metadata: bytes, file: bytes, name: str, mime: str) -> bytes:
    """Return the body; characters that would end the file's name in the header are replaced."""
    safe_name = name.replace("\\", "_").replace('"', "_").replace("\r", " ").replace("\n", " ")
    parts = [
        _part(boundary, METADATA_NAME, "attachment.json", "application/json", metadata),
        _part(boundary, CONTENT_NAME, safe_name, mime or "application/octet-stream", file),
        f"--{boundary}--\r\n".encode(),
    ]
    return b"".join(parts)


def _part(boundary: str, name: str, filename: str, mime: str, content: bytes) -> bytes:
    header = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        f"Content-Type: {mime}\r\n"
        "\r\n"
    )
    return header.encode() + content + b"\r\n"
