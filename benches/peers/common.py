"""What all peers share: the exported files, and a stopwatch."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

UNREACHED = 0xFFFFFFFF
CUTOFF_MS = 30 * 60_000
BANDS_MIN = (10, 20, 30)


def timed(repeat, work):
    """Least seconds of several runs of some work, and its last result."""
    best, result = float("inf"), None
    for _ in range(max(repeat, 1)):
        result = None
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return best, result


@dataclass
class Export:
    """A folder that the bench `peers` wrote for one file."""

    pbf: Path
    folder: Path
    own: dict  # what the bench measured of gandan itself
    is_core: bool = False  # the Hà Nội core, to which the bars in milliseconds belong

    def table(self, name):
        return pq.read_table(self.folder / f"{name}.parquet").to_pandas()

    def raw(self, name, rows):
        return np.fromfile(self.folder / f"{name}.u32", dtype="<u4").reshape(rows, -1)

    def arcs(self, mode=None):
        """Arcs in the direction of travel: from, to, milliseconds."""
        arcs = self.table(f"arcs_{mode}" if mode else "arcs")
        return arcs["from"].to_numpy(np.int64), arcs["to"].to_numpy(np.int64), arcs["ms"].to_numpy(np.int64)

    def speeds(self, mode="motorcycle"):
        """Way id to (km/h along, km/h against)."""
        t = self.table(f"speeds_{mode}")
        return dict(zip(t["way_id"].tolist(), zip(t["forward_kmh"].tolist(), t["backward_kmh"].tolist())))
