#!/usr/bin/env bash
# Builds the source distribution and, each in isolation and both at once, the wheel from it and the wheel from a copy of the
# clone in another directory, an hour older as far as file times go. The wheels have to be the same byte for byte; neither
# directory may be named in what was compiled.
# Usage: tools/check_reproducible.sh [DIRECTORY]     where the source distribution and the wheel are left
# SOURCE_DATE_EPOCH is taken from the last commit unless it is set
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}

"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "build>=1.2"
"$work/venv/bin/python" -m build --sdist --outdir "$work/dist" "$root" > /dev/null

# What is tracked in the clone, or not ignored yet.
clone=$work/another/and/deeper
mkdir -p "$clone"
git -C "$root" ls-files -z --cached --others --exclude-standard |
    (cd "$root" && while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done) |
    tar -C "$root" --null -T - -cf - | tar -C "$clone" -xf -
find "$clone" -exec touch -d "1 hour ago" {} +

wheel() { "$work/venv/bin/pip" wheel --quiet --disable-pip-version-check --no-deps -w "$1" "$2"; }
wheel "$work/one" "$(echo "$work"/dist/*.tar.gz)" &
first=$!
wheel "$work/two" "$clone"
wait "$first"

one=$(echo "$work"/one/*.whl)
two=$(echo "$work"/two/*.whl)
mkdir "$work/contents"
"$python" -m zipfile -e "$one" "$work/contents"
if grep -rlF -e "$work" -e "$root" "$work/contents"; then
    echo "check_reproducible: these files of the wheel name a directory of the build" >&2
    exit 1
fi
cmp "$one" "$two" || { echo "check_reproducible: two builds of the wheel differ" >&2; exit 1; }
sha256sum "$one" | sed "s|$work/one/||"
if [ $# -gt 0 ]; then
    mkdir -p "$1"
    rm -f "$1"/*.tar.gz "$1"/*.whl
    cp "$work"/dist/*.tar.gz "$one" "$1"
fi
