"""Figures of matplotlib, which is imported only when one is drawn: pip install 'polyrelu[plot]'."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from polyrelu.errors import FileError, InputError, MissingDependencyError
from polyrelu.exact.rational import describe
from polyrelu.files import checked_path, replacing

SUFFIXES = (".png", ".svg", ".pdf")
DPI = 150


def new_figure(size: tuple[float, float]) -> Any:
    """An empty figure of a width and height in inches, without a window. MissingDependencyError without matplotlib."""
    try:
        import matplotlib.figure  # noqa: F401

        from polyrelu.plotting.picture import Picture
    except ImportError:
        raise MissingDependencyError("figures need matplotlib: pip install 'polyrelu[plot]'", "plot") from None
    return Picture(figsize=size, layout="constrained")


def check_axes(ax: Any, is_solid: bool) -> None:
    """InputError unless these are axes of matplotlib, of space or of the plane."""
    new_figure((1, 1))  # so that a missing matplotlib is named
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise InputError(f"ax: expected axes of matplotlib, got {describe(ax)}")
    if (ax.name == "3d") != is_solid:
        expected = "axes with projection='3d'" if is_solid else "axes of the plane"
        raise InputError(f"ax: expected {expected}, got {ax.name} ones")


def check_suffix(path: str | os.PathLike[str]) -> str:
    """The suffix of a figure's path. FileError for a format that is not written."""
    shown, target = checked_path(path)
    suffix = Path(target).suffix.lower()
    if suffix not in SUFFIXES:
        raise FileError(f"{shown}: a figure is {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}", shown)
    return suffix


def save_figure(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write the figure in the format of the suffix; the same figure gives the same file. FileError if that fails."""
    metadata: dict[str, Any] = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    suffix = check_suffix(path)
    import matplotlib

    with replacing(path) as draft, matplotlib.rc_context({"svg.hashsalt": "polyrelu"}):
        figure.savefig(draft, dpi=DPI, metadata=metadata[suffix])
