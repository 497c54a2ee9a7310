//! Names of entries in containers: what is refused before anything is read. No entry is ever extracted under its own
//! name, yet a container with such names is no export of a platform and nobody should keep it.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;

/// Deepest nesting of folders.
const DEEPEST: usize = 32;
/// Longest name in bytes.
const LONGEST: usize = 4096;

/// The names of a container, checked one by one.
#[derive(Debug, Default)]
pub(crate) struct Names {
    seen: BTreeSet<String>,
}

impl Names {
    /// Takes in an entry's name and returns it in its plain form, or says what is wrong with it.
    pub(crate) fn take(&mut self, name: &str) -> Result<String, String> {
        let plain = checked(name)?;
        // Names that some file system cannot tell apart are one name (evidence: NFC, case).
        let folded: String = plain.nfc().flat_map(char::to_lowercase).collect();
        if !self.seen.insert(folded) {
            return Err(format!(
                "namnet {plain:?} står två gånger (stora och små bokstäver räknas lika)"
            ));
        }
        Ok(plain)
    }
}

fn checked(name: &str) -> Result<String, String> {
    // `tar -c .` writes every name with this prefix; it points nowhere else.
    let plain = name.strip_prefix("./").unwrap_or(name);
    let plain = plain.strip_suffix('/').unwrap_or(plain);
    let refused = |what: &str| Err(format!("namnet {name:?} {what}"));
    if plain.len() > LONGEST {
        return Err("ett filnamn i den är längre än 4096 byte".to_owned());
    }
    if plain.chars().any(char::is_control) {
        return refused("innehåller styrtecken");
    }
    if plain.contains('\\') {
        return refused("innehåller ett omvänt snedstreck");
    }
    if plain.starts_with('/') || plain.starts_with('~') || is_drive(plain) {
        return refused("är en absolut sökväg");
    }
    if plain.split('/').count() > DEEPEST {
        return refused("ligger mer än 32 mappar djupt");
    }
    if plain.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return refused("har en tom del, . eller ..");
    }
    Ok(plain.to_owned())
}

fn is_drive(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_container_or_hide_another_are_refused() {
        for name in [
            "../a",
            "a/../b",
            "/etc/passwd",
            "C:/a",
            "c:a",
            "\\\\server\\a",
            "~/a",
            "a//b",
            "a/./b",
            "",
            "a\0b",
            "a\nb",
            &format!("{}x", "a/".repeat(32)),
        ] {
            assert!(Names::default().take(name).is_err(), "{name:?}");
        }
        let mut names = Names::default();
        assert_eq!(
            names.take("./this_profile's_activity/Å b.json"),
            Ok("this_profile's_activity/Å b.json".to_owned())
        );
        assert!(
            names
                .take("this_profile's_activity/A\u{30a} B.json")
                .is_err()
        );
    }
}
