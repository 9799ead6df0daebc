//! Names the code that builds networks, for the cache of networks, and bundles the map page with Node.js when the
//! feature `map` is on.
//!
//! The sources in `src/output/map` are copied into `OUT_DIR/map` and built there, so that the source tree stays clean;
//! the page ends as `OUT_DIR/map_page.html`. Packages are fetched again only when the lock file changes.

// Cargo reads what this prints.
#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// Where the page's sources are, from the crate's root.
const SOURCES: &str = "src/output/map";
/// What the build of the page reads. Tests and installed packages are left out.
const PARTS: [&str; 7] =
    ["package.json", "package-lock.json", ".npmrc", "index.html", "tsconfig.json", "vite.config.ts", "src"];
/// The code that decides what a network is: when any of it changes, networks kept by earlier builds are not used.
const NETWORK_CODE: [&str; 4] = ["src/network", "src/ingest/osm", "src/units.rs", "Cargo.lock"];
/// The code that decides what a run computes: when any of it changes, what a stopped run kept is not used.
const RESULT_CODE: [&str; 11] = [
    "src/access",
    "src/ingest",
    "src/network",
    "src/optimise",
    "src/rollout",
    "src/scenario",
    "src/stages",
    "src/study",
    "src/texts.rs",
    "src/units.rs",
    "Cargo.lock",
];
/// How to go on without the map.
const WAY_OUT: &str = "install Node.js 20.19 or newer with npm, or build without the map: --no-default-features";
/// The oldest Node.js the bundler runs on.
const OLDEST_NODE: (u32, u32) = (20, 19);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for (name, parts) in [("NETWORK", &NETWORK_CODE[..]), ("RESULT", &RESULT_CODE)] {
        for part in parts {
            println!("cargo::rerun-if-changed={part}");
        }
        match fingerprint(&parts.iter().map(PathBuf::from).collect::<Vec<_>>()) {
            Ok(code) => println!("cargo::rustc-env=GANDAN_{name}_CODE={code:016x}"),
            Err(error) => println!("cargo::error=the sources cannot be read: {error}"),
        }
    }
    if env::var_os("CARGO_FEATURE_MAP").is_none() {
        return;
    }
    for part in PARTS {
        println!("cargo::rerun-if-changed={SOURCES}/{part}");
    }
    // Cargo fails on this line and shows it alone; a failing exit code would bury it in the script's whole output.
    if let Err(sentence) = build_page() {
        println!("cargo::error=the map page cannot be built: {sentence}");
    }
}

fn build_page() -> Result<(), String> {
    let sources = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join(SOURCES);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let work = out.join("map");
    // Only the code of networks may have changed.
    let parts: Vec<PathBuf> = PARTS.iter().map(|part| sources.join(part)).collect();
    let made_of = fingerprint(&parts).map_err(|error| format!("its sources cannot be read: {error}"))?.to_string();
    let (page, made) = (out.join("map_page.html"), out.join("map_page.made"));
    if page.is_file() && fs::read_to_string(&made).is_ok_and(|earlier| earlier == made_of) {
        return Ok(());
    }
    check_node()?;

    // Files that were deleted from the sources must not live on in the copy; the installed packages may.
    for part in PARTS {
        let (from, to) = (sources.join(part), work.join(part));
        remove(&to)
            .and_then(|()| copy(&from, &to))
            .map_err(|error| format!("cannot copy {} to {}: {error}", from.display(), to.display()))?;
    }

    let lock =
        fs::read(work.join("package-lock.json")).map_err(|error| format!("cannot read package-lock.json: {error}"))?;
    let stamp = work.join("node_modules/.gandan-lock");
    if fs::read(&stamp).ok().as_deref() != Some(&lock) {
        // Only what the bundle needs: the packages for tests and type checks are left out.
        run(&work, "npm", &["ci", "--omit=dev", "--no-audit", "--no-fund"])?;
        fs::write(&stamp, &lock).map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    }
    // The bundler itself and not `npx`, which would fetch one from the network if it were missing.
    run(&work, "node", &["node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"])?;
    let built = work.join("dist/index.html");
    fs::copy(&built, &page).map_err(|error| format!("cannot copy {}: {error}", built.display()))?;
    fs::write(&made, made_of).map_err(|error| format!("cannot write {}: {error}", made.display()))
}

/// A number for the names and contents of files and folders (FNV-1a, 64 bits), the same on every machine.
fn fingerprint(paths: &[PathBuf]) -> io::Result<u64> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut waiting = paths.to_vec();
    waiting.sort_by(|a, b| b.cmp(a));
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let mut inside = fs::read_dir(&path)?.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
            inside.sort_by(|a, b| b.cmp(a));
            waiting.extend(inside);
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Line endings differ between checkouts.
        for byte in name.into_bytes().into_iter().chain(fs::read(&path)?.into_iter().filter(|&b| b != b'\r')) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Ok(hash)
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set; run this through cargo"))
}

/// Says clearly that Node.js is missing or too old, before npm says it unclearly.
fn check_node() -> Result<(), String> {
    let version = output(Path::new("."), "node", &["--version"])?;
    let mut numbers = version.trim().trim_start_matches('v').split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < OLDEST_NODE {
        return Err(format!("Node.js is {}, which is too old; {WAY_OUT}", version.trim()));
    }
    output(Path::new("."), "npm", &["--version"]).map(drop)
}

fn run(directory: &Path, program: &str, arguments: &[&str]) -> Result<(), String> {
    output(directory, program, arguments).map(drop)
}

/// What a program prints; or one sentence when it is missing or fails, with the end of what it said.
fn output(directory: &Path, program: &str, arguments: &[&str]) -> Result<String, String> {
    // On Windows npm is a script, which must be named with its ending.
    let file = if cfg!(windows) && program == "npm" { "npm.cmd" } else { program };
    let done =
        Command::new(file).args(arguments).current_dir(directory).output().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("`{program}` was not found; {WAY_OUT}"),
            _ => format!("`{program}` did not start ({error}); {WAY_OUT}"),
        })?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let end = lines[lines.len().saturating_sub(12)..].join(" / ");
    Err(format!("`{program} {}` failed ({}): {end}; {WAY_OUT}", arguments.join(" "), done.status))
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Copies a file, or a folder with all in it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
