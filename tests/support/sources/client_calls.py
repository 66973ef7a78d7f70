"""What tests of the QuickBooks client send, and what the stand-in has logged."""

from typing import Any

from hub.payloads import encode

KEY = "a" * 32


def bill(number: str = "INV-1", **more: Any) -> bytes:
    """Return the body of a bill with one line."""
    detail = {"AccountRef": {"value": "7"}}
    line = {
        "DetailType": "AccountBasedExpenseLineDetail",
        "Amount": 10,
        "AccountBasedExpenseLineDetail": detail,
    }
    return encode({"VendorRef": {"value": "1"}, "DocNumber": number, "Line": [line], **more})


def entries(quickbooks: Any, call: str) -> list[dict[str, Any]]:
    """Return the entries of a call in the log of the stand-in."""
    return [entry for entry in quickbooks.log.entries() if entry["call"] == call]
