//! What to look for when a unit is said to be gone: every form in which its content could survive as bytes. Digests are
//! looked for too, because a bare digest of a short text gives the text away.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use sha2::Digest as _;

use crate::model::digest::{Sha256Hex, Sha512Hex};
use crate::model::json;
use crate::model::post::Post;

/// Texts shorter than this, in bytes, occur by chance; the nonce, the salt and the digests tell the unit instead.
const SHORTEST: usize = 12;
/// Of a longer text its first and last bytes are looked for.
const PIECE: usize = 96;

/// What a needle is a trace of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trace {
    /// Text, title or HTML of the post.
    Text,
    /// Key, address or id: another record that answers the post holds it too.
    Reference,
    /// Nonce, salt, or a digest of a file that holds one of them: nothing else has it.
    Unique,
}

impl Trace {
    /// The word people read.
    pub fn swedish(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Reference => "hänvisning",
            Self::Unique => "salt, nonce eller kontrollsumma",
        }
    }
}

/// Bytes to look for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needle {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What they are a trace of.
    pub trace: Trace,
}

/// The needles of one unit from its files, by name.
pub fn needles(files: &[(String, Vec<u8>)]) -> BTreeSet<Needle> {
    let mut found = BTreeSet::new();
    for (name, bytes) in files {
        match name.as_str() {
            // The manifests' own digests are the commitments that stay.
            "unit.sha256" | "unit.sha512" => continue,
            "salt" => add(&mut found, trimmed(bytes), Trace::Unique),
            "item.json" => {
                if let Ok(post) = json::from_slice::<Post>(bytes) {
                    of_post(&mut found, &post);
                }
            }
            _ => {}
        }
        // Item and salt hold random bits of their own; a picture may belong to other posts too.
        let trace = match name.as_str() {
            "item.json" | "salt" => Trace::Unique,
            _ => Trace::Text,
        };
        if !bytes.is_empty() {
            digests(&mut found, bytes, trace);
        }
    }
    found
}

/// The needles of a text that somebody still has: to prove that this archive has it no more.
pub fn needles_of_plaintext(bytes: &[u8]) -> BTreeSet<Needle> {
    let mut found = BTreeSet::new();
    let text = trimmed(bytes);
    add(&mut found, text, Trace::Text);
    digests(&mut found, text, Trace::Text);
    if text.len() != bytes.len() {
        digests(&mut found, bytes, Trace::Text);
    }
    found
}

fn of_post(found: &mut BTreeSet<Needle>, post: &Post) {
    add(found, post.nonce.as_bytes(), Trace::Unique);
    let texts = [
        Some(post.text.as_str()),
        post.text_html.as_deref(),
        post.title.as_deref(),
        post.content_warning.as_deref(),
    ];
    for text in texts.into_iter().flatten() {
        add(found, text.as_bytes(), Trace::Text);
        if !text.is_empty() {
            // Other posts may hold the same text, so these digests are no more unique than it.
            digests(found, text.as_bytes(), Trace::Text);
        }
    }
    let references = [
        Some(post.key.as_str()),
        post.permalink.as_deref(),
        post.platform_id.as_deref(),
    ];
    for reference in references.into_iter().flatten() {
        add(found, reference.as_bytes(), Trace::Reference);
    }
}

fn digests(found: &mut BTreeSet<Needle>, bytes: &[u8], trace: Trace) {
    // The first two are written nowhere here; another program may have left them.
    for digest in [
        hex::encode(md5::Md5::digest(bytes)),
        hex::encode(sha1::Sha1::digest(bytes)),
        Sha256Hex::of(bytes).to_string(),
        Sha512Hex::of(bytes).to_string(),
    ] {
        let raw = hex::decode(&digest).unwrap_or_default();
        for form in [
            digest.clone().into_bytes(),
            digest.to_uppercase().into_bytes(),
            STANDARD.encode(&raw).into_bytes(),
            raw,
        ] {
            found.insert(Needle { bytes: form, trace });
        }
    }
}

