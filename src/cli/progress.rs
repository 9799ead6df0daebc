//! How a run tells of itself on stderr: bars on a terminal, plain lines elsewhere, and where the time went at the end.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::stages::meter::{self, Reading};
use crate::stages::{Event, Stage};

/// Whether the user asked for `--verbose`.
static VERBOSE: AtomicBool = AtomicBool::new(false);

/// Tells more from here on.
pub fn be_verbose() {
    VERBOSE.store(true, Ordering::Relaxed);
}

/// Whether to tell more.
pub fn verbose() -> bool {
    VERBOSE.load(Ordering::Relaxed)
}

/// Listens to the stages of a run.
pub struct Progress {
    quiet: bool,
    begun: Instant,
    watch: RefCell<Option<Watch>>,
}

/// How often a bar is drawn.
const DRAWN_EVERY: Duration = Duration::from_millis(100);

/// How often a long stage tells of itself where there is no terminal.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// Stages below this share of the time are told together at the end.
const SMALL_SHARE: f64 = 0.01;

impl Progress {
    /// A listener that stays silent if `quiet`.
    pub fn new(quiet: bool) -> Self {
        Progress { quiet, begun: Instant::now(), watch: RefCell::new(None) }
    }

    /// Hears of a stage.
    pub fn hear(&self, event: Event) {
        if self.quiet {
            return;
        }
        match event {
            Event::Begins(name) => {
                self.watch.replace(Some(Watch::begin(name)));
            }
            Event::Ended(stage) => {
                self.watch.take();
                eprintln!("{}", line(stage));
            }
            // What is said next must not stand in the line of a bar.
            Event::Broke => {
                self.watch.take();
            }
            Event::Note(note) => eprintln!("  {note}"),
        }
    }

    /// Tells where the time went.
    pub fn summary(&self, stages: &[Stage]) {
        if !self.quiet && !stages.is_empty() {
            eprintln!("\n{}", summary(stages, self.begun.elapsed().as_secs_f64()));
        }
    }
}

/// A thread that shows how far a stage is, until this is dropped.
struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    fn begin(name: &'static str) -> Self {
        let (stop, stopped) = channel();
        let terminal = terminal();
        let show = move || {
            let begun = Instant::now();
            let bar = if terminal { Some(Bar::new(name)) } else { None };
            let every = if terminal { DRAWN_EVERY } else { TOLD_EVERY };
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let reading = meter::read();
                match &bar {
                    Some(bar) => bar.draw(&reading, begun.elapsed()),
                    None => eprintln!("{name:<17} {}", told(&reading, begun.elapsed())),
                }
            }
            if let Some(bar) = bar {
                bar.bar.finish_and_clear();
            }
        };
        // Without a thread the stage is silent until it ends.
        let thread = std::thread::Builder::new().name("progress".into()).spawn(show).ok();
        Watch { stop: Some(stop), thread }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // What the thread could break is the drawing of a bar.
            let _ = thread.join();
        }
    }
}

/// Whether stderr can be drawn on.
pub fn terminal() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// A bar where it is known how much there is to do, else a spinner.
struct Bar {
    bar: ProgressBar,
    counted: Option<ProgressStyle>,
    uncounted: Option<ProgressStyle>,
}

impl Bar {
    fn new(name: &'static str) -> Self {
        let style = |template: &str| ProgressStyle::with_template(template).ok().map(|s| s.progress_chars("━╸ "));
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_prefix(name);
        Bar {
            bar,
            counted: style("{spinner} {prefix:<17} {bar:24} {percent:>3} %  {wide_msg}"),
            uncounted: style("{spinner} {prefix:<17} {wide_msg}"),
        }
    }

    fn draw(&self, reading: &Reading, elapsed: Duration) {
        let style = if reading.total > 0 { &self.counted } else { &self.uncounted };
        if let Some(style) = style {
            self.bar.set_style(style.clone());
        }
        self.bar.set_length(reading.total.max(1));
        self.bar.set_position(reading.done);
        self.bar.set_message(told(reading, elapsed));
        self.bar.tick();
    }
}

