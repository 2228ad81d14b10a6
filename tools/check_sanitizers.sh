#!/usr/bin/env bash
# Builds the core with the address and undefined-behaviour sanitizers and runs tests of it from Python, in a copy of the
# clone. (Without the leak detector: interpreters keep what they need until they end. `tests/core/test_core_build.py` runs the
# core alone, with it, and under the thread sanitizer.)
# Usage: tools/check_sanitizers.sh [PYTEST ARGUMENTS...]     the tests that use the core most unless told otherwise
# PYTHON: an interpreter that has the test dependencies, setuptools and Cython; otherwise an environment is made
set -euo pipefail
# A job in the background ignores Ctrl-C, and so does all that it starts. This one is to end on it.
if [ -z "${POLYRELU_HEEDS_SIGINT:-}" ]; then
    POLYRELU_HEEDS_SIGINT=1 exec env --default-signal=INT "$0" "$@"
fi
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
child=
trap '[ -z "$child" ] || { kill -- "-$child" && wait "$child"; } 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
set -m
run() { # in the background, because traps wait for what is in the foreground, and as a group, which ends with all its own
    "$@" &
    child=$!
    wait "$child"
    child=
}
if [ $# -eq 0 ]; then
    set -- tests/geometry/test_subdivide.py tests/topology/test_chain.py tests/topology/test_homology.py
fi

mkdir "$work/src"
cp -r "$root"/{polyrelu,tests,examples,setup.py,pyproject.toml,README.md,LICENSE} "$work/src/"
rm -f "$work"/src/polyrelu/*.so
python=${PYTHON:-}
if [ -z "$python" ]; then
    python3 -m venv "$work/venv"
    python=$work/venv/bin/python
    run "$python" -m pip install --quiet --disable-pip-version-check "setuptools>=77" "cython>=3.0,<3.3"
    run "$python" -m pip install --quiet --disable-pip-version-check "$root[test]"
    run "$python" -m pip uninstall --quiet --disable-pip-version-check --yes polyrelu
fi

cd "$work/src"
sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all -O1 -g1"
run env POLYRELU_CFLAGS="$sanitize" "$python" setup.py --quiet build_ext --inplace
# Tests that limit the address space or measure memory are left out: the sanitizers need terabytes of it, and keep what was
# freed.
# libasan has to come first; libstdc++ with it, for the sanitizer to see exceptions.
run env LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so)" \
    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc \
    PYTHONPATH="$work/src" "$python" -m pytest -q -p no:cacheprovider \
    -k "not out_of_memory and not threads_the_system_refuses and not at_most_max_memory" "$@"
