"""The families of pages, in the order of the menu."""

from flask import Flask

from hub.web import help, home, inbox, monitoring, runs, search, webhooks
from hub.web.accounts import (
    account,
    api_tokens,
    invitations,
    notification_choices,
    password_reset,
    people,
    person_sessions,
    provider_account,
    rights,
)
from hub.web.administration import chat_webhook, companies, intuit_pages, mail_server, setup
from hub.web.api import authentication
from hub.web.apps import (
    installation,
    marketplace,
    plugins,
    readiness_report,
    received_files,
    schedule_picker,
    settings,
)
from hub.web.audit_log import audit, request_audit
from hub.web.authentication import (
    confirmation,
    guard,
    last_person,
    login,
    provider_log_out,
    second_factor,
    single_sign_on,
    throttling,
    unsent_forms,
)
from hub.web.cases import case_bulk, case_skips
from hub.web.codes import case_creations, compare, match_files, matching
from hub.web.documents import document_acts, document_pages, early_documents, source_files
from hub.web.frame import (
    app_choice,
    appearance,
    assets,
    company_choice,
    environment_badge,
    layout,
    long_texts,
    viewer,
    viewer_choices,
)
from hub.web.lists import saved_filters
from hub.web.postings import posting_preview, review, undo, waiting_approvals
from hub.web.reconcile import reconciliations
from hub.web.reporting import reports
from hub.web.request import headers, request_log, row_ids, test_messages
from hub.web.serving import body_limits, failures
from hub.web.transactions import line_targets

PAGE_MODULES = (
    home,
    inbox,
    case_bulk,
    case_creations,
    case_skips,
    document_pages,
    document_acts,
    saved_filters,
    search,
    runs,
    reports,
    reconciliations,
    app_choice,
    marketplace,
    installation,
    readiness_report,
    waiting_approvals,
    review,
    posting_preview,
    source_files,
    received_files,
    early_documents,
    matching,
    match_files,
    compare,
    settings,
    schedule_picker,
    companies,
    company_choice,
    plugins,
    people,
    rights,
    invitations,
    password_reset,
    audit,
    undo,
    webhooks,
    confirmation,
    setup,
    mail_server,
    chat_webhook,
    monitoring,
    intuit_pages,
    account,
    api_tokens,
    viewer_choices,
    notification_choices,
    appearance,
    person_sessions,
    second_factor,
    provider_account,
    single_sign_on,
    provider_log_out,
    help,
)


def init_app(app: Flask) -> None:
    """Add log-in, headers, error pages and every page to the application."""
    for part in (
        viewer,
        row_ids,
        body_limits,
        headers,
        request_log,
        login,
        last_person,
        setup,
        throttling,
        test_messages,
        webhooks,
        authentication,
        guard,
        account,
        confirmation,
        single_sign_on,
        provider_log_out,
        request_audit,
        layout,
        assets,
        appearance,
        company_choice,
        environment_badge,
        help,
        line_targets,
        long_texts,
        unsent_forms,
        failures,
        monitoring,
    ):
        part.init_app(app)
    for family in PAGE_MODULES:
        app.register_blueprint(family.pages)
