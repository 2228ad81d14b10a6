"""Exact polyhedral geometry and topology of ReLU networks.

    Network ──subdivide──▶ PolyhedralComplex ──region──▶ Region ──chain_complex──▶ ChainComplex ──homology──▶ Homology

>>> import polyrelu as pr
>>> net = pr.Network([[[1], [-1]], [[-1, -1]]], [[0, 0], [1]])  # F(x) = 1 − |x|
>>> pr.betti_numbers(net, ">")
(1,)
>>> pr.subdivide(net, level=0).f_vector
(3, 4)
"""

import polyrelu.interruption  # noqa: F401  # first, so that Ctrl-C during the other imports ends with one line

# isort: split
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from polyrelu import _moved

if TYPE_CHECKING:
    from polyrelu.analysis.barcode import Bar, Persistence, persistence
    from polyrelu.analysis.class_homology import ClassesReport, analyse_classes, class_betti_numbers
    from polyrelu.analysis.counting import CellCounts, count_cells
    from polyrelu.analysis.difference import Difference, max_difference
    from polyrelu.analysis.distance import BoundaryDistance, distance_to_boundary
    from polyrelu.analysis.estimation import Estimate, estimate
    from polyrelu.analysis.expressivity import topological_expressivity
    from polyrelu.analysis.formula_homology import FormulasReport, analyse_formulas
    from polyrelu.analysis.identity import Comparison, identical
    from polyrelu.analysis.inclusions import inclusion
    from polyrelu.analysis.layers import LayerwiseHomology, layerwise_homology
    from polyrelu.analysis.levels import CriticalPoint, Levels, levels
    from polyrelu.analysis.many_networks import betti_numbers_of
    from polyrelu.analysis.neighbourhood import Neighbourhood, neighbourhood, unchanged_radius
    from polyrelu.analysis.optimum import Extremum
    from polyrelu.analysis.pipeline import RegionReport, analyse_region, analyse_regions, betti_numbers
    from polyrelu.analysis.properties import Verdict, check
    from polyrelu.analysis.ranges import Range, output_range, output_ranges
    from polyrelu.analysis.separation import Separation, separation
    from polyrelu.analysis.verification import Check, Report, verify, verify_claims
    from polyrelu.constructions import (
        FrontPoint,
        band_formulas,
        banded,
        bands,
        folding,
        from_expression,
        from_sympy,
        lower_bound_network,
        maximum,
        minimum,
        network_with_betti,
        paper_network,
        pareto_front,
        predicted_band_betti,
        predicted_betti,
        predicted_paper_betti,
        predicted_recurrent_betti,
        recurrent,
        repeated,
        sawtooth,
        shells,
    )
    from polyrelu.errors import (
        ChainComplexError,
        CoarseComplexError,
        DomainError,
        FileError,
        InputError,
        LimitError,
        MissingDependencyError,
        NetworkError,
        NumberError,
        PointError,
        PolyreluError,
        RegionError,
        VerificationError,
    )
    from polyrelu.export import (
        CertificateCheck,
        certify,
        certify_cells,
        certify_identical,
        certify_persistence,
        check_certificate,
        clipped,
        latex_table,
        load_complex,
        mesh,
        regions_table,
        save_complex,
        write_cells,
        write_macaulay2,
        write_mesh,
        write_polymake,
        write_sage,
        write_table,
    )
    from polyrelu.geometry.cell_union import CellUnion
    from polyrelu.geometry.classes import ClassRegion, DecisionBoundary, Partition, classify
    from polyrelu.geometry.complex import PolyhedralComplex
    from polyrelu.geometry.domain import Domain
    from polyrelu.geometry.double_description import check_regions
    from polyrelu.geometry.refinement import FormulaRegion, Refinement, refine
    from polyrelu.geometry.region import Region
    from polyrelu.geometry.representations import HRepresentation, VRepresentation
    from polyrelu.geometry.subdivision import subdivide
    from polyrelu.network.algebra import stack
    from polyrelu.network.formula import Formula
    from polyrelu.network.network import Network
    from polyrelu.network.slices import Slice
    from polyrelu.paper.bounds import Bound, BoundTable, lower_bounds, upper_bounds
    from polyrelu.paper.stable_networks import Stability, stability
    from polyrelu.plotting import (
        plot,
        plot_grid,
        plot_html,
        plot_layers,
        plot_persistence,
        plot_slices,
        plot_tikz,
    )
    from polyrelu.readers import from_onnx, from_sklearn, from_torch, load, save
    from polyrelu.topology.abelian_groups import AbelianGroup
    from polyrelu.topology.basis import HomologyBasis, homology_basis
    from polyrelu.topology.chain import ChainComplex, chain_complex
    from polyrelu.topology.cup_product import CupProduct, cup_product
    from polyrelu.topology.cycle import Cycle
    from polyrelu.topology.groups import Homology
    from polyrelu.topology.homology import homology
    from polyrelu.topology.induced_maps import InducedMap, induced_map
    from polyrelu.topology.smith_form import SmithForm, smith_normal_form
    from polyrelu.training import TrainingRecorder, TrainingRow

