//! Processes that belong to a directory, and how they are ended with it. Chromium's crash handlers leave its process group
//! and its session, and outlive it where they are held up; what they keep is the environment that they were started with.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};

/// The variable that names the directory. A working directory would not do: whoever looks at what a crash left, or
/// backs it up, stands there too.
pub(crate) const MARK: &str = "BEVARA_BROWSER_PROFILE";

/// How long processes that were killed may take to be gone.
const LIMIT: Duration = Duration::from_secs(5);

/// Every process of the system, by its directory in `/proc`.
pub(crate) fn all() -> io::Result<Vec<(Pid, PathBuf)>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.parse().ok());
        if let Some(pid) = number.and_then(Pid::from_raw) {
            all.push((pid, path));
        }
    }
    Ok(all)
}

/// What was read of a process; `None` where it has ended meanwhile.
pub(crate) fn unless_gone<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error)
            if error.kind() == io::ErrorKind::NotFound
                || error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The group of a process, the fifth field of `proc_pid_stat(5)`, as long as it lives. The second, the name, may hold
/// spaces and brackets; the third is Z where it has ended and nobody has asked how.
pub(crate) fn living_group(stat: &str) -> Option<i32> {
    let (_, after) = stat.rsplit_once(") ")?;
    let mut fields = after.split(' ');
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(1)?.parse().ok()
}

/// Ends every process of a group, and waits until they are gone. Its leader must not have been waited for: then its
/// number may be another's.
pub(crate) fn end_group(group: Pid) -> io::Result<()> {
    let is_member = |path: &Path| {
        let stat = unless_gone(std::fs::read_to_string(path.join("stat")))?;
        let its = stat.and_then(|stat| living_group(&stat));
        Ok(its == Some(group.as_raw_pid()))
    };
    end_all(is_member, |_| {
        rustix::process::kill_process_group(group, Signal::KILL)
    })
}

/// Ends every process of ours that is marked with `dir` or a directory below it, and waits until they are gone.
pub(crate) fn end(dir: &Path) -> io::Result<()> {
    let Some(dir) = unless_gone(dir.canonicalize())? else {
        return Ok(());
    };
    let is_ours = |path: &Path| match unless_gone(std::fs::read(path.join("environ"))) {
        Ok(environment) => Ok(environment.is_some_and(|bytes| is_marked(&bytes, &dir))),
        // Somebody else's, and so none that we started.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(false),
        Err(error) => Err(error),
    };
    end_all(is_ours, |process| {
        rustix::process::pidfd_send_signal(process, Signal::KILL)
    })
}

fn end_all(
    is_meant: impl Fn(&Path) -> io::Result<bool>,
    kill: impl Fn(&OwnedFd) -> rustix::io::Result<()>,
) -> io::Result<()> {
    let begun = Instant::now();
    // What one of them started meanwhile is found by the next look.
    loop {
        let found = held(&is_meant)?;
        if found.is_empty() {
            return Ok(());
        }
        for process in &found {
            match kill(process) {
                Ok(()) | Err(Errno::SRCH) => {}
                Err(error) => return Err(error.into()),
            }
        }
        for process in &found {
            let left = Timespec::try_from(LIMIT.saturating_sub(begun.elapsed()))
                .map_err(io::Error::other)?;
            let mut ended = [PollFd::new(process, PollFlags::IN)];
            if rustix::event::poll(&mut ended, Some(&left))? == 0 {
                let message = "a process that was killed goes on";
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
        }
    }
}

/// The processes that are meant, by their directory in `/proc`. Each is held before it is looked at, so that a number that
/// is given to another process meanwhile strikes nobody else.
fn held(is_meant: impl Fn(&Path) -> io::Result<bool>) -> io::Result<Vec<OwnedFd>> {
    let mut found = Vec::new();
    for (pid, path) in all()? {
        let process = match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
            Ok(process) => process,
            // It is gone, or just being so.
            Err(Errno::SRCH | Errno::INVAL) => continue,
            Err(error) => return Err(error.into()),
        };
        if is_meant(&path)? {
            found.push(process);
        }
    }
    Ok(found)
}

/// Whether an environment (`proc_pid_environ(5)`) holds the mark of `dir` or of a directory below it.
fn is_marked(environment: &[u8], dir: &Path) -> bool {
    let mut variables = environment.split(|byte| *byte == 0);
    variables.any(|variable| {
        let value = variable
            .strip_prefix(MARK.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"="));
        value.is_some_and(|value| Path::new(OsStr::from_bytes(value)).starts_with(dir))
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_group_is_told_whatever_the_name_and_only_of_the_living() {
        assert_eq!(living_group("7 (a) b) S 3 55 55 0 -1 4194560"), Some(55));
        assert_eq!(living_group("7 (a) b) Z 3 55 55 0 -1 4194560"), None);
        assert_eq!(living_group("7 (a"), None);
    }

    #[test]
    fn only_the_directory_and_what_lies_below_it_count() {
        let marked = |value: &str, dir: &str| {
            let environment = format!("A=b\0{MARK}={value}\0HOME=/staging/a\0");
            is_marked(environment.as_bytes(), Path::new(dir))
        };
        assert!(marked("/staging/a/profile-1", "/staging/a"));
        assert!(marked("/staging/a", "/staging/a"));
        assert!(!marked("/staging/ab", "/staging/a"));
        assert!(!marked("/staging", "/staging/a"));
        assert!(!is_marked(b"HOME=/staging/a\0", Path::new("/staging/a")));
        assert!(!is_marked(b"", Path::new("/staging/a")));
    }

    #[test]
    fn a_marked_process_is_ended_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().canonicalize().unwrap().join("profile-1");
        std::fs::create_dir(&below).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a process to be ended")]
        let waiting = |mark: &str| {
            let mut command = Command::new("cat");
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command
                .current_dir(&below)
                .env(mark, &below)
                .spawn()
                .unwrap();
            // Its environment is there once it answers, and a little later than it is started.
            child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
            child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
            child
        };
        let (mut ours, mut other) = (waiting(MARK), waiting("OLDPWD"));
        end(dir.path()).unwrap();
        // Killed by a signal, it has no exit code.
        assert_eq!(ours.try_wait().unwrap().unwrap().code(), None);
        assert_eq!(other.try_wait().unwrap(), None, "a bystander was killed");
        other.kill().unwrap();
        other.wait().unwrap();
        end(&dir.path().join("never made")).unwrap();
    }
}
