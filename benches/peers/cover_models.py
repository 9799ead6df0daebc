"""Exact models in HiGHS for the problems of `gandan optimise`, and what they found."""

import time

import highspy
import numpy as np


class Model:
    """Columns and rows put together from arrays."""

    def __init__(self, sense):
        self.sense = sense
        self.costs, self.lower, self.upper, self.whole = [], [], [], []
        self.n_columns = 0
        self.row_lower, self.row_upper, self.lengths, self.index, self.value = [], [], [], [], []

    def columns(self, costs, upper=1.0, whole=False, lower=0.0):
        """Adds columns and returns the number of the first."""
        first, n = self.n_columns, len(costs)
        self.costs.append(np.asarray(costs, float))
        self.lower.append(np.broadcast_to(np.asarray(lower, float), n))
        self.upper.append(np.broadcast_to(np.asarray(upper, float), n))
        self.whole.append(np.full(n, whole))
        self.n_columns += n
        return first

    def rows(self, lengths, index, value, lower=-np.inf, upper=np.inf):
        """Adds rows one after the other: row k takes the next lengths[k] entries."""
        n = len(lengths)
        self.lengths.append(np.asarray(lengths, np.int64))
        self.index.append(np.asarray(index, np.int64))
        self.value.append(np.broadcast_to(np.asarray(value, float), len(index)))
        self.row_lower.append(np.broadcast_to(np.asarray(lower, float), n))
        self.row_upper.append(np.broadcast_to(np.asarray(upper, float), n))

    def linked(self, start, sites, first_site, columns):
        """Rows y ≤ Σ x over each row's sites, for the columns y."""
        counts = np.diff(start)
        at = np.repeat(np.arange(len(counts)), counts)
        order = np.argsort(np.concatenate([np.arange(len(counts)), at]), kind="stable")
        index = np.concatenate([columns, first_site + sites])[order]
        value = np.concatenate([np.ones(len(counts)), -np.ones(len(sites))])[order]
        self.rows(counts + 1, index, value, upper=0.0)

    def build(self, threads, time_limit):
        lp = highspy.HighsLp()
        join = lambda parts, kind: np.concatenate(parts).astype(kind) if parts else np.zeros(0, kind)
        lp.num_col_, lp.num_row_ = self.n_columns, sum(len(r) for r in self.lengths)
        lp.sense_ = highspy.ObjSense.kMaximize if self.sense == "max" else highspy.ObjSense.kMinimize
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = (
            join(self.costs, float),
            join(self.lower, float),
            join(self.upper, float),
        )
        lp.row_lower_, lp.row_upper_ = join(self.row_lower, float), join(self.row_upper, float)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = lp.num_col_, lp.num_row_
        lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(join(self.lengths, np.int64))]).astype(np.int32)
        lp.a_matrix_.index_, lp.a_matrix_.value_ = join(self.index, np.int32), join(self.value, float)
        kinds = np.array([highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger], object)
        lp.integrality_ = list(kinds[join(self.whole, np.int64)])
        solver = highspy.Highs()
        for name, value in (
            ("output_flag", False),
            ("threads", threads),
            ("time_limit", max(time_limit, 0.1)),
            ("mip_rel_gap", 0.0),
            ("mip_abs_gap", 1e-6),
        ):
            solver.setOptionValue(name, value)
        solver.passModel(lp)
        return solver


def solve(model, threads, deadline):
    """Objective, bound, status and values; the objective is none where no plan was found."""
    solver = model.build(threads, deadline - time.perf_counter())
    solver.run()
    info, status = solver.getInfo(), solver.getModelStatus()
    found = info.primal_solution_status == 2  # feasible
    proven = status == highspy.HighsModelStatus.kOptimal
    bound = info.mip_dual_bound
    if proven and not np.isfinite(bound):
        bound = info.objective_function_value  # a model without branching has no dual bound of its own
    values = np.array(solver.getSolution().col_value) if found else None
    return {
        "objective": info.objective_function_value if found else None,
        "bound": float(bound) if np.isfinite(bound) else None,
        "status": "optimal" if proven else solver.modelStatusToString(status).lower(),
    }, values


def chosen(instance, values):
    return [instance.ids[k] for k in np.flatnonzero(values[: instance.n_sites] > 0.5)]


def max_cover(instance, p, threads, deadline):
    model = Model("max")
    model.columns(np.zeros(instance.n_sites), whole=True)
    first = model.columns(instance.weights)
    model.linked(instance.start, instance.sites, 0, first + np.arange(instance.n_rows))
    model.rows([instance.n_sites], np.arange(instance.n_sites), 1.0, upper=p)
    answer, values = solve(model, threads, deadline)
    return answer | {"chosen": None if values is None else chosen(instance, values)}


def set_cover(instance, threads, deadline):
    instance = instance.keep(instance.coverable())
    model = Model("min")
    model.columns(instance.site_costs, whole=True)
    model.rows(np.diff(instance.start), instance.sites, 1.0, lower=1.0)
    answer, values = solve(model, threads, deadline)
    return answer | {"chosen": None if values is None else chosen(instance, values)}


def p_median(instance, p, threads, deadline):
    """The classical model: each row goes to one site that is open."""
    instance = instance.keep(instance.coverable())
    model, row = Model("min"), instance.row_of_pair()
    model.columns(np.zeros(instance.n_sites), whole=True)
    first = model.columns(instance.weights[row] * instance.pair_costs)
    pairs = first + np.arange(len(row))
    model.rows(np.diff(instance.start), pairs, 1.0, lower=1.0, upper=1.0)
    index = np.column_stack([pairs, instance.sites]).ravel()
    model.rows(np.full(len(row), 2), index, np.tile([1.0, -1.0], len(row)), upper=0.0)
    model.rows([instance.n_sites], np.arange(instance.n_sites), 1.0, upper=p)
    answer, values = solve(model, threads, deadline)
    return answer | {"chosen": None if values is None else chosen(instance, values)}


def phases(instance, totals, threads, deadline):
    """Nested covering: a site that is open stays open; the sum over the phases of who is covered."""
    model, n = Model("max"), instance.n_sites
    sites = [model.columns(np.zeros(n), whole=True) for _ in totals]
    for t, p in enumerate(totals):
        first = model.columns(instance.weights)
        model.linked(instance.start, instance.sites, sites[t], first + np.arange(instance.n_rows))
        model.rows([n], sites[t] + np.arange(n), 1.0, upper=p)
        if t:
            index = np.column_stack([sites[t] + np.arange(n), sites[t - 1] + np.arange(n)]).ravel()
            model.rows(np.full(n, 2), index, np.tile([1.0, -1.0], n), lower=0.0)
    answer, values = solve(model, threads, deadline)
    if values is not None:
        answer["chosen"] = [chosen(instance, values[first : first + n]) for first in sites]
    return answer
