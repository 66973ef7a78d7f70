"""A file and its metadata in one body, as uploads have it."""


def multipart(boundary: str, metadata: bytes, file: bytes, name: str, mime: str) -> bytes:
    """The body; the name loses what would end its place in the header."""
    plain = name.replace("\\", "_").replace('"', "_").replace("\r", " ").replace("\n", " ")
    head = f"--{boundary}\r\nContent-Disposition: form-data; name="
    parts = [
        f'{head}"file_metadata_01"; filename="attachment.json"\r\nContent-Type: application/json\r\n\r\n'.encode(),
        metadata,
        f'\r\n{head}"file_content_01"; filename="{plain}"\r\n'.encode(),
        f"Content-Type: {mime or 'application/octet-stream'}\r\n\r\n".encode(),
        file,
        f"\r\n--{boundary}--\r\n".encode(),
    ]
    return b"".join(parts)
