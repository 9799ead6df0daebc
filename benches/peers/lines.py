"""The lines of the table: each measures one work of gandan against one peer."""

import json
import sys
from dataclasses import dataclass

import numpy as np
import shapely

import graphs
import osrm_peer
import valhalla_peer
from common import BANDS_MIN, CUTOFF_MS, UNREACHED

# Degrees added around a band's polygon: the points beyond the band that are asked lie in this box.
BOX_MARGIN_DEG = 0.01


@dataclass
class Line:
    """A row of the table. `ratio` is peer over gandan; `bar` is what it, or gandan's own figure, must keep."""

    work: str
    gandan: str
    peer: str
    ratio: float | None = None
    bar: str = ""
    met: bool | None = None

    def cells(self):
        ratio = "" if self.ratio is None else f"{self.ratio:.1f}×"
        verdict = {True: "met", False: "**missed**", None: ""}[self.met]
        return [self.work, self.gandan, self.peer, ratio, self.bar, verdict]


def reading(options, export):
    say("osmium")
    bare = graphs.osmium_bare_read(export.pbf, options.repeat * 2)
    own = export.own
    one, four = own["parse_one_mode"]["min_s"], own["parse_four_modes"]["min_s"]
    return [
        Line(
            "PBF → routable graph, motorcycle",
            ms(one),
            f"osmium bare read {ms(bare)}",
            bare / one,
            "≥ 0.5×",
            one <= 2 * bare,
        ),
        Line("PBF → routable graphs, four modes", ms(four), f"osmium bare read {ms(bare)}", bare / four),
    ]


def searching(options, export):
    """Sites → junctions, within the limit and without; networkit and igraph know no limit, so they run once."""
    own = export.own
    sites = export.table("sites")["start"].to_numpy()
    n = len(sites)
    unlimited = {}
    for name, run in (("networkit", graphs.networkit_search), ("igraph", graphs.igraph_search)):
        if name not in options.skip:
            say(name)
            unlimited[name] = run(export, sites, options.repeat)
    lines = []
    for tag, limit, suffix in (("30", CUTOFF_MS, " within 30 min"), ("all", np.inf, ", no limit")):
        one = own[f"search_{tag}"]["min_s"]
        mine = own[f"sweep_{tag}"]["min_s"]
        reached = own[f"reached_{tag}"]
        work = f"{n} sites → every junction{suffix} (mean {reached / n:,.0f} junctions)"
        say(f"scipy{suffix}")
        scipy_s, scipy_reached = graphs.scipy_search(export, sites, limit, options.repeat)
        if scipy_reached != reached:
            raise RuntimeError(f"scipy reaches {scipy_reached} junctions, gandan {reached}")
        peers = [("plain Dijkstra in Rust", own[f"plain_{tag}"]["min_s"], 2.5), ("scipy", scipy_s, 10)]
        peers.append(("gandan's own Dijkstra, one site at a time,", one, None))
        no_limit = " (knows no limit)" if tag == "30" else ""
        peers += [(name + no_limit, s, 18 if name == "networkit" else None) for name, s in unlimited.items()]
        if tag == "30" and export.is_core:
            lines.append(Line(work, a_site(mine / n), "–", None, "≤ 0.8 ms a site", mine / n <= 0.8e-3))
        for name, seconds, bar in peers:
            bar = bar if tag == "30" else None
            ratio = seconds / mine
            met = ratio >= bar if bar else None
            bar = f"≥ {bar}×" if bar else ""
            lines.append(Line(work, a_site(mine / n), f"{name} {a_site(seconds / n)}", ratio, bar, met))
    return lines


