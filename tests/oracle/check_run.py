"""Checks a finished run by other programs: the coverage is computed again from raw parts, the radius by numpy, the
travel times by scipy's Dijkstra on the exported road graph. `people.py` does the same for people, groups, dossiers and
the plan's objective, `check_tables.py` looks at the tables themselves. Nothing of gandan's code is used.

    python check_run.py RUN [SITES]

RUN must have been made with --network. SITES is how many sites are recomputed, spread over all (default 12, at least
10). Ends with "N passed, N failed" and exit code 1 where something failed.
"""

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from people import check_people

EARTH_RADIUS_M = 6_371_008.8
passed = failed = 0


def check(what: str, good: bool, found: str = "") -> None:
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"{'ok    ' if good else 'FAILED'} {what}{': ' + found if found else ''}")


def haversine_mm(lon1, lat1, lon2, lat2):
    lon1, lat1, lon2, lat2 = map(np.radians, (lon1, lat1, lon2, lat2))
    h = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return np.round(2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1, np.sqrt(h))) * 1000)


def main() -> int:
    run = Path(sys.argv[1])
    wanted = max(10, int(sys.argv[2]) if len(sys.argv) > 2 else 12)
    manifest = json.loads((run / "manifest.json").read_text())
    settings = manifest["settings"]["standard"]
    assert settings["rule"] == "either", "this check knows the rule `either`"
    cutoff_ms, radius_mm = round(settings["minutes"] * 60_000), round(settings["radius_km"] * 1_000_000)
    check_people(run, manifest, check)

    cells = pl.read_parquet(run / "cells.parquet").select("cell", "lon", "lat").unique("cell").sort("cell")
    sites = pl.read_parquet(run / "sites.parquet")
    coverage = pl.read_parquet(run / "coverage.parquet")
    nodes = pl.read_parquet(run / "network/nodes.parquet")
    arcs = pl.read_parquet(run / "network/arcs.parquet")
    legs = pl.read_parquet(run / "network/legs.parquet")
    entries = pl.read_parquet(run / "network/entries.parquet")
    cell_lon, cell_lat = cells["lon"].to_numpy(), cells["lat"].to_numpy()

    chosen = np.unique(np.linspace(0, sites.height - 1, min(wanted, sites.height)).round().astype(int))
    check("sites to recompute", len(chosen) >= min(10, sites.height), f"{len(chosen)} of {sites.height}")

    # The radius, for every site and cell.
    differing = 0
    near_pairs = coverage.filter(pl.col("distance_m") <= radius_mm / 1000)
    written = {k[0]: set(v["cell"].to_list()) for k, v in near_pairs.partition_by("site", as_dict=True).items()}
    borderline = 0
    for row in sites.iter_rows(named=True):
        mm = haversine_mm(row["lon"], row["lat"], cell_lon, cell_lat)
        borderline += int((np.abs(mm - radius_mm) <= 1).sum())
        differing += len(set(np.flatnonzero(mm <= radius_mm).tolist()) ^ written.get(row["site"], set()))
    check("cells within the radius, every site", differing <= borderline, f"{differing} differ, {borderline} within 1 mm of the limit")

    for mode in arcs["mode"].unique(maintain_order=True):
        own = arcs.filter(pl.col("mode") == mode)
        n = nodes.filter(pl.col("mode").is_null() | (pl.col("mode") == mode)).height
        reverse = csr_matrix(
            (own["time_ms"].to_numpy().astype(float), (own["to"].to_numpy(), own["from"].to_numpy())), shape=(n, n)
        )
        mode_legs = legs.filter(pl.col("mode") == mode)
        cell_legs = mode_legs.filter(pl.col("kind") == "cell").with_columns(pl.col("id").cast(pl.Int64)).sort("id")
        leg = {c: cell_legs[c].cast(pl.Float64).fill_null(np.inf).to_numpy() for c in cell_legs.columns if c.endswith("_ms")}
        ids, street, offset = (cell_legs[c].to_numpy() for c in ("id", "street", "offset_mm"))
        start, end = cell_legs["start"].to_numpy(), cell_legs["end"].to_numpy()
        site_legs = {row["id"]: row for row in mode_legs.filter(pl.col("kind") == "site").iter_rows(named=True)}
        wrong_times = wrong_sets = compared = 0
        for index in chosen:
            row = sites.row(int(index), named=True)
            pairs = coverage.filter((pl.col("site") == row["site"]) & (pl.col("mode") == mode))
            reach = np.full(cells.height, np.inf)
            site = site_legs.get(row["site"])
            if site is not None:
                # A node's time is the best of the ways into the site's street.
                inward = entries.filter((pl.col("site") == row["site"]) & (pl.col("mode") == mode))
                ways = dijkstra(reverse, indices=inward["node"].to_numpy())
                to_site = (ways + inward["time_ms"].to_numpy()[:, None]).min(axis=0)
                times = np.minimum(leg["to_end_ms"] + to_site[end], leg["to_start_ms"] + to_site[start])
                same = street == site["street"]
                site_start = np.inf if site["from_start_ms"] is None else site["from_start_ms"]
                site_back = np.inf if site["to_start_ms"] is None else site["to_start_ms"]
                with np.errstate(invalid="ignore"):
                    along, against = site_start - leg["from_start_ms"], leg["to_start_ms"] - site_back
                along = np.where(np.isfinite(along) & (offset <= site["offset_mm"]), np.maximum(along, 0), np.inf)
                against = np.where(np.isfinite(against) & (offset >= site["offset_mm"]), np.maximum(against, 0), np.inf)
                direct = np.minimum(along, against) + site["access_ms"]
                times = np.where(same, np.minimum(times, direct), times) + leg["access_ms"]
                reach[ids] = times
            reach[reach > cutoff_ms] = np.inf
            mm = haversine_mm(row["lon"], row["lat"], cell_lon, cell_lat)
            served = set(np.flatnonzero(np.isfinite(reach) | (mm <= radius_mm)).tolist())
            wrong_sets += len(served ^ set(pairs["cell"].to_list()))
            written_ms = pairs["travel_time_s"].fill_null(np.inf).to_numpy() * 1000
            ours = reach[pairs["cell"].to_numpy()]
            with np.errstate(invalid="ignore"):
                wrong_times += int((~((ours == written_ms) | (np.abs(ours - written_ms) < 0.5))).sum())
            compared += cells.height
        check(f"cells served by {len(chosen)} sites, {mode}", wrong_sets == 0, f"{wrong_sets} of {compared} differ")
        check(f"travel times to {len(chosen)} sites, {mode}", wrong_times == 0, f"{wrong_times} of them differ by a millisecond or more")

    # Headline figures from the coverage table alone.
    rollout = pl.read_parquet(run / "rollout.parquet")
    rows = pl.read_parquet(run / "cells.parquet")
    for phase in pl.read_parquet(run / "phases.parquet").iter_rows(named=True):
        closed = pl.col("closes_phase").fill_null(2**32 - 1) <= phase["phase"]
        standing = rollout.filter((pl.col("phase") <= phase["phase"]) & ~closed)["site"]
        served = coverage.filter(pl.col("site").is_in(standing.implode())).select("cell", "mode").unique()
        people = rows.filter(pl.col("phase") == phase["phase"]).join(served, on=["cell", "mode"], how="semi")["persons"].sum()
        check(f"people served in phase {phase['phase']}", abs(people - phase["covered_persons"]) < 0.01, f"{people:,.3f}")
        check(f"phase {phase['phase']} is proven or states its gap", phase["gap"] == 0 or phase["status"] != "optimal",
              f"{phase['status']}, gap {phase['gap']}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
