"""Computes the bounds of `proof.json` again from the raw tables, with polars and whole numbers alone: no solver, and none
of gandan's code. The sums are those of docs/methods.md, *Checking the proof yourself*.

    check_proof.py RUN                                       a run of `gandan plan` or `gandan demo`
    check_proof.py ANSWER --rows F --pairs F --sites F       a folder of `gandan optimise --out`

Prints one line a problem; exit code 1 where something does not hold.
"""

import argparse
import json
import sys
from pathlib import Path

import polars as pl


def table(path):
    path = Path(path)
    return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)


def whole(column, scale):
    """Numbers as whole multiples of 1/scale."""
    return (pl.col(column) * scale).round(0).cast(pl.Int64)


def sums(frame, key, value):
    """Sum of `value` by `key`, in Python's unbounded integers."""
    return {k: int(v) for k, v in frame.group_by(key).agg(pl.col(value).sum()).iter_rows()}


class Run:
    """The tables of a run. A row is a cell and a mode."""

    def __init__(self, folder):
        self.cells = pl.read_parquet(folder / "cells.parquet").with_columns(
            row=pl.format("{} {}", "cell", "mode"), w=whole("weight", 1000)
        )
        self.pairs = pl.read_parquet(folder / "coverage.parquet").select(
            "site", row=pl.format("{} {}", "cell", "mode")
        )
        self.multipliers = pl.read_parquet(folder / "proof.parquet").select(
            "problem", "phase", row=pl.format("{} {}", "cell", "mode"), u=pl.col("multiplier").cast(pl.Int64)
        )
        agents = pl.read_parquet(folder / "rollout.parquet")
        self.stands = list(zip(agents["site"], agents["phase"], agents["closes_phase"]))
        self.sites = pl.read_parquet(folder / "sites.parquet")["site"].to_list()

    def costs(self, problem):
        return problem["costs"] or {site: 1 for site in self.sites}

    def fixed(self, problem):
        return set(problem["fixed"])

    def may_open(self, limits):
        return set(limits["may_open"])

    def weights(self, limits):
        """Row and weight of those whom the phase is judged by."""
        of = self.cells.filter((pl.col("phase") == limits["phase"]) & pl.col("in_scope"))
        return of.select("row", "w")

    def of_phase(self, problem, limits):
        is_of = (pl.col("problem") == problem["problem"]) & (pl.col("phase") == limits["phase"])
        return self.multipliers.filter(is_of).select("row", "u")

    def open_sites(self, problem, limits):
        of = limits["phase"]
        return {site for site, opens, closes in self.stands if opens <= of and (closes is None or of < closes)}


class Answer:
    """The tables of `gandan optimise`."""

    def __init__(self, folder, proof, rows, pairs, sites):
        self.rows = table(rows).select("row", w=whole("weight", proof["weight_scale"]))
        self.pairs = table(pairs).select("row", "site")
        self.multipliers = pl.read_parquet(folder / "multipliers.parquet").select(
            pl.col("row").cast(self.rows["row"].dtype), u=pl.col("multiplier").cast(pl.Int64)
        )
        sites = table(sites)
        self.sites = sites["site"].to_list()
        ones = pl.Series([1] * len(sites))
        cost = sites["cost"] if "cost" in sites.columns else ones
        self.of_site = {s: int(round(c * proof["cost_scale"])) for s, c in zip(self.sites, cost)}
        flags = lambda name, default: sites[name].to_list() if name in sites.columns else [default] * len(sites)
        self.is_fixed = {s for s, f in zip(self.sites, flags("fixed", False)) if f}
        self.is_eligible = {s for s, f in zip(self.sites, flags("eligible", True)) if f}

    def costs(self, problem):
        return self.of_site

    def fixed(self, problem):
        return self.is_fixed

    def may_open(self, limits):
        return self.is_eligible

    def weights(self, limits):
        return self.rows

    def of_phase(self, problem, limits):
        return self.multipliers

    def open_sites(self, problem, limits):
        return set(problem["chosen"])


