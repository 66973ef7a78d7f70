"""Deliberate errors, sorted by what a person does next; each class builds its own sentence."""

import math
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

MAX_CHOICES = 12  # names that a sentence lists
SECONDS_IN_WORDS = 90  # a longer pause is given in minutes


class Sentence(str):
    """An English sentence that keeps its template and values apart, so that pages translate it.

    `hub.translations.messages.translate` returns it in another language. Stored, logged or printed
    it is English. A value may be a sentence, too. Whole numbers are formatted as counts.
    """

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, /, **values: object) -> "Sentence":
        """Fill in the placeholders of the template, such as %(name)s.

        Without values the template may contain any percent sign.
        """
        text = template
        if values:
            counts = {name: f"{n:,}" for name, n in values.items() if type(n) is int}
            text = template % (values | counts)
        sentence = super().__new__(cls, text)
        sentence.template = template
        sentence.values = values
        return sentence


# What is wrong with an address that an app calls, by what the address lacks.
HOST_PROBLEMS = {
    "": Sentence("%(app)s tried to call %(host)s, which it does not declare. Check its settings."),
    "public": Sentence("The address %(host)s is private. Allow it in %(setting)s if it is meant."),
    "https": Sentence(
        "The address %(host)s is called without https. Allow it in %(setting)s if it is meant."
    ),
    "port": Sentence(
        "%(app)s declares %(host)s, but tried to call it at another port or by another scheme."
        " Check the address in its settings, port included."
    ),
}


class HubError(Exception):
    """A deliberate error: `str()` is a sentence for people, `exit_code` that of a command."""

    exit_code = 1
    from_source = False  # whether it is the source, or the app's way to it, that does not work

    def __init__(self, text: str = "", /, **values: object) -> None:
        """Take the sentence, with the values of its placeholders, such as %(name)s."""
        self._sentence = Sentence(text, **values) if values else text
        super().__init__(str(self._sentence))

    @property
    def text(self) -> str:
        """Return the sentence in English."""
        return str(self)

    @property
    def sentence(self) -> str:
        """Return the sentence as pages translate it; in English if its text was masked since."""
        return self._sentence if str(self) == self._sentence else str(self)


# -- wait: the hub tries again by itself ---------------------------------------------------------


class Retry(HubError):
    """A call cannot be answered now; `after` is the pause in seconds, None if none was named."""

    def __init__(self, text: str, /, after: float | None = None, **values: object) -> None:
        super().__init__(text, **values)
        self.after = after


class Busy(Retry):
    """Another process holds what this one needs."""

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(
            "%(what)s is in use by another process. The hub tries again when that one has"
            " finished.",
            after,
            what=what,
        )


class TooOften(Retry):
    """A server limits how often it is called, for every kind of call."""

    def __init__(self, host: str, app: str, after: float | None = None) -> None:
        super().__init__(
            "The server %(host)s asks %(app)s to slow down.", after, host=host, app=app
        )


class RateReached(TooOften):
    """The hub itself does not call a source more often than its plugin declares."""

    def __init__(self, app: str, rate: str, after: float) -> None:
        Retry.__init__(
            self,
            "%(app)s allows %(rate)s, which are used up. Nothing was lost; the next call is"
            " possible in %(duration)s.",
            after,
            app=app,
            rate=rate,
            duration=_format_duration(max(1, math.ceil(after))),
        )


class WorkInterrupted(Retry):
    """This process cannot continue with its work; a run that meets it is repeated at once."""


class DatabaseUnavailable(WorkInterrupted):
    """The database is locked, full, read-only or gone."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            "The database %(url)s cannot be used: %(why)s. Nothing was lost; solve that and run"
            " again.",
            url=url,
            why=why if isinstance(why, Sentence) else "; ".join(why.split("\n\t")).rstrip(".?"),
        )


class FolderUnavailable(Retry):
    """A file of the data folder cannot be written: the disk is full, or permissions are missing."""

    def __init__(self, path: str | Path, error: OSError) -> None:
        why = error.strerror or str(error)
        super().__init__(
            "%(path)s cannot be written: %(why)s. Nothing was lost; solve that and run again.",
            path=path,
            why=why,
        )


class OtherFolderActive(WorkInterrupted):
    """Processes of another data folder work on the same database."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            "%(folder)s works on this database, and embedded hubs of two data folders, or an"
            " embedded and a distributed one, must not work on one database at the same time."
            " Run it there, stop the hub there first, or set HUB_ENGINE alike.",
            folder=folder,
        )