def osrm_lines(options, export):
    say("OSRM")
    extract_s, contract_s, engine = osrm_peer.prepare(export.pbf, export.speeds(), export.folder / "osrm")
    found = osrm_peer.table(export, engine, options.repeat)
    own = export.own
    own["osrm"] = {"extract_s": extract_s, "contract_s": contract_s, **found}
    n, cells = own["sites"], own["cells"]
    lines = []
    for tag, what in (("30", "within 30 min"), ("all", "no limit")):
        mine = own[f"cover_{tag}"]["min_s"]
        ratio = found["s"] / mine
        lines.append(
            Line(
                f"{n} sites × {cells:,} cells, snapping and access legs, {what} ({own[f'pairs_{tag}']:,} pairs)",
                a_site(mine / n),
                f"OSRM table, no limit {a_site(found['s'] / n)}, {found['pairs'] / found['s']:,.0f} pairs a second",
                ratio,
                "≥ 10×" if tag == "30" else "",
                ratio >= 10 if tag == "30" else None,
            )
        )
    lines.append(
        Line(
            "the same times, walks left out",
            f"median {found['median_time_s']:.0f} s",
            f"OSRM differs by {found['median_difference_s']:+.1f} s in the median, "
            f"95 % by at most {found['p95_absolute_difference_s']:.1f} s",
        )
    )
    lines.append(
        Line(
            "making ready, one thread",
            f"{ms(own['parse_one_mode']['min_s'])} + hierarchy {ms(own['contract_one_mode']['min_s'])} "
            f"+ index {ms(own['snap_index']['min_s'])}; hierarchies of four modes, all threads "
            f"{ms(own['contract_four_modes']['min_s'])}",
            f"OSRM extract {extract_s:.1f} s + contract {contract_s:.1f} s",
        )
    )
    return lines


def pandana_lines(options, export):
    own = export.own
    sites = export.table("sites")["start"].to_numpy()[: own["nearest_sites"]]
    say("pandana")
    build_s, ask_s, same = graphs.pandana_nearest(export, sites, options.repeat)
    mine = own["nearest"]["min_s"]
    work = f"nearest of {len(sites)} sites for every junction"
    whole = (build_s + ask_s) / mine
    differ = graphs.nearest_check(export, sites)
    return [
        Line(
            work,
            ms(mine),
            f"pandana hierarchy {ms(build_s)} + {ms(ask_s)}; {same:.1%} of the times equal",
            whole,
            "≥ 50×",
            whole >= 50,
        ),
        Line(work + ", hierarchy ready", ms(mine), f"pandana {ms(ask_s)}", ask_s / mine),
        Line(work + ", equal to the millisecond", "", f"scipy: {differ:,} differ", None, "0 differ", differ == 0),
    ]


def isochrone_lines(options, export):
    own = export.own
    n = own["sites"]
    mine = own["isochrones"]["min_s"] / n
    points = export.table("points")
    xy = points["lon"].to_numpy(), points["lat"].to_numpy()
    times = [points[c].to_numpy().astype(float) for c in points if c.startswith("site_")]
    times = [np.where(t == UNREACHED, np.inf, t / 60_000) for t in times]
    shapes = [{} for _ in times]
    for feature in json.loads((export.folder / "isochrones.geojson").read_text())["features"]:
        key = feature["properties"]
        shapes[key["site"]][int(key["minutes"])] = shapely.from_geojson(json.dumps(feature["geometry"]))
    work = "isochrones of 10, 20, 30 min, motorcycle"
    truth = accuracy(xy, times, shapes)
    bar, met = ("≤ 8 ms a site", mine <= 8e-3) if export.is_core else ("", None)
    own["accuracy"] = truth
    lines = [
        Line(work, a_site(mine) + f", {own['vertices'] / n:,.0f} vertices", "–", None, bar, met),
        accuracy_line("gandan", truth, True),
    ]
    if "valhalla" in options.skip:
        return lines
    say("Valhalla")
    tiles_s, engine = valhalla_peer.prepare(export.pbf, export.folder / "valhalla")
    sites = osrm_peer.places(export.table("sites"))
    few = sites[: len(times)]
    at = list(zip(*(c.tolist() for c in xy)))
    theirs_s, vertices, _ = valhalla_peer.isochrones(engine, sites, min(options.repeat, 3))
    ratio = theirs_s / n / mine
    lines.append(
        Line(
            work,
            a_site(mine),
            f"Valhalla {a_site(theirs_s / n)}, {vertices / n:,.0f} vertices",
            ratio,
            "≥ 13×",
            ratio >= 13,
        )
    )
    minutes = [np.array([np.inf if t is None else t / 60 for t in valhalla_peer.times_to(engine, at, s)]) for s in few]
    for label, more in (("as it comes", {}), ("denoise 0, generalize 0", {"denoise": 0, "generalize": 0})):
        _, _, answers = valhalla_peer.isochrones(engine, few, 1, **more)
        shapes = [
            {int(f["properties"]["contour"]): shapely.from_geojson(json.dumps(f["geometry"])) for f in a["features"]}
            for a in answers
        ]
        truth = accuracy(xy, minutes, shapes)
        own.setdefault("valhalla", {"tiles_s": tiles_s})[label] = truth
        lines.append(accuracy_line(f"Valhalla {label}, by its own times", truth, False))
    return lines


