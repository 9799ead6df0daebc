"""Runs gandan's bench `peers` and every peer on the same files, and writes table.md and table.json.

python benches/peers/compare.py [--out DIR] [--profile bench] [--binary FILE] [--repeat N] [--only hanoi] ...
"""

import argparse
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

# One thread for the peers that take more: gandan's searches are measured on one too.
os.environ["OMP_NUM_THREADS"] = "1"

sys.path.insert(0, str(Path(__file__).parent))

import lines
import trips
from common import ROOT, Export, build, machine

PATCHY = "hanoi/roads-core-with-patchy-alleys.osm.pbf"
FILES = {
    "hanoi": ("Hà Nội core", "hanoi/roads-core-13-districts.osm.pbf", "hanoi/post-offices.csv"),
    "porto": ("Porto", "bench/porto_portugal.osm.pbf", None),
    "rhine-neckar": ("Rhine-Neckar", "bench/rhine-neckar.osm.pbf", None),
}
PEERS = ["osmium", "scipy", "networkit", "igraph", "pandana", "osrm-bindings", "pyvalhalla"]


def main():
    options = arguments()
    shared = Path(os.environ.get("GANDAN_SHARED", ROOT.parent / "shared")) / "data"
    binary = options.binary or build(options.profile)
    options.out.mkdir(parents=True, exist_ok=True)
    results = {"machine": machine(), "versions": {p: version(p) for p in PEERS}, "files": {}}
    text = [f"Machine: {results['machine']}. Peers: " + ", ".join(f"{p} {v}" for p, v in results["versions"].items())]
    for key, (name, pbf, sites) in FILES.items():
        if options.only and key not in options.only:
            continue
        if not (shared / pbf).is_file():
            print(f"skipped: {shared / pbf} is not there (set GANDAN_SHARED)", file=sys.stderr)
            continue
        table, facts = one_file(options, binary, shared / pbf, sites and shared / sites, options.out / key)
        text += [f"## {name}", describe(facts), markdown(table)]
        results["files"][key] = {"facts": facts, "lines": [vars(line) for line in table]}
        write(options.out, text, results)
    if not results["files"]:
        print("nothing to compare", file=sys.stderr)
        return
    if "hanoi" in results["files"] and not {"osrm", "valhalla"} & set(options.skip):
        all_trips(text, results, options, binary, shared)
    write(options.out, text, results)
    print((options.out / "table.md").read_text())


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "target" / "peers", help="folder of the tables and exports")
    parser.add_argument("--profile", default="bench", help="cargo profile of gandan's side")
    parser.add_argument("--binary", type=Path, help="a bench binary built before, instead of building one")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each work of which the fastest counts")
    parser.add_argument("--sources", type=int, default=200, help="sources of the check against scipy")
    parser.add_argument("--only", action="append", choices=list(FILES), help="only this file (may be repeated)")
    peers = ["networkit", "igraph", "pandana", "osrm", "valhalla"]
    parser.add_argument("--skip", action="append", default=[], choices=peers, help="leave a peer out")
    options = parser.parse_args()
    options.out = options.out.resolve()
    return options


def one_file(options, binary, pbf, sites, folder):
    folder.mkdir(parents=True, exist_ok=True)
    command = [binary, pbf, folder, "--repeat", str(options.repeat), "--sources", str(options.sources)]
    command += ["--sites", sites] if sites else []
    lines.say(f"gandan on {pbf.name}")
    own = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    export = Export(pbf, folder, own, is_core=folder.name == "hanoi")
    found = [*lines.reading(options, export), *lines.searching(options, export)]
    if "osrm" not in options.skip:
        found += lines.osrm_lines(options, export)
    if "pandana" not in options.skip:
        found += lines.pandana_lines(options, export)
    found += [
        *lines.isochrone_lines(options, export),
        *lines.correctness(options, export),
        *lines.memory(export),
    ]
    for file in folder.glob("times_*.u32"):
        file.unlink()  # up to some hundred MB
    return found, own


def all_trips(text, results, options, binary, shared):
    results["trips"] = {}
    core = FILES["hanoi"][1]
    for key, title, pbf, mode in (
        ("core", "motorcycle", core, "motorcycle"),
        (
            "alleys",
            "motorcycle, on the extract with the alleys of some wards and the bridge Long Biên",
            PATCHY,
            "motorcycle",
        ),
        ("car", "car", core, "car"),
    ):
        if (shared / pbf).is_file():
            lines.say(f"trips, {title}")
            rows = trips.compare(binary, shared / pbf, options.out / f"trips_{key}", mode)
            text += [f"## Trips across the bridges of Hà Nội, {title}", trips.markdown(rows)]
            results["trips"][key] = rows


def describe(own):
    return (
        f"{own['junctions']:,} junctions ({own['main_junctions']:,} in the main component), {own['arcs']:,} arcs; "
        f"{own['sites']} sites, {own['real_sites']} of them real, {own['cells']:,} cells. Ratio: peer over gandan."
    )


def markdown(table):
    rows = [["work", "gandan", "peer", "ratio", "bar", ""], ["---"] * 6, *(line.cells() for line in table)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def write(out, text, results):
    (out / "table.md").write_text("\n\n".join(text) + "\n")
    (out / "table.json").write_text(json.dumps(results, indent=1, ensure_ascii=False, default=str) + "\n")


if __name__ == "__main__":
    main()