/// How far a stage is, in words.
fn told(reading: &Reading, elapsed: Duration) -> String {
    let mut parts = Vec::new();
    if crate::stages::stopping() {
        parts.push("stopping".to_owned());
    }
    if !reading.text.is_empty() {
        parts.push(reading.text.clone());
    }
    if reading.total > 0 {
        parts.push(match reading.unit {
            "bytes" => format!("{:.1} of {:.1} MB", reading.done as f64 / 1e6, reading.total as f64 / 1e6),
            unit => format!("{} of {} {unit}", reading.done, reading.total),
        });
    }
    if let Some(gap) = reading.gap {
        parts.push(format!("gap {} %", percent(gap * 100.0)));
    }
    match (reading.sought, left(reading, elapsed)) {
        (Some(sought), _) => {
            let of = reading.limit_s.map_or(String::new(), |limit| format!(" of {}", seconds(limit)));
            parts.push(format!("{}{of}", seconds(sought.as_secs_f64())));
        }
        (None, Some(left)) => parts.push(format!("about {} left", seconds(left))),
        (None, None) => parts.push(seconds(elapsed.as_secs_f64())),
    }
    parts.join(" · ")
}

/// Seconds left if what remains goes like what is done; none until that says something.
fn left(reading: &Reading, elapsed: Duration) -> Option<f64> {
    let elapsed = elapsed.as_secs_f64();
    let enough = reading.done > 0 && reading.done < reading.total && elapsed >= 1.0;
    enough.then(|| elapsed * (reading.total - reading.done) as f64 / reading.done as f64)
}