# Modules are imported when one of their names is used first: the imports take longer than many computations.
_NAMES = {
    "analysis.barcode": "Bar Persistence persistence",
    "analysis.class_homology": "ClassesReport analyse_classes class_betti_numbers",
    "analysis.counting": "CellCounts count_cells",
    "analysis.difference": "Difference max_difference",
    "analysis.distance": "BoundaryDistance distance_to_boundary",
    "analysis.estimation": "Estimate estimate",
    "analysis.expressivity": "topological_expressivity",
    "analysis.formula_homology": "FormulasReport analyse_formulas",
    "analysis.identity": "Comparison identical",
    "analysis.inclusions": "inclusion",
    "analysis.layers": "LayerwiseHomology layerwise_homology",
    "analysis.levels": "CriticalPoint Levels levels",
    "analysis.many_networks": "betti_numbers_of",
    "analysis.neighbourhood": "Neighbourhood neighbourhood unchanged_radius",
    "analysis.optimum": "Extremum",
    "analysis.pipeline": "RegionReport analyse_region analyse_regions betti_numbers",
    "analysis.properties": "Verdict check",
    "analysis.ranges": "Range output_range output_ranges",
    "analysis.separation": "Separation separation",
    "analysis.verification": "Check Report verify verify_claims",
    "constructions": (
        "FrontPoint band_formulas banded bands folding from_expression from_sympy lower_bound_network maximum minimum "
        "network_with_betti paper_network pareto_front predicted_band_betti predicted_betti predicted_paper_betti "
        "predicted_recurrent_betti recurrent repeated sawtooth shells"
    ),
    "errors": (
        "ChainComplexError CoarseComplexError DomainError FileError InputError LimitError MissingDependencyError "
        "NetworkError NumberError PointError PolyreluError RegionError VerificationError"
    ),
    "export": (
        "CertificateCheck certify certify_cells certify_identical certify_persistence check_certificate clipped "
        "latex_table load_complex mesh regions_table save_complex write_cells write_macaulay2 write_mesh "
        "write_polymake write_sage write_table"
    ),
    "geometry.cell_union": "CellUnion",
    "geometry.classes": "ClassRegion DecisionBoundary Partition classify",
    "geometry.complex": "PolyhedralComplex",
    "geometry.domain": "Domain",
    "geometry.double_description": "check_regions",
    "geometry.refinement": "FormulaRegion Refinement refine",
    "geometry.region": "Region",
    "geometry.representations": "HRepresentation VRepresentation",
    "geometry.subdivision": "subdivide",
    "network.algebra": "stack",
    "network.formula": "Formula",
    "network.network": "Network",
    "network.slices": "Slice",
    "paper.bounds": "Bound BoundTable lower_bounds upper_bounds",
    "paper.stable_networks": "Stability stability",
    "plotting": "plot plot_grid plot_html plot_layers plot_persistence plot_slices plot_tikz",
    "readers": "from_onnx from_sklearn from_torch load save",
    "topology.abelian_groups": "AbelianGroup",
    "topology.basis": "HomologyBasis homology_basis",
    "topology.chain": "ChainComplex chain_complex",
    "topology.cycle": "Cycle",
    "topology.cup_product": "CupProduct cup_product",
    "topology.groups": "Homology",
    "topology.homology": "homology",
    "topology.induced_maps": "InducedMap induced_map",
    "topology.smith_form": "SmithForm smith_normal_form",
    "training": "TrainingRecorder TrainingRow",
}
"""The public names, by the modules that they are in."""

