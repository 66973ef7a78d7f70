"""Messages to people: mail about new cases, files on demand, invitations and codes.

Imports `hub.cases`, `hub.context`, `hub.contract`, `hub.db`, `hub.http`, `hub.models`,
`hub.outbox`, `hub.reasons`, `hub.security` and `hub.translations`. Start reading in `mail`.
"""

from hub.notifications.case_news import find_mailbox
from hub.notifications.deliveries import load_refused_addresses
from hub.notifications.mail import (
    File,
    answer_password_requests,
    demo_folder,
    is_set,
    mail_digest,
    send,
    send_invitation,
    send_password_code,
)

__all__ = [
    "File",
    "answer_password_requests",
    "demo_folder",
    "find_mailbox",
    "is_set",
    "load_refused_addresses",
    "mail_digest",
    "send",
    "send_invitation",
    "send_password_code",
]