/// Seconds as people read them.
fn seconds(s: f64) -> String {
    let whole = s.round() as u64;
    match whole {
        0..100 => format!("{whole} s"),
        100..6000 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

/// A percentage with as many digits as tell it from 0.
fn percent(percent: f64) -> String {
    match percent {
        0.0 => "0".to_owned(),
        p if p >= 10.0 => format!("{p:.0}"),
        p if p >= 0.1 => format!("{p:.1}"),
        p if p >= 0.001 => format!("{p:.3}"),
        _ => "below 0.001".to_owned(),
    }
}

fn line(stage: &Stage) -> String {
    let memory = stage.peak_mib.map_or(String::new(), |mib| format!("{mib:6.0} MiB"));
    format!("{:<17} {:>8.2} s {memory}  {}", stage.name, stage.time_s, stage.found)
}

/// The stages by the time that they took, the small ones together, and the whole.
fn summary(stages: &[Stage], total_s: f64) -> String {
    // Stages of one name are one line, e.g. the cases of a sensitivity run.
    let mut by_name: Vec<(String, f64, Option<f64>, usize)> = Vec::new();
    for stage in stages {
        match by_name.iter_mut().find(|(name, ..)| name == stage.name) {
            Some((_, time_s, peak, count)) => {
                *time_s += stage.time_s;
                *peak = most(*peak, stage.peak_mib);
                *count += 1;
            }
            None => by_name.push((stage.name.to_owned(), stage.time_s, stage.peak_mib, 1)),
        }
    }
    by_name.sort_by(|a, b| b.1.total_cmp(&a.1));
    let large = by_name.iter().filter(|(_, time_s, ..)| *time_s >= SMALL_SHARE * total_s).count();
    let small = by_name.split_off(large);
    let mut lines = vec![format!("{:<24} {:>10} {:>7} {:>12}", "where the time went", "time", "share", "most memory")];
    let mut push = |name: String, time_s: f64, peak: Option<f64>| {
        let peak = peak.map_or("–".to_owned(), |mib| format!("{mib:.0} MiB"));
        let share = if total_s > 0.0 { time_s / total_s * 100.0 } else { 0.0 };
        lines.push(format!("{name:<24} {time_s:>8.2} s {share:>5.0} % {peak:>12}"));
    };
    for (name, time_s, peak, count) in by_name {
        push(if count > 1 { format!("{name} (× {count})") } else { name }, time_s, peak);
    }
    if !small.is_empty() {
        let peak = small.iter().fold(None, |peak, s| most(peak, s.2));
        push(format!("{} short stages", small.len()), small.iter().map(|s| s.1).sum(), peak);
    }
    push("total".to_owned(), total_s, stages.iter().fold(None, |peak, s| most(peak, s.peak_mib)));
    lines.join("\n")
}

fn most(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.into_iter().chain(b).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading() -> Reading {
        Reading { done: 0, total: 0, unit: "", text: String::new(), gap: None, sought: None, limit_s: None }
    }

    #[test]
    fn the_time_left_follows_from_what_is_done() {
        // 25 of 100 in 3 s: the other 75 take 9 s.
        let counted = Reading { done: 25, total: 100, unit: "sites", ..reading() };
        assert_eq!(told(&counted, Duration::from_secs(3)), "25 of 100 sites · about 9 s left");
        // Half a second says too little.
        assert_eq!(told(&counted, Duration::from_millis(500)), "25 of 100 sites · 1 s");
        let none_done = Reading { done: 0, ..counted };
        assert_eq!(told(&none_done, Duration::from_secs(3)), "0 of 100 sites · 3 s");
    }

    #[test]
    fn a_search_tells_its_gap_and_its_clock() {
        let seeking = Reading {
            text: "phase 1 of 2, joint".into(),
            gap: Some(0.004),
            sought: Some(Duration::from_secs(12)),
            limit_s: Some(120.0),
            ..reading()
        };
        let expected = "phase 1 of 2, joint · gap 0.4 % · 12 s of 2 min 00 s";
        assert_eq!(told(&seeking, Duration::from_secs(60)), expected);
        assert_eq!(
            told(&Reading { limit_s: None, text: String::new(), ..seeking }, Duration::ZERO),
            "gap 0.4 % · 12 s"
        );
    }

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!(
            [0.0, 99.4, 100.0, 3599.0, 7260.0].map(seconds),
            ["0 s", "99 s", "1 min 40 s", "59 min 59 s", "2 h 01 min"].map(str::to_owned)
        );
        assert_eq!(seconds(7260.0 * 2.0), "4 h 02 min");
        assert_eq!(
            [0.0, 12.34, 0.42, 0.0042, 1e-6].map(percent),
            ["0", "12", "0.4", "0.004", "below 0.001"].map(str::to_owned)
        );
    }

    #[test]
    fn the_summary_is_sorted_and_sums_up() {
        let stage = |name, time_s, mib| Stage { name, time_s, peak_mib: Some(mib), found: String::new() };
        // 10 s in all: two cases of 2 s each, 5 s of optimising, and 0.06 + 0.04 s below one percent.
        let stages = [
            stage("read tables", 0.06, 10.0),
            stage("optimise", 5.0, 80.0),
            stage("try a case", 2.0, 40.0),
            stage("keep network", 0.04, 30.0),
            stage("try a case", 2.0, 50.0),
        ];
        let text = summary(&stages, 10.0);
        let lines: Vec<Vec<&str>> = text.lines().map(|l| l.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["optimise", "5.00", "s", "50", "%", "80", "MiB"]);
        assert_eq!(lines[2], ["try", "a", "case", "(×", "2)", "4.00", "s", "40", "%", "50", "MiB"]);
        assert_eq!(lines[3], ["2", "short", "stages", "0.10", "s", "1", "%", "30", "MiB"]);
        assert_eq!(lines[4], ["total", "10.00", "s", "100", "%", "80", "MiB"]);
        assert_eq!(lines.len(), 5);
        let wide: Vec<usize> = text.lines().map(|l| l.chars().count()).collect();
        assert!(wide.iter().all(|w| *w == wide[0]), "{text}");
    }
}
