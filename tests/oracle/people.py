"""The part of `check_run.py` about people: where they live, how they were scaled, groups, weights, dossiers, what the
plan maximises, and proposed points. Everything is computed again from the run's raw columns, the outlines of
`boundaries.parquet` (by geopandas) and the settings in the manifest.
"""

import json
import unicodedata
from datetime import date

import geopandas
import numpy as np
import polars as pl

# Tables hold whole thousandths of a person; sums of them as 64-bit floats stay far within this.
THOUSANDTH = 0.0005
# A phase without an end counts so many days where agents are chosen.
OPEN_END_DAYS = 365
# A known place may be proposed before a junction that serves up to this much more.
KNOWN_ENOUGH = 0.9


def check_people(run, manifest, check):
    """`check(what, good, found)` is told of every figure."""
    table = {name: pl.read_parquet(run / f"{name}.parquet", use_pyarrow=False) for name in (
        "phases", "rollout", "sites", "coverage", "calibration", "crosswalk", "groups", "cell_groups")}
    cells = geopandas.read_parquet(run / "cells.parquet")
    outlines = geopandas.read_parquet(run / "boundaries.parquet")
    rows = pl.from_pandas(cells.drop(columns="geometry"))
    places = cells.drop_duplicates("cell").sort_values("cell").reset_index(drop=True)
    one = rows.filter(pl.col("phase") == 1)
    persons = one.group_by("cell").agg(pl.col("persons").sum()).sort("cell")["persons"].to_numpy()
    features = outlines.drop_duplicates(["layer", "code"]).reset_index(drop=True)
    layers = list(features["layer"].drop_duplicates())
    points = geopandas.GeoSeries.from_xy(places["lon"], places["lat"], crs=outlines.crs)
    of_cell = {layer: locate(features[features["layer"] == layer], points) for layer in layers}

    check_outlines(places, points, check)
    check_first_layer(layers, of_cell, places, check)
    check_calibration(table["calibration"], features, of_cell, persons, manifest, check)
    check_boundaries(outlines, of_cell, rows, check)
    check_crosswalk(table["crosswalk"], layers, of_cell, persons, check)
    check_groups(table["groups"], table["cell_groups"], rows, manifest, check)
    check_modes_and_weights(table["cell_groups"], one, persons, manifest, check)
    check_dossiers(table["phases"], rows, table["rollout"], outlines, manifest, check)
    check_objective(table["phases"], rows, features, of_cell, persons, manifest, check)
    check_sites(table["sites"], table["coverage"], one, manifest, check)


def locate(features, points):
    """The code of the first feature that holds each point, borders included; None where none does."""
    found = geopandas.sjoin(
        geopandas.GeoDataFrame(geometry=points), features[["code", "geometry"]], how="left", predicate="intersects"
    )
    first = found.reset_index().sort_values(["index", "index_right"]).drop_duplicates("index")
    return first["code"].astype(object).where(first["code"].notna(), None).to_numpy()


def off(written, ours):
    """The largest difference of two columns; infinite where one has a value and the other none."""
    a, b = (np.array([np.nan if v is None else v for v in x], dtype=float) for x in (written, ours))
    if len(a) != len(b) or (np.isnan(a) != np.isnan(b)).any():
        return np.inf
    return float(np.nanmax(np.abs(a - b))) if len(a) and not np.isnan(a).all() else 0.0


def check_outlines(places, points, check):
    shaped = places[places.geom_type != "Point"]
    inside = shaped.geometry.covers(points[shaped.index])
    check("cell outlines are valid and hold their place", bool(shaped.is_valid.all() and inside.all()),
          f"{len(shaped)} outlines, {len(places) - len(shaped)} points")
    centres = geopandas.GeoDataFrame(geometry=points[shaped.index])
    hits = geopandas.sjoin(centres, shaped[["geometry"]], predicate="within")
    check("no place lies in the outline of another cell", len(hits) == len(shaped), f"{len(hits)} of {len(shaped)}")


def check_first_layer(layers, of_cell, places, check):
    if layers:
        written = places["boundary"].astype(object).where(places["boundary"].notna(), None).to_numpy()
        differ = int((written != of_cell[layers[0]]).sum())
        check(f"cells by feature of `{layers[0]}`, by geopandas", differ == 0, f"{differ} of {len(places)} differ")