_MODULES = {name: f"polyrelu.{module}" for module, names in _NAMES.items() for name in names.split()}
_ROOMS = {f"polyrelu.{module}".split(".")[1] for module in _NAMES}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """A public name, imported when first used, a room of the package, or the former path of a module."""
        if name in _MODULES:
            value = globals()[name] = getattr(import_module(_MODULES[name]), name)
            return value
        if name in _ROOMS:
            return import_module(f"polyrelu.{name}")
        if name in _moved.MOVED:
            return sys.modules[f"polyrelu.{name}"]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_ROOMS})


_moved.install()

__version__ = "0.1.0"

__all__ = [
    "AbelianGroup",
    "Bar",
    "Bound",
    "BoundTable",
    "BoundaryDistance",
    "CellCounts",
    "CellUnion",
    "CertificateCheck",
    "ChainComplex",
    "ChainComplexError",
    "Check",
    "ClassRegion",
    "ClassesReport",
    "CoarseComplexError",
    "Comparison",
    "CriticalPoint",
    "CupProduct",
    "Cycle",
    "DecisionBoundary",
    "Difference",
    "Domain",
    "DomainError",
    "Estimate",
    "Extremum",
    "FileError",
    "Formula",
    "FormulaRegion",
    "FormulasReport",
    "FrontPoint",
    "HRepresentation",
    "Homology",
    "HomologyBasis",
    "InducedMap",
    "InputError",
    "LayerwiseHomology",
    "Levels",
    "LimitError",
    "MissingDependencyError",
    "Neighbourhood",
    "Network",
    "NetworkError",
    "NumberError",
    "Partition",
    "Persistence",
    "PointError",
    "PolyhedralComplex",
    "PolyreluError",
    "Range",
    "Refinement",
    "Region",
    "RegionError",
    "RegionReport",
    "Report",
    "Separation",
    "Slice",
    "SmithForm",
    "Stability",
    "TrainingRecorder",
    "TrainingRow",
    "VRepresentation",
    "Verdict",
    "VerificationError",
    "analyse_classes",
    "analyse_formulas",
    "analyse_region",
    "analyse_regions",
    "band_formulas",
    "banded",
    "bands",
    "betti_numbers",
    "betti_numbers_of",
    "certify",
    "certify_cells",
    "certify_identical",
    "certify_persistence",
    "chain_complex",
    "check",
    "check_certificate",
    "check_regions",
    "class_betti_numbers",
    "classify",
    "clipped",
    "count_cells",
    "cup_product",
    "distance_to_boundary",
    "estimate",
    "folding",
    "from_expression",
    "from_onnx",
    "from_sklearn",
    "from_sympy",
    "from_torch",
    "homology",
    "homology_basis",
    "identical",
    "inclusion",
    "induced_map",
    "latex_table",
    "layerwise_homology",
    "levels",
    "load",
    "load_complex",
    "lower_bound_network",
    "lower_bounds",
    "max_difference",
    "maximum",
    "mesh",
    "minimum",
    "neighbourhood",
    "network_with_betti",
    "output_range",
    "output_ranges",
    "paper_network",
    "pareto_front",
    "persistence",
    "plot",
    "plot_grid",
    "plot_html",
    "plot_layers",
    "plot_persistence",
    "plot_slices",
    "plot_tikz",
    "predicted_band_betti",
    "predicted_betti",
    "predicted_paper_betti",
    "predicted_recurrent_betti",
    "recurrent",
    "refine",
    "regions_table",
    "repeated",
    "save",
    "save_complex",
    "sawtooth",
    "separation",
    "shells",
    "smith_normal_form",
    "stability",
    "stack",
    "subdivide",
    "topological_expressivity",
    "unchanged_radius",
    "upper_bounds",
    "verify",
    "verify_claims",
    "write_cells",
    "write_macaulay2",
    "write_mesh",
    "write_polymake",
    "write_sage",
    "write_table",
]
