"""The verdict of the independent checker on a certificate."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyrelu.errors import FileError, InputError
from polyrelu.exact.limits import read_limit
from polyrelu.exact.rational import describe
from polyrelu.export.certificate import network_hash
from polyrelu.files import checked_path, reason
from polyrelu.network.network import Network


@dataclass(frozen=True)
class CertificateCheck:
    """What the checker says; true in a boolean context iff it accepts the certificate. `check_certificate` returns it.

    Attributes
    ----------
    accepted : bool
        Whether the claims are proved.
    lines : tuple of str
        The report: what was claimed and what was checked, or the first fact that is false, with its place.
    """

    accepted: bool
    lines: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.accepted

    def __str__(self) -> str:
        return "\n".join(self.lines)


def check_certificate(path: Any, network: Network | None = None, *, max_cells: int | None = None) -> CertificateCheck:
    """The verdict of `polyrelu-check` on a certificate, from a process of its own that imports nothing of polyrelu.

    Parameters
    ----------
    path : path
        The certificate.
    network : Network, optional
        The network that it has to be about.
    max_cells : int, optional
        Maximum number of cells of a complex in the file. The checker takes about a kilobyte for each.

    Returns
    -------
    CertificateCheck
        True in a boolean context iff the claims are proved; with the lines of the report.

    Raises
    ------
    FileError
        If the file is no certificate, or exceeds a limit of the checker.
    InputError
        If another argument is wrong, or the checker is not installed.

    Examples
    --------
    >>> import tempfile
    >>> import polyrelu as pr
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/maximum.cert"
    ...     counts = pr.certify_cells(pr.maximum(2), path=path)
    ...     print(bool(pr.check_certificate(path)), pr.check_certificate(path, pr.maximum(3)))
    True refused: line 1: the certificate is one of another network
    """
    shown, given = checked_path(path)
    if network is not None and not isinstance(network, Network):
        raise InputError(f"network: expected a Network, got {describe(network)}")
    read_limit(max_cells, "max_cells")
    try:
        with open(given, "rb") as file:
            file.read(1)
    except (OSError, ValueError) as error:
        raise FileError(f"{shown}: cannot be read: {reason(error)}", shown) from None
    command = [sys.executable, "-I", "-S", str(program()), "--", given]
    if max_cells is not None:
        command[-2:-2] = ["--max-cells", str(min(max_cells, sys.maxsize))]
    if network is not None:
        command[-2:-2] = ["--sha256", network_hash(network)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode not in (0, 1) or not done.stdout:
        said = done.stderr.strip().removeprefix("polyrelu-check: ").splitlines()
        raise FileError(f"{shown}: {said[-1] if said else f'the checker ended with status {done.returncode}'}", shown)
    return CertificateCheck(done.returncode == 0, tuple(done.stdout.splitlines()))


def program() -> Path:
    """The file of the checker: of the package beside this one, or in the source tree."""
    spec = importlib.util.find_spec("polyrelu_check")
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    if folder is None:
        folder = Path(__file__).parent.parent.parent / "checker" / "polyrelu_check"
    if not (folder / "__main__.py").exists():
        raise InputError("check_certificate: the package polyrelu_check is not installed; pip install polyrelu has it")
    return folder / "__main__.py"
