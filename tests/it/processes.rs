//! Processes as the kernel shows them: those of a browser, found by its profile directory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A process and its command line.
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) line: String,
}

/// The processes of the browsers whose profile is `dir` or lies below it: those whose command line names it, and those
/// that work in it, which Chromium's crash handlers do; and everything that they started.
pub(crate) fn family(dir: &Path) -> Vec<Process> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<i32>().ok())
        else {
            continue;
        };
        let works_there = std::fs::read_link(entry.path().join("cwd"))
            .is_ok_and(|place| dir.canonicalize().is_ok_and(|dir| place.starts_with(dir)));
        let (Ok(line), Ok(stat)) = (
            std::fs::read(entry.path().join("cmdline")),
            std::fs::read_to_string(entry.path().join("stat")),
        ) else {
            continue;
        };
        let after = stat.rsplit(") ").next().unwrap_or_default();
        let mut words = after.split(' ');
        let is_dead = words.next() == Some("Z");
        let parent: i32 = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        if !is_dead {
            all.push((
                (parent, works_there),
                Process {
                    pid,
                    line: String::from_utf8_lossy(&line).replace('\0', " "),
                },
            ));
        }
    }
    let flag = format!("--user-data-dir={}", dir.display());
    let mut pids: BTreeSet<i32> = all
        .iter()
        .filter(|((_, works_there), one)| *works_there || one.line.contains(&flag))
        .map(|(_, one)| one.pid)
        .collect();
    loop {
        let more: Vec<i32> = all
            .iter()
            .filter(|((parent, _), one)| pids.contains(parent) && !pids.contains(&one.pid))
            .map(|(_, one)| one.pid)
            .collect();
        if more.is_empty() {
            break;
        }
        pids.extend(more);
    }
    all.into_iter()
        .map(|(_, one)| one)
        .filter(|one| pids.contains(&one.pid))
        .collect()
}

/// The profile directories of the browsers that run below `dir`.
pub(crate) fn profiles(dir: &Path) -> BTreeSet<PathBuf> {
    let browsers = family(dir);
    let named = browsers.iter().filter_map(|one| {
        let (_, after) = one.line.split_once("--user-data-dir=")?;
        Some(PathBuf::from(after.split(' ').next()?))
    });
    named.collect()
}

/// Holds up the crash handlers of the browsers in `dir`: by themselves they would outlive them for as long as they are
/// at work, or for ever.
pub(crate) fn hold_up_crash_handlers(dir: &Path) {
    let browsers = family(dir);
    let handlers: Vec<_> = browsers
        .iter()
        .filter(|one| is_crash_handler(one))
        .collect();
    assert!(!handlers.is_empty(), "there are no crash handlers");
    for handler in handlers {
        signal("-STOP", handler.pid);
    }
}

/// Whether a process is Chromium's crash handler, which leaves the browser's process group.
pub(crate) fn is_crash_handler(process: &Process) -> bool {
    let program = process.line.split(' ').next().unwrap_or_default();
    program.ends_with("crashpad_handler")
}

/// A process that is gone already is as good as killed.
pub(crate) fn kill(pid: i32) {
    signal("-KILL", pid);
}

/// Holds up what draws for the browser with this profile for as long as a slow machine may: nothing is drawn meanwhile.
pub(crate) fn hold_up_drawing(profile: &Path) {
    let browser = family(profile);
    let drawing = browser
        .iter()
        .find(|one| one.line.contains("--type=gpu-process"));
    let pid = drawing.expect("a process that draws").pid;
    signal("-STOP", pid);
    std::thread::park_timeout(std::time::Duration::from_millis(300));
    signal("-CONT", pid);
}

fn signal(which: &str, pid: i32) {
    Command::new("kill")
        .args([which, &pid.to_string()])
        .stderr(std::process::Stdio::null())
        .status()
        .expect("kill is installed");
}

/// Waits until something holds, and fails after a minute.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(
            begun.elapsed().as_secs() < 60,
            "waited in vain until {what}"
        );
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
}
