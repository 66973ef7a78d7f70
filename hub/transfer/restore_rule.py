"""Record in a restored database that it may lack the newest postings and changes."""

from hub.db.engine import transaction
from hub.posting.recovery import restore
from hub.security import api_tokens, audit, invitations, login_sessions, password_resets


def apply(who: str) -> None:
    """Record that the database was restored from an older state.

    Documents that may have been posted since are searched in QuickBooks before anything is sent.
    All sessions end, all API tokens are revoked, and no code for a password or of an invitation is
    valid any more, because some were ended, revoked, used or withdrawn since.
    """
    restore.declare_restore()
    with transaction() as session:
        audit.record_restore(session, who)
        login_sessions.end_every(session, login_sessions.EndReason.RESTORED)
        api_tokens.revoke_all(session)
        password_resets.withdraw_codes(session)
        invitations.expire_all(session)
