"""The growth of the time with the number of files, as SVG.

By hand: two lines on logarithmic axes are less text than the settings of a plotting library, which would be 60 MB more.
"""

import math
from collections.abc import Mapping, Sequence

from benchmarks.paired import Series

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 400, 60, 210, 20, 45
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # Okabe and Ito: told apart by everyone

Points = Sequence[tuple[float, float]]


def growth(series: Mapping[str, Series]) -> str:
    """Return the plot of contenders whose names end in the number of files."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for name, each in series.items():
        lines.setdefault(name.rpartition(", ")[0], []).append((each.count, each.wall))
    return plot({name: sorted(points) for name, points in lines.items()}, "files", "seconds")


def plot(lines: Mapping[str, Points], across: str, up: str) -> str:
    """Return lines through points on two logarithmic axes that span whole decades."""
    every = [point for points in lines.values() for point in points]
    (x_low, x_high), (y_low, y_high) = (_decades([point[axis] for point in every]) for axis in (0, 1))

    def x(value: float) -> float:
        return _LEFT + (math.log10(value) - x_low) / (x_high - x_low) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (math.log10(value) - y_low) / (y_high - y_low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = []
    for exponent in range(x_low, x_high + 1):
        at = x(10.0**exponent)
        parts.append(_line(at, _TOP, at, _HEIGHT - _BOTTOM))
        parts.append(_text(at, _HEIGHT - _BOTTOM + 16, f"{10**exponent:,}", "middle"))
    for exponent in range(y_low, y_high + 1):
        at = y(10.0**exponent)
        parts.append(_line(_LEFT, at, _WIDTH - _RIGHT, at))
        parts.append(_text(_LEFT - 6, at + 4, f"{10.0**exponent:g}", "end"))
    for (name, points), colour in zip(lines.items(), _COLOURS, strict=False):
        path = " ".join(f"{x(one):.1f},{y(two):.1f}" for one, two in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(one):.1f}" cy="{y(two):.1f}" r="3" fill="{colour}"/>' for one, two in points]
        parts.append(_text(x(points[-1][0]) + 8, y(points[-1][1]) + 4, name, "start", colour))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, across, "middle"))
    parts.append(_text(_LEFT - 6, _TOP - 6, up, "end"))
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    return "\n".join([head, f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>', *parts, "</svg>\n"])


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{text}</text>'
