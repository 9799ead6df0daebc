"""Runs `gandan optimise` and its peers on the same covering problems, one after the other, and writes optimise.md.

python benches/peers/optimise.py --gandan FILE [--cases NAME,…] [--time-limit S] [--repeat N] [--core RUN] [--out DIR]

Every run is a process of its own with a time limit and its peak memory. A peer that fails, is missing or had to be
stopped says so in its line. Exit code 1 when a bar is missed or an answer is not worth what it says.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

# Nothing large is loaded here: a child's peak memory counts from what its parent holds.
from cover_cases import CASES, MADE, SEED, Case, beside_spopt, gap, proven, ratio

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORKER = HERE / "cover_peers.py"
# What is beyond its limit by a quarter and this is stopped from outside.
PATIENCE_S = 60
# Runs longer than this are not repeated.
SHORT_S = 20


def main():
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    facts = child([sys.executable, WORKER, "facts"], 120)["answer"] or {}
    report = Report(options.out, facts, options.time_limit)
    for case in CASES:
        if options.cases is None or case.name in options.cases:
            folder = instance(options, case.folder)
            if folder is None:
                report.skip(case.name, f"{case.folder} is not there (set GANDAN_SHARED)")
            else:
                one_case(options, report, case, folder)
    if options.cases is None or "memory" in options.cases:
        memory(options, report)
    if options.core:
        core(options, report)
    print((options.out / "optimise.md").read_text())
    sys.exit(bool(report.missed))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gandan", type=Path, required=True, help="the program, of an optimised build")
    parser.add_argument("--bench", type=Path, help="the bench `peers` as built before; else it is built when needed")
    parser.add_argument("--profile", default="bench", help="cargo profile with which the bench is built")
    parser.add_argument("--cases", type=lambda t: t.split(","), help="only these, `memory` among them")
    parser.add_argument("--time-limit", type=float, help="the most seconds for any run, gandan's too")
    parser.add_argument("--threads", type=int, default=1, help="threads of every solver")
    parser.add_argument("--repeat", type=int, default=1, help=f"runs of which the fastest counts, if under {SHORT_S} s")
    parser.add_argument("--core", type=Path, help="a folder that `gandan plan` wrote: its phases beside spopt")
    parser.add_argument("--skip", action="append", default=[], help="leave a peer out (may be repeated)")
    parser.add_argument("--out", type=Path, default=ROOT / "target" / "peers", help="folder of the table and instances")
    options = parser.parse_args()
    names = {case.name for case in CASES} | {"memory", "none"}
    if unknown := set(options.cases or []) - names:
        parser.error(f"no case {', '.join(sorted(unknown))}; there are: {', '.join(sorted(names))}")
    options.out, options.gandan = options.out.resolve(), options.gandan.resolve()
    return options


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def child(command, limit_s):
    """Runs a command: its JSON, its wall-clock seconds, its peak memory in MiB, and why it failed if it did."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begun = time.perf_counter()
        try:
            process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        except OSError as error:
            return {"answer": None, "wall_s": 0.0, "peak_mib": None, "why": f"cannot be run: {error}"}
        stopped = False
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if not stopped and time.perf_counter() - begun > limit_s:
                process.kill()
                stopped = True
            time.sleep(0.01)
        wall_s = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        text, trouble = out.read().decode(errors="replace"), err.read().decode(errors="replace")
    # Linux counts in KiB, macOS in bytes.
    peak_mib = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1024)
    done = {"answer": None, "wall_s": wall_s, "peak_mib": peak_mib, "why": None}
    if stopped:
        return done | {"why": f"stopped from outside after {wall_s:.0f} s without an answer"}
    if process.returncode:
        lines = [line.strip() for line in trouble.splitlines() if line.strip()]
        code = process.returncode
        what = "no memory left, or stopped by the system" if code == -9 else f"exit code {code}"
        return done | {"why": f"failed: {what}; {lines[-1][:160] if lines else 'no message'}"}
    try:
        return done | {"answer": json.loads(text)}
    except json.JSONDecodeError:
        return done | {"why": "failed: its answer is no JSON"}


def repeated(options, run):
    """The fastest of several runs, for those that take little."""
    best = run()
    for _ in range(options.repeat - 1):
        if best.get("seconds") is None or best["seconds"] > SHORT_S:
            break
        other = run()
        if other.get("seconds") is not None and other["seconds"] < best["seconds"]:
            best = other
    return best


