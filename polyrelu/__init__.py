"""polyrelu: exact polyhedral geometry and topology of ReLU networks.

    Network ──subdivide──▶ PolyhedralComplex ──region──▶ Region ──chain_complex──▶ ChainComplex ──homology──▶ Homology

>>> import polyrelu as pr
>>> net = pr.Network([[[1], [-1]], [[-1, -1]]], [[0, 0], [1]])  # F(x) = 1 − |x|
>>> pr.betti_numbers(net, ">")
(1,)
>>> pr.subdivide(net, level=0).f_vector
(3, 4)
"""

from polyrelu.chain import ChainComplex, chain_complex
from polyrelu.complex import HRepresentation, PolyhedralComplex, VRepresentation
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
from polyrelu.network import Network
from polyrelu.pipeline import RegionReport, analyse_region, betti_numbers
from polyrelu.readers import load, save
from polyrelu.region import Region
from polyrelu.subdivide import subdivide

__version__ = "0.1.0"

__all__ = [
    "ChainComplex",
    "ChainComplexError",
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
    "VRepresentation",
    "VerificationError",
    "analyse_region",
    "betti_numbers",
    "chain_complex",
    "homology",
    "load",
    "save",
    "subdivide",
]
