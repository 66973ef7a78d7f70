"""Names of the QuickBooks records that the codes of a document stand for."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from hub.contract.documents import ROLES
from hub.mapping import Ref, find
from hub.models import Installation
from hub.qbo import records
from hub.web.codes import code_lookup, match_messages


def build_record_namer(session: Session, installation: Installation) -> Callable[[str, str], str]:
    """Return a function that names a record by field or role and id; "" if there is none."""
    fields = code_lookup.load_fields_by_name(installation)
    match_index = code_lookup.load_match_index(session, installation)

    def name(key: str, code: str) -> str:
        """Return the name of the record; "" if there is none."""
        if key in fields:
            result = find(fields[key], code, match_index)
            return result.name if isinstance(result, Ref) else ""
        if key not in ROLES:
            return ""
        index = records.load_index(session, installation.company_id, key)
        entry = index.by_id.get(code)
        return match_messages.build_title(entry) if entry else ""

    return name