def check_calibration(calibration, features, of_cell, persons, manifest, check):
    asked = manifest["settings"]["population"]["calibrate_to"]
    check("calibration has the layers asked for", sorted(calibration["layer"].unique()) == sorted(asked), ", ".join(asked))
    for position, layer in enumerate(asked):
        rows = calibration.filter(pl.col("layer") == layer)
        sums, count = {}, {}
        for code, people in zip(of_cell[layer], persons):
            sums[code] = sums.get(code, 0.0) + people
            count[code] = count.get(code, 0) + 1
        ours = [sums.get(c, 0.0) for c in rows["code"]]
        worst = off(rows["persons_after"], ours)
        cells = sum(count.get(c, 0) != n for c, n in zip(rows["code"], rows["cells"]))
        check(f"people of cells by feature of `{layer}` = persons_after", worst < THOUSANDTH and cells == 0,
              f"{rows.height} features, off by {worst:.1e}")
        official = features[features["layer"] == layer].set_index("code")["official_persons"].to_dict()
        whole = rows.filter(pl.Series([official.get(c) == n for c, n in zip(rows["code"], rows["official_persons"])]))
        deviation = (whole["persons_after"] - whole["official_persons"]).abs()
        largest = max(deviation.to_list(), default=0.0)
        share = max((deviation / whole["official_persons"]).to_list(), default=0.0)
        # The first layer is exact; the others as far as the numbers allow, which the manifest tells.
        good = largest < THOUSANDTH if position == 0 else share <= manifest["calibration"]["largest_deviation"] + 1e-12
        check(f"official people of `{layer}`, whole features", good,
              f"{whole.height} of {rows.height} whole, off by at most {largest:.3f} people; all {sum(ours):,.3f}")
        partly = [n for c, n in zip(rows["code"], rows["official_persons"]) if n is not None and n > official.get(c, np.inf)]
        check(f"no part of a feature of `{layer}` has more people than the whole", not partly, f"{len(partly)}")
        scaled = rows.filter(pl.col("official_persons").is_not_null() & (pl.col("persons_before") > 0))
        good = off(scaled["factor"], scaled["persons_after"] / scaled["persons_before"]) < 1e-9
        doubtful = rows.select(((pl.col("factor") < 0.5) | (pl.col("factor") > 2)).fill_null(False).alias("d"))["d"]
        check(f"factors of `{layer}`", good and (doubtful == rows["doubtful"]).all(),
              f"{scaled.height}, {doubtful.sum()} doubtful")


def check_boundaries(outlines, of_cell, rows, check):
    written = pl.from_pandas(outlines.drop(columns="geometry"))
    for layer, codes in of_cell.items():
        key = pl.DataFrame({"cell": np.arange(len(codes), dtype=np.uint32), "code": list(codes)},
                           schema_overrides={"code": pl.String, "cell": rows["cell"].dtype})
        ours = rows.join(key, on="cell").group_by("code", "phase").agg(
            pl.col("persons").sum(), pl.col("persons").filter(pl.col("covered")).sum().alias("served"),
            pl.col("dossiers_per_day").sum().alias("dossiers"))
        both = written.filter(pl.col("layer") == layer).join(ours, on=["code", "phase"], how="left").fill_null(0.0)
        worst = max(off(both[a], both[b]) for a, b in (
            ("persons", "persons_right"), ("covered_persons", "served"), ("dossiers_per_day", "dossiers")))
        check(f"people, people served and dossiers by feature of `{layer}` and phase", worst < THOUSANDTH,
              f"{both.height} rows, off by {worst:.1e}")


def check_crosswalk(crosswalk, layers, of_cell, persons, check):
    differ, compared = 0, 0
    for one in layers:
        for other in layers:
            if one == other:
                continue
            frame = pl.DataFrame({"a": list(of_cell[one]), "b": list(of_cell[other]), "persons": persons},
                                 schema_overrides={"a": pl.String, "b": pl.String}).filter(pl.col("persons") > 0)
            ours = frame.group_by("a", "b").agg(pl.col("persons").sum())
            ours = ours.with_columns((pl.col("persons") / pl.col("persons").sum().over("a")).alias("of_a"),
                                     (pl.col("persons") / pl.col("persons").sum().over("b")).alias("of_b"))
            ours = {(r["a"], r["b"]): (r["persons"], r["of_a"], r["of_b"]) for r in ours.iter_rows(named=True)}
            found = crosswalk.filter((pl.col("from_layer") == one) & (pl.col("to_layer") == other))
            found = {(r["from_code"], r["to_code"]): (r["persons"], r["share_of_from"], r["share_of_to"])
                     for r in found.iter_rows(named=True)}
            compared += len(ours)
            differ += len(set(ours) ^ set(found))
            differ += sum(abs(np.subtract(ours[k], found[k])).max() > THOUSANDTH for k in set(ours) & set(found))
    check("crosswalk from cells and outlines", differ == 0 and compared == crosswalk.height,
          f"{differ} of {compared} pairs differ")


