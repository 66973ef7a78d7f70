"""A faithful, hostile QuickBooks Online to run against: companies, OAuth, the accounting API, and a person's hand."""

from hub.qbo.sandbox.door import QuickBooks, create, serve_quickbooks
from hub.qbo.sandbox.options import NORWAY, US, Options
from hub.qbo.sandbox.switches import Switches

__all__ = ["NORWAY", "US", "Options", "QuickBooks", "Switches", "create", "serve_quickbooks"]
