"""Which reports there are."""

from hub.qbo.sandbox.company import Company
from hub.qbo.sandbox.refusals import unsupported


def answer(company: Company, name: str, params: dict[str, str]) -> bytes:
    """The report of a name."""
    raise unsupported(f"report {name}")