def check_groups(groups, cell_groups, rows, manifest, check):
    asked = [g["id"] for g in manifest["settings"]["groups"]]
    check("groups of the run are those asked for", sorted(groups["group"].unique()) == sorted(asked), ", ".join(asked))
    if not asked:
        return
    joined = cell_groups.rename({"persons": "members"}).join(
        rows.select("cell", "mode", "phase", "boundary", "travel_time_s", "covered"), on=["cell", "mode"])
    reached = pl.col("travel_time_s").is_not_null()
    figures = [
        pl.col("members").sum(),
        pl.col("members").filter(pl.col("covered")).sum().alias("served"),
        (pl.col("members") * pl.col("travel_time_s")).sum().alias("total_s"),
        pl.col("members").filter(reached).sum().alias("reached"),
        pl.col("travel_time_s").filter(reached & (pl.col("members") > 0)).max().alias("longest_s"),
    ]
    for place, keys in (("the study area", []), ("each feature", ["boundary"])):
        written = groups.filter(pl.col("boundary").is_null() if not keys else pl.col("boundary").is_not_null())
        ours = joined.group_by("group", "phase", *keys).agg(figures)
        both = written.join(ours, on=["group", "phase", *keys], how="left").with_columns(
            pl.col("members", "served", "reached", "total_s").fill_null(0.0))
        mean = both.select(pl.when(pl.col("reached") > 0).then(pl.col("total_s") / pl.col("reached")).alias("m"))["m"]
        share = both.select(pl.when(pl.col("members") > 0).then(pl.col("served") / pl.col("members")).alias("s"))["s"]
        people = max(off(both["persons"], both["members"]), off(both["covered_persons"], both["served"]))
        times = max(off(both["mean_time_s"], mean), off(both["worst_time_s"], both["longest_s"]))
        shares = off(both["population_covered_share"], share)
        check(f"groups in {place}: people, served, shares, times",
              both.height > 0 and people < THOUSANDTH and times < 0.001 and shares < 1e-9,
              f"{both.height} rows, off by {people:.1e} people, {times:.1e} s")


def check_modes_and_weights(cell_groups, one, persons, manifest, check):
    """Who travels how and counts how much, from the settings: linear in the groups' members."""
    modes = {m["id"]: m["share"] for m in manifest["settings"]["modes"]}
    settings = manifest["settings"]["groups"]
    people = np.maximum(persons, 1e-9)
    shares = {mode: np.full(len(persons), share) for mode, share in modes.items()}
    extra = {mode: np.zeros(len(persons)) for mode in modes}
    too_many = unlike = 0
    for group in settings:
        own = cell_groups.filter(pl.col("group") == group["id"])
        members = np.zeros(len(persons))
        np.add.at(members, own["cell"].to_numpy(), own["persons"].to_numpy())
        too_many += int((members > persons + THOUSANDTH).sum())
        if group["share"] is not None and group["file"] is None and group["fit_to"] is None:
            unlike += int((np.abs(members - persons * group["share"]) > 0.00051).sum())
        for mode in modes:
            if group["modes"]:
                shares[mode] = shares[mode] + members / people * (group["modes"].get(mode, 0.0) - modes[mode])
            by_mode = own.filter(pl.col("mode") == mode)
            np.add.at(extra[mode], by_mode["cell"].to_numpy(), (group["weight"] - 1) * by_mode["persons"].to_numpy())
    check("no cell has more members of a group than people; shares as asked", too_many == unlike == 0,
          f"{too_many} and {unlike} cells")
    shares = {mode: np.maximum(share, 0) for mode, share in shares.items()}
    whole = sum(shares.values())
    worst_people = worst_weight = 0.0
    for mode in modes:
        rows = one.filter(pl.col("mode") == mode).sort("cell")
        found = rows["persons"].to_numpy()
        worst_people = max(worst_people, float(np.abs(found - persons * shares[mode] / whole).max()))
        worst_weight = max(worst_weight, float(np.abs(rows["weight"].to_numpy() - found - extra[mode]).max()))
    check("people by mode, moved by groups", worst_people <= 0.0011, f"off by {worst_people:.1e} people")
    check("weights of demand rows", worst_weight <= 0.00051, f"off by {worst_weight:.1e} people")


