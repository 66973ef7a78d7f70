"""Columns get standard names; what they hold stays as it is"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMNS = (
    ("access", "asked_at", "requested_at"),
    ("access", "asked_by", "requested_by"),
    ("case", "act", "stored_action"),
    ("case", "do", "stored_instruction"),
    ("case", "reason", "stored_reason"),
    ("case", "title", "stored_title"),
    ("company", "heard_at", "webhook_received_at"),
    ("company", "looked_at", "polled_at"),
    ("company", "moved_at", "changed_at"),
    ("company", "told_at", "webhook_news_at"),
    ("company", "why", "state_reason"),
    ("match", "how", "match_method"),
    ("posting", "hold", "held_by"),
    ("posting", "not_these", "rejected_ids"),
    ("proof", "found", "result"),
    ("run", "asked_by", "requested_by"),
    ("run", "of", "total"),
)


def upgrade() -> None:
    for table, before, after in COLUMNS:
        op.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{before}" TO "{after}"')


def downgrade() -> None:
    for table, before, after in COLUMNS:
        op.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{after}" TO "{before}"')
