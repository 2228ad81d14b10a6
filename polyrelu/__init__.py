"""polyrelu: exact polyhedral geometry and topology of ReLU networks.

    Network ──subdivide──▶ PolyhedralComplex ──region──▶ Region ──chain_complex──▶ ChainComplex ──homology──▶ Homology

>>> import polyrelu as pr
>>> net = pr.Network([[[1], [-1]], [[-1, -1]]], [[0, 0], [1]])  # F(x) = 1 − |x|
>>> pr.betti_numbers(net, ">")
(1,)
>>> pr.subdivide(net, level=0).f_vector
(3, 4)
"""

from polyrelu.bounds import Bound, BoundTable, lower_bounds, upper_bounds
from polyrelu.chain import ChainComplex, chain_complex
from polyrelu.complex import HRepresentation, PolyhedralComplex, VRepresentation
from polyrelu.constructions import (
    folding,
    lower_bound_network,
    maximum,
    network_with_betti,
    predicted_betti,
    sawtooth,
    shells,
)
from polyrelu.crosscheck import check_regions
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
from polyrelu.homology import Homology, homology
from polyrelu.identity import Comparison, identical
from polyrelu.network import Network
from polyrelu.pipeline import RegionReport, analyse_region, betti_numbers
from polyrelu.readers import load, save
from polyrelu.region import Region
from polyrelu.separation import Separation, separation
from polyrelu.subdivide import subdivide
from polyrelu.verify import Check, Report, verify, verify_claims

__version__ = "0.1.0"

__all__ = [
    "Bound",
    "BoundTable",
    "ChainComplex",
    "ChainComplexError",
    "Check",
    "Comparison",
    "Domain",
    "DomainError",
    "FileError",
    "HRepresentation",
    "Homology",
    "InputError",
    "LimitError",
    "MissingDependencyError",
    "Network",
    "NetworkError",
    "NumberError",
    "PointError",
    "PolyhedralComplex",
    "PolyreluError",
    "Region",
    "RegionError",
    "RegionReport",
    "Report",
    "Separation",
    "VRepresentation",
    "VerificationError",
    "analyse_region",
    "betti_numbers",
    "chain_complex",
    "check_regions",
    "folding",
    "homology",
    "identical",
    "load",
    "lower_bound_network",
    "lower_bounds",
    "maximum",
    "network_with_betti",
    "predicted_betti",
    "save",
    "sawtooth",
    "separation",
    "shells",
    "subdivide",
    "upper_bounds",
    "verify",
    "verify_claims",
]
