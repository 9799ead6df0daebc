"""The bill of materials of gandan and the licences of what it holds.

    python tests/supply/sbom.py PACKAGES SBOM.json THIRD-PARTY.txt

PACKAGES is the folder in which the map page's packages are installed. The first result is CycloneDX 1.6: every crate and every package of the map page in the lock files, with its checksum, licence
and needs. What is only built or tested with has the scope `excluded`; what is in the program, `required`. The second
holds the licence texts of the latter, as its licences ask. The same lock files give the same bytes.
"""

import base64
import json
import re
import subprocess
import sys
import uuid
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "src/output/map"
# What the page's bundle holds; the other packages build it.
IN_THE_PAGE = "maplibre-gl"
LICENCE_FILE = re.compile(r"(?i)^(licen[cs]e|copying|copyright|notice|third.party|unlicense)")


def main():
    installed, bill, texts = (Path(argument) for argument in sys.argv[1:])
    crates, own = read_crates()
    components = crates + read_packages(installed)
    own_needs = [c["bom-ref"] for c in components if c.pop("direct", False)]
    needs = [{"ref": own["bom-ref"], "dependsOn": sorted(own_needs)}]
    held = []
    for component in components:
        needs.append({"ref": component["bom-ref"], "dependsOn": sorted(set(component.pop("needs")))})
        folder = component.pop("folder")
        if component["scope"] == "required":
            held.append((component, folder))
    body = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": own},
        "components": sorted(components, key=lambda c: c["bom-ref"]),
        "dependencies": sorted(needs, key=lambda n: n["ref"]),
    }
    # Made from the content, so that one lock file gives one document.
    body["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True))}"
    document = json.dumps(body, indent=1, sort_keys=True) + "\n"
    check(document, body, components)
    bill.parent.mkdir(parents=True, exist_ok=True)
    bill.write_text(document, encoding="utf-8")
    without = write_texts(texts, held)
    print(f"{bill}: {len(components)} components, {len(held)} of them in the program; valid CycloneDX 1.6")
    print(f"{texts}: {texts.stat().st_size} bytes; {len(without)} without a licence file: {', '.join(without)}")


def check(document, body, components):
    """Valid by the standard's own schema, and as complete as the lock files."""
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(document)
    if fault:
        sys.exit(f"the bill of materials is not valid CycloneDX 1.6: {fault}")
    refs = [c["bom-ref"] for c in components]
    known = set(refs) | {body["metadata"]["component"]["bom-ref"]}
    if len(refs) != len(set(refs)):
        sys.exit("a component stands twice in the bill of materials")
    loose = {ref for needed in body["dependencies"] for ref in needed["dependsOn"]} - known
    if loose:
        sys.exit(f"needed, and not in the bill of materials: {sorted(loose)}")
    locked = re.findall(r'^name = "([^"]+)"\nversion = "([^"]+)"\nsource = ', (ROOT / "Cargo.lock").read_text(), re.M)
    missing = {f"pkg:cargo/{name}@{version}" for name, version in locked} - known
    if missing:
        sys.exit(f"in Cargo.lock, and not in the bill of materials: {sorted(missing)}")
    for component in components:
        if component["scope"] == "required" and not component["licenses"]:
            sys.exit(f"{component['bom-ref']} names no licence")
        if not component["hashes"] and not component["bom-ref"].startswith("pkg:generic/"):
            sys.exit(f"{component['bom-ref']} has no checksum in its lock file")


def read_crates():
    """All crates of Cargo.lock but the workspace's own, and gandan itself."""
    said = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version", "1", "--all-features"],
        cwd=ROOT, stdout=subprocess.PIPE, check=True,
    )
    data = json.loads(said.stdout)
    packages = {p["id"]: p for p in data["packages"]}
    nodes = {n["id"]: n for n in data["resolve"]["nodes"]}
    gandan = next(i for i in data["workspace_members"] if packages[i]["name"] == "gandan")

    def needs_of(of, kinds):
        for need in nodes[of]["deps"]:
            if any(kind["kind"] in kinds for kind in need["dep_kinds"]):
                yield need["pkg"]

    # Metadata knows needs that no feature asks for; the tree knows what is really linked, on any system. A macro runs in
    # the compiler: neither it nor what it needs is in the program.
    tree = subprocess.run(
        ["cargo", "tree", "--locked", "--all-features", "--target", "all", "--edges", "normal,no-proc-macro",
         "--prefix", "none", "--format", "{p}"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    )
    linked = {tuple(line.split()[:2]) for line in tree.stdout.splitlines()}
    held = {i for i, p in packages.items() if (p["name"], f"v{p['version']}") in linked}

    sums = {
        (name, version): value
        for name, version, value in re.findall(
            r'^name = "([^"]+)"\nversion = "([^"]+)"\nsource = [^\n]+\nchecksum = "([0-9a-f]{64})"',
            (ROOT / "Cargo.lock").read_text(), re.M,
        )
    }
    reference = lambda i: f"pkg:cargo/{packages[i]['name']}@{packages[i]['version']}"
    direct = {need for need in needs_of(gandan, {None, "build", "dev"})}
    components = []
    for of, package in packages.items():
        if of in data["workspace_members"]:
            continue
        value = sums.get((package["name"], package["version"]))
        component = {
            "type": "library", "bom-ref": reference(of), "purl": reference(of), "name": package["name"],
            "version": package["version"], "scope": "required" if of in held else "excluded",
            "licenses": licence(package["license"]),
            "hashes": [{"alg": "SHA-256", "content": value}] if value else [],
            "needs": [reference(need) for need in needs_of(of, {None, "build"})],
            "folder": Path(package["manifest_path"]).parent, "direct": of in direct,
        }
        if package.get("repository"):
            component["externalReferences"] = [{"type": "vcs", "url": package["repository"].strip()}]
        components.append(component)
        if package["name"] == "highs-sys":
            components.append(solver(component))
        if package["name"] == "dejavu":
            components.append(fonts(component))
    own = packages[gandan]
    return components, {
        "type": "application", "bom-ref": reference(gandan), "purl": reference(gandan), "name": own["name"],
        "version": own["version"], "description": own["description"], "licenses": licence(own["license"]),
    }


def solver(crate):
    """HiGHS, whose C++ source is inside the crate that binds it."""
    folder = crate["folder"] / "HiGHS"
    numbers = dict(re.findall(r"HIGHS_(MAJOR|MINOR|PATCH)=(\d+)", (folder / "Version.txt").read_text()))
    version = ".".join(numbers[part] for part in ("MAJOR", "MINOR", "PATCH"))
    crate["needs"].append(f"pkg:generic/highs@{version}")
    return {
        "type": "library", "bom-ref": f"pkg:generic/highs@{version}", "purl": f"pkg:generic/highs@{version}",
        "name": "HiGHS", "version": version, "scope": "required", "licenses": licence("MIT"), "hashes": [], "needs": [],
        "folder": folder, "externalReferences": [{"type": "website", "url": "https://highs.dev/"}],
    }


def fonts(crate):
    """The DejaVu fonts, which are inside the crate that carries them, under a licence of their own."""
    version = crate["version"]
    crate["needs"].append(f"pkg:generic/dejavu-fonts@{version}")
    return {
        "type": "data", "bom-ref": f"pkg:generic/dejavu-fonts@{version}", "purl": f"pkg:generic/dejavu-fonts@{version}",
        "name": "DejaVu fonts", "version": version, "scope": "required", "hashes": [], "needs": [],
        "licenses": [{"license": {"id": "Bitstream-Vera"}}],
        "folder": crate["folder"] / "assets/dejavu-fonts-ttf-2.37",
        "externalReferences": [{"type": "website", "url": "https://dejavu-fonts.github.io/"}],
    }


def read_packages(installed):
    """The packages in the lock file of the map page."""
    locked = json.loads((PAGE / "package-lock.json").read_text())["packages"]
    named = lambda path: path.rsplit("node_modules/", 1)[-1]
    paths = [path for path in locked if path]

    def find(of, name):
        """Where Node.js finds a package: beside, or above."""
        while True:
            path = f"{of}/node_modules/{name}".lstrip("/")
            if path in locked:
                return path
            if not of:
                return None
            of = of.rpartition("/node_modules/")[0] if "/node_modules/" in of else ""

    needs = {
        path: [found for name in {**locked[path].get("dependencies", {}), **locked[path].get("optionalDependencies", {})}
               if (found := find(path, name))]
        for path in paths
    }
    held, waiting = set(), [find("", IN_THE_PAGE)]
    while waiting:
        path = waiting.pop()
        # Types are for the compiler.
        if path not in held and not named(path).startswith("@types/"):
            held.add(path)
            waiting.extend(needs[path])
    direct = {**locked[""].get("dependencies", {}), **locked[""].get("devDependencies", {})}
    reference = lambda path: f"pkg:npm/{named(path).replace('@', '%40', 1)}@{locked[path]['version']}"
    found = {}
    for path in paths:
        package = locked[path]
        algorithm, _, value = package.get("integrity", "").partition("-")
        name = {"sha512": "SHA-512", "sha1": "SHA-1"}.get(algorithm)
        component = found.setdefault(reference(path), {
            "type": "library", "bom-ref": reference(path), "purl": reference(path), "name": named(path),
            "version": package["version"], "scope": "excluded", "licenses": licence(package.get("license")),
            "hashes": [{"alg": name, "content": base64.b64decode(value).hex()}] if name else [],
            "needs": [], "folder": installed / path, "direct": False,
        })
        component["needs"] += [reference(need) for need in needs[path]]
        component["direct"] |= path == f"node_modules/{named(path)}" and named(path) in direct
        if path in held:
            component["scope"] = "required"
    return list(found.values())


def licence(text):
    """As an SPDX expression; crates of old write `MIT/Apache-2.0`."""
    return [{"expression": re.sub(r"\s*/\s*", " OR ", text.strip())}] if text else []


def write_texts(path, held):
    """Every text once, under the names of all that carry it. Answers who has none."""
    texts, without = {}, []
    for component, folder in held:
        name = f"{component['name']} {component['version']}"
        files = sorted(f for f in folder.iterdir() if f.is_file() and LICENCE_FILE.match(f.name)) if folder.is_dir() else []
        said = component["licenses"][0]
        said = said.get("expression") or said["license"]["id"]
        if not files:
            without.append(f"{name} ({said})")
        for file in files:
            text = file.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip()
            texts.setdefault(text, []).append(f"{name} ({said})")
    rule = "=" * 100
    parts = ["Licences of what is in gandan. gandan itself is MIT: see LICENSE."]
    if without:
        parts.append("Without a licence file of their own; the licence they name is in brackets:\n" + "\n".join(without))
    for text, names in sorted(texts.items(), key=lambda item: item[1]):
        parts.append("\n".join(names) + "\n\n" + text)
    path.write_text(f"\n\n{rule}\n".join(parts) + "\n", encoding="utf-8")
    return without


main()
