"""The cases of `optimise.py`: which problem, which peers, how long, and what gandan has to reach."""

from dataclasses import dataclass, field


@dataclass
class Case:
    name: str
    folder: str  # a shared instance, or one that `gandan synth` makes: see MADE
    objective: str
    p: tuple = ()
    # Limits of gandan's runs in seconds, the last of which is compared with the peers; then peers and their limits.
    limits: tuple = (300,)
    peers: dict = field(default_factory=dict)
    bar: str = ""
    # From gandan's runs by limit and the peers' results to the bars: text and whether it is reached (none: not known).
    judge: object = None


# Arguments of `gandan synth`; "+" adds the costs of all pairs for p-median.
MADE = {
    "net575": ["--cover-sites", "575"],
    "net1000": ["--cover-sites", "1000"],
    "dense1000": ["--cover-sites", "1000", "--dense"],
    "small": ["--cover-sites", "100", "--cells", "10000"],
    "median10k": ["--cover-sites", "100", "--cells", "10000", "+"],
    "median2k": ["--cover-sites", "100", "--cells", "2000", "+"],
}
SEED = "3"


def gap(answer):
    """(bound − objective) over the larger of both, for either direction; none where one is not known."""
    if not answer or answer.get("objective") is None or answer.get("bound") is None:
        return None
    objective, bound = answer["objective"], answer["bound"]
    return abs(bound - objective) / max(abs(bound), abs(objective), 1e-12)


def proven(answer):
    return bool(answer) and answer.get("status") == "optimal" and (gap(answer) or 0.0) <= 1e-9


def ratio(own, peer):
    """The peer's seconds over gandan's; for a peer that was stopped from outside, the least that it can be."""
    if not own or not peer or not own.get("seconds"):
        return None
    peer_s = peer.get("seconds") or (peer["wall_s"] if str(peer.get("why")).startswith("stopped") else None)
    return None if peer_s is None else peer_s / own["seconds"]


def faster_than(own, peer, least):
    """Whether the peer takes so many times as long; not known where it was cut short before that."""
    times = ratio(own, peer)
    if times is None or (times < least and not proven(peer)):
        return None
    return times >= least


def faster(peer_name, least):
    def judge(own, peers):
        last = own[max(own)]
        yield "proven", proven(last)
        yield f"≥ {least} × faster than {peer_name}", faster_than(last, peers.get(peer_name), least)

    return judge


def within(**bars):
    """Largest gap in percent by limit, as s120=0.5; 0 asks for a proof."""

    def judge(own, peers):
        for limit, percent in bars.items():
            answer = own.get(int(limit[1:]))
            reached = None if not answer else proven(answer) if percent == 0 else _within(gap(answer), percent)
            yield f"{'proven' if percent == 0 else f'gap ≤ {percent} %'} in {limit[1:]} s", reached

    return judge


def _within(value, percent):
    return value is not None and value <= percent / 100.0


def cover_bar(own, peers):
    last = own[max(own)]
    best = [peers[name]["objective"] for name in ("cft", "setcoverpy", "ortools") if (peers.get(name) or {}).get("objective")]
    yield "no worse than CFT and its like", None if not best else last["objective"] <= min(best) + 1e-9
    yield "bound within 4 %", (gap(last) or 0.0) <= 0.04 if last else None


def beside_spopt(least, smaller_is_better):
    def judge(own, peers):
        last, sign = own[max(own)], -1.0 if smaller_is_better else 1.0
        yield "proven", proven(last)
        for name in ("spopt-cbc", "spopt-highs"):
            if name in peers:
                theirs = peers[name].get("objective")
                good = None if theirs is None else sign * (last["objective"] - theirs) >= -1e-6 * max(abs(theirs), 1.0)
                yield f"as good as {name}", good
                yield f"≥ {least} × faster than {name}", faster_than(last, peers[name], least)

    return judge


def phases_bar(own, peers):
    last = own[max(own)]
    yield "proven in 3 s", proven(last) and last["seconds"] <= 3.0


CASES = [
    Case("net150-p32", "net150", "max-cover", (32,), (60,), {"highs-naive": 300, "highs-merged": 300},
         "proven, ≥ 100 × faster than the naive model", faster("highs-naive", 100)),
    *(
        Case(f"net300-p{p}", "net300", "max-cover", (p,), (300,), {"highs-merged": 300},
             "proven, ≥ 2 × faster than HiGHS on merged rows", faster("highs-merged", 2))
        for p in (10, 100, 126)
    ),
    Case("net300-p32", "net300", "max-cover", (32,), (120, 600), {"highs-merged": 240, "benders": 200},
         "gap ≤ 0.10 % in 120 s, proven in 600 s", within(s120=0.10, s600=0)),
    *(
        Case(f"net{n}-p{p}", f"net{n}", "max-cover", (p,), (120,), {"highs-merged": 120, "benders": 120},
             f"gap ≤ {most} % in 120 s", within(s120=most))
        for n in (575, 1000)
        for p, most in ((32, 0.5), (100, 0.01))
    ),
    Case("lscp-net150", "net150", "set-cover", (), (60,), {"highs-naive": 120, "highs-merged": 120}, "proven",
         faster("highs-merged", 1)),
    Case("lscp-net300", "net300", "set-cover", (), (60,), {"highs-naive": 120, "highs-merged": 120}, "proven",
         faster("highs-merged", 1)),
    Case("lscp-dense1000", "dense1000", "set-cover", (), (120,),
         {"cft": 120, "setcoverpy": 120, "ortools": 120, "highs-reduced": 120, "cp-sat": 120},
         "no worse than CFT, bound within 4 % in 120 s", cover_bar),
    Case("phases-net150", "net150", "phases", (32, 64, 100), (60,), {"highs-merged": 120}, "proven in 3 s", phases_bar),
    Case("small-p32", "small", "max-cover", (32,), (60,), {"spopt-cbc": 300, "spopt-highs": 300, "highs-naive": 300},
         "≥ 40 × faster than spopt", beside_spopt(40, False)),
    Case("small-lscp", "small", "set-cover", (), (60,), {"spopt-cbc": 300, "spopt-highs": 300, "highs-naive": 300},
         "≥ 40 × faster than spopt", beside_spopt(40, True)),
    Case("median2k-p10", "median2k", "p-median", (10,), (120,),
         {"spopt-cbc": 300, "spopt-highs": 300, "highs-naive": 300}, "≥ 40 × faster than spopt", beside_spopt(40, True)),
    Case("median10k-p10", "median10k", "p-median", (10,), (120,),
         {"spopt-cbc": 300, "spopt-highs": 300, "highs-naive": 300}, "≥ 40 × faster than spopt", beside_spopt(40, True)),
]  # fmt: skip