class LeaseLost(WorkInterrupted):
    """Another process took over the work of this one, which gave no sign of life for too long."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "Another process took over the lease %(name)s, because this one did not renew it in"
            " time. That process goes on with the work; nothing needs to be done.",
            name=name,
        )


# -- act: a person has to do something -----------------------------------------------------------


class NeedsAttention(HubError):
    """A connection that only a person can repair: it opens one case, and postings stay."""


class AccessNeeded(HubError):
    """The app is not open to this account; `contact` is who grants it."""

    def __init__(self, text: str, contact: str) -> None:
        super().__init__("%(text)s Ask %(contact)s for access.", text=text, contact=contact)
        self.contact = contact


class ConnectionTrouble(NeedsAttention):
    """QuickBooks refuses the connection of a company; `after` is the pause in seconds."""

    def __init__(self, text: str, /, after: float | None = None, **values: object) -> None:
        super().__init__(text, **values)
        self.after = after


class ReconnectNeeded(ConnectionTrouble):
    """QuickBooks no longer accepts the connection of a company."""

    def __init__(self, company: str, why: str) -> None:
        super().__init__(
            "QuickBooks no longer accepts the connection to %(company)s (%(why)s). Open Companies"
            " and press Reconnect.",
            company=company,
            why=why,
        )


class OtherCompany(NeedsAttention):
    """A reconnect came back with another company than the one it was started for."""

    def __init__(self, expected_name: str, actual_name: str) -> None:
        super().__init__(
            "You signed in to QuickBooks company %(actual)s, but this connection belongs to"
            " %(expected)s. Nothing was changed: press Reconnect again and choose %(expected)s, or"
            " connect %(actual)s as a company of its own.",
            actual=actual_name,
            expected=expected_name,
        )


# -- refuse: the request cannot be carried out as it is ------------------------------------------


class Refused(HubError):
    """A request is refused and would be again; the text says why and what to do."""


class TooManyGuesses(HubError):
    """A password or code was guessed wrong too often; `after` is the pause in seconds."""

    def __init__(self, secret: str, after: float) -> None:
        self.after = max(1, math.ceil(after))
        super().__init__(
            "There were too many wrong tries of the %(secret)s. Wait %(duration)s, then try again.",
            secret=Sentence(secret),
            duration=_format_duration(self.after),
        )


class NotThisCompany(Refused):
    """QuickBooks does not take a new connection for the company that it was made for."""

    def __init__(self, realm: str, why: str) -> None:
        super().__init__(
            "QuickBooks does not let this connection work in company %(realm)s, so nothing was"
            " connected. Check the company id: it must be the company that was chosen when access"
            " was allowed. %(why)s",
            realm=realm,
            why=why,
        )


class ConfigurationError(HubError):
    """A setting of the hub is missing, unknown or not of its form."""

    def __init__(self, name: str, problem: str, choices: Iterable[str] = ()) -> None:
        """Name the nearest of the choices; `problem` completes the sentence that `name` begins."""
        hint = _suggest_nearest(name, list(choices))
        super().__init__("%(name)s %(problem)s.%(hint)s", name=name, problem=problem, hint=hint)
        self.name = name


class MissingExtra(HubError):
    """A command or a test needs a package that only an extra of a distribution installs."""

    def __init__(self, purpose: str, package: str, command: str) -> None:
        """Take the command that installs the package from a checkout of the source."""
        super().__init__(
            "%(purpose)s needs %(package)s, which is not installed. Install it from a checkout of"
            " the hub: %(command)s",
            purpose=purpose,
            package=package,
            command=command,
        )


class DemoRunning(Refused):
    """Another process serves the demo of a folder."""

    def __init__(self, folder: object) -> None:
        super().__init__(
            "A demo runs in %(folder)s already. Use or stop that one, or set HUB_DATA to another"
            " folder.",
            folder=folder,
        )


class AddressUnusable(Refused):
    """The API of a source is not at the address that an app calls, so it refused nothing itself."""


class HostNotAllowed(AddressUnusable):
    """An app tried to call an address that it did not declare, or that only the operator allows."""

    def __init__(self, app: str, host: str, *, lacks: str = "", setting: str = "") -> None:
        """State what an address lacks ("https", "public" or "port"), and what would allow it."""
        super().__init__(HOST_PROBLEMS[lacks], app=app, host=host, setting=setting)


class NotFound(Refused):
    """Something named by a person does not exist; the near names are offered."""

    def __init__(self, what: str, name: str, choices: Iterable[str] = ()) -> None:
        """Offer the nearest of the choices, or list the first few if none is near."""
        names = sorted(choices)
        hint = _suggest_nearest(name, names)
        if names and not hint:
            name_list = ", ".join(names[:MAX_CHOICES])
            hint = Sentence(" There is: %(names)s.", names=name_list)
        super().__init__(
            "There is no %(what)s “%(name)s”.%(hint)s",
            what=what if isinstance(what, Sentence) else Sentence(what),
            name=name,
            hint=hint,
        )


class NotNow(Refused):
    """A person asked for something that the present state does not allow."""


class SettingsInvalid(Refused):
    """Settings of an app do not fit its schema; `fields` maps each field to its sentences."""

    from_source = True

    def __init__(self, app: str, fields: dict[str, list[str]]) -> None:
        sentences = [f"{name}: {' '.join(texts).rstrip('.')}." for name, texts in fields.items()]
        self.problems = " ".join(sentences)
        super().__init__(
            "The settings of %(app)s were not saved. %(problems)s", app=app, problems=self.problems
        )
        self.fields = fields


class BadDocument(HubError, ValueError):
    """A document, line, code or amount breaks the contract: it is unreadable, or a defect."""


class VaultError(HubError):
    """A secret cannot be read or written: no key, a wrong key, or a value moved from its place."""


class PluginBroken(HubError):
    """An installed plugin cannot be used; the others continue."""

    def __init__(self, distribution: str, reason: str) -> None:
        super().__init__(
            "%(distribution)s cannot be used: %(reason)s", distribution=distribution, reason=reason
        )
        self.distribution = distribution
        self.reason = reason


class PluginFault(HubError):
    """A plugin met a defect of its own while it worked for an installation."""

    def __init__(self, app: str, what: str, error: BaseException) -> None:
        """Name the defect on one line; `what` says what the plugin was doing ("it read ...")."""
        text = " ".join(str(error).split()).rstrip(".")
        defect = f"{type(error).__name__}: {text}".rstrip(": ")
        super().__init__(
            "%(app)s's plugin failed while %(what)s (%(defect)s). Nothing that was stored"
            " before is lost. Try again; if it fails again, send this message to the plugin's"
            " author.",
            app=app,
            what=what,
            defect=defect,
        )


class OtherTenant(NeedsAttention):
    """The settings of an installation lead to another account, with this id, than the one bound."""

    def __init__(self, app: str, expected: str, actual: str, account: str = "") -> None:
        super().__init__(
            "The settings of %(app)s now lead to the account %(actual)s, but its documents belong"
            " to %(expected)s. Nothing was changed: enter the access of %(expected)s again, or save"
            " the settings on the app's page Settings or with `hub apps set`, which ask whether the"
            " app is to continue with %(actual)s.",
            app=app,
            actual=actual,
            expected=expected,
        )
        self.expected = expected
        self.actual = actual
        self.account = account


def _suggest_nearest(name: str, names: list[str]) -> str:
    """Return a question that offers the name nearest to this one; nothing if none is near."""
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    return Sentence(" Did you mean %(name)s?", name=near[0]) if near else ""


def _format_duration(seconds: int) -> Sentence:
    """Return a pause in words, rounded up to whole minutes above a minute."""
    if seconds == 1:
        return Sentence("1 second")
    if seconds <= SECONDS_IN_WORDS:
        return Sentence("%(count)s seconds", count=seconds)
    return Sentence("%(count)s minutes", count=math.ceil(seconds / 60))
