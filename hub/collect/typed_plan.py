"""Turn the arguments of a planned posting into the values that the outbox takes."""

from collections.abc import Mapping
from typing import Any

from hub.models import SourceDocument
from hub.models.enums import Holder, Operation, PostingState
from hub.outbox.plans import Content, Disposition, PartOperation, Repetition


def typed_plan(
    row: SourceDocument, values: Mapping[str, Any]
) -> tuple[PartOperation, Content, Disposition]:
    """Return operation, content and disposition of a planned posting."""
    operation = PartOperation(
        operation=Operation(values["operation"]),
        part=values.get("part", ""),
        base=values.get("base", "0"),
        quickbooks_id=values.get("quickbooks_id"),
        repetition=Repetition(values.get("again", "")),
    )
    content = Content(
        kind=values.get("kind") or row.kind,
        payload=values["payload"],
        meaning=values["meaning"],
        number=values.get("number", ""),
        total=values.get("total"),
        currency=values.get("currency", ""),
        warnings=tuple(values.get("warnings", ())),
        after_id=values.get("after_id"),
    )
    disposition = Disposition(
        state=PostingState(values["state"]),
        holder=Holder(values.get("hold", "")),
        reason=values.get("reason", ""),
    )
    return operation, content, disposition
