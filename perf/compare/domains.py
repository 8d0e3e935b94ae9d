"""What a memory protection table costs: the same programs under `--mpt off` and `--mpt pages`, in pairs."""

import statistics
import sys

from emulators import Covejit

# Programs, and by how much one may be slower under a table: what misses the TLB pays for look-ups, everything else should not notice.
LIMITS = {"coremark": 0.02, "memcpy": 0.02, "qsort": 0.02, "sieve": 0.02, "matmul": 0.02, "chase": 0.15}
ROUNDS = 5


def emulators(command):
    return [Covejit(command, "mpt off", ("--mpt", "off")), Covejit(command, "mpt pages", ("--mpt", "pages"))]


def overheads(results):
    """By program: how much longer each pair's run under a table took for the same work, by the guest's clock."""
    off, pages = results["mpt off"], results["mpt pages"]
    found = {}
    for key in LIMITS:
        if key in off and key in pages:
            pairs = zip(off[key]["samples"], pages[key]["samples"], strict=True)
            ratios = [without["value"] / under["value"] - 1 for without, under in pairs]
            found[key] = {"median": statistics.median(ratios), "pairs": ratios, "limit": LIMITS[key]}
    return found


def write(results):
    """Prints the table; returns whether every program is within its limit."""
    print(f"\n{'program':16}{'mpt off':>12}{'mpt pages':>12}{'overhead':>10}{'least':>8}{'most':>8}{'limit':>8}")
    within = True
    for key, overhead in overheads(results).items():
        ok = overhead["median"] <= overhead["limit"]
        within &= ok
        print(f"{key:16}{results['mpt off'][key]['median']:12.4g}{results['mpt pages'][key]['median']:12.4g}{overhead['median'] * 100:9.1f}%"
              f"{min(overhead['pairs']) * 100:7.1f}%{max(overhead['pairs']) * 100:7.1f}%{overhead['limit'] * 100:7.0f}%{'' if ok else '  over'}")
    if missing := [key for key in LIMITS if key not in overheads(results)]:
        print(f"not measured: {', '.join(missing)}", file=sys.stderr)
    return within
