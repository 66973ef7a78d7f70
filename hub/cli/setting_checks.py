"""Checks of settings that have the right form and still cannot be used, for `hub check`."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hub.cli.terminal import say

if TYPE_CHECKING:
    from hub.config import Config
    from hub.contract.registry import Plugins

log = logging.getLogger("hub")


def find_unusable_settings(config: "Config", plugins: "Plugins") -> Iterator[str]:
    """Yield a sentence about each setting that cannot be used."""
    unknown = sorted(config.open_apps - plugins.apps.keys())
    if unknown:
        yield (
            f"HUB_OPEN_APPS names {', '.join(unknown)}, which no installed plugin has. It may name"
            f" {', '.join(sorted(plugins.apps)) or 'nothing, as no plugin is installed'}"
        )
    if config.is_distributed:
        yield from _check_secret_key()
    if config.files_root:
        yield from _check_folder("HUB_FILES_ROOT", config.files_root)
    for host in sorted(config.allow_hosts):
        if "/" in host:
            yield (
                f"HUB_ALLOW_HOSTS_FILE has the line {host}, which is no host. Write the name or the"
                " IP address alone, if necessary with a port, such as nas.example.com:8443"
            )


def warn_of_other_secret_key() -> None:
    """Warn at the start of a process that signs the audit log with another key than the last."""
    for problem in _check_secret_key():
        log.warning("%s.", problem)
        say(f"{problem}.")


def _check_secret_key() -> Iterator[str]:
    """Yield the problem of a secret key that the machines of a distributed hub do not share."""
    from hub.db.engine import read_only_session
    from hub.security import audit_check

    with read_only_session() as session:
        entry = audit_check.find_foreign_entry(session)
    if entry is not None:
        yield (
            f"HUB_SECRET_KEY did not sign entry {entry.id}, the newest of the audit log: a process"
            " of the hub has another key, or that entry was changed. Give every process on every"
            " machine the same key. If the key was replaced everywhere, this ends with the next"
            " entry"
        )


def _check_folder(name: str, folder: Path) -> Iterator[str]:
    """Yield the problem of the folder of a setting, if it has one."""
    if not folder.is_dir():
        yield f"{name} names {folder}, where there is no folder. Create it or correct the setting"
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield f"{name} names {folder}. Let the account of the hub read and write there"
