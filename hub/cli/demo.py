"""The hub on stand-ins only: `hub demo`."""

from collections.abc import Collection
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import click

from hub.cli import sent_payloads
from hub.cli.console import (
    as_json,
    country_option,
    find_apps_of_plugin,
    port_number,
    write_log_of,
)
from hub.cli.sample_matches import SampleMatches
from hub.cli.terminal import Terminal, print_json, say
from hub.contract.checkout import require_stand_ins
from hub.contract.rate import Rate

if TYPE_CHECKING:
    from hub.demo import Demo

CHANGE_HINT = (
    "To change a document at the source, submit a form of its stand-in (of a RowSource:"
    " curl -d note=changed ADDRESS/ID/edit) and press Run now. A row that changes without a new"
    " time of change is not read again."
)


@click.command()
@click.option(
    "--port",
    "-p",
    type=port_number,
    default=None,
    help="Where to listen.  [default: 8080; a free one with --once]",
)
@click.option(
    "--once",
    is_flag=True,
    help="Run every app to rest, print the sums, and end as `hub sync` does.",
)
@click.option("--plugin", "slug", metavar="SLUG", help="Only the apps of the plugin of this app.")
@country_option
@click.option("--read-again", is_flag=True, help="Read every document again, also unchanged ones.")
@click.option(
    "--show-sent",
    is_flag=True,
    help="Print what was sent to QuickBooks for the last change, and why documents are not posted.",
)
@click.option(
    "--match-codes",
    is_flag=True,
    help="With --show-sent: match codes without a record with some record, as `hub dev` does.",
)
@as_json
def demo(
    port: int | None,
    once: bool,
    slug: str | None,
    country: str | None,
    read_again: bool,
    show_sent: bool,
    match_codes: bool,
    as_json: bool,
) -> None:
    """Run the hub with stand-ins only.

    QuickBooks and the sources are stand-ins, all at one local address. Everything lies in the
    folder hub-demo (or HUB_DATA); remove it to start over. Nothing real is touched.
    """
    require_stand_ins("`hub demo`")
    from hub.context import get_hub
    from hub.demo import IN_REVIEW, Demo, find_folder

    if port is None:
        port = 0 if once else 8080
    slugs = find_apps_of_plugin(slug) if slug else None
    in_review = () if once or slug else IN_REVIEW
    demo_hub = Demo(find_folder(), port, slugs, in_review, country)
    with closing(demo_hub):
        demo_hub.web.start()
        while True:
            with write_log_of(get_hub(demo_hub.app)):
                demo_hub.set_up(Terminal("Demo").line)
                say_missing_stand_ins(demo_hub, slugs or ())
                if read_again:
                    demo_hub.read_again()
                if once:
                    _sync_once(demo_hub, as_json)
                is_reset = _serve(demo_hub, show_sent, match_codes)
            if not is_reset:
                return
            say("The demo starts over.")
            demo_hub.start_over()
            read_again = False


def say_missing_stand_ins(demo_hub: "Demo", slugs: Collection[str]) -> None:
    """Print on which page each of these apps is enabled that has no stand-in."""
    for slug in slugs:
        if slug not in demo_hub.stand_ins:
            say(
                f"{demo_hub.name(slug)} has no stand-in, so it is not enabled. Enable it at"
                f" {demo_hub.web.url}/apps/{slug}, and give it what it is to read."
            )


def _sync_once(demo_hub: "Demo", as_json: bool) -> None:
    """Sync every app once, print the result and exit with its code."""
    from hub.cli.sync_runs import sync_all
    from hub.demo import list_installations
    from hub.scheduling import exit_codes, summary

    with demo_hub.app.app_context():
        runs = sync_all(list_installations())
        result = summary.summarize_runs(runs)
        if as_json:
            print_json(result)
        else:
            say(summary.format_summary(result, runs))
    raise SystemExit(exit_codes.get_exit_code(runs))


def _serve(demo_hub: "Demo", show_sent: bool, match_codes: bool) -> bool:
    """Print the addresses and run apps by schedule until Ctrl-C.

    Return whether the demo is to start over.
    """
    from hub.demo import DEMO_PERSON, list_installations
    from hub.scheduling.scheduler import Scheduler

    engine = Scheduler(demo_hub.app)
    with ExitStack() as stack:
        if show_sent:
            sample_matches = SampleMatches(list_installations, DEMO_PERSON) if match_codes else None
            changes = sent_payloads.print_changes(demo_hub.app, sample_matches)
            stack.enter_context(changes)
        engine.start()
        stack.callback(engine.stop)
        _say_addresses(demo_hub)
        if show_sent:
            say_source_hints(demo_hub)
        return demo_hub.wait()


def say_source_hints(demo_hub: "Demo") -> None:
    """Print how often the sources may be called, since runs wait for that, and how to change them.

    An app that reads files has no source.
    """
    from hub.context import get_hub

    apps = get_hub(demo_hub.app).plugins.apps
    for slug in demo_hub.stand_ins:
        app = apps[slug]
        if app.rate:
            rate = Rate.parse(app.rate)
            say(f"{app.name} allows {rate}: a run that needs more calls waits for it.")
    if demo_hub.stand_ins:
        say(CHANGE_HINT)


def _say_addresses(demo_hub: "Demo") -> None:
    """Print where the hub and the stand-ins are, and how to log in."""
    from hub.demo import DEMO_PERSON

    say(f"The hub is at {demo_hub.web.url}")
    say(f"  log in as {DEMO_PERSON} with the password {demo_hub.password}")
    say(f"  the books of the QuickBooks stand-in: {demo_hub.address('quickbooks')}/")
    for name in demo_hub.stand_ins:
        say(f"  the stand-in of {demo_hub.name(name)}: {demo_hub.address(name)}/")
    say("The first syncs run now; the inbox says what to do about held documents. Ctrl-C stops it.")