def check_dossiers(phases, rows, rollout, outlines, manifest, check):
    demand = manifest["settings"]["demand"]
    asked = [p for p in manifest["settings"]["phases"]]
    opening = [date.fromisoformat(p["starts"]) for p in asked if p["opens"] != "nothing"]
    low, high = demand["online_share"]
    shares = []
    for phase in asked:
        starts = date.fromisoformat(phase["starts"])
        if not opening or starts < opening[0]:
            shares.append(0.0)
        elif opening[0] == opening[-1]:
            shares.append(high)
        else:
            past = (starts - opening[0]).days / (opening[-1] - opening[0]).days
            shares.append(low + (high - low) * min(past, 1.0))
    good = off(phases["online_share"], shares) < 1e-12
    check("share filed online, by dates", good, ", ".join(f"{s:.4f}" for s in shares))
    yearly = sum(s["yearly_per_1000"] for s in manifest["services"]["services"]) / 1000
    daily = [yearly / demand["working_days"] * demand["help_share"] * share for share in shares]
    by_phase = np.array([0.0, *daily])
    worst = off(rows["dossiers_per_day"], rows["persons"].to_numpy() * by_phase[rows["phase"].to_numpy()])
    worst = max(worst, off(phases["dossiers_per_day"], phases["persons"].to_numpy() * by_phase[phases["phase"].to_numpy()]))
    worst = max(worst, off(rollout["dossiers_per_day"], rollout["persons_nearest"].to_numpy() * daily[-1]))
    features = outlines["persons"].to_numpy() * by_phase[outlines["phase"].to_numpy()]
    worst = max(worst, off(outlines["dossiers_per_day"], features))
    last = phases["dossiers_per_day"][-1]
    check("dossiers a day of cells, features, phases and agents", worst < 1e-6, f"off by {worst:.1e}; {last:,.1f} at the end")
    final = rows.filter((pl.col("phase") == len(asked)) & pl.col("agent").is_not_null())
    nearest = dict(final.group_by("agent").agg(pl.col("persons").sum()).iter_rows())
    worst = off(rollout["persons_nearest"], [nearest.get(s, 0.0) for s in rollout["site"]])
    check("people of each agent, by their nearest agent", worst < THOUSANDTH, f"off by {worst:.1e}")


def folded(name):
    """A name without diacritics, case and the kind of place before it."""
    text = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D").casefold())
    text = "".join(c for c in text if not unicodedata.combining(c))
    kinds = ("quan ", "huyen ", "thi xa ", "phuong ", "xa ", "thanh pho ")
    return next((text[len(k):] for k in kinds if text.startswith(k)), text).strip()


def in_scope(scope, features, of_cell, persons, manifest):
    """Whether each cell belongs to a scope, or None where the inputs are no longer there to tell."""
    own = features[features["layer"] == scope["layer"]]
    if scope["codes"]:
        wanted = set(scope["codes"]) | {folded(c) for c in scope["codes"]}
        codes = {c for c, n in zip(own["code"], own["name"]) if c in wanted or folded(n) in wanted}
    else:
        codes = None
        for file in (f["file"] for f in manifest["inputs"]):
            try:
                listed = [f["properties"] for f in json.load(open(file))["features"]] if file.endswith("json") else []
            except OSError:
                return None
            if {str(p.get("code")) for p in listed} >= set(own["code"]) and listed:
                codes = {str(p["code"]) for p in listed if all(p.get(k) == v for k, v in scope["where"].items())}
        if codes is None:
            return None
    inside = np.isin(of_cell[scope["layer"]].astype(str), list(codes))
    if scope["through"] is None:
        return inside
    through = of_cell[scope["through"]]
    mostly = set()
    for code in {c for c in through if c is not None}:
        here = through == code
        if persons[here].sum() > 0 and persons[here & inside].sum() >= scope["overlap"] * persons[here].sum():
            mostly.add(code)
    return np.isin(through.astype(str), list(mostly))


