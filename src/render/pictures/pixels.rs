//! The pixels of a PNG as a PDF image. Where PDF can hold the compressed rows as they are (8 bits, RGB or grey, no alpha,
//! not interlaced) they are copied; else they are packed anew, without loss up to 8 bits a channel.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use image::error::{DecodingError, ImageFormatHint};
use image::{DynamicImage, ImageError, ImageFormat, ImageReader, Limits};
use printpdf::{DictItem, ExternalStream};

/// An unpacked picture may take this many bytes.
const LARGEST: u64 = 1024 * 1024 * 1024;
/// The signature of a PNG (PNG 1.2, 3.1).
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A picture as a PDF image.
#[derive(Debug)]
pub(super) struct Pixels {
    /// Columns.
    pub(super) width: u32,
    /// Rows.
    pub(super) height: u32,
    /// The image's dictionary.
    pub(super) dictionary: BTreeMap<String, DictItem>,
    /// The image's stream.
    pub(super) content: Vec<u8>,
}

/// Reads a PNG whole, so that a broken one is never put on a page.
pub(super) fn read(png: &[u8]) -> Result<Pixels, ImageError> {
    let mut reader = ImageReader::with_format(Cursor::new(png), ImageFormat::Png);
    let mut limits = Limits::default();
    limits.max_alloc = Some(LARGEST);
    reader.limits(limits);
    let picture = reader.decode()?;
    if let Some(direct) = direct(png) {
        return Ok(direct);
    }
    packed(&picture)
}

/// The chunks of a PNG: name and content.
fn chunks(png: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = png.strip_prefix(SIGNATURE).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
        let length = usize::try_from(length).ok()?;
        let name = rest.get(4..8)?;
        let content = rest.get(8..8_usize.checked_add(length)?)?;
        rest = rest.get(length.checked_add(12)?..).unwrap_or_default();
        Some((name, content))
    })
}

fn direct(png: &[u8]) -> Option<Pixels> {
    let (_, header) = chunks(png).find(|(name, _)| *name == b"IHDR")?;
    let side = |at: usize| {
        header
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_be_bytes)
    };
    let (width, height) = (side(0)?, side(4)?);
    let channels = match header.get(8..13)? {
        [8, 0, 0, 0, 0] => 1,
        [8, 2, 0, 0, 0] => 3,
        _ => return None,
    };
    if chunks(png).any(|(name, _)| name == b"tRNS") {
        return None;
    }
    let mut content = Vec::new();
    for (_, part) in chunks(png).filter(|(name, _)| *name == b"IDAT") {
        content.extend(part);
    }
    let mut dictionary = dictionary(width, height, channels);
    let predictor = [
        ("Predictor", 15),
        ("Colors", channels),
        ("BitsPerComponent", 8),
        ("Columns", i64::from(width)),
    ];
    let predictor = predictor.map(|(key, value)| (key.to_owned(), DictItem::Int(value)));
    dictionary.insert(
        "DecodeParms".to_owned(),
        DictItem::Dict {
            map: BTreeMap::from(predictor),
        },
    );
    Some(Pixels {
        width,
        height,
        dictionary,
        content,
    })
}

fn dictionary(width: u32, height: u32, channels: i64) -> BTreeMap<String, DictItem> {
    let space: &[u8] = if channels == 1 {
        b"DeviceGray"
    } else {
        b"DeviceRGB"
    };
    BTreeMap::from([
        ("Type".to_owned(), DictItem::Name(b"XObject".to_vec())),
        ("Subtype".to_owned(), DictItem::Name(b"Image".to_vec())),
        ("Width".to_owned(), DictItem::Int(i64::from(width))),
        ("Height".to_owned(), DictItem::Int(i64::from(height))),
        ("ColorSpace".to_owned(), DictItem::Name(space.to_vec())),
        ("BitsPerComponent".to_owned(), DictItem::Int(8)),
        ("Filter".to_owned(), DictItem::Name(b"FlateDecode".to_vec())),
    ])
}

fn packed(picture: &DynamicImage) -> Result<Pixels, ImageError> {
    let (width, height) = (picture.width(), picture.height());
    let mut dictionary = dictionary(width, height, 3);
    if picture.color().has_alpha() {
        let rgba = picture.to_rgba8();
        let alpha: Vec<u8> = rgba.pixels().map(|pixel| pixel.0[3]).collect();
        if alpha.iter().any(|value| *value != 255) {
            let mut mask = self::dictionary(width, height, 1);
            mask.insert("Type".to_owned(), DictItem::Name(b"XObject".to_vec()));
            let stream = ExternalStream {
                dict: mask,
                content: deflated(&alpha)?,
                compress: false,
            };
            dictionary.insert("SMask".to_owned(), DictItem::Stream { stream });
        }
    }
    let content = deflated(&picture.to_rgb8())?;
    Ok(Pixels {
        width,
        height,
        dictionary,
        content,
    })
}

fn deflated(bytes: &[u8]) -> Result<Vec<u8>, ImageError> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .map_err(|error| {
            ImageError::Decoding(DecodingError::new(
                ImageFormatHint::Exact(ImageFormat::Png),
                error,
            ))
        })
}
