"""Save the whole state of the stand-in under a name, and restore it later."""

import pickle
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.refusals import Refusal
from qbo_sandbox.kit import Clock, Journal
from qbo_sandbox.options import Options
from qbo_sandbox.web.control import Control

EXCLUDED_ATTRIBUTES = ("options", "clock", "journal", "switches", "lock", "watchers", "refused")
NAME_PATTERN = re.compile(r"[\w.-]{1,60}")


class Snapshots:
    """Saved states, in files beside the journal, or in memory if there is no folder."""

    def __init__(
        self,
        control: Control,
        clock: Clock,
        journal: Journal,
        folder: Path | None,
        open_empty: Callable[[Options], Company],
    ) -> None:
        self.control = control
        self.clock = clock
        self.journal = journal
        self._open_empty = open_empty
        self._folder = folder / "snapshots" if folder else None
        self._saved: dict[str, bytes] = {}

    def page(self, method: str, body: Any) -> object:
        """Answer /_sandbox/snapshots: POST {"save": name} or {"load": name}."""
        if method == "POST" and "save" in body:
            self.save(str(body["save"]))
        elif method == "POST":
            self.load(str(body["load"]))
        return {"snapshots": self.names()}

    def names(self) -> list[str]:
        """Return the names of the snapshots, those in the folder included."""
        names = set(self._saved)
        if self._folder:
            names |= {path.name.rpartition("@")[0] for path in self._folder.glob("*@*")}
        return sorted(names)

    def save(self, name: str) -> None:
        """Save the present state under a name."""
        if not NAME_PATTERN.fullmatch(name):
            raise ValueError("a snapshot's name has letters, digits, . _ and - only, at most 60")
        state = self._state()
        if self._folder is None:
            self._saved[name] = state
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / "draft"
        draft.write_bytes(state)
        draft.replace(self._folder / f"{name}@{sha256(state).hexdigest()[:16]}")

    def load(self, name: str) -> None:
        """Restore a saved state, after noting it in the journal."""
        if name not in self.names():
            raise ValueError(
                f"there is no snapshot {name!r}; there are {', '.join(self.names()) or 'none'}"
            )
        if self._folder is None:
            self._put(self._saved[name])
            return
        newest = max(self._folder.glob(f"{name}@*"), key=lambda path: path.stat().st_mtime_ns)
        self.journal.append({"snapshot": newest.name})
        self.replay(newest.name)

    def replay(self, file: str) -> None:
        """Take one line from the journal."""
        assert self._folder is not None
        self._put((self._folder / file).read_bytes())

    def _state(self) -> bytes:
        """Return the whole state of the stand-in in one piece."""
        companies = {realm: self._of(company) for realm, company in self.control.companies.items()}
        grants = self.control.grants
        with grants.lock:
            tokens = {
                "codes": grants.codes,
                "by_refresh": grants.by_refresh,
                "access": grants.access,
            }
            return pickle.dumps(
                (companies, tokens, self.control.switches.as_dict(), self.clock.state())
            )

    def _of(self, company: Company) -> bytes:
        """Return the state of a company."""
        with company.lock:
            attributes = {
                name: value
                for name, value in vars(company).items()
                if name not in EXCLUDED_ATTRIBUTES
            }
            refusals = {key: vars(refusal) for key, refusal in company.refused.items()}
            return pickle.dumps((company.options, attributes, refusals))

    def _put(self, state: bytes) -> None:
        """Restore a state."""
        saved_state = pickle.loads(state)  # noqa: S301  (written by this stand-in)
        companies, tokens, switches, clock = saved_state
        self.clock.restore(clock)
        for realm in self.control.companies.keys() - companies.keys():
            del self.control.companies[realm]
        for realm, company_state in companies.items():
            options, attributes, refusals = pickle.loads(company_state)  # noqa: S301  (the same)
            company = self.control.companies.get(realm) or self._open_empty(options)
            with company.lock:
                company.options = options
                vars(company).update(attributes)
                company.refused = {key: Refusal.restore(values) for key, values in refusals.items()}
        vars(self.control.grants).update(tokens)
        self.control.set(switches)
