"""Network files: what is read and written, and every way a file can be wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyrelu.errors import FileError, InputError, NetworkError, NumberError
from polyrelu.network.network import Network
from polyrelu.readers import files, load, save
from polyrelu.readers.json import Document, read_document
from support.raw_networks import networks

NET = Network([[[1], [-1]], [[1, "1/3"]]], [[0, 0], ["-1/2"]])
GOOD = '{"weights": [[[1]]], "biases": [[0]]}'


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "net.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def with_weight(literal: str) -> str:
    return GOOD.replace("[[[1]]]", f"[[[{literal}]]]")


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("3", Fraction(3)),
        ("-0", Fraction(0)),
        (str(2**70 + 1), Fraction(2**70 + 1)),
        ("9" * 4000, Fraction(int("9" * 4000))),
        ("0.1", Fraction(0.1)),
        ("1e-3", Fraction(1e-3)),
        ("1e2", Fraction(100)),
        ("1e-400", Fraction(0)),
        ('"0.1"', Fraction(1, 10)),
        ('"-1/3"', Fraction(-1, 3)),
        ('"1e400"', Fraction(10**400)),
    ],
)
def test_numbers(tmp_path: Path, literal: str, expected: Fraction) -> None:
    assert load(write(tmp_path, with_weight(literal))).weights == (((expected,),),)


def test_document(tmp_path: Path) -> None:
    text = '{"weights": [[[1]], [[1]]], "biases": [[0], [0]], "slopes": [0.5], "claims": {"betti": [1]}, "note": "é"}'
    path = write(tmp_path, b"\xef\xbb\xbf" + text.encode())
    document = read_document(path)
    assert document == Document(Network([[[1]], [[1]]], [[0], [0]], ["1/2"]), {"betti": [1]}, None, "é")
    assert load(str(path)) == load(os.fsencode(path)) == document.network  # type: ignore[arg-type]
    assert read_document(write(tmp_path, GOOD)) == Document(Network([[[1]]], [[0]]))


def test_save(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    save(NET, path, claims={"betti": [1, 0]}, name="an «é»", note="two\nlines")
    assert read_document(path) == Document(NET, {"betti": [1, 0]}, "an «é»", "two\nlines")
    assert json.loads(path.read_text(encoding="utf-8"))["biases"] == [[0, 0], ["-1/2"]]
    save(NET, path)
    assert set(json.loads(path.read_text(encoding="utf-8"))) == {"weights", "biases"}


@given(net=networks(), name=st.text(st.characters(codec="utf-8")))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_round_trip(tmp_path: Path, net: Network, name: str) -> None:
    path = tmp_path / "net.json"
    save(net, path, name=name)
    assert read_document(path) == Document(net, {}, name, None)


@pytest.mark.parametrize("digits", [599, 600, 601, 3999])
def test_round_trip_of_long_numbers(tmp_path: Path, digits: int) -> None:
    net = Network([[[10**digits, -(10**digits)]]], [[Fraction(1, 10**digits)]])
    save(net, tmp_path / "net.json")
    assert load(tmp_path / "net.json") == net


BAD_FILES: list[tuple[str | bytes, type[InputError], str]] = [
    ("", FileError, "empty"),
    (" \n", FileError, "empty"),
    (b"\xef\xbb\xbf", FileError, "empty"),
    (b"\0\0", FileError, "not valid JSON"),
    (b"\x93NUMPY\x01\x00", FileError, "an array of NumPy"),
    (GOOD.encode("utf-16"), FileError, "not UTF-8"),
    (GOOD[:-1], FileError, "not valid JSON: .* line 1, column"),
    (GOOD[:20], FileError, "not valid JSON"),
    (GOOD + GOOD, FileError, "Extra data"),
    ("not json", FileError, "not valid JSON"),
    ("[]", FileError, "expected an object"),
    ("null", FileError, "expected an object"),
    ("1" * 5000, NumberError, "4000 decimal digits"),
    ("{}", FileError, "missing keys 'weights', 'biases'"),
    ('{"weights": [[[1]]]}', FileError, "missing key 'biases'"),
    (GOOD[:-1] + ', "bias": 1}', FileError, "unknown key 'bias'; expected weights, biases, and optionally slopes"),
    (GOOD[:-1] + ', "a\\n\\ud800": 1, "b": 2}', FileError, "unknown keys"),
    (GOOD[:-1] + ', "weights": []}', FileError, "'weights' occurs twice"),
    (GOOD[:-1] + ', "claims": {"a": 1, "a": 1}}', FileError, "'a' occurs twice"),
    (GOOD[:-1] + ', "claims": []}', FileError, "claims: expected an object"),
    (GOOD[:-1] + ', "claims": {"a": "\\ud800"}}', FileError, "claims: not valid Unicode"),
    (GOOD[:-1] + ', "name": 3}', FileError, "name: expected a string, got 3"),
    (GOOD[:-1] + ', "note": null}', FileError, "note: expected a string"),
    (GOOD[:-1] + ', "note": "\\udc00"}', FileError, "note: not valid Unicode"),
    (GOOD[:-1] + ', "slopes": null}', FileError, "slopes: expected a list"),
    (GOOD[:-1] + ', "slopes": 0}', FileError, "slopes: expected a list"),
    (GOOD[:-1] + ', "slopes": [0]}', NetworkError, "slopes"),
    ("[" * 100000, FileError, "nested too deeply"),
    ('{"a":' * 100000, FileError, "nested too deeply"),
    (with_weight("NaN"), NumberError, "NaN"),
    (with_weight("-Infinity"), NumberError, "-Infinity"),
    (with_weight("1e999"), NumberError, "1e999"),
    (with_weight("-1.5e999999999"), NumberError, "beyond the range"),
    (with_weight("1" * 5000), NumberError, "4000 decimal digits"),
    (with_weight("1" * 10**6), NumberError, "4000 decimal digits"),
    (with_weight("1_000"), FileError, "not valid JSON"),
    (with_weight("01"), FileError, "not valid JSON"),
    (with_weight("+1"), FileError, "not valid JSON"),
    (with_weight('"1/0"'), NumberError, "layer 1, weight row 1, column 1: '1/0' has denominator zero"),
    (with_weight('"1_000"'), NumberError, "layer 1, weight row 1, column 1"),
    (with_weight("true"), NumberError, "boolean"),
    (with_weight("null"), NumberError, "None"),
    (with_weight("{}"), NumberError, "dict"),
    (with_weight("[1]"), NetworkError, "two dimensions"),
    (with_weight("1, 2], [3"), NetworkError, "layer 1, weight row 2"),
    (with_weight(""), NetworkError, "no columns"),
    ('{"weights": {}, "biases": []}', NetworkError, "weights: expected a list"),
    ('{"weights": "x", "biases": []}', NetworkError, "weights: expected a list"),
    ('{"weights": [], "biases": []}', NetworkError, "at least one layer"),
    ('{"network": {}, "expected": {}}', FileError, "unknown keys 'network', 'expected'"),
]


@pytest.mark.parametrize(("content", "error", "text"), BAD_FILES, ids=range(len(BAD_FILES)))
def test_refuses_content(tmp_path: Path, content: str | bytes, error: type[InputError], text: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(error, match=text) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < len(str(path)) + 300
    message.encode()
    if isinstance(caught.value, FileError):
        assert caught.value.path == str(path)


@given(st.data())
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_never_raise_anything_else(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "net.json"
    save(NET, path, claims={"betti": [1, 0]}, note="n")
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=3))
    try:
        read_document(write(tmp_path, bytes(content)))
    except InputError as error:
        assert str(error).startswith(str(path))


@pytest.mark.parametrize(
    "path", [None, 0, 3.5, True, "", "\0", "a\0b", [], "\ud800.json", "x" * 5000, b"\xff\xfe"], ids=repr
)
def test_refuses_paths(path: Any) -> None:
    with pytest.raises(FileError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(FileError):
        save(NET, "/nowhere/at/all/" + path if isinstance(path, str) and path != "\ud800.json" else "/nowhere/at/all")


def test_refuses_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileError, match="No such file"):
        load(tmp_path / "missing.json")
    with pytest.raises(FileError, match="Is a directory"):
        load(tmp_path)
    with pytest.raises(FileError, match="Is a directory"):
        save(NET, tmp_path)
    with pytest.raises(FileError, match=r"^'.*two\\nlines': cannot be read"):
        load(tmp_path / "two\nlines")

    def forbidden(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", forbidden)
    monkeypatch.setattr("pathlib.Path.open", forbidden)
    with pytest.raises(FileError, match="Permission denied"):
        load(tmp_path / "net.json")
    with pytest.raises(FileError, match="Permission denied"):
        save(NET, tmp_path / "net.json")


def test_refuses_files_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    with pytest.raises(FileError, match="larger than 100 bytes"):
        load(write(tmp_path, GOOD + " " * 100))


@pytest.mark.parametrize(
    "extra",
    [
        {"claims": [1]},
        {"claims": {"a": float("nan")}},
        {"claims": {"a": Fraction(1, 2)}},
        {"claims": {"1": 0, 1: 0}},
        {"claims": {"a": 10**5000}},
        {"name": 3},
        {"note": "\ud800"},
    ],
)
def test_saves_nothing_that_could_not_be_read(tmp_path: Path, extra: Any) -> None:
    path = tmp_path / "net.json"
    with pytest.raises(FileError, match="cannot be written") as caught:
        save(NET, path, **extra)
    assert "\n" not in str(caught.value)
    assert not path.exists()
    with pytest.raises(FileError, match="expected a Network"):
        save("net", path)  # type: ignore[arg-type]


def test_long_numbers_under_the_strictest_limit_on_digits(tmp_path: Path) -> None:
    path = write(tmp_path, with_weight("7" * 4000))
    code = (
        f"import sys; sys.set_int_max_str_digits(640)\nfrom polyrelu.readers import load, save\n"
        f"net = load({str(path)!r}); save(net, {str(path)!r}); assert load({str(path)!r}) == net; repr(net)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
