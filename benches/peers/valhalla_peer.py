"""Valhalla from PyPI. Its speeds are its own: it takes no table of speeds, so only times and truth compare, not reach."""

import json
import shutil
import subprocess
from pathlib import Path

import valhalla
from valhalla.config import get_config

from common import BANDS_MIN, timed

# The nearest of its costings to each of gandan's modes.
COSTINGS = {"motorcycle": "motor_scooter", "car": "auto"}
COSTING = COSTINGS["motorcycle"]


def prepare(pbf, folder):
    """Builds the tiles; returns (seconds, the engine)."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tiles").mkdir(parents=True)
    config = get_config(tile_extract="", tile_dir=str(folder / "tiles"))
    config["mjolnir"]["tile_extract"] = ""
    config["mjolnir"]["concurrency"] = 1
    # Many points to one site: one search from the site serves them all.
    config["thor"]["source_to_target_algorithm"] = "timedistancematrix"
    limits = config["service_limits"][COSTING]
    limits["max_matrix_location_pairs"] = limits["max_matrix_distance"] = limits["max_locations"] = 10**7
    file = folder / "valhalla.json"
    file.write_text(json.dumps(config))
    tool = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"

    def build():
        done = subprocess.run([tool, "-c", file, pbf], cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"valhalla_build_tiles failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    seconds, _ = timed(1, build)
    if not any((folder / "tiles").rglob("*.gph")):
        raise RuntimeError("valhalla_build_tiles made no tiles")
    return seconds, valhalla.Actor(file)


def isochrones(engine, sites, repeat, **more):
    """Seconds for all sites together, vertices, and the answers (GeoJSON), residents travelling to the site."""
    requests = [
        json.dumps(
            {
                "locations": [{"lon": lon, "lat": lat}],
                "costing": COSTING,
                "contours": [{"time": minutes} for minutes in BANDS_MIN],
                "polygons": True,
                "reverse": True,
                **more,
            }
        )
        for lon, lat in sites
    ]
    seconds, answers = timed(repeat, lambda: [engine.isochrone(r) for r in requests])
    answers = [json.loads(a) for a in answers]

    def count(nested):
        return 1 if isinstance(nested[0], (int, float)) else sum(count(part) for part in nested)

    vertices = sum(count(f["geometry"]["coordinates"]) for a in answers for f in a["features"])
    return seconds, vertices, answers


def times_to(engine, points, site):
    """Seconds from each point to a site; None where there is no way."""
    times = []
    for i in range(0, len(points), 1000):
        answer = engine.matrix(
            {
                "sources": [{"lon": lon, "lat": lat} for lon, lat in points[i : i + 1000]],
                "targets": [{"lon": site[0], "lat": site[1]}],
                "costing": COSTING,
            }
        )
        times += [row[0]["time"] for row in answer["sources_to_targets"]]
    return times


def route(engine, start, end, costing):
    """Seconds, metres, and the OSM ways ridden (id, metres); None without a route."""
    locations = [{"lon": lon, "lat": lat} for lon, lat in (start, end)]
    try:
        trip = engine.route({"locations": locations, "costing": costing, "units": "kilometers"})["trip"]
    except RuntimeError:
        return None
    leg = trip["legs"][0]
    attributes = engine.trace_attributes(
        {
            "encoded_polyline": leg["shape"],
            "shape_match": "walk_or_snap",
            "costing": costing,
            "filters": {"attributes": ["edge.way_id", "edge.length"], "action": "include"},
        }
    )
    ways = [(e["way_id"], e["length"] * 1000) for e in attributes["edges"]]
    return trip["summary"]["time"], trip["summary"]["length"] * 1000, ways
