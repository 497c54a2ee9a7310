//! Pictures as PDF/A pages, one picture a page, by `printpdf` and the post-processor.

mod heic;
mod heif;
mod jpeg;
mod pixels;
mod reduced;

use std::collections::BTreeMap;

use image::metadata::Orientation;
use printpdf::{
    CurTransMat, DictItem, ExternalStream, ExternalXObject, FontId, Mm, Op, ParsedFont,
    PdfDocument, PdfFont, PdfFontHandle, PdfPage, PdfSaveOptions, Pt, TextItem, TextMatrix,
    XObject, XObjectId, XObjectTransform,
};

use crate::render::pdfa::{self, PdfaError, PdfaOptions};
use crate::render::pictures::pixels::Pixels;

pub use heic::{HeicError, unpacked};
pub use heif::is_heif;
pub use pixels::{Seen, look};
pub use reduced::{Reduced, is_reducible, reduced};

/// A picture and the line under it.
#[derive(Debug)]
pub struct Picture {
    /// A PNG or JPEG.
    pub bytes: Vec<u8>,
    /// What it shows.
    pub caption: String,
    /// Lines of text that stand in it, from above: they lie under it, where search finds them and nobody sees them.
    pub text: Vec<String>,
}

/// Why pictures could not be made a PDF/A.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// There is no picture.
    #[error("there is no picture to make pages of")]
    Empty,
    /// The bytes are no picture that can be read.
    #[error("picture {number} cannot be read")]
    Unreadable {
        /// Which, from 1.
        number: usize,
        /// What the decoder says.
        source: image::ImageError,
    },
    /// The embedded font cannot be used.
    #[error("the font of the captions cannot be used: {0}")]
    Font(String),
    /// The pages could not be written.
    #[error("the pages could not be written")]
    Write(#[from] std::io::Error),
    /// The pages could not be made PDF/A.
    #[error("the pages of pictures could not be made PDF/A")]
    Pdfa(#[from] PdfaError),
}

/// The font of the captions (assets/README.md).
const FONT: &[u8] = include_bytes!("../../assets/fonts/NotoSans-Regular.ttf");
const FONT_NAME: &str = "Caption";

/// Width of a page, points: A4.
const PAGE_WIDTH: f32 = 595.276;
/// White around picture and caption, points.
const MARGIN: f32 = 28.35;
/// Size of the caption, points.
const SIZE: f32 = 9.0;
/// No text is smaller, points.
const SMALLEST: f32 = 0.1;
/// From line to line of the caption, points.
const LEADING: f32 = 12.5;
/// Between picture and caption, points.
const GAP: f32 = 8.0;
/// No page is higher, points: ISO 19005-2, 6.1.13, allows 14,400.
const HIGHEST: f32 = 14_000.0;
/// A pixel is never drawn larger, points: 96 dots per inch.
const LARGEST_PIXEL: f32 = 0.75;
/// Points in a millimetre.
const POINTS_PER_MM: f32 = 72.0 / 25.4;
/// A line under a picture is not longer, characters: a string holds 32,767 bytes (ISO 19005-2, 6.1.13), a character takes
/// up to four, and what is wider than the page is found by nobody.
const LONGEST_LINE: usize = 4_000;
/// A caption is not longer, lines.
const MOST_LINES: usize = 40;

/// The pictures as PDF/A. Each is drawn at its own proportions on a page as high as it needs; its pixels are kept as they
/// are. Only one picture at a time is unpacked.
pub fn picture_pdf(pictures: &[Picture], options: &PdfaOptions) -> Result<Vec<u8>, PictureError> {
    if pictures.is_empty() {
        return Err(PictureError::Empty);
    }
    let raw = pages(pictures, options)?;
    Ok(pdfa::convert(&raw, options)?.bytes)
}

fn pages(pictures: &[Picture], options: &PdfaOptions) -> Result<Vec<u8>, PictureError> {
    let mut warnings = Vec::new();
    let font = ParsedFont::from_bytes(FONT, 0, &mut warnings)
        .ok_or_else(|| PictureError::Font("it is not read".to_owned()))?;
    let face =
        ttf_parser::Face::parse(FONT, 0).map_err(|error| PictureError::Font(error.to_string()))?;
    let mut pdf = PdfDocument::new(&options.title);
    concat!("bevara ", env!("CARGO_PKG_VERSION")).clone_into(&mut pdf.metadata.info.creator);
    pdf.resources
        .fonts
        .map
        .insert(FontId(FONT_NAME.to_owned()), PdfFont::new(font));
    for (number, picture) in (1..).zip(pictures) {
        let pixels = pixels::read(&picture.bytes, options.flavour)
            .map_err(|source| PictureError::Unreadable { number, source })?;
        let name = XObjectId(format!("Picture{number}"));
        let lines = wrapped(&face, &picture.caption);
        let page = page(&face, &name, &pixels, (&lines, &picture.text));
        pdf.pages.push(page);
        let object = XObject::External(xobject(pixels));
        pdf.resources.xobjects.map.insert(name, object);
    }
    let save = PdfSaveOptions {
        image_optimization: None,
        subset_fonts: false,
        ..PdfSaveOptions::default()
    };
    let mut document = pdf.to_lopdf_document(&save, &mut Vec::new());
    drop(pdf);
    // Its file identifier is random; the post-processor makes one from the bytes.
    document.trailer.remove(b"ID");
    document.compress();
    let mut raw = Vec::new();
    document.save_to(&mut raw)?;
    Ok(raw)
}

fn xobject(pixels: Pixels) -> ExternalXObject {
    ExternalXObject {
        stream: ExternalStream {
            dict: pixels.dictionary,
            content: pixels.content,
            compress: false,
        },
        width: None,
        height: None,
        dpi: None,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a picture's sides and a caption's lines are far below 2^24"
)]
fn page(
    face: &ttf_parser::Face<'_>,
    name: &XObjectId,
    pixels: &Pixels,
    (lines, text): (&[String], &[String]),
) -> PdfPage {
    let caption = if lines.is_empty() {
        0.0
    } else {
        GAP + lines.len() as f32 * LEADING
    };
    let room = (PAGE_WIDTH - 2.0 * MARGIN, HIGHEST - 2.0 * MARGIN - caption);
    let (columns, rows) = upright(pixels);
    let (columns, rows) = (columns as f32, rows as f32);
    let scale = LARGEST_PIXEL.min(room.0 / columns).min(room.1 / rows);
    let size = (columns * scale, rows * scale);
    let page_height = size.1 + caption + 2.0 * MARGIN;
    let bottom = page_height - MARGIN - size.1;
    let matrix = turned(pixels.orientation, size, (MARGIN, bottom));
    // The text first, the picture over it.
    let mut ops = under(face, text, size, bottom);
    ops.extend([
        Op::SaveGraphicsState,
        Op::SetTransformationMatrix {
            matrix: CurTransMat::Raw(matrix),
        },
        Op::UseXobject {
            id: name.clone(),
            transform: XObjectTransform {
                no_auto_scale: true,
                ..XObjectTransform::default()
            },
        },
        Op::RestoreGraphicsState,
    ]);
    for (number, line) in lines.iter().enumerate() {
        let y = bottom - GAP - SIZE - number as f32 * LEADING;
        ops.extend(line_ops(line, SIZE, y));
    }
    PdfPage::new(
        Mm(PAGE_WIDTH / POINTS_PER_MM),
        Mm(page_height / POINTS_PER_MM),
        ops,
    )
}

/// The lines that lie under a picture, spread over its height and small enough for its width.
#[expect(
    clippy::cast_precision_loss,
    reason = "the lines of a page are far below 2^24"
)]
fn under(
    face: &ttf_parser::Face<'_>,
    text: &[String],
    (width, height): (f32, f32),
    bottom: f32,
) -> Vec<Op> {
    let text: Vec<&str> = text.iter().flat_map(|line| pieces(line)).collect();
    let step = height / text.len().max(1) as f32;
    let mut ops = Vec::new();
    for (number, line) in text.into_iter().enumerate() {
        let wide: f32 = line.chars().map(|one| advance(face, SIZE, one)).sum();
        let size = SIZE.min(step).min(SIZE * width / wide.max(1.0));
        let y = bottom + height - (number + 1) as f32 * step;
        ops.extend(line_ops(line, size.max(SMALLEST), y));
    }
    ops
}

