#!/usr/bin/env bash
# Runs every test: unit, end-to-end and a short differential fuzz. The last line is "N passed, N failed"; the exit code follows it.
# Environment: COVEJIT_FUZZ_INSTRUCTIONS (100000), COVEJIT_FUZZ_SEED (2); COVEJIT_GUEST_DIR (where the default guest is, or is made);
# COVEJIT_SKIP_GUEST=1 leaves it out. COVEJIT_DOMAIN_SECONDS (20): how long each of three cases lets two domains fight for pages.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(apt-utils dpkg-dev xz-utils e2fsprogs debian-archive-keyring debootstrap libslirp0 qemu-system-misc qemu-utils opensbi
    device-tree-compiler gcc-riscv64-linux-gnu libc6-dev-riscv64-cross)

say() { printf '== %s\n' "$*" >&2; }

install_packages()
{
    local missing=() package
    for package in "${packages[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "tests/run.sh: these Debian packages are missing; install them and run again:" >&2
        echo "  sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 2
    fi
    say "Installing ${missing[*]}"
    apt-get update -q >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
}

command -v dotnet > /dev/null || { echo "tests/run.sh: the .NET 10 SDK is missing: dotnet is not on the PATH" >&2; exit 2; }
install_packages

say "Building"
dotnet build CoveJit.sln -c Release -v q -nologo >&2

covejit=src/CoveJit.Cli/bin/Release/net10.0/covejit
export COVEJIT_GUEST_DIR=${COVEJIT_GUEST_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/covejit/guests}
if [ "${COVEJIT_SKIP_GUEST:-}" != 1 ] && [ ! -e "$COVEJIT_GUEST_DIR/default.json" ]; then
    say "Making the default guest in $COVEJIT_GUEST_DIR"
    "$covejit" guest build --output "$COVEJIT_GUEST_DIR" >&2
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

say "Testing"
export COVEJIT_DOMAIN_SECONDS=${COVEJIT_DOMAIN_SECONDS:-20}
# The test of the disk guest, where that is built, installs a Debian and boots it four times.
hang=10m
[ ! -e "$COVEJIT_GUEST_DIR/disk.json" ] || hang=90m
status=0
dotnet test CoveJit.sln -c Release --no-build --nologo --blame-hang-timeout "$hang" --blame-hang-dump-type none \
    --logger trx --results-directory "$results" >&2 || status=$?

# Every test assembly leaves one .trx file; its <Counters> element has the totals of that assembly.
passed=0
failed=0
total_of()
{
    local total
    total=$(sed -n "s/.*<Counters [^>]*[ ]$2=\"\([0-9]*\)\".*/\1/p" "$1")
    echo "${total:-0}"
}
for file in "$results"/*.trx; do
    [ -e "$file" ] || continue
    passed=$((passed + $(total_of "$file" passed)))
    for outcome in failed error timeout aborted; do
        failed=$((failed + $(total_of "$file" "$outcome")))
    done
done
# A test host that died reports nothing: count it.
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1

say "Fuzzing against qemu-system-riscv64"
# Each of the fuzzer's campaigns counts as one test: one whose code is interpreted, one whose code runs over and over and is translated.
fuzz()
{
    if dotnet run --project tests/CoveJit.Fuzz -c Release --no-build -- \
        --seed "${COVEJIT_FUZZ_SEED:-2}" --out "${COVEJIT_FUZZ_OUT:-fuzz-out}" "$@" >&2; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
}
instructions=${COVEJIT_FUZZ_INSTRUCTIONS:-100000}
fuzz --instructions "$instructions"
# Without self-modifying code, which would make the translator start over each time.
fuzz --instructions $((instructions / 10)) --loops 60 --mix int,fp,mem,csr,paging

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 1 ]
