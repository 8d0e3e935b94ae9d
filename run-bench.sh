#!/usr/bin/env bash
# Compares CoveJit with Debian's qemu-system-riscv64 on this machine, in one run: see perf/README.md. Arguments go to perf/compare.py.
set -euo pipefail
cd "$(dirname "$0")"

for tool in dotnet python3 qemu-system-riscv64; do
    command -v "$tool" > /dev/null || {
        echo "run-bench.sh: $tool is missing (Debian packages: qemu-system-misc python3; the .NET 10 SDK)" >&2
        exit 2
    }
done

dotnet build CoveJit.sln -c Release -v q -nologo >&2
covejit=src/CoveJit.Cli/bin/Release/net10.0/covejit
guests=${COVEJIT_GUEST_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/covejit/guests}
if [ ! -e "$guests/default.json" ] || [ ! -e "$guests/bench.json" ]; then
    "$covejit" guest build default bench --output "$guests" >&2
fi

exec python3 perf/compare.py --covejit "$covejit" --guests "$guests" "$@"
