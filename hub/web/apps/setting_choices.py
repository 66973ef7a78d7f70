"""The choices of a setting: records of QuickBooks, or codes of the source."""

from collections.abc import Mapping
from typing import Any, cast

from hub import sources
from hub.contract import settings_schema
from hub.contract.documents import Role
from hub.contract.types import App
from hub.db.engine import read_only_session
from hub.errors import HubError, Retry
from hub.models import Installation
from hub.qbo import record_download, records
from hub.web.frame.app_rights import may_configure
from hub.web.frame.forms import Choices, LoadChoices


def build_choice_loader(
    app: App, installation: Installation, values: Mapping[str, Any], failure: HubError | None
) -> LoadChoices:
    """Return a function that returns the choices of a setting as pairs of id and label.

    Its argument is a role such as "vendor" for records of QuickBooks, or "code:" and the name of a
    field for codes of the source. The source is asked with the settings as typed, so that they need
    not be saved first; not if it has just not answered a test, which ended with `failure`. The
    function raises HubError if neither side can answer. It calls neither for a person who may not
    change the settings.
    """
    if not may_configure(installation):
        return build_choice_lister(installation)

    def load_choices(source: str) -> Choices:
        """Return the choices that a role or a field of the source offers."""
        kind, _, field = source.partition(":")
        if kind != "code":
            return _load_records(installation.company_id, cast(Role, source))
        if isinstance(failure, Retry) and failure.from_source:
            raise failure
        return _load_codes(app, installation, values, field)

    return load_choices


def build_choice_lister(installation: Installation) -> LoadChoices:
    """Return a function that lists the choices of a setting without calling anybody.

    It returns the records as last read, and no codes.
    """

    def list_records(source: str) -> Choices:
        """Return the stored records of a role; none for codes of the source."""
        if source.startswith("code:"):
            return []
        return _load_stored_records(installation.company_id, cast(Role, source))

    return list_records


def _load_codes(
    app: App, installation: Installation, values: Mapping[str, Any], field: str
) -> Choices:
    """Return the codes that the source has for a field, labeled with number and name."""
    secret_names = settings_schema.list_secret_names(app)
    settings = {name: value for name, value in values.items() if name not in secret_names}
    secrets = sources.merge_secrets(app, installation, values)
    settings_schema.require_secrets(app, secrets)
    choices = []
    for code in sources.read_codes(installation, field, settings=settings, secrets=secrets):
        label = f"{code.number or ''} {code.name or ''}".strip()
        choices.append((code.id, label or code.id))
    return choices


def _load_records(company_id: int, role: Role) -> Choices:
    """Return the company's records that fit, as last read if QuickBooks cannot be asked now."""
    trouble = None
    try:
        record_download.refresh_outdated(company_id)
    except HubError as error:
        trouble = error
    choices = _load_stored_records(company_id, role)
    if trouble and not choices:
        raise trouble
    return choices


def _load_stored_records(company_id: int, role: Role) -> Choices:
    """Return the company's records that fit, as last read."""
    with read_only_session() as session:
        entries = records.list_choices(session, company_id, role)
    return [(entry.quickbooks_id, entry.title) for entry in entries]
