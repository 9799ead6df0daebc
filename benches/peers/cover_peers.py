"""One peer on one covering problem, in a process of its own, so that its time and memory are its own.

python cover_peers.py PEER FOLDER OBJECTIVE [--p N[,N…]] [--time-limit S] [--threads N]
python cover_peers.py judge FOLDER OBJECTIVE --chosen FILE
python cover_peers.py all-pairs FOLDER OUT
python cover_peers.py from-run RUN OUT [--mode MODE]
python cover_peers.py facts

Prints one JSON object. `seconds` begin when the tables stand in memory and end with the answer: merging and building
the model count, reading and importing do not. `checked` is the answer's worth, counted anew on the raw rows.
"""

import argparse
import contextlib
import importlib
import json
import os
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

PACKAGES = ["highspy", "spopt", "pulp", "pycft", "SetCoverPy", "ortools", "polars"]


def highs_naive(instance, ask, deadline):
    import cover_models

    if ask.objective == "max-cover":
        return cover_models.max_cover(instance, ask.p[0], ask.threads, deadline)
    if ask.objective == "set-cover":
        return cover_models.set_cover(instance, ask.threads, deadline)
    if ask.objective == "p-median":
        return cover_models.p_median(instance, ask.p[0], ask.threads, deadline)
    return cover_models.phases(instance, ask.p, ask.threads, deadline)


def highs_merged(instance, ask, deadline):
    import cover_tables

    merged = cover_tables.merge(instance)
    return highs_naive(merged, ask, deadline) | {"told": {"merged_rows": merged.n_rows}}


def highs_reduced(instance, ask, deadline):
    import cover_tables

    reduced = cover_tables.dominant(cover_tables.merge(instance))
    return highs_naive(reduced, ask, deadline) | {"told": {"reduced_rows": reduced.n_rows}}


def benders(instance, ask, deadline):
    import cover_benders
    import cover_tables

    return cover_benders.solve(cover_tables.merge(instance), ask.p[0], ask.threads, deadline)


def spopt(solver_name):
    """spopt on a cost matrix (0 where a site serves the row, 1 elsewhere; p-median: the costs), with PuLP's solver."""

    def run(instance, ask, deadline):
        import cover_tables
        import numpy as np
        import pulp
        from spopt.locate import LSCP, MCLP, PMedian

        kept = instance.keep(instance.coverable())  # LSCP has no answer where a row has no site
        fixed = {"predefined_facilities_arr": np.isin(instance.ids, ask.fixed).astype(int)} if ask.fixed else {}
        if ask.objective == "max-cover":
            table = cover_tables.dense(kept, 1.0)
            model = MCLP.from_cost_matrix(table, kept.weights, 0.5, p_facilities=ask.p[0], **fixed)
        elif ask.objective == "set-cover":
            model = LSCP.from_cost_matrix(cover_tables.dense(kept, 1.0), 0.5, **fixed)
        else:
            far = 10.0 * (kept.pair_costs.max() + 1.0)
            model = PMedian.from_cost_matrix(cover_tables.dense(kept, far), kept.weights, p_facilities=ask.p[0], **fixed)
        left = max(deadline - time.perf_counter(), 1.0)
        make = {"cbc": pulp.PULP_CBC_CMD, "highs": pulp.HiGHS}[solver_name]
        solver = make(msg=False, timeLimit=left, threads=ask.threads, gapRel=0.0)
        try:
            model = model.solve(solver, results=False)
        except RuntimeError as error:  # spopt's own way to say that there is no plan
            return {"objective": None, "bound": None, "status": f"no plan in time ({str(error).splitlines()[0][:60]})"}
        problem = model.problem
        values = np.array([var.value() or 0.0 for var in model.fac_vars])
        objective = pulp.value(problem.objective)
        proven = problem.sol_status == pulp.constants.LpSolutionOptimal
        if objective is not None and ask.objective == "max-cover":
            objective = abs(objective)
        return {
            "objective": objective,
            # PuLP hands on no bound; what it calls optimal is one.
            "bound": objective if proven else None,
            "status": "optimal" if proven else pulp.LpSolution[problem.sol_status].lower(),
            "chosen": [instance.ids[k] for k in np.flatnonzero(values > 0.5)],
        }

    return run


