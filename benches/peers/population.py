"""Compares gandan with rasterio, rasterstats and exactextract on one population raster, and prints a table.

python benches/peers/population.py [--raster FILE] [--zones FILE] [--code COLUMN] [--official COLUMN] [--binary FILE]
    [--profile bench] [--repeat N]

Bars: the clip to all zones together is faster than rasterio + rasterstats; sums over a box along pixel borders are equal
to 1e-9; sums by zone agree with exactextract to 0.1 %; refined and calibrated cells add up to the official number of
each zone to the person. Exit code 1 when one is missed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import rasterio
import rasterio.mask
from exactextract import exact_extract
from rasterstats import zonal_stats
from shapely import union_all
from shapely.geometry import box, mapping, shape

from common import ROOT, build, machine

PEERS = ["rasterio", "rasterstats", "exactextract"]


def main():
    options = arguments()
    for file in (options.raster, options.zones):
        if not file.is_file():
            print(f"skipped: {file} is not there (set GANDAN_SHARED)", file=sys.stderr)
            return
    binary = options.binary or build(options.profile)
    features = json.loads(options.zones.read_text())["features"]
    zones = [shape(f["geometry"]) for f in features]
    codes = [str(f["properties"][options.code]) for f in features]
    union = union_all(zones)
    aligned = along_pixels(options.raster, union)
    own = json.loads(
        subprocess.run(
            [binary, "population", options.raster, options.zones, "--code", options.code, "--official", options.official]
            + ["--box", ",".join(repr(float(v)) for v in aligned.bounds), "--repeat", str(options.repeat)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    rows, faults = [], []
    clip(rows, faults, options, own, union)
    boxes(rows, faults, options, own, aligned)
    by_zone(rows, faults, options, own, features, zones, codes)
    calibrated(rows, faults, options, own, features)
    print(f"Machine: {machine()}. Peers: " + ", ".join(f"{p} {version(p)}" for p in PEERS))
    print(f"{options.raster.name}, {len(zones)} zones; {own['cells']:,} cells with people; median (least) of {options.repeat} runs.")
    print("\n| work | gandan | peer | ratio of medians | values |\n| --- | --- | --- | --- | --- |")
    for work, ours, peer, theirs, values in rows:
        ratio = f"{theirs['median_s'] / ours['median_s']:.1f} ×" if theirs else ""
        print(f"| {work} | {told(ours)} | {peer} {told(theirs)} | {ratio} | {values} |")
    for fault in faults:
        print(f"missed: {fault}", file=sys.stderr)
    sys.exit(bool(faults))


def timed(repeat, work):
    """Least and median seconds of several runs of some work, and its last result."""
    seconds, result = [], None
    for _ in range(max(repeat, 1)):
        result = None
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return {"min_s": min(seconds), "median_s": statistics.median(seconds)}, result


def told(times):
    return f"{times['median_s'] * 1e3:.2f} ms ({times['min_s'] * 1e3:.2f})" if times else ""


def arguments():
    shared = Path(os.environ.get("GANDAN_SHARED", ROOT.parent / "shared")) / "data" / "hanoi"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--raster", type=Path, default=shared / "worldpop-vnm-2020-1km.tif")
    parser.add_argument("--zones", type=Path, default=shared / "communes-126-2025.geojson")
    parser.add_argument("--code", default="code", help="property with the zones' codes")
    parser.add_argument("--official", default="pop_2025", help="property with the zones' official people")
    parser.add_argument("--profile", default="bench", help="cargo profile of gandan's side")
    parser.add_argument("--binary", type=Path, help="a bench binary built before, instead of building one")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each work of which the fastest counts")
    return parser.parse_args()


def along_pixels(raster, area):
    """The bounds of an area moved out to pixel borders, a hair's width within them for neither side."""
    with rasterio.open(raster) as source:
        west, south, east, north = area.bounds
        to_pixel = ~source.transform
        left, top = to_pixel * (west, north)
        right, bottom = to_pixel * (east, south)
        west, north = source.transform * (np.floor(left), np.floor(top))
        east, south = source.transform * (np.ceil(right), np.ceil(bottom))
        return box(west, south, east, north)


