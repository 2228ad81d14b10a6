#!/usr/bin/env bash
# Builds the source distribution and from it the wheel, each in isolation, installs the wheel into a fresh virtual
# environment, and runs the tests there, from a copy that lies outside of the source tree.
# Usage: tools/check_distribution.sh [EXTRAS [PYTEST ARGUMENTS...]]     extras to install; "test" unless told otherwise
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
extras=${1:-test}
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m venv "$work/build"
"$work/build/bin/pip" install --quiet --disable-pip-version-check "build>=1.2"
"$work/build/bin/python" -m build --outdir "$work/dist" "$root"

"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "$(echo "$work"/dist/polyrelu-*.whl)[$extras]"

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
"$work/venv/bin/python" -m pytest -q -m "not slow" "${@:2}" tests
