//! Exit codes (`docs/cli.md`). Every verb uses these and no others.

use serde::Serialize;

/// How the program ends. The order of precedence when several apply is 1, 3, 5, 4, 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, verified.
    Done = 0,
    /// Checked and found problems; something late, missed, partial or failed.
    Problems = 1,
    /// Wrong command line or configuration.
    Usage = 2,
    /// Could not finish: disk, network, browser, permission, lock.
    CouldNotFinish = 3,
    /// Not permitted yet, or evidence missing, expired, untrusted.
    NotPermitted = 4,
    /// `verify` only: every byte whole, but a snapshot or a disposal is missing its record.
    Incomplete = 5,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The graver of two, by the contract's precedence.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let rank = |exit: Self| match exit {
            Self::Problems => 5,
            Self::CouldNotFinish => 4,
            Self::Incomplete => 3,
            Self::NotPermitted => 2,
            Self::Usage => 1,
            Self::Done => 0,
        };
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }
}

impl Serialize for Exit {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_is_1_3_5_4_2() {
        let order = [
            Exit::Problems,
            Exit::CouldNotFinish,
            Exit::Incomplete,
            Exit::NotPermitted,
            Exit::Usage,
            Exit::Done,
        ];
        for (index, grave) in order.iter().enumerate() {
            for light in &order[index..] {
                assert_eq!(light.or(*grave), *grave);
                assert_eq!(grave.or(*light), *grave);
            }
        }
    }
}
