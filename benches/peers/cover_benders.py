"""Benders decomposition of maximal covering in Python and HiGHS, as a peer: the plain textbook way.

Cordeau, Furini, Ljubić (2019): the rows are projected out. For a group of rows the weight covered by x is at most, at
any point x̄, the weight of the rows with Σ x̄ ≥ 1 plus, for the others, weight × Σ x over the row's sites. First the
linear master with cuts at points between the last answer and a core point, then the master with whole x, solved again
and again: HiGHS takes no cuts while it searches, so each time its tree is lost.
"""

import time

import highspy
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import reverse_cuthill_mckee

GROUPS = 40
INF = highspy.kHighsInf


class Cover:
    """The merged rows in groups of neighbours, and cuts from them."""

    def __init__(self, instance):
        self.instance = instance
        ones = np.ones(len(instance.sites))
        self.table = csr_matrix((ones, instance.sites, instance.start), (instance.n_rows, instance.n_sites))
        # Sites that share rows stand next to each other in this order; a row belongs to its first site in it.
        order = reverse_cuthill_mckee((self.table.T @ self.table).tocsr(), symmetric_mode=True)
        place = np.empty(instance.n_sites, np.int64)
        place[order] = np.arange(instance.n_sites)
        first = np.minimum.reduceat(place[instance.sites], instance.start[:-1])
        self.group = first * GROUPS // instance.n_sites
        self.weighted = csr_matrix((instance.weights[self.row()], instance.sites, instance.start), self.table.shape)
        ones = np.ones(instance.n_rows)
        self.by_group = csr_matrix((ones, (self.group, np.arange(instance.n_rows))), (GROUPS, instance.n_rows))

    def row(self):
        return self.instance.row_of_pair()

    def value(self, x):
        """By group: the weight covered by x, parts of sites counted in part."""
        return self.by_group @ (self.instance.weights * np.minimum(self.table @ x, 1.0))

    def cuts(self, x):
        """By group: the constant and the coefficients of the cut at x."""
        full = self.table @ x >= 1.0 - 1e-9
        constant = self.by_group @ (self.instance.weights * full)
        slopes = self.by_group @ self.weighted.multiply((~full).astype(float)[:, None]).tocsr()
        return constant, slopes.tocsr()


class Master:
    def __init__(self, cover, p, threads):
        n = cover.instance.n_sites
        self.n, self.cover = n, cover
        self.highs = highspy.Highs()
        for name, value in (("output_flag", False), ("threads", threads), ("mip_rel_gap", 1e-6)):
            self.highs.setOptionValue(name, value)
        total = cover.by_group @ cover.instance.weights
        for s in range(n):
            self.highs.addVar(0.0, 1.0)
        for g in range(GROUPS):
            self.highs.addVar(0.0, float(total[g]))
            self.highs.changeColCost(n + g, 1.0)
        self.highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
        self.highs.addRow(-INF, float(p), n, np.arange(n, dtype=np.int32), np.ones(n))

    def add(self, at, answer):
        """Adds the cuts at one point that cut another off; returns how many."""
        constant, slopes = self.cover.cuts(at)
        x, theta = answer[: self.n], answer[self.n :]
        value, added = constant + slopes @ x, 0
        for g in np.flatnonzero(theta > value + 1e-6 * np.maximum(1.0, value)):
            row = slopes.getrow(g)
            index = np.append(row.indices, self.n + g).astype(np.int32)
            self.highs.addRow(-INF, float(constant[g]), len(index), index, np.append(-row.data, 1.0))
            added += 1
        return added

    def solve(self, seconds):
        self.highs.setOptionValue("time_limit", max(seconds, 0.1))  # of this one run
        self.highs.run()
        info = self.highs.getInfo()
        values = np.array(self.highs.getSolution().col_value)
        return self.highs.getModelStatus(), info, values


def rounded(x, p):
    """The p sites with the largest parts."""
    best = np.zeros(len(x))
    best[np.argsort(-x, kind="stable")[:p]] = 1.0
    return best


def solve(instance, p, threads, deadline):
    cover = Cover(instance)
    master, n = Master(cover, p, threads), instance.n_sites
    best, best_x = -1.0, None

    def offer(x):
        nonlocal best, best_x
        value = float(cover.value(x).sum())
        if value > best:
            best, best_x = value, x

    core, bound, rounds = np.full(n, min(p / n, 1.0)), float(instance.weights.sum()), 0
    master.add(core, np.append(core, np.full(GROUPS, np.inf)))
    # The linear master: cuts half way between its answer and the core point; where those cut nothing off, at the answer.
    while time.perf_counter() < deadline:
        status, _, answer = master.solve(deadline - time.perf_counter())
        if status != highspy.HighsModelStatus.kOptimal:
            break
        bound, rounds = min(bound, float(answer[n:].sum())), rounds + 1
        x = answer[:n]
        offer(rounded(x, p))
        core = 0.5 * core + 0.5 * x
        if not master.add(core, answer) and not master.add(x, answer):
            break
    linear = bound
    # The whole master, again and again: its bound holds, its answer gets cuts.
    for s in range(n):
        master.highs.changeColIntegrality(s, highspy.HighsVarType.kInteger)
    status = "time limit"
    while time.perf_counter() < deadline:
        state, info, answer = master.solve(deadline - time.perf_counter())
        if np.isfinite(info.mip_dual_bound):
            bound = min(bound, float(info.mip_dual_bound))
        if info.primal_solution_status != 2:
            break
        rounds += 1
        x = np.round(answer[:n])
        offer(x)
        new = master.add(x, np.append(x, answer[n:]))
        if bound - best <= 1e-6 * max(bound, 1.0):
            status = "optimal"
            break
        if not new and state == highspy.HighsModelStatus.kOptimal:
            status = "optimal within 1e-6"
            break
    chosen = None if best_x is None else [instance.ids[k] for k in np.flatnonzero(best_x > 0.5)]
    told = {"rounds": rounds, "linear_bound": linear, "cuts": master.highs.getNumRow() - 1}
    return {"objective": best, "bound": max(bound, best), "status": status, "chosen": chosen, "told": told}
