"""Whether the person may change the settings of an app, and whether these are personal."""

from hub.context import current_hub
from hub.db.engine import joined_session
from hub.models import Installation
from hub.security import people
from hub.security.rights import Subject
from hub.web.authentication import access


def may_configure(installation: Installation) -> bool:
    """Return whether the person may change the installation's settings.

    The plugin decides whether they are personal; without the plugin, they are not.
    """
    return access.may_configure(installation, is_personal=is_personal(installation))


def is_personal(installation: Installation) -> bool:
    """Return whether nobody but its owner may change an installation's settings.

    An owner who may not change them any more, such as a disabled person, keeps nobody out.
    """
    app = current_hub().plugins.apps.get(installation.slug)
    if app is None or not app.owner_only:
        return False
    subject = Subject(installation.company_id, installation.slug)
    with joined_session() as session:
        return people.may_configure_own(session, installation.owner, subject)
