"""Deliberate errors, sorted by what a person does next; each class builds its own sentence."""

import math
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

MAX_CHOICES = 12  # names that a sentence lists
SECONDS_IN_WORDS = 90  # a longer pause is given in minutes


class HubError(Exception):
    """A deliberate error: `str()` is a sentence for people, `exit_code` that of a command."""

    exit_code = 1
    from_source = False  # whether it is the source, or the app's way to it, that does not work

    @property
    def text(self) -> str:
        """Return the sentence."""
        return str(self)


# -- wait: the hub tries again by itself ---------------------------------------------------------


class Retry(HubError):
    """The other side cannot answer now; `after` is the pause in seconds, None if it named none."""

    def __init__(self, text: str, after: float | None = None) -> None:
        super().__init__(text)
        self.after = after


class Busy(Retry):
    """Another process holds what this one needs."""

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(
            f"{what} is in use by another process; it is tried again when that one has finished.",
            after,
        )


class TooOften(Retry):
    """The other side is asked more often than it allows, whatever is asked."""

    def __init__(self, host: str, app: str, after: float | None = None) -> None:
        super().__init__(f"The server {host} asks {app} to slow down; it is tried again.", after)


class RateReached(TooOften):
    """The hub itself does not call a source more often than its plugin declares."""

    def __init__(self, app: str, rate: str, after: float) -> None:
        Retry.__init__(
            self,
            f"{app} allows {rate}, which are used up. Nothing was lost; the next call is possible"
            f" in {_duration(max(1, math.ceil(after)))}.",
            after,
        )


class WorkInterrupted(Retry):
    """This process cannot go on with its work; a run that meets it is repeated at once."""


class DatabaseUnavailable(WorkInterrupted):
    """The database is locked, full, read-only or gone."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"The database {url} cannot be used: {why}. Nothing was lost; solve that and run again."
        )


class FolderUnavailable(Retry):
    """A file of the data folder cannot be written: the disk is full, or permissions are missing."""

    def __init__(self, path: str | Path, error: OSError) -> None:
        why = error.strerror or str(error)
        super().__init__(
            f"{path} cannot be written: {why}. Nothing was lost; solve that and run again."
        )


class OtherFolderActive(WorkInterrupted):
    """Processes of another data folder work on the same database."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"{folder} works on this database, and embedded hubs of two data folders, or an"
            " embedded and a distributed one, must not work on one database at the same time."
            " Run it there, stop the hub there first, or set HUB_ENGINE alike."
        )


