"""Files of points in CSV, .npz and JSON: what is read is exact, and what is wrong is said."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import polyrelu as pr
import polyrelu.cli
from polyrelu.readers.points import read_labelled, read_points


def test_decimals_of_text_are_decimals_and_floats_are_binary_fractions(tmp_path):
    (tmp_path / "p.csv").write_bytes(b"\xef\xbb\xbfheight, width\r\n0.1, 1/3\r\n\r\n-2e-1,4\r\n")
    assert read_points(tmp_path / "p.csv") == [(Fraction(1, 10), Fraction(1, 3)), (Fraction(-1, 5), 4)]
    np.savez_compressed(tmp_path / "p.npz", X=np.array([[0.1, 2], [3, 4]], np.float32), points=np.array([[0.1, 2]]))
    assert read_points(tmp_path / "p.npz") == [(Fraction(3602879701896397, 2**55), 2)]
    np.savez(tmp_path / "one.npz", X=np.array([[7], [8]], np.uint8))
    assert read_points(tmp_path / "one.npz") == [(7,), (8,)]
    np.save(tmp_path / "p.npy", np.array([[0.1, 2], [3, 4]]))
    assert read_points(tmp_path / "p.npy") == [(Fraction(0.1), 2), (3, 4)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"1,2\n3\n", "line 2: 1 entries, but line 1 has 2"),
        (b"x,y\n1,2,3\n", "line 2: 3 entries, but line 1 has 2"),
        (b"x,1\n2,3\n", "line 1, column 1: 'x' is not an exact number"),
        (b"1,2\nx,y\n", "line 2, column 1: 'x'"),
        (b"x,y\n1,nan\n", "line 2, column 2: 'nan'"),
        (b"nan,inf\n1,2\n", "line 1, column 1: 'nan'"),
        (b"1,2\n,\n", "line 2, column 1: the entry is empty"),
        (b"1;2\n", "line 1, column 1: '1;2'"),
        (b"x,y\n", "there is none"),
        (b"", "there is none"),
        (b'"1,2\n', "line 1: not CSV"),
        (b"\xff\xfe1\x00", "not a text in UTF-8"),
    ],
)
def test_csv_that_does_not_hold_points(tmp_path, text, message):
    path = tmp_path / "p.csv"
    path.write_bytes(text)
    with pytest.raises((pr.FileError, pr.NumberError)) as error:
        read_points(path)
    assert str(error.value).startswith(f"{path}: ") and message in str(error.value)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": np.array([[1, np.nan]])}, "array 'X', row 1, column 2: nan is not finite"),
        ({"X": np.arange(3)}, "array 'X': expected a row for each point, got an array of shape (3,)"),
        ({"X": np.eye(2), "y": np.arange(2)}, "expected one array, or one called 'points', got 'X', 'y'"),
        ({"X": np.array([["1"]])}, "expected floats or integers"),
        ({}, "got none"),
    ],
)
def test_npz_that_does_not_hold_points(tmp_path, arrays, message):
    path = tmp_path / "p.npz"
    np.savez(path, **arrays)
    with pytest.raises((pr.FileError, pr.NumberError)) as error:
        read_points(path)
    assert str(error.value).startswith(f"{path}: ") and message in str(error.value)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda f: np.save(f, np.array([[1, np.inf]])), "the array, row 1, column 2: inf is not finite"),
        (lambda f: np.save(f, np.arange(3)), "the array: expected a row for each point, got an array of shape (3,)"),
        (lambda f: np.save(f, np.array([[{}]]), allow_pickle=True), "the array: expected floats or integers"),
        (lambda f: f.write(b"[[1, 2]]"), "the array: not in NumPy's format"),
    ],
)
def test_npy_that_does_not_hold_points(tmp_path, write, message):
    with open(tmp_path / "p.npy", "wb") as file:
        write(file)
    with pytest.raises((pr.FileError, pr.NumberError)) as error:
        read_points(tmp_path / "p.npy")
    assert str(error.value).startswith(f"{tmp_path / 'p.npy'}: ") and message in str(error.value)


def test_commands_take_them(tmp_path, capsys):
    pr.save(pr.from_expression("1 - |x| - |y|"), tmp_path / "net.json")
    (tmp_path / "p.csv").write_text("x,y\n0,0\n0.1,1/3\n")
    np.savez(tmp_path / "p.npz", points=np.array([[0.0, 0], [1, 0]]))
    net, distances = str(tmp_path / "net.json"), []
    for name in ("p.csv", "p.npz"):
        assert polyrelu.cli.main(["distance", net, "--points", str(tmp_path / name), "--norm", "1", "--json"]) == 0
        distances.append(capsys.readouterr().out)
    assert '"17/30"' in distances[0]
    assert polyrelu.cli.main(["regions", net, "--slice", str(tmp_path / "p.npz")]) == 0
    assert "the slice R^1" in capsys.readouterr().out
    (tmp_path / "p.csv").write_text("0,0,0\n")
    assert polyrelu.cli.main(["distance", net, "--points", str(tmp_path / "p.csv")]) == 2
    assert "2" in capsys.readouterr().err


def test_labels(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("x,kind,y\n0,a,1/2\n1, 7/2 ,0.1\n")
    points = [(0, Fraction(1, 2)), (1, Fraction(1, 10))]
    assert read_labelled(path, "kind") == (points, ["x", "y"], ["a", Fraction(7, 2)])
    with pytest.raises(pr.NumberError, match="line 2, column 2: 'a'"):
        read_labelled(path)
    for column in ("z", ""):
        with pytest.raises(pr.FileError, match="no column"):
            read_labelled(path, column)
    path.write_text("0,1\n")
    assert read_labelled(path) == ([(0, 1)], None, None)
    with pytest.raises(pr.FileError, match="there is no header"):
        read_labelled(path, "0")
    path = tmp_path / "p.npz"
    np.savez(path, X=np.eye(2), y=np.array([1, 0]), z=np.eye(3))
    with pytest.raises(pr.FileError, match="one called 'points'"):
        read_labelled(path, "y")
    np.savez(path, X=np.eye(2), y=np.array([1, 0]))
    assert read_labelled(path, "y") == ([(1, 0), (0, 1)], None, [1, 0])
    for column, message in (("X", "expected a label for each point"), ("z", "there are 'X', 'y'")):
        with pytest.raises(pr.FileError, match=message):
            read_labelled(path, column)
    (tmp_path / "p.json").write_text("[[0, 1]]")
    assert read_labelled(tmp_path / "p.json") == ([[0, 1]], None, None)
    with pytest.raises(pr.FileError, match="neither"):
        read_labelled(tmp_path / "p.json", "y")
