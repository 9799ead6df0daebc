"""Peers that search a graph: osmium (reads only), scipy, networkit, igraph, pandana. One thread each, but osmium."""

import igraph
import networkit as nk
import numpy as np
import osmium
import pandana
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from common import UNREACHED, timed


class Nothing:
    """A handler of relations only: osmium decodes every block and hands over no node and no way."""

    def relation(self, _):
        pass


def osmium_bare_read(pbf, repeat):
    def read():
        reader = osmium.io.Reader(str(pbf))
        osmium.apply(reader, Nothing())
        reader.close()

    return timed(repeat, read)[0]


def reversed_matrix(export, nodes, mode=None):
    """The graph to search from a site: row `to`, column `from`, as scipy wants it (floats hold these numbers exactly)."""
    tail, head, ms = export.arcs(mode)
    return csr_matrix((ms.astype(np.float64), (head, tail)), shape=(nodes, nodes))


def scipy_search(export, sites, limit, repeat):
    """Seconds for all sites together, and how many junctions were reached."""
    graph = reversed_matrix(export, export.own["junctions"])

    def run():
        reached = 0
        for site in sites:
            reached += np.isfinite(dijkstra(graph, indices=site, limit=limit)).sum()
        return int(reached)

    return timed(repeat, run)


def scipy_check(export):
    """Compares gandan's times with scipy's: for each mode (values, values that differ)."""
    sources = export.table("sources")["node"].to_numpy()
    result = {}
    for mode in export.own["modes"]:
        found = export.raw(f"times_{mode}", len(sources))
        graph = reversed_matrix(export, found.shape[1], mode)
        differ = 0
        for i in range(0, len(sources), 10):
            times = dijkstra(graph, indices=sources[i : i + 10])
            expected = np.where(np.isfinite(times), times, UNREACHED)
            differ += int((expected != found[i : i + 10]).sum())
        result[mode] = (found.size, differ)
    return result


def networkit_search(export, sites, repeat):
    """networkit has no cut-off: every junction is reached."""
    nk.setNumberOfThreads(1)
    tail, head, ms = export.arcs()
    n = export.own["junctions"]
    graph = nk.graph.GraphFromCoo((ms.astype(np.float64), (head, tail)), n, weighted=True, directed=True)

    def run():
        for site in sites:
            nk.distance.Dijkstra(graph, int(site), storePaths=False).run()

    return timed(repeat, run)[0]


def igraph_search(export, sites, repeat):
    """igraph has no cut-off: every junction is reached."""
    tail, head, ms = export.arcs()
    graph = igraph.Graph(n=export.own["junctions"], edges=np.column_stack([head, tail]), directed=True)
    weights = ms.tolist()

    def run():
        for site in sites:
            graph.distances(source=int(site), weights=weights, mode="out")

    return timed(repeat, run)[0]


def pandana_nearest(export, sites, repeat):
    """Seconds to build its hierarchy, seconds to ask it, and the share of junctions with gandan's time."""
    nodes = export.table("nodes")
    tail, head, ms = export.arcs()
    # In seconds: pandana keeps thousandths as 32-bit whole numbers, and with milliseconds these overflow.
    weights = pd.DataFrame({"s": ms / 1000})
    tail, head = pd.Series(tail), pd.Series(head)
    build_s, network = timed(
        min(repeat, 2), lambda: pandana.Network(nodes["lon"], nodes["lat"], tail, head, weights, twoway=False)
    )
    places = nodes.iloc[np.asarray(sites)]
    farthest = 10**6

    def ask():
        network.set_pois("sites", farthest, 1, places["lon"], places["lat"])
        return network.nearest_pois(farthest, "sites", num_pois=1)

    ask_s, table = timed(repeat, ask)
    own = export.raw("nearest", 1)[0].astype(np.float64)
    known = own < UNREACHED
    # pandana answers in 32-bit floats.
    same = np.abs(table[1].to_numpy()[known] - own[known] / 1000) < 0.01
    return build_s, ask_s, float(same.mean())


def nearest_check(export, sites):
    """Junctions whose time to the nearest site differs from scipy's."""
    graph = reversed_matrix(export, export.own["junctions"])
    times = dijkstra(graph, indices=sites, min_only=True)
    return int((np.where(np.isfinite(times), times, UNREACHED) != export.raw("nearest", 1)[0]).sum())
