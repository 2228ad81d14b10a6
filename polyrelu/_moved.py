"""Former paths of modules: what is taken from one comes from where it is now, with a DeprecationWarning.

They are kept for one release. `polyrelu.subdivide`, `homology`, `verify`, `estimate` and `separation` are functions;
the modules that had these names have other names now, and their former paths are not kept.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from types import ModuleType
from typing import Any

PREFIX = "polyrelu."

MOVED = {
    "bounds": "paper.bounds",
    "chain": "topology.chain",
    "classes": "geometry.classes",
    "complex": "geometry.complex",
    "constructions.folding": "constructions.folds",
    "constructions.maximum": "constructions.maxima",
    "constructions.shells": "constructions.nested_shells",
    "coordinates": "geometry.coordinates",
    "crosscheck": "geometry.double_description",
    "cycles": "topology.cycles",
    "domain": "geometry.domain",
    "export.clip": "geometry.clipping",
    "export.polygons": "geometry.polygons",
    "export.volume": "geometry.volume",
    "generators": "topology.generators",
    "identity": "analysis.identity",
    "inspection": "analysis.inspection",
    "intervals": "network.intervals",
    "linear": "exact.linear",
    "pipeline": "analysis.pipeline",
    "rational": "exact.rational",
    "realisation": "topology.realisation",
    "reduction": "topology.reduction",
    "region": "geometry.region",
    "shortening": "topology.shortening",
    "slices": "network.slices",
    "smith": "topology.smith",
    "stages": "geometry.stages",
}

ELSEWHERE = {
    "bounds": ("paper.cell_counts", "constructions.lower_bound"),
    "constructions.shells": ("constructions.corners", "constructions.lower_bound"),
    "complex": ("geometry.representations",),
    "cycles": ("topology.cycle",),
}
"""Where else names are that a former module had."""


class _FormerModule(ModuleType):
    """A module by its former name. Its attributes are those of the module of now."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system asks for these
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        old = self.__name__.removeprefix(PREFIX)
        modules = [PREFIX + new for new in (MOVED[old], *ELSEWHERE.get(old, ()))]
        new = next((new for new in modules if hasattr(importlib.import_module(new), name)), modules[0])
        text = f"{name} of the module {self.__name__} is now in {new}; the former path goes with the next release"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return getattr(importlib.import_module(new), name)


def install() -> None:
    """Let the former paths be imported."""
    for old in MOVED:
        sys.modules.setdefault(PREFIX + old, _FormerModule(PREFIX + old))
