//! Repairs what fonts say their codes mean, and makes the fonts that stand in for missing glyphs.

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary};

use crate::model::flavour::Flavour;
use crate::render::cmap::{self, UNKNOWN, UnicodeMap};
use crate::render::pdfa::content::Plan;
use crate::render::pdfa::text::{Evidence, Usage};
use crate::render::visit::{self, Font, FontKind, VisitError};

/// Units of the em in the coordinates of a stand-in font, as in the widths of a composite font.
const EM: f32 = 1000.0;

/// Repairs the maps, makes the stand-ins, and says what the streams need.
pub(super) fn plan(
    document: &mut Document,
    usage: Usage,
    flavour: Flavour,
) -> Result<Plan, VisitError> {
    let mut plan = Plan {
        fonts: usage.fonts,
        tofu: std::collections::BTreeMap::new(),
        mark_private_use: flavour.explains_private_use(),
        clear_texts: flavour.part() == 4,
    };
    for (id, codes) in &usage.codes {
        let Some(font) = plan.fonts.get_mut(id) else {
            continue;
        };
        if let FontKind::Composite { descendant, .. } = font.kind
            && codes.keys().any(|code| font.is_notdef(*code))
        {
            let stand_in = tofu(document, descendant)?;
            plan.tofu.insert(*id, stand_in);
        }
        if let Some(map) = repaired(font, codes) {
            let bytes = cmap::write(&map, font.width());
            let mut stream = Stream::new(Dictionary::new(), bytes);
            stream
                .compress()
                .map_err(|source| VisitError::Stream { id: *id, source })?;
            let map_id = document.add_object(stream);
            if let Some(dict) = document
                .objects
                .get_mut(id)
                .and_then(visit::as_dictionary_mut)
            {
                dict.set("ToUnicode", map_id);
            }
            font.unicode = Some(map);
        }
    }
    Ok(plan)
}

/// The map of a font with every used code mapped to what is known, or to U+FFFD; `None` where it can stay.
fn repaired(font: &Font, codes: &std::collections::BTreeMap<u32, Evidence>) -> Option<UnicodeMap> {
    let old = font.unicode.clone().unwrap_or_default();
    let mut map: UnicodeMap = old
        .iter()
        .filter(|(_, units)| cmap::is_allowed(units))
        .map(|(code, units)| (*code, units.clone()))
        .collect();
    for (code, evidence) in codes {
        let known = map.get(code);
        if known.is_none() {
            map.insert(*code, told(evidence).unwrap_or_else(|| vec![UNKNOWN]));
        } else if known.is_some_and(|units| cmap::has_private_use(units))
            && let Some(text) = told(evidence)
        {
            map.insert(*code, text);
        }
    }
    // The missing glyph means nothing, whatever the page says it stood for.
    let missing: Vec<u32> = codes
        .keys()
        .copied()
        .filter(|code| font.is_notdef(*code))
        .collect();
    for code in missing {
        map.insert(code, vec![UNKNOWN]);
    }
    (font.unicode.as_ref() != Some(&map)).then_some(map)
}

/// What the page says a glyph stands for, where everything it says agrees. Nothing is guessed.
fn told(evidence: &Evidence) -> Option<Vec<u16>> {
    match evidence.texts.as_slice() {
        [text] if !evidence.bare && cmap::is_allowed(text) && !cmap::has_private_use(text) => {
            Some(text.clone())
        }
        _ => None,
    }
}

/// A Type 3 font with one glyph at code 1: the missing glyph of `descendant`, with its outline and width.
fn tofu(document: &mut Document, descendant: ObjectId) -> Result<ObjectId, VisitError> {
    let width = width_of_missing(document, descendant);
    let outline = match program(document, descendant)? {
        Some(bytes) => outline_of_missing(&bytes),
        None => None,
    };
    let outline = outline.unwrap_or_else(|| box_outline(width));
    let mut glyph = String::new();
    push_numbers(&mut glyph, &[width, 0.0]);
    push_numbers(&mut glyph, &outline.bounds);
    glyph.push_str("d1\n");
    glyph.push_str(&outline.path);
    let map = UnicodeMap::from([(1, vec![UNKNOWN])]);
    let map_id = document.add_object(Stream::new(Dictionary::new(), cmap::write(&map, 1)));
    let glyph_id = document.add_object(Stream::new(Dictionary::new(), glyph.into_bytes()));
    let bounds: Vec<Object> = outline.bounds.iter().map(|edge| (*edge).into()).collect();
    let descriptor = document.add_object(dictionary! {
        "Type" => "FontDescriptor",
        "FontName" => "BevaraMissing",
        "Flags" => 4,
        "ItalicAngle" => 0,
        "FontBBox" => bounds.clone(),
    });
    Ok(document.add_object(dictionary! {
        "Type" => "Font",
        "Subtype" => "Type3",
        "FontBBox" => bounds,
        "FontMatrix" => vec![0.001.into(), 0.into(), 0.into(), 0.001.into(), 0.into(), 0.into()],
        "CharProcs" => dictionary! { "missing" => glyph_id },
        "Encoding" => dictionary! {
            "Type" => "Encoding",
            "Differences" => vec![1.into(), "missing".into()],
        },
        "FirstChar" => 1,
        "LastChar" => 1,
        "Widths" => vec![width.into()],
        "FontDescriptor" => descriptor,
        "Resources" => Dictionary::new(),
        "ToUnicode" => map_id,
    }))
}

