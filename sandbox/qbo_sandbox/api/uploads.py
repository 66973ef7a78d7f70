"""Attachments: notes, uploaded files, and the addresses to read them back."""

import base64
import binascii
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from qbo_sandbox.accounting.company import Change, Company, StoredReply
from qbo_sandbox.accounting.refusals import Refusal
from qbo_sandbox.accounting.values import dump, load
from qbo_sandbox.api import xml
from qbo_sandbox.api.request_ids import Key, run_once
from qbo_sandbox.entities import links, operations, schema
from qbo_sandbox.entities.attachables import check_links
from qbo_sandbox.kit.json_object import JsonObject

ALLOWED_SUFFIXES = "ai csv doc docx eps gif jpeg jpg ods pdf png rtf tif txt xls xlsx xml"
MAX_FILE_SIZE = 100 * 1024 * 1024
NAME_PATTERN = re.compile(r'name="?([^";]+)"?', re.IGNORECASE)
FILENAME_PATTERN = re.compile(r'filename="?([^";]+)"?', re.IGNORECASE)


class Part:
    """One part of a multipart body."""

    def __init__(self, head: bytes, content: bytes) -> None:
        self.headers = {}
        # As QuickBooks reads it: a name with other characters comes right only in the metadata.
        for line in head.decode("latin-1").splitlines():
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        disposition = self.headers.get("content-disposition", "")
        name_match = NAME_PATTERN.search(disposition.replace("filename", "f1le"))
        filename_match = FILENAME_PATTERN.search(disposition)
        self.name = name_match[1] if name_match else ""
        self.filename = filename_match[1] if filename_match else ""
        self.content = content
        if self.headers.get("content-transfer-encoding", "").lower() == "base64":
            self.content = _decode(content)

    @property
    def number(self) -> str:
        """Return the end of the name, which a file and its metadata have in common."""
        _, _, number = self.name.rpartition("_")
        return number


def _decode(content: bytes) -> bytes:
    """Decode the base64 of a file."""
    try:
        return base64.b64decode(content)
    except binascii.Error:
        raise Refusal(
            "6000", "Business Validation Error: the file is no valid base64.", ""
        ) from None


def split_parts(content_type: str, body: bytes) -> list[Part]:
    """Return the parts of a multipart body with either kind of line ends."""
    boundary = re.search(r'boundary="?([^";]+)"?', content_type)
    if not boundary:
        return []
    separator = b"--" + boundary[1].encode()
    parts = []
    _, *pieces = body.split(separator)
    for piece in pieces:
        is_end = piece.startswith(b"--")
        if not is_end:
            parts.append(_parse_part(piece))
    return parts


def _parse_part(piece: bytes) -> Part:
    """Split a piece of a multipart body into its headers and its content.

    An empty line is between them. The piece begins and ends with a line end of its own.
    """
    piece = piece[2:] if piece.startswith(b"\r\n") else piece[1:]
    empty_lines = []
    for mark in (b"\r\n\r\n", b"\n\n"):
        if mark in piece:
            empty_lines.append((piece.find(mark), mark))
    head = piece
    content = b""
    if empty_lines:
        position, mark = min(empty_lines)
        head = piece[:position]
        content = piece[position + len(mark) :]
    line_end = b"\r\n" if content.endswith(b"\r\n") else b"\n"
    content = content.removesuffix(line_end)
    return Part(head.strip(), content)


def upload(
    company: Company,
    folder: Path | None,
    content_type: str,
    body: bytes,
    request: Key | None,
    *,
    is_late: bool,
) -> list[bytes]:
    """Store files; answer the Attachable or the fault of each."""
    if not company.switches.requestid_uploads:
        request = None
    files: list[Part] = []
    metadata_by_number: dict[str, Part] = {}
    for part in split_parts(content_type, body):
        if part.name.startswith("file_content"):
            files.append(part)
        elif part.name.startswith("file_metadata"):
            metadata_by_number[part.number] = part
    if not files:
        raise Refusal("6040", "Metadata is not an Attachable : no file was sent", "")
    answers = []
    for position, part in enumerate(files):
        metadata = metadata_by_number.get(part.number)
        key = Key(f"{request}{position or ''}") if request else None
        store = partial(_store, company, folder, metadata, part)
        answers.append(_upload_one(company, key, store, is_late=is_late))
    return answers


def _upload_one(
    company: Company,
    key: Key | None,
    store: Callable[[str | None], StoredReply],
    *,
    is_late: bool,
) -> bytes:
    """Store one file of an upload; return its answer, which may be a refusal of its own."""
    try:
        reply = run_once(company, key, store, is_late=is_late)
    except Refusal as refusal:
        fault = dump(refusal.item_fault())
        return f'{{"Fault":{fault}}}'.encode()
    return b'{"Attachable":' + reply.body + b"}"


def _store(
    company: Company, folder: Path | None, metadata: Part | None, part: Part, request: str | None
) -> StoredReply:
    """Store a file with its metadata, and return the reply with the Attachable."""
    operations.require_subscription(company)
    data = check_links(company, _read_metadata(metadata))
    name = str(data.get("FileName") or part.filename)
    _check_file(name, part.content)
    realm = company.options.realm
    id = company.next_id("Attachable")
    company.files[id] = part.content
    if folder:
        path = build_file_path(folder, realm, id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(part.content)
    content_type = data.get("ContentType") or part.headers.get("content-type")
    own_fields = {
        "FileName": name,
        "ContentType": content_type or "application/octet-stream",
        "Size": len(part.content),
        "FileAccessUri": f"/v3/company/{realm}/download/{id}",
    }
    file = company.head(id) | data | own_fields
    changes = [Change("Attachable", id, file), *links.list_attached_changes(company, file, None)]
    return company.commit(changes, request)


def _check_file(name: str, content: bytes) -> None:
    """Refuse a file that is too large, or whose name has an ending that is not supported."""
    if len(content) > MAX_FILE_SIZE:
        raise Refusal("6030", "Uploaded file too large : at most 100 MB", "")
    _, _, suffix = name.rpartition(".")
    if suffix.lower() not in ALLOWED_SUFFIXES.split(" "):
        raise Refusal("6041", f"File type not supported : {name}", "")


def _read_metadata(part: Part | None) -> JsonObject:
    """Return the fields of the Attachable that came with a file, as JSON or as XML."""
    if part is None:
        return {}
    try:
        if part.content.lstrip().startswith(b"<"):
            _, data = xml.read(part.content)
        else:
            data = load(part.content)
        schema.check("Attachable", data)
    except (ValueError, AttributeError):
        raise Refusal("6040", "Metadata is not an Attachable", "") from None
    return {key: value for key, value in data.items() if value is not None}


def build_file_path(folder: Path, realm: str, id: str) -> Path:
    """Return where a file is stored."""
    name = f"{realm}-{id}"
    return folder / "files" / name


def read_file(company: Company, folder: Path | None, id: str) -> bytes | None:
    """Return the bytes of a file, or None."""
    if id not in company.files and folder:
        path = build_file_path(folder, company.options.realm, id)
        if path.exists():
            company.files[id] = path.read_bytes()
    return company.files.get(id)
