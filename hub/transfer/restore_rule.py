"""Record in a restored database that it may lack the newest postings and changes."""

from hub.db.engine import transaction
from hub.posting.recovery import restore
from hub.security import api_tokens, audit, login_sessions


def apply(who: str) -> None:
    """Record that the database was restored from an older state.

    Documents that may have been posted since are searched in QuickBooks before anything is sent.
    All sessions end and all API tokens are revoked, because some were ended or revoked since.
    """
    restore.declare_restore()
    with transaction() as session:
        audit.record_restore(session, who)
        login_sessions.end_every(session, login_sessions.EndReason.RESTORED)
        api_tokens.revoke_all(session)
