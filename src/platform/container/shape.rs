//! What the first bytes of a file say it is: enough to pass over pictures and films when a format is recognised.

/// Bytes that are looked at.
pub(super) const LOOK: u64 = 1024;

/// What the first bytes of a file say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// JSON that begins with `{`.
    Object,
    /// JSON that begins with `[`.
    Array,
    /// XML or HTML, in any encoding that begins with its first character.
    Markup,
    /// A CAR of the AT Protocol: a header of DAG-CBOR with `roots`.
    Car,
    /// An archive inside the container, which is not opened.
    Archive,
    /// Other text.
    Text,
    /// Anything else.
    Other,
}

impl Shape {
    /// Tells the shape of a file that begins with `head`.
    pub(super) fn of(head: &[u8]) -> Self {
        let archive = [
            &b"PK\x03\x04"[..],
            b"PK\x05\x06",
            b"\x1f\x8b",
            b"7z\xbc\xaf\x27\x1c",
            b"Rar!",
            b"BZh",
            b"\xfd7zXZ",
            b"\x28\xb5\x2f\xfd",
        ];
        if archive.iter().any(|magic| head.starts_with(magic))
            || head.get(257..262) == Some(b"ustar")
        {
            return Self::Archive;
        }
        if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
            return Self::Markup;
        }
        // A varint, a map of CBOR, and somewhere in it the key `roots`.
        if head
            .get(1..64.min(head.len()))
            .is_some_and(|rest| rest.windows(6).any(|window| window == b"\x65roots"))
        {
            return Self::Car;
        }
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        match text.trim_ascii_start().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'<') => Self::Markup,
            Some(_) if !text.contains(&0) => Self::Text,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_the_shape() {
        for (head, shape) in [
            (&b"\xef\xbb\xbf {"[..], Shape::Object),
            (b"\n[1", Shape::Array),
            (b"<?xml", Shape::Markup),
            (b"\xff\xfe<\0", Shape::Markup),
            (b"\x3a\xa2\x65roots\x81", Shape::Car),
            (b"PK\x03\x04", Shape::Archive),
            (b"Date,ShareLink", Shape::Text),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Shape::Other),
            (b"", Shape::Other),
        ] {
            assert_eq!(Shape::of(head), shape, "{head:?}");
        }
    }
}
