"""A faithful, hostile QuickBooks Online to run against: companies, OAuth, the accounting API, and a person's hand."""

from qbo_sandbox.factory import QuickBooks, create, serve_quickbooks
from qbo_sandbox.options import NORWAY, US, Options
from qbo_sandbox.switches import Switches

__all__ = ["NORWAY", "US", "Options", "QuickBooks", "Switches", "create", "serve_quickbooks"]
