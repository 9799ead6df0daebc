//! Downloads from a server that stalls, breaks off, lies, redirects and refuses; then `gandan fetch` as a user runs it.
//! `cargo test --test fetch -- --nocapture --test-threads 1` reads like a log.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod server;
mod whole;

use std::path::Path;
use std::time::{Duration, Instant};

use gandan::error::Error;
use gandan::ingest::download::{Downloads, Event, Fetched, Looks, Settings, Source, hashes};
use server::{Answer, Server, file};

const SIZE: usize = 100_000;
const TAG: &str = "\"v1\"";

fn settings() -> Settings {
    Settings {
        tries: 3,
        connect_timeout: Duration::from_secs(2),
        stall_timeout: Duration::from_millis(400),
        first_wait: Duration::from_millis(10),
        longest_wait: Duration::from_secs(2),
        proxy: false,
        ..Settings::default()
    }
}

/// Bytes that differ from place to place and between versions.
fn bytes(version: u64) -> Vec<u8> {
    (0..SIZE as u64).map(|i| ((i * i + version * 31 + i / 251) % 253) as u8).collect()
}

fn md5_of(bytes: &[u8]) -> String {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("x"), bytes).unwrap();
    hashes(&home.path().join("x")).unwrap().md5
}

fn source(server: &Server) -> Source {
    Source::new(vec![format!("{}/f.bin", server.url)], Looks::Any)
}

/// Fetches with a log of what happens.
fn fetch_with(home: &Path, source: &Source, settings: Settings) -> Result<Fetched, Error> {
    let listen = |event: Event<'_>| match event {
        Event::Begins { from, total, .. } => println!("    bytes from {from} of {total:?}"),
        Event::Note(note) => println!("    {note}"),
        Event::Bytes(_) | Event::Done => {}
    };
    let result = Downloads::new(home.to_owned(), settings).get(source, &listen);
    match &result {
        Ok(got) => println!("  = {} bytes, reused: {}", got.record.bytes, got.reused),
        Err(error) => println!("  = {error}"),
    }
    result
}

fn fetch(home: &Path, source: &Source) -> Result<Fetched, Error> {
    fetch_with(home, source, settings())
}

