"""Checks every table of a finished run by other programs, against the data dictionary and the GeoParquet 1.1 standard.

Each Parquet file is opened by polars, DuckDB, pyarrow, geopandas and, where one with Parquet is here, GDAL; its columns,
types and nulls are those of the dictionary; keys are unique, values lie in their ranges, ids are known; geometries are
valid, turned as the metadata say and inside their boxes; the GeoParquet files pass `geoparquet-validator`; one commune
is read from few row groups; the metadata tell of the run what the manifest tells.

    check_tables.py RUN [--dictionary FILE] [--demo]     with --demo the sizes in the dictionary are checked too
    check_tables.py RUN --print-sizes                    prints the lines of DEMO_SIZES in src/output/schema.rs

Nothing of gandan's code is used. Ends with "N passed, N failed" and exit code 1 where something failed.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import geopandas
import geoparquet_validator
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

HERE = Path(__file__).parent
GROUP_ROWS = 32_768
IN_ORDER_OF_SPACE = ("cells", "coverage", "cell_groups")
FIELDS = ("xmin", "ymin", "xmax", "ymax")
# A degree of longitude in 32 bits is at most this far from the exact one.
FLOAT32_DEGREES = 1.6e-5

# What tells the rows of a table apart.
KEYS = {
    "rollout": ["site"],
    "cells": ["cell", "mode", "phase"],
    "coverage": ["cell", "mode", "site"],
    "sites": ["site"],
    "boundaries": ["layer", "code", "phase"],
    "phases": ["phase"],
    "today": ["boundary"],
    "strategies": ["strategy", "phase"],
    "loads": ["phase", "site"],
    "detours": ["phase", "cell", "mode", "from_site", "to_site"],
    "relief": ["phase", "site"],
    "explanations": ["site"],
    "proof": ["problem", "phase", "cell", "mode"],
    "groups": ["group", "phase", "boundary"],
    "cell_groups": ["cell", "mode", "group"],
    "isochrones": ["phase", "site", "mode", "minutes"],
    "frontier": ["agents"],
    "sensitivity": ["case", "phase"],
    "network/nodes": ["node", "mode"],
    "network/arcs": ["mode", "from", "to"],
    "network/legs": ["kind", "id", "mode"],
    "network/entries": ["site", "mode", "node"],
}
# Numbers that may be below 0, as the dictionary says.
SIGNED = {"persons_lost", "covered_persons_change", "regret", "worst_boundary_lost", "exchange_persons", "exchange_person_days"}
DEGREES = {"lon": 180, "lat": 90, "snapped_lon": 180, "snapped_lat": 90}
DATES = {"opens_on", "starts", "ends"}

passed = failed = 0


def check(what: str, good, found: str = "") -> None:
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"{'ok    ' if good else 'FAILED'} {what}{': ' + found if found else ''}")


class Column:
    def __init__(self, cells):
        self.name, self.kind, self.unit, null, self.meaning = cells
        self.name, self.nullable = self.name.strip("`"), null == "yes"


def dictionary(path: Path) -> dict:
    """The tables of the data dictionary: columns, and rows and bytes on the demo."""
    tables = {}
    for part in path.read_text().split("\n## ")[1:]:
        name = part[1 : part.index("`", 1)]
        lines = [line for line in part.splitlines() if line.startswith("| `")]
        cells = [[c.strip().replace("\\|", "|") for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
        size = re.search(r"On the demo: ([\d,]+) rows, ([\d.]+) (kB|MB)\.", part)
        if size:
            size = int(size[1].replace(",", "")), float(size[2]) * {"kB": 1e3, "MB": 1e6}[size[3]]
        tables[name] = [Column(c) for c in cells], size
    return tables


# ---- one table ----------------------------------------------------------------------------------------------------

IN_ARROW = {
    "text": lambda t: pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t),
    "whole number": pa.types.is_uint32,
    "number": pa.types.is_float64,
    "true/false": pa.types.is_boolean,
    "geometry": lambda t: pa.types.is_binary(t) or pa.types.is_large_binary(t) or pa.types.is_binary_view(t),
    "box": lambda t: pa.types.is_struct(t) and [(f.name, str(f.type)) for f in t] == [(f, "float") for f in FIELDS],
}
IN_POLARS = {
    "text": pl.String,
    "whole number": pl.UInt32,
    "number": pl.Float64,
    "true/false": pl.Boolean,
    "geometry": pl.Binary,
    "box": pl.Struct({f: pl.Float32 for f in FIELDS}),
}
IN_DUCKDB = {
    "text": {"VARCHAR"},
    "whole number": {"UINTEGER"},
    "number": {"DOUBLE"},
    "true/false": {"BOOLEAN"},
    # With its extension `spatial` DuckDB knows GeoParquet.
    "geometry": {"BLOB", "GEOMETRY", "GEOMETRY('OGC:CRS84')"},
    "box": {"STRUCT(" + ", ".join(f"{quote}{f}{quote} FLOAT" for f in FIELDS) + ")" for quote in ("", '"')},
}


def types(path: Path, columns: list, name: str):
    """Each program sees the columns and rows of the dictionary; gives the rows back."""
    rows = pl.read_parquet(path)
    with_arrow = pq.ParquetFile(path)
    names = [c.name for c in columns]
    in_polars = rows.columns == names and all(rows.schema[c.name] == IN_POLARS[c.kind] for c in columns)
    schema = with_arrow.schema_arrow
    in_arrow = schema.names == names and all(IN_ARROW[c.kind](schema.field(c.name).type) for c in columns)
    con = duckdb.connect()
    told = con.execute("describe select * from read_parquet(?)", [str(path)]).fetchall()
    in_duckdb = [t[0] for t in told] == names and all(t[1] in IN_DUCKDB[c.kind] for t, c in zip(told, columns))
    count = con.execute("select count(*) from read_parquet(?)", [str(path)]).fetchone()[0]
    with_all = with_arrow.read()
    same = rows.height == count == with_all.num_rows
    wrong = [n for n, good in (("polars", in_polars), ("pyarrow", in_arrow), ("DuckDB", in_duckdb)) if not good]
    check(f"{name}: opens in polars, pyarrow and DuckDB with the columns of the dictionary", same and not wrong,
          f"{rows.height:,} rows, {len(names)} columns" + (f"; otherwise in {', '.join(wrong)}" if wrong else ""))
    return rows


def values(rows, columns: list, name: str) -> None:
    wrong = []
    for c in columns:
        column = rows[c.name]
        if column.null_count() and not c.nullable:
            wrong.append(f"`{c.name}` has nulls")
        if c.kind == "number" and not column.is_finite().fill_null(True).all():
            wrong.append(f"`{c.name}` has numbers that are none")
        if c.kind == "text" and c.name not in ("reasons_vi", "reasons_en") and (column.drop_nulls() == "").any():
            wrong.append(f"`{c.name}` has empty texts")
        low, high = column.min() if c.kind == "number" else None, column.max() if c.kind == "number" else None
        if low is None:
            continue
        if c.name in DEGREES:
            if low < -DEGREES[c.name] or high > DEGREES[c.name]:
                wrong.append(f"`{c.name}` from {low} to {high}")
        elif low < 0 and c.name not in SIGNED:
            wrong.append(f"`{c.name}` down to {low}")
        if c.unit == "0–1" and high > 1:
            wrong.append(f"`{c.name}` up to {high}")
    for column in DATES & set(rows.columns):
        for text in rows[column].drop_nulls().unique():
            try:
                date.fromisoformat(text)
            except ValueError:
                wrong.append(f"`{column}` is {text}")
    key = KEYS.get(name)
    if key and rows.select(key).is_duplicated().any():
        wrong.append(f"rows with the same {', '.join(key)}")
    check(f"{name}: nulls, ranges{', key' if key else ''} as told", not wrong, "; ".join(wrong))


def geometry(path: Path, rows, name: str) -> None:
    frame = geopandas.read_parquet(path)
    shapes = frame.geometry.values
    good = len(frame) == rows.height and frame.crs is not None and frame.crs.equals("OGC:CRS84")
    valid = bool(shapely.is_valid(shapes).all())
    found = f"{', '.join(sorted(set(frame.geom_type))) or 'no geometry'}, {frame.crs.to_string()}"
    check(f"{name}: opens in geopandas, valid", good and valid, found)
    told = json.loads(pq.read_metadata(path).metadata[b"geo"])["columns"]["geometry"]
    same_types = sorted(told["geometry_types"]) == sorted(set(frame.geom_type))
    bounds = shapely.bounds(shapes)
    whole = [*np.nanmin(bounds[:, :2], axis=0), *np.nanmax(bounds[:, 2:], axis=0)] if len(frame) else None
    same_box = told.get("bbox") == whole if whole is None else np.allclose(told["bbox"], whole, atol=1e-12)
    boxes = rows["bbox"].struct.unnest().to_numpy().astype(float)
    empty = shapely.is_empty(shapes)
    outside = np.concatenate([boxes[:, :2] - bounds[:, :2], bounds[:, 2:] - boxes[:, 2:]], axis=1)[~empty]
    held = (outside <= 0).all() and (outside >= -FLOAT32_DEGREES).all() and np.isnan(boxes[empty]).all()
    check(f"{name}: types and box of the metadata, a box about each geometry", same_types and same_box and held,
          f"widest of the boxes' rounding {-outside.min() if len(outside) else 0:.1e} degrees")
    report = geoparquet_validator.check(str(path))
    of = {state: [o["id"] for o in report["outcomes"] if o["status"] == state] for state in ("pass", "fail")}
    good = not geoparquet_validator.failed(report) and "/conf/covering/bbox-paths" in of["pass"]
    check(f"{name}: geoparquet-validator", good and len(of["pass"]) >= (20 if rows.height else 15), f"{len(of['pass'])} tests passed, failed {of['fail']}")


def metadata(path: Path, columns: list, name: str, manifest: dict, gaps: list) -> None:
    file = pq.ParquetFile(path).metadata
    told = json.loads(file.metadata[b"gandan"])
    inputs = sorted((Path(i["file"]).name, i["sha256"]) for i in manifest["inputs"])
    wrong = [what for what, good in (
        ("version", told["version"] == manifest["gandan"]),
        ("title", told["title"] == manifest["title"]),
        ("synthetic", told["synthetic"] == manifest["synthetic"]),
        ("inputs", sorted((i["file"], i["sha256"]) for i in told["inputs"]) == inputs and inputs),
        ("gaps", [p["gap"] for p in told["phases"]] == gaps and told["largest_gap"] == max(gaps)),
        ("columns", {k: (v["unit"] or "", v["meaning"]) for k, v in told["columns"].items()}
         == {c.name: (c.unit, c.meaning) for c in columns}),
    ) if not good]
    groups = [file.row_group(i) for i in range(file.num_row_groups)]
    if any(g.num_rows > GROUP_ROWS for g in groups):
        wrong.append(f"row groups of up to {max(g.num_rows for g in groups)} rows")
    if {g.column(c).compression for g in groups for c in range(g.num_columns)} - {"ZSTD"}:
        wrong.append("not all zstd")
    check(f"{name}: metadata of the run, zstd, row groups", not wrong, "; ".join(wrong) or f"{len(groups)} row groups")


# ---- what tables say of each other --------------------------------------------------------------------------------

def known_ids(tables: dict) -> None:
    sites, cells = set(tables["sites"]["site"]), set(tables["cells"]["cell"])
    modes = set(tables["cells"]["mode"])
    first = tables["boundaries"]["layer"][0] if tables["boundaries"].height else None
    codes = set(tables["boundaries"].filter(pl.col("layer") == first)["code"])
    phases = set(tables["phases"]["phase"])
    wrong = []
    for name, rows in tables.items():
        for column in rows.columns:
            base = column.removeprefix("from_").removeprefix("to_").removeprefix("best_")
            known = {"site": sites, "agent": sites, "cell": cells, "mode": modes, "boundary": codes, "phase": phases}.get(base)
            if known is None or rows[column].dtype not in (pl.String, pl.UInt32) or (name, column) == ("network/arcs", "from"):
                continue
            strange = set(rows[column].drop_nulls().unique()) - known
            if strange:
                wrong.append(f"{name}.{column}: {sorted(strange)[:3]}")
    check("ids of sites, cells, modes, features and phases are known in every table", not wrong, "; ".join(wrong))
    check("phases are numbered from 1, cells from 0", phases == set(range(1, len(phases) + 1)) and cells == set(range(len(cells))))
    of_cell = tables["cells"].select("cell", "boundary").unique()
    for name in ("coverage", "cell_groups"):
        same = tables[name].select("cell", "boundary").unique().join(of_cell, on=["cell", "boundary"], how="anti", nulls_equal=True)
        check(f"{name}: the feature of each cell is that of cells", same.height == 0)


# ---- reading little -----------------------------------------------------------------------------------------------

def bytes_read() -> int:
    return int(re.search(r"rchar: (\d+)", Path("/proc/self/io").read_text())[1])


def in_duckdb(sql: str):
    """The answer of DuckDB and the bytes it read for it (where the system tells)."""
    con = duckdb.connect()
    con.execute("set threads = 1")
    before = bytes_read()
    answer = con.execute(sql).fetchone()
    return answer, bytes_read() - before


def one_commune(path: Path, rows, name: str) -> None:
    """What a reader of one feature touches: by the statistics of the row groups, in polars and in DuckDB."""
    file = pq.ParquetFile(path).metadata
    if file.num_row_groups < 4:
        print(f"       {name}: {file.num_row_groups} row groups, nothing to skip")
        return
    at = pq.ParquetFile(path).schema_arrow.names.index("boundary")
    spans = []
    for i in range(file.num_row_groups):
        statistics = file.row_group(i).column(at).statistics
        spans.append((statistics.min, statistics.max) if statistics.has_min_max else None)
    sizes = dict(rows.drop_nulls("boundary").group_by("boundary").len().iter_rows())
    touched = {code: sum(span is not None and span[0] <= code <= span[1] for span in spans) for code in sizes}
    # A feature fills some groups, and shares one where it is small. Parts of a large one may be 1/2 full.
    allowed = {code: 1 if size <= GROUP_ROWS // 2 else 1 + -(-2 * size // GROUP_ROWS) for code, size in sizes.items()}
    over = [code for code in sizes if touched[code] > allowed[code]]
    check(f"{name}: row groups that hold a feature", not over,
          f"{file.num_row_groups} in all; of a feature {np.mean(list(touched.values())):.2f} on average, at most "
          f"{max(touched.values())}; too many for {over}")
    code = max(sizes, key=lambda c: (sizes[c] <= GROUP_ROWS, sizes[c]))
    asked = f"import polars as pl; print(pl.scan_parquet(r'{path}').filter(pl.col('boundary') == '{code}').collect().height)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, env={"POLARS_VERBOSE": "1", "PATH": ""})
    groups = re.search(r"reading (\d+) / (\d+) row groups", done.stderr)
    good = groups and int(groups[1]) <= allowed[code] and int(done.stdout or -1) == sizes[code]
    check(f"{name}: polars reads the feature {code}", good, f"{groups[0] if groups else done.stderr[-300:]} for {sizes[code]:,} rows")
    if Path("/proc/self/io").exists():
        # Sums over every value: counts alone would come from the metadata.
        columns = ", ".join(f'bit_xor(hash("{c}"))' for c in rows.columns)
        answer, few = in_duckdb(f"select count(*), {columns} from read_parquet('{path}') where boundary = '{code}'")
        whole = in_duckdb(f"select count(*), {columns} from read_parquet('{path}') ")[1]
        # The footer is read in any case.
        footer = file.serialized_size
        # A file of a few groups has no small part to read.
        good = answer[0] == sizes[code] and (few - footer < (whole - footer) / 4 or file.num_row_groups < 16)
        check(f"{name}: DuckDB reads the feature {code}", good, f"{few:,} of {whole:,} bytes, the footer of {footer:,} included")


def one_window(path: Path, rows) -> None:
    """A window of a tenth of the area's width about a cell in the middle of the file."""
    box = rows["bbox"][rows.height // 2]
    frame = rows["bbox"].struct.unnest()
    width, height = (frame["xmax"].max() - frame["xmin"].min()) / 20, (frame["ymax"].max() - frame["ymin"].min()) / 20
    west, east, south, north = box["xmin"] - width, box["xmax"] + width, box["ymin"] - height, box["ymax"] + height
    where = f"bbox.xmax >= {west} and bbox.xmin <= {east} and bbox.ymax >= {south} and bbox.ymin <= {north}"
    f = pl.col("bbox").struct.field
    expected = rows.filter((f("xmax") >= west) & (f("xmin") <= east) & (f("ymax") >= south) & (f("ymin") <= north)).height
    asked = "select count(*), bit_xor(hash(persons)), bit_xor(hash(travel_time_s)), bit_xor(hash(geometry)) from read_parquet('{}') where {}"
    answer, few = in_duckdb(asked.format(path, where))
    whole = in_duckdb(asked.format(path, "bbox.xmax >= -180"))[1]
    in_geopandas = len(geopandas.read_parquet(path, bbox=(west, south, east, north), columns=["cell", "geometry"]))
    # Boxes that only touch by their rounding may be in the one and not in the other.
    good = answer[0] == expected and abs(in_geopandas - expected) <= 0.02 * expected and 0 < expected < rows.height / 4
    several = pq.ParquetFile(path).metadata.num_row_groups >= 16
    check("cells: a window on the map by the boxes, in DuckDB and geopandas", good and (few < whole / 2 or not several),
          f"{expected:,} of {rows.height:,} rows, {few:,} of {whole:,} bytes")


# ---- GDAL ---------------------------------------------------------------------------------------------------------

def gdal(run: Path, spatial: list, tables: dict) -> None:
    """Every GDAL that is here: `ogrinfo`, and those inside the wheels of pyogrio and fiona."""
    found = []
    if shutil.which("ogrinfo"):
        version = subprocess.run(["ogrinfo", "--version"], capture_output=True, text=True).stdout.split(",")[0]
        formats = subprocess.run(["ogrinfo", "--formats"], capture_output=True, text=True).stdout
        found.append((f"ogrinfo of {version}", re.search(r"^\s*Parquet\b", formats, re.M), with_ogrinfo))
    import pyogrio

    found.append((f"pyogrio with GDAL {pyogrio.__gdal_version_string__}", pyogrio.list_drivers().get("Parquet"), with_pyogrio))
    for what, can, count in found:
        if can:
            counts = {name: count(run / f"{name}.parquet") for name in spatial}
            wrong = {n: c for n, c in counts.items() if c != tables[n].height}
            check(f"{what} opens the {len(spatial)} tables with geometry", not wrong, f"{wrong}" if wrong else "")
        else:
            print(f"       {what} has no driver for Parquet: not tried")
    features = json.loads((run / "isochrones.geojson").read_text())["features"]
    wanted = tables["isochrones"].filter(pl.col("site").is_null())
    counts = {what: count(run / "isochrones.geojson") for what, _, count in found}
    good = len(features) == wanted.height and all(c == wanted.height for c in counts.values())
    check(f"isochrones.geojson opens in {' and '.join(counts)}", good, f"{wanted.height} features")


def with_ogrinfo(path: Path) -> int:
    done = subprocess.run(["ogrinfo", "-ro", "-al", "-so", str(path)], capture_output=True, text=True)
    count = re.search(r"Feature Count: (\d+)", done.stdout)
    return int(count[1]) if done.returncode == 0 and count else -1


def with_pyogrio(path: Path) -> int:
    import pyogrio

    return int(pyogrio.read_info(path, force_feature_count=True)["features"])


# ---- the whole run ------------------------------------------------------------------------------------------------

def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--dictionary", type=Path, default=HERE.parents[1] / "docs" / "data-dictionary.md")
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--print-sizes", action="store_true")
    args = parser.parse_args()
    run = args.run.resolve()
    files = {str(p.relative_to(run)): p for p in sorted(run.rglob("*.parquet"))}
    if args.print_sizes:
        for name, path in files.items():
            print(f'    ("{name}", {pq.read_metadata(path).num_rows:_}, {path.stat().st_size:_}),')
        return 0
    manifest = json.loads((run / "manifest.json").read_text())
    tables_of = dictionary(args.dictionary)
    wanted = {
        "frontier.parquet": manifest["settings"]["output"]["frontier"],
        "sensitivity.parquet": (run / "sensitivity.parquet").exists(),
        **{name: manifest["settings"]["output"]["network"] for name in tables_of if name.startswith("network/")},
    }
    expected = {name for name in tables_of if wanted.get(name, True)}
    check("the tables of the run are those of the dictionary", set(files) == expected,
          f"{len(files)}; missing {sorted(expected - set(files))}, unknown {sorted(set(files) - expected)}")
    gaps = [p["proof"]["gap"] for p in manifest["phases"]]
    tables, spatial = {}, []
    for file, path in files.items():
        if file not in tables_of:
            continue
        (columns, size), name = tables_of[file], file.removesuffix(".parquet")
        rows = tables[name] = types(path, columns, name)
        values(rows, columns, name)
        metadata(path, columns, name, manifest, gaps)
        if any(c.kind == "geometry" for c in columns):
            spatial.append(name)
            geometry(path, rows, name)
        if args.demo and size:
            bytes_now = path.stat().st_size
            good = rows.height == size[0] and abs(bytes_now - size[1]) <= 0.25 * size[1] + 2000
            check(f"{name}: the size in the dictionary", good, f"{rows.height:,} rows, {bytes_now:,} bytes, told {size}")
    known_ids(tables)
    for name in IN_ORDER_OF_SPACE:
        one_commune(files[f"{name}.parquet"], tables[name], name)
    one_window(files["cells.parquet"], tables["cells"])
    gdal(run, spatial, tables)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
