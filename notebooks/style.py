"""What the notebooks share: the run, its colours, and the note under each plot."""

import json
import os
from pathlib import Path

import geopandas
import matplotlib.pyplot as plt
import polars as pl
from matplotlib.ticker import FuncFormatter, PercentFormatter

# Okabe and Ito's colours, which colour-blind people tell apart.
BLUE, ORANGE, GREEN, RED, PURPLE, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#8c8c8c"
MODES = {"motorcycle": BLUE, "car": PURPLE, "bicycle": GREEN, "foot": ORANGE}
PERCENT = PercentFormatter(1, decimals=0)
MILLIONS = FuncFormatter(lambda value, _: f"{value / 1e6:g} m")

plt.rcParams.update({
    "font.family": "DejaVu Sans",  # holds every Vietnamese letter
    "figure.dpi": 110,
    "figure.constrained_layout.use": True,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "legend.frameon": False,
})
pl.Config.set_tbl_rows(20).set_tbl_cols(12).set_fmt_str_lengths(60)


class Run:
    """A finished run of gandan."""

    def __init__(self, folder):
        self.folder = Path(folder)
        if not (self.folder / "manifest.json").is_file():
            raise SystemExit(f"{self.folder} is no finished run: make one with `./run demo`, or set GANDAN_RUN to one.")
        self.manifest = json.loads((self.folder / "manifest.json").read_text())
        self.title = self.manifest["title"]["en"]
        self.phases = self.table("phases")
        self.last = self.phases["phase"].max()
        self.layer = self.manifest["layers"][0]

    def table(self, name):
        """A table without its shapes, in polars."""
        rows = pl.scan_parquet(self.folder / f"{name}.parquet")
        return rows.drop("geometry", "bbox", strict=False).collect()

    def shapes(self, name, **wanted):
        """A table with its shapes, in geopandas, on a plane in metres."""
        frame = geopandas.read_parquet(self.folder / f"{name}.parquet", **wanted)
        return frame.to_crs(frame.estimate_utm_crs()) if len(frame) else frame

    def features(self, layer=None, phase=None):
        """The features of a boundary layer with their indicators at the end of a phase."""
        rows = self.shapes("boundaries")
        of = (rows["layer"] == (layer or self.layer["id"])) & (rows["phase"] == (phase or self.last))
        return rows[of].set_index("code")

    @property
    def source(self):
        made_up = "Made-up data, not for decisions. " if self.manifest["synthetic"] else ""
        return f"{made_up}Source: gandan {self.manifest['gandan']}, {self.title}; {'; '.join(self.manifest['attribution'])}"


def open_run(variable="GANDAN_RUN", default="../out/demo"):
    """The run that an environment variable names."""
    return Run(os.environ.get(variable, default))


def note(figure, *runs):
    """Writes under a plot where its figures come from."""
    text = "\n".join(run.source for run in runs)
    figure.text(0.01, -0.01, text, fontsize=7, color="#595959", va="top", wrap=True)


def as_map(axis, title, km=10):
    """Takes the frame off a map and draws a scale bar."""
    axis.set(title=title, aspect="equal")
    axis.set_axis_off()
    (west, east), (south, north) = axis.get_xlim(), axis.get_ylim()
    x, y = west + 0.03 * (east - west), south + 0.02 * (north - south)
    axis.plot([x, x + km * 1000], [y, y], color="black", linewidth=2, solid_capstyle="butt")
    axis.annotate(f"{km} km", (x + km * 500, y), (0, 4), textcoords="offset points", ha="center", fontsize=8)
