"""Media types of files, and the suffixes of their names."""

import mimetypes
import re

UNKNOWN_TYPE = "application/octet-stream"
SUFFIX = re.compile(r"\.[a-z]{2,5}$", re.IGNORECASE)  # of any file: "Invoice no. 10.417" has none
# The suffixes of the files that sources usually have, by their media types.
SUFFIXES = {
    "application/pdf": ".pdf",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/xml": ".xml",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
    "text/csv": ".csv",
    "text/plain": ".txt",
    "text/xml": ".xml",
}


def find_media_type(name: str, mime: object) -> str:
    """Return the media type of a file, that of its suffix if the source does not state it.

    Stores of files state the type of unknown bytes for files whose type they were not told.
    """
    stated = mime if isinstance(mime, str) else ""
    if stated and stated != UNKNOWN_TYPE:
        return stated
    usual_type, _ = mimetypes.guess_type(name)
    return usual_type or stated


def add_suffix(name: str, mime: str) -> str:
    """Return the name of a file with the suffix of its media type, unless it has one already."""
    if SUFFIX.search(name.strip()):
        return name
    media_type, _, _ = mime.partition(";")
    return name + SUFFIXES.get(media_type.strip().lower(), "")
