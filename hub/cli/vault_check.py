"""The check that the keys of the vault open what is sealed with them: a part of `hub check`."""

from collections.abc import Iterator

from hub.cli.terminal import count_of

MAX_PROBLEMS = 5


def iter_checks() -> Iterator[tuple[bool, str]]:
    """Yield whether every secret can be opened, and what to do about those that cannot."""
    from hub.db.engine import read_only_session
    from hub.security import secrets

    with read_only_session() as session:
        report = secrets.try_all(session)
    if report.missing_keys:
        ids = ", ".join(sorted(report.missing_keys))
        count = count_of(sum(report.missing_keys.values()), "secret")
        yield (
            False,
            f"the key of {count} ({ids}): put it back from your copy of the keys, behind the first"
            " one of vault.keys or HUB_VAULT_KEYS. If it is lost for good, `hub init --new-keys`"
            " lets everything be entered again",
        )
    for problem in report.problems[:MAX_PROBLEMS]:
        yield False, problem.rstrip(".")
    if len(report.problems) > MAX_PROBLEMS:
        yield False, f"{count_of(len(report.problems) - MAX_PROBLEMS, 'more secret')} like these"
    if report.lost_count:
        count = count_of(report.lost_count, "secret")
        yield True, f"{count} of a lost key: to be entered again where a page asks"
    if not report.missing_keys and not report.problems:
        yield True, f"keys of the vault: {count_of(report.open_count, 'secret')} can be opened"
