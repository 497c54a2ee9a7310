//! Photographs as phones keep them (HEIF coded with HEVC, ISO/IEC 23008-12) as PNG: upright, 8 bits a channel, with their
//! colour profile, and nothing else of the file. Decoding is heavy and its input hostile: see [`crate::render::apart`].

use heic_decoder::{ColorInfo, DecodedImage, HeifError, RgbOptions};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _, ImageError};
use moxcms::{CmsError, ColorDateTime, ColorProfile};

use crate::render::pictures::heif;

/// A picture may have this many pixels; the finest of today's phones have 50 million.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What a picture's numbers mean where neither file nor stream tells (ISO/IEC 23000-22, 7.3.6.4): sRGB, all of the range.
const UNTOLD: ColorInfo = ColorInfo {
    color_primaries: 1,
    transfer_characteristics: 13,
    matrix_coefficients: 6,
    full_range: true,
};
/// Transfer characteristics of high dynamic range: PQ and HLG (ITU-T H.273, table 3).
const HIGH_RANGE: [u16; 2] = [16, 18];

/// Why a file is not made a picture of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeicError {
    /// It is a sequence, of which a page could show one moment.
    #[error("it is a sequence of pictures")]
    Sequence,
    /// It holds pictures beside the one that would be shown.
    #[error("it holds {0} pictures, of which one would be shown")]
    Several(usize),
    /// It is coded with something else than HEVC, such as AVIF is.
    #[error("it is coded with {0} and not with HEVC (hvc1)")]
    Codec(String),
    /// What it says of its picture cannot be read: it ends before, or is broken.
    #[error("it is damaged: no picture is found in it")]
    Damaged,
    /// It is of high dynamic range, which no page of PDF/A shows.
    #[error("it is a picture of high dynamic range (HDR) without a colour profile")]
    HighRange,
    /// It is too large.
    #[error("it has {0} pixels, more than {LARGEST}")]
    Large(u64),
    /// It is damaged, or uses what is not supported.
    #[error("{0}")]
    Unreadable(#[from] HeifError),
    /// The colour space that it names could not be written as a profile.
    #[error("its colour profile could not be written: {0}")]
    Profile(#[from] CmsError),
    /// Its pixels could not be written as PNG.
    #[error("its pixels could not be packed: {0}")]
    Packed(#[from] ImageError),
}

/// The picture as PNG. What turns or mirrors it is done to its pixels: the orientation in its Exif repeats that, and means
/// nothing (ISO/IEC 23008-12, 6.5.10 and A.2.1).
pub fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, HeicError> {
    heif::check(bytes)?;
    let seen = heic_decoder::probe(bytes)?;
    let pixels = (seen.coded_width as u64).saturating_mul(seen.coded_height as u64);
    if pixels > LARGEST {
        return Err(HeicError::Large(pixels));
    }
    let mut picture = heic_decoder::decode(bytes)?;
    let told = picture.color_info.unwrap_or(UNTOLD);
    let profile = match picture.metadata.icc_profile.take() {
        Some(profile) => Some(profile),
        None if HIGH_RANGE.contains(&told.transfer_characteristics) => {
            return Err(HeicError::HighRange);
        }
        None => profile(told.color_primaries)?,
    };
    let (width, height) = (side(picture.width)?, side(picture.height)?);
    let (samples, kind) = samples(&picture, told)?;
    drop(picture);
    let mut png = Vec::new();
    let mut encoder =
        PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive);
    if let Some(profile) = profile {
        encoder
            .set_icc_profile(profile)
            .map_err(ImageError::Unsupported)?;
    }
    encoder.write_image(&samples, width, height, kind)?;
    Ok(png)
}

fn side(length: usize) -> Result<u32, HeicError> {
    u32::try_from(length).map_err(|_too_long| HeicError::Large(length as u64))
}

/// The pixels in 8 bits: grey, colour, or colour with what shows through.
fn samples(
    picture: &DecodedImage,
    told: ColorInfo,
) -> Result<(Vec<u8>, ExtendedColorType), HeifError> {
    let options = RgbOptions {
        color: Some(told),
        ..RgbOptions::default()
    };
    if picture.alpha.is_some() {
        let mut rgba = picture.to_rgba8_with_options(&options)?;
        if rgba.premultiplied {
            straighten(&mut rgba.data);
        }
        return Ok((rgba.data, ExtendedColorType::Rgba8));
    }
    let is_grey = picture.chroma_format_idc == 0;
    let rgb = picture.to_rgb8_with_options(&options)?.data;
    if !is_grey {
        return Ok((rgb, ExtendedColorType::Rgb8));
    }
    let grey = rgb.into_iter().step_by(3).collect();
    Ok((grey, ExtendedColorType::L8))
}

/// Colours that were multiplied by their opacity, as they were before.
fn straighten(rgba: &mut [u8]) {
    let (pixels, _) = rgba.as_chunks_mut::<4>();
    for [red, green, blue, alpha] in pixels {
        let opacity = u32::from(*alpha);
        if opacity == 0 {
            continue;
        }
        for value in [red, green, blue] {
            let straight = (u32::from(*value) * 255 + opacity / 2) / opacity;
            *value = u8::try_from(straight).unwrap_or(u8::MAX);
        }
    }
}

/// The profile of a wider space than sRGB that a file names by number alone (ITU-T H.273, table 2), as phones of other
/// makers do; its curve is that of sRGB there.
fn profile(primaries: u16) -> Result<Option<Vec<u8>>, CmsError> {
    let mut profile = match primaries {
        9 => ColorProfile::new_bt2020(),
        12 => ColorProfile::new_display_p3(),
        _ => return Ok(None),
    };
    let curve = ColorProfile::new_srgb().red_trc;
    profile.red_trc.clone_from(&curve);
    profile.green_trc.clone_from(&curve);
    profile.blue_trc = curve;
    // Else it would say when it was made, and the same picture would give other bytes each time.
    profile.creation_date_time = ColorDateTime {
        year: 2026,
        month: 1,
        day_of_the_month: 1,
        hours: 0,
        minutes: 0,
        seconds: 0,
    };
    profile.encode().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_as_before_they_were_multiplied() {
        let mut rgba = vec![100, 50, 0, 128, 7, 7, 7, 0, 1, 2, 3, 255, 200, 0, 0, 100];
        straighten(&mut rgba);
        assert_eq!(
            rgba,
            [199, 100, 0, 128, 7, 7, 7, 0, 1, 2, 3, 255, 255, 0, 0, 100]
        );
    }
}