def clip(rows, faults, options, own, union):
    """The city out of the country: rasterio's window and mask (what rasterstats does too), pixels by their centre."""

    def by_rasterio():
        with rasterio.open(options.raster) as source:
            values, _ = rasterio.mask.mask(source, [mapping(union)], crop=True, filled=False)
            return float(values[0].sum(dtype="float64"))

    peer_s, people = timed(options.repeat, by_rasterio)
    own_s = own["clip"]
    values = f"{own['clip_people']:,.1f} people by area; {people:,.1f} by pixel centres"
    rows.append(("clip to all zones together, as demand cells", own_s, "rasterio.mask", peer_s, values))

    stats_s, found = timed(options.repeat, lambda: zonal_stats([union], str(options.raster), stats=["sum"]))
    values = f"{found[0]['sum']:,.1f} by pixel centres"
    rows.append(("the same", own_s, "rasterstats", stats_s, values))
    if own_s["median_s"] >= min(peer_s["median_s"], stats_s["median_s"]):
        faults.append(f"the clip takes {told(own_s)}, rasterio {told(peer_s)}, rasterstats {told(stats_s)}")


def boxes(rows, faults, options, own, aligned):
    """A box along pixel borders: there every rule of which pixel counts says the same."""
    with rasterio.open(options.raster) as source:
        # A thousandth of a pixel inside, so that rounding of the borders adds no row of neighbours.
        inner = aligned.buffer(-abs(source.transform.e) / 1000, join_style="mitre")
    peer_s, found = timed(options.repeat, lambda: zonal_stats([inner], str(options.raster), stats=["sum"]))

    def by_window():
        with rasterio.open(options.raster) as source:
            window = source.window(*aligned.bounds).round_offsets().round_lengths()
            return float(source.read(1, window=window, masked=True).sum(dtype="float64"))

    exact = by_window()
    own_sum = own["box"]["sum"]
    off = abs(own_sum - exact) / exact
    values = f"{own_sum:,.3f}; rasterio in float64 {exact:,.3f}, off by {off:.1e}; rasterstats {found[0]['sum']:,.3f}"
    rows.append(("sum over a box along pixel borders", own["box"]["times"], "rasterstats", peer_s, values))
    if off > 1e-9:
        faults.append(f"the box sums to {own_sum}, by rasterio to {exact}")


def by_zone(rows, faults, options, own, features, zones, codes):
    """Sums by zone, each pixel by the share of its area: exactextract does the same work."""
    own_s = own["zones"]["times"]

    def by_exactextract():
        return exact_extract(str(options.raster), features, ["sum"], include_cols=[options.code])

    peer_s, found = timed(options.repeat, by_exactextract)
    peer = {str(f["properties"][options.code]): f["properties"]["sum"] for f in found}
    off = {code: abs(own["zones"]["sums"][code] - peer[code]) / peer[code] for code in codes}
    worst = max(off, key=off.get)
    values = f"worst zone {worst} off by {off[worst]:.1e}; all {sum(own['zones']['sums'].values()):,.3f}"
    values += f" and {sum(peer.values()):,.3f}"
    rows.append(("sums by zone, by area", own_s, "exactextract", peer_s, values))
    if off[worst] > 1e-3:
        faults.append(f"zone {worst}: {own['zones']['sums'][worst]}, by exactextract {peer[worst]}")

    stats_s, _ = timed(options.repeat, lambda: zonal_stats(zones, str(options.raster), stats=["sum"]))
    rows.append(("the same", own_s, "rasterstats", stats_s, "by pixel centres: other sums"))


def calibrated(rows, faults, options, own, features):
    """Refined cells scaled to official numbers: no peer does that work, so only the sums are looked at."""
    found = own["calibrated"]
    official = {str(f["properties"][options.code]): f["properties"][options.official] for f in features}
    off = {code: abs(found["sums"].get(code, 0) - people) for code, people in official.items()}
    worst = max(off, key=off.get)
    values = f"{found['cells']:,} cells of {sum(found['sums'].values()):,.3f} people; worst zone {worst} off by"
    values += f" {off[worst]:.3f} people; factors {found['least_factor']:.2f} to {found['most_factor']:.2f}"
    rows.append((f"refine each cell by {own['refine']['parts']}²", own["refine"]["times"], "", None, f"{own['refine']['sub_cells']:,} cells"))
    rows.append(("find the zone of each cell, scale to official people", found["times"], "", None, values))
    if off[worst] >= 0.0005 or sum(found["sums"].values()) != sum(official.values()):
        faults.append(f"zone {worst} has {found['sums'].get(worst)} people after scaling, officially {official[worst]}")


if __name__ == "__main__":
    main()
