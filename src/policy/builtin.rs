//! The policies shipped with the program. Each is `status = "mall"`: it plans, and executes nothing until a municipality
//! has filled in its own decision.

/// Id and text of every shipped policy, sorted by id.
pub const ALL: &[(&str, &str)] = &[
    (
        "haninge",
        include_str!("../../retention-policies/haninge.toml"),
    ),
    (
        "hassleholm",
        include_str!("../../retention-policies/hassleholm.toml"),
    ),
    ("skl", include_str!("../../retention-policies/skl.toml")),
    (
        "stockholm",
        include_str!("../../retention-policies/stockholm.toml"),
    ),
    (
        "torsby",
        include_str!("../../retention-policies/torsby.toml"),
    ),
];

/// The text of a shipped policy.
pub fn find(id: &str) -> Option<&'static str> {
    ALL.iter()
        .find(|(known, _)| *known == id)
        .map(|(_, text)| *text)
}