/// A line in pieces that are not too long, cut after white space where there is any.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some((limit, _)) = rest.char_indices().nth(LONGEST_LINE) {
        let end = rest[..limit]
            .rfind(char::is_whitespace)
            .and_then(|at| rest[at..].chars().next().map(|space| at + space.len_utf8()));
        let (piece, after) = rest.split_at(end.unwrap_or(limit));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// How wide a character is, points; one that the font lacks is as wide as its box.
fn advance(face: &ttf_parser::Face<'_>, size: f32, character: char) -> f32 {
    let scale = size / f32::from(face.units_per_em());
    face.glyph_index(character)
        .or(Some(ttf_parser::GlyphId(0)))
        .and_then(|glyph| face.glyph_hor_advance(glyph))
        .map_or(size, |advance| f32::from(advance) * scale)
}

/// Columns and rows of the picture as it stands upright.
fn upright(pixels: &Pixels) -> (u32, u32) {
    match pixels.orientation {
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => (pixels.width, pixels.height),
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => (pixels.height, pixels.width),
    }
}

/// The matrix that sets an image, a unit square to PDF, upright in a box of `width` by `height` at `(x, y)`. The pixels are
/// turned by the reader and stay as they were taken.
fn turned(orientation: Orientation, (width, height): (f32, f32), (x, y): (f32, f32)) -> [f32; 6] {
    let (right, top) = (x + width, y + height);
    match orientation {
        Orientation::NoTransforms => [width, 0.0, 0.0, height, x, y],
        Orientation::FlipHorizontal => [-width, 0.0, 0.0, height, right, y],
        Orientation::Rotate180 => [-width, 0.0, 0.0, -height, right, top],
        Orientation::FlipVertical => [width, 0.0, 0.0, -height, x, top],
        Orientation::Rotate90FlipH => [0.0, -height, -width, 0.0, right, top],
        Orientation::Rotate90 => [0.0, -height, width, 0.0, x, top],
        Orientation::Rotate270FlipH => [0.0, height, width, 0.0, x, y],
        Orientation::Rotate270 => [0.0, height, -width, 0.0, right, y],
    }
}

