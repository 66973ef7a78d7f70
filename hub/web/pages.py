"""The families of pages, in the order of the menu."""

from flask import Flask

from hub.web import (
    access,
    account,
    audit,
    body_limits,
    companies,
    compare,
    confirmation,
    documents,
    early_documents,
    failures,
    headers,
    home,
    inbox,
    installation,
    intuit_pages,
    layout,
    login,
    long_texts,
    mail_server,
    marketplace,
    matching,
    people,
    person_sessions,
    plugins,
    request_audit,
    review,
    rights,
    row_ids,
    runs,
    second_factor,
    settings,
    setup,
    throttling,
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
    rights,
    audit,
    undo,
    webhooks,
    confirmation,
    setup,
    mail_server,
    intuit_pages,
    account,
    person_sessions,
    second_factor,
)


def init_app(app: Flask) -> None:
    """Add log-in, headers, error pages and every page to the application."""
    for part in (
        row_ids,
        body_limits,
        headers,
        login,
        setup,
        throttling,
        webhooks,
        access,
        account,
        confirmation,
        request_audit,
        layout,
        long_texts,
        failures,
    ):
        part.init_app(app)
    for family in FAMILIES:
        app.register_blueprint(family.pages)
