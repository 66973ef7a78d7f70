"""The multipart body of an upload: a file and its metadata."""

METADATA_NAME = "file_metadata_01"
CONTENT_NAME = "file_content_01"


def multipart(boundary: str, metadata: bytes, file: bytes, name: str, mime: str) -> bytes:
    """Return the body; characters that would end the file's name in the header are replaced."""
    safe_name = name.replace("\\", "_").replace('"', "_").replace("\r", " ").replace("\n", " ")
    file_mime = mime or "application/octet-stream"
    metadata_part = _part(boundary, METADATA_NAME, "attachment.json", "application/json", metadata)
    file_part = _part(boundary, CONTENT_NAME, safe_name, file_mime, file)
    end = f"--{boundary}--\r\n"
    return metadata_part + file_part + end.encode()


def _part(boundary: str, name: str, filename: str, mime: str, content: bytes) -> bytes:
    """Return one part, with the boundary before it."""
    header = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        f"Content-Type: {mime}\r\n"
        "\r\n"
    )
    return header.encode() + content + b"\r\n"
