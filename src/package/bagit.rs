//! BagIt 1.0 (RFC 8493): declaration, information and the four manifests, always in SHA-256 and SHA-512 over the same
//! files. Only names of `a-z0-9._-` are made, so no percent-encoding is ever needed (§2.1.3).

use crate::evidence::manifest::{self, Line};
use crate::model::digest::DigestPair;

/// `bagit.txt` (§2.1.1).
pub const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// The two algorithms: name in file names, and length of a digest in hexadecimal.
pub const ALGORITHMS: [(&str, usize); 2] = [("sha256", 64), ("sha512", 128)];

/// Digests of a bag's files by path, for its payload or its tag files.
#[derive(Debug, Default)]
pub struct Manifests {
    sha256: Vec<Line>,
    sha512: Vec<Line>,
    octets: u64,
}

impl Manifests {
    /// Notes a file.
    pub fn add(&mut self, path: &str, digests: &DigestPair, octets: u64) {
        self.sha256.push(Line {
            digest: digests.sha256.to_string(),
            path: path.to_owned(),
        });
        self.sha512.push(Line {
            digest: digests.sha512.to_string(),
            path: path.to_owned(),
        });
        self.octets += octets;
    }

    /// Number of files.
    pub fn files(&self) -> u64 {
        self.sha256.len() as u64
    }

    /// Their bytes.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// The text for SHA-256 and for SHA-512.
    pub fn render(self) -> [String; 2] {
        [manifest::render(self.sha256), manifest::render(self.sha512)]
    }
}

/// `bag-info.txt` (§2.2.2), one `Label: value` a line. A control character in a value would begin a line of its own; it
/// becomes a space.
pub fn info(elements: &[(&str, String)]) -> String {
    let mut text = String::new();
    for (label, value) in elements {
        let value: String = value
            .chars()
            .map(|character| {
                if character.is_control() {
                    ' '
                } else {
                    character
                }
            })
            .collect();
        text.push_str(label);
        text.push_str(": ");
        text.push_str(value.trim());
        text.push('\n');
    }
    text
}

/// `Payload-Oxum` in `bag-info.txt`: octets and number of files.
pub fn oxum(info: &str) -> Option<(u64, u64)> {
    let mut found = info
        .lines()
        .filter_map(|line| line.strip_prefix("Payload-Oxum: "));
    let (octets, files) = found.next()?.split_once('.')?;
    match (octets.parse(), files.parse(), found.next()) {
        (Ok(octets), Ok(files), None) => Some((octets, files)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn information_is_one_line_an_element() {
        let text = info(&[
            (
                "Source-Organization",
                "Exempel\nPayload-Oxum: 1.1".to_owned(),
            ),
            ("Payload-Oxum", "279164409832.1198".to_owned()),
        ]);
        assert_eq!(
            text,
            "Source-Organization: Exempel Payload-Oxum: 1.1\nPayload-Oxum: 279164409832.1198\n"
        );
        // The value is RFC 8493 §2.2.2's own example.
        assert_eq!(oxum(&text), Some((279_164_409_832, 1198)));
        assert_eq!(oxum("Payload-Oxum: 1.1\nPayload-Oxum: 1.1\n"), None);
        assert_eq!(oxum("Payload-Oxum: 1\n"), None);
    }
}
