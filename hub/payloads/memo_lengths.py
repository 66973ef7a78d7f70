"""The maximum lengths of memos, and the kind that has none."""

MAX_MEMO_LENGTH = 4000
MAX_NOTES_LENGTH = 2000  # notes of a customer or supplier, which are its memo
KIND_WITHOUT_MEMO = "vendor"  # QuickBooks keeps no notes of suppliers


def compute_memo_room(marker_line: str, max_length: int = MAX_MEMO_LENGTH) -> int:
    """Return how many characters of a memo are left above the line with the marker."""
    return max_length - len(marker_line) - 1