def check_objective(phases, rows, features, of_cell, persons, manifest, check):
    """Phases of `most-people` in a row: weight × days × served, in the scope of each."""
    asked = manifest["settings"]["phases"]
    weighted = any(g["weight"] != 1 for g in manifest["settings"]["groups"])
    value, block = 0.0, []
    for t, phase in enumerate(asked):
        written = phases.row(t, named=True)
        own = rows.filter(pl.col("phase") == t + 1)
        scope = np.ones(len(persons), dtype=bool)
        if phase["scope"]:
            scope = in_scope(phase["scope"], features, of_cell, persons, manifest)
        if scope is None:
            print(f"skipped: the scope of phase {t + 1}, whose layer is no longer there")
            return
        counted = own.filter(pl.Series(scope[own["cell"].to_numpy()]))
        served = counted.filter(pl.col("covered"))
        worst = max(abs(counted["persons"].sum() - written["scope_persons"]),
                    abs(served["persons"].sum() - written["scope_covered_persons"]))
        check(f"people and people served in the scope of phase {t + 1}", worst < THOUSANDTH, f"off by {worst:.1e}")
        if phase["opens"] == "fewest-for-all":
            value, block = 0.0, []
            check(f"objective of phase {t + 1}: the agents that stand", written["objective"] == written["agents"],
                  f"{written['agents']} agents, bound {written['bound']:g}")
            continue
        if phase["opens"] == "nothing" and not block:
            continue  # nothing is chosen before the first phase that opens agents
        starts = date.fromisoformat(phase["starts"])
        if t + 1 < len(asked):
            days = (date.fromisoformat(asked[t + 1]["starts"]) - starts).days
        elif phase["ends"]:
            days = (date.fromisoformat(phase["ends"]) - starts).days + 1
        else:
            days = OPEN_END_DAYS
        value += max(days, 1) * served["weight"].sum()
        block.append(written)
        if t + 1 == len(asked) or asked[t + 1]["opens"] == "fewest-for-all":
            unit = "weighted person-days" if weighted else "person-days"
            for row in (r for r in block if r["opens"] == "most-people"):
                good = abs(row["objective"] - value) < 0.01 and row["objective_unit"] == unit
                good = good and row["bound"] >= row["objective"] - 0.01
                check(f"objective of phase {row['phase']}, from cells", good, f"{value:,.3f} {row['objective_unit']}")


def check_sites(sites, coverage, one, manifest, check):
    people = one.select("cell", "mode", "persons")
    reach = dict(coverage.join(people, on=["cell", "mode"]).group_by("site").agg(pl.col("persons").sum()).iter_rows())
    worst = off(sites["persons_in_reach"], [reach.get(s, 0.0) for s in sites["site"]])
    check("people in reach of each site", worst < THOUSANDTH, f"{sites.height} sites, off by {worst:.1e}")
    proposed = sites.filter(pl.col("proposed"))
    settings = manifest["settings"]["proposals"]
    good = proposed["site"].to_list() == manifest["proposed"] and proposed.height <= settings["most"]
    good = good and all(p is not None and p.startswith("proposed ") for p in proposed["position"]) and proposed["usable"].all()
    check("proposed points are marked", good, f"{proposed.height} of at most {settings['most']}")
    if proposed.height:
        # By people whom neither a candidate nor an earlier proposal serves.
        known = sites.filter(~pl.col("proposed") & (pl.col("usable") | pl.col("fixed")))["site"]
        served = coverage.filter(pl.col("site").is_in(known.implode())).select("cell", "mode").unique()
        gains = []
        for site in proposed["site"]:
            own = coverage.filter(pl.col("site") == site).select("cell", "mode").join(served, on=["cell", "mode"], how="anti")
            gains.append(own.join(people, on=["cell", "mode"])["persons"].sum())
            served = pl.concat([served, own])
        falling = all(b * KNOWN_ENOUGH <= a + THOUSANDTH for a, b in zip(gains, gains[1:]))
        check("each proposed point serves enough people whom nobody else would, most first",
              falling and min(gains) >= settings["min_persons"], ", ".join(f"{g:,.0f}" for g in gains))