def check(data, problem):
    """What does not hold of a problem, and the bound of its multipliers."""
    wrong = []
    most_people = problem["kind"] == "most-people"
    claim = problem["certificate"]
    fixed, costs = data.fixed(problem), data.costs(problem)
    scale = claim["scale"] if claim else 1
    total, reached = 0, 0
    worth = {}  # value of opening each site in the phases seen so far, last phase first
    best = {}  # of its best opening
    for limits in reversed(problem["phases"]):
        may_open = data.may_open(limits)
        weights, u = data.weights(limits), data.of_phase(problem, limits)
        known = weights.join(u, on="row", how="left").with_columns(pl.col("u").fill_null(0))
        if len(u.join(weights, on="row", how="anti")):
            wrong.append("a multiplier stands at a row that does not count")
        if known["u"].min() is not None and known["u"].min() < 0:
            wrong.append("a multiplier is below 0")
        by_site = sums(data.pairs.join(u, on="row"), "site", "u")
        open_sites = data.open_sites(problem, limits)
        served = data.pairs.filter(pl.col("site").is_in(list(open_sites))).select("row").unique()
        if most_people:
            if len(known.filter(pl.col("u") > pl.col("w"))):
                wrong.append("a multiplier is above the weight of its row")
            days = limits["days"]
            total += scale * days * (int(known["w"].sum()) - int(known["u"].sum()))
            # Without multipliers there are no prices.
            site_price, cost_price = limits["site_price"] or 0, limits["cost_price"] or 0
            total += site_price * limits["agents"] + cost_price * (limits["budget"] or 0)
            reached += days * int(known.join(served, on="row", how="semi")["w"].sum())
            if len(open_sites) > limits["agents"]:
                wrong.append("more agents are open than may be")
            if limits["budget"] is not None and sum(costs[s] for s in open_sites) > limits["budget"]:
                wrong.append("the budget is overspent")
        else:
            usable = data.pairs.filter(pl.col("site").is_in(list(may_open | fixed))).select("row").unique()
            needed = weights.join(usable, on="row", how="semi")
            if len(known.filter(pl.col("u") > 0).join(needed, on="row", how="anti")):
                wrong.append("a multiplier stands at a row that nobody can serve")
            if len(needed.join(served, on="row", how="anti")):
                wrong.append("somebody who can be served is not")
            total += int(known["u"].sum())
            reached += sum(costs[s] for s in open_sites)
        for site in data.sites:
            if most_people:
                value = scale * limits["days"] * by_site.get(site, 0)
                value -= site_price + cost_price * costs[site]
            else:
                value = scale * costs[site] - by_site.get(site, 0)
            worth[site] = worth.get(site, 0) + value
            if site in may_open and site not in fixed:
                best[site] = max(best.get(site, worth[site]), worth[site])
    if most_people:
        total += sum(worth[s] for s in fixed) + sum(max(0, v) for v in best.values())
        in_units = lambda value: max(0, value) // scale
        worse = lambda bound: bound < problem["objective"]
    else:
        total += sum(worth[s] for s in fixed) + sum(min(0, v) for v in best.values())
        in_units = lambda value: -(-max(0, value) // scale)
        worse = lambda bound: bound > problem["objective"]
    if reached != problem["objective"] and problem["status"] == "optimal":
        wrong.append(f"the objective is {reached}, not {problem['objective']}")
    if not claim:
        return wrong, None
    bound = in_units(total)
    if bound != claim["bound"]:
        wrong.append(f"the multipliers prove {bound}, not {claim['bound']}")
    sign = 1 if most_people else -1
    for site in claim["in_no_plan_as_good"]:
        if not worse(in_units(total + sign * min(0, sign * best[site]))):
            wrong.append(f"site {site} may stand in a plan as good")
    for site in claim["in_every_plan_as_good"]:
        if not worse(in_units(total - sign * max(0, sign * best[site]))):
            wrong.append(f"site {site} may be missing from a plan as good")
    return wrong, bound


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    for name in ("rows", "pairs", "sites"):
        parser.add_argument(f"--{name}")
    args = parser.parse_args()
    proof = json.loads((args.folder / "proof.json").read_text())
    data = Answer(args.folder, proof, args.rows, args.pairs, args.sites) if args.rows else Run(args.folder)
    failed = False
    for problem in proof["problems"]:
        wrong, bound = check(data, problem)
        failed |= bool(wrong)
        says = f"objective {problem['objective']}, bound {problem['bound']} ({problem['status']}), by multipliers {bound}"
        also = "".join(f"; also asked: {asked}" for asked in problem.get("also_asked", []))
        also += f"; {problem['no_multipliers']}" if problem.get("no_multipliers") else ""
        print(f"problem {problem['problem']} ({problem['kind']}): {says}: {'; '.join(wrong) or 'holds'}{also}")
    for other in proof.get("without_multipliers", []):
        print(f"phases {', '.join(map(str, other['phases']))} ({other['kind']}): not checked here: {other['why']}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
