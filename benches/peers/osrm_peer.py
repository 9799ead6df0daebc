"""OSRM from PyPI, on contraction hierarchies, with gandan's roads and speeds (see osrm.lua)."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import osrm

from common import UNREACHED, timed

# gandan's own limit of the bench.
SNAP_LIMIT_M = 500.0
PROFILE = Path(__file__).with_name("osrm.lua")


def prepare(pbf, speeds, folder):
    """Extracts and contracts; returns (seconds of both, the engine)."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copyfile(pbf, folder / "roads.osm.pbf")
    table = folder / "speeds.txt"
    table.write_text("".join(f"{way} {along:.9g} {against:.9g}\n" for way, (along, against) in speeds.items()))
    tools = Path(osrm.__file__).parent / "bin"

    def run(tool, *args):
        command = [tools / tool, "--threads", "1", *args]
        env = dict(os.environ, GANDAN_SPEEDS=str(table))
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{tool} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    extract_s, _ = timed(1, lambda: run("osrm-extract", "-p", PROFILE, "roads.osm.pbf"))
    contract_s, _ = timed(1, lambda: run("osrm-contract", "roads.osrm"))
    engine = osrm.OSRM(storage_config=str(folder / "roads.osrm"), use_shared_memory=False, algorithm="CH")
    return extract_s, contract_s, engine


def places(table):
    return list(zip(table["lon"].tolist(), table["lat"].tolist()))


def table(export, engine, repeat):
    """The faster of both ways to ask for sites × cells: seconds, and how OSRM's times differ from gandan's."""
    sites, cells = places(export.table("sites")), places(export.table("cells"))
    coordinates = cells + sites
    from_cells, to_sites = list(range(len(cells))), list(range(len(cells), len(coordinates)))

    def ask(sources, destinations):
        return engine.Table(
            osrm.TableParameters(
                coordinates=coordinates,
                sources=sources,
                destinations=destinations,
                annotations=["duration"],
                generate_hints=False,
            )
        )

    seconds, answer = timed(repeat, lambda: ask(from_cells, to_sites))
    turned_s, _ = timed(repeat, lambda: ask(to_sites, from_cells))
    # OSRM rides from the nearest point of the nearest road and does not count the walk to it.
    found = np.array([[v if v is not None else np.nan for v in row] for row in answer["durations"]], dtype=float).T
    own = export.raw("matrix", len(sites)).astype(float)
    own = np.where(own == UNREACHED, np.nan, own / 1000)
    both = ~np.isnan(found) & ~np.isnan(own)
    off = (found - own)[both]
    return {
        "s": min(seconds, turned_s),
        "pairs": len(sites) * len(cells),
        "pairs_both_reach": int(both.sum()),
        "median_difference_s": float(np.median(off)),
        "p95_absolute_difference_s": float(np.percentile(np.abs(off), 95)),
        "median_time_s": float(np.median(own[both])),
    }


def route(engine, start, end):
    """Seconds, metres, and (node, node, metres, seconds) of each piece of the fastest trip; None without one."""
    try:
        answer = engine.Route(
            osrm.RouteParameters(
                coordinates=[start, end],
                radiuses=[SNAP_LIMIT_M, SNAP_LIMIT_M],
                annotations=["nodes", "distance", "duration"],
                overview="false",
            )
        )
    except RuntimeError:
        return None
    best = answer["routes"][0]
    notes = best["legs"][0]["annotation"]
    nodes = [int(n) for n in notes["nodes"]]
    pieces = list(zip(nodes, nodes[1:], [float(d) for d in notes["distance"]], [float(d) for d in notes["duration"]]))
    return float(best["duration"]), float(best["distance"]), pieces
