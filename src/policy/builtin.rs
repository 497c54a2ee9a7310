//! The policies shipped with the program.

/// Id and text of every shipped policy.
pub const ALL: &[(&str, &str)] = &[];

/// The text of a shipped policy.
pub fn find(id: &str) -> Option<&'static str> {
    ALL.iter()
        .find(|(known, _)| *known == id)
        .map(|(_, text)| *text)
}
