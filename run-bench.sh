#!/usr/bin/env bash
# Compares CoveJit with Debian's qemu-system-riscv64, and with RVVM if $RVVM names its binary, in one run: see perf/README.md.
# $BENCH_PROGRAMS names a directory with further programs (riscv64/NAME, native/NAME). Arguments go to perf/compare.
set -euo pipefail
cd "$(dirname "$0")"

command -v dotnet > /dev/null || { echo "run-bench.sh: the .NET 10 SDK is missing: dotnet is not on the PATH" >&2; exit 2; }
# Command and Debian package; the native column runs the host's busybox where the guest runs its own.
needed=(python3 python3 qemu-system-riscv64 qemu-system-misc gcc gcc busybox busybox-static)
[ -z "${RVVM:-}" ] || needed+=(fdtput device-tree-compiler)
missing=()
for ((i = 0; i < ${#needed[@]}; i += 2)); do
    command -v "${needed[i]}" > /dev/null || missing+=("${needed[i + 1]}")
done
[ -z "${RVVM:-}" ] || [ -e /usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.bin ] || missing+=(opensbi)
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "run-bench.sh: these Debian packages are missing; install them and run again:" >&2
        echo "  sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 2
    fi
    apt-get update -q >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
fi

dotnet build src/CoveJit.Cli/CoveJit.Cli.csproj -c Release -v q -nologo >&2
covejit=src/CoveJit.Cli/bin/Release/net10.0/covejit
guests=${COVEJIT_GUEST_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/covejit/guests}

# The bench guest holds the programs: it is made anew when one of them is newer.
programs=()
if [ -n "${BENCH_PROGRAMS:-}" ]; then
    for file in "$BENCH_PROGRAMS"/riscv64/*; do
        programs+=(--program "$file")
    done
fi
stale=()
[ -e "$guests/default.json" ] || stale+=(default)
if [ ! -e "$guests/bench.json" ] || [ -n "$(find guest/bench ${BENCH_PROGRAMS:+"$BENCH_PROGRAMS/riscv64"} -newer "$guests/bench.json")" ]; then
    stale+=(bench "${programs[@]}")
fi
case " $* " in *" --nested "*) [ -e "$guests/nested.json" ] || stale+=(nested) ;; esac
case " $* " in *" --disk "*) [ -e "$guests/disk.json" ] || stale+=(disk) ;; esac
[ ${#stale[@]} -eq 0 ] || "$covejit" guest build "${stale[@]}" --output "$guests" >&2

exec python3 perf/compare --covejit "$covejit" --guests "$guests" "$@"