class LeaseLost(WorkInterrupted):
    """Another process took over the work of this one, which gave no sign of life for too long."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Another process took over the lease {name}, because this one did not renew it in"
            " time. That process goes on with the work; nothing needs to be done."
        )


# -- act: a person has to do something -----------------------------------------------------------


class NeedsAttention(HubError):
    """A connection that only a person can repair: it opens one case, and postings stay."""


class AccessNeeded(HubError):
    """The app is not open to this account; `contact` is who grants it."""

    def __init__(self, text: str, contact: str) -> None:
        super().__init__(f"{text} Ask {contact} for access.")
        self.contact = contact


class ConnectionTrouble(NeedsAttention):
    """QuickBooks refuses the connection of a company; `after` is the pause in seconds."""

    def __init__(self, text: str, after: float | None = None) -> None:
        super().__init__(text)
        self.after = after


class ReconnectNeeded(ConnectionTrouble):
    """QuickBooks no longer accepts the connection of a company."""

    def __init__(self, company: str, why: str) -> None:
        super().__init__(
            f"QuickBooks no longer accepts the connection to {company} ({why})."
            " Open Companies and press Reconnect."
        )


class OtherCompany(NeedsAttention):
    """A reconnect came back with another company than the one it was started for."""

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(
            f"You signed in to QuickBooks company {actual}, but this connection belongs to"
            f" {expected}. Nothing was changed: press Reconnect again and choose {expected}, or"
            f" connect {actual} as a company of its own."
        )


# -- refuse: the request cannot be carried out as it is ------------------------------------------


class Refused(HubError):
    """The other side or the hub refuses, and would again; the text says why and what helps."""


class TooManyGuesses(HubError):
    """A password or code was guessed wrong too often; `after` is the pause in seconds."""

    def __init__(self, secret: str, after: float) -> None:
        self.after = max(1, math.ceil(after))
        super().__init__(
            f"There were too many wrong tries of the {secret}."
            f" Wait {_duration(self.after)}, then try again."
        )


class PasswordTooLong(Refused):
    """A password is longer than the hub hashes."""

    def __init__(self, max_length: int) -> None:
        super().__init__(f"A password has at most {max_length:,} characters.")


class NotThisCompany(Refused):
    """QuickBooks does not take a new connection for the company that it was made for."""

    def __init__(self, realm: str, why: str) -> None:
        super().__init__(
            f"QuickBooks does not let this connection work in company {realm}, so nothing was"
            " connected. Check the company id: it must be the company that was chosen when access"
            f" was allowed. {why}"
        )


class ConfigurationError(HubError):
    """A setting of the hub is missing, unknown or not of its form."""

    def __init__(self, name: str, problem: str, choices: Iterable[str] = ()) -> None:
        """Name the nearest of the choices; `problem` completes the sentence that `name` begins."""
        near = get_close_matches(name, list(choices), n=1, cutoff=0.6)
        hint = ""
        if near:
            hint = f" Did you mean {near[0]}?"
        super().__init__(f"{name} {problem}.{hint}")
        self.name = name


class MissingExtra(HubError):
    """A command or a test needs a package that only an extra of a distribution installs."""

    def __init__(self, purpose: str, package: str, distribution: str) -> None:
        super().__init__(
            f"{purpose} needs {package}, which is not installed."
            f' Install {distribution} (pip install "{distribution}").'
        )


class SchemaError(HubError):
    """The tables of a database do not fit this version of the hub."""

    def __init__(self, database: object, problem: str) -> None:
        super().__init__(f"The database {database} {problem}.")


class DatabaseMoved(HubError):
    """The hub moved to another database; this one is sealed."""

    def __init__(self, database: str, address: str) -> None:
        super().__init__(
            f"The hub has moved to {address}, and its old database {database} is sealed. Set"
            " HUB_DATABASE_URL to the new address. If the hub is to work here again, stop it there"
            " and run `hub unseal`."
        )


class UnfinishedCopy(HubError):
    """A database into which rows were still being copied when that was interrupted."""

    def __init__(self, database: str, source: str) -> None:
        super().__init__(
            f"The database {database} is an unfinished copy of {source}. Run the command that"
            " copies it, `hub move` or `hub restore`, again until it says that all rows are there."
        )


class DatabaseNotEmpty(Refused):
    """Rows can only be copied into a database that has none."""

    def __init__(self, database: str, table: str) -> None:
        super().__init__(
            f"The database {database} is not empty: its table {table} has rows. Nothing was"
            " changed; name an empty database."
        )


class HubAtWork(Retry):
    """A command that needs a database for itself finds other processes in it."""

    def __init__(self, database: str, why: str) -> None:
        super().__init__(
            f"The hub is at work on {database} ({why}). Nothing was changed; stop `hub serve` and"
            " all other commands of the hub, then run this again."
        )


class HostNotAllowed(Refused):
    """An app tried to call an address that it did not declare, or that only the operator allows."""

    def __init__(self, app: str, host: str, *, lacks: str = "") -> None:
        """Say what the address of a declared host lacks: "https", being "public", or its "port"."""
        text = f"{app} tried to call {host}, which it does not declare. Check its settings."
        if lacks == "public":
            text = f"The address {host} is private."
        elif lacks == "https":
            text = f"The address {host} is called without https."
        elif lacks == "port":
            text = (
                f"{app} declares {host}, but tried to call it at another port or by another scheme."
                " Check the address in its settings, port included."
            )
        if lacks in ("public", "https"):
            text += (
                " If it is meant, write it on a line of its own into the file that"
                " HUB_ALLOW_HOSTS_FILE names."
            )
        super().__init__(text)


class NotFound(Refused):
    """Something named by a person does not exist; the near names are offered."""

    def __init__(self, what: str, name: str, choices: Iterable[str] = ()) -> None:
        """Offer the nearest of the choices, or list the first few if none is near."""
        names = sorted(choices)
        near = get_close_matches(name, names, n=1, cutoff=0.6)
        hint = ""
        if near:
            hint = f" Did you mean {near[0]}?"
        elif names:
            listed = ", ".join(names[:MAX_CHOICES])
            hint = f" There is: {listed}."
        super().__init__(f"There is no {what} {name!r}.{hint}")


class NotNow(Refused):
    """A person asked for something that the present state does not allow."""


class SettingsInvalid(Refused):
    """Settings of an app do not fit its schema; `fields` maps each field to its sentences."""

    from_source = True

    def __init__(self, app: str, fields: dict[str, list[str]]) -> None:
        parts = []
        for name, texts in fields.items():
            sentences = " ".join(texts)
            parts.append(f"{name}: {sentences}")
        problems = "; ".join(parts)
        super().__init__(f"The settings of {app} were not saved. {problems}")
        self.fields = fields


class BadDocument(HubError, ValueError):
    """A document, line, code or amount breaks the contract.

    It becomes Unreadable, or names the plugin's defect.
    """


class VaultError(HubError):
    """A secret cannot be read or written: no key, a wrong key, or a value moved from its place."""


class AuditBroken(HubError):
    """The audit log is not as it was written."""

    def __init__(self, entry: int, why: str, subject: str = "") -> None:
        subject = subject or f"entry {entry}"
        super().__init__(
            f"The audit log is not intact: {subject} {why}."
            " Keep this database and compare it with a backup."
        )
        self.entry = entry

    @classmethod
    def head(cls, why: str, name: str) -> "AuditBroken":
        """Return the error for the head of the log; `name` says what holds it."""
        text = f"{why}, so it cannot be told whether the end of the log was cut off"
        return cls(0, text, f"its head, {name},")

    @classmethod
    def missing_from_log(cls, number: int, path: str) -> "AuditBroken":
        """Return the error for an entry that only the copy has."""
        text = f"is in the copy {path} and not in the log, which was cut off or replaced"
        return cls(number, text, f"entry number {number}")

    @classmethod
    def copy(cls, number: object, path: str) -> "AuditBroken":
        """Return the error for a copied entry that was changed."""
        return cls(0, f"was changed in the copy {path}", f"entry number {number}")


class PluginBroken(HubError):
    """An installed plugin cannot be used; the others go on."""

    def __init__(self, distribution: str, reason: str) -> None:
        super().__init__(f"{distribution} cannot be used: {reason}")
        self.distribution = distribution
        self.reason = reason


class PluginFault(HubError):
    """A plugin met a defect of its own while it worked for an installation."""

    def __init__(self, app: str, what: str, error: BaseException) -> None:
        """Name the defect on one line; `what` says what the plugin was doing ("it read ...")."""
        text = " ".join(str(error).split()).rstrip(".")
        defect = f"{type(error).__name__}: {text}".rstrip(": ")
        super().__init__(
            f"{app} stopped with a defect of its own while {what} ({defect})."
            " What came before is kept. Run it again; if it stays, tell the plugin's author what"
            " stands here."
        )


class OtherTenant(NeedsAttention):
    """The settings of an installation lead to another account than the one it is bound to."""

    def __init__(self, app: str, expected: str, actual: str) -> None:
        super().__init__(
            f"The settings of {app} now lead to the account {actual}, but its documents belong to"
            f" {expected}. Nothing was changed: enter the access of {expected} again, or connect"
            f" {actual} as an installation of its own."
        )


def _duration(seconds: int) -> str:
    """Return a pause in words, rounded up to whole minutes above a minute."""
    if seconds == 1:
        return "1 second"
    if seconds <= SECONDS_IN_WORDS:
        return f"{seconds} seconds"
    return f"{math.ceil(seconds / 60)} minutes"
