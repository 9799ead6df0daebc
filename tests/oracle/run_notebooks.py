"""Runs the code of every notebook on a finished run and keeps its pictures.

    python run_notebooks.py RUN PICTURES
"""

import json
import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def main() -> int:
    run, pictures = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    os.environ["GANDAN_RUN"] = str(run)
    pictures.mkdir(parents=True, exist_ok=True)
    notebooks = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
    for notebook in notebooks:
        cells = [c for c in json.loads(notebook.read_text())["cells"] if c["cell_type"] == "code"]
        assert all(not c["outputs"] for c in cells), f"{notebook.name} holds outputs; strip them"
        names: dict = {}
        for cell in cells:
            exec(compile("".join(cell["source"]), notebook.name, "exec"), names)
        for number in plt.get_fignums():
            plt.figure(number).savefig(pictures / f"{notebook.stem}-{number}.png", dpi=80, bbox_inches="tight")
        print(f"ok     {notebook.name}: {len(cells)} cells, {len(plt.get_fignums())} pictures")
        plt.close("all")
    print(f"{len(notebooks)} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
