"""Runs one scenario with two builds of gandan, say one for debugging and one for release, and compares the files of the two
runs byte by byte. Of the manifest, threads and the times and memory of stages and proofs are left out.

    cargo build && cargo build --release
    python tests/same_bytes.py target/debug/gandan target/release/gandan [SCENARIO.toml]

Without a scenario both plan the demo city. Ends with 1 where a file differs.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

OF_THE_RUN = ("threads", "stages", "proofs")


def run(binary: str, home: Path, scenario: str | None) -> Path:
    home.mkdir()
    # Inputs are named by their paths: the two runs read theirs from folders of one name, and keep no network together.
    what = ["plan", scenario, "--out", "run"] if scenario else ["demo", "--out", "run"]
    environment = os.environ | {"GANDAN_CACHE": str(home / "cache")}
    subprocess.run([binary, *what, "--quiet"], cwd=home, env=environment, check=True, stdout=subprocess.DEVNULL)
    return home / "run"


def content(path: Path) -> bytes:
    if path.name != "manifest.json":
        return path.read_bytes()
    manifest = json.loads(path.read_text())
    return json.dumps({key: value for key, value in manifest.items() if key not in OF_THE_RUN}).encode()


def files(folder: Path) -> dict[str, Path]:
    return {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}


def main() -> int:
    if len(sys.argv) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    binaries = [str(Path(name).resolve()) for name in sys.argv[1:3]]
    scenario = str(Path(sys.argv[3]).resolve()) if len(sys.argv) == 4 else None
    with tempfile.TemporaryDirectory() as home:
        first, second = (files(run(binary, Path(home) / f"{i}", scenario)) for i, binary in enumerate(binaries))
        alone = sorted(first.keys() ^ second.keys())
        differ = [name for name in first.keys() & second.keys() if content(first[name]) != content(second[name])]
        for name in alone:
            print(f"only in one run: {name}")
        for name in sorted(differ):
            print(f"differs: {name}")
        print(f"{len(first)} files, {len(differ) + len(alone)} differ")
    return 1 if alone or differ else 0


if __name__ == "__main__":
    sys.exit(main())
