//! Pictures: the untouched view, the page in segments (never in one shot: `capture.md` §3.3), and a small overview. Each
//! segment is decoded again to see whether it is blank, while the browser draws the next: two are in memory at a time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, imageops};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::capture::cdp::{self, CdpError};
use crate::capture::load::{self, Extent, Measure};
use crate::capture::scroll::HEIGHT_LIMIT;
use crate::capture::tab::{CALL_LIMIT, Tab};
use crate::capture::verdict::LIMITS;
use crate::capture::{BrowserOptions, CapturedFile, Problem, VIEW_HEIGHT, write};
use crate::model::digest::Sha256Hex;
use crate::model::verdict::FileRole;

/// Greatest height of a segment in device pixels.
pub(crate) const SEGMENT: u32 = 8_000;
/// Most device pixels of a segment: a view of 1,280 CSS px at two device pixels each, as high as a segment may be. What is
/// wider is cut into lower ones, so that as much memory holds it.
const AREA: u32 = 2 * 1_280 * SEGMENT;
/// Greatest width and height of the overview in pixels.
const OVERVIEW: u32 = 4_000;
/// Greatest width of a column of the overview, and the space between two.
const COLUMN: (u32, u32) = (600, 12);
/// How long one picture may take.
const SHOT_LIMIT: Duration = Duration::from_mins(1);

/// A segment as `requests.json` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Segment {
    /// File name.
    pub(crate) name: String,
    /// From this line of the page, in CSS pixels.
    pub(crate) top: u32,
    /// To before this one.
    pub(crate) bottom: u32,
    /// From this column, in CSS pixels: below 0 on a page that goes on to the left.
    pub(crate) left: i32,
    /// So many columns.
    pub(crate) width: u32,
    /// Digest of the file.
    pub(crate) sha256: Sha256Hex,
    /// Pixels that differ from the most frequent colour, counted up to a twentieth of all.
    pub(crate) inked: u64,
    /// All pixels.
    pub(crate) pixels: u64,
    /// Pieces of text and pictures that ought to be seen in it.
    pub(crate) texts: u32,
    /// Where bands begin, in CSS pixels, that have one colour though several pieces ought to be seen in them.
    pub(crate) blank_bands: Vec<u32>,
}

impl Segment {
    fn is_blank(&self) -> bool {
        self.inked * 1000 <= self.pixels * LIMITS.blank_per_mille
    }
}

/// The pictures of a page.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an observation of its own"
)]
#[derive(Debug, Default)]
pub(crate) struct Shots {
    /// Files written.
    pub(crate) files: Vec<CapturedFile>,
    /// The segments.
    pub(crate) segments: Vec<Segment>,
    /// The page as a whole is blank, or a segment is that has text in it.
    pub(crate) blank: bool,
    /// The page had another height afterwards.
    pub(crate) height_changed: bool,
    /// Every line of the page is in a segment.
    pub(crate) whole: bool,
    /// Text is seen beyond the bound on width.
    pub(crate) cut: bool,
}

impl Shots {
    /// Adds a segment once it has been looked at.
    async fn keep(
        &mut self,
        looking: Option<JoinHandle<Result<Looked, Problem>>>,
        overview: &mut Overview,
    ) -> Result<(), Problem> {
        let Some(looking) = looking else {
            return Ok(());
        };
        let looked = looking.await;
        let looked = looked.map_err(|error| Problem::Picture(error.to_string()))??;
        let Looked { segment, small } = looked;
        overview.add(&small, (segment.top, segment.bottom));
        self.files.push(CapturedFile {
            role: FileRole::PagePng,
            name: segment.name.clone(),
        });
        self.segments.push(segment);
        Ok(())
    }
}

/// A segment as it came, and where it belongs.
#[derive(Debug)]
struct Piece {
    png: Vec<u8>,
    name: String,
    path: PathBuf,
    lines: (u32, u32),
    columns: (i32, u32),
    marks: Vec<u32>,
    layout: Layout,
}

