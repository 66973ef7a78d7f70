"""Create companies, and restore those that the journal has."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qbo_sandbox.accounting.company import Change, Company
from qbo_sandbox.accounting.refusals import Refusal
from qbo_sandbox.accounting.values import dump
from qbo_sandbox.api.webhooks import Sender
from qbo_sandbox.kit import Clock, Journal
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.options import Options
from qbo_sandbox.seeding.seed import open_books
from qbo_sandbox.seeding.snapshots import Snapshots
from qbo_sandbox.web.control import Control


class CompanyCreator:
    """Adds companies to a stand-in, and repeats what its journal says of them."""

    def __init__(
        self, control: Control, clock: Clock, journal: Journal, sender: Sender, folder: Path | None
    ) -> None:
        self.control = control
        self.clock = clock
        self.journal = journal
        self.sender = sender
        self.companies = control.companies
        self.snapshots = Snapshots(control, clock, journal, folder, self._add_company)

    def open_company(self, options: Options) -> Company:
        """Add a company and open its books."""
        if options.realm in self.companies:
            raise ValueError(f"there is a company {options.realm} already")
        self.journal.append_line(dump({"options": options.as_dict()}).encode())
        company = Company(options, self.clock, self.journal, self.control.switches)
        open_books(company)
        company.watchers.append(self.sender.watch)
        self.companies[options.realm] = company
        return company

    def _add_company(self, options: Options) -> Company:
        """Add a company without opening its books."""
        company = self.companies[options.realm] = Company(
            options, self.clock, self.journal, self.control.switches
        )
        company.watchers.append(self.sender.watch)
        return company

    def replay(self) -> None:
        """Repeat every entry of the journal, in their order."""
        readers: dict[str, Callable[[Any], None]] = {
            "oauth": self.control.grants.replay,
            "clock": self.clock.restore,
            "switches": self.control.set,
            "options": self._options,
            "webhooks": self.sender.replay,
            "snapshot": self.snapshots.replay,
            "remembered": self._remember,
        }
        for line in self.journal.replay():
            if "r" in line:
                self._repeat_creation(line)
            for name in line.keys() & readers.keys():
                readers[name](line[name])
        self.sender.start()

    def _repeat_creation(self, line: JsonObject) -> None:
        """Repeat the changes in a line of the journal, and send what was not sent of them."""
        realm = line["r"]
        at = float(line["at"])
        changes = [Change(kind, id, data) for kind, id, data in line["c"]]
        texts = ["null" if change.data is None else dump(change.data) for change in changes]
        self.companies[realm].apply(changes, texts, at, line.get("q"))
        self.sender.requeue(realm, changes, line.get("a", ""), at)

    def _remember(self, values: list[Any]) -> None:
        """Remember the request id of a write, and the refusal that it got."""
        realm, key, digest, refusal = values
        self.companies[realm].digests[key] = digest
        if refusal:
            self.companies[realm].refused[key] = Refusal.restore(refusal)

    def _options(self, raw: JsonObject) -> None:
        """Open a company with these options, or change those of an open one."""
        values = {
            name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()
        }
        options = Options.read(values)
        if options.realm in self.companies:
            self.companies[options.realm].options = options
        else:
            self._add_company(options)
