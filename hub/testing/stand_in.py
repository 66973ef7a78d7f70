"""What the bench and the contract suite use of the stand-ins' kit, which an extra installs."""

from hub.errors import MissingExtra

try:
    from qbo_sandbox.kit.messages import json_answer, text_answer
    from qbo_sandbox.kit.wsgi import WSGIAdapter, mount
except ModuleNotFoundError as error:
    raise MissingExtra("`hub.testing`", "qbo-sandbox", "qbo-hub[testing]") from error

__all__ = ["WSGIAdapter", "json_answer", "mount", "text_answer"]
