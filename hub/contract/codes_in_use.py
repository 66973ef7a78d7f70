"""The codes that documents use, for sources without lists of their own."""

from collections.abc import Iterable

from hub.contract.documents import Code, Document, Yielded, codes_of


def codes_in_use(items: Iterable[Yielded], field: str) -> list[Code | str]:
    """Return the codes of a field that documents use, each once; an answer for `hub_codes`."""
    codes: dict[str, Code | str] = {}
    for item in items:
        if not isinstance(item, Document):
            continue
        for name, code, _ in codes_of(item):
            if name == field:
                codes[code if isinstance(code, str) else code.id] = code
    return list(codes.values())