/// The names in a folder, sorted.
fn names(home: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(home).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

fn assert_whole(got: &Fetched, expected: &[u8]) {
    assert!(std::fs::read(&got.path).unwrap() == expected, "the file is not what the server has");
    assert_eq!(names(got.path.parent().unwrap()), ["f.bin", "fetched.json"]);
}

fn said(error: &Error) -> String {
    let faults = error.faults().iter();
    faults.map(|fault| format!("{} {} {}", fault.code, fault, fault.help.clone().unwrap_or_default())).collect()
}

#[test]
fn a_plain_file_is_fetched_once_checked_and_kept() {
    println!("a plain file");
    let server = Server::new(|asked, _| match asked.path.as_str() {
        "/f.bin.md5" => Answer::new(200).body(format!("{}  f.bin\n", md5_of(&bytes(1))).as_bytes()),
        _ => file(asked, &bytes(1), TAG),
    });
    let home = tempfile::tempdir().unwrap();
    let source = Source { md5: true, ..source(&server) };
    let got = fetch(home.path(), &source).unwrap();
    assert_whole(&got, &bytes(1));
    assert!(got.record.md5_checked && !got.reused && got.record.bytes == SIZE as u64);
    let asked = server.asked("/f.bin");
    assert!(asked[0].header("user-agent").unwrap().starts_with("gandan/"), "{asked:?}");
    assert!(fetch(home.path(), &source).unwrap().reused);
    assert_eq!(server.asked("/f.bin").len(), 1, "what is there is not asked for again");
    println!("the kept file is damaged");
    std::fs::write(&got.path, b"damaged").unwrap();
    assert_whole(&fetch(home.path(), &source).unwrap(), &bytes(1));
    assert_eq!(server.asked("/f.bin").len(), 2);
    println!("asked to refresh: the same, then another");
    let fresh = || Settings { refresh: true, ..settings() };
    assert!(fetch_with(home.path(), &source, fresh()).unwrap().reused);
    assert_eq!(server.asked("/f.bin")[2].header("if-none-match"), Some(TAG));
    let other = Server::new(|asked, _| file(asked, &bytes(2), "\"v2\""));
    let moved = Source { urls: vec![format!("{}/f.bin", other.url)], md5: false, ..source };
    assert_whole(&fetch_with(home.path(), &moved, fresh()).unwrap(), &bytes(2));
}

#[test]
fn a_connection_that_breaks_often_is_gone_on_with() {
    println!("closes after every 9,000 bytes");
    let server = Server::new(|asked, _| file(asked, &bytes(1), TAG).cut(9_000));
    let home = tempfile::tempdir().unwrap();
    assert_whole(&fetch(home.path(), &source(&server)).unwrap(), &bytes(1));
    // 0, 9,000, … 99,000: twelve tries although only three in a row may bring nothing.
    let expected: Vec<_> = (0..12).map(|i| (i > 0).then_some(i * 9_000)).collect();
    assert_eq!(server.ranges("/f.bin"), expected);
    assert!(server.asked("/f.bin")[1..].iter().all(|asked| asked.header("if-range") == Some(TAG)));
}

#[test]
fn a_server_that_falls_silent_is_left_and_asked_for_the_rest() {
    println!("falls silent after 30,000 bytes");
    let server = Server::new(|asked, n| match n {
        0 => file(asked, &bytes(1), TAG).cut(30_000).stall(),
        _ => file(asked, &bytes(1), TAG),
    });
    let home = tempfile::tempdir().unwrap();
    let start = Instant::now();
    assert_whole(&fetch(home.path(), &source(&server)).unwrap(), &bytes(1));
    assert_eq!(server.ranges("/f.bin"), [None, Some(30_000)]);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    println!("never says a word");
    let mute = Server::new(|_, _| {
        std::thread::sleep(Duration::from_secs(3));
        Answer::new(200)
    });
    let error = fetch(home.path(), &Source { name: "mute".into(), ..source(&mute) }).unwrap_err();
    assert!(said(&error).contains("said nothing for too long"), "{}", said(&error));
    assert_eq!(mute.asked("/f.bin").len(), 3);
}

#[test]
fn a_run_goes_on_where_an_earlier_one_gave_up() {
    println!("gives 40,000 bytes, then nothing; a later run");
    let server = Server::new(|asked, n| match n {
        0 => file(asked, &bytes(1), TAG).cut(40_000),
        1..=3 => Answer::new(503),
        _ => file(asked, &bytes(1), TAG),
    });
    let home = tempfile::tempdir().unwrap();
    let error = fetch(home.path(), &source(&server)).unwrap_err();
    assert!(said(&error).contains("download::failed") && said(&error).contains("503"), "{}", said(&error));
    assert_eq!(names(home.path()), ["f.bin.part", "f.bin.part.json"], "only what can be gone on with is left");
    assert_whole(&fetch(home.path(), &source(&server)).unwrap(), &bytes(1));
    assert_eq!(server.ranges("/f.bin"), [None, Some(40_000), Some(40_000), Some(40_000), Some(40_000)]);
}

#[test]
fn what_cannot_be_told_to_be_the_same_starts_anew() {
    println!("no ETag and no date");
    let plain = |n: usize| {
        let whole = Answer::new(200).body(&bytes(1));
        if n == 0 { whole.cut(20_000) } else { whole }
    };
    let server = Server::new(move |_, n| plain(n));
    let home = tempfile::tempdir().unwrap();
    assert_whole(&fetch(home.path(), &source(&server)).unwrap(), &bytes(1));
    assert_eq!(server.ranges("/f.bin"), [None, None]);
    println!("a date alone will do");
    let date = "Tue, 01 Jul 2025 00:00:00 GMT";
    let dated = Server::new(move |asked, n| {
        let mut answer = file(asked, &bytes(1), date);
        answer.headers.retain(|(name, _)| *name != "ETag");
        let answer = answer.header("Last-Modified", date);
        if n == 0 { answer.cut(20_000) } else { answer }
    });
    let home = tempfile::tempdir().unwrap();
    assert_whole(&fetch(home.path(), &source(&dated)).unwrap(), &bytes(1));
    assert_eq!(dated.ranges("/f.bin"), [None, Some(20_000)]);
    println!("ranges ignored");
    let stubborn = Server::new(|_, n| {
        let whole = Answer::new(200).header("ETag", TAG).body(&bytes(1));
        if n == 0 { whole.cut(20_000) } else { whole }
    });
    let home = tempfile::tempdir().unwrap();
    assert_whole(&fetch(home.path(), &source(&stubborn)).unwrap(), &bytes(1));
    assert_eq!(stubborn.ranges("/f.bin"), [None, Some(20_000)]);
}

#[test]
fn a_file_that_changes_between_two_parts_is_not_patched_together() {
    println!("changes, and the server honours If-Range");
    let server = Server::new(|asked, n| match n {
        0 => file(asked, &bytes(1), TAG).cut(50_000),
        _ => file(asked, &bytes(2), "\"v2\""),
    });
    let home = tempfile::tempdir().unwrap();
    assert_whole(&fetch(home.path(), &source(&server)).unwrap(), &bytes(2));
    assert_eq!(server.ranges("/f.bin"), [None, Some(50_000)]);
    println!("changes, and the server gives a part of the new one all the same");
    let careless = Server::new(|asked, n| match n {
        0 => file(asked, &bytes(1), TAG).cut(50_000),
        _ => {
            let mut asked = asked.clone();
            asked.headers.remove("if-range");
            file(&asked, &bytes(2), "\"v2\"")
        }
    });
    let home = tempfile::tempdir().unwrap();
    assert_whole(&fetch(home.path(), &source(&careless)).unwrap(), &bytes(2));
    assert_eq!(careless.ranges("/f.bin"), [None, Some(50_000), None]);
}

#[test]
fn lies_about_the_length_are_found_out() {
    println!("announces more than it has");
    let long = Server::new(|asked, _| {
        let answer = file(asked, &bytes(1), TAG);
        if answer.status == 200 { answer.header("Content-Length", SIZE + 5) } else { answer }
    });
    let home = tempfile::tempdir().unwrap();
    let error = fetch(home.path(), &source(&long)).unwrap_err();
    assert!(said(&error).contains("download::failed"), "{}", said(&error));
    assert!(!home.path().join("f.bin").exists());
    // The rest is asked for in vain, then all of it again, and again the rest: nothing new in three tries.
    assert_eq!(long.ranges("/f.bin"), [None, Some(SIZE), None, Some(SIZE)]);
    println!("announces less than it has");
    let short = Server::new(|asked, _| match asked.path.as_str() {
        "/f.bin.md5" => Answer::new(200).body(md5_of(&bytes(1)).as_bytes()),
        _ => file(asked, &bytes(1), TAG).header("Content-Length", SIZE - 5),
    });
    let home = tempfile::tempdir().unwrap();
    let error = fetch(home.path(), &Source { md5: true, ..source(&short) }).unwrap_err();
    assert!(said(&error).contains("MD5"), "{}", said(&error));
    assert_eq!((names(home.path()).len(), short.asked("/f.bin").len()), (0, 3));
}

#[test]
fn what_is_not_there_is_asked_for_once_and_then_elsewhere() {
    println!("404, then a mirror");
    let server = Server::new(|asked, _| match asked.path.as_str() {
        "/mirror/f.bin" => file(asked, &bytes(1), TAG),
        _ => Answer::new(404),
    });
    let home = tempfile::tempdir().unwrap();
    let mut both = source(&server);
    both.urls.push(format!("{}/mirror/f.bin", server.url));
    let got = fetch(home.path(), &both).unwrap();
    assert_whole(&got, &bytes(1));
    assert!(got.record.url.contains("/mirror/"));
    assert_eq!((server.asked("/f.bin").len(), server.asked("/mirror/f.bin").len()), (1, 1));
    println!("404 everywhere");
    let home = tempfile::tempdir().unwrap();
    both.urls[1] = format!("{}/also-not/f.bin", server.url);
    let error = fetch(home.path(), &both).unwrap_err();
    assert_eq!(error.faults().len(), 2);
    assert!(said(&error).contains("404") && said(&error).contains("--mirror"), "{}", said(&error));
    assert_eq!((server.asked("/also-not/f.bin").len(), names(home.path()).len()), (1, 0));
}

#[test]
fn a_busy_server_is_given_the_time_it_asks_for() {
    println!("429 with Retry-After: 1");
    let server = Server::new(|asked, n| match n {
        0 => Answer::new(429).header("Retry-After", 1),
        _ => file(asked, &bytes(1), TAG),
    });
    let home = tempfile::tempdir().unwrap();
    let start = Instant::now();
    assert_whole(&fetch(home.path(), &source(&server)).unwrap(), &bytes(1));
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    println!("429 with Retry-After: 3600");
    let later = Server::new(|_, _| Answer::new(429).header("Retry-After", 3600));
    let home = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let error = fetch(home.path(), &source(&later)).unwrap_err();
    assert!(said(&error).contains("3600 s") && start.elapsed() < Duration::from_secs(1), "{}", said(&error));
    assert_eq!(later.asked("/f.bin").len(), 1);
    println!("500 and 502, then well; 503 for ever");
    let ill = Server::new(|asked, n| match n {
        0 => Answer::new(500),
        1 => Answer::new(502),
        _ => file(asked, &bytes(1), TAG),
    });
    assert_whole(&fetch(home.path(), &source(&ill)).unwrap(), &bytes(1));
    let dead = Server::new(|_, _| Answer::new(503));
    let home = tempfile::tempdir().unwrap();
    assert!(said(&fetch(home.path(), &source(&dead)).unwrap_err()).contains("after 3 tries"));
    assert_eq!(dead.asked("/f.bin").len(), 3);
    println!("403 is not asked again");
    let shut = Server::new(|_, _| Answer::new(403));
    assert!(fetch(home.path(), &source(&shut)).is_err());
    assert_eq!(shut.asked("/f.bin").len(), 1);
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    println!("three redirects");
    let server = Server::new(|asked, _| match asked.path.as_str() {
        "/f.bin" => Answer::new(301).header("Location", "/a/b"),
        "/a/b" => Answer::new(302).header("Location", "c"),
        "/a/c" => Answer::new(307).header("Location", "/real.bin?x=1"),
        "/loop/f.bin" => Answer::new(302).header("Location", "/loop/f.bin"),
        "/nowhere/f.bin" => Answer::new(302),
        _ => file(asked, &bytes(1), TAG).cut(if asked.from().is_none() { 60_000 } else { SIZE }),
    });
    let home = tempfile::tempdir().unwrap();
    assert_whole(&fetch(home.path(), &source(&server)).unwrap(), &bytes(1));
    assert_eq!(server.ranges("/real.bin?x=1"), [None, Some(60_000)], "the range follows the redirects");
    println!("a loop");
    for (path, why, times) in [("/loop/f.bin", "more than 5 redirects", 6), ("/nowhere/f.bin", "without a place", 1)] {
        let home = tempfile::tempdir().unwrap();
        let looped = Source::new(vec![format!("{}{path}", server.url)], Looks::Any);
        let error = fetch(home.path(), &looped).unwrap_err();
        assert!(said(&error).contains(why), "{}", said(&error));
        assert_eq!(server.asked(path).len(), times);
    }
}

#[test]
fn what_is_not_what_was_asked_for_is_not_kept() {
    println!("a wrong MD5");
    let server = Server::new(|asked, _| match asked.path.as_str() {
        "/f.bin.md5" => Answer::new(200).body(md5_of(&bytes(2)).as_bytes()),
        _ => file(asked, &bytes(1), TAG),
    });
    let home = tempfile::tempdir().unwrap();
    let error = fetch(home.path(), &Source { md5: true, ..source(&server) }).unwrap_err();
    assert!(said(&error).contains("MD5"), "{}", said(&error));
    assert_eq!((server.ranges("/f.bin"), names(home.path()).len()), (vec![None; 3], 0));
    println!("a wrong SHA-256 that was known beforehand");
    let pinned = Source { sha256: Some("00".repeat(32)), ..source(&server) };
    assert!(said(&fetch(home.path(), &pinned).unwrap_err()).contains("SHA-256"));
    println!("a page to log in, where a GeoTIFF was asked for; the mirror has it");
    let portal = Server::new(|asked, _| match asked.path.as_str() {
        "/good/f.bin" => Answer::new(200).body(b"II*\0 and so on"),
        _ if asked.path == "/f.bin" => Answer::new(200).body(b"<!DOCTYPE html><title>Log in</title>"),
        _ => Answer::new(404),
    });
    let mut tiff = Source { looks: Looks::Tiff, ..source(&portal) };
    assert!(said(&fetch(home.path(), &tiff).unwrap_err()).contains("not a GeoTIFF"));
    tiff.urls.push(format!("{}/good/f.bin", portal.url));
    assert!(fetch(home.path(), &tiff).unwrap().record.url.contains("/good/"));
    println!("no MD5 on the server: taken, and said");
    let bare = Server::new(|asked, _| match asked.path.as_str() {
        "/f.bin" => file(asked, &bytes(1), TAG),
        _ => Answer::new(404),
    });
    let home = tempfile::tempdir().unwrap();
    assert!(!fetch(home.path(), &Source { md5: true, ..source(&bare) }).unwrap().record.md5_checked);
}

#[test]
fn offline_says_what_to_put_where_and_uses_it() {
    println!("offline");
    let server = Server::new(|asked, _| file(asked, &bytes(1), TAG));
    let home = tempfile::tempdir().unwrap();
    let offline = || Settings { offline: true, ..settings() };
    let source = Source { looks: Looks::Tiff, ..source(&server) };
    let error = fetch_with(home.path(), &source, offline()).unwrap_err();
    let place = home.path().join("f.bin");
    assert!(
        said(&error).contains(place.to_str().unwrap()) && said(&error).contains(&source.urls[0]),
        "{}",
        said(&error)
    );
    println!("the wrong file was put there");
    std::fs::write(&place, "<html>").unwrap();
    assert!(said(&fetch_with(home.path(), &source, offline()).unwrap_err()).contains("download::wrong"));
    println!("the right one");
    std::fs::write(&place, b"II*\0 and so on").unwrap();
    let got = fetch_with(home.path(), &source, offline()).unwrap();
    assert!(got.reused && got.record.by_hand());
    // And it is known from now on, with a network or without.
    assert!(fetch(home.path(), &source).unwrap().reused);
    assert_eq!(server.asked("/f.bin").len(), 0, "nothing was asked of the network");
}

#[test]
fn no_server_at_all() {
    println!("nobody listens");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/f.bin", listener.local_addr().unwrap());
    drop(listener);
    let home = tempfile::tempdir().unwrap();
    let error = fetch(home.path(), &Source::new(vec![url], Looks::Any)).unwrap_err();
    assert!(said(&error).contains("after 3 tries"), "{}", said(&error));
    let error = fetch(home.path(), &Source::new(vec!["not an address".into()], Looks::Any)).unwrap_err();
    assert_eq!(error.exit_code(), 1);
    assert_eq!(names(home.path()).len(), 0);
}

#[test]
fn only_https_is_asked_but_on_this_machine() {
    let home = tempfile::tempdir().unwrap();
    for (url, why) in [
        ("http://example.org/f.bin", "not encrypted"),
        ("file:///etc/passwd", "names no server"),
        ("ftp://example.org/f.bin", "`ftp` is not followed"),
        ("https://me:secret@example.org/f.bin", "leave the name and the password out"),
        ("http://127.0.0.1@example.org/f.bin", "leave the name and the password out"),
    ] {
        let error = fetch(home.path(), &Source::new(vec![url.into()], Looks::Any)).unwrap_err();
        assert!(said(&error).contains(why) && !said(&error).contains("secret"), "{url}: {}", said(&error));
    }
    println!("a redirect to anywhere else");
    for (to, why) in [
        ("http://example.org/f.bin", "not encrypted"),
        ("file:///etc/passwd", "without a place to go"),
        ("https://me:secret@example.org/f.bin", "leave the name and the password out"),
    ] {
        let server = Server::new(move |_, _| Answer::new(302).header("Location", to));
        let error = fetch(home.path(), &source(&server)).unwrap_err();
        assert!(said(&error).contains(why) && !said(&error).contains("secret"), "{to}: {}", said(&error));
        assert_eq!(server.asked("/f.bin").len(), 1);
    }
}

#[test]
fn a_body_without_end_is_cut_off() {
    println!("no length, and it never ends");
    let endless = Server::new(|_, _| {
        // Transfer-Encoding of nothing known: the body lasts until the connection closes.
        Answer::new(200).header("Transfer-Encoding", "identity").body(&vec![7; SIZE]).drip(Duration::ZERO)
    });
    let home = tempfile::tempdir().unwrap();
    let little = Settings { most_bytes: 5_000, ..settings() };
    let error = fetch_with(home.path(), &source(&endless), little.clone()).unwrap_err();
    assert!(said(&error).contains("more came than the 5000 bytes that are fetched at most"), "{}", said(&error));
    assert_eq!(names(home.path()).len(), 0);
    println!("a length beyond the limit");
    let large = Server::new(|asked, _| file(asked, &bytes(1), TAG));
    let error = fetch_with(home.path(), &source(&large), little).unwrap_err();
    assert!(said(&error).contains("100000 bytes are announced; at most 5000 are fetched"), "{}", said(&error));
    assert_eq!((names(home.path()).len(), large.asked("/f.bin").len()), (0, 1));
}

#[test]
fn a_drip_is_no_progress() {
    // A byte every 20 ms is 50 a second; the limit is 256, over 0.4 s. Three tries, each going on from the last.
    let slow = Server::new(|asked, _| file(asked, &bytes(1), TAG).drip(Duration::from_millis(20)));
    let home = tempfile::tempdir().unwrap();
    let error = fetch(home.path(), &source(&slow)).unwrap_err();
    assert!(said(&error).contains("bytes a second come") && said(&error).contains("after 3 tries"), "{}", said(&error));
    assert_eq!(slow.asked("/f.bin").len(), 3);
}

#[test]
fn a_header_without_end_is_refused() {
    let server = Server::new(|asked, _| {
        let filler = "x".repeat(1000);
        (0..200).fold(file(asked, &bytes(1), TAG), |answer, _| answer.header("X-Filler", &filler))
    });
    let home = tempfile::tempdir().unwrap();
    let error = fetch(home.path(), &source(&server)).unwrap_err();
    assert!(said(&error).contains("download::failed"), "{}", said(&error));
    assert!(!home.path().join("f.bin").exists());
}

#[test]
fn names_stay_in_the_folder_and_off_its_list() {
    let server = Server::new(|asked, _| file(asked, &bytes(1), TAG));
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("downloads");
    for name in ["../f.bin", "/etc/passwd", "a/b", "a\\b", "a\0b", "..", ".", "", "fetched.json"] {
        let wrong = Source { name: name.into(), ..source(&server) };
        let error = fetch(&folder, &wrong).unwrap_err();
        assert!(said(&error).contains("download::name"), "{name:?}: {}", said(&error));
    }
    assert!(server.asked("/f.bin").is_empty() && names(home.path()).is_empty());
    println!("an address that ends in the name of the list, or of a part");
    for (path, name) in [("/fetched.json", "download-fetched.json"), ("/f.bin.part", "download-f.bin-part")] {
        let got = fetch(&folder, &Source::new(vec![format!("{}{path}", server.url)], Looks::Any)).unwrap();
        assert_eq!(got.path, folder.join(name));
    }
    let long = Source::new(vec![format!("{}/{}.osm.pbf", server.url, "x".repeat(400))], Looks::Any);
    assert!(long.name.len() <= 200 && long.name.ends_with(".osm.pbf"), "{}", long.name);
}

#[cfg(unix)]
#[test]
fn links_are_not_written_through() {
    let server = Server::new(|asked, _| file(asked, &bytes(1), TAG));
    let home = tempfile::tempdir().unwrap();
    let (folder, victim) = (home.path().join("downloads"), home.path().join("victim"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(&victim, "mine").unwrap();
    println!("a link where the file grows");
    std::os::unix::fs::symlink(&victim, folder.join("f.bin.part")).unwrap();
    let error = fetch(&folder, &source(&server)).unwrap_err();
    assert!(said(&error).contains("download::link"), "{}", said(&error));
    std::fs::remove_file(folder.join("f.bin.part")).unwrap();
    println!("a link that leads nowhere where the file will stand is replaced, not followed");
    let nowhere = home.path().join("nowhere");
    std::os::unix::fs::symlink(&nowhere, folder.join("f.bin")).unwrap();
    assert_whole(&fetch(&folder, &source(&server)).unwrap(), &bytes(1));
    assert!(!nowhere.exists() && !folder.join("f.bin").is_symlink());
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "mine");
}
