"""Attachments: notes, uploaded files, and the addresses to read them back."""

import base64
import binascii
import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from json import loads
from pathlib import Path

from qbo_sandbox.accounting.company import Change, Company, StoredReply
from qbo_sandbox.accounting.refusals import Refusal
from qbo_sandbox.accounting.values import dump
from qbo_sandbox.api import xml
from qbo_sandbox.api.request_ids import Key, run_once
from qbo_sandbox.entities import schema
from qbo_sandbox.entities.attachables import check_links
from qbo_sandbox.kit.json_object import JsonObject

SUFFIXES = "ai csv doc docx eps gif jpeg jpg ods pdf png rtf tif txt xls xlsx xml"
LARGEST = 100 * 1024 * 1024
NAME = re.compile(r'name="?([^";]+)"?', re.IGNORECASE)
FILENAME = re.compile(r'filename="?([^";]+)"?', re.IGNORECASE)


class Part:
    """One part of a multipart body."""

    def __init__(self, head: bytes, content: bytes) -> None:
        self.headers = {}
        for line in head.decode("utf-8", "replace").splitlines():
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        disposition = self.headers.get("content-disposition", "")
        name_match = NAME.search(disposition.replace("filename", "f1le"))
        filename_match = FILENAME.search(disposition)
        self.name = name_match[1] if name_match else ""
        self.filename = filename_match[1] if filename_match else ""
        self.content = content
        if self.headers.get("content-transfer-encoding", "").lower() == "base64":
            self.content = _decode(content)


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
    pieces = body.split(b"--" + boundary[1].encode())[1:]
    return [_find_part(piece) for piece in pieces if not piece.startswith(b"--")]


def _find_part(piece: bytes) -> Part:
    """Split a piece of a multipart body into its headers and its content."""
    piece = piece[2:] if piece.startswith(b"\r\n") else piece[1:]
    marks = [(piece.find(mark), mark) for mark in (b"\r\n\r\n", b"\n\n") if mark in piece]
    place, mark = min(marks) if marks else (len(piece), b"")
    content = piece[place + len(mark) :]
    content = content[:-2] if content.endswith(b"\r\n") else content.removesuffix(b"\n")
    return Part(piece[:place].strip(), content)


def upload(
    company: Company,
    folder: Path | None,
    content_type: str,
    body: bytes,
    request: Key | None,
    late: bool,
) -> list[bytes]:
    """Store files; answer the Attachable or the fault of each."""
    if not company.switches.requestid_uploads:
        request = None
    sections = split_parts(content_type, body)
    metadata = {
        part.name.rpartition("_")[2]: part
        for part in sections
        if part.name.startswith("file_metadata")
    }
    files = [part for part in sections if part.name.startswith("file_content")]
    if not files:
        raise Refusal("6040", "Metadata is not an Attachable : no file was sent", "")
    answers = []
    for place, part in enumerate(files):
        about = metadata.get(part.name.rpartition("_")[2])
        key = Key(f"{request}{place or ''}") if request else None
        answers.append(
            _upload_one(company, key, late, partial(_store, company, folder, about, part))
        )
    return answers


def _upload_one(
    company: Company, key: Key | None, late: bool, store: Callable[[str | None], StoredReply]
) -> bytes:
    """Store one file of an upload; return its answer, which may be a refusal of its own."""
    try:
        return b'{"Attachable":' + run_once(company, key, late, store).body + b"}"
    except Refusal as refusal:
        return f'{{"Fault":{dump(refusal.item_fault())}}}'.encode()


def _store(
    company: Company, folder: Path | None, metadata: Part | None, part: Part, request: str | None
) -> StoredReply:
    """Store a file with its metadata, and return the reply with the Attachable."""
    data = check_links(company, _metadata(metadata))
    name = str(data.get("FileName") or part.filename)
    if len(part.content) > LARGEST:
        raise Refusal("6030", "Uploaded file too large : at most 100 MB", "")
    if name.rpartition(".")[2].lower() not in SUFFIXES.split(" "):
        raise Refusal("6041", f"File type not supported : {name}", "")
    id = company.next_id("Attachable")
    company.files[id] = part.content
    if folder:
        path = file_path(folder, company.options.realm, id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(part.content)
    kind = data.get("ContentType") or part.headers.get("content-type") or "application/octet-stream"
    own = {"FileName": name, "ContentType": kind, "Size": len(part.content)}
    own["FileAccessUri"] = f"/v3/company/{company.options.realm}/download/{id}"
    stamp = company.stamp(company.now())
    meta = {"CreateTime": stamp, "LastUpdatedTime": stamp}
    head = {
        "domain": "QBO",
        "sparse": False,
        "Id": id,
        "SyncToken": "0",
        "MetaData": meta,
    }
    return company.commit([Change("Attachable", id, head | data | own)], request)


def _metadata(part: Part | None) -> JsonObject:
    """Return the fields of the Attachable that came with a file."""
    if part is None:
        return {}
    try:
        marked = part.content.lstrip().startswith(b"<")
        data = xml.read(part.content)[1] if marked else loads(part.content, parse_float=Decimal)
        schema.check("Attachable", data)
    except (ValueError, AttributeError):
        raise Refusal("6040", "Metadata is not an Attachable", "") from None
    return {key: value for key, value in data.items() if value is not None}


def file_path(folder: Path, realm: str, id: str) -> Path:
    """Return where a file is stored."""
    return folder / "files" / f"{realm}-{id}"


def file_content(company: Company, folder: Path | None, id: str) -> bytes | None:
    """Return the bytes of a file, or None."""
    if id not in company.files and folder:
        path = file_path(folder, company.options.realm, id)
        if path.exists():
            company.files[id] = path.read_bytes()
    return company.files.get(id)
