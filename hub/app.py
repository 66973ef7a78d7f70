"""Build the application from parts, each bound by its own init_app."""

from collections.abc import Mapping
from functools import partial

from flask import Flask
from requests.adapters import BaseAdapter

from hub import context
from hub.clock import Clock, SystemClock
from hub.config import Config
from hub.context import Runtime
from hub.contract.registry import Plugins
from hub.crypto.keys import read_ring
from hub.crypto.vault import Vault
from hub.db import coordination, engine
from hub.security import secrets, shared_locks


def create_app(
    config: Config,
    *,
    plugins: Plugins | None = None,
    clock: Clock | None = None,
    mounts: Mapping[str, BaseAdapter] | None = None,
    pages: bool = True,
    is_demo: bool = False,
) -> Flask:
    """Create the application of one hub; nothing is opened before it is used.

    Without `pages` nobody can log in.
    """
    runtime = Runtime(
        config=config,
        clock=clock or SystemClock(),
        vault=Vault(
            config.vault_keys, reread=partial(read_ring, config.data, config.vault_keys_file)
        ),
        plugins=(plugins or Plugins.load(allowed=config.allowed_plugins)).without_access_gates(
            config.open_apps
        ),
        mounts=dict(mounts or {}),
        is_demo=is_demo,
    )
    runtime.mask.add((config.qbo_client_secret, config.qbo_webhook_token, config.metrics_token))
    app = Flask("hub")
    app.config["SECRET_KEY"] = config.secret_key
    context.init_app(app, runtime)
    name = coordination.application_name(runtime.process) if config.is_distributed else ""
    engine.init_app(app, config.database_url, name, config.page_seconds)
    if config.is_distributed:
        app.extensions[secrets.SHARED_LOCK] = shared_locks.installation_lock
    if pages:
        from hub.web import pages as html_pages  # only now: commands run without the pages
        from hub.web.api import application as json_api

        html_pages.init_app(app)
        json_api.init_app(app)
    return app
