"""Runs the code of every notebook on a finished run and keeps its pictures.

    python run_notebooks.py RUN PICTURES [SECOND_RUN]

A notebook that compares two runs needs SECOND_RUN; without it, it must say so and is counted as left out. Ends with
"N passed, N failed" and exit code 1 where a cell failed or a picture is empty.
"""

import json
import os
import sys
import traceback
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def stripped(notebook: Path) -> list:
    """The code of a notebook, which must hold no outputs."""
    page = json.loads(notebook.read_text())
    assert page["nbformat"] == 4 and len({c["id"] for c in page["cells"]}) == len(page["cells"]), "not nbformat 4.5"
    assert page["cells"][0]["cell_type"] == "markdown", "it must begin with what it is"
    code = [c for c in page["cells"] if c["cell_type"] == "code"]
    assert all(not c["outputs"] and c["execution_count"] is None for c in code), "it holds outputs; strip them"
    return ["".join(c["source"]) for c in code]


def run_one(notebook: Path, pictures: Path) -> str:
    cells = stripped(notebook)
    names: dict = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        exec(compile(cell, f"{notebook.name}, code cell {number}", "exec"), names)
    figures = [plt.figure(number) for number in plt.get_fignums()]
    assert figures, "it draws nothing"
    for number, figure in enumerate(figures, 1):
        drawn = sum(len(a.lines) + len(a.patches) + len(a.collections) for a in figure.axes)
        assert drawn and all(a.get_title(loc="left") or a.get_ylabel() for a in figure.axes), f"picture {number} says nothing"
        figure.savefig(pictures / f"{notebook.stem}-{number}.png", dpi=90, bbox_inches="tight")
    return f"{len(cells)} cells, {len(figures)} pictures"


def main() -> int:
    run, pictures = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    os.environ["GANDAN_RUN"] = str(run)
    os.environ["GANDAN_RUN_B"] = str(Path(sys.argv[3]).resolve()) if len(sys.argv) > 3 else str(run / "none")
    sys.path.insert(0, str(NOTEBOOKS))
    pictures.mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        try:
            print(f"ok     {notebook.name}: {run_one(notebook, pictures)}")
            passed += 1
        except SystemExit as said:
            left_out = len(sys.argv) < 4 and "no second run" in str(said)
            failed += not left_out
            print(f"{'       ' if left_out else 'FAILED '}{notebook.name}: {said}")
        except Exception:
            failed += 1
            traceback.print_exc()
            print(f"FAILED {notebook.name}")
        plt.close("all")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
