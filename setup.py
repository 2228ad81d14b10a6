"""Builds the Cython core; everything else is declared in pyproject.toml."""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

# Wheels do not depend on where and by whom they are built: no debug information, which names directories, and no path
# in what macros put into messages (tools/check_reproducible.sh builds twice and compares).
REPRODUCIBLE = ["-g0", f"-ffile-prefix-map={Path.cwd()}=."]
# Further options for compiling and linking, as tools/check_sanitizers.sh has them.
FURTHER = os.environ.get("POLYRELU_CFLAGS", "").split()
STRIP = ["-Wl,-s"] if sys.platform == "linux" and not FURTHER else []

setup(
    ext_modules=cythonize(
        [
            Extension(
                "polyrelu._core",
                ["polyrelu/_core.pyx"],
                include_dirs=["polyrelu"],
                libraries=["gmpxx", "gmp"],
                language="c++",
                # The error bounds of the floating-point filter count every rounding: no contraction, no reordering.
                extra_compile_args=[
                    "-O3", "-std=c++17", "-pthread", "-ffp-contract=off", "-fno-fast-math", *REPRODUCIBLE, *FURTHER,
                ],
                extra_link_args=STRIP + FURTHER,
                depends=["polyrelu/_core.pxd", *(str(p) for p in sorted(Path("polyrelu/_cpp").glob("*")))],
            )
        ],
        language_level=3,
    )
)
