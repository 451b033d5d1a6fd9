"""Curves as a figure of matplotlib: a colour for each run, a dash for each split, and what is not finite marked.

Without pyplot: nothing is shared with the program that calls, and no display is asked for.
"""

import math
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Literal, NamedTuple

from runcheck.errors import MissingLibraryError
from runcheck.reading.curves import Curve, Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ImageFormat = Literal["png", "svg"]

# Eight colours that those who see fewer tell apart: M. Okabe, K. Ito, *Color Universal Design*, 2008; black comes last.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#f0e442", "#000000")
_DASHES = ("-", "--", ":", "-.")
_MOST_NAMED = 16  # curves in a legend
_WIDTH, _HEIGHT, _DPI = 6.4, 3.6, 150
_COLUMNS = 3


class Line(NamedTuple):
    """A curve of a run, by the name that it has in the legend."""

    run: str
    curve: Curve


class Panel(NamedTuple):
    """What is drawn on one pair of axes."""

    title: str
    lines: Sequence[Line]


def draw(panels: Sequence[Panel], image_format: ImageFormat, *, logarithmic: bool = False) -> bytes:
    """Return panels, at least one, as an image.

    Raises:
        MissingLibraryError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415 - a third of a second
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("matplotlib", "plot", "draw a plot") from error
    columns = min(math.ceil(math.sqrt(len(panels))), _COLUMNS)
    rows = math.ceil(len(panels) / columns)
    image = BytesIO()
    with mpl.rc_context(
        {
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "font.size": 9.0,
            "legend.frameon": False,
            "svg.hashsalt": "runcheck",  # the same curves make the same file
            "text.parse_math": False,  # a name is no formula
            "text.usetex": False,
        }
    ):
        figure = Figure(figsize=(_WIDTH * columns, _HEIGHT * rows), dpi=_DPI, layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).flatten()
        for each, panel in zip(axes, panels, strict=False):
            _draw_panel(each, panel, logarithmic=logarithmic)
        for each in axes[len(panels) :]:
            each.set_visible(False)
        if len(panels) == 1:
            axes[0].legend()
        else:  # one legend for all
            known = {
                label: handle for each in axes for handle, label in zip(*each.get_legend_handles_labels(), strict=True)
            }
            figure.legend(known.values(), known.keys(), loc="outside lower center", ncols=columns)
        # An SVG bears the time at which it was drawn, unless told not to.
        figure.savefig(image, format=image_format, metadata={"Date": None} if image_format == "svg" else None)
    return image.getvalue()


def _draw_panel(axes: "Axes", panel: Panel, *, logarithmic: bool) -> None:
    runs = list(dict.fromkeys(line.run for line in panel.lines))
    splits = list(dict.fromkeys(line.curve.split for line in panel.lines))
    for number, line in enumerate(panel.lines):
        # of one run, a colour tells a split; of several, a dash does
        hue = splits.index(line.curve.split) if len(runs) == 1 else runs.index(line.run)
        dash = 0 if len(runs) == 1 else splits.index(line.curve.split)
        name = " · ".join(filter(None, (line.run if len(runs) > 1 else "", line.curve.split)))
        _draw_line(
            axes,
            line.curve,
            COLOURS[hue % len(COLOURS)],
            _DASHES[dash % len(_DASHES)],
            name if number < _MOST_NAMED else "_hidden",
        )
    axes.set_title(panel.title, loc="left", fontweight="bold")
    axes.set_xlabel("step")
    if logarithmic:
        axes.set_yscale("log")
    if len(panel.lines) > _MOST_NAMED:
        axes.plot([], [], " ", label=f"and {len(panel.lines) - _MOST_NAMED} more")


def _draw_line(axes: "Axes", curve: Curve, colour: str, dash: str, name: str) -> None:
    shown = curve.smooth or curve.points
    marker = "." if len([point for point in shown if math.isfinite(point.value)]) == 1 else ""
    if curve.smooth:
        axes.plot(*_columns(curve.points), color=colour, alpha=0.25, linewidth=0.8)
    axes.plot(*_columns(shown), dash, color=colour, linewidth=1.4, marker=marker, label=name)
    gone = [point.step for point in curve.points if not math.isfinite(point.value)]
    if gone:  # at the lower edge, whatever the values are
        edge = axes.get_xaxis_transform()
        axes.plot(gone, [0.02] * len(gone), "x", color=colour, transform=edge, label=f"{name}: not finite")


def _columns(points: Sequence[Point]) -> tuple[list[int], list[float]]:
    """Return steps and values; where a value is not finite the line has a gap."""
    return [step for step, _ in points], [value if math.isfinite(value) else math.nan for _, value in points]
