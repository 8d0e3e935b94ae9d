"""The chart: one bar a row, from 1 to how many times better than the better rival CoveJit is."""

import math
from html import escape

from rows import advantage, groups

_LEFT, _WIDTH, _RIGHT = 190, 460, 150
_BAR, _GAP, _HEAD, _FOOT = 14, 5, 64, 40
_BETTER, _WORSE, _INK, _GRID = "#2a7f62", "#b4543a", "#222", "#ddd"


def write(path, results, rivals, title):
    bars = [(group, [(row, found) for row in rows if (found := advantage(row, results, rivals))]) for group, rows in groups(results).items()]
    bars = [(group, rows) for group, rows in bars if rows]
    ratios = [ratio for _, rows in bars for _, (_, ratio) in rows]
    # Whole powers of two, and 1 in the middle of things even if all bars point the same way.
    low = min(-1, math.floor(math.log2(min(ratios, default=1))))
    high = max(1, math.ceil(math.log2(max(ratios, default=1))))

    def x(ratio):
        return _LEFT + (math.log2(ratio) - low) / (high - low) * _WIDTH

    out = []

    def text(at_x, at_y, string, anchor="start", weight="normal", size=11):
        out.append(f'<text x="{at_x:.1f}" y="{at_y:.1f}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}" fill="{_INK}">{escape(string)}</text>')

    y = _HEAD
    for group, rows in bars:
        y += _BAR
        text(8, y, group, weight="bold")
        y += _GAP
        for row, (rival, ratio) in rows:
            begin, end = sorted((x(1), x(ratio)))
            text(_LEFT - 8, y + _BAR - 3, row.label, "end")
            out.append(f'<rect x="{begin:.1f}" y="{y}" width="{end - begin:.1f}" height="{_BAR}" fill="{_BETTER if ratio >= 1 else _WORSE}"/>')
            text(_LEFT + _WIDTH + 8, y + _BAR - 3, f"{ratio:.2f} x {rival}")
            y += _BAR + _GAP
    bottom = y + _GAP
    grid = []
    for power in range(low, high + 1):
        at = x(2.0 ** power)
        grid.append(f'<line x1="{at:.1f}" y1="{_HEAD}" x2="{at:.1f}" y2="{bottom}" stroke="{_INK if power == 0 else _GRID}"/>')
        text(at, bottom + 14, f"{2.0 ** power:g}", "middle")
    text(8, 20, title, weight="bold", size=14)
    text(8, 38, "CoveJit relative to the better of the others, wall time, medians; right of 1 is faster (or smaller)")
    width, height = _LEFT + _WIDTH + _RIGHT, bottom + _FOOT
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif">\n'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n' + "\n".join(grid + out) + "\n</svg>\n")