def cft(instance, ask, deadline):
    """The C++ code c4v4/cft by its Python package, which numbers rows in 16 bits: so dominated rows go first."""
    import cover_tables
    from pycft import SetCoverSolver

    merged = cover_tables.dominant(cover_tables.merge(instance))
    solver, used = SetCoverSolver(), []
    for site, rows in rows_by_site(merged):
        solver.add_set(rows.tolist(), cost=float(merged.site_costs[site]))
        used.append(site)
    solver.solve(seed=0, time_limit=max(deadline - time.perf_counter(), 1.0), verbose=0)
    return {
        "objective": solver.get_cost(),
        "bound": solver.get_lower_bound(),
        "status": "heuristic",
        "chosen": [instance.ids[used[k]] for k in solver.get_solution()],
        "told": {"reduced_rows": merged.n_rows},
    }


def setcoverpy(instance, ask, deadline):
    """Lagrangian heuristic in numpy, after Caprara, Fischetti and Toth; it knows no time limit."""
    import cover_tables
    import numpy as np
    from SetCoverPy.setcover import SetCover

    np.random.seed(0)
    merged = cover_tables.dominant(cover_tables.merge(instance))
    table = np.zeros((merged.n_rows, merged.n_sites), bool)
    table[merged.row_of_pair(), merged.sites] = True
    solver = SetCover(table, merged.site_costs.copy())
    solver.SolveSCP()
    picked = np.flatnonzero(solver.s)
    return {
        "objective": float(merged.site_costs[picked].sum()),
        "bound": None,
        "status": "heuristic",
        "chosen": [instance.ids[k] for k in picked],
        "told": {"reduced_rows": merged.n_rows},
    }