def instance(options, name):
    """The folder of an instance: a shared one, or one made now."""
    if name not in MADE:
        folder = Path(os.environ.get("GANDAN_SHARED", ROOT.parent / "shared")) / "data" / "bench" / "coverage" / name
        return folder if folder.is_dir() else None
    folder = options.out / "instances" / name
    arguments = [a for a in MADE[name] if a != "+"]
    if not (folder / "synth.json").is_file():
        done = child([options.gandan, "synth", *arguments, "--seed", SEED, "--out", folder], 600)
        if done["why"]:
            raise SystemExit(f"gandan synth: {done['why']}")
    if "+" in MADE[name]:
        done = child([sys.executable, WORKER, "all-pairs", folder, folder / "all-pairs"], 600)
        if done["why"]:
            raise SystemExit(f"all pairs of {name}: {done['why']}")
        return folder / "all-pairs"
    return folder


def limited(options, limit_s):
    return min(limit_s, options.time_limit) if options.time_limit else limit_s


def gandan(options, case, folder, limit_s):
    limit_s = limited(options, limit_s)
    if case.objective == "phases":
        command = [bench(options), "cover", folder, "--phases", ",".join(map(str, case.p))]
        command += ["--time-limit", limit_s, "--threads", options.threads]
    else:
        command = [options.gandan, "optimise", "--objective", case.objective, "--time-limit", limit_s]
        command += ["--solver-threads", options.threads, *(["--p", case.p[0]] if case.p else [])]
        for table in ("rows", "pairs", "sites"):
            command += [f"--{table}", folder / f"{table}.parquet"]
    done = child(command, 1.25 * limit_s + PATIENCE_S)
    answer = done.pop("answer") or {}
    answer = answer.get("phases", answer)
    if answer:
        answer["seconds"] = answer["times"]["min_s"] if "times" in answer else answer["time_s"]
        answer |= judged(folder, case.objective, answer["chosen"])
    return {k: answer.get(k) for k in KEPT} | done


KEPT = ("objective", "bound", "status", "seconds", "read_s", "checked", "told", "chosen", "covered")


def judged(folder, objective, chosen):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(chosen, file)
        file.flush()
        done = child([sys.executable, WORKER, "judge", folder, objective, "--chosen", file.name], 300)
    return done["answer"] or {"checked": None}


def peer(options, case, folder, name, limit_s):
    limit_s = limited(options, limit_s)
    command = [sys.executable, WORKER, name, folder, case.objective, "--time-limit", limit_s]
    command += ["--threads", options.threads, *(["--p", ",".join(map(str, case.p))] if case.p else [])]
    done = child(command, 1.25 * limit_s + PATIENCE_S)
    answer = done.pop("answer") or {}
    return {k: answer.get(k) for k in KEPT} | done


def one_case(options, report, case, folder, told=""):
    own = {}
    for limit_s in case.limits:
        say(f"{case.name}: gandan, {limited(options, limit_s):g} s")
        own[limit_s] = repeated(options, lambda: gandan(options, case, folder, limit_s))
        if proven(own[limit_s]):
            # A later limit finds the same.
            own |= {later: own[limit_s] for later in case.limits if later > limit_s}
            break
    peers = {}
    for name, limit_s in case.peers.items():
        if name not in options.skip:
            say(f"{case.name}: {name}, {limited(options, limit_s):g} s")
            peers[name] = repeated(options, lambda: peer(options, case, folder, name, limit_s))
    report.case(case, own, peers, told)
    return own, peers


def bench(options):
    if options.bench is None:
        say("building the bench `peers`")
        command = [sys.executable, "-c", f"from common import build; print(build({options.profile!r}))"]
        built = subprocess.run(command, cwd=HERE, check=True, stdout=subprocess.PIPE, text=True)
        options.bench = Path(built.stdout.splitlines()[-1])
    return options.bench


