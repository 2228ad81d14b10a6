#!/usr/bin/env bash
# Installs a wheel into a fresh virtual environment and tests it there, from a copy of the tests outside of the source tree
# and without the optional packages. All tests are imported. Those run that meet what is different in a wheel: files of the
# package, entry points, processes of their own, the compiled core, and packages that are missing. The mathematics is the
# same in a clone, where all tests run.
# Usage: tools/check_distribution.sh DIRECTORY [EXTRAS [PYTEST ARGUMENTS...]]
# DIRECTORY: of the wheel, as tools/check_reproducible.sh leaves it.  EXTRAS: to install; "test" unless told otherwise
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
wheel=$(cd "$1" && echo "$PWD"/polyrelu-*.whl)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "$wheel[${2:-test}]"

# What the tests may rely on besides the installed package. The marker is declared in pyproject.toml, which is not there.
mkdir "$work/outside"
cp -r "$root/tests" "$root/examples" "$root/README.md" "$work/outside/"
printf '[pytest]\nmarkers =\n    slow: takes more than a few seconds\n' > "$work/outside/pytest.ini"
cd "$work/outside"
"$work/venv/bin/python" - "$root" <<'END'
import sys
import polyrelu
assert not polyrelu.__file__.startswith(sys.argv[1]), polyrelu.__file__
END
"$work/venv/bin/polyrelu" betti examples/annulus.json
"$work/venv/bin/polyrelu" certify examples/annulus.json -o "$work/annulus.cert"
"$work/venv/bin/polyrelu-check" "$work/annulus.cert"
"$work/venv/bin/python" -m pytest -q --collect-only tests > "$work/collected" &
collects=$!
# The checker alone, from its own folder
"${PYTHON:-python3}" -m venv "$work/checker"
cp -r "$root/checker" "$work/source"
"$work/checker/bin/pip" install --quiet --disable-pip-version-check "$work/source"
"$work/checker/bin/polyrelu-check" "$work/annulus.cert"
wait "$collects" || { cat "$work/collected"; exit 1; }
"$work/venv/bin/python" -m pytest -q -m "not slow" "${@:3}" \
    tests/test_*.py tests/core tests/plotting tests/readers \
    tests/cli/test_cli.py tests/cli/test_cli_plot.py tests/cli/test_interruption.py \
    tests/export/test_certificates.py tests/export/test_export_mesh.py tests/export/test_export_table.py \
    tests/analysis/test_cases.py tests/geometry/test_subdivide.py tests/topology/test_homology.py
