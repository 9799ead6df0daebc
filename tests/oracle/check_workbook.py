"""Checks plan.xlsx of a run against its Parquet tables, cell by cell, with openpyxl and polars: nothing of gandan.

    python tests/oracle/check_workbook.py RUN

The dictionary of the workbook says which column of which table every column shows; units tell what it is divided by.
"""

import datetime
import math
import sys
import warnings
from collections import Counter
from pathlib import Path

import openpyxl
import polars

HEADERS, FIRST, TOTALS = 5, 6, 4
# Sheets that are one table, and the table that gives their rows in their order.
TABLES = {
    "Đại lý": "rollout",
    "Xã, phường": "boundaries",
    "Tải đại lý": "loads",
    "Một cửa": "relief",
    "Chưa phục vụ": "uncovered",
    "Ứng viên": "sites",
    "Nhóm dân cư": "groups",
}
# What a table's number is divided by, by its name's ending.
PER = {"_s": 60.0}
KM = {"nearest_agent_m"}
# Columns that are worked out from several, or translated.
WORDS = {"layer", "role", "status", "boundary_name", "boundary", "fixed", "office", "usable", "proposed", "opens",
         "objective_unit"}


def fail(text):
    sys.exit(f"plan.xlsx: {text}")


def same(shown, value):
    if value is None or value == "":
        return shown is None or shown == ""
    if isinstance(value, bool):
        return shown in ("có (yes)", "không (no)") and (shown == "có (yes)") == value
    if isinstance(value, str):
        if isinstance(shown, datetime.datetime):
            return shown.date().isoformat() == value
        return shown == value
    return isinstance(shown, (int, float)) and math.isclose(shown, value, rel_tol=1e-9, abs_tol=1e-9)


def headers(sheet):
    """The Vietnamese name of each column, without its unit."""
    row = sheet[HEADERS]
    return [str(cell.value or "").split("\n")[0] for cell in row]


