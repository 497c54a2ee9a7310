//! The segments of a JPEG (ITU-T T.81, annex B): what PDF can hold as it is, without what tells of the place and the person.

/// Start of image, start of scan, end of image, comment.
const SOI: u8 = 0xd8;
const SOS: u8 = 0xda;
const EOI: u8 = 0xd9;
const COM: u8 = 0xfe;
/// Adobe's segment says how the colours are stored; a decoder needs it.
const ADOBE: u8 = 0xee;

/// A JPEG that PDF can hold as it is.
#[derive(Debug)]
pub(super) struct Jpeg {
    /// Columns as stored.
    pub(super) width: u32,
    /// Rows as stored.
    pub(super) height: u32,
    /// 1 (grey) or 3 (colour).
    pub(super) channels: i64,
    /// The file without metadata: no Exif, XMP, comment, thumbnail, or anything after its end.
    pub(super) content: Vec<u8>,
}

/// What the walk over the segments found.
#[derive(Debug, Default)]
struct Walk {
    kept: Vec<u8>,
    frame: Option<(u8, u8, u32, u32, u8)>,
    is_whole: bool,
}

/// Whether the file goes on to its end marker; decoders fill up what is missing with grey.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    walk(bytes).is_whole
}

/// The file as PDF can hold it: 8 bits, grey or three colours, baseline or progressive (ISO 32000-1, 7.4.8).
pub(super) fn direct(bytes: &[u8]) -> Option<Jpeg> {
    let walk = walk(bytes);
    let (marker, precision, height, width, channels) = walk.frame?;
    let fits = matches!(marker, 0xc0..=0xc2) && precision == 8 && matches!(channels, 1 | 3);
    (walk.is_whole && fits && width > 0 && height > 0).then(|| Jpeg {
        width,
        height,
        channels: i64::from(channels),
        content: walk.kept,
    })
}

fn walk(bytes: &[u8]) -> Walk {
    let mut walk = Walk::default();
    let Some(mut rest) = bytes.strip_prefix(&[0xff, SOI]) else {
        return walk;
    };
    walk.kept.extend([0xff, SOI]);
    while let [0xff, marker, after @ ..] = rest {
        match *marker {
            0xff => {
                // A marker may be filled up in front.
                rest = &rest[1..];
                continue;
            }
            EOI => {
                walk.kept.extend([0xff, EOI]);
                walk.is_whole = walk.frame.is_some();
                return walk;
            }
            _ => {}
        }
        let Some(length) = after
            .get(..2)
            .map(|two| usize::from(two[0]) << 8 | usize::from(two[1]))
        else {
            return walk;
        };
        let Some(segment) = after.get(..length).filter(|_| length >= 2) else {
            return walk;
        };
        note_frame(&mut walk, *marker, segment);
        let is_metadata = matches!(*marker, 0xe1..=0xef | COM) && *marker != ADOBE;
        if !is_metadata {
            walk.kept.extend([0xff, *marker]);
            walk.kept.extend(segment);
        }
        rest = &after[length..];
        if *marker == SOS {
            let scan = scan_length(rest);
            walk.kept.extend(&rest[..scan]);
            rest = &rest[scan..];
        }
    }
    walk
}

fn note_frame(walk: &mut Walk, marker: u8, segment: &[u8]) {
    let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
    if let [_, _, precision, h1, h2, w1, w2, channels, ..] = *segment
        && is_frame
    {
        let side = |high: u8, low: u8| u32::from(high) << 8 | u32::from(low);
        walk.frame = Some((marker, precision, side(h1, h2), side(w1, w2), channels));
    }
}

/// Bytes up to the next marker that is neither stuffing nor a restart.
fn scan_length(bytes: &[u8]) -> usize {
    bytes
        .windows(2)
        .position(|two| two[0] == 0xff && !matches!(two[1], 0x00 | 0xd0..=0xd7 | 0xff))
        .unwrap_or(bytes.len())
}
