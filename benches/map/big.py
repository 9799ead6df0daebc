"""The map of 400,000 cells and 1,000 agents: plans the demo city with small cells and many sites, and tells what its map
weighs and what drawing it takes. Needs gandan (built with `cargo build --release`) and Python 3, nothing else.

    python3 benches/map/big.py [--gandan target/release/gandan] [--out /tmp/gandan-big] [--data FILE.b64]

The standard is short (4 minutes or 600 m) so that 1,000 agents have something to do. Nothing in it is true of any place.
"""

import argparse
import csv
import json
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

CELL_M = 60
"""Each cell of the demo city, 232 m wide, is split into 4 by 4; those without a street are left out."""

SHIFTS = [(0.0, 0.0), (0.006, 0.002), (-0.003, 0.006), (-0.005, -0.004)]
"""Where the sites stand that are made of one of the demo city, in degrees from it."""

SCENARIO = """
synthetic = true
attribution = ["Made up: gandan's demo city with 1,000 agents"]

[title]
vi = "Bản đồ lớn: 400.000 ô dân cư, 1.000 đại lý (giả định)"
en = "A large map: 400,000 cells, 1,000 agents (made up)"

[inputs]
roads = "{demo}/roads.osm.pbf"
population = "{demo}/population.tif"
study_area = "{demo}/study_area.geojson"
sites = "sites.csv"
fixed_sites = "fixed.csv"
outside_sites = "leave-out"

[[inputs.boundaries]]
id = "communes"
name = {{ vi = "Xã, phường", en = "Wards and communes" }}
file = "{demo}/communes.geojson"
population = "population"

[population]
cell_m = {cell_m}

[standard]
minutes = 4
radius_km = 0.6

[modes.motorcycle]
share = 1

[solve]
time_limit_s = 10
gap = 0.05
fill_by_travel_time = false

[output]
isochrone_minutes = [2, 4]
"""
PHASE = """
[[phases]]
name = {{ vi = "Giai đoạn {number}", en = "Phase {number}" }}
starts = 2026-0{number}-01
opens = "most-people"
agents = {agents}
"""


def run(gandan: Path, *args: object) -> float:
    """Runs gandan and tells how many seconds it took."""
    began = time.time()
    subprocess.run([gandan, *map(str, args)], check=True)
    return time.time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gandan", type=Path, default=Path("target/release/gandan"))
    parser.add_argument("--out", type=Path, default=Path("/tmp/gandan-big"))
    parser.add_argument("--data", type=Path, help="also write the data of the map alone")
    args = parser.parse_args()
    city, plan = args.out / "city", args.out / "run"
    city.mkdir(parents=True, exist_ok=True)

    demo = Path(__file__).resolve().parents[2] / "data/demo"
    with open(demo / "sites.csv", encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    # Three in four stand already, so that the plan comes to 1,000 whatever the others could still add.
    for name, shifts in [("fixed.csv", SHIFTS[:3]), ("sites.csv", SHIFTS[3:])]:
        with open(city / name, "w", encoding="utf-8", newline="") as file:
            write = csv.writer(file)
            write.writerow(table[0])
            for site in table[1:]:
                for number, (east, north) in enumerate(shifts):
                    at = [f"{float(site[2]) + east:.6f}", f"{float(site[3]) + north:.6f}"]
                    write.writerow([f"{site[0]}-{name[0]}{number}", f"{site[1]} {number}", *at, *site[4:]])
    scenario = SCENARIO.format(demo=demo, cell_m=CELL_M)
    phases = [PHASE.format(number=i, agents=n) for i, n in enumerate([920, 950, 975, 1000], start=1)]
    (city / "big.toml").write_text(scenario + "".join(phases), encoding="utf-8")

    run(args.gandan, "plan", city / "big.toml", "--out", plan, "--force")
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    page = args.out / "map.html"
    seconds = run(args.gandan, "map", plan, "--out", page, "--force")
    text = page.read_text(encoding="utf-8")
    data = re.search(r'id="gandan-run"[^>]*>([A-Za-z0-9+/=]*)<', text)
    if data is None:
        sys.exit("the page does not hold the data of a run")
    if args.data:
        args.data.write_text(data[1])
    told = {
        "cells_parquet_mib": (plan / "cells.parquet").stat().st_size / 2**20,
        "page_mib": len(text.encode()) / 2**20,
        "data_mib": len(data[1]) / 2**20,
        "draw_s": seconds,
        "peak_of_plan_mib": before / 1024,
    }
    print(json.dumps({name: round(value, 2) for name, value in told.items()}, indent=2))


if __name__ == "__main__":
    main()
