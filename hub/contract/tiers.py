"""The tier of an app: bronze, silver or gold, computed from what its plugin has and has shown."""

from enum import StrEnum
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, NamedTuple

from hub.contract import suite_record
from hub.contract.registry import Plugins
from hub.contract.suite_record import SuiteRecord
from hub.contract.types import App
from hub.translations.messages import gettext_noop


class Tier(StrEnum):
    """The tiers, the lowest first; each one needs the abilities of those before it, too."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


TIER_TITLES = {
    Tier.BRONZE: gettext_noop("Bronze"),
    Tier.SILVER: gettext_noop("Silver"),
    Tier.GOLD: gettext_noop("Gold"),
}
ABILITY_TITLES = {
    "contract": gettext_noop("it passes the tests for plugins"),
    "docs": gettext_noop("it is documented"),
    "golden": gettext_noop("its documents are compared with reviewed ones"),
    "report": gettext_noop("the source learns what became of a document"),
    "webhooks": gettext_noop("the source can announce changes at once"),
    "deletions": gettext_noop("deletions at the source are noticed"),
}
NO_README = "Its distribution has no README."
NO_REPORT = "It reports nothing to its source: App.wants is empty."
NO_SHOWN_REPORT = "No test in a valid record has shown that a report changes its source."
NO_WEBHOOK = "The plugin has no hook hub_webhook."
NO_SHOWN_WEBHOOK = (
    "No test in a valid record has shown that it takes signed calls and refuses forged ones."
)
NO_RECORD = "Its package has no record of its tests; the pytest option --record-tests writes it."
OTHER_CODE = "The code has changed since its tests were recorded; run them with --record-tests."
NO_CONTRACT = "Its contract suite is not in a valid record of its tests."
NO_DELETION = "No test in a valid record has read a deletion from the list of its source."


class Ability(NamedTuple):
    """Something that a tier needs, with the reason why an app lacks it; "" if it has it."""

    name: str
    tier: Tier
    problem: str

    @property
    def title(self) -> str:
        """Return the ability in words, to be translated."""
        return ABILITY_TITLES[self.name]


class Assessment(NamedTuple):
    """The abilities of an app."""

    abilities: tuple[Ability, ...]

    @property
    def tier(self) -> Tier | None:
        """Return the highest tier of which nothing is missing; None if bronze is not reached."""
        highest_tier = None
        for tier in Tier:
            if any(ability.problem for ability in self.abilities if ability.tier == tier):
                break
            highest_tier = tier
        return highest_tier

    @property
    def next_tier(self) -> Tier | None:
        """Return the tier above the one that is reached; None above gold."""
        missing = [ability.tier for ability in self.abilities if ability.problem]
        return min(missing, key=list(Tier).index, default=None)

    @property
    def present(self) -> tuple[Ability, ...]:
        """Return the abilities that the app has."""
        return tuple(ability for ability in self.abilities if not ability.problem)

    @property
    def missing(self) -> tuple[Ability, ...]:
        """Return the abilities that the next tier needs and the app lacks."""
        lacking = [ability for ability in self.abilities if ability.problem]
        return tuple(ability for ability in lacking if ability.tier == self.next_tier)


def assess(plugins: Plugins, slug: str) -> Assessment:
    """Return the abilities of an app; an app that only reads files needs none with a source.

    Abilities that only a test run can show count if the record in the package is of the installed
    version and code.
    """
    app = plugins.apps[slug]
    plugin = plugins.installed_plugin(slug)
    folder = suite_record.find_package_folder(plugins, slug)
    record = suite_record.read(folder) if folder else None
    problem = _find_record_problem(record, folder, plugin.version)
    valid_record = None if problem else record
    has_readme = _has_readme(plugin.distribution)
    abilities = [
        Ability("contract", Tier.BRONZE, problem or _find_contract_problem(app, valid_record)),
        Ability("docs", Tier.BRONZE, "" if has_readme else NO_README),
        Ability("golden", Tier.SILVER, _find_golden_problem(app, valid_record)),
    ]
    if _has_source(app):
        abilities += [
            Ability("report", Tier.SILVER, _find_report_problem(app, valid_record)),
            Ability("webhooks", Tier.GOLD, _find_webhook_problem(plugins, slug, valid_record)),
            Ability("deletions", Tier.GOLD, _find_deletions_problem(app, valid_record)),
        ]
    return Assessment(tuple(abilities))


def describe(plugins: Plugins) -> list[dict[str, Any]]:
    """Describe every installed plugin, each with its tier and those of its apps.

    The result is that of `hub plugins --json`. The tier of a plugin is the lowest of its apps.
    """
    descriptions = plugins.describe()
    for plugin in descriptions:
        tiers = []
        for app in plugin["apps"]:
            assessment = assess(plugins, app["slug"])
            tiers.append(assessment.tier)
            app.update(_describe(assessment))
        plugin["tier"] = _find_lowest_tier(tiers)
    return descriptions


def _describe(assessment: Assessment) -> dict[str, Any]:
    """Describe the tier of an app for programs."""
    return {
        "tier": assessment.tier,
        "abilities": {ability.name: not ability.problem for ability in assessment.abilities},
        "next_tier": assessment.next_tier,
        "missing": {ability.name: ability.problem for ability in assessment.missing},
    }


def _find_lowest_tier(tiers: list[Tier | None]) -> Tier | None:
    """Return the lowest of some tiers; None if there is none, or an app without one."""
    if None in tiers:
        return None
    return next((tier for tier in Tier if tier in tiers), None)


def _has_source(app: App) -> bool:
    """Return whether an app calls a source or reports to it; others only read files."""
    return app.files is None or bool(app.hosts or app.wants)


def _find_record_problem(record: SuiteRecord | None, folder: Path | None, version: str) -> str:
    """Return why a record is not valid for the installed plugin; "" if it is."""
    if record is None or folder is None:
        return NO_RECORD
    if record.version != version:
        return (
            f"Its tests are recorded for version {record.version}, and version {version} is"
            " installed; run them with --record-tests."
        )
    if record.code != suite_record.compute_code_hash(folder):
        return OTHER_CODE
    return ""


def _find_contract_problem(app: App, record: SuiteRecord | None) -> str:
    """Return the problem of an app whose contract suite has not passed."""
    return "" if record and app.slug in record.contract else NO_CONTRACT


def _find_report_problem(app: App, record: SuiteRecord | None) -> str:
    """Return the problem of an app of which no test has shown a report."""
    if not app.wants:
        return NO_REPORT
    return "" if record and app.slug in record.reports else NO_SHOWN_REPORT


def _find_webhook_problem(plugins: Plugins, slug: str, record: SuiteRecord | None) -> str:
    """Return the problem of an app of which no test has shown a webhook."""
    if not plugins.has(slug, "hub_webhook"):
        return NO_WEBHOOK
    return "" if record and slug in record.webhooks else NO_SHOWN_WEBHOOK


def _find_deletions_problem(app: App, record: SuiteRecord | None) -> str:
    """Return the problem of an app of which no test has read a deletion."""
    return "" if record and app.slug in record.deletions else NO_DELETION


def _find_golden_problem(app: App, record: SuiteRecord | None) -> str:
    """Return which kinds of an app's documents have no golden document, as a sentence."""
    golden = record.golden if record else ()
    missing = [kind for kind in app.posts if kind not in golden]
    if not missing:
        return ""
    return f"No golden file in a valid record of its tests has: {', '.join(missing)}."


def _has_readme(distribution: str) -> bool:
    """Return whether the metadata of a distribution has a README."""
    try:
        readme = metadata(distribution).json.get("description", "")
    except PackageNotFoundError:
        return False
    return bool(str(readme).strip())
