//! A picture made small enough for a page, as a JPEG that holds its pixels and colour profile and nothing else of the
//! file: no place, no device, no thumbnail.

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{ImageEncoder as _, ImageError};

use crate::render::pictures::pixels;

/// Quality of the JPEG: letters in a poster stay sharp.
const QUALITY: u8 = 88;
/// Bytes 16 to 19 of an ICC profile for pictures of red, green and blue (ICC.1:2022, 7.2.6).
const RGB: &[u8] = b"RGB ";

/// A picture that was made smaller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduced {
    /// The JPEG.
    pub jpeg: Vec<u8>,
    /// Columns, upright.
    pub width: u32,
    /// Rows, upright.
    pub height: u32,
}

/// Whether the bytes are of a kind that [`reduced`] reads: PNG, JPEG, or a WebP that does not move (RFC 9649, 2.7: of the
/// flags in `VP8X` the second lowest says that it does).
pub fn is_reducible(bytes: &[u8]) -> bool {
    let is_webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    let moves =
        bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & 0b10 != 0);
    bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"\xff\xd8\xff") || (is_webp && !moves)
}

/// A PNG, JPEG or WebP upright, neither side longer than `longest` pixels; what shows through is laid on white.
pub fn reduced(bytes: &[u8], longest: u32) -> Result<Reduced, ImageError> {
    let decoded = pixels::decoded(bytes)?;
    let mut picture = decoded.picture;
    if picture.width().max(picture.height()) > longest {
        picture = picture.resize(longest, longest, FilterType::CatmullRom);
    }
    picture.apply_orientation(decoded.orientation);
    let flat = pixels::on_white(picture).into_rgb8();
    let mut jpeg = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    if let Some(profile) = decoded.profile.filter(|one| one.get(16..20) == Some(RGB)) {
        // A profile too long for a JPEG is left out: the colours are then those of sRGB.
        if let Err(error) = encoder.set_icc_profile(profile) {
            tracing::debug!(%error, "the colour profile of a picture is not carried on");
        }
    }
    let (width, height) = flat.dimensions();
    encoder.write_image(&flat, width, height, image::ExtendedColorType::Rgb8)?;
    Ok(Reduced {
        jpeg,
        width,
        height,
    })
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgba, RgbaImage};

    use super::*;

    #[test]
    fn a_webp_is_read_unless_it_moves() {
        let mut webp = std::io::Cursor::new(Vec::new());
        RgbaImage::from_pixel(30, 10, Rgba([200, 0, 0, 255]))
            .write_to(&mut webp, ImageFormat::WebP)
            .unwrap();
        let webp = webp.into_inner();
        assert!(is_reducible(&webp));
        let small = reduced(&webp, 15).unwrap();
        assert_eq!((small.width, small.height), (15, 5));
        let seen = image::load_from_memory(&small.jpeg).unwrap().into_rgb8();
        let [red, green, blue] = seen.get_pixel(7, 2).0;
        assert!(red > 190 && green < 12 && blue < 12, "{red} {green} {blue}");
        // The head of a moving one: RIFF, its length, WEBP, VP8X, ten bytes of flags and size.
        let mut moving = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0".to_vec();
        moving.extend([0b10, 0, 0, 0, 29, 0, 0, 9, 0, 0]);
        assert!(!is_reducible(&moving));
        moving[20] = 0b1_0000;
        assert!(is_reducible(&moving));
        assert!(!is_reducible(b"GIF89a") && !is_reducible(b""));
    }

    #[test]
    fn a_large_picture_keeps_its_proportions_and_what_shows_through_is_white() {
        let mut png = std::io::Cursor::new(Vec::new());
        RgbaImage::from_pixel(300, 100, Rgba([0, 0, 0, 0]))
            .write_to(&mut png, ImageFormat::Png)
            .unwrap();
        let small = reduced(png.get_ref(), 150).unwrap();
        assert_eq!((small.width, small.height), (150, 50));
        let seen = image::load_from_memory(&small.jpeg).unwrap().into_rgb8();
        assert_eq!(seen.dimensions(), (150, 50));
        assert!(
            seen.pixels()
                .all(|pixel| pixel.0.iter().all(|one| *one > 250))
        );
    }
}
