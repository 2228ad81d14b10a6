"""Builds the Cython core; everything else is declared in pyproject.toml."""

from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

setup(
    ext_modules=cythonize(
        [
            Extension(
                "polyrelu._core",
                ["polyrelu/_core.pyx"],
                include_dirs=["polyrelu", numpy.get_include()],
                libraries=["gmpxx", "gmp"],
                language="c++",
                # The error bounds of the floating-point filter count every rounding: no contraction, no reordering.
                extra_compile_args=["-O3", "-std=c++17", "-pthread", "-ffp-contract=off", "-fno-fast-math"],
                define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
                depends=[str(p) for p in sorted(Path("polyrelu/_cpp").glob("*"))],
            )
        ],
        language_level=3,
    )
)
