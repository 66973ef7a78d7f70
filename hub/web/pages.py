"""The families of pages, in the order of the menu."""

from hub.web import (
    audit,
    companies,
    comparing,
    documents,
    earlier,
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
    undoing,
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
    earlier,
    matching,
    comparing,
    settings,
    companies,
    plugins,
    people,
    audit,
    undoing,
    webhooks,
)
PAGES = tuple(family.pages for family in FAMILIES)
