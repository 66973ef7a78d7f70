"""Tell organizations with the same id in two environments of ION apart.

Each environment has a database of its own. If one is a copy of another, its organization and orders
have the same ids, and are others all the same.
"""

from hub import Site
from hub_ion.client import ENVIRONMENTS

ENVIRONMENT_KEY = "environment of the organization"
# A stored value with spaces is no token, so that pages show what it contains.
LABEL = "organization in the environment "
CUSTOM = "custom"  # may be another address of any environment


def identify(site: Site, id: str, name: str) -> tuple[str, str]:
    """Return the id and name of the account that an organization is.

    Both have its environment if the app is bound to the organization with this id in another one.
    """
    environment = site.settings["environment"]
    label, _, _ = ENVIRONMENTS[environment]
    with_environment = (f"{id} ({label})", f"{name} ({label})")
    before = site.secrets.get(ENVIRONMENT_KEY, "").removeprefix(LABEL)
    if site.tenant == id and _are_different(before, environment):
        return with_environment
    if environment != before:
        site.secrets[ENVIRONMENT_KEY] = f"{LABEL}{environment}"
    return with_environment if site.tenant == with_environment[0] else (id, name)


def _are_different(before: str, environment: str) -> bool:
    """Return whether two environments have different databases; an unknown one may be the same."""
    return before not in ("", CUSTOM, environment) and environment != CUSTOM
