"""A whole hub that collects from one app's stand-in, to test what becomes of its documents."""

import contextlib
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from sqlalchemy import event, select

from hub.app import create_app
from hub.collect import run as collect_run
from hub.config import Config
from hub.contract import settings_schema
from hub.contract.document_kinds import add_twins
from hub.db import engine
from hub.models import ConnectedCompany, Installation, ListState, Posting, SourceDocument
from hub.qbo import company, records, transaction_index
from hub.security.secrets import SiteSecrets
from hub.testing.bench import URL, Bench
from hub.testing.fakes.stand_in import WSGIAdapter

LONG_AGO = dt.date(2000, 1, 1)
COMPILED: dict[
    Any, Any
] = {}  # statements of all such hubs of a process, whose engines are short-lived


def _skip_fsync(connection: Any, record: object) -> None:
    """Leave it to the operating system when to write to the disk: the folder ends with the test."""
    connection.execute("PRAGMA synchronous=OFF")


class CollectingHub:
    """A hub in a folder of its own, as a context manager.

    Its QuickBooks company has no records and is never called.
    """

    def __init__(self, slug: str, settings: Mapping[str, Any], folder: Path) -> None:
        self.bench = Bench(slug, settings, waits=True)
        self._settings = settings
        self.clock = self.bench.clock
        config = Config(
            data=folder,
            database_url=f"sqlite:///{folder / 'hub.db'}",
            secret_key="a key that signs nothing outside of tests",  # noqa: S106 (nothing is kept)
            vault_keys=(("test", bytes(32)),),
        )
        self._app = create_app(
            config,
            clock=self.clock,
            plugins=self.bench.plugins,
            mounts={URL: WSGIAdapter(self.bench.serve, URL)},
            pages=False,
        )
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Create the tables and enable the app, in the context of the hub's application."""
        self._open.enter_context(self._app.app_context())
        database = engine.db.engine
        database.update_execution_options(compiled_cache=COMPILED)
        event.listen(database, "connect", _skip_fsync)
        engine.db.create_all()
        self._open.callback(database.dispose)
        self.id = self._install()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def collect(self) -> Mapping[str, int]:
        """Collect as a run does; return how many documents became what."""
        with engine.transaction() as session:
            lists = session.scalars(select(ListState))
            for row in lists:
                row.read_at = self.clock.now()  # so that no list has to be read again
        result = collect_run.collect(self.id)
        return result.counts

    def documents(self) -> dict[str, tuple[Any, ...]]:
        """Return for each document whether it is gone, its stage, and its postings by state."""
        posting_query = (
            select(SourceDocument.source_id, Posting.part, Posting.state)
            .join(Posting, Posting.document_id == SourceDocument.id)
            .order_by(Posting.id)
        )
        document_query = select(SourceDocument).order_by(SourceDocument.id)
        postings: dict[str, list[str]] = {}
        documents = {}
        with engine.read_only_session() as session:
            for source_id, part, state in session.execute(posting_query):
                label = f"{part} {state}".strip()
                postings.setdefault(source_id, []).append(label)
            for row in session.scalars(document_query):
                states = postings.get(row.source_id, ())
                documents[row.source_id] = (row.gone, row.stage, *states)
        return documents

    def _install(self) -> int:
        """Enable the app for a company whose lists were read; return the installation's id."""
        app = self.bench.app
        settings = {**self.bench.sandbox.settings(URL), **self._settings}
        secrets = {}
        for name in settings_schema.list_secret_names(app):
            if name in settings:
                secrets[name] = settings.pop(name)
        with engine.transaction() as session:
            row = Installation(
                company=self._build_company(),
                slug=app.slug,
                settings=settings,
                created_at=self.clock.now(),
            )
            session.add(row)
            session.flush()
            transaction_lists = [
                f"{transaction_index.HEADS_PREFIX}{kind}" for kind in add_twins(app.posts)
            ]
            for name in (*records.LISTS, company.COMPANY_LIST, *transaction_lists):
                state = ListState(
                    list=name,
                    company_id=row.company_id,
                    read_at=self.clock.now(),
                    since=LONG_AGO,
                )
                session.add(state)
            installation_id = row.id
        SiteSecrets(installation_id).update(secrets)
        return installation_id

    def _build_company(self) -> ConnectedCompany:
        of_bench = self.bench.company
        return ConnectedCompany(
            realm="1",
            name="Test company",
            country=of_bench.country,
            currency=of_bench.currency,
            connected_at=self.clock.now(),
        )