/// A segment that was looked at and written, and its part of the overview.
#[derive(Debug)]
struct Looked {
    segment: Segment,
    small: RgbImage,
}

impl Piece {
    fn look_at(self) -> Result<Looked, Problem> {
        let (top, bottom) = self.lines;
        let (left, width) = self.columns;
        let picture = image::load_from_memory_with_format(&self.png, ImageFormat::Png)
            .map_err(|error| Problem::Picture(error.to_string()))?
            .into_rgb8();
        let (inked, pixels) = ink(&picture);
        let blank_bands = blank_bands(&picture, self.lines, &self.marks);
        write(&self.path, &self.png)?;
        let segment = Segment {
            name: self.name,
            top,
            bottom,
            left,
            width,
            sha256: Sha256Hex::of(&self.png),
            inked,
            pixels,
            texts: self.marks.iter().sum(),
            blank_bands,
        };
        Ok(Looked {
            segment,
            small: self.layout.shrink(picture, self.lines),
        })
    }
}

/// The first view, before anything was touched.
pub(crate) async fn view(tab: &mut Tab, raw: &Path) -> Result<CapturedFile, Problem> {
    let params = json!({"format": "png"});
    let answer = tab
        .session
        .call("Page.captureScreenshot", params, SHOT_LIMIT)
        .await?;
    let name = "view.png";
    write(&raw.join(name), &bytes(&answer)?)?;
    Ok(CapturedFile {
        role: FileRole::ViewPng,
        name: name.to_owned(),
    })
}

/// Takes the whole page, from the top to [`HEIGHT_LIMIT`]. What was taken stays in `shots` when a later segment fails.
pub(crate) async fn page(
    tab: &mut Tab,
    raw: &Path,
    options: &BrowserOptions,
    shots: &mut Shots,
) -> Result<(), Problem> {
    let before: Measure = tab.ask("bevara.measure()", CALL_LIMIT).await?;
    let across = load::extent(tab).await?;
    shots.cut = across.cut;
    let (left, width) = (across.left, across.width.max(1));
    let height = before.height.clamp(1, HEIGHT_LIMIT);
    let band = LIMITS.band;
    let step = step(width, options.scale.max(1));
    let marks = format!("bevara.marks({height}, {band}, {left}, {width})");
    let marks: Vec<u32> = tab.ask(&marks, SHOT_LIMIT).await?;
    let mut overview = Overview::of(width, height);
    let mut looking = None;
    let mut top = 0;
    for number in 1.. {
        let bottom = (top + step).min(height);
        let is_in_view = bottom <= VIEW_HEIGHT && width <= options.width;
        let drawn = segment(tab, (across, top, bottom), is_in_view).await;
        shots.keep(looking.take(), &mut overview).await?;
        let name = format!("page-{number:04}.png");
        let piece = Piece {
            png: drawn?,
            path: raw.join(&name),
            name,
            lines: (top, bottom),
            columns: (left, width),
            marks: marks_between(&marks, (top, bottom)).to_vec(),
            layout: overview.layout,
        };
        looking = Some(tokio::task::spawn_blocking(move || piece.look_at()));
        top = bottom;
        if top >= height {
            break;
        }
    }
    shots.keep(looking, &mut overview).await?;
    shots.whole = true;
    shots.blank = is_blank(&shots.segments);
    let name = "overview.png";
    write(&raw.join(name), &overview.png()?)?;
    shots.files.push(CapturedFile {
        role: FileRole::OverviewPng,
        name: name.to_owned(),
    });
    let after: Measure = tab.ask("bevara.measure()", CALL_LIMIT).await?;
    shots.height_changed = after.height != before.height;
    Ok(())
}

/// Height of a segment in CSS pixels, in whole bands.
fn step(width: u32, scale: u32) -> u32 {
    let rows = SEGMENT.min(AREA / width.saturating_mul(scale).max(1));
    (rows / scale / LIMITS.band).max(1) * LIMITS.band
}

