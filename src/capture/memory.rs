//! How much memory a browser takes, all its processes together, as the kernel tells it.

use std::io;

use rustix::process::Pid;

use crate::processes;

/// Bytes of the proportional set size (`Pss`, `proc_pid_smaps(5)`) of every process of a group: pages that several of them
/// share are counted once. Adding up resident sizes would count Chromium's program text a dozen times.
pub(crate) fn of_group(group: Pid) -> io::Result<u64> {
    let mut bytes = 0_u64;
    for (_, path) in processes::all()? {
        let is_member = processes::unless_gone(std::fs::read_to_string(path.join("stat")))?
            .is_some_and(|stat| processes::living_group(&stat) == Some(group.as_raw_pid()));
        if is_member {
            let rollup =
                processes::unless_gone(std::fs::read_to_string(path.join("smaps_rollup")))?;
            bytes = bytes.saturating_add(rollup.as_deref().map_or(0, pss));
        }
    }
    Ok(bytes)
}

/// Bytes; the file tells kibibytes.
fn pss(rollup: &str) -> u64 {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes.unwrap_or(0).saturating_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_read() {
        let rollup = "00400000-7fff0000 ---p 00000000 00:00 0   [rollup]\nRss:  9 kB\nPss:                1536 kB\nPss_Dirty: 4 kB\n";
        assert_eq!(pss(rollup), 1_572_864);
    }
}
