//! The only place that asks what time it is. `--as-of` gives a fixed clock.
#![expect(
    clippy::disallowed_methods,
    reason = "the rule sends every other module here"
)]

use std::path::Path;

use crate::model::origin::ClockSource;
use crate::model::time::Instant;

/// Files under `/run` that tell which program keeps the clock right.
const KEEPERS: [(&str, &str); 3] = [
    ("systemd/timesync", "systemd-timesyncd"),
    ("chrony/chronyd.pid", "chronyd"),
    ("ntpd.pid", "ntpd"),
];
/// Made by systemd-timesyncd when it has set the clock for the first time since the start (systemd-timesyncd.service(8)).
const SYNCHRONIZED: &str = "systemd/timesync/synchronized";

/// Where the time comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A time given on the command line.
    Fixed(Instant),
}

impl Clock {
    /// The time now, or the time given.
    pub fn now(self) -> Instant {
        match self {
            Self::System => Instant::new(chrono::Utc::now()),
            Self::Fixed(time) => time,
        }
    }

    /// Whether the time was given on the command line.
    pub fn is_given(self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// Where its times come from, as far as the machine tells.
    pub fn source(self) -> ClockSource {
        source(self.is_given(), Path::new("/run"))
    }
}

fn source(given: bool, run: &Path) -> ClockSource {
    let keeper = KEEPERS.iter().find(|(file, _)| run.join(file).exists());
    let is_timesyncd = keeper.is_some_and(|(file, _)| SYNCHRONIZED.starts_with(file));
    ClockSource {
        given,
        kept_by: keeper.map(|(_, name)| (*name).to_owned()),
        synchronized: is_timesyncd.then(|| run.join(SYNCHRONIZED).exists()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_keeps_the_clock_is_told_as_far_as_it_is_known() {
        let run = tempfile::tempdir().unwrap();
        let told = || {
            let source = source(false, run.path());
            (source.kept_by, source.synchronized)
        };
        let by = |name: &str| Some(name.to_owned());
        assert_eq!(told(), (None, None));
        std::fs::create_dir(run.path().join("chrony")).unwrap();
        std::fs::write(run.path().join("chrony/chronyd.pid"), "7").unwrap();
        assert_eq!(told(), (by("chronyd"), None));
        std::fs::create_dir_all(run.path().join("systemd/timesync")).unwrap();
        assert_eq!(told(), (by("systemd-timesyncd"), Some(false)));
        std::fs::write(run.path().join(SYNCHRONIZED), "").unwrap();
        assert_eq!(told(), (by("systemd-timesyncd"), Some(true)));
    }
}
