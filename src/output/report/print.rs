//! The report as PDF, printed by a Chromium that stands on the machine. It reads one file that holds no script and asks
//! for nothing (its own policy forbids both), in a profile of its own that is thrown away.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Fault, Result};
use crate::files::lock::{Asked, Lock};

/// Names under which browsers that can print stand on the search path.
const NAMES: [&str; 7] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "headless_shell",
];
/// Where they stand on macOS.
const PLACES: [&str; 2] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
/// A report of a thousand agents takes some seconds; what takes longer than this has stopped.
const LIMIT: Duration = Duration::from_secs(180);
/// What to do where there is none.
const NO_BROWSER: &str = "install Chromium or Chrome, or set CHROMIUM to its path; or open report.html in any browser \
                          and print it to PDF (A4, no headers and footers)";

/// The browser: `$CHROMIUM`, or the first that stands on the search path.
///
/// # Errors
/// There is none, or `$CHROMIUM` names no file.
pub fn browser() -> Result<PathBuf> {
    browser_in(std::env::var_os("CHROMIUM"), std::env::var_os("PATH"))
}

fn browser_in(named: Option<OsString>, path: Option<OsString>) -> Result<PathBuf> {
    let folders: Vec<PathBuf> = path.map(|p| std::env::split_paths(&p).collect()).unwrap_or_default();
    let on_path = |name: &Path| {
        let mut tries = folders.iter().flat_map(|f| [f.join(name), f.join(name).with_extension("exe")]);
        tries.find(|file| file.is_file())
    };
    if let Some(named) = named.filter(|n| !n.is_empty()) {
        let file = PathBuf::from(&named);
        let found = if file.is_file() { Some(file.clone()) } else { on_path(&file) };
        return found.ok_or_else(|| {
            let message = "the browser that CHROMIUM names is not there";
            Fault::new("report::browser", message).file(&file).help(NO_BROWSER).into()
        });
    }
    let known = || PLACES.iter().map(PathBuf::from).find(|file| file.is_file());
    NAMES.iter().find_map(|name| on_path(Path::new(name))).or_else(known).ok_or_else(|| {
        let message = format!("no browser that can print to PDF was found (looked for {})", NAMES.join(", "));
        Fault::new("report::browser", message).help(NO_BROWSER).into()
    })
}

/// Prints a page to PDF at `target`, which is written over.
///
/// # Errors
/// There is no browser, it fails, or it takes longer than three minutes.
pub fn pdf(page: &str, target: &Path) -> Result<()> {
    print_with(&browser()?, page, target, LIMIT)
}

/// A folder that goes when it is dropped.
struct Scratch(PathBuf, Option<Lock>);