async fn segment(
    tab: &mut Tab,
    (across, top, bottom): (Extent, u32, u32),
    is_in_view: bool,
) -> Result<Vec<u8>, Problem> {
    let mut height = f64::from(bottom - top);
    // A picture exactly as high as the view is moved aside where the page is written from right to left (Chromium 156).
    // A hundredth more makes no row more.
    if bottom - top == VIEW_HEIGHT {
        height += 0.01;
    }
    // Chromium 156 draws what lies out of view as it drew it last, where a filter or a blend mode holds something that is
    // turned: a part of it is missing in the first picture after a change, and there in the second. A small one will do.
    if !is_in_view {
        let scale = (10.0 / height).clamp(0.1, 1.0);
        draw(tab, (across, top), (height, scale)).await?;
    }
    let answer = draw(tab, (across, top), (height, 1.0)).await?;
    Ok(bytes(&answer)?)
}

/// A picture of so much of the page, so many times its size.
async fn draw(
    tab: &Tab,
    (across, top): (Extent, u32),
    (height, scale): (f64, f64),
) -> Result<Value, CdpError> {
    let clip =
        json!({"x": across.x, "y": top, "width": across.width, "height": height, "scale": scale});
    let params = json!({"format": "png", "clip": clip, "captureBeyondViewport": true});
    tab.session
        .call("Page.captureScreenshot", params, SHOT_LIMIT)
        .await
}

fn bytes(answer: &Value) -> Result<Vec<u8>, CdpError> {
    cdp::decode(
        "Page.captureScreenshot",
        answer["data"].as_str().unwrap_or_default(),
    )
}

fn is_blank(segments: &[Segment]) -> bool {
    let inked: u64 = segments.iter().map(|segment| segment.inked).sum();
    let pixels: u64 = segments.iter().map(|segment| segment.pixels).sum();
    inked * 1000 <= pixels * LIMITS.blank_per_mille
        || segments.iter().any(|segment| {
            segment.texts > 0 && segment.inked == 0
                || segment.texts > 20 && segment.is_blank()
                || !segment.blank_bands.is_empty()
        })
}

/// The marks of the bands between two lines of the page.
fn marks_between(marks: &[u32], (top, bottom): (u32, u32)) -> &[u32] {
    let index = |line: u32| usize::try_from(line.div_ceil(LIMITS.band)).unwrap_or(usize::MAX);
    let to = index(bottom).min(marks.len());
    &marks[index(top).min(to)..to]
}

/// Bands of a segment in which nothing is drawn though several pieces ought to be seen.
fn blank_bands(picture: &RgbImage, (top, bottom): (u32, u32), marks: &[u32]) -> Vec<u32> {
    let width = usize::try_from(picture.width()).unwrap_or(1).max(1);
    let line = |css: u32| scaled(css - top, picture.height(), bottom - top);
    let mut blank = Vec::new();
    for (number, pieces) in (0..).zip(marks) {
        let from = top + number * LIMITS.band;
        let to = (from + LIMITS.band).min(bottom);
        if *pieces < LIMITS.band_pieces || to <= from {
            continue;
        }
        let rows = picture.as_raw().chunks_exact(width * 3);
        let skip = usize::try_from(line(from)).unwrap_or(usize::MAX);
        let take = usize::try_from(line(to) - line(from)).unwrap_or(0);
        let mut pixels = rows
            .skip(skip)
            .take(take)
            .flat_map(|row| row.as_chunks::<3>().0);
        let first = pixels.next();
        if pixels.all(|pixel| Some(pixel) == first) {
            blank.push(from);
        }
    }
    blank
}

