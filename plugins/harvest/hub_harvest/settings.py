"""What an admin sets for Harvest."""

from marshmallow import Schema

from hub import setting

ACCESS, BOOKS, MESSAGES = "Harvest", "QuickBooks", "Messages"  # the headings of the page


class Settings(Schema):
    base_url = setting.address(
        "Address", ACCESS, "The address of Harvest's API.", default="https://api.harvestapp.com"
    )
    account_id = setting.text(
        "Account id", ACCESS, "It is shown beside the token on Harvest's page.", required=True
    )
    token = setting.secret("Personal access token", ACCESS, "From id.getharvest.com/developers.")
    contact = setting.text(
        "Contact",
        ACCESS,
        "An e-mail address or web page where Harvest can reach you about the calls of the hub."
        " Empty: the address of the hub.",
    )
    clients = setting.choice(
        "New clients",
        BOOKS,
        {"create": "create as customers", "hold": "match by hand"},
        "A client without a customer in QuickBooks.",
    )
    deposit_account = setting.record(
        "deposit_account", "Deposited to", BOOKS, "Where payments arrive.", required=True
    )
    receipt_address = setting.text(
        "Send messages to",
        MESSAGES,
        "Harvest adds a message to each posted invoice and mails it to this address. Leave it"
        " empty to add none.",
    )
