"""The error of an audit log that somebody changed."""

from hub.errors import HubError, Sentence


class AuditBroken(HubError):
    """The audit log is not as it was written."""

    def __init__(self, entry: int, why: str, subject: str = "") -> None:
        super().__init__(
            "The audit log is not intact: %(subject)s %(why)s. Keep this database and compare it"
            " with a backup.",
            subject=subject or Sentence("entry %(id)s", id=str(entry)),
            why=why,
        )
        self.entry = entry

    @classmethod
    def head(cls, why: str, name: str) -> "AuditBroken":
        """Return the error for the head of the log; `name` says what holds it."""
        text = Sentence(
            "%(why)s, so it cannot be told whether the end of the log was cut off", why=why
        )
        return cls(0, text, Sentence("its head, %(name)s,", name=name))

    @classmethod
    def missing_from_log(cls, number: int, path: str) -> "AuditBroken":
        """Return the error for an entry that only the copy has."""
        text = Sentence(
            "is in the copy %(path)s and not in the log, which was cut off or replaced", path=path
        )
        return cls(number, text, _format_entry_number(number))

    @classmethod
    def copy(cls, number: object, path: str) -> "AuditBroken":
        """Return the error for a copied entry that was changed."""
        return cls(
            0, Sentence("was changed in the copy %(path)s", path=path), _format_entry_number(number)
        )


def _format_entry_number(number: object) -> Sentence:
    return Sentence("entry number %(number)s", number=str(number))
