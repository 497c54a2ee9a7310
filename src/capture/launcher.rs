//! Starts Chromium through `headless_chrome`, in a thread that lives as long as the browser. What `headless_chrome`
//! starts is this program again ([`become_browser`]): it asks for SIGKILL at its parent's death, takes a process group
//! of its own and then becomes Chromium, so that not even `kill -9` leaves a browser behind.
#![expect(
    clippy::disallowed_methods,
    reason = "the adapter that starts the browser"
)]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use headless_chrome::browser::default_executable;
use headless_chrome::{Browser as Launched, LaunchOptions};
use rustix::process::{Pid, Signal};

use crate::capture::memory;
use crate::capture::{BrowserError, BrowserOptions};
use crate::processes;

/// Names the program to become.
const PROGRAM: &str = "BEVARA_BROWSER_PROGRAM";
/// The process that must still be the parent.
const PARENT: &str = "BEVARA_BROWSER_PARENT";

/// Where `headless_chrome` gives up waiting for events; its connection is not used.
const IDLE: Duration = Duration::from_hours(30 * 24);

/// What `headless_chrome` does not ask for itself. The default proxy is a port where nothing listens: only a capture's
/// own context, with its filtering proxy, gets out.
const ARGUMENTS: [&str; 19] = [
    "--lang=sv-SE",
    "--accept-lang=sv-SE,sv,en",
    "--hide-scrollbars",
    "--mute-audio",
    "--disable-quic",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-crash-reporter",
    "--disable-search-engine-choice-screen",
    "--disable-field-trial-config",
    "--disable-notifications",
    "--no-pings",
    // Without a preview there is nothing that a page's `print()` could hold up: with it, it refuses every print of ours.
    "--disable-print-preview",
    "--no-default-browser-check",
    "--dns-prefetch-disable",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// Who is to see the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nobody.
    Headless,
    /// A person who logs in. No window opens by itself, and the browser goes on without one; no page is told that a
    /// program is at work, for none is.
    Window,
}

/// Becomes the browser where this process was started as its launcher: then it does not return, or returns the exit
/// code of the failure. `None` where this is an ordinary run.
pub fn become_browser() -> Option<ExitCode> {
    let program = std::env::var_os(PROGRAM)?;
    let parent = std::env::var(PARENT)
        .ok()
        .and_then(|text| text.parse::<i32>().ok());
    let ready = rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .and_then(|()| rustix::process::setpgid(None, None));
    // A parent that died before the signal was asked for sends none.
    let present = rustix::process::getppid().map(Pid::as_raw_pid);
    if ready.is_err() || parent.is_none() || present != parent {
        return Some(ExitCode::FAILURE);
    }
    let mut browser = Command::new(program);
    browser
        .args(std::env::args_os().skip(1))
        .env_remove(PROGRAM)
        .env_remove(PARENT);
    // What Chromium would leave in /tmp, and at home of pages that crash, goes with its profile. The socket in /tmp
    // needs a short path (`unix(7)`).
    let Some(profile) = std::env::args_os().find_map(|argument| profile_of(&argument)) else {
        tracing::error!("the browser was given no profile directory");
        return Some(ExitCode::FAILURE);
    };
    let profile = match profile.canonicalize() {
        Ok(profile) => profile,
        Err(error) => {
            tracing::error!(profile = %profile.display(), %error, "the browser's profile directory cannot be used");
            return Some(ExitCode::FAILURE);
        }
    };
    browser
        .env("TMPDIR", "/proc/self/cwd")
        .env("BREAKPAD_DUMP_LOCATION", profile.join("crashes"))
        .env(processes::MARK, &profile)
        .current_dir(profile);
    let error = browser.exec();
    tracing::error!(%error, "the browser could not be started");
    Some(ExitCode::FAILURE)
}

/// The profile directory that an argument of Chromium's names.
fn profile_of(argument: &OsStr) -> Option<PathBuf> {
    let bytes = argument.as_bytes().strip_prefix(b"--user-data-dir=")?;
    Some(OsStr::from_bytes(bytes).into())
}