impl Scratch {
    /// A folder in another; those that killed runs left there go.
    fn new(parent: &Path) -> Result<Scratch> {
        let of_run = |name: &str| name.strip_prefix('.')?.strip_suffix(".gandan-print")?.parse::<u32>().ok();
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let abandoned = || matches!(Lock::ask(&entry.path().join(LOCK)), Ok(Asked::Held(_)));
            if entry.file_name().to_str().and_then(of_run).is_some() && abandoned() {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let folder = parent.join(format!(".{}.gandan-print", std::process::id()));
        fs::create_dir_all(&folder).map_err(|e| Fault::io("make a folder to print in", &folder, &e))?;
        let mut scratch = Scratch(folder, None);
        if let Ok(Asked::Held(lock)) = Lock::ask(&scratch.0.join(LOCK)) {
            scratch.1 = Some(lock);
        }
        Ok(scratch)
    }
}

/// In a scratch folder, held by the run that prints in it.
const LOCK: &str = "lock";

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn print_with(browser: &Path, page: &str, target: &Path, limit: Duration) -> Result<()> {
    // Beside the target: browsers packed as snaps may not read other folders, such as that for temporary files.
    let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let parent = parent.canonicalize().map_err(|e| Fault::io("find the folder of the PDF", parent, &e))?;
    let scratch = Scratch::new(&parent)?;
    let (html, pdf, told) = (scratch.0.join("report.html"), scratch.0.join("report.pdf"), scratch.0.join("told.txt"));
    fs::write(&html, page).map_err(|e| Fault::io("write the page to print", &html, &e))?;
    let mut sandbox = true;
    loop {
        run(browser, &scratch.0, &html, &pdf, &told, sandbox, limit)?;
        let bytes = fs::read(&pdf).unwrap_or_default();
        if bytes.starts_with(b"%PDF-") {
            fs::write(target, bytes).map_err(|e| Fault::io("write the PDF", target, &e))?;
            return Ok(());
        }
        let said = fs::read_to_string(&told).unwrap_or_default();
        // In containers and for root Chromium cannot wall itself off, and says so. The page is our own and holds no
        // script, so it is printed without the wall.
        if sandbox && (said.contains("no-sandbox") || said.contains("sandbox")) {
            sandbox = false;
            continue;
        }
        let last =
            said.lines().rev().find(|l| !l.trim().is_empty() && !l.contains("dbus")).unwrap_or("it said nothing");
        let last: String = last.chars().take(300).collect();
        return Err(Fault::new("report::print", format!("the browser made no PDF: {last}"))
            .file(browser)
            .help("try another browser with CHROMIUM=/path/to/it, or print report.html from a browser by hand")
            .into());
    }
}

fn run(
    browser: &Path,
    home: &Path,
    html: &Path,
    pdf: &Path,
    told: &Path,
    sandbox: bool,
    limit: Duration,
) -> Result<()> {
    let log = File::create(told).map_err(|e| Fault::io("write what the browser says", told, &e))?;
    let mut print_to = OsString::from("--print-to-pdf=");
    print_to.push(pdf);
    let mut profile = OsString::from("--user-data-dir=");
    profile.push(home.join("profile"));
    let mut command = Command::new(browser);
    command
        .args([
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--disable-extensions",
            "--disable-background-networking",
        ])
        .args(["--no-pdf-header-footer", "--generate-pdf-document-outline"])
        .args(["--export-tagged-pdf", "--disable-dev-shm-usage"])
        .arg(profile)
        .arg(print_to);
    if !sandbox {
        command.arg("--no-sandbox");
    }
    command.arg(html).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::from(log));
    let mut child = command.spawn().map_err(|e| Fault::io("start the browser", browser, &e))?;
    let begun = Instant::now();
    let outcome = loop {
        match child.try_wait() {
            Ok(Some(_)) => return Ok(()),
            Ok(None) => {}
            Err(e) => break Err(Fault::io("wait for the browser", browser, &e).into()),
        }
        if let Err(stopped) = crate::stages::go_on() {
            break Err(stopped);
        }
        if begun.elapsed() > limit {
            let message = format!("the browser had not printed after {} seconds and was stopped", limit.as_secs());
            break Err(Fault::new("report::print", message)
                .file(browser)
                .help("run again, or print report.html from a browser by hand")
                .into());
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let _ = child.kill();
    let _ = child.wait();
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_browser_is_told() {
        let home = tempfile::tempdir().unwrap();
        let none = browser_in(None, Some(home.path().into())).unwrap_err().to_string();
        // Where a browser stands at a fixed place the search path does not matter.
        if !PLACES.iter().any(|p| Path::new(p).is_file()) {
            assert!(none.contains("chromium"), "{none}");
        }
        let named = browser_in(Some("/no/such/browser".into()), None).unwrap_err();
        assert_eq!(named.faults()[0].code, "report::browser");
        fs::write(home.path().join("google-chrome"), "").unwrap();
        let found = browser_in(None, Some(home.path().into())).unwrap();
        assert_eq!(found, home.path().join("google-chrome"));
        let named = browser_in(Some("google-chrome".into()), Some(home.path().into())).unwrap();
        assert_eq!(named, found);
    }

    #[cfg(unix)]
    fn fake(home: &Path, script: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = home.join("browser");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[cfg(unix)]
    #[test]
    fn a_browser_that_fails_hangs_or_needs_no_sandbox() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("x.pdf");
        let said = |script: &str, limit_ms: u64| {
            let browser = fake(home.path(), script);
            print_with(&browser, "<p>", &target, Duration::from_millis(limit_ms)).map_err(|e| e.to_string())
        };
        let failed = said("echo first >&2; echo 'it broke' >&2; exit 3", 20_000).unwrap_err();
        assert!(failed.contains("it broke"), "{failed}");
        let slow = said("exec sleep 30", 200).unwrap_err();
        assert!(slow.contains("was stopped"), "{slow}");
        assert!(!target.exists());
        // Prints only without its wall; the page is there to read.
        let script = "pdf=; ok=; for a in \"$@\"; do case \"$a\" in --print-to-pdf=*) pdf=${a#*=};; --no-sandbox) ok=1;; esac; \
                      last=$a; done; [ -n \"$ok\" ] || { echo 'use --no-sandbox' >&2; exit 1; }; printf '%%PDF-' > \"$pdf\"; \
                      cat \"$last\" >> \"$pdf\"";
        said(script, 20_000).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"%PDF-<p>");
        // Nothing is left but the browser and the PDF.
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2);
    }
}
