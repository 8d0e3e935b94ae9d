"""The table on the terminal."""

from rows import advantage, groups, spread


def write(results, emulators, rivals):
    """Medians with their spread, and how many times better than the best rival CoveJit is, by wall time and by processor time."""
    columns = [name for name in emulators if name in results]
    head = f"{'':24}{'':16}" + "".join(f"{name:>11}{'spread':>8}" for name in columns) + f"{'against':>10}{'wall':>8}{'CPU':>8}"
    for group, rows in groups(results).items():
        print(f"\n{group}\n{head}" if group == next(iter(groups(results))) else f"\n{group}")
        for row in rows:
            cells = f"{'  ' + row.label:24}{row.unit:>16}"
            for name in columns:
                if (summary := results[name].get(row.key)) is not None:
                    cells += f"{summary['median']:11.4g}{spread(summary) * 100:7.1f}%"
                else:
                    cells += f"{'-':>11}{'-':>8}"
            wall = advantage(row, results, rivals)
            cpu = advantage(row, results, rivals, "cpu_median")
            cells += f"{wall[0]:>10}{wall[1]:8.2f}" if wall else f"{'-':>10}{'-':>8}"
            cells += f"{cpu[1]:8.2f}" if cpu else f"{'-':>8}"
            print(cells)