/// The width of CID 0: first entry of `W`, else `DW`, else 1000 (ISO 32000-1, 9.7.4.3).
fn width_of_missing(document: &Document, descendant: ObjectId) -> f32 {
    visit::cid_width(document, descendant, 0)
}

/// The bytes of the font program.
fn program(document: &Document, descendant: ObjectId) -> Result<Option<Vec<u8>>, VisitError> {
    visit::font_program(document, descendant)
}

/// A path with its bounds, in thousandths of the em.
#[derive(Debug)]
struct Outline {
    path: String,
    bounds: [f32; 4],
}

fn outline_of_missing(bytes: &[u8]) -> Option<Outline> {
    let mut pen = Pen::default();
    if let Ok(face) = ttf_parser::Face::parse(bytes, 0) {
        pen.scale = EM / f32::from(face.units_per_em());
        face.outline_glyph(ttf_parser::GlyphId(0), &mut pen);
    } else {
        let table = ttf_parser::cff::Table::parse(bytes)?;
        pen.scale = 1.0;
        table.outline(ttf_parser::GlyphId(0), &mut pen).ok()?;
    }
    if !pen.path.is_empty() {
        pen.path.push_str("f\n");
    }
    Some(Outline {
        bounds: pen.bounds.unwrap_or_default(),
        path: pen.path,
    })
}

/// An empty box, for a font program whose missing glyph cannot be read.
fn box_outline(width: f32) -> Outline {
    let (left, right) = (width * 0.1, width * 0.9);
    let mut path = String::new();
    push_numbers(&mut path, &[left, 0.0, right - left, 700.0]);
    path.push_str("re ");
    push_numbers(&mut path, &[left + 40.0, 40.0, right - left - 80.0, 620.0]);
    path.push_str("re f*\n");
    Outline {
        path,
        bounds: [left, 0.0, right, 700.0],
    }
}

fn push_numbers(text: &mut String, numbers: &[f32]) {
    for number in numbers {
        // Two decimals of a thousandth of the em are finer than any device.
        let rounded = (number * 100.0).round() / 100.0;
        text.extend([rounded.to_string(), " ".to_owned()]);
    }
}

/// Draws an outline as PDF operators.
#[derive(Debug, Default)]
struct Pen {
    path: String,
    scale: f32,
    at: (f32, f32),
    bounds: Option<[f32; 4]>,
}

impl Pen {
    fn point(&mut self, x: f32, y: f32) -> [f32; 2] {
        let (x, y) = (x * self.scale, y * self.scale);
        let bounds = self.bounds.get_or_insert([x, y, x, y]);
        *bounds = [
            bounds[0].min(x),
            bounds[1].min(y),
            bounds[2].max(x),
            bounds[3].max(y),
        ];
        [x, y]
    }

    fn push(&mut self, points: &[[f32; 2]], operator: &str) {
        push_numbers(&mut self.path, points.as_flattened());
        self.path.push_str(operator);
        self.path.push('\n');
    }
}

impl ttf_parser::OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.at = (x, y);
        let point = self.point(x, y);
        self.push(&[point], "m");
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.at = (x, y);
        let point = self.point(x, y);
        self.push(&[point], "l");
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        // A quadratic curve raised to a cubic one.
        let (x0, y0) = self.at;
        let third = 2.0 / 3.0;
        self.curve_to(
            x0 + third * (x1 - x0),
            y0 + third * (y1 - y0),
            x + third * (x1 - x),
            y + third * (y1 - y),
            x,
            y,
        );
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.at = (x, y);
        let points = [self.point(x1, y1), self.point(x2, y2), self.point(x, y)];
        self.push(&points, "c");
    }

    fn close(&mut self) {
        self.path.push_str("h\n");
    }
}
