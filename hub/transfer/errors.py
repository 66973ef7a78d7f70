"""Errors of copies, backups and restores; each class builds its own sentence."""

from hub.errors import HubError, Refused, Retry


class RowNotCopied(HubError):
    """The other database does not accept a row."""

    def __init__(self, row: str, reason: str) -> None:
        super().__init__(
            f"The other database does not accept the row {row}: {reason}. Nothing was changed, and"
            " the hub can go on where it is; report this row."
        )


class CopyDiffers(HubError):
    """A copied database is not equal to the one that it was copied from."""

    def __init__(self, difference: str) -> None:
        super().__init__(
            f"The copy is not complete: {difference}. The old database is unchanged, and the hub"
            " can go on with it; run the command again."
        )


class ArchiveUnusable(Refused):
    """A backup cannot be restored."""

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(f"The backup {path} cannot be restored: {reason}. Nothing was changed.")


class DatabaseNotEmpty(Refused):
    """Rows can only be copied into a database that has none."""

    def __init__(self, database: str, table: str) -> None:
        super().__init__(
            f"The database {database} is not empty: its table {table} has rows. Nothing was"
            " changed; name an empty database."
        )


class HubAtWork(Retry):
    """A command that needs a database for itself finds other processes in it."""

    def __init__(self, database: str, reason: str) -> None:
        super().__init__(
            f"The hub is at work on {database} ({reason}). Nothing was changed; stop `hub serve`,"
            " `hub worker` and all other commands of the hub, then run this again."
        )
