"""Packages that are installed, as if they were not."""

from __future__ import annotations

import sys

import pytest


def hide(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Let every import of the package, or of a module in it, fail."""
    for name in [package, *(module for module in sys.modules if module.startswith(f"{package}."))]:
        monkeypatch.setitem(sys.modules, name, None)
