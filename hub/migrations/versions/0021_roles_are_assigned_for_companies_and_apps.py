"""Roles are assigned for companies and apps; the roles that people have become roles for everything"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "role_assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("slug", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_role_assignment_company_id_company")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_role_assignment_user_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_assignment")),
    )
    op.create_index(op.f("ix_role_assignment_user_id"), "role_assignment", ["user_id"])
    op.execute(
        "INSERT INTO role_assignment (user_id, role)"
        " SELECT roles_users.user_id, role.name FROM roles_users"
        " JOIN role ON role.id = roles_users.role_id"
    )
    op.execute("DELETE FROM roles_users")  # one place says what a person may do


def downgrade() -> None:
    """Keep the roles for everything; those for a company or an app have no place."""
    op.execute(
        "INSERT INTO role (name) SELECT DISTINCT role_assignment.role FROM role_assignment"
        " WHERE role_assignment.role NOT IN (SELECT name FROM role)"
    )
    op.execute(
        "INSERT INTO roles_users (user_id, role_id)"
        " SELECT role_assignment.user_id, role.id FROM role_assignment"
        " JOIN role ON role.name = role_assignment.role"
        " WHERE role_assignment.company_id IS NULL AND role_assignment.slug IS NULL"
    )
    op.drop_index(op.f("ix_role_assignment_user_id"), table_name="role_assignment")
    op.drop_table("role_assignment")
