"""Texts about postings that the checks before a send hold back."""

from hub.reasons.template import CORRECT_AT_SOURCE, OPEN_THE_PERIOD, CaseAction, Template

IS_IT_THE_SAME = (
    "If they are the same document, press “This is it”, or Skip if the source has it twice; “Not"
    " this one” posts it anyway."
)
SKIP_OR_POST_ANYWAY = (
    "If they are the same document, press Skip, or remove that in QuickBooks and press Retry; “Not"
    " this one” posts it anyway."
)
SKIP_IF_THE_SAME = (
    "If they are the same document, press Skip. Once the other one is in QuickBooks, you are asked"
    " whether it is this one."
)
COMPLETE_THE_ITEM = (
    "Complete the item in QuickBooks and refresh the lists, or match its code to another one."
)
USE_ANOTHER_RECORD = (
    "Make it active in QuickBooks and refresh the lists, or match its code to another record."
)
REMOVE_FIRST = (
    "Remove that in QuickBooks and press Retry, or press Skip to leave QuickBooks as it is."
)
CHANGE_THOUGH_RECONCILED = (
    "“Overwrite it” changes the transaction, and the reconciliation no longer adds up. If you undo"
    " the reconciliation in QuickBooks first, press Retry. Skip leaves QuickBooks as it is."
)
REMOVE_THOUGH_RECONCILED = (
    "“Remove it all the same” removes the transaction, and the reconciliation no longer adds up."
    " If you undo the reconciliation in QuickBooks first, press Retry. Skip leaves QuickBooks as it"
    " is."
)
CHANGE_IF_NOT_RECONCILED = (
    "The next sync asks QuickBooks again. If you know that no reconciliation covers the"
    " transaction, press “Overwrite it”. Skip leaves QuickBooks as it is."
)
REMOVE_IF_NOT_RECONCILED = (
    "The next sync asks QuickBooks again. If you know that no reconciliation covers the"
    " transaction, press “Remove it all the same”. Skip leaves QuickBooks as it is."
)
REMOVE_OTHER_KIND = (
    "Remove that in QuickBooks, or take the marker out of its memo if it is something else, and"
    " press Retry. Press Skip to leave QuickBooks as it is."
)
KEPT_IN_OTHER_CURRENCY = (
    "{name} is in {currency}, but {party} is kept in {party_currency} in QuickBooks, and one"
    " transaction has one currency."
)
NEW_IN_OTHER_CURRENCY = (
    "{name} is in {currency}, but {party} is to be created in {party_currency} in QuickBooks,"
    " and one transaction has one currency."
)
OTHER_PARTY = "Match it to a {list} in {currency}, or correct the currency at the source."
OTHER_ACCOUNT = (
    "Choose another account in the settings of the app, or match its code to one; if the account"
    " or the currency is wrong at the source, correct it there."
)
ONE_NAME_SPACE = (
    "Customers, suppliers and employees share one name space in QuickBooks, which would refuse it."
)
SUPPLIER_NAME = (
    "Match it to the supplier that it is, create it under another name, such as {party}"
    " (supplier), or skip the documents that need it."
)
CUSTOMER_NAME = (
    "Match it to the customer that it is, create it under another name, such as {party}"
    " (customer), or skip the documents that need it."
)
NO_EMPLOYEE = "It cannot be matched to an employee."
CORRECT_THE_LINK = "Fix this at the source or in QuickBooks, then press Retry."


def _template(title: str, reason: str, instruction: str, action: CaseAction) -> Template:
    """Return the texts of a check, whose reason names the posting and relies on the title."""
    return Template(
        title=title, reason=reason, instruction=instruction, action=action, shows_title=True
    )