def memory(options, report):
    lines = []
    for name in ("net150", "net300", "net1000"):
        folder = instance(options, name)
        done = child([bench(options), "cover", folder], 300) if folder else {"answer": None, "why": "not there"}
        own = done["answer"]
        if own is None:
            lines.append([name, done["why"], *[""] * 4])
            continue
        a_pair = own["cover_table_bytes"] / own["pairs"]
        verdict = "reached" if a_pair <= 16 else "**missed**"
        peak = f"{done['peak_mib']:,.0f}"
        lines.append([name, f"{own['rows']:,}", f"{own['pairs']:,}", f"{a_pair:.2f}", verdict, peak])
        if a_pair > 16:
            report.missed.append(f"memory: {name}")
    head = ["instance", "rows", "pairs", "bytes a pair", "≤ 16", "peak MiB of a process that reads it"]
    report.section("Memory of the cover table", head, lines)


PROBLEMS = {"most-people": "max-cover", "fewest-for-all": "set-cover"}
CORE_LIMIT_S = 300


def core(options, report):
    """The phases of a run, each alone, on all demand rows and on one mode's: gandan and spopt."""
    for mode in (None, "motorcycle"):
        folder = options.out / "instances" / f"core-{mode or 'all'}"
        command = [sys.executable, WORKER, "from-run", options.core.resolve(), folder]
        done = child([*command, *(["--mode", mode] if mode else [])], 300)
        if done["why"]:
            report.skip("core", done["why"])
            return
        facts = done["answer"]
        runs = {}
        for phase in facts["phases"]:
            name = f"core-{mode or 'all-modes'}-phase{phase['phase']}"
            objective = PROBLEMS.get(phase["opens"])
            if objective is None or phase["scope"]:
                where = ", only in a part of the area" if phase["scope"] else ""
                report.skip(name, f"not compared: it opens {phase['opens']}{where}")
                continue
            p = (min(phase["agents"], facts["sites"]),) if objective == "max-cover" else ()
            solvers = {s: CORE_LIMIT_S for s in ("spopt-cbc", "spopt-highs") if s not in options.skip}
            judge = beside_spopt(40, objective == "set-cover")
            bar = "as good as spopt, ≥ 40 × faster"
            case = Case(name, folder.name, objective, p, (CORE_LIMIT_S,), solvers, bar, judge)
            own, peers = one_case(options, report, case, folder, run_told(phase) if mode is None else "")
            for who, result in {"gandan, each phase alone": own[CORE_LIMIT_S], **peers}.items():
                runs.setdefault(who, []).append(result)
        stage(report, facts, runs, mode)


def stage(report, facts, runs, mode):
    """All phases together: what the run's own stage took (with every mode only), and what each solver took."""
    whole = facts["optimise_s"] if mode is None else None
    lines = []
    if whole:
        lines.append(["gandan plan, its stage `optimise`: all phases as one", seconds(whole), "1", ""])
        if whole > 2.0:
            report.missed.append("core: the stage `optimise` took more than 2 s")
    for who, results in runs.items():
        if any(r["seconds"] is None for r in results):
            lines.append([who, "not all solved", "", ""])
            continue
        total, all_proven = sum(r["seconds"] for r in results), all(proven(r) for r in results)
        times = f"{'' if all_proven else '≥ '}{total / whole:.1f}" if whole else ""
        lines.append([who, seconds(total), times, "yes" if all_proven else "no"])
        if whole and who.startswith("spopt") and all_proven and total < 40 * whole:
            report.missed.append(f"core: the stage `optimise` is not 40 × faster than {who}")
    name = mode or "all modes"
    title = f"The run's phases, {name}: {facts['cells']:,} cells, {facts['rows']:,} rows, {facts['sites']} sites"
    report.section(title, ["who", "seconds for all phases", "× gandan's stage", "all proven"], lines)


def run_told(phase):
    parts = [f"{phase['scope_covered_persons']:,.3f} people served by the run"]
    if phase.get("alone_bound") is not None:
        parts.append(f"bound of the phase alone {phase['alone_bound']:,.3f}")
    return "; ".join(parts) + f"; {phase['status']}"


def seconds(value):
    return "" if value is None else f"{value:.3f}" if value < 1 else f"{value:.1f}"


def number(value):
    return "–" if value is None else f"{value:,.3f}".removesuffix(".000")