def accuracy(xy, minutes, shapes):
    """For each band, over all sites: share of the points within it that lie inside, share of those beyond it (in the
    polygon's box, a little widened) that lie outside, and how many polygons are not valid."""
    result = {}
    for band in BANDS_MIN:
        inside = within = outside = beyond = invalid = 0
        for time, by_band in zip(minutes, shapes):
            shape = by_band[band]
            invalid += not shape.is_valid
            shape = shape if shape.is_valid else shapely.make_valid(shape)
            shapely.prepare(shape)
            hit = shapely.intersects_xy(shape, *xy)
            west, south, east, north = shapely.bounds(shape) + np.array([-1, -1, 1, 1]) * BOX_MARGIN_DEG
            near = (xy[0] >= west) & (xy[0] <= east) & (xy[1] >= south) & (xy[1] <= north)
            within += int((time <= band).sum())
            inside += int((hit & (time <= band)).sum())
            beyond += int((near & (time > band)).sum())
            outside += int((~hit & near & (time > band)).sum())
        result[band] = {
            "inside": inside / max(within, 1),
            "outside": outside / max(beyond, 1),
            "within": within,
            "beyond": beyond,
            "invalid": invalid,
        }
    return result


def accuracy_line(who, truth, judged):
    shares = "; ".join(f"{b} min {t['inside']:.1%} / {t['outside']:.1%}" for b, t in truth.items())
    invalid = sum(t["invalid"] for t in truth.values())
    shares += f"; {invalid} polygons not valid" if invalid else ""
    met = all(t["inside"] >= 0.99 and t["outside"] >= 0.97 for t in truth.values()) if judged else None
    work = "network points within the time that lie inside / beyond it that lie outside"
    bar = "≥ 99 % / ≥ 97 %" if judged else ""
    return Line(work, *((shares, "–") if judged else ("–", f"{who}: {shares}")), None, bar, met)


def correctness(options, export):
    say("scipy, every value")
    lines = []
    for mode, (values, differ) in graphs.scipy_check(export).items():
        work = f"travel times equal to the millisecond, {mode}, {options.sources} sources × all junctions"
        lines.append(Line(work, f"{values:,} values", f"scipy: {differ:,} differ", None, "0 differ", differ == 0))
    return lines


def memory(export):
    parts = export.own["graph_bytes"]
    arcs, total = export.own["full_arcs"], sum(n for part, n in parts.items() if "not counted" not in part)
    work = "memory of the routable graph, one mode"
    return [Line(work, f"{total / arcs:.0f} bytes an arc", "–", None, "≤ 80", total / arcs <= 80)]


def ms(seconds):
    return f"{seconds:.2f} s" if seconds >= 10 else f"{seconds * 1000:,.1f} ms"


def a_site(seconds):
    return f"{seconds * 1000:.2f} ms a site"


def say(what):
    print(f"… {what}", file=sys.stderr, flush=True)
