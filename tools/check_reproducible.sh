#!/usr/bin/env bash
# Builds the wheel twice from copies of the clone in two directories, an hour apart as far as file times go, and compares
# the bytes. Neither directory may be named in what was compiled.
# Usage: tools/check_reproducible.sh     SOURCE_DATE_EPOCH is taken from the last commit unless it is set
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}

"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "setuptools>=77" "cython>=3.0"

build() { # DIRECTORY: a copy of what is tracked there, or not ignored yet
    mkdir -p "$1"
    git -C "$root" ls-files -z --cached --others --exclude-standard |
        (cd "$root" && while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done) |
        tar -C "$root" --null -T - -cf - | tar -C "$1" -xf -
    [ -z "${2:-}" ] || find "$1" -exec touch -d "$2" {} +
    "$work/venv/bin/pip" wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps -w "$1/dist" "$1"
}
build "$work/one" &
first=$!
build "$work/another/and/deeper" "1 hour ago"
wait "$first"

one=$(echo "$work"/one/dist/*.whl)
two=$(echo "$work"/another/and/deeper/dist/*.whl)
mkdir "$work/contents"
"$python" -m zipfile -e "$one" "$work/contents"
if grep -rlF -e "$work" -e "$root" "$work/contents"; then
    echo "check_reproducible: these files of the wheel name a directory of the build" >&2
    exit 1
fi
cmp "$one" "$two" || { echo "check_reproducible: two builds of the wheel differ" >&2; exit 1; }
sha256sum "$one" | sed "s|$work/one/dist/||"
