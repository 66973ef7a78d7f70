"""What an admin sets for Granary."""

from marshmallow import Schema

from hub import setting


class Settings(Schema):
    base_url = setting.address("Address", "Granary", "Without a path.", required=True)
    key = setting.secret("Key", "Granary", "In Granary: Settings, Keys.")