/// Pixels that differ from the most frequent colour, counted up to a twentieth of all, and all pixels.
///
/// The most frequent colour is found among every 37th pixel: where at least 99.9 % of a picture have one colour, at most
/// 3.7 % of these can have another. Where no colour is that frequent, far more than what is asked for differ.
fn ink(picture: &RgbImage) -> (u64, u64) {
    let pixels = picture.as_raw().as_chunks::<3>().0;
    let all = u64::try_from(pixels.len()).unwrap_or(u64::MAX);
    let mut candidate = [255_u8; 3];
    let mut votes = 0_u64;
    for pixel in pixels.iter().step_by(37) {
        if votes == 0 {
            candidate = *pixel;
        }
        if *pixel == candidate {
            votes += 1;
        } else {
            votes -= 1;
        }
    }
    let width = usize::try_from(picture.width()).unwrap_or(1).max(1);
    let empty = candidate.repeat(width);
    let mut inked = 0;
    for row in picture.as_raw().chunks_exact(width * 3) {
        // Whole rows are compared at once: most of a page is empty.
        if row != empty {
            let differ = row.as_chunks::<3>().0.iter();
            inked += u64::try_from(differ.filter(|pixel| **pixel != candidate).count())
                .unwrap_or(u64::MAX);
            if inked * 20 > all {
                break;
            }
        }
    }
    (inked, all)
}

/// The small picture, put together from the segments: a tall page is laid in columns side by side, read as columns of
/// a newspaper are, so that it stays legible.
struct Overview {
    canvas: RgbImage,
    layout: Layout,
}

#[derive(Clone, Copy, Debug)]
struct Layout {
    /// Height of the page, in CSS pixels, and of the page when it is small.
    height: (u32, u32),
    column: u32,
    rows: u32,
}

impl Layout {
    /// Where lines of the page begin and end when it is small.
    fn place(self, (top, bottom): (u32, u32)) -> (u32, u32) {
        let place = |line| scaled(line, self.height.1, self.height.0);
        (place(top), place(bottom))
    }

    /// The small picture of these lines.
    fn shrink(self, picture: RgbImage, lines: (u32, u32)) -> RgbImage {
        let (from, to) = self.place(lines);
        if to <= from {
            return RgbImage::new(0, 0);
        }
        DynamicImage::ImageRgb8(picture)
            .thumbnail_exact(self.column, to - from)
            .into_rgb8()
    }
}

impl Overview {
    fn of(width: u32, height: u32) -> Self {
        let gap = COLUMN.1;
        let mut column = COLUMN.0.min(width).max(1);
        let fits = |column: u32| {
            let columns = ((OVERVIEW + gap) / (column + gap)).max(1);
            scaled(height, column, width) <= columns.saturating_mul(OVERVIEW)
        };
        while column > 1 && !fits(column) {
            column -= 1;
        }
        let small = scaled(height, column, width).max(1);
        // A page up to three times as high as it is wide needs no columns.
        let columns = if small <= column * 3 {
            1
        } else {
            let most = ((OVERVIEW + gap) / (column + gap)).max(1);
            // As many columns as make the whole about as wide as it is high.
            (1..=most)
                .find(|count| small.div_ceil(*count) <= (column + gap) * count)
                .unwrap_or(most)
        };
        let rows = small.div_ceil(columns).clamp(1, OVERVIEW);
        let canvas = RgbImage::from_pixel((column + gap) * columns - gap, rows, Rgb([160; 3]));
        let layout = Layout {
            height: (height, small),
            column,
            rows,
        };
        Self { canvas, layout }
    }

    fn add(&mut self, small: &RgbImage, lines: (u32, u32)) {
        let Layout {
            column: wide, rows, ..
        } = self.layout;
        let (from, to) = self.layout.place(lines);
        for row in from..to {
            let (column, line) = (row / rows, row % rows);
            let left = i64::from(column) * i64::from(wide + COLUMN.1);
            let strip = imageops::crop_imm(small, 0, row - from, wide, 1);
            imageops::replace(&mut self.canvas, &*strip, left, i64::from(line));
        }
    }

    fn png(&self) -> Result<Vec<u8>, Problem> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        self.canvas
            .write_to(&mut bytes, ImageFormat::Png)
            .map_err(|error| Problem::Picture(error.to_string()))?;
        Ok(bytes.into_inner())
    }
}