/// A content in all its forms, where it is long enough not to occur by chance.
fn add(found: &mut BTreeSet<Needle>, content: &[u8], trace: Trace) {
    if content.len() < SHORTEST {
        return;
    }
    let ends = if content.len() <= 2 * PIECE {
        vec![content]
    } else {
        vec![&content[..PIECE], &content[content.len() - PIECE..]]
    };
    for piece in ends {
        for bytes in forms(piece) {
            if bytes.len() >= SHORTEST {
                found.insert(Needle { bytes, trace });
            }
        }
    }
}

/// Plain, as JSON (as it is and in ASCII), hexadecimal in both cases, base64 at each of its three alignments.
fn forms(piece: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![
        piece.to_vec(),
        hex::encode(piece).into_bytes(),
        hex::encode_upper(piece).into_bytes(),
    ];
    let text = String::from_utf8_lossy(piece);
    let text = text.trim_matches('\u{fffd}');
    for line in [json::to_line(&text), json::to_ascii_line(&text)]
        .into_iter()
        .flatten()
    {
        let inner = line.trim_end().trim_start_matches('"');
        forms.push(inner.strip_suffix('"').unwrap_or(inner).as_bytes().to_vec());
    }
    for shift in 0..3 {
        let mut padded = vec![0; shift];
        padded.extend_from_slice(piece);
        // Whole groups of three that the padding does not touch are the same wherever the piece stands.
        let from = if shift == 0 { 0 } else { 4 };
        let to = padded.len() / 3 * 4;
        for engine in [&STANDARD, &URL_SAFE] {
            let encoded = engine.encode(&padded);
            forms.push(encoded.as_bytes()[from..to].to_vec());
        }
    }
    forms
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\n").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(haystack: &[u8], content: &str) -> bool {
        let mut found = BTreeSet::new();
        add(&mut found, content.as_bytes(), Trace::Text);
        found.iter().any(|needle| {
            haystack
                .windows(needle.bytes.len())
                .any(|window| window == needle.bytes)
        })
    }

    const TEXT: &str = "Hej! Är \"badhuset\" öppet\npå måndag?";

    #[test]
    fn a_text_is_found_in_every_form() {
        assert!(finds(format!("före {TEXT} efter").as_bytes(), TEXT));
        assert!(finds(hex::encode(TEXT).as_bytes(), TEXT));
        assert!(finds(hex::encode_upper(TEXT).as_bytes(), TEXT));
        let escaped = serde_json::json!({ "a": TEXT }).to_string();
        assert!(finds(escaped.as_bytes(), TEXT));
        let ascii = "Hej! \\u00c4r \\\"badhuset\\\" \\u00f6ppet\\np\\u00e5 m\\u00e5ndag?";
        assert!(finds(ascii.as_bytes(), TEXT));
        for before in ["", "x", "xy", "xyz"] {
            let encoded = STANDARD.encode(format!("{before}{TEXT} och mer"));
            assert!(finds(encoded.as_bytes(), TEXT), "{before}");
        }
    }

    #[test]
    fn other_texts_are_not_found() {
        assert!(!finds("Hej! Är badhuset öppet på måndag?".as_bytes(), TEXT));
        assert!(!finds(b"", TEXT));
    }

    #[test]
    fn a_plaintext_is_found_by_its_digests_too() {
        // md5sum, sha1sum and sha256sum of "abc".
        let found = needles_of_plaintext(b"abc\n");
        for digest in [
            "900150983cd24fb0d6963f7d28e17f72",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ] {
            let bytes = digest.as_bytes();
            assert!(found.iter().any(|needle| needle.bytes == bytes), "{digest}");
        }
        let whole = needles_of_plaintext(format!("{TEXT}\n").as_bytes());
        assert!(whole.iter().any(|needle| needle.bytes == TEXT.as_bytes()));
    }

    #[test]
    fn digests_of_files_and_texts_are_looked_for() {
        let files = vec![("media-1.jpg".to_owned(), b"abc".to_vec())];
        let wanted = b"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let found = needles(&files);
        assert!(found.iter().any(|needle| needle.bytes == wanted));
    }
}
