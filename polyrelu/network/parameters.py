"""The parameters of a network as users give them: weights, biases and slopes, read exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isfinite
from typing import Any

from polyrelu.errors import NetworkError
from polyrelu.exact.rational import describe, entries, exact, exact_vector
from polyrelu.network.layers import Matrix, Vector


def read_layers(weights: object, biases: object) -> tuple[tuple[Matrix, ...], tuple[Vector, ...]]:
    """The exact weight matrices and bias vectors. NetworkError for wrong shapes, NumberError for wrong entries."""
    matrices, vectors = entries(weights, "weights"), entries(biases, "biases")
    if matrices is None:
        raise NetworkError(f"weights: expected a list of matrices, one per layer, got {describe(weights)}")
    if vectors is None:
        raise NetworkError(f"biases: expected a list of vectors, one per layer, got {describe(biases)}")
    if not matrices:
        raise NetworkError("weights: a network needs at least one layer, got none")
    if len(matrices) != len(vectors):
        raise NetworkError(
            f"biases: expected one vector for each of the {len(matrices)} weight matrices, got {len(vectors)}",
            min(len(matrices), len(vectors)) + 1,
        )
    # What is wrong in the last layer is said before the numbers of the first are made exact, which takes long.
    lists: list[tuple[list[Sequence[Any]], Sequence[Any]]] = []
    for layer, (matrix, vector) in enumerate(zip(matrices, vectors, strict=True), 1):
        rows = _weight_rows(matrix, layer, len(lists[-1][0]) if lists else None)
        lists.append((rows, _bias_entries(vector, layer, len(rows))))
    for layer, (rows, items) in enumerate(lists, 1):
        if not (all(map(_may_be_exact, rows)) and _may_be_exact(items)):
            _exact_layer(rows, items, layer)
    exact_layers = [_exact_layer(rows, items, layer) for layer, (rows, items) in enumerate(lists, 1)]
    return tuple(matrix for matrix, _ in exact_layers), tuple(vector for _, vector in exact_layers)


def _may_be_exact(items: Sequence[Any]) -> bool:
    """Whether no entry is a float that is not finite."""
    return all(isfinite(x) for x in items if type(x) is float)


def _exact_layer(rows: list[Sequence[Any]], items: Sequence[Any], layer: int) -> tuple[Matrix, Vector]:
    """The weights and biases. NumberError for an entry that is not a finite number."""
    where = f"layer {layer}, weight"
    matrix = tuple(exact_vector(row, f"{where} row {i}", "column") for i, row in enumerate(rows, 1))
    return matrix, exact_vector(items, f"layer {layer}, bias")


def _weight_rows(matrix: object, layer: int, width: int | None) -> list[Sequence[Any]]:
    """The rows of a matrix with `width` columns (any positive number of them if None)."""
    where = f"layer {layer}, weight"
    rows = entries(matrix, where)
    if rows is None:
        raise NetworkError(f"{where}: expected a matrix (a list of rows), got {describe(matrix)}", layer)
    if not rows:
        raise NetworkError(f"{where}: the matrix has no rows, so the layer is empty", layer)
    lists: list[Sequence[Any]] = []
    for i, row in enumerate(rows, 1):
        items = entries(row, f"{where} row {i}")
        if items is None:
            raise NetworkError(
                f"{where} row {i}: expected a list of numbers, got {describe(row)}; a weight is a list of rows", layer
            )
        if lists and len(items) != len(lists[0]):
            raise NetworkError(f"{where} row {i}: has length {len(items)}, but row 1 has length {len(lists[0])}", layer)
        if items and entries(items[0], f"{where} row {i}") is not None:
            raise NetworkError(f"{where} row {i}: holds {describe(items[0])}; a weight has two dimensions", layer)
        lists.append(items)
    columns = len(lists[0])
    if columns == 0:
        raise NetworkError(f"{where}: the matrix has no columns, so there is nothing to act on", layer)
    if width is not None and columns != width:
        raise NetworkError(
            f"{where}: the matrix has shape {len(lists)} × {columns}, but the layer before has {width} neurons"
            f" ({width} columns expected)",
            layer,
        )
    return lists


def _bias_entries(vector: object, layer: int, width: int) -> Sequence[Any]:
    where = f"layer {layer}, bias"
    items = entries(vector, where)
    if items is None:
        raise NetworkError(f"{where}: expected a list of {width} numbers, got {describe(vector)}", layer)
    if len(items) != width:
        raise NetworkError(f"{where}: expected {width} numbers, one per weight row, got {len(items)}", layer)
    if items and entries(items[0], where) is not None:
        raise NetworkError(f"{where}: holds {describe(items[0])}; a bias has one dimension", layer)
    return items


def read_slopes(slopes: object, widths: list[int]) -> tuple[Vector, ...]:
    """The exact slopes below zero for hidden layers of given widths, all 0 if none are given."""
    if slopes is None:
        return tuple((Fraction(0),) * width for width in widths)
    expected = f"slopes: expected one entry for each of {len(widths)} hidden layers"
    layers = entries(slopes, "slopes")
    if layers is None:
        raise NetworkError(f"{expected}, got {describe(slopes)}")
    if len(layers) != len(widths):
        raise NetworkError(f"{expected}, got {len(layers)}", min(len(layers), len(widths)) + 1)
    result = []
    for layer, (item, width) in enumerate(zip(layers, widths, strict=True), 1):
        where = f"layer {layer}, slopes"
        items = entries(item, where)
        if items is None:
            result.append((exact(item, where),) * width)
        elif len(items) == width:
            result.append(exact_vector(items, where, "neuron"))
        else:
            raise NetworkError(f"{where}: expected one number, or one per neuron ({width}), got {len(items)}", layer)
    return tuple(result)
