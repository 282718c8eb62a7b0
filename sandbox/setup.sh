#!/bin/sh
# `make setup`: create .venv and install what requirements-dev.txt names; say in a sentence what is missing.
# A .venv left half-made by an interruption, or whose Python is gone, is made anew.
set -eu

fits='import sys; sys.exit(sys.version_info < (3, 11))'
started=$(date +%s)

say_missing() {
    echo "$1" >&2
    exit 1
}

# The names on the PATH first. A version manager may refuse a name in this directory though it has a
# Python that fits, so its own places are looked at as well.
find_python() {
    for name in python3.13 python3.12 python3.11 python3 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[1-9]*/bin/python3 /usr/bin/python3; do
        if "$name" -c "$fits" >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    found=$(python3 --version 2>/dev/null || echo "no python3")
    say_missing "Python 3.11 or newer is needed; this machine has $found."
}

works() {
    "$1" -c "$fits" >/dev/null 2>&1 && "$1" -m pip --version >/dev/null 2>&1
}

make_venv() {
    python=$(find_python)
    "$python" -c 'import venv' 2>/dev/null ||
        say_missing "$python has no venv module; install it (on Debian: apt-get install python3-venv)."
    "$python" -c 'import ensurepip' 2>/dev/null ||
        say_missing "$python has no ensurepip module; install it (on Debian: apt-get install python3-venv)."
    "$python" -m venv --clear .venv
}

works .venv/bin/python || make_venv
echo "Installing into .venv (a minute the first time) ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
    --require-hashes -r requirements-dev.txt
touch .venv/installed
printf '%-16s%6.1f s\n' python "$(($(date +%s) - started))"
