"""Feed-forward networks of piecewise linear neurons, exact and immutable.

F = A_{L+1} ∘ σ_L ∘ A_L ∘ … ∘ σ_1 ∘ A_1 with rational affine maps A_l and, for every hidden neuron, an activation of
slope 1 above zero and a rational slope α below: ReLU (α = 0), leaky ReLU, absolute value (α = −1), identity (α = 1).
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import chain, pairwise
from operator import mul
from typing import Any, overload

from polyrelu.errors import NetworkError, PointError
from polyrelu.exact.memory import budget, spend_digits
from polyrelu.exact.rational import (
    check_digits,
    common_denominator,
    describe,
    entries,
    exact,
    exact_point,
    exact_vector,
    show,
    to_json,
)
from polyrelu.immutable import Immutable
from polyrelu.markup import table
from polyrelu.network.evaluation import is_batch, read_points, values_at
from polyrelu.network.layers import IntegerRow, Joined, Layers, Matrix, Vector, join
from polyrelu.network.parameters import read_layers, read_slopes
from polyrelu.network.symbolic import network_expression

_KEYS = ("weights", "biases", "slopes", "assumptions", "units")
_ACTIVATIONS = {0: "ReLU", -1: "absolute value", 1: "identity"}

Scalar = int | float | Fraction | str
"""Exact numbers, for type checkers; other types are read too, see `polyrelu.exact.rational.exact`."""

SLICE_UNITS = ("the coordinates of a slice",)
"""The units of a network on a slice, where the network itself has some."""


class Network(Immutable):
    """A network F : R^d → R^n with exact rational parameters. Immutable, hashable, picklable.

    Parameters
    ----------
    weights : sequence of matrices
        One n_{l+1} × n_l matrix for each affine map, as nested sequences or arrays; the last one is the output layer.
    biases : sequence of vectors
        One vector of length n_{l+1} for each affine map.
    slopes : sequence, optional
        For each hidden layer the slope below zero of all its neurons, or a sequence of one slope per neuron. The
        default is 0 everywhere: ReLU.

    Raises
    ------
    NetworkError
        If the shapes do not fit: no layers, an empty layer, ragged rows, a width that is not the one before, a bias or
        slopes of another length. Its attribute `layer` is the 1-based number of the affine map.
    NumberError
        If an entry is not an exact finite number; the message says in which layer, row and column.

    Notes
    -----
    Entries are integers, Fractions, floats (their exact dyadic value), or strings "p/q" and "0.1" (exactly one tenth);
    see `polyrelu.exact.rational.exact`.

    Equality and hash are those of the parameters, not of the function computed. The `assumptions` and the `units` of
    the inputs have no part in them.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [["1/2", "1/2"]]], [[0, 0], [-1]])  # F(x) = |x|/2 − 1
    >>> net
    Network(1-2-1, ReLU)
    >>> net(3)
    Fraction(1, 2)
    """

    __slots__ = ("__weakref__", "_assumptions", "_biases", "_hash", "_rows", "_slopes", "_units", "_weights")
    __array_ufunc__ = None  # arrays and numbers of NumPy leave operators to this class

    _weights: tuple[Matrix, ...]
    _biases: tuple[Vector, ...]
    _slopes: tuple[Vector, ...]
    _rows: tuple[tuple[IntegerRow, ...], ...] | None
    _hash: int | None
    _assumptions: tuple[str, ...]
    _units: tuple[str, ...]

    def __init__(self, weights: Any, biases: Any, slopes: Any = None) -> None:
        matrices, vectors = read_layers(weights, biases)
        self._set(matrices, vectors, read_slopes(slopes, [len(matrix) for matrix in matrices[:-1]]))

    def _set(
        self,
        weights: tuple[Matrix, ...],
        biases: tuple[Vector, ...],
        slopes: tuple[Vector, ...],
        assumptions: tuple[str, ...] = (),
        units: tuple[str, ...] = (),
    ) -> None:
        values = {"_weights": weights, "_biases": biases, "_slopes": slopes, "_rows": None, "_hash": None}
        self._put(**values, _assumptions=assumptions, _units=units)

    # --- what it is ---

    @property
    def weights(self) -> tuple[Matrix, ...]:
        """The weight matrices, L + 1 of them, as tuples of rows of Fractions."""
        return self._weights

    @property
    def biases(self) -> tuple[Vector, ...]:
        """The bias vectors, L + 1 of them, as tuples of Fractions."""
        return self._biases

    @property
    def slopes(self) -> tuple[Vector, ...]:
        """The slopes below zero, a tuple of Fractions for each hidden layer."""
        return self._slopes

    @property
    def architecture(self) -> tuple[int, ...]:
        """The widths (d, n_1, …, n_L, n_out)."""
        return (self.input_dim, *map(len, self._weights))

    @property
    def input_dim(self) -> int:
        """The dimension d of the input space."""
        return len(self._weights[0][0])

    @property
    def output_dim(self) -> int:
        """The number of outputs."""
        return len(self._weights[-1])

    @property
    def depth(self) -> int:
        """The number L of hidden layers; 0 for an affine map."""
        return len(self._weights) - 1

    @property
    def assumptions(self) -> tuple[str, ...]:
        """The assumptions made when the network was read, because its file does not say; one line of text for each.

        Networks derived from this one (`restrict`, `output`, …), pickles and files of `save` keep them.
        """
        return self._assumptions

    @property
    def units(self) -> tuple[str, ...]:
        """The units of the inputs: a description, and the numbers that define them. Empty if nothing is known of them.

        Networks derived from this one, pickles and files of `save` keep them, as they keep the assumptions.
        A domain that is known to be in other units is refused (see `Domain.units`).
        """
        return self._units

    def noted(self, *assumptions: str, units: tuple[str, ...] | None = None) -> Network:
        """The same network with further assumptions (each kept once), and with these units if any are given.

        NetworkError for an assumption, or a part of the units, that is not a line of text.
        """
        if units is not None and not isinstance(units, tuple):
            raise NetworkError(f"units: expected a tuple of lines of text, got {describe(units)}")
        for name, lines in (("assumptions", assumptions), ("units", units or ())):
            for line in lines:
                if not isinstance(line, str) or not line.isprintable() or not line:
                    raise NetworkError(f"{name}: expected a line of text, got {describe(line)}")
        kept = tuple(dict.fromkeys((*self._assumptions, *assumptions)))
        network = type(self).__new__(type(self))
        network._set(self._weights, self._biases, self._slopes, kept, self._units if units is None else units)
        return network

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        if self is other:
            return True
        return (self._weights, self._biases, self._slopes) == (other._weights, other._biases, other._slopes)

    def __hash__(self) -> int:
        if self._hash is None:
            self._put(_hash=hash((self._weights, self._biases, self._slopes)))
        assert self._hash is not None
        return self._hash

    def __repr__(self) -> str:
        widths = [str(width) for width in self.architecture]
        if len(widths) > 12:
            widths[6:-5] = ["…"]
        return f"Network({'-'.join(widths)}, {self._activation_name()})"

    def _repr_html_(self) -> str:
        widths = self.architecture
        rows = [[i, f"{m} → {n}", n * (m + 1)] for i, (m, n) in enumerate(pairwise(widths), 1)]
        return table(repr(self), ["layer", "maps", "parameters"], rows)

    def _activation_name(self) -> str:
        kinds = set(chain.from_iterable(self._slopes))
        if not kinds:
            return "affine"
        if len(kinds) > 1:
            return "mixed slopes"
        (slope,) = kinds
        name = _ACTIVATIONS.get(int(slope)) if slope.denominator == 1 else None
        if name is not None:
            return name
        text = show(slope)
        return f"slope {text} below zero" if len(text) <= 40 else "one slope below zero"

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (self._weights, tuple((bias,) for bias in self._biases), (self._slopes,))
        return _unpickle, (type(self), tuple(_pairs(part) for part in parts), self._assumptions, self._units)

    # --- evaluation ---

    @overload
    def __call__(self, x: Sequence[list[Any] | tuple[Any, ...]]) -> tuple[Fraction, ...] | tuple[Vector, ...]: ...
    @overload
    def __call__(self, x: Scalar | Sequence[Scalar]) -> Fraction | Vector: ...
    @overload
    def __call__(self, x: Any) -> Fraction | Vector | tuple[Vector, ...]: ...
    def __call__(self, x: Any) -> Fraction | Vector | tuple[Vector, ...]:
        """The value F(x), exact: a Fraction if there is one output, else a tuple of Fractions; or those of many points.

        Parameters
        ----------
        x : sequence of exact numbers, or a sequence of such sequences
            The point, of length d; a bare number if d = 1. Or a batch of points: an array of shape (n, d), or a
            sequence whose entries are sequences of length d. Also for d = 1, where ``[[1], [2]]`` is a batch of two
            points, ``[[1]]`` of one, and ``[1]`` a point.

        Returns
        -------
        Fraction or tuple of Fraction, or a tuple of these
            The output or outputs; of a batch a tuple with one entry for each point, in their order.

        Raises
        ------
        PointError
            If a point has another dimension.
        NumberError
            If a coordinate is not an exact number.

        Notes
        -----
        A batch takes a fraction of the time of single calls: each layer is one product of integer matrices for all
        points. Floats are the dyadic numbers that they store, so that the values are exact for them too.

        Examples
        --------
        >>> import polyrelu as pr
        >>> net = pr.Network([[[1, 1], [-1, 0]], [[1, "1/3"]]], [[0, 0], [0]])
        >>> net([1, 2]), net([[1, 2], [-1, 0.5]])
        (Fraction(3, 1), (Fraction(3, 1), Fraction(1, 3)))
        """
        items = entries(x, "point")
        if is_batch(x, items):
            values = values_at(self._integer_rows(), self._slopes, read_points(items or (), self.input_dim))
            return tuple(value[0] for value in values) if self.output_dim == 1 else tuple(values)
        outputs = self._forward(exact_point(x if items is None else items, self.input_dim))[-1]
        return outputs[0] if len(outputs) == 1 else outputs

    def preactivations(self, x: Any) -> tuple[Vector, ...]:
        """The values of all hidden neurons at `x` before their activation, a tuple for each layer.

        The errors are those of a call.
        """
        return tuple(self._forward(exact_point(x, self.input_dim))[:-1])

    def affine_map_at(self, signs: Any) -> tuple[Matrix, Vector]:
        """The affine map x ↦ A x + c that F computes where the hidden neurons have the given signs, as (A, c).

        It is not checked that some point has these signs.

        Parameters
        ----------
        signs : sequence of sequences of numbers
            For each hidden layer one number per neuron, of which only the sign counts; 0 counts as active.

        Returns
        -------
        tuple
            The matrix A, with one row of length d per output, and the vector c, of one number per output.

        Raises
        ------
        PointError
            If the signs do not fit the hidden layers.
        NumberError
            If a sign is not a number. Booleans are refused, since False would count as 0 and hence as active.
        """
        active = self._read_signs(signs)
        d = self.input_dim
        zero, one = Fraction(0), Fraction(1)
        # Column d holds the constant terms; columns 0..d−1 are the images of the unit vectors without the biases.
        columns = [tuple(one if i == k else zero for i in range(d)) for k in range(d)] + [(zero,) * d]
        for level, rows in enumerate(self._integer_rows()):
            columns = [_apply(rows, column, k == d) for k, column in enumerate(columns)]
            if level < self.depth:
                factors = [one if on else slope for on, slope in zip(active[level], self._slopes[level], strict=True)]
                columns = [tuple(map(mul, factors, column)) for column in columns]
        return tuple(zip(*columns[:d], strict=True)), columns[d]

    def to_sympy(self, variables: Sequence[Any] | None = None) -> Any:
        """The function as a SymPy expression; a Tuple of expressions if there are several outputs.

        Parameters
        ----------
        variables : sequence of sympy.Expr, optional
            What stands for the inputs; real symbols x0, x1, … by default.

        Returns
        -------
        sympy.Expr or sympy.Tuple
            Sums of Max(0, z), of Abs(z) for slope −1 below zero, z for slope 1 and α z + (1 − α) Max(0, z) for slope α.

        Raises
        ------
        InputError
            If there are not as many variables as inputs.
        LimitError
            If the expression would have more than 100 000 terms: it grows like the product of the widths.
        MissingDependencyError
            If SymPy is not installed.

        Examples
        --------
        >>> import polyrelu as pr
        >>> pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [-1]]).to_sympy()
        Max(0, -x0) + Max(0, x0) - 1
        """
        return network_expression(Layers(self._weights, self._biases, self._slopes), variables)

    def _forward(self, x: Vector) -> list[Vector]:
        """The values of all affine maps, the outputs last."""
        values: list[Vector] = []
        for level, rows in enumerate(self._integer_rows()):
            if level:
                x = tuple(z if z >= 0 else a * z for z, a in zip(x, self._slopes[level - 1], strict=True))
            x = _apply(rows, x, True)
            values.append(x)
        return values

    def _integer_rows(self) -> tuple[tuple[IntegerRow, ...], ...]:
        """The affine maps row by row as (integer weights, integer bias, common denominator), computed once."""
        if self._rows is None:
            layers = zip(self._weights, self._biases, strict=True)
            with budget():
                rows = tuple(tuple(map(_integer_row, matrix, bias)) for matrix, bias in layers)
            self._put(_rows=rows)
        assert self._rows is not None
        return self._rows

    def _read_signs(self, signs: Any) -> list[list[bool]]:
        layers = entries(signs, "signs")
        if layers is None or len(layers) != self.depth:
            got = describe(signs) if layers is None else f"{len(layers)}"
            raise PointError(f"signs: expected one sequence for each of {self.depth} hidden layers, got {got}")
        active = []
        for level, layer in enumerate(layers, 1):
            where, width = f"signs of layer {level}", len(self._weights[level - 1])
            items = entries(layer, where)
            if items is None or len(items) != width:
                got = describe(layer) if items is None else f"{len(items)}"
                raise PointError(f"{where}: expected {width} signs, one per neuron, got {got}")
            active.append([sign >= 0 for sign in exact_vector(items, where, "neuron")])
        return active

    # --- networks made from it ---

    def restrict(self, origin: Any, directions: Any) -> Network:
        """The network t ↦ F(origin + Σ t_i directions[i]) on R^m.

        Parameters
        ----------
        origin : sequence of exact numbers
            A point of R^d.
        directions : sequence of sequences of exact numbers
            At least one vector of length d, m in all. They may be dependent, and zero.

        Returns
        -------
        Network
            A network with m inputs.

        Raises
        ------
        PointError
            If there are no directions, or a vector has another dimension than d.
        NumberError
            If an entry is not an exact number.
        """
        base = exact_point(origin, self.input_dim, "origin")
        items = entries(directions, "directions")
        if not items:
            got = describe(directions) if items is None else "none"
            raise PointError(f"directions: expected at least one vector of length {self.input_dim}, got {got}")
        vectors = [exact_point(item, self.input_dim, f"direction {i}") for i, item in enumerate(items, 1)]
        rows = self._integer_rows()[0]
        columns = [_apply(rows, vector, False) for vector in vectors]
        weights = (tuple(zip(*columns, strict=True)), *self._weights[1:])
        network = self._derived(weights, (_apply(rows, base, True), *self._biases[1:]))
        return network.noted(units=SLICE_UNITS) if self._units else network

    def scaled(self, factor: Any) -> Network:
        """The network x ↦ factor · F(x), for a rational factor of either sign; NetworkError if it is zero."""
        number = exact(factor, "factor")
        if number == 0:
            raise NetworkError("factor: expected a number other than zero")
        matrix = tuple(tuple(number * w for w in row) for row in self._weights[-1])
        return self._with_output(matrix, tuple(number * b for b in self._biases[-1]))

    def shifted(self, constant: Any) -> Network:
        """The network x ↦ F(x) + constant; the constant is added to every output."""
        number = exact(constant, "constant")
        return self._with_output(self._weights[-1], tuple(b + number for b in self._biases[-1]))

    def output(self, i: int) -> Network:
        """The network of output i alone, i = 0..n_out − 1; NetworkError if there is none."""
        index = self._output_index(i)
        return self._with_output((self._weights[-1][index],), (self._biases[-1][index],))

    def difference(self, i: int, j: int) -> Network:
        """The network F_i − F_j, positive where output i exceeds output j.

        NetworkError for a wrong index, and if i = j: that difference is zero, which is hardly ever meant, and its
        complex can be as large as any.
        """
        p, q = self._output_index(i), self._output_index(j)
        if p == q:
            raise NetworkError(f"difference: expected two different outputs, got output {p} twice, which is zero")
        row = tuple(map(operator.sub, self._weights[-1][p], self._weights[-1][q]))
        return self._with_output((row,), (self._biases[-1][p] - self._biases[-1][q],))

    def recession(self) -> Network:
        """The network with all biases zero: x ↦ lim F(s x) / s for s → ∞, the growth of F in the direction x."""
        return self._derived(self._weights, tuple(tuple(Fraction(0) for _ in bias) for bias in self._biases))

    def followed_by(self, other: Network) -> Network:
        """The network x ↦ other(F(x)), with the hidden layers of both.

        The output layer of F and the first affine map of `other` become one affine map. NetworkError unless `other` has
        as many inputs as F has outputs.
        """
        if not isinstance(other, Network):
            raise NetworkError(f"followed_by: expected a Network, got {describe(other)}")
        if other.input_dim != self.output_dim:
            n = self.output_dim
            raise NetworkError(f"followed_by: expected a network with {n} input{'s' * (n != 1)}, got {other.input_dim}")
        rows = other._integer_rows()[0]
        columns = [_apply(rows, column, False) for column in zip(*self._weights[-1], strict=True)]
        bias = _apply(rows, self._biases[-1], True)
        weights = (*self._weights[:-1], tuple(zip(*columns, strict=True)), *other._weights[1:])
        biases = (*self._biases[:-1], bias, *other._biases[1:])
        return self._derived(weights, biases, (*self._slopes, *other._slopes)).noted(*other._assumptions)

    # --- arithmetic ---

    def __neg__(self) -> Network:
        return self.scaled(-1)

    def __add__(self, other: Any) -> Network:
        """F + G, output by output; or F + c for an exact number c, which is added to every output.

        The layers of F and G stand side by side, neurons of G that are multiples of neurons of F shared, and the
        shallower network is continued by neurons of slope 1 (docs/verification.md). NetworkError if the numbers of
        inputs or of outputs differ, or the units of the inputs.
        """
        return self._sum(other, 1) if isinstance(other, Network) else self.shifted(other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Network:
        """F − G, output by output, or F − c for an exact number c; see `__add__`."""
        return self._sum(other, -1) if isinstance(other, Network) else self.shifted(-exact(other, "constant"))

    def __rsub__(self, other: Any) -> Network:
        return (-self).shifted(other)

    def __mul__(self, factor: Any) -> Network:
        """c · F for an exact number c other than zero; see `scaled`."""
        return self.scaled(factor)

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> Network:
        """F / c for an exact number c other than zero."""
        number = exact(divisor, "divisor")
        if number == 0:
            raise NetworkError("divisor: expected a number other than zero")
        return self.scaled(1 / number)

    def __matmul__(self, other: Any) -> Network:
        """F ∘ G, as `compose` returns it."""
        return self.compose(other)

    def compose(self, other: Network) -> Network:
        """The network F ∘ G, x ↦ F(G(x)), with the hidden layers of G and then those of F; also F @ G.

        NetworkError unless G has as many outputs as F has inputs.
        """
        if not isinstance(other, Network):
            raise NetworkError(f"compose: expected a Network, got {describe(other)}")
        if other.output_dim != self.input_dim:
            n = self.input_dim
            raise NetworkError(f"compose: expected a network with {n} output{'s' * (n != 1)}, got {other.output_dim}")
        return other.followed_by(self)

    def stacked(self, other: Network) -> Network:
        """The network x ↦ (F(x), G(x)), the outputs of F and then those of G; its layers are those of F + G.

        NetworkError if the numbers of inputs, or the units of the inputs, differ.
        """
        joined, (p, a), (q, b) = self._beside(other)
        return self._with_last(joined, (*p, *q), (*a, *b), other)

    def to_relu(self) -> Network:
        """The same function, all of whose hidden neurons are ReLUs: σ(z) = ReLU(z) − α ReLU(−z) for a slope α below 0.

        A neuron of slope α ≠ 0 becomes two. For programs that know no other activation; neurons of slope 1 split no
        cells here, but the pairs of ReLUs do.
        """
        weights, biases = list(self._weights), list(self._biases)
        slopes = []
        for k, layer in enumerate(self._slopes):
            bent = [i for i, a in enumerate(layer) if a]
            weights[k] = (*weights[k], *(tuple(-w for w in weights[k][i]) for i in bent))
            biases[k] = (*biases[k], *(-biases[k][i] for i in bent))
            weights[k + 1] = tuple((*row, *(-layer[i] * row[i] for i in bent)) for row in weights[k + 1])
            slopes.append((Fraction(0),) * len(biases[k]))
        return self._derived(tuple(weights), tuple(biases), tuple(slopes))

    def without_unused(self) -> Network:
        """The same function without hidden neurons that nothing reads, as they may be left over in a difference."""
        return self._derived(*Layers(self._weights, self._biases, self._slopes).without_unused())

    def _sum(self, other: Network, sign: int) -> Network:
        if self.output_dim != other.output_dim:
            raise NetworkError(
                f"expected networks with equally many outputs, got {self.output_dim} and {other.output_dim}"
            )
        combine = operator.add if sign > 0 else operator.sub
        joined, (p, a), (q, b) = self._beside(other)
        matrix = tuple(tuple(map(combine, v, w)) for v, w in zip(p, q, strict=True))
        return self._with_last(joined, matrix, tuple(map(combine, a, b)), other)

    def _beside(self, other: Network) -> Joined:
        if not isinstance(other, Network):
            raise NetworkError(f"expected a Network, got {describe(other)}")
        if self.input_dim != other.input_dim:
            raise NetworkError(
                f"expected networks with equally many inputs, got {self.input_dim} and {other.input_dim}"
            )
        if self._units and other._units and self._units != other._units:
            raise NetworkError(
                f"expected networks with inputs in the same units, got {self._units[0]} and {other._units[0]}"
            )
        layers = (Layers(net._weights, net._biases, net._slopes) for net in (self, other))
        return join(*layers)

    def _with_last(self, hidden: Layers, matrix: Matrix, bias: Vector, other: Network) -> Network:
        network = self._derived((*hidden.weights, matrix), (*hidden.biases, bias), hidden.slopes)
        return network.noted(*other._assumptions, units=self._units or other._units)

    def _output_index(self, i: object) -> int:
        n = self.output_dim
        try:
            if isinstance(i, bool):
                raise TypeError
            index = operator.index(i)  # type: ignore[arg-type]
        except Exception:  # whatever an object that is no integer raises
            raise NetworkError(f"output: expected an integer index from 0 to {n - 1}, got {describe(i)}") from None
        if not 0 <= index < n:
            raise NetworkError(f"output: there is no output {describe(index)}; indices run from 0 to {n - 1}")
        return index

    def _with_output(self, matrix: Matrix, bias: Vector) -> Network:
        return self._derived((*self._weights[:-1], matrix), (*self._biases[:-1], bias))

    def _derived(
        self, weights: tuple[Matrix, ...], biases: tuple[Vector, ...], slopes: tuple[Vector, ...] | None = None
    ) -> Network:
        """A network of exact parts of the right shapes; NumberError if a number became too long to be read back."""
        for level in {0, self.depth}:
            for x in chain(biases[level], *weights[level]):
                check_digits(x, f"layer {level + 1} of the resulting network")
        network = Network.__new__(Network)
        network._set(
            weights, biases, self._slopes if slopes is None else slopes, self._assumptions, self._units
        )
        return network

    # --- JSON ---

    def to_dict(self) -> dict[str, Any]:
        """The network as an object of the JSON format.

        Its keys are weights, biases, slopes unless all neurons are ReLUs, and assumptions and units if there are any.
        Numbers are ints or strings "p/q", so nothing is lost; a layer whose neurons share one slope has a single number
        in `slopes`.
        """
        result: dict[str, Any] = {
            "weights": [[[to_json(w) for w in row] for row in matrix] for matrix in self._weights],
            "biases": [[to_json(b) for b in bias] for bias in self._biases],
        }
        if any(chain.from_iterable(self._slopes)):
            result["slopes"] = [
                to_json(layer[0]) if len(set(layer)) == 1 else [to_json(a) for a in layer] for layer in self._slopes
            ]
        if self._assumptions:
            result["assumptions"] = list(self._assumptions)
        if self._units:
            result["units"] = list(self._units)
        return result

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Network:
        """The network of an object with the keys weights and biases, and optionally slopes, assumptions and units.

        NetworkError for anything else.
        """
        if not isinstance(data, Mapping):
            raise NetworkError(f"network: expected an object with keys weights and biases, got {describe(data)}")
        if unknown := [key for key in data if key not in _KEYS]:
            names = ", ".join(map(describe, unknown[:5]))
            raise NetworkError(f"network: unknown keys {names}; expected {', '.join(_KEYS)}")
        for key in ("weights", "biases"):
            if key not in data:
                raise NetworkError(f"network: the key {key!r} is missing")
        texts = [data.get(key, []) for key in ("assumptions", "units")]
        for key, lines in zip(("assumptions", "units"), texts, strict=True):
            if not isinstance(lines, list):
                raise NetworkError(f"{key}: expected a list of lines of text, got {describe(lines)}")
        notes, units = texts
        return cls(data["weights"], data["biases"], data.get("slopes")).noted(*notes, units=tuple(units))


def _integer_row(row: Vector, bias: Fraction) -> IntegerRow:
    integers, denominator = common_denominator((*row, bias))
    spend_digits(integers, "the network with integer weights")
    return tuple(integers[:-1]), integers[-1], denominator


def _apply(rows: Iterable[IntegerRow], x: Vector, affine: bool) -> Vector:
    """The affine map of the rows at `x`, or its linear part. Sums run over integers: one gcd per row, not per term."""
    integers, q = common_denominator(x)
    scale = q if affine else 0
    return tuple(
        Fraction(sum(map(mul, weights, integers)) + bias * scale, denominator * q)
        for weights, bias, denominator in rows
    )


def _pairs(part: tuple[Matrix, ...]) -> tuple[Any, ...]:
    # Fractions pickle as decimal strings, slowly and with a limit on digits; integers do neither.
    return tuple(tuple(tuple((x.numerator, x.denominator) for x in row) for row in matrix) for matrix in part)


def _unpickle(
    cls: type[Network], parts: tuple[Any, ...], assumptions: tuple[str, ...] = (), units: tuple[str, ...] = ()
) -> Network:
    weights, biases, slopes = (
        tuple(tuple(tuple(Fraction(p, q) for p, q in row) for row in matrix) for matrix in part) for part in parts
    )
    network = cls.__new__(cls)
    network._set(weights, tuple(bias[0] for bias in biases), slopes[0], assumptions, units)
    return network
