"""Networks whose topology or number of regions is known by proof: the paper's lower bounds, and others' classics.

================== =============================================================================================
shells             nested shells: the lower bound of Ergen & Grillo (COLT 2024), and a variant with larger numbers
bands              several classes, all with many components and holes
recurrent          the same shells by a network whose layers repeat
paper_network      the network of Ergen & Grillo as it is printed
network_with_betti a network of logarithmic size with exactly the given Betti numbers
sawtooth           Telgarsky's sawtooth
folding            the many regions of Montúfar et al. 2014 and of Serra et al. 2018
maximum, minimum   of n numbers, and of networks
from_expression    any function given by a formula such as "1 - |x| - |y|"; from_sympy, by SymPy's
================== =============================================================================================

docs/constructions.md proves the numbers that are predicted. No cell is made here: what is predicted is computed
elsewhere.
"""

from __future__ import annotations

from polyrelu.constructions.class_bands import band_formulas, banded, bands, predicted_band_betti
from polyrelu.constructions.expressions import from_expression
from polyrelu.constructions.folds import folding, sawtooth
from polyrelu.constructions.front import FrontPoint, pareto_front
from polyrelu.constructions.lower_bound import lower_bound_network, paper_lower_bound
from polyrelu.constructions.maxima import maximum, minimum
from polyrelu.constructions.nested_shells import corner_counts, predicted_betti, shells
from polyrelu.constructions.prescribed import network_with_betti
from polyrelu.constructions.printed import paper_network, predicted_paper_betti
from polyrelu.constructions.recurrence import (
    fold_block,
    predicted_recurrent_betti,
    recurrent,
    repeated,
    state_block,
)
from polyrelu.constructions.symbolic import from_sympy

__all__ = [
    "FrontPoint",
    "band_formulas",
    "banded",
    "bands",
    "corner_counts",
    "fold_block",
    "folding",
    "from_expression",
    "from_sympy",
    "lower_bound_network",
    "maximum",
    "minimum",
    "network_with_betti",
    "paper_lower_bound",
    "paper_network",
    "pareto_front",
    "predicted_band_betti",
    "predicted_betti",
    "predicted_paper_betti",
    "predicted_recurrent_betti",
    "recurrent",
    "repeated",
    "sawtooth",
    "shells",
    "state_block",
]
