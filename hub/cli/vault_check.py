"""The check that the keys of the vault open what is sealed with them.

It is a part of `hub check`, and of the start of `hub serve` and `hub worker`.
"""

import logging
from collections.abc import Iterator

from hub.cli.check_results import CheckResult, failed, passed
from hub.cli.terminal import count_of, say

MAX_PROBLEMS = 5
log = logging.getLogger("hub")


def require_keys() -> None:
    """Raise ConfigurationError if the keys open no secret; warn if they open only some.

    Without any secret, a process could do nothing but let its runs fail. Secrets that were given up
    with `hub init --new-keys` do not count.
    """
    from hub.db.engine import read_only_session
    from hub.errors import ConfigurationError
    from hub.security import secrets

    with read_only_session() as session:
        report = secrets.try_all(session)
    closed_count = sum(report.missing_keys.values()) + len(report.problems)
    if not closed_count:
        return
    secret_count = count_of(report.open_count + closed_count, "secret")
    next_step = (
        "put the keys back from your copy, behind the first one, or let everything be entered again"
        " with `hub init --new-keys`; `hub check` names the keys and secrets"
    )
    if report.open_count:
        warning = (
            f"{_name_setting()} does not open {closed_count:,} of the {secret_count} of the"
            f" database: runs that need them fail; {next_step}."
        )
        log.warning("%s", warning)
        say(warning)
        return
    error = ConfigurationError(
        _name_setting(),
        f"opens none of the {secret_count} of the database, so no run could do its work:"
        f" {next_step}",
    )
    log.error("%s", error.text)
    raise error


def require_all_keys() -> None:
    """Raise Refused if a secret cannot be opened: then nothing can be encrypted again."""
    from hub.errors import Refused

    for result in iter_checks():
        if not result.is_ok:
            raise Refused(f"No key was rotated, because this is missing: {result.text}.")


def _name_setting() -> str:
    """Return the name of the setting or file that the keys come from."""
    from hub.context import current_hub
    from hub.crypto.keys import VAULT_KEYS_FILE

    config = current_hub().config
    if config.vault_keys_file is not None:
        return "HUB_VAULT_KEYS_FILE"
    return "HUB_VAULT_KEYS" if "HUB_VAULT_KEYS" in config.given_settings else VAULT_KEYS_FILE


def iter_checks() -> Iterator[CheckResult]:
    """Yield whether every secret can be opened, and what to do about those that cannot."""
    from hub.db.engine import read_only_session
    from hub.security import secrets

    with read_only_session() as session:
        report = secrets.try_all(session)
    if report.missing_keys:
        ids = ", ".join(sorted(report.missing_keys))
        count = count_of(sum(report.missing_keys.values()), "secret")
        yield failed(
            f"the key of {count} ({ids}): put it back from your copy of the keys, behind the first"
            " one of vault.keys or HUB_VAULT_KEYS; if the keys were rotated on another machine, put"
            " it before the others. If it is lost for good, `hub init --new-keys` lets everything"
            " be entered again"
        )
    for problem in report.problems[:MAX_PROBLEMS]:
        yield failed(problem.rstrip("."))
    if len(report.problems) > MAX_PROBLEMS:
        yield failed(f"{count_of(len(report.problems) - MAX_PROBLEMS, 'more secret')} like these")
    if report.lost_count:
        count = count_of(report.lost_count, "secret")
        yield passed(f"{count} of a lost key: to be entered again where a page asks")
    if not report.missing_keys and not report.problems:
        yield passed(f"keys of the vault: {count_of(report.open_count, 'secret')} can be opened")
