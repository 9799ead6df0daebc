"""Trips across the bridges of Hà Nội: gandan, OSRM with gandan's speeds, Valhalla with its own."""

import csv
import json
import math
import subprocess
from itertools import pairwise
from pathlib import Path

import osmium

import osrm_peer
import valhalla_peer
from common import Export

TRIPS = Path(__file__).with_name("trips.csv")
# gandan's sphere, in metres. OSRM measures on the ellipsoid of WGS 84.
EARTH_RADIUS_M = 6_371_008.8
# A piece of a bridge shorter than this is an underpass or a ramp.
LONG_BRIDGE_M = 300


def metres_between(a, b):
    """Great-circle distance of two (lon, lat), by the haversine formula, as gandan takes it."""
    (lon1, lat1), (lon2, lat2) = ((math.radians(lon), math.radians(lat)) for lon, lat in (a, b))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(h))


class Ways(osmium.SimpleHandler):
    """Names of bridges, and way, speed and length of each pair of neighbouring nodes that the mode may ride."""

    def __init__(self, speeds):
        super().__init__()
        self.speeds, self.bridges, self.of_pair = speeds, {}, {}

    def way(self, w):
        if w.tags.get("bridge", "no") != "no":
            self.bridges[w.id] = w.tags.get("name", f"way {w.id}")
        if w.id not in self.speeds:
            return
        along, against = self.speeds[w.id]
        nodes = [(n.ref, (n.lon, n.lat)) for n in w.nodes if n.location.valid()]
        for (a, at), (b, to) in pairwise(nodes):
            metres = metres_between(at, to)
            for pair, kmh in (((a, b), along), ((b, a), against)):
                if kmh > 0:
                    self.of_pair.setdefault(pair, (w.id, kmh, metres))


def bridges(ways, ridden):
    """Names of the long bridges among (way, metres) pieces, in order, each once."""
    metres = {}
    for way, m in ridden:
        if way in ways.bridges:
            name = ways.bridges[way]
            metres[name] = metres.get(name, 0) + m
    return [name for name, m in metres.items() if m >= LONG_BRIDGE_M]


def shared_share(ours, theirs):
    """Share of the metres of one route on ways that the other rides too."""
    other = {way for way, _ in theirs}
    total = sum(m for _, m in ours)
    return sum(m for way, m in ours if way in other) / total if total else 0.0


def by_osrm(ways, engine, start, end, ridden):
    found = osrm_peer.route(engine, start, end)
    if not found:
        return None
    seconds, _, pieces = found
    known = [(*ways.of_pair.get((a, b), (None, math.nan, math.nan)), m) for a, b, m, _ in pieces]
    # The first and the last piece are ridden in part: their lengths are scaled as those between are.
    inner = known[1:-1]
    stretch = sum(m for _, _, m, _ in inner) / max(sum(m for _, _, _, m in inner), 1e-9)
    theirs = [(way, m) for way, _, _, m in known]
    return {
        "time_s": seconds,
        "metres": sum(m for _, m in theirs),
        "pieces": len(pieces),
        # The same pieces at the same speeds without OSRM's rounding to 0.1 s a piece; then with gandan's lengths too.
        "unrounded_s": sum(m * 3.6 / kmh for _, kmh, _, m in known),
        "as_gandan_measures_s": sum(m * stretch * 3.6 / kmh for _, kmh, _, m in known),
        "bridges": bridges(ways, theirs),
        "shared": shared_share(ridden, theirs),
    }


def by_valhalla(ways, engine, start, end, ridden, mode):
    found = valhalla_peer.route(engine, start, end, valhalla_peer.COSTINGS[mode])
    if not found:
        return None
    seconds, metres, theirs = found
    return {
        "time_s": seconds,
        "metres": metres,
        "bridges": bridges(ways, theirs),
        "shared": shared_share(ridden, theirs),
    }


def compare(binary, pbf, folder, mode):
    """One dict a trip."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [binary, pbf, folder, "--trips", TRIPS, "--mode", mode]
    own = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    speeds = Export(pbf, folder, {}).speeds(mode)
    osrm_engine = osrm_peer.prepare(pbf, speeds, folder / f"osrm_{mode}")[2]
    valhalla_engine = valhalla_peer.prepare(pbf, folder / "valhalla")[1]
    ways = Ways(speeds)
    ways.apply_file(str(pbf), locations=True)
    rows = []
    for place, ours in zip(csv.DictReader(TRIPS.open()), own):
        start = float(place["from_lon"]), float(place["from_lat"])
        end = float(place["to_lon"]), float(place["to_lat"])
        ridden = [(way, metres) for way, _, metres, _ in ours["ways"] or []]
        row = {"trip": place["name"], "gandan": None}
        if ridden:
            row["gandan"] = {
                "time_s": ours["time_s"],
                "walks_s": ours["walks_s"],
                "metres": sum(m for _, m in ridden),
                "bridges": bridges(ways, ridden),
            }
        row["osrm"] = by_osrm(ways, osrm_engine, start, end, ridden)
        row["valhalla"] = by_valhalla(ways, valhalla_engine, start, end, ridden, mode)
        rows.append(row)
    return rows


def reason(row):
    """Why gandan and OSRM differ, from what was measured."""
    ours, theirs = row["gandan"], row["osrm"]
    if not ours or not theirs:
        none = [name for name, found in (("gandan", ours), ("OSRM", theirs)) if not found]
        return f"{' and '.join(none)}: an end lies more than 500 m from any road that leads there and back"
    rounding = theirs["time_s"] - theirs["unrounded_s"]
    lengths = theirs["unrounded_s"] - theirs["as_gandan_measures_s"]
    rest = theirs["as_gandan_measures_s"] - ours["time_s"]
    path = "same ways" if theirs["shared"] > 0.999 else f"{theirs['shared']:.0%} of the way on the same ways"
    return (
        f"{path}; lengths on the ellipsoid {lengths:+.2f} s, {theirs['pieces']} pieces each rounded to 0.1 s "
        f"{rounding:+.2f} s, the rest {rest:+.2f} s"
    )


def markdown(rows):
    lines = [
        "| trip | gandan | OSRM, same speeds | OSRM − gandan | why | Valhalla, its own speeds | bridges ridden |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]

    def cell(r):
        return f"{r['time_s']:.1f} s, {r['metres'] / 1000:.2f} km" if r else "no route"

    for row in rows:
        ours, theirs = row["gandan"], row["osrm"]
        gap = f"{theirs['time_s'] - ours['time_s']:+.1f} s" if ours and theirs else "–"
        names = {e: ", ".join(r["bridges"]) or "none" for e in ("gandan", "osrm", "valhalla") if (r := row[e])}
        if len(set(names.values())) == 1:
            crossed = next(iter(names.values()))
        else:
            crossed = "; ".join(f"{e}: {n}" for e, n in names.items())
        lines.append(
            f"| {row['trip']} | {cell(ours)} | {cell(theirs)} | {gap} | {reason(row)} "
            f"| {cell(row['valhalla'])} | {crossed} |"
        )
    return "\n".join(lines)
