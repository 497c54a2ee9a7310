//! Manifests in the form of `sha256sum` and `sha512sum`: `<lower hex><two spaces><path><LF>`, sorted, unique.
//! Anything else is an error, because the tools of others read these files too.

/// One line: a digest and the path it is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// Lower-case hexadecimal.
    pub digest: String,
    /// Relative path of `a-z0-9._-` segments.
    pub path: String,
}

/// What is wrong with a manifest, and in which line (from 1).
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestError {
    /// Not UTF-8, a BOM, a carriage return, or no LF at the end.
    #[error("not lines of plain text that end with LF")]
    Form,
    /// A line that is not digest, two spaces, path.
    #[error("line {0} is not a digest, two spaces and a path")]
    Line(usize),
    /// A digest of the wrong length or with other characters.
    #[error("line {line}: the digest is not {expected} characters of 0-9a-f")]
    Digest {
        /// The line.
        line: usize,
        /// The length expected.
        expected: usize,
    },
    /// A path that could leave the directory or that other systems cannot hold.
    #[error("line {0}: the path is not made of segments of a-z, 0-9, '.', '_' and '-'")]
    Path(usize),
    /// Lines out of order or twice.
    #[error("line {0} is not in order, or its path stands twice")]
    Order(usize),
}

/// The lines as text, sorted by path.
pub fn render(mut lines: Vec<Line>) -> String {
    lines.sort_by(|one, other| one.path.as_bytes().cmp(other.path.as_bytes()));
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.digest);
        text.push_str("  ");
        text.push_str(&line.path);
        text.push('\n');
    }
    text
}

/// Reads a manifest whose digests have `length` characters (64 or 128).
pub fn parse(bytes: &[u8], length: usize) -> Result<Vec<Line>, ManifestError> {
    let text = std::str::from_utf8(bytes).map_err(|_utf8| ManifestError::Form)?;
    if text.contains('\r')
        || text.starts_with('\u{feff}')
        || !(text.is_empty() || text.ends_with('\n'))
    {
        return Err(ManifestError::Form);
    }
    let mut lines: Vec<Line> = Vec::new();
    for (index, row) in text.lines().enumerate() {
        let number = index + 1;
        let (digest, path) = row.split_once("  ").ok_or(ManifestError::Line(number))?;
        let plain = digest
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if digest.len() != length || !plain {
            return Err(ManifestError::Digest {
                line: number,
                expected: length,
            });
        }
        if !is_safe_path(path) {
            return Err(ManifestError::Path(number));
        }
        if lines
            .last()
            .is_some_and(|last| last.path.as_bytes() >= path.as_bytes())
        {
            return Err(ManifestError::Order(number));
        }
        lines.push(Line {
            digest: digest.to_owned(),
            path: path.to_owned(),
        });
    }
    Ok(lines)
}

/// Whether `path` is relative, stays inside, and is spelt so that every file system keeps it apart from all others.
pub fn is_safe_path(path: &str) -> bool {
    path.split('/').count() <= 32
        && path.split('/').all(|segment| {
            !segment.is_empty()
                && segment.len() <= 200
                && segment != "."
                && segment != ".."
                && segment.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric()
                        || byte == b'.'
                        || byte == b'_'
                        || byte == b'-'
                        || byte == b'='
                })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str) -> Line {
        Line {
            digest: "a".repeat(64),
            path: path.to_owned(),
        }
    }

    #[test]
    fn what_is_rendered_is_sorted_and_reads_back() {
        let text = render(vec![line("b"), line("a-1"), line("a.txt")]);
        let paths: Vec<_> = parse(text.as_bytes(), 64)
            .unwrap()
            .into_iter()
            .map(|line| line.path)
            .collect();
        assert_eq!(paths, ["a-1", "a.txt", "b"]);
    }

    #[test]
    fn every_other_form_is_refused() {
        let digest = "a".repeat(64);
        let cases = [
            (format!("{digest}  a\r\n"), ManifestError::Form),
            (format!("{digest}  a"), ManifestError::Form),
            (format!("\u{feff}{digest}  a\n"), ManifestError::Form),
            (format!("{digest} *a\n"), ManifestError::Line(1)),
            (
                format!("{}  a\n", "A".repeat(64)),
                ManifestError::Digest {
                    line: 1,
                    expected: 64,
                },
            ),
            (
                format!("{}  a\n", "a".repeat(63)),
                ManifestError::Digest {
                    line: 1,
                    expected: 64,
                },
            ),
            (format!("{digest}  ../a\n"), ManifestError::Path(1)),
            (format!("{digest}  /a\n"), ManifestError::Path(1)),
            (format!("{digest}  a//b\n"), ManifestError::Path(1)),
            (format!("{digest}  å\n"), ManifestError::Path(1)),
            (
                format!("{digest}  b\n{digest}  a\n"),
                ManifestError::Order(2),
            ),
            (
                format!("{digest}  a\n{digest}  a\n"),
                ManifestError::Order(2),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text.as_bytes(), 64), Err(expected), "{text}");
        }
    }
}