def ortools_search(instance, ask, deadline):
    """Greedy and steepest descent from OR-Tools, begun again from partly cleared plans until the time is over."""
    import cover_tables
    from ortools.set_cover.python import set_cover

    merged = cover_tables.dominant(cover_tables.merge(instance))
    model = set_cover.SetCoverModel()
    used = []
    for site, rows in rows_by_site(merged):
        model.add_empty_subset(float(merged.site_costs[site]))
        for row in rows.tolist():
            model.add_element_to_last_subset(row)
        used.append(site)
    model.create_sparse_row_view()
    state = set_cover.SetCoverInvariant(model)
    greedy, steepest = set_cover.GreedySolutionGenerator(state), set_cover.SteepestSearch(state)
    greedy.next_solution()
    steepest.next_solution()
    best, picked = state.cost(), list(state.is_selected())
    # Its own way to go on: close a tenth of the open sites at random, fill up again, and keep what is no worse.
    while time.perf_counter() < deadline:
        set_cover.clear_random_subsets(max(sum(picked) // 10, 1), state)
        greedy.next_solution()
        steepest.next_solution()
        if state.cost() <= best:
            best, picked = state.cost(), list(state.is_selected())
        else:
            # Loading a plan at once fails in this version, so it is put together again.
            state.initialize()
            for subset in (k for k in range(len(used)) if picked[k]):
                state.select(subset, set_cover.consistency_level.FREE_AND_UNCOVERED)
    chosen = [instance.ids[used[k]] for k in range(len(used)) if picked[k]]
    told = {"reduced_rows": merged.n_rows}
    return {"objective": best, "bound": None, "status": "heuristic", "chosen": chosen, "told": told}


def cp_sat(instance, ask, deadline):
    """OR-Tools' CP-SAT on merged rows without those that others imply."""
    import cover_tables
    from ortools.sat.python import cp_model

    merged = cover_tables.dominant(cover_tables.merge(instance))
    model = cp_model.CpModel()
    opened = [model.new_bool_var(str(k)) for k in range(merged.n_sites)]
    for k in range(merged.n_rows):
        model.add_bool_or([opened[s] for s in merged.sites[merged.start[k] : merged.start[k + 1]]])
    model.minimize(sum(float(c) * x for c, x in zip(merged.site_costs, opened)))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(deadline - time.perf_counter(), 1.0)
    solver.parameters.num_workers = ask.threads
    state = solver.solve(model)
    found = state in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return {
        "objective": solver.objective_value if found else None,
        "bound": solver.best_objective_bound,
        "status": solver.status_name(state).lower(),
        "chosen": [instance.ids[k] for k in range(merged.n_sites) if solver.value(opened[k])] if found else None,
    }


def rows_by_site(merged):
    import numpy as np

    order = np.argsort(merged.sites, kind="stable")
    rows = merged.row_of_pair()[order]
    ends = np.searchsorted(merged.sites[order], np.arange(merged.n_sites + 1))
    for site in range(merged.n_sites):
        if ends[site] < ends[site + 1]:
            yield site, rows[ends[site] : ends[site + 1]]


# What each peer is, and what it imports: loading that is not measured.
PEERS = {
    "highs-naive": (highs_naive, ["cover_models"]),
    "highs-merged": (highs_merged, ["cover_models"]),
    "highs-reduced": (highs_reduced, ["cover_models"]),
    "benders": (benders, ["cover_benders"]),
    "spopt-cbc": (spopt("cbc"), ["pulp", "spopt.locate"]),
    "spopt-highs": (spopt("highs"), ["pulp", "spopt.locate", "highspy"]),
    "cft": (cft, ["pycft"]),
    "setcoverpy": (setcoverpy, ["SetCoverPy.setcover"]),
    "ortools": (ortools_search, ["ortools.set_cover.python.set_cover"]),
    "cp-sat": (cp_sat, ["ortools.sat.python.cp_model"]),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=[*PEERS, "judge", "all-pairs", "from-run", "facts"])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("objective", nargs="?", help="max-cover, set-cover, p-median or phases; or a folder to write")
    parser.add_argument("--p", type=lambda text: [int(p) for p in text.split(",")])
    parser.add_argument("--time-limit", type=float, default=300.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--chosen", type=Path)
    parser.add_argument("--mode")
    ask = parser.parse_args()
    # Peers print as they please; the one JSON object must stay alone on stdout, even from C++.
    stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with contextlib.redirect_stdout(sys.stderr):
        result = work(ask)
    stdout.write(json.dumps(result, default=float) + "\n")
    stdout.close()


def work(ask):
    if ask.peer == "facts":
        from common import machine

        return {"machine": machine(), "versions": {p: installed(p) for p in PACKAGES}}
    import cover_tables

    if ask.peer == "all-pairs":
        cover_tables.all_pairs(ask.folder, ask.objective)
        return {}
    if ask.peer == "from-run":
        return cover_tables.from_run(ask.folder, ask.objective, ask.mode)
    begun = time.perf_counter()
    instance = cover_tables.read(ask.folder)
    read_s = time.perf_counter() - begun
    if ask.peer == "judge":
        chosen = json.loads(ask.chosen.read_text())
        return {"checked": cover_tables.judge(instance, ask.objective, chosen)}
    ask.fixed = fixed_sites(ask.folder)
    peer, modules = PEERS[ask.peer]
    for module in modules:
        importlib.import_module(module)
    begun = time.perf_counter()
    answer = peer(instance, ask, begun + ask.time_limit)
    answer |= {"seconds": time.perf_counter() - begun, "read_s": read_s}
    if answer.get("chosen"):
        answer["checked"] = cover_tables.judge(instance, ask.objective, answer["chosen"])
    return answer


def fixed_sites(folder):
    import polars as pl

    sites = pl.read_parquet(folder / "sites.parquet")
    return sites.filter("fixed")["site"].to_list() if "fixed" in sites.columns else []


def installed(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    main()