def check(folder):
    path = Path(folder)
    cached = openpyxl.load_workbook(path / "plan.xlsx", data_only=True)
    made = openpyxl.load_workbook(path / "plan.xlsx")
    tables = {}

    def table(name):
        if name not in tables:
            frame = polars.read_parquet(path / f"{name}.parquet")
            tables[name] = frame.select([c for c in frame.columns if c not in ("geometry", "bbox")])
        return tables[name]

    # By sheet and Vietnamese name: the table's column.
    told = {}
    for row in cached["Từ điển"].iter_rows(min_row=FIRST, values_only=True):
        sheet, vi, en, _, meaning_vi, meaning_en, source = row[:7]
        if not (sheet and vi and en and meaning_vi and meaning_en):
            fail(f"the dictionary leaves something out: {row}")
        told.setdefault(sheet, []).append((vi, source))

    count = Counter()
    for name, of in TABLES.items():
        sheet, formulas, frame = cached[name], made[name], table(of)
        if frame.height == 0:
            continue
        found = headers(sheet)
        if len(found) != len(told[name]):
            fail(f"{name}: {len(found)} columns, {len(told[name])} in the dictionary")
        if sheet.max_row != FIRST + frame.height - 1:
            fail(f"{name}: rows to {sheet.max_row}, not {FIRST + frame.height - 1}")
        if not sheet.auto_filter.ref or sheet.freeze_panes is None or not sheet.print_title_rows:
            fail(f"{name}: no filter, frozen panes or repeated rows")
        explained = {row["site"]: row for row in table("explanations").iter_rows(named=True)} if of == "sites" else {}
        for at, (header, (vi, source)) in enumerate(zip(found, told[name])):
            if not header.startswith(vi):
                fail(f"{name}: the column {header} is {vi} in the dictionary")
            if formulas.cell(HEADERS, at + 1).comment is None:
                fail(f"{name}: {header} has no note")
            shown = [sheet.cell(FIRST + i, at + 1).value for i in range(frame.height)]
            if not source:
                continue
            if source.startswith("today."):
                first = frame["layer"][0]
                today = dict(table("today").select("boundary", "population_covered_share").iter_rows())
                values = [today.get(row["code"]) if row["layer"] == first else None
                          for row in frame.iter_rows(named=True)]
                for i, value in enumerate(values):
                    if not same(shown[i], value):
                        fail(f"{name}, row {FIRST + i}, {header}: {shown[i]!r}, not {value!r}")
                    count[name] += 1
                continue
            from_table, column = source.split(".")
            if from_table == of:
                values = frame[column].to_list()
            else:
                values = [explained.get(site, {}).get(column) for site in frame["site"]]
            if column in WORDS and not isinstance(next((v for v in values if v is not None), None), bool):
                continue
            divisor = next((by for ending, by in PER.items() if column.endswith(ending)), 1.0)
            divisor = 1000.0 if column in KM else divisor
            for i, value in enumerate(values):
                number = isinstance(value, (int, float)) and not isinstance(value, bool)
                wanted = value / divisor if number else value
                if not same(shown[i], wanted):
                    fail(f"{name}, row {FIRST + i}, {header}: {shown[i]!r}, not {wanted!r}")
                count[name] += 1
            total = formulas.cell(TOTALS, at + 1).value
            if isinstance(total, str) and total.startswith("=SUBTOTAL(109"):
                rows = (FIRST + i for i in range(frame.height))
                open_rows = [r for r in rows if not sheet.row_dimensions[r].hidden]
                wanted = sum(sheet.cell(r, at + 1).value or 0 for r in open_rows)
                if not math.isclose(sheet.cell(TOTALS, at + 1).value, wanted, rel_tol=1e-9, abs_tol=1e-6):
                    fail(f"{name}: the total of {header} is {sheet.cell(TOTALS, at + 1).value}, not {wanted}")

    # Phases lie across: an indicator a row.
    sheet, frame = cached["Giai đoạn"], table("phases")
    first = sheet.max_column - frame.height + 1
    rows = {}
    for row in range(FIRST, sheet.max_row + 1):
        if sheet.cell(row, 2).value:
            rows.setdefault((sheet.cell(row, 1).value, sheet.cell(row, 2).value), row)
    names = {row[1]: row[2] for row in cached["Từ điển"].iter_rows(min_row=FIRST, values_only=True)
             if row[0] == "Giai đoạn"}
    for vi, source in told["Giai đoạn"]:
        column = source.split(".")[1]
        row = rows.get((vi, names[vi]))
        if row is None:
            if any(value is not None for value in frame[column].to_list()):
                fail(f"Giai đoạn: no line for {vi}")
            continue
        for i, value in enumerate(frame[column].to_list()):
            shown = sheet.cell(row, first + i).value
            if column in WORDS or column == "worst_boundary_name":
                continue
            wanted = value / 60.0 if column.endswith("_s") and value is not None else value
            if not same(shown, wanted):
                fail(f"Giai đoạn, {vi}, phase {i + 1}: {shown!r}, not {wanted!r}")
            count["Giai đoạn"] += 1

    for sheet in made.worksheets:
        setup = sheet.page_setup
        if (int(setup.paperSize), setup.orientation, sheet.sheet_properties.pageSetUpPr.fitToPage) != (9, "landscape", True):
            fail(f"{sheet.title}: not A4 lying, fit to the width")
        for row in sheet.iter_rows():
            for cell in row:
                value = cell.value
                if cell.data_type == "f":
                    ours = value.startswith(("=SUBTOTAL(103,", "=SUBTOTAL(109,", "=IF(SUBTOTAL(109,"))
                    if not (ours and cell.row == TOTALS):
                        fail(f"{sheet.title}!{cell.coordinate}: a formula that is not ours: {value}")
                if cell.hyperlink is not None and not cell.hyperlink.location:
                    fail(f"{sheet.title}!{cell.coordinate}: a link that leaves the file")
    print(f"plan.xlsx: {sum(count.values())} cells agree with the tables ({dict(count)})")


if __name__ == "__main__":
    # Bars behind shares are an extension of Excel that openpyxl does not read.
    warnings.filterwarnings("ignore", module="openpyxl")
    check(sys.argv[1])
