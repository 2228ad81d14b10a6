#!/usr/bin/env bash
# Installs polyrelu from this clone into the virtual environment .venv beside this file.
# Usage: ./install.sh [EXTRAS]     extras of pyproject.toml; "test" unless told otherwise, "dev" for developers
#
# What compiling needs and is missing is installed with apt-get, as root or with sudo; where nothing is
# missing, apt-get is not called. PYTHON=/path/to/python3 chooses the interpreter (3.11 or newer).
set -euo pipefail
cd "$(dirname "$0")"

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" /usr/bin/python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# True when a virtual environment can be made and C++ with the headers of Python, GMP and cddlib compiles.
ready() {
    local python include
    python=$(find_python) || return 1
    "$python" -c 'import ensurepip, venv' 2>/dev/null || return 1
    include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    g++ -fsyntax-only -I "$include" -x c++ - 2>/dev/null <<'END'
#include <Python.h>
#include <gmpxx.h>
#if !__has_include(<cdd/cdd.h>) && !__has_include(<cddlib/cdd.h>)
#error cddlib is missing
#endif
END
}

packages=(g++ libcdd-dev libgmp-dev python3-dev python3-venv)
if ! ready; then
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
    if ! command -v apt-get >/dev/null || ! command -v "${as_root[0]:-true}" >/dev/null; then
        echo "install.sh: please install Python 3.11 or newer with its headers, and ${packages[*]}, then try again" >&2
        exit 1
    fi
    "${as_root[@]}" apt-get update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${packages[@]}"
fi

python=$(find_python) || { echo "install.sh: Python 3.11 or newer was not found; name it with PYTHON=" >&2; exit 1; }
"$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[${1:-test}]"