TEMPLATES = {
    "check.books_closed": _template(
        "The books are closed up to {date}",
        "{name} is dated in that period, and QuickBooks would refuse it.",
        OPEN_THE_PERIOD,
        CaseAction.OPEN_PERIOD,
    ),
    "check.no_purchase_orders": _template(
        "This QuickBooks has no purchase orders",
        "{name} cannot be posted: that needs QuickBooks Online Plus or Advanced.",
        "Upgrade QuickBooks and press Retry, or choose in the settings of the app to post bills"
        " instead.",
        CaseAction.RETRY,
    ),
    "check.kind_not_listed": _template(
        "Documents of the kind “{kind}” cannot be looked up in QuickBooks",
        "{problem} So the hub cannot tell whether {name} is there already, and does not post it.",
        "Make QuickBooks list such documents again, and press Retry. If the company is to have none"
        " of them, press Skip.",
        CaseAction.RETRY,
    ),
    "check.no_stock": _template(
        "QuickBooks does not track quantities",
        "{name} is kept in stock, but tracking of quantity on hand is switched off.",
        "Switch it on in QuickBooks (Settings, Sales, Products and services) and press Retry.",
        CaseAction.RETRY,
    ),
    "check.tax_code_missing": _template(
        "A tax code is missing",
        "{name} has no tax code on line {lines}, and QuickBooks wants one on every line.",
        "Match the tax codes of the source, or set a default tax code in the settings of the app.",
        CaseAction.MATCH,
    ),
    "check.payable_account_missing": _template(
        "No accounts payable account for supplier bills",
        "{app} has no accounts payable account yet.",
        "Open the settings of the app and choose the accounts payable account.",
        CaseAction.SETTINGS,
    ),
    "check.match_first": _template(
        "Match first, then post",
        "{count} codes are neither matched nor confirmed as new, so {app} posts nothing yet."
        " Both sides hold data, and what is not matched would be there twice.",
        "Open Matching and match each code, or confirm that it is new. The next sync continues"
        " with the documents that wait.",
        CaseAction.MATCH,
    ),
    "check.match_first_one": _template(
        "Match first, then post",
        "1 code is neither matched nor confirmed as new, so {app} posts nothing yet."
        " Both sides hold data, and what is not matched would be there twice.",
        "Open Matching and match each code, or confirm that it is new. The next sync continues"
        " with the documents that wait.",
        CaseAction.MATCH,
    ),
    "check.total": _template(
        "The lines do not add up",
        "{name}: its lines add up to {lines_total}; the total is {total}.",
        CORRECT_AT_SOURCE,
        CaseAction.SOURCE,
    ),
    "check.decimals": _template(
        "More decimals than the currency has",
        "{name} has the amount {amount}, which is not possible in {currency}.",
        CORRECT_AT_SOURCE,
        CaseAction.SOURCE,
    ),
    "check.record_inactive": _template(
        "{record} is inactive in QuickBooks",
        "{name} uses it, and QuickBooks would refuse that.",
        USE_ANOTHER_RECORD,
        CaseAction.MATCH,
    ),
    "check.record_missing": _template(
        "{record} does not exist in QuickBooks",
        "{name} uses it, and QuickBooks would refuse that.",
        USE_ANOTHER_RECORD,
        CaseAction.MATCH,
    ),
    # A record, as a value of the two texts above.
    "record.named": Template(reason="{label} {name}"),
    "record.with_id": Template(reason="{label} with id {id}"),
    "check.account_type": _template(
        "{record} cannot be the {place}",
        "{name} uses it so, but it is an account of type {type}.",
        "Choose another {place} in the settings of the app.",
        CaseAction.SETTINGS,
    ),
    "check.account_currency": _template(
        "{record} is not kept in {currency}",
        "{name} is in {currency}, but the account is kept in {account_currency} in QuickBooks,"
        " which takes only an account in {currency} for it.",
        OTHER_ACCOUNT,
        CaseAction.EITHER,
    ),
    "check.second_currency": _template(
        "{record} is not kept in {currency}",
        "{name} is in {currency}, but the account is kept in {account_currency} in QuickBooks,"
        " which takes only an account in {currency} or in {home_currency} for it.",
        OTHER_ACCOUNT,
        CaseAction.EITHER,
    ),
    "check.item_category": _template(
        "{record} cannot be {side}",
        "{name} uses it, but it is a category in QuickBooks, and no product or service.",
        COMPLETE_THE_ITEM,
        CaseAction.MATCH,
    ),
    "check.item_expense_account": _template(
        "{record} cannot be bought",
        "{name} uses it, but it has no expense account in QuickBooks.",
        COMPLETE_THE_ITEM,
        CaseAction.MATCH,
    ),
    "check.item_income_account": _template(
        "{record} cannot be sold",
        "{name} uses it, but it has no income account in QuickBooks.",
        COMPLETE_THE_ITEM,
        CaseAction.MATCH,
    ),
    "check.party_currency": _template(
        "{party} is not paid in {currency}", KEPT_IN_OTHER_CURRENCY, OTHER_PARTY, CaseAction.MATCH
    ),
    "check.customer_currency": _template(
        "{party} is not invoiced in {currency}",
        KEPT_IN_OTHER_CURRENCY,
        OTHER_PARTY,
        CaseAction.MATCH,
    ),
    "check.new_party_currency": _template(
        "{party} is not paid in {currency}", NEW_IN_OTHER_CURRENCY, OTHER_PARTY, CaseAction.MATCH
    ),
    "check.new_customer_currency": _template(
        "{party} is not invoiced in {currency}",
        NEW_IN_OTHER_CURRENCY,
        OTHER_PARTY,
        CaseAction.MATCH,
    ),
    "check.name_of_customer": _template(
        "QuickBooks has a customer called “{record}” already",
        "A supplier of that name is to be created. " + ONE_NAME_SPACE,
        SUPPLIER_NAME,
        CaseAction.MATCH,
    ),
    "check.name_of_supplier": _template(
        "QuickBooks has a supplier called “{record}” already",
        "A customer of that name is to be created. " + ONE_NAME_SPACE,
        CUSTOMER_NAME,
        CaseAction.MATCH,
    ),
    "check.employee_called_like_supplier": _template(
        "QuickBooks has an employee called “{record}” already",
        "A supplier of that name is to be created. " + ONE_NAME_SPACE,
        f"{NO_EMPLOYEE} Create it under another name, such as {{party}} (supplier), or skip the"
        " documents that need it.",
        CaseAction.MATCH,
    ),
    "check.employee_called_like_customer": _template(
        "QuickBooks has an employee called “{record}” already",
        "A customer of that name is to be created. " + ONE_NAME_SPACE,
        f"{NO_EMPLOYEE} Create it under another name, such as {{party}} (customer), or skip the"
        " documents that need it.",
        CaseAction.MATCH,
    ),
    "check.name_of_new_customer": _template(
        "A customer called “{party}” is to be created, too",
        "A supplier of that name is to be created after it. " + ONE_NAME_SPACE,
        SUPPLIER_NAME,
        CaseAction.MATCH,
    ),
    "check.name_of_new_supplier": _template(
        "A supplier called “{party}” is to be created, too",
        "A customer of that name is to be created after it. " + ONE_NAME_SPACE,
        CUSTOMER_NAME,
        CaseAction.MATCH,
    ),
    "check.number_of_other_kind": _template(
        "In QuickBooks as another kind",
        "{name} was not sent: QuickBooks already has its number and total as another kind,"
        " transaction {transactions} ({document}).",
        SKIP_OR_POST_ANYWAY,
        CaseAction.CHOOSE,
    ),
    "check.number_planned": _template(
        "Number already used",
        "{name} was not sent: document {other} of the same app has its number and is posted first.",
        SKIP_IF_THE_SAME,
        CaseAction.RETRY,
    ),
    "check.number_planned_elsewhere": _template(
        "Number already used",
        "{name} was not sent: a document of {app} has its number and is posted first.",
        SKIP_IF_THE_SAME,
        CaseAction.RETRY,
    ),
    "check.number_used": _template(
        "Number already used",
        "{name} was not sent: its number is used in QuickBooks already, by transaction"
        " {transactions} ({document}).",
        IS_IT_THE_SAME,
        CaseAction.CHOOSE,
    ),
    "check.other_kind": _template(
        "In QuickBooks as another kind",
        "{name} was not sent: QuickBooks already has {transactions} with the marker of this"
        " document.",
        REMOVE_OTHER_KIND,
        CaseAction.RETRY,
    ),
    "check.same_day_and_total": _template(
        "Perhaps in QuickBooks already",
        "{name} was not sent: QuickBooks already has one of the same day and total, transaction"
        " {transactions} ({document}).",
        IS_IT_THE_SAME,
        CaseAction.CHOOSE,
    ),
    "check.same_total": _template(
        "Perhaps in QuickBooks already",
        "{name} was not sent: QuickBooks already has one of the same total within five days,"
        " transaction {transactions} ({document}).",
        IS_IT_THE_SAME,
        CaseAction.CHOOSE,
    ),
    "check.link_not_live": _template(
        "{transaction} cannot be settled",
        "{name} names it, but it was {state} in QuickBooks.",
        CORRECT_THE_LINK,
        CaseAction.RETRY,
    ),
    "check.link_other_party": _template(
        "{transaction} cannot be settled",
        "{name} names it, but it belongs to another party.",
        CORRECT_THE_LINK,
        CaseAction.RETRY,
    ),
    "check.link_deposited": _template(
        "{transaction} cannot be settled",
        "{name} names it, but it was deposited before.",
        CORRECT_THE_LINK,
        CaseAction.RETRY,
    ),
    "check.link_balance": _template(
        "{transaction} cannot be settled",
        "{name} names it, but only {balance} of it is open.",
        CORRECT_THE_LINK,
        CaseAction.RETRY,
    ),
    "check.changed_after_payment": _template(
        "Changed after it was paid",
        "{name} is to be changed, but {dependent} in QuickBooks (open: {balance}).",
        REMOVE_FIRST,
        CaseAction.RETRY,
    ),
    "check.deleted_after_payment": _template(
        "Changed after it was paid",
        "{name} is to be removed, but {dependent} in QuickBooks (open: {balance}).",
        REMOVE_FIRST,
        CaseAction.RETRY,
    ),
    "check.changed_after_use": _template(
        "Changed after it was used",
        "{name} is to be changed, but {dependent} in QuickBooks.",
        REMOVE_FIRST,
        CaseAction.RETRY,
    ),
    "check.deleted_after_use": _template(
        "Changed after it was used",
        "{name} is to be removed, but {dependent} in QuickBooks.",
        REMOVE_FIRST,
        CaseAction.RETRY,
    ),
    "check.reconciled_change": _template(
        "Part of a bank reconciliation",
        "{name} is to be changed, but a bank reconciliation in QuickBooks covers the transaction.",
        CHANGE_THOUGH_RECONCILED,
        CaseAction.CHOOSE,
    ),
    "check.reconciled_removal": _template(
        "Part of a bank reconciliation",
        "{name} is to be removed, but a bank reconciliation in QuickBooks covers the transaction.",
        REMOVE_THOUGH_RECONCILED,
        CaseAction.CHOOSE,
    ),
    "check.perhaps_reconciled_change": _template(
        "Perhaps part of a bank reconciliation",
        "{name} is to be changed, but a bank reconciliation may cover the transaction. {answer}",
        CHANGE_IF_NOT_RECONCILED,
        CaseAction.CHOOSE,
    ),
    "check.perhaps_reconciled_removal": _template(
        "Perhaps part of a bank reconciliation",
        "{name} is to be removed, but a bank reconciliation may cover the transaction. {answer}",
        REMOVE_IF_NOT_RECONCILED,
        CaseAction.CHOOSE,
    ),
}
