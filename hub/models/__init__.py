"""The tables of the hub, as SQLAlchemy models.

Imports only `hub.contract`, `hub.db` and `hub.reasons`. Start reading in `postings`.
"""

from hub.models.cases import Case, CaseNote, case_former_posting, case_posting
from hub.models.document_terms import DocumentTerm
from hub.models.files import FileDocument, FileMapping, StoredFile
from hub.models.guesses import GuessCount
from hub.models.installations import ConnectedCompany, Cursor, Installation, ReadDay, Token
from hub.models.lists import ListState, Match, SeenCode, StoredRecord, TransactionHead
from hub.models.login import (
    ApiToken,
    Authenticator,
    LoginSession,
    Passkey,
    ProviderAccount,
    RecoveryCode,
)
from hub.models.metrics import MetricTotal
from hub.models.notifications import CompanyNotification, Notice, NotificationChoice
from hub.models.origin import DatabaseOrigin
from hub.models.people import (
    Access,
    AuditEntry,
    Invitation,
    InvitationRight,
    OAuthState,
    PasswordReset,
    PasswordResetRequest,
    Role,
    RoleAssignment,
    SavedFilter,
    Secret,
    User,
)
from hub.models.postings import (
    NAMES_ONLY,
    Approval,
    Attempt,
    Posting,
    Proof,
    ReceiptRow,
    SourceDocument,
)
from hub.models.runs import ActiveFolder, Lease, Run, RunLine, Schedule
from hub.models.shared_state import AuditHead, SharedRateLimit
from hub.models.transaction_summary import LineSummary, TransactionSummary

__all__ = [
    "NAMES_ONLY",
    "Access",
    "ActiveFolder",
    "ApiToken",
    "Approval",
    "Attempt",
    "AuditEntry",
    "AuditHead",
    "Authenticator",
    "Case",
    "CaseNote",
    "CompanyNotification",
    "ConnectedCompany",
    "Cursor",
    "DatabaseOrigin",
    "DocumentTerm",
    "FileDocument",
    "FileMapping",
    "GuessCount",
    "Installation",
    "Invitation",
    "InvitationRight",
    "Lease",
    "LineSummary",
    "ListState",
    "LoginSession",
    "Match",
    "MetricTotal",
    "Notice",
    "NotificationChoice",
    "OAuthState",
    "Passkey",
    "PasswordReset",
    "PasswordResetRequest",
    "Posting",
    "Proof",
    "ProviderAccount",
    "ReadDay",
    "ReceiptRow",
    "RecoveryCode",
    "Role",
    "RoleAssignment",
    "Run",
    "RunLine",
    "SavedFilter",
    "Schedule",
    "Secret",
    "SeenCode",
    "SharedRateLimit",
    "SourceDocument",
    "StoredFile",
    "StoredRecord",
    "Token",
    "TransactionHead",
    "TransactionSummary",
    "User",
    "case_former_posting",
    "case_posting",
]