class Report:
    """The lines so far, written anew after every case, so that nothing is lost when the rest is stopped."""

    def __init__(self, out, facts, cap):
        self.out, self.missed, self.data = out, [], []
        packages = ", ".join(f"{name} {v}" for name, v in facts.get("versions", {}).items())
        self.cap = cap
        self.text = [
            f"Machine: {facts.get('machine', 'not known')}. Peers: {packages}.",
            "Seconds: from the tables in memory to the answer, merging and building the model included; process: the"
            " whole run, with starting and reading. ×: the peer's seconds over gandan's (of its last run), with ≥"
            " where the peer has not proven its answer. Checked: the answer is worth what it says, counted anew on the"
            " raw rows.",
        ]
        if cap:
            self.text.append(f"**No run had more than {cap:g} s (`--time-limit`), whatever the bars ask for.**")

    def case(self, case, own, peers, told=""):
        head = ["who", "objective", "bound", "gap", "status", "seconds", "×", "process s", "peak MiB", "checked"]
        last = own[max(own)]
        lines = [self.line(f"gandan, limit {min(limit, self.cap or limit):g} s" if len(own) > 1 else "gandan", r, r, case) for limit, r in own.items()]
        lines += [self.line(name, r, last, case) for name, r in peers.items()]
        # Two proofs of different answers: one of them is wrong.
        proofs = [r["objective"] for r in (last, *peers.values()) if proven(r)]
        if proofs and max(proofs) - min(proofs) > 1e-6 * max(abs(p) for p in proofs) + 1e-3:
            self.missed.append(f"{case.name}: proven answers differ: {proofs}")
            told = "; ".join([told, "**proven answers differ**"]).strip("; ")
        verdicts = []
        if last.get("objective") is None:
            verdicts = ["gandan: **no answer**"]
            self.missed.append(f"{case.name}: no answer")
        elif case.judge:
            for what, reached in case.judge(own, peers):
                verdicts.append(f"{what}: {'not known' if reached is None else 'reached' if reached else '**missed**'}")
                if reached is False:
                    self.missed.append(f"{case.name}: {what}")
        p = f", p = {', '.join(map(str, case.p))}" if case.p else ""
        title = f"{case.name}: {case.objective} on {case.folder}{p}"
        notes = [f"Bar: {case.bar}. {'; '.join(verdicts)}."] + ([told + "."] if told else [])
        self.data.append({"case": case.name, "gandan": own, "peers": peers, "verdicts": verdicts})
        self.section(title, head, lines, notes)

    def line(self, name, result, own, case):
        if result["why"]:
            peak = "" if result["peak_mib"] is None else f"{result['peak_mib']:,.0f}"
            return [name, result["why"].replace("|", "/"), *[""] * 6, peak, ""]
        times = ratio(own, result)
        share = gap(result)
        worth = result.get("checked")
        claimed = result["objective"]
        if claimed is None:
            good = ""
        elif worth is None:
            good = "**not feasible**"
        elif abs(worth - claimed) <= 1e-6 * max(abs(worth), 1.0):
            good = "yes"
        elif (worth > claimed) == (case.objective in ("max-cover", "phases")) and not proven(result):
            good = f"better: {number(worth)}"  # a solver that was stopped need not have counted all that its sites do
        else:
            good = f"**no: {number(worth)}**"
        if good.startswith("**") and name.startswith("gandan"):
            self.missed.append(f"{case.name}: the answer is worth {worth}, not {claimed}")
        mark = "" if proven(result) or "optimal" in str(result["status"]) else "≥ "
        told = ", ".join(f"{k} {v:,.0f}" for k, v in (result.get("told") or {}).items())
        return [
            name,
            number(claimed),
            number(result["bound"]),
            "–" if share is None else f"{100 * share:.4f} %",
            str(result["status"]) + (f" ({told})" if told else ""),
            seconds(result["seconds"]),
            "" if result is own or times is None else f"{mark}{times:,.1f}",
            f"{result['wall_s']:.1f}",
            f"{result['peak_mib']:,.0f}",
            good,
        ]

    def skip(self, name, why):
        say(f"{name}: skipped: {why}")
        self.text += [f"## {name}", f"Skipped: {why}."]
        self.write()

    def section(self, title, head, lines, notes=()):
        rows = [head, ["---"] * len(head), *lines]
        table = "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)
        self.text += [f"## {title}", table, *notes]
        self.write()

    def write(self):
        missed = [f"**Missed:** {'; '.join(self.missed)}."] if self.missed else []
        (self.out / "optimise.md").write_text("\n\n".join(self.text + missed) + "\n")
        (self.out / "optimise.json").write_text(json.dumps(self.data, indent=1, default=str) + "\n")


if __name__ == "__main__":
    main()
