//! The pixels of a PNG or JPEG as a PDF image. Where PDF can hold what is compressed as it is (a PNG of 8 bits, RGB or
//! grey, no alpha, not interlaced; a JPEG of one or three channels) it is copied; else the pixels are packed anew, without
//! loss up to 8 bits a channel. Nothing else of the file is carried on: no place, no device, no thumbnail.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use image::error::{DecodingError, ImageFormatHint};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits};
use printpdf::{DictItem, ExternalStream};

use crate::model::flavour::Flavour;
use crate::render::pictures::jpeg;

/// An unpacked picture may take this many bytes.
const LARGEST: u64 = 1024 * 1024 * 1024;
/// The signature of a PNG (PNG 1.2, 3.1).
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A picture as a PDF image.
#[derive(Debug)]
pub(super) struct Pixels {
    /// Columns as stored.
    pub(super) width: u32,
    /// Rows as stored.
    pub(super) height: u32,
    /// How it is to be turned to stand upright (Exif 2.3, tag 274).
    pub(super) orientation: Orientation,
    /// The image's dictionary.
    pub(super) dictionary: BTreeMap<String, DictItem>,
    /// The image's stream.
    pub(super) content: Vec<u8>,
}

/// What a picture is, before it is put on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Columns as stored.
    pub width: u32,
    /// Rows as stored.
    pub height: u32,
    /// Every pixel has the same colour.
    pub is_blank: bool,
}

/// Looks at a PNG or JPEG, whole.
pub fn look(bytes: &[u8]) -> Result<Seen, ImageError> {
    let picture = decoded(bytes)?.picture;
    let (width, height) = (picture.width(), picture.height());
    let rgba = picture.into_rgba8();
    let first = rgba.pixels().next();
    let is_blank = rgba.pixels().all(|pixel| Some(pixel) == first);
    Ok(Seen {
        width,
        height,
        is_blank,
    })
}

#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) picture: DynamicImage,
    pub(super) orientation: Orientation,
    pub(super) profile: Option<Vec<u8>>,
    format: ImageFormat,
}

pub(super) fn decoded(bytes: &[u8]) -> Result<Decoded, ImageError> {
    let format = image::guess_format(bytes)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(LARGEST);
    reader.limits(limits);
    if format == ImageFormat::Jpeg && !jpeg::is_whole(bytes) {
        return Err(broken(format, "it ends before its end marker"));
    }
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let profile = decoder.icc_profile()?;
    let picture = DynamicImage::from_decoder(decoder)?;
    Ok(Decoded {
        picture,
        orientation,
        profile,
        format,
    })
}

fn broken(format: ImageFormat, what: &'static str) -> ImageError {
    ImageError::Decoding(DecodingError::new(ImageFormatHint::Exact(format), what))
}

/// Reads a PNG or JPEG whole, so that a broken one is never put on a page. For part 1, what shows through is laid on white.
pub(super) fn read(bytes: &[u8], flavour: Flavour) -> Result<Pixels, ImageError> {
    let decoded = decoded(bytes)?;
    let direct = if decoded.format == ImageFormat::Jpeg {
        jpeg::direct(bytes).map(stored)
    } else {
        direct(bytes)
    };
    let mut pixels = match direct {
        Some(pixels) => pixels,
        None if flavour.part() == 1 => packed(&on_white(decoded.picture))?,
        None => packed(&decoded.picture)?,
    };
    pixels.orientation = decoded.orientation;
    if let Some(profile) = decoded.profile {
        colour(&mut pixels.dictionary, &profile, flavour)?;
    }
    Ok(pixels)
}

/// A JPEG as it is stored.
fn stored(jpeg: jpeg::Jpeg) -> Pixels {
    let mut dictionary = dictionary(jpeg.width, jpeg.height, jpeg.channels);
    dictionary.insert("Filter".to_owned(), DictItem::Name(b"DCTDecode".to_vec()));
    Pixels {
        width: jpeg.width,
        height: jpeg.height,
        orientation: Orientation::NoTransforms,
        dictionary,
        content: jpeg.content,
    }
}

/// Gives the image its own colour profile where that is one PDF/A takes (ISO 19005-2, 6.2.4.2): a phone's pictures are
/// often of a wider space than sRGB. Another one is left out: its colours are then read as sRGB.
fn colour(
    dictionary: &mut BTreeMap<String, DictItem>,
    profile: &[u8],
    flavour: Flavour,
) -> Result<(), ImageError> {
    // PDF 1.4 reads profiles of version 2 (ISO 19005-1, 6.2.3.2).
    let newest = if flavour.part() == 1 { 2 } else { 4 };
    let space: &[u8] = match dictionary.get("ColorSpace") {
        Some(DictItem::Name(name)) if name == b"DeviceGray" => b"GRAY",
        _ => b"RGB ",
    };
    let class = profile.get(12..16).unwrap_or_default();
    let fits = profile.get(16..20) == Some(space)
        && profile.get(36..40) == Some(b"acsp")
        && profile.get(8).is_some_and(|major| *major <= newest)
        && [&b"scnr"[..], b"mntr", b"prtr", b"spac"].contains(&class);
    if !fits {
        return Ok(());
    }
    let components = if space == b"GRAY" { 1 } else { 3 };
    let stream = ExternalStream {
        dict: BTreeMap::from([
            ("N".to_owned(), DictItem::Int(components)),
            ("Filter".to_owned(), DictItem::Name(b"FlateDecode".to_vec())),
        ]),
        content: deflated(profile)?,
        compress: false,
    };
    let space = vec![
        DictItem::Name(b"ICCBased".to_vec()),
        DictItem::Stream { stream },
    ];
    dictionary.insert("ColorSpace".to_owned(), DictItem::Array(space));
    Ok(())
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
        orientation: Orientation::NoTransforms,
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

/// The picture as it looks on white paper, without alpha: part 1 has no soft masks (ISO 19005-1, 6.4).
pub(super) fn on_white(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture;
    }
    let flat = picture.into_rgba8();
    let flat = image::RgbImage::from_fn(flat.width(), flat.height(), |x, y| {
        let [red, green, blue, alpha] = flat.get_pixel(x, y).0;
        image::Rgb([red, green, blue].map(|value| {
            let sum = u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127;
            u8::try_from(sum / 255).unwrap_or(u8::MAX)
        }))
    });
    DynamicImage::ImageRgb8(flat)
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
        orientation: Orientation::NoTransforms,
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
