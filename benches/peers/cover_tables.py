"""Covering problems as arrays: reading, merging, judging a choice, and making them from a run."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl


@dataclass
class Instance:
    """Row r is served by sites[start[r]:start[r + 1]], rising; site k has the id ids[k]."""

    weights: np.ndarray
    start: np.ndarray
    sites: np.ndarray
    ids: list
    site_costs: np.ndarray
    pair_costs: np.ndarray | None = None

    @property
    def n_rows(self):
        return len(self.weights)

    @property
    def n_sites(self):
        return len(self.ids)

    def row_of_pair(self):
        return np.repeat(np.arange(self.n_rows), np.diff(self.start))

    def coverable(self):
        return np.diff(self.start) > 0

    def keep(self, wanted):
        """The rows that are wanted, in their order."""
        pairs = wanted[self.row_of_pair()]
        counts = np.diff(self.start)[wanted]
        costs = None if self.pair_costs is None else self.pair_costs[pairs]
        return Instance(self.weights[wanted], _starts(counts), self.sites[pairs], self.ids, self.site_costs, costs)


def _starts(counts):
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def read(folder):
    """The tables that `gandan optimise` takes, with rows and sites numbered in the order of their tables."""
    rows = pl.read_parquet(Path(folder) / "rows.parquet", columns=["row", "weight"]).with_row_index("r")
    sites = pl.read_parquet(Path(folder) / "sites.parquet").with_row_index("s")
    pairs = pl.read_parquet(Path(folder) / "pairs.parquet")
    known = pairs.join(rows.select("row", "r"), on="row").join(sites.select("site", "s"), on="site").sort("r", "s")
    if len(known) != len(pairs):
        raise ValueError(f"{len(pairs) - len(known)} pairs name a row or site that is in no table")
    counts = np.bincount(known["r"].to_numpy(), minlength=len(rows))
    return Instance(
        rows["weight"].to_numpy().astype(float),
        _starts(counts),
        known["s"].to_numpy().astype(np.int64),
        sites["site"].to_list(),
        sites["cost"].to_numpy().astype(float) if "cost" in sites.columns else np.ones(len(sites)),
        known["cost"].to_numpy().astype(float) if "cost" in known.columns else None,
    )


def merge(instance):
    """Rows with the same sites become one that weighs as much as all of them; rows without sites go."""
    table = pl.DataFrame({"r": instance.row_of_pair(), "s": instance.sites.astype(np.uint32)})
    sets = table.group_by("r", maintain_order=True).agg("s")
    sets = sets.with_columns(weight=pl.Series(instance.weights[sets["r"].to_numpy()]))
    # Grouping by the list itself, so rows are the same only if their lists are.
    classes = sets.group_by("s", maintain_order=True).agg(pl.col("weight").sum())
    counts = classes["s"].list.len().to_numpy()
    sites = classes["s"].explode().to_numpy().astype(np.int64)
    return Instance(classes["weight"].to_numpy(), _starts(counts), sites, instance.ids, instance.site_costs)


def dominant(merged):
    """Rows whose sites include all the sites of another row go: who covers the other covers them.

    Only for covering everyone, and only on merged rows, where no two rows have the same sites.
    """
    words = -(-merged.n_sites // 64)
    bits = np.zeros((merged.n_rows, words), np.uint64)
    row, site = merged.row_of_pair(), merged.sites
    np.bitwise_or.at(bits, (row, site // 64), np.uint64(1) << (site % 64).astype(np.uint64))
    counts = np.diff(merged.start)
    used = np.bincount(site, minlength=merged.n_sites)
    order = np.argsort(site, kind="stable")
    rows_of = np.split(row[order], np.cumsum(used)[:-1])
    # Whoever includes a row holds the row's rarest site.
    rarest = np.array([sites[np.argmin(used[sites])] for sites in np.split(site, merged.start[1:-1])])
    stays = np.ones(merged.n_rows, bool)
    for r in np.argsort(counts, kind="stable"):
        if stays[r]:
            others = rows_of[rarest[r]]
            others = others[stays[others] & (counts[others] > counts[r])]
            larger = ((bits[others] & bits[r]) == bits[r]).all(axis=1)
            stays[others[larger]] = False
    return merged.keep(stays)


def judge(instance, objective, chosen, phases=None):
    """What a choice is worth on the raw rows: the number to compare with what a solver says of itself."""
    if objective == "phases":
        return sum(judge(instance, "max-cover", sites) for sites in chosen)
    number = {site: k for k, site in enumerate(instance.ids)}
    open_sites = np.zeros(instance.n_sites, bool)
    open_sites[[number[site] for site in chosen]] = True
    used = open_sites[instance.sites]
    covered = np.bincount(instance.row_of_pair()[used], minlength=instance.n_rows) > 0
    if objective == "max-cover":
        return float(instance.weights[covered].sum())
    if not covered[instance.coverable()].all():
        return None  # someone who could be covered is not
    if objective == "set-cover":
        return float(instance.site_costs[open_sites].sum())
    best = np.full(instance.n_rows, np.inf)
    np.minimum.at(best, instance.row_of_pair()[used], instance.pair_costs[used])
    return float((instance.weights * best)[instance.coverable()].sum())


def dense(instance, missing):
    """Rows × sites: the pair's cost, or 0 without costs; `missing` where a site does not serve the row."""
    table = np.full((instance.n_rows, instance.n_sites), missing, float)
    costs = 0.0 if instance.pair_costs is None else instance.pair_costs
    table[instance.row_of_pair(), instance.sites] = costs
    return table