/// A line of the caption; what the font cannot show is still in the text that stands for it.
fn line_ops(line: &str, size: f32, y: f32) -> [Op; 7] {
    let mut text = vec![0xfe, 0xff];
    for unit in line.encode_utf16() {
        text.extend(unit.to_be_bytes());
    }
    let text = DictItem::String {
        data: text,
        literal: false,
    };
    [
        Op::BeginMarkedContentWithProperties {
            tag: "Span".to_owned(),
            properties: DictItem::Dict {
                map: BTreeMap::from([("ActualText".to_owned(), text)]),
            },
        },
        Op::StartTextSection,
        Op::SetFont {
            font: PdfFontHandle::External(FontId(FONT_NAME.to_owned())),
            size: Pt(size),
        },
        Op::SetTextMatrix {
            matrix: TextMatrix::Translate(Pt(MARGIN), Pt(y)),
        },
        Op::ShowText {
            items: vec![TextItem::Text(line.to_owned())],
        },
        Op::EndTextSection,
        Op::EndMarkedContent,
    ]
}

/// The caption in lines that fit the page.
fn wrapped(face: &ttf_parser::Face<'_>, caption: &str) -> Vec<String> {
    let width = |character: char| advance(face, SIZE, character);
    let room = PAGE_WIDTH - 2.0 * MARGIN;
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut used = 0.0;
    for word in caption.split_whitespace() {
        let needed: f32 = word.chars().map(width).sum();
        if !line.is_empty() && used + width(' ') + needed > room {
            lines.push(std::mem::take(&mut line));
            used = 0.0;
        }
        if !line.is_empty() {
            line.push(' ');
            used += width(' ');
        }
        // A word longer than the line, such as an address, is cut where the line ends.
        for character in word.chars() {
            if used + width(character) > room {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            line.push(character);
            used += width(character);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        lines.push("[…]".to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_are_wrapped_without_loss() {
        let face = ttf_parser::Face::parse(FONT, 0).unwrap();
        let caption = "Räddningstjänsten övar på Åsön. ".repeat(12) + &"x".repeat(300);
        let lines = wrapped(&face, &caption);
        assert!(lines.len() > 4, "{lines:#?}");
        let whole: String = lines.concat().replace(' ', "");
        assert_eq!(whole, caption.replace(' ', ""));
        assert!(wrapped(&face, " \n ").is_empty());
    }

    #[test]
    fn long_lines_are_cut_without_loss() {
        for line in [
            "å".repeat(9_001),
            "ord och ".repeat(2_000),
            format!("a {}", "x".repeat(LONGEST_LINE)),
            "👩🏾‍🚒".repeat(1_500),
            String::new(),
        ] {
            let pieces = pieces(&line);
            assert_eq!(pieces.concat(), line);
            assert!(
                pieces
                    .iter()
                    .all(|piece| !piece.is_empty() || line.is_empty())
            );
            let longest = pieces.iter().map(|piece| piece.chars().count()).max();
            assert!(longest <= Some(LONGEST_LINE), "{longest:?}");
        }
        let words = "ord och ".repeat(2_000);
        assert!(
            pieces(&words)
                .iter()
                .all(|piece| piece.ends_with(' ') || piece.is_empty())
        );
    }

    #[test]
    fn the_font_is_the_one_that_the_readme_names() {
        let digest = crate::model::digest::Sha256Hex::of(FONT);
        assert!(include_str!("../../assets/README.md").contains(digest.as_str()));
    }
}
