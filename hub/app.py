"""Builds the application: a list of parts, each bound by its own init_app."""

from collections.abc import Mapping
from functools import partial

from flask import Flask
from requests.adapters import BaseAdapter

from hub import runtime, store, web
from hub.clock import Clock, SystemClock
from hub.config import Config
from hub.keys import read_ring
from hub.plugins import Plugins
from hub.runtime import Runtime
from hub.vault import Vault


def create_app(
    config: Config,
    *,
    plugins: Plugins | None = None,
    clock: Clock | None = None,
    mounts: Mapping[str, BaseAdapter] | None = None,
    pages: bool = True,
    is_demo: bool = False,
) -> Flask:
    """One hub in this process; it opens nothing until it is asked for something; without `pages` nobody logs in."""
    shared = Runtime(
        config=config,
        clock=clock or SystemClock(),
        vault=Vault(config.vault_keys, reread=partial(read_ring, config.data)),
        plugins=(plugins or Plugins.load()).opened(config.open_apps),
        mounts=dict(mounts or {}),
        is_demo=is_demo,
    )
    app = Flask("hub")
    app.config["SECRET_KEY"] = config.secret_key
    runtime.init_app(app, shared)
    store.init_app(app, config.database_url)
    if pages:
        web.init_app(app)
    return app
