"""Let the next sync of an app read its source from the beginning, as a person asks for."""

from hub import outbox
from hub.db.database_errors import repeat_after_conflict
from hub.db.engine import transaction
from hub.installations.act_log import format_audit_subject
from hub.installations.cursors import forget_cursors
from hub.outbox.setting_locks import lock_to_change
from hub.security import audit


@repeat_after_conflict
def start_over(installation_id: int, who: str) -> None:
    """Forget how far an app was read; a collect under way ends before it stores another cursor.

    What is known of documents stays, so those that are read as before change nothing. Those that
    wait are read by their ids if the list does not have them: a plugin that compares its list with
    a cursor does not notice what changed before the cursor was forgotten.
    """
    with transaction() as session:
        row = lock_to_change(session, installation_id)
        forget_cursors(session, row.id)
        outbox.mark_for_reread(session, row.id)
        audit.record(session, who, "reading started over", format_audit_subject(row))
