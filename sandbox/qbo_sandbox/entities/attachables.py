"""The links of attachments to other objects."""

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import KIND_NAMES_BY_PATH
from qbo_sandbox.accounting.refusals import business_error
from qbo_sandbox.kit.json_object import JsonObject


def check_links(company: Company, data: JsonObject) -> JsonObject:
    """Return the data of an attachable after checking its links."""
    for reference in data.get("AttachableRef") or ():
        entity = reference.get("EntityRef") or {}
        kind = KIND_NAMES_BY_PATH.get(str(entity.get("type", "")).lower())
        if kind is None or company.row(kind, entity.get("value")) is None:
            target = f"{entity.get('type')} {entity.get('value')}"
            raise business_error(
                f"The entity {target} that you are trying to link does not exist. {target}"
            )
        entity["type"] = kind
        reference.setdefault("IncludeOnSend", False)
    return data
