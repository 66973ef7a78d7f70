"""A call to QuickBooks: where it goes, what it carries and what a good response contains."""

from dataclasses import dataclass

from hub.qbo.responses import Expected


@dataclass(frozen=True)
class Call:
    """A call: where it goes, what it carries, and what a good response to it contains."""

    method: str
    path: str
    params: dict[str, str]
    expected: Expected
    body: bytes | None = None
    content_type: str = "application/json"
    items: int = 0  # of a batch
    slow: bool = False  # takes long to upload, so connecting may take all the time there is

    @property
    def writes(self) -> bool:
        """Return whether the call may change something in QuickBooks."""
        return "requestid" in self.params

    @property
    def kind(self) -> str:
        """Return what the call does: read, write, or send a batch or a file."""
        if self.is_envelope:
            return self.path
        return "write" if self.writes else "read"

    @property
    def is_envelope(self) -> bool:
        """Return whether the response contains a response to each of its items."""
        return self.path in ("batch", "upload")


def read_call(path: str, expected: Expected, params: dict[str, str] | None = None) -> Call:
    """Return a call that only reads."""
    return Call("GET", path, params or {}, expected)
