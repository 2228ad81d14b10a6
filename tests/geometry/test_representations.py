"""Vertices, rays and half-spaces of cells, against the double description method of cddlib."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polyrelu.exact.rational import primitive
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.subdivision import subdivide
from support.reference import dot, echelon
from support.strategies import examples, levels, networks

cdd = pytest.importorskip("cdd")
pytest.importorskip("cdd.gmp")  # a module of it


def modulo(vector: Any, lines: tuple[list[list[Fraction]], list[int]]) -> tuple[Fraction, ...]:
    """The representative of a point or direction modulo a space in echelon form."""
    result = [Fraction(v) for v in vector]
    for row, pivot in zip(*lines, strict=True):
        factor = result[pivot]
        result = [a - factor * b for a, b in zip(result, row, strict=True)]
    return tuple(result)


def double_description(rows: list[list[Fraction]]) -> tuple[set, set, tuple[list[list[Fraction]], list[int]]]:
    """Vertices, primitive rays and the echelon basis of the lines of {x : row . (1, x) >= 0 for all rows}."""
    at_infinity = [1] + [0] * (len(rows[0]) - 1)  # cddlib leaves out the apex of a cone otherwise
    matrix = cdd.gmp.matrix_from_array([at_infinity, *rows], rep_type=cdd.RepType.INEQUALITY)
    generators = cdd.gmp.copy_generators(cdd.gmp.polyhedron_from_matrix(matrix))
    array = [[Fraction(v) for v in row] for row in generators.array]
    lines = echelon([array[i][1:] for i in generators.lin_set])
    rest = [row for i, row in enumerate(array) if i not in generators.lin_set]
    vertices = {modulo(row[1:], lines) for row in rest if row[0]}
    return vertices, {primitive(modulo(row[1:], lines)) for row in rest if not row[0]}, lines


def inequalities_of_region(complex_: PolyhedralComplex, i: int) -> list[list[Fraction]]:
    """Rows (b, a), b + a.x >= 0, from the signs alone: every signed preactivation that splits, and F - t."""
    net, d = complex_.network, complex_.input_dim
    forms = [[Fraction(int(j == k + 1)) for j in range(d + 1)] for k in range(d)]
    rows = [[Fraction(1)] + [Fraction(0)] * d]
    signs = complex_.sign_vector(d, i)
    for weights, biases, slopes, layer in zip(net.weights, net.biases, net.slopes, signs, strict=False):
        before = [
            [dot(row, column) + (b if j == 0 else 0) for j, column in enumerate(zip(*forms, strict=True))]
            for row, b in zip(weights, biases, strict=True)
        ]
        rows += [[s * v for v in f] for f, s, a in zip(before, layer, slopes, strict=True) if a != 1 and any(f)]
        forms = [[a * v for v in f] if s < 0 else f for f, s, a in zip(before, layer, slopes, strict=True)]
    output = [dot(net.weights[-1][0], column) for column in zip(*forms, strict=True)]
    output[0] += net.biases[-1][0]
    assert complex_.affine_map(i) == ((tuple(output[1:]),), (output[0],))
    if complex_.level is not None:
        output[0] -= complex_.level
        rows.append([int(complex_.signs(d)[i]) * v for v in output])
    return rows


@given(st.data())
@examples(30)
def test_regions_against_cddlib(data: st.DataObject) -> None:
    """The vertices, rays and lines of every region are those of its inequalities; and so is its H-representation."""
    net = data.draw(networks())
    complex_ = subdivide(net, level=data.draw(st.none() | levels(net)))
    assume(not complex_.artificial_hyperplanes)
    d = complex_.input_dim
    for i in range(min(complex_.n_regions, 60)):
        rows = inequalities_of_region(complex_, i)
        vertices, rays, lines = double_description(rows)
        v = complex_.v_representation(d, i)
        assert echelon(v.lines) == lines
        assert {modulo(x, lines) for x in v.vertices} == vertices and len(v.vertices) == len(vertices)
        assert {primitive(modulo(x, lines)) for x in v.rays} == rays and len(v.rays) == len(rays)
        h = complex_.h_representation(d, i)
        assert not h.equations
        given = {primitive(row) for row in rows}
        assert {(b, *(-x for x in a)) for b, *a in h.inequalities} <= given
        assert double_description([[b, *(-x for x in a)] for b, *a in h.inequalities] or rows[:1]) == (
            vertices,
            rays,
            lines,
        )


@given(st.data())
@examples(20)
def test_faces_against_cddlib(data: st.DataObject) -> None:
    """Cells of every dimension: the two representations describe one polyhedron, without redundancy."""
    net = data.draw(networks())
    complex_ = subdivide(net, level=data.draw(st.none() | levels(net)))
    for k in range(len(complex_.lineality), complex_.input_dim + 1):
        for i in range(0, complex_.n_cells(k), max(1, complex_.n_cells(k) // 8)):
            h, v = complex_.h_representation(k, i), complex_.v_representation(k, i)
            assert len(h.equations) == complex_.input_dim - k
            rows = [[b, *(-x for x in a)] for b, *a in h.inequalities]
            for b, *a in h.equations:
                rows += [[b, *(-x for x in a)], [-b, *a]]
            vertices, rays, lines = double_description(rows or [[1] + [0] * complex_.input_dim])
            assert {modulo(x, lines) for x in v.vertices} == vertices and len(v.vertices) == len(vertices)
            assert {primitive(modulo(x, lines)) for x in v.rays} == rays and len(v.rays) == len(rays)
            assert echelon(v.lines) == lines
