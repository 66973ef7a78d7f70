"""Warnings about names of an earlier version, which go with the next minor version."""

import warnings


def warn_of_earlier_name(earlier: str, name: str) -> None:
    """Warn the caller of the function that calls this of a name that goes."""
    text = f"{earlier} goes with the next minor version; use {name}."
    warnings.warn(text, DeprecationWarning, stacklevel=3)
