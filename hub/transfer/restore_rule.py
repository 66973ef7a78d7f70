"""What has to be recorded in a database after it was put back: it may have forgotten postings."""

from hub.db.engine import transaction
from hub.posting.recovery import restore
from hub.security import api_tokens, audit, login_sessions


def apply(who: str) -> None:
    """Record that the database was restored from an older state.

    What may have been posted since is looked for in QuickBooks before anything is sent. Sessions
    that were ended since do not come back, nor do API tokens that were revoked since.
    """
    restore.declare_restore()
    with transaction() as session:
        audit.record_restore(session, who)
        login_sessions.end_every(session, login_sessions.EndReason.RESTORED)
        api_tokens.revoke_all(session)
