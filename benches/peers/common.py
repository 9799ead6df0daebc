"""What all peers share: the exported files, and a stopwatch."""

import json
import os
import platform
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
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


def build(profile):
    command = ["cargo", "bench", "--profile", profile, "--bench", "peers", "--no-run", "--message-format=json"]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return next(m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "peers")


def machine():
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0] if names else cpu
    return f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}"