/// A started browser process.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its DevTools websocket.
    pub(crate) url: String,
    /// The browser's own process, which leads its group.
    group: Pid,
    end: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts Chromium and waits for its DevTools address.
    pub(crate) async fn start(options: &BrowserOptions, look: Look) -> Result<Self, BrowserError> {
        let program = match &options.path {
            Some(path) if path.is_file() => path.clone(),
            Some(path) => return Err(BrowserError::NoProgram { path: path.clone() }),
            None => default_executable().map_err(|_source| BrowserError::Missing)?,
        };
        std::fs::create_dir_all(&options.profile).map_err(|source| BrowserError::Profile {
            path: options.profile.clone(),
            source,
        })?;
        let (started, starting) = tokio::sync::oneshot::channel();
        let (end, ending) = mpsc::channel::<()>();
        let (launcher, profile) = (options.launcher.clone(), options.profile.clone());
        let left = profile.clone();
        let size = (options.width, crate::capture::VIEW_HEIGHT);
        let thread = std::thread::Builder::new()
            .name("browser".to_owned())
            .spawn(move || {
                let launched = launch(&program, launcher, profile, (size, look));
                let (browser, answer) = match launched {
                    Ok((browser, group)) => {
                        let url = browser.get_ws_url();
                        (Some((browser, group)), Ok((url, group)))
                    }
                    Err(message) => {
                        // Before anybody is told: whoever is told takes the profile away and ends, and this thread with it.
                        let_go(processes::end(&left));
                        (None, Err(BrowserError::Start { message }))
                    }
                };
                // Nobody waiting and the end asked for are the same: the browser goes with this thread.
                if started.send(answer).is_ok() && ending.recv().is_err() {
                    tracing::debug!("the browser is let go");
                }
                // The group before its leader is waited for, which is when the browser is dropped.
                let ended = browser.map_or(Ok(()), |(_browser, group)| processes::end_group(group));
                let_go(ended);
                let_go(processes::end(&left));
            })
            .map_err(|source| BrowserError::Start {
                message: source.to_string(),
            })?;
        let (url, group) = starting.await.map_err(|_source| BrowserError::Start {
            message: "its thread ended".to_owned(),
        })??;
        Ok(Self {
            url,
            group,
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// Bytes of memory that its processes take.
    pub(crate) fn memory(&self) -> std::io::Result<u64> {
        memory::of_group(self.group)
    }

    /// Ends it and everything that it started.
    pub(crate) async fn end(mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            let joined = tokio::task::spawn_blocking(move || thread.join().is_ok()).await;
            told(matches!(joined, Ok(true)));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            told(thread.join().is_ok());
        }
    }
}

/// Tells of what a browser left that could not be ended.
fn let_go(ended: std::io::Result<()>) {
    if let Err(error) = ended {
        tracing::warn!(%error, "not everything of the browser could be ended");
    }
}

fn told(ended_well: bool) {
    if !ended_well {
        tracing::warn!("the browser's thread did not end well");
    }
}

fn launch(
    program: &Path,
    launcher: PathBuf,
    profile: PathBuf,
    (size, look): ((u32, u32), Look),
) -> Result<(Launched, Pid), String> {
    let mut environment = vec![
        (PROGRAM.to_owned(), program.to_string_lossy().into_owned()),
        (PARENT.to_owned(), std::process::id().to_string()),
    ];
    // A person's window looks as the desktop says; without one its settings are of no use, and reading them leaves a file.
    if look == Look::Headless {
        environment.push(("GSETTINGS_BACKEND".to_owned(), "memory".to_owned()));
    }
    let mut args: Vec<&OsStr> = ARGUMENTS.iter().map(OsStr::new).collect();
    // A window that a page opens would lie over the page, which is then drawn no more: it is blocked.
    let mut ignore_default_args = vec![OsStr::new("--disable-popup-blocking")];
    if look == Look::Window {
        args.retain(|argument| *argument != "--hide-scrollbars");
        args.push(OsStr::new("--no-startup-window"));
        ignore_default_args.push(OsStr::new("--enable-automation"));
    }
    let options = LaunchOptions {
        headless: look == Look::Headless,
        ignore_default_args,
        sandbox: !rustix::process::geteuid().is_root(),
        path: Some(launcher),
        user_data_dir: Some(profile),
        window_size: Some(size),
        // Any that is free. Without one it is tried eleven times, each for half a minute.
        port: Some(0),
        ignore_certificate_errors: false,
        idle_browser_timeout: IDLE,
        process_envs: Some(environment.into_iter().collect()),
        args,
        ..LaunchOptions::default()
    };
    let browser = Launched::new(options).map_err(|error| format!("{error:#}"))?;
    let group = browser
        .get_process_id()
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(Pid::from_raw)
        .ok_or("it has no process")?;
    Ok((browser, group))
}
