"""Several classes as bands of one output: section 5 of Ergen & Grillo (COLT 2024), on the network of `shells`.

Every class cuts each step of the shells once, so that it has the same Betti numbers for any number of classes. The
proof is in docs/constructions.md, section "Bands".
"""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

from polyrelu.constructions.arguments import integer, read_architecture
from polyrelu.constructions.layers import check_weights
from polyrelu.constructions.nested_shells import Variant, closing_neurons, corner_counts, read_cuts, shells
from polyrelu.errors import InputError, LimitError, NetworkError
from polyrelu.exact.rational import describe, exact_vector, show
from polyrelu.network.network import Network

MAX_CLASSES = 100_000
"""Maximum number of classes whose formulas are written out."""


def bands(architecture: object, cuts: object, variant: Variant = "interior", corner: object = None) -> Network:
    """The network H whose bands −p/k < H ≤ −(p−1)/k, p = 1..k, all have the Betti numbers of `predicted_band_betti`.

    It is the negative of `shells` with the same arguments, and does not depend on k. The classes are those of
    `band_formulas`.

    Parameters
    ----------
    architecture : sequence of int
        (d, n_1, …, n_L, 1), as for `shells`.
    cuts : mapping or sequence of int
        The numbers c_k of bands around the corners of degree k = 1..d−1, as for `shells`.
    variant : {"interior", "paper"}
        The variant of `shells`.
    corner : int or sequence of int, optional
        The corners, as for `shells`; of variant "paper" only.

    Returns
    -------
    Network
        The network H: R^d → R.

    Raises
    ------
    InputError
        If an argument is wrong, as for `shells`, or if neurons of the last layer would have to close the outside.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.bands((2, 4, 3, 1), [3])
    >>> [pr.betti_numbers(net, where=text) for text in pr.band_formulas(3)]
    [(3, 3), (3, 3), (3, 3)]
    """
    _check(architecture, cuts, variant, corner)
    check_weights("bands", read_architecture(architecture))
    return -shells(architecture, cuts, variant, corner)


def predicted_band_betti(
    architecture: object, cuts: object, variant: Variant = "interior", corner: object = None
) -> tuple[int, ...]:
    """The Betti numbers of every class of `bands` with the same arguments, for any number of classes.

    The proof is in docs/constructions.md, section "Bands".

    Parameters
    ----------
    architecture : sequence of int
        As for `bands`.
    cuts : mapping or sequence of int
        As for `bands`.
    variant : {"interior", "paper"}
        As for `bands`.
    corner : int or sequence of int, optional
        As for `bands`.

    Returns
    -------
    tuple of int
        The Betti numbers in degrees 0..d−1.

    Raises
    ------
    InputError
        If an argument is wrong, as for `bands`.

    Examples
    --------
    >>> import polyrelu as pr
    >>> pr.predicted_band_betti((2, 4, 3, 1), [3])
    (3, 3)
    """
    _check(architecture, cuts, variant, corner)
    counts = corner_counts(architecture, variant, corner)
    numbers = read_cuts(cuts, len(counts) + 1)
    spheres = (tips * c for (_, tips), c in zip(counts, numbers, strict=True))
    return (sum(total * c for (total, _), c in zip(counts, numbers, strict=True)), *spheres)


def band_formulas(classes: object) -> tuple[str, ...]:
    """The formulas "-p/k < F <= -(p-1)/k" of the classes p = 1..k of `bands`, for `refine` and `betti_numbers`.

    Parameters
    ----------
    classes : int
        The number k ≥ 1 of classes.

    Returns
    -------
    tuple of str
        One formula for each class.

    Raises
    ------
    InputError
        If k is not an integer ≥ 1.
    LimitError
        If k is larger than `MAX_CLASSES`.

    Examples
    --------
    >>> import polyrelu as pr
    >>> pr.band_formulas(2)
    ('-1/2 < F <= 0', '-1 < F <= -1/2')
    """
    k = integer(classes, "classes", 1)
    if k > MAX_CLASSES:
        raise LimitError(f"classes: at most {MAX_CLASSES} can be written out, got {describe(k)}")
    ends = [show(Fraction(-p, k)) for p in range(k + 1)]
    return tuple(f"{low} < F <= {high}" for high, low in pairwise(ends))


def banded(network: Network, levels: Any) -> Network:
    """The classifier whose class i is the band {t_i < F < t_{i+1}}, for given levels t_1 < … < t_n.

    Class 0 is {F < t_1}, class n is {F > t_n}, and on a level two classes tie. So `classify` applies to the bands of
    one output.

    Parameters
    ----------
    network : Network
        The network F: R^d → R, with one output.
    levels : sequence of exact numbers
        The levels t_1 < … < t_n.

    Returns
    -------
    Network
        A network R^d → R^{n+1}, with the hidden layers of F.

    Raises
    ------
    NetworkError
        If the network has several outputs.
    NumberError
        If a level is not an exact number.
    InputError
        If the levels do not ascend strictly, or the first argument is not a Network.

    Notes
    -----
    Output i is i F − (t_1 + … + t_i). It exceeds output i − 1 where F > t_i, so the outputs rise up to the last level
    below F, and fall after it.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # |x|
    >>> pr.class_betti_numbers(pr.banded(net, [1, 2]))
    ((1,), (2,), (2,))
    """
    if not isinstance(network, Network):
        raise InputError(f"banded: expected a Network, got {describe(network)}")
    if network.output_dim != 1:
        raise NetworkError(f"banded: the network has {network.output_dim} outputs, expected one")
    numbers = exact_vector(levels, "levels")
    for low, high in pairwise(numbers):
        if low >= high:
            raise InputError(f"levels: expected ascending numbers, but {show(low)} comes before {show(high)}")
    sums = accumulate(numbers, initial=Fraction(0))
    return network.followed_by(Network([[[i] for i in range(len(numbers) + 1)]], [[-x for x in sums]]))


def _check(architecture: object, cuts: object, variant: Variant, corner: object) -> None:
    closing = closing_neurons(architecture, cuts, variant, corner, "bands")
    if closing:
        raise InputError(
            f"bands: the outside would be closed by {closing} neuron{'s' * (closing > 1)} of the last layer, where "
            'parts of a class would meet; choose variant "interior", or a third hidden layer'
        )
