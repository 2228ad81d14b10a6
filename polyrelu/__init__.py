"""polyrelu: exact polyhedral geometry and topology of ReLU networks.

    Network ──subdivide──▶ PolyhedralComplex ──region──▶ Region ──chain_complex──▶ ChainComplex ──homology──▶ Homology

>>> import polyrelu as pr
>>> net = pr.Network([[[1], [-1]], [[-1, -1]]], [[0, 0], [1]])  # F(x) = 1 − |x|
>>> pr.betti_numbers(net, ">")
(1,)
>>> pr.subdivide(net, level=0).f_vector
(3, 4)
"""

import polyrelu.interruption  # noqa: F401  # first, so that Ctrl-C is told in one line while the rest is imported

# isort: split
from typing import TYPE_CHECKING, Any

from polyrelu.bounds import Bound, BoundTable, lower_bounds, upper_bounds
from polyrelu.chain import ChainComplex, chain_complex
from polyrelu.classes import ClassRegion, DecisionBoundary, Partition, classify
from polyrelu.complex import HRepresentation, PolyhedralComplex, VRepresentation
from polyrelu.constructions import (
    FrontPoint,
    band_formulas,
    banded,
    bands,
    folding,
    lower_bound_network,
    maximum,
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
from polyrelu.crosscheck import check_regions
from polyrelu.cycles import Cycle
from polyrelu.domain import Domain
from polyrelu.errors import (
    ChainComplexError,
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
from polyrelu.estimate import Estimate, estimate
from polyrelu.export import (
    clipped,
    load_complex,
    mesh,
    regions_table,
    save_complex,
    write_cells,
    write_mesh,
    write_polymake,
    write_table,
)
from polyrelu.formula import Formula
from polyrelu.homology import Homology, homology
from polyrelu.identity import Comparison, identical
from polyrelu.network import Network
from polyrelu.paper.expressivity import topological_expressivity
from polyrelu.paper.stable_networks import Stability, stability
from polyrelu.pipeline import RegionReport, analyse_region, betti_numbers, class_betti_numbers
from polyrelu.readers import from_onnx, from_sklearn, from_torch, load, save
from polyrelu.refinement import FormulaRegion, Refinement, refine
from polyrelu.region import Region
from polyrelu.separation import Separation, separation
from polyrelu.slices import Slice
from polyrelu.subdivide import subdivide
from polyrelu.verify import Check, Report, verify, verify_claims

if TYPE_CHECKING:
    from polyrelu.plotting import plot, plot_html
else:

    def __getattr__(name: str) -> Any:
        """Pictures: their modules are imported when one is drawn."""
        if name in ("plot", "plot_html"):
            from polyrelu import plotting

            return getattr(plotting, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = "0.1.0"

__all__ = [
    "Bound",
    "BoundTable",
    "ChainComplex",
    "ChainComplexError",
    "Check",
    "ClassRegion",
    "Comparison",
    "Cycle",
    "DecisionBoundary",
    "Domain",
    "DomainError",
    "Estimate",
    "FileError",
    "Formula",
    "FormulaRegion",
    "FrontPoint",
    "HRepresentation",
    "Homology",
    "InputError",
    "LimitError",
    "MissingDependencyError",
    "Network",
    "NetworkError",
    "NumberError",
    "Partition",
    "PointError",
    "PolyhedralComplex",
    "PolyreluError",
    "Refinement",
    "Region",
    "RegionError",
    "RegionReport",
    "Report",
    "Separation",
    "Slice",
    "Stability",
    "VRepresentation",
    "VerificationError",
    "analyse_region",
    "band_formulas",
    "banded",
    "bands",
    "betti_numbers",
    "chain_complex",
    "check_regions",
    "class_betti_numbers",
    "classify",
    "clipped",
    "estimate",
    "folding",
    "from_onnx",
    "from_sklearn",
    "from_torch",
    "homology",
    "identical",
    "load",
    "load_complex",
    "lower_bound_network",
    "lower_bounds",
    "maximum",
    "mesh",
    "network_with_betti",
    "paper_network",
    "pareto_front",
    "plot",
    "plot_html",
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
    "stability",
    "subdivide",
    "topological_expressivity",
    "upper_bounds",
    "verify",
    "verify_claims",
    "write_cells",
    "write_mesh",
    "write_polymake",
    "write_table",
]
