"""The names that a plugin author imports."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hub.contract.api_client import ApiClient
from hub.contract.chunks import iter_chunks
from hub.contract.codes_in_use import codes_in_use
from hub.contract.cursors import ChangeCursor
from hub.contract.dates import format_moment, parse_date, parse_day
from hub.contract.deletions import (
    DeletionSweep,
    PartSweep,
    add_deletions,
    format_ids,
    parse_ids,
)
from hub.contract.documents import (
    NOT_LINKED,
    Address,
    Applied,
    Attachment,
    Checkpoint,
    Code,
    Codes,
    Document,
    Gone,
    Item,
    ItemType,
    Kind,
    Line,
    Outcome,
    Party,
    Role,
    Row,
    TaxMode,
    Unreadable,
    Yielded,
)
from hub.contract.files import FileContent, FileField, FileKinds, Files, FileTable, ReceivedFile
from hub.contract.grants import ClientCredentials, RefreshToken
from hub.contract.hookspecs import hookimpl
from hub.contract.lists import CursorList, FilteredList, SourceList, read_lists, row_version
from hub.contract.pages import (
    Page,
    RowVersion,
    next_link,
    read_changes_in_order,
    read_linked_pages,
    read_numbered_pages,
    read_pages,
)
from hub.contract.reading import read_changes, read_ids
from hub.contract.receipts import Receipt
from hub.contract.rows import check_fields, look_up, numbers_as_text, readable, require_id
from hub.contract.states import ReceiptState, ReceiptStateName, Stage, StageName
from hub.contract.tokens import BoundSecrets, TokenCache
from hub.contract.transient import is_transient
from hub.contract.types import (
    App,
    Company,
    Field,
    FromSetting,
    Http,
    MatchMethod,
    Record,
    Reply,
    Sandbox,
    Secrets,
    Signal,
    Site,
    Tenant,
)
from hub.contract.web_addresses import web_address
from hub.contract.webhooks import signed_json
from hub.errors import AccessNeeded, NeedsAttention, Refused, Retry, Sentence
from hub.money import money, round_amount, sum_amounts

if TYPE_CHECKING:
    from hub.contract import setting

__all__ = [
    "NOT_LINKED",
    "AccessNeeded",
    "Address",
    "ApiClient",
    "App",
    "Applied",
    "Attachment",
    "BoundSecrets",
    "ChangeCursor",
    "Checkpoint",
    "ClientCredentials",
    "Code",
    "Codes",
    "Company",
    "CursorList",
    "DeletionSweep",
    "Document",
    "Field",
    "FileContent",
    "FileField",
    "FileKinds",
    "FileTable",
    "Files",
    "FilteredList",
    "FromSetting",
    "Gone",
    "Http",
    "Item",
    "ItemType",
    "Kind",
    "Line",
    "MatchMethod",
    "NeedsAttention",
    "Outcome",
    "Page",
    "PartSweep",
    "Party",
    "Receipt",
    "ReceiptState",
    "ReceiptStateName",
    "ReceivedFile",
    "Record",
    "RefreshToken",
    "Refused",
    "Reply",
    "Retry",
    "Role",
    "Row",
    "RowVersion",
    "Sandbox",
    "Secrets",
    "Sentence",
    "Signal",
    "Site",
    "SourceList",
    "Stage",
    "StageName",
    "TaxMode",
    "Tenant",
    "TokenCache",
    "Unreadable",
    "Yielded",
    "add_deletions",
    "check_fields",
    "codes_in_use",
    "format_ids",
    "format_moment",
    "hookimpl",
    "is_transient",
    "iter_chunks",
    "look_up",
    "money",
    "next_link",
    "numbers_as_text",
    "parse_date",
    "parse_day",
    "parse_ids",
    "read_changes",
    "read_changes_in_order",
    "read_ids",
    "read_linked_pages",
    "read_lists",
    "read_numbered_pages",
    "read_pages",
    "readable",
    "require_id",
    "round_amount",
    "row_version",
    "setting",
    "signed_json",
    "sum_amounts",
    "web_address",
]

# The name of today for each earlier one, which keeps working for one minor version.
RENAMED: Mapping[str, str] = {"to_cents": "round_amount"}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import `setting` when it is first used: it needs marshmallow, `hub --help` does not.

        Warn of an earlier name and return what it stands for.
        """
        if name in RENAMED:
            text = f"hub.{name} goes with the next minor version; use hub.{RENAMED[name]}."
            warnings.warn(text, DeprecationWarning, stacklevel=2)
            return globals()[RENAMED[name]]
        if name == "setting":
            from hub.contract import setting

            return setting
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
