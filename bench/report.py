# SPDX-License-Identifier: MIT
"""The numbers of a run as a table in markdown and as plots in SVG, which need nothing but Python."""
import html
import math

COLOURS = {"xsuperd": "#1f6feb", "xinetd": "#d1742f", "haproxy": "#7a7f87", "limit": "#2e2e2e"}
ROW, BAR, LEFT, RIGHT = 46, 13, 330, 90
WIDTH = 900
FONT = 'font-family="system-ui, sans-serif" font-size="13"'


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratio(row, other, key):
    if not other or row is other or row.get(key) is None or not other.get(key) or other["errors"]:
        return ""
    value = row[key] / other[key]
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def table(results):
    lines = [f"{results['processors']} processors ({results['processor']}), Linux {results['kernel']}, {results['date']}; "
             f"median of {results['rounds']} rounds, {results['seconds']} s for each load.", "",
             "| workload | | per second | p50 µs | CPU µs each | rate : xinetd | CPU : xinetd | rate : limit | CPU : limit | errors |",
             "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for workload in results["workloads"].values():
        rows = workload["results"]
        xinetd, limit = rows.get("xinetd"), rows.get("limit")
        if any(row.get("memory") is not None for row in rows.values()):
            continue
        for place, (who, row) in enumerate(rows.items()):
            cells = [f"{workload['title']} ({workload['unit']})" if place == 0 else "", who, number(row["rate"]),
                     number(row["p50"]), number(row["cpu"]), ratio(row, xinetd, "rate"), ratio(row, xinetd, "cpu"),
                     ratio(row, limit, "rate"), ratio(row, limit, "cpu"), f"{row['errors']:.0f}"]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n" + memory_table(results)


def memory_table(results):
    lines = []
    for workload in results["workloads"].values():
        rows = workload["results"]
        for place, (who, row) in enumerate(rows.items()):
            if row.get("memory") is not None:
                cells = [workload["title"] if place == 0 else "", who, number(row["memory"]),
                         ratio(row, rows.get("xinetd"), "memory")]
                lines.append(f"| {' | '.join(cells)} |")
    if not lines:
        return ""
    return "\n".join(["", "| memory | | PSS KB | : xinetd |", "|---|---|--:|--:|", *lines]) + "\n"


def text(x, y, words, anchor="start", colour="#24292f", size=13, weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}" '
            f'font-weight="{weight}">{html.escape(words)}</text>')


def line(x1, y1, x2, y2, colour, width=1, dash=""):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"'
            + (f' stroke-dasharray="{dash}"' if dash else "") + "/>")


def legend(names, y):
    parts, x = [], LEFT
    for name in names:
        parts += [f'<rect x="{x}" y="{y - 10}" width="11" height="11" rx="2" fill="{COLOURS[name]}"/>',
                  text(x + 16, y, name)]
        x += 30 + 8 * len(name)
    return parts


def page(title, subtitle, height, parts):
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
                      f'height="{height}" {FONT} role="img" aria-label="{html.escape(title)}">',
                      f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
                      text(20, 30, title, size=17, weight="600"), text(20, 50, subtitle, colour="#57606a"),
                      *parts, "</svg>", ""])


def shown(results, key, reference):
    """(title, {who: value : reference's value}) of the workloads in which the reference has a number."""
    for workload in results["workloads"].values():
        rows = workload["results"]
        base = rows.get(reference, {}).get(key)
        values = {who: row[key] / base for who, row in rows.items()
                  if base and row.get(key) and who != reference and not row["errors"]}
        if values:
            yield workload["title"], values


def names_of(rows):
    return [name for name in COLOURS if any(name in values for _, values in rows)]


