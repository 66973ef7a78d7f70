"""The first contract test of an app: it reads documents at all."""

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from hub.contract.documents import Unreadable
from hub.testing.bench import Bench
from hub.testing.exchanges.hook_calls import call_hook
from hub.testing.outcomes.items import describe_shared_id, only_documents
from hub.testing.suite.variants import VariantBenches

NAME = "test_it_reads_documents_at_all"


class SmokeTest(VariantBenches):
    """A test of what most others need, so that one cause does not fail each in its own way.

    While it cannot pass, the pytest plugin of the hub reports other failures of the suite in one
    line that names it.
    """

    _obstacle: str | None = None  # None until a test has failed, "" if it was not because of this

    def test_it_reads_documents_at_all(self) -> None:
        """Open the app on its stand-in, check the access, and read all that it has."""
        self._read_documents()

    def describe_obstacle(self, test: str) -> str:
        """Return why another test fails, in one line; "" if the app reads documents."""
        obstacle = self._find_obstacle()
        if not obstacle or test == NAME:
            return ""
        return f"It waits for {NAME}: {obstacle}"

    def _find_obstacle(self) -> str:
        """Return why the app reads no documents; "" if it does. Look once a suite."""
        suite = type(self)
        if suite._obstacle is None:
            suite._obstacle = ""
            try:
                self._read_documents()
            except (Exception, pytest.fail.Exception) as error:
                suite._obstacle = " ".join(str(error).split()) or type(error).__name__
        return suite._obstacle

    def _read_documents(self) -> None:
        """Read the app's documents; fail with the hook that raises, or if there are none.

        Fail as well if two of them have one id: other tests would find the wrong one by it.
        """
        bench = call_hook(lambda: self._open({}), f"The start of {self.slug} on its stand-in")
        if not bench.plugins.has(self.slug, "hub_check"):
            pytest.fail(
                f"The plugin of {self.slug} has no hub_check. Implement it: call the source with"
                " the credentials, and return the account as a Tenant."
            )
        call_hook(bench.check, f"hub_check of {self.slug}")
        items = self._read_from_its_site(bench)
        shared_id = describe_shared_id(self.slug, items)
        if shared_id:
            pytest.fail(shared_id)
        if only_documents(items):
            self._read_from_its_site(self._open({}))
            return
        unreadable = [item for item in items if isinstance(item, Unreadable)]
        if unreadable:
            pytest.fail(
                f"hub_documents of {self.slug} reads no document, and {len(unreadable)} rows that"
                f" are unreadable, such as {unreadable[0].source_id}: {unreadable[0].reason}"
            )
        pytest.fail(f"hub_documents of {self.slug} reads no document from its stand-in.")

    def _read_from_its_site(self, bench: Bench) -> list[Any]:
        """Return what is read; fail if it has documents and not from the site that was passed.

        A plugin that keeps a client mixes companies: its second site is read from the first one.
        """
        calls: list[str] = []

        def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            """Note a call, and pass it to the stand-in."""
            calls.append(environ["PATH_INFO"])
            return stand_in(environ, start)

        with bench.replaced_by(serve) as stand_in:
            items: list[Any] = call_hook(bench.read, f"hub_documents of {self.slug}")
        if only_documents(items) and bench.app.hosts and not calls:
            pytest.fail(
                f"hub_documents of {self.slug} yields what it has read from another site, and"
                " called nothing with the one that it got: one company would get the documents of"
                " another. Keep no client or Site in a global or a cache; make the client from"
                " `site` in each call of a hook."
            )
        return items
