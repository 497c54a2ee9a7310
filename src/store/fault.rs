//! Faults in durable operations, for the crash tests: the process dies, or the disk is full or broken, in the N-th of them.
//! In a release build nothing is ever armed, and every point is a comparison with zero.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::store::error::StoreError;

/// What happens at the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Points are counted, nothing happens.
    Count = 1,
    /// SIGKILL.
    Kill = 2,
    /// ENOSPC.
    Full = 3,
    /// EIO.
    Broken = 4,
}

static KIND: AtomicU8 = AtomicU8::new(0);
static WANTED: AtomicU64 = AtomicU64::new(0);
static SEEN: AtomicU64 = AtomicU64::new(0);

/// Orders a fault in the `number`-th durable operation from now.
pub fn arm(kind: Kind, number: u64) {
    SEEN.store(0, Ordering::SeqCst);
    WANTED.store(number, Ordering::SeqCst);
    KIND.store(kind as u8, Ordering::SeqCst);
}

/// How many durable operations there were since [`arm`].
pub fn counted() -> u64 {
    SEEN.load(Ordering::SeqCst)
}

/// A durable operation on `path` is about to happen.
pub(crate) fn point(path: &Path) -> Result<(), StoreError> {
    if strikes() {
        return Err(strike(path));
    }
    Ok(())
}

/// Bytes are about to be written to `path`: a fault comes when half of them are.
pub(crate) fn write(
    path: &Path,
    bytes: &[u8],
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), StoreError> {
    if strikes() {
        write(&bytes[..bytes.len() / 2]).map_err(|source| StoreError::io(path, source))?;
        return Err(strike(path));
    }
    write(bytes).map_err(|source| StoreError::io(path, source))
}

fn strikes() -> bool {
    KIND.load(Ordering::Relaxed) != 0
        && SEEN.fetch_add(1, Ordering::SeqCst) + 1 == WANTED.load(Ordering::SeqCst)
}

fn strike(path: &Path) -> StoreError {
    if KIND.load(Ordering::SeqCst) == Kind::Kill as u8 {
        // A process can always signal itself; were it not so, the error below would tell.
        if rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
            .is_ok()
        {
            std::thread::park();
        }
    }
    let errno = if KIND.load(Ordering::SeqCst) == Kind::Broken as u8 {
        rustix::io::Errno::IO
    } else {
        rustix::io::Errno::NOSPC
    };
    StoreError::io(path, errno.into())
}
