"""Warnings about links: to the records of another QuickBooks company, and those refused.

A division that was connected to another company before, such as one for a trial, may still have its
links. Their ids are those of other records in the present company.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hub import Record, Row, Sentence, Site
from hub_ontraccr import names

WARNING_KEYS = {
    "project": "projects linked elsewhere",
    "cost_code": "cost codes linked elsewhere",
    "vendor": "vendors linked elsewhere",
}
REFUSED_KEYS = {
    "project": "projects not linked",
    "cost_code": "cost codes not linked",
    "vendor": "vendors not linked",
}
MIN_WRONG_LINKS = 2  # one record that was renamed in QuickBooks is no sign of another company


class RefusedLink(NamedTuple):
    """The name of a profile that Ontraccr does not link, and its answer."""

    name: str
    reason: str


def note_refused_links(site: Site, field: str, refusals: Sequence[RefusedLink]) -> None:
    """Keep a warning if Ontraccr refused to link profiles to the records that a person chose."""
    if not refusals:
        site.secrets.pop(REFUSED_KEYS[field], None)
        return
    site.secrets[REFUSED_KEYS[field]] = Sentence(
        "Ontraccr did not link %(names)s to what was chosen in the hub. %(reason)s The other"
        " profiles are linked. Link it in Ontraccr, or choose another record under Matching; it is"
        " tried again whenever the lists are sent.",
        names=", ".join(f"“{refusal.name}”" for refusal in refusals),
        reason=refusals[0].reason,
    )


def note_wrong_links(
    site: Site, field: str, profiles: Sequence[Row], records: Sequence[Record]
) -> None:
    """Keep a warning if most links name other records than QuickBooks has under their ids."""
    records_by_id = {record.id: record for record in records}
    checked_count = 0
    wrong_profiles = []
    for profile in profiles:
        record = records_by_id.get(profile.get(names.Profile.EXTERNAL_ID) or "")
        if record is None or not _has_record_name(profile):
            continue
        checked_count += 1
        if not _is_named_like(profile, record):
            wrong_profiles.append(profile)
    wrong_count = len(wrong_profiles)
    if wrong_count < MIN_WRONG_LINKS or wrong_count * 2 <= checked_count:
        site.secrets.pop(WARNING_KEYS[field], None)
        return
    site.secrets[WARNING_KEYS[field]] = Sentence(
        "%(wrong)s of %(checked)s links in Ontraccr, such as that of “%(name)s”, name other records"
        " than QuickBooks has under their ids. If the division was connected to another company"
        " before, remove these links in Ontraccr: what uses them would be posted to wrong records.",
        wrong=wrong_count,
        checked=checked_count,
        name=wrong_profiles[0][names.Profile.NAME],
    )


def iter_warnings(site: Site) -> Iterator[str]:
    """Yield the warnings about links."""
    for key in (*WARNING_KEYS.values(), *REFUSED_KEYS.values()):
        warning = site.secrets.get(key)
        if warning:
            yield warning


def _has_record_name(profile: Row) -> bool:
    """Return whether the link of a profile has the name of its record, not the id in its place."""
    name = profile.get(names.Profile.EXTERNAL_NAME)
    return bool(name) and name != profile.get(names.Profile.EXTERNAL_ID)


def _is_named_like(profile: Row, record: Record) -> bool:
    """Return whether a record has the name that the link or its profile has."""
    linked_names = (profile.get(names.Profile.EXTERNAL_NAME), profile.get(names.Profile.NAME))
    known_names = {_normalize(name) for name in linked_names}
    return not known_names.isdisjoint({_normalize(record.name), _normalize(record.full_name)})


def _normalize(name: str | None) -> str:
    """Return a name without case and double spaces, for comparisons; "" without one."""
    words = (name or "").split()
    return " ".join(words).casefold()