def all_pairs(source, folder):
    """A p-median problem from a folder of `gandan synth --cover-sites`: every cell to every site, whole metres."""
    source, folder = Path(source), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows, sites = pl.read_parquet(source / "rows.parquet"), pl.read_parquet(source / "sites.parquet")
    dx = rows["x_m"].to_numpy()[:, None] - sites["x_m"].to_numpy()[None, :]
    dy = rows["y_m"].to_numpy()[:, None] - sites["y_m"].to_numpy()[None, :]
    pairs = {
        "row": np.repeat(rows["row"].to_numpy(), len(sites)),
        "site": np.tile(sites["site"].to_numpy(), len(rows)),
        "cost": np.rint(np.hypot(dx, dy)).astype(np.int64).ravel(),
    }
    pl.DataFrame(pairs).write_parquet(folder / "pairs.parquet")
    # Whole people: with whole metres the objective is a whole number of person-metres.
    rows.select("row", pl.col("weight").round().cast(pl.Int64)).write_parquet(folder / "rows.parquet")
    sites.select("site", "cost").write_parquet(folder / "sites.parquet")


def from_run(run, folder, mode=None):
    """Tables of the demand rows of a run of `gandan plan`, and what is known of its phases.

    With a mode only that mode's rows. Writes rows, pairs, sites and phases.json.
    """
    run, folder = Path(run), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    phases = pl.read_parquet(run / "phases.parquet").sort("phase")
    # All phases have the same rows; those of the first are taken.
    cells = pl.read_parquet(run / "cells.parquet", columns=["cell", "mode", "phase", "weight"])
    cells = cells.filter(pl.col("phase") == phases["phase"][0])
    if mode is not None:
        cells = cells.filter(pl.col("mode") == mode)
    rows = cells.sort("cell", "mode").with_row_index("row")
    rows.select("row", "weight").write_parquet(folder / "rows.parquet")
    sites = pl.read_parquet(run / "sites.parquet").select(
        "site", pl.lit(1.0).alias("cost"), "fixed", (pl.col("usable") | pl.col("fixed")).alias("eligible")
    )
    sites = sites.filter("eligible")
    sites.write_parquet(folder / "sites.parquet")
    coverage = pl.read_parquet(run / "coverage.parquet", columns=["cell", "mode", "site"])
    pairs = coverage.join(rows.select("cell", "mode", "row"), on=["cell", "mode"]).join(sites.select("site"), on="site")
    pairs.select("row", "site").sort("row", "site").write_parquet(folder / "pairs.parquet")
    names = ["phase", "opens", "agents", "scope", "scope_covered_persons", "alone_bound", "status", "gap"]
    told = phases.select([name for name in names if name in phases.columns]).to_dicts()
    stages = json.loads((run / "manifest.json").read_text()).get("stages", [])
    facts = {
        "cells": cells["cell"].n_unique(),
        "rows": len(rows),
        "pairs": len(pairs),
        "sites": len(sites),
        "optimise_s": next((s["time_s"] for s in stages if s["name"] == "optimise"), None),
        "phases": told,
    }
    (folder / "phases.json").write_text(json.dumps(facts, indent=1))
    return facts
