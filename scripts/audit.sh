#!/usr/bin/env bash
# Looks the dependencies up in the databases of known weaknesses. Without a network it says so and goes on.
set -uo pipefail
cd "$(dirname "$0")/.."

# audit NAME COMMAND...: fails when a weakness was found, not when nobody could be asked.
audit() {
    local name=$1 out; shift
    if out=$(timeout 60 "$@" 2>&1); then
        local unknown; unknown=$(grep -c "could not be audited" <<<"$out")
        echo "$name: no known weakness found; packages that could not be looked up: $unknown"
        return 0
    fi
    if grep -qiE 'found [0-9]+ known|[0-9]+ (low|moderate|high|critical)|severity' <<<"$out"; then
        printf '%s\n' "$out"; return 1
    fi
    echo "$name: not audited, the database of weaknesses does not answer"
}

failed=0
audit Python .venv/bin/python -m pip_audit --disable-pip --no-deps -r requirements/dev.txt || failed=1
audit viewer env PATH="$PWD/.venv/bin:$PATH" npm --prefix viewer audit --omit=dev || failed=1
exit $failed
