"""The families of pages, in the order of the menu."""

from hub.web import (
    audit,
    companies,
    compare,
    documents,
    early_documents,
    home,
    inbox,
    installation,
    marketplace,
    matching,
    people,
    plugins,
    review,
    runs,
    settings,
    undo,
    webhooks,
)

FAMILIES = (
    home,
    inbox,
    documents,
    runs,
    marketplace,
    installation,
    review,
    early_documents,
    matching,
    compare,
    settings,
    companies,
    plugins,
    people,
    audit,
    undo,
    webhooks,
)
PAGES = tuple(family.pages for family in FAMILIES)
