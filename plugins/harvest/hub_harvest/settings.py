"""The settings of Harvest."""

from marshmallow import Schema

from hub import setting

CONNECTION, QUICKBOOKS, MESSAGES = "Harvest", "QuickBooks", "Messages"  # the headings of the page


class Settings(Schema):
    base_url = setting.address(
        "Address", CONNECTION, "The address of Harvest's API.", default="https://api.harvestapp.com"
    )
    account_id = setting.text(
        "Account id", CONNECTION, "It is shown beside the token on Harvest's page.", required=True
    )
    token = setting.secret(
        "Personal access token", CONNECTION, "From id.getharvest.com/developers."
    )
    contact = setting.text(
        "Contact",
        CONNECTION,
        "An e-mail address or web page where Harvest can reach you about the calls of the hub."
        " Empty: the address of the hub.",
    )
    clients = setting.choice(
        "New clients",
        QUICKBOOKS,
        {"create": "create as customers", "hold": "match by hand"},
        "A client without a customer in QuickBooks.",
    )
    deposit_account = setting.record(
        "deposit_account", "Deposited to", QUICKBOOKS, "Where payments arrive.", required=True
    )
    retainers = setting.choice(
        "Invoices of retainers",
        QUICKBOOKS,
        {"hold": "hold them and their payments", "post": "post them as all others"},
        "Harvest does not say whether such an invoice adds funds to its retainer or draws from"
        " them. What is drawn was earned later than it arrived, and arrives only once.",
    )
    receipt_address = setting.text(
        "Send messages to",
        MESSAGES,
        "Harvest adds a message to each posted invoice and mails it to this address. Leave it"
        " empty to add none.",
    )