/// `value * part / whole`, rounded.
fn scaled(value: u32, part: u32, whole: u32) -> u32 {
    let whole = u64::from(whole.max(1));
    let product = u64::from(value) * u64::from(part);
    u32::try_from((product + whole / 2) / whole).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_is_what_differs_from_the_most_frequent_colour() {
        let mut picture = RgbImage::from_pixel(100, 100, Rgb([9, 9, 9]));
        assert_eq!(ink(&picture), (0, 10_000));
        for x in 0..30 {
            picture.put_pixel(x, 7, Rgb([200, 0, 0]));
        }
        assert_eq!(ink(&picture), (30, 10_000));
    }

    #[test]
    fn the_overview_keeps_its_bounds_and_lays_tall_pages_in_columns() {
        for (width, height) in [
            (1280, 900),
            (1280, 98_000),
            (1280, 250_000),
            (400, 1_000),
            (320, 40_000),
            (1, 1),
        ] {
            let overview = Overview::of(width, height);
            let (wide, high) = overview.canvas.dimensions();
            assert!(
                wide <= 4_000 && high <= 4_000,
                "{width} {height}: {wide} {high}"
            );
            let Layout {
                height: (_, small),
                column,
                rows,
            } = overview.layout;
            let columns = (wide + COLUMN.1) / (column + COLUMN.1);
            assert!(columns * rows >= small, "{width} {height}");
            // A column is never narrower than a fifth of the page.
            assert!(column * 5 >= width.min(1280), "{width} {height}");
        }
        assert_eq!(Overview::of(1280, 900).canvas.dimensions(), (600, 422));
    }

    #[test]
    fn the_overview_keeps_its_segments_places() {
        let mut overview = Overview::of(100, 1_000);
        assert_eq!(overview.canvas.dimensions(), (3 * 100 + 2 * 12, 334));
        for (colour, lines) in [([1, 2, 3], (0, 600)), ([4, 5, 6], (600, 1_000))] {
            let picture = RgbImage::from_pixel(100, lines.1 - lines.0, Rgb(colour));
            let small = overview.layout.shrink(picture, lines);
            overview.add(&small, lines);
        }
        assert_eq!(overview.canvas.get_pixel(50, 333), &Rgb([1, 2, 3]));
        assert_eq!(overview.canvas.get_pixel(105, 100), &Rgb([160; 3]));
        // Line 600 is the 267th of the second column.
        assert_eq!(overview.canvas.get_pixel(112 + 50, 265), &Rgb([1, 2, 3]));
        assert_eq!(overview.canvas.get_pixel(112 + 50, 266), &Rgb([4, 5, 6]));
        assert_eq!(overview.canvas.get_pixel(224 + 50, 331), &Rgb([4, 5, 6]));
    }

    #[test]
    fn segments_of_wide_pages_are_lower() {
        assert_eq!([step(1_280, 1), step(1_280, 2)], [8_000, 4_000]);
        assert_eq!(
            [step(2_560, 1), step(5_008, 1), step(8_000, 1)],
            [8_000, 4_000, 2_000]
        );
        assert_eq!([step(8_000, 2), step(u32::MAX, 9)], [1_000, 1_000]);
    }

    #[test]
    fn a_band_is_blank_that_has_pieces_and_one_colour() {
        let mut picture = RgbImage::from_pixel(10, 4_000, Rgb([255; 3]));
        picture.put_pixel(3, 2_500, Rgb([0; 3]));
        // At two device pixels a CSS pixel: bands 8000, 9000; the second holds a black pixel.
        assert_eq!(blank_bands(&picture, (8_000, 10_000), &[9, 9]), [8_000]);
        assert_eq!(blank_bands(&picture, (8_000, 10_000), &[4, 9]), [0_u32; 0]);
        assert_eq!(marks_between(&[1, 2, 3, 4], (1_000, 2_500)), [2, 3]);
        assert_eq!(marks_between(&[1, 2], (0, 9_000)), [1, 2]);
    }
}
