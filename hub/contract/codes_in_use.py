"""The codes that documents use, for sources without lists of their own."""

from collections.abc import Iterable

from hub.contract.documents import Code, Document, Yielded, get_code_id, iter_codes


def codes_in_use(items: Iterable[Yielded], field: str) -> list[Code | str]:
    """Return the codes of a field that documents use, each once; an answer for `hub_codes`.

    If several codes have the same id, the last one is returned.
    """
    codes_by_id: dict[str, Code | str] = {}
    for item in items:
        if not isinstance(item, Document):
            continue
        for name, code, _ in iter_codes(item):
            if name != field:
                continue
            id = get_code_id(code)
            codes_by_id[id] = code
    return list(codes_by_id.values())