def rates(results):
    """Bars: the rate of each as a part of the limit's."""
    rows = list(shown(results, "rate", "limit"))
    most = max([1.0, *(value for _, values in rows for value in values.values())])
    scale = (WIDTH - LEFT - RIGHT) / (math.ceil(most * 5) / 5)
    top, bottom = 92, 92 + ROW * len(rows)
    parts = legend(names_of(rows), 74)
    for step in range(0, math.ceil(most * 5) + 1):
        x = LEFT + step / 5 * scale
        parts += [line(x, top, x, bottom, "#8c959f" if step == 5 else "#eaeef2", 1.5 if step == 5 else 1),
                  text(x, bottom + 18, f"{step * 20} %", "middle", "#57606a", 12)]
    for place, (title, values) in enumerate(rows):
        middle = top + ROW * (place + 0.5)
        parts += wrapped(title, middle)
        y = middle - BAR * len(values) / 2
        for who, value in values.items():
            parts += [f'<rect x="{LEFT}" y="{y + 1:.1f}" width="{value * scale:.1f}" height="{BAR - 2}" rx="2" '
                      f'fill="{COLOURS[who]}"/>',
                      text(LEFT + value * scale + 6, y + BAR - 3, f"{value * 100:.0f} %", colour="#57606a", size=11)]
            y += BAR
    return page("Rate, as a part of what this machine can do", "100 % is a loop that does this and nothing else", bottom + 34,
                parts)


def wrapped(title, middle):
    """A title on one line, or on two when it is long."""
    if len(title) <= 44:
        return [text(LEFT - 14, middle + 4, title, "end")]
    cut = title.rfind(" ", 0, 44)
    return [text(LEFT - 14, middle - 4, title[:cut], "end"), text(LEFT - 14, middle + 12, title[cut + 1:], "end")]


def dots(rows, title, subtitle, reference):
    """Dots on a logarithmic scale: how many times the reference's. Less is better."""
    everything = [value for _, values in rows for value in values.values()] + [1.0]
    low, high = math.floor(math.log10(min(everything))), math.ceil(math.log10(max(everything)))
    high = max(high, low + 1)
    at = lambda value: LEFT + (math.log10(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT)
    top, bottom = 92, 92 + 40 * len(rows)
    parts = legend(names_of(rows), 74)
    for power in range(low, high + 1):
        x = at(10.0 ** power)
        parts += [line(x, top, x, bottom, "#eaeef2"), text(x, bottom + 18, f"{10.0 ** power:g} ×", "middle", "#57606a", 12)]
    parts += [line(at(1), top, at(1), bottom, "#8c959f", 1.5), text(at(1), top - 6, reference, "middle", "#57606a", 12)]
    for place, (name, values) in enumerate(rows):
        y = top + 40 * (place + 0.5)
        parts += wrapped(name, y)
        parts.append(line(at(min([1.0, *values.values()])), y, at(max([1.0, *values.values()])), y, "#d0d7de", 2))
        for who, value in values.items():
            above = who != "xsuperd"
            parts += [f'<circle cx="{at(value):.1f}" cy="{y:.1f}" r="6" fill="{COLOURS[who]}"/>',
                      text(at(value), y - 9 if above else y + 18, f"{value:.2g}" if value < 10 else f"{value:.0f}", "middle",
                           "#57606a", 11)]
    return page(title, subtitle, bottom + 34, parts)


def plots(results):
    """SVG texts by file name; a plot without numbers is left out."""
    found = {}
    if list(shown(results, "rate", "limit")):
        found["rate.svg"] = rates(results)
    if rows := list(shown(results, "cpu", "limit")):
        found["cpu.svg"] = dots(rows, "CPU time for each connection, round trip, datagram or MB",
                                "how many times that of a loop that does this and nothing else; less is better", "limit")
    scale = [row for key in ("cpu", "memory") for row in shown(results, key, "xinetd")
             if "SIGHUP" in row[0] or "memory" in row[0]]
    if scale:
        found["scale.svg"] = dots(scale, "CPU time of a reload, and memory at rest",
                                  "how many times that of xinetd; less is better", "xinetd")
    return found
