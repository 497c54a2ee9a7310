//! Content streams: operators, numbers, resources, colours, the depth of saved states, and what text they show (ISO
//! 19005-2, 6.1.13, 6.2.2, 6.2.4.3, 6.2.6, 6.2.11.8, 6.7.4).

use std::borrow::Cow;
use std::collections::BTreeMap;

use lopdf::{Document, ObjectId};

use crate::model::flavour::Flavour;
use crate::render::check::{Report, objects, structure};
use crate::render::cmap;
use crate::render::syntax::{self, Kind, Operation};
use crate::render::visit::{self, Drawing, Font};

/// Codes that are shown, by font; true where at least once no `ActualText` stood for them.
pub(super) type Shown = BTreeMap<ObjectId, (Font, BTreeMap<u32, bool>)>;

/// The operators of ISO 32000-1, annex A. `BX` and `EX` are among them and hide nothing here.
#[rustfmt::skip]
fn is_operator(word: &[u8]) -> bool {
    matches!(
        word,
        b"b" | b"B" | b"b*" | b"B*" | b"BDC" | b"BI" | b"BMC" | b"BT" | b"BX" | b"c" | b"cm" | b"CS" | b"cs" | b"d"
            | b"d0" | b"d1" | b"Do" | b"DP" | b"EMC" | b"ET" | b"EX" | b"f" | b"F" | b"f*" | b"G" | b"g" | b"gs" | b"h"
            | b"i" | b"j" | b"J" | b"K" | b"k" | b"l" | b"m" | b"M" | b"MP" | b"n" | b"q" | b"Q" | b"re" | b"RG" | b"rg"
            | b"ri" | b"s" | b"S" | b"SC" | b"sc" | b"SCN" | b"scn" | b"sh" | b"T*" | b"Tc" | b"Td" | b"TD" | b"Tf"
            | b"Tj" | b"TJ" | b"TL" | b"Tm" | b"Tr" | b"Ts" | b"Tw" | b"Tz" | b"v" | b"w" | b"W" | b"W*" | b"y" | b"'"
            | b"\""
    )
}

/// Deepest nesting of `q` (6.1.13).
const DEEPEST: usize = 28;

/// Operators that name a resource: operator, dictionary in the resources.
const NAMED: [(&[u8], &[u8]); 7] = [
    (b"Do", b"XObject"),
    (b"gs", b"ExtGState"),
    (b"sh", b"Shading"),
    (b"Tf", b"Font"),
    (b"scn", b"Pattern"),
    (b"SCN", b"Pattern"),
    (b"cs", b"ColorSpace"),
];

#[derive(Debug)]
struct Scan<'a> {
    document: &'a Document,
    drawing: Drawing,
    bytes: &'a [u8],
    font: Option<ObjectId>,
    saved: Vec<Option<ObjectId>>,
    /// For each open marked content whether it has an `ActualText`.
    marked: Vec<bool>,
    level_a: bool,
    /// Replacement texts hold no private-use characters (part 4).
    bare_texts: bool,
}

pub(super) fn check(
    report: &mut Report,
    document: &Document,
    drawings: &[Drawing],
    flavour: Flavour,
) -> Shown {
    let mut shown = Shown::new();
    for drawing in drawings {
        let bytes = match visit::plain(document, drawing.stream) {
            Ok(bytes) => bytes,
            Err(error) => {
                report.add("6.1.7.1-1", error.to_string());
                continue;
            }
        };
        let mut scan = Scan {
            document,
            drawing: *drawing,
            bytes: &bytes,
            font: None,
            saved: Vec::new(),
            marked: Vec::new(),
            level_a: flavour.is_tagged(),
            bare_texts: flavour.part() == 4,
        };
        let mut operations = syntax::operations(&bytes);
        while let Some(operation) = operations.next() {
            match operation {
                Ok(operation) => {
                    scan.operation(report, &mut shown, &operation);
                    operations.reuse(operation);
                }
                Err(error) => {
                    report.add(
                        "6.2.2-1",
                        format_args!("object {}: {error}", drawing.stream.0),
                    );
                }
            }
        }
    }
    shown
}

impl Scan<'_> {
    fn number(&self) -> u32 {
        self.drawing.stream.0
    }

    fn operation(&mut self, report: &mut Report, shown: &mut Shown, operation: &Operation) {
        let word = &self.bytes[operation.operator.clone()];
        report.expect(
            is_operator(word),
            "6.2.2-1",
            format_args!(
                "object {}: operator {}",
                self.number(),
                String::from_utf8_lossy(word)
            ),
        );
        self.operands(report, operation);
        self.resources(report, word, operation);
        match word {
            b"q" => {
                self.saved.push(self.font);
                report.expect(
                    self.saved.len() <= DEEPEST,
                    "6.1.13-8",
                    format_args!(
                        "object {}: q nested {} deep",
                        self.number(),
                        self.saved.len()
                    ),
                );
            }
            b"Q" => {
                if let Some(font) = self.saved.pop() {
                    self.font = font;
                }
            }
            b"k" | b"K" => report.add(
                "6.2.4.3-3",
                format_args!(
                    "object {}: DeviceCMYK beside an RGB output intent",
                    self.number()
                ),
            ),
            b"ri" => {
                if let Some(intent) = operation.operands.first() {
                    let intent = syntax::name_bytes(&self.bytes[intent.at.clone()]);
                    objects::intent_rule(report, self.drawing.stream, &intent);
                }
            }
            b"Tf" => {
                self.font = operation.operands.first().and_then(|name| {
                    let name = syntax::name_bytes(&self.bytes[name.at.clone()]);
                    visit::font_id(self.document, self.drawing.owner, &name)
                });
            }
            b"BMC" => self.marked.push(false),
            b"BDC" => {
                let has_text = self.has_actual_text(operation);
                self.marked.push(has_text);
            }
            b"EMC" => {
                self.marked.pop();
            }
            b"Tj" | b"TJ" | b"'" | b"\"" => self.text(report, shown, operation),
            _ => {}
        }
    }

    fn has_actual_text(&self, operation: &Operation) -> bool {
        let is_key = |at: std::ops::Range<usize>| {
            let written = &self.bytes[at];
            written == b"/ActualText"
        };
        if operation
            .operands
            .iter()
            .any(|token| is_key(token.at.clone()))
        {
            return true;
        }
        // Named in the resources.
        let [_, list] = operation.operands.as_slice() else {
            return false;
        };
        let name = syntax::name_bytes(&self.bytes[list.at.clone()]);
        visit::resources(self.document, self.drawing.owner)
            .and_then(|resources| visit::dictionary(self.document, resources, b"Properties"))
            .and_then(|lists| visit::dictionary(self.document, lists, &name))
            .is_some_and(|list| list.has(b"ActualText"))
    }

    fn operands(&self, report: &mut Report, operation: &Operation) {
        let mut key: Option<Cow<'_, [u8]>> = None;
        for token in &operation.operands {
            let written = &self.bytes[token.at.clone()];
            match token.kind {
                Kind::Number => self.number_rules(report, written),
                Kind::Name => {
                    let name = syntax::name_bytes(written);
                    objects::name_rules(report, self.drawing.stream, &name);
                    key = Some(name);
                    continue;
                }
                Kind::Text => {
                    let text = syntax::text_bytes(written);
                    report.expect(
                        text.len() <= 32_767,
                        "6.1.13-3",
                        format_args!("object {}: string of {} bytes", self.number(), text.len()),
                    );
                    let is_replacement = key.as_deref() == Some(b"ActualText");
                    report.expect(
                        !self.bare_texts
                            || !is_replacement
                            || !cmap::has_private_use(&cmap::text_units(&text)),
                        "6.2.10.8-1",
                        format_args!(
                            "object {}: ActualText holds private characters",
                            self.number()
                        ),
                    );
                    let is_tag = key.as_deref() == Some(b"Lang");
                    report.expect(
                        !self.level_a || !is_tag || structure::is_language(&text),
                        "6.7.4-1",
                        format_args!("object {}: Lang is no language tag", self.number()),
                    );
                }
                Kind::Bracket | Kind::Word => {}
            }
            key = None;
        }
    }

    fn number_rules(&self, report: &mut Report, written: &[u8]) {
        if syntax::is_ordinary_number(written) {
            return;
        }
        let text = String::from_utf8_lossy(written);
        let Ok(value) = text.parse::<f64>() else {
            report.add(
                "6.2.2-1",
                format_args!("object {}: number {text}", self.number()),
            );
            return;
        };
        let what = format!("object {}: number {text}", self.number());
        if text.contains('.') {
            report.expect(value.abs() <= 3.403e38, "6.1.13-2", &what);
            report.expect(value == 0.0 || value.abs() >= 1.175e-38, "6.1.13-5", &what);
        } else {
            report.expect(
                (-2_147_483_648.0..=2_147_483_647.0).contains(&value),
                "6.1.13-1",
                &what,
            );
        }
    }

    /// A resource that is named stands in the resources of the stream's own owner.
    fn resources(&self, report: &mut Report, word: &[u8], operation: &Operation) {
        let Some((_, kind)) = NAMED.iter().find(|(operator, _)| *operator == word) else {
            return;
        };
        let place = if word == b"Tf" {
            operation.operands.first()
        } else {
            operation.operands.last()
        };
        let Some(token) = place.filter(|token| token.kind == Kind::Name) else {
            return;
        };
        let name = syntax::name_bytes(&self.bytes[token.at.clone()]);
        if word == b"cs"
            && matches!(
                name.as_ref(),
                b"DeviceRGB" | b"DeviceGray" | b"Pattern" | b"DeviceCMYK"
            )
        {
            report.expect(
                name.as_ref() != b"DeviceCMYK",
                "6.2.4.3-3",
                format_args!(
                    "object {}: DeviceCMYK beside an RGB output intent",
                    self.number()
                ),
            );
            return;
        }
        let found = visit::resources(self.document, self.drawing.owner)
            .and_then(|resources| visit::dictionary(self.document, resources, kind))
            .is_some_and(|dictionary| dictionary.has(&name));
        report.expect(
            found,
            "6.2.2-2",
            format_args!(
                "object {}: {} is not in its own resources",
                self.number(),
                String::from_utf8_lossy(&name)
            ),
        );
    }

    fn text(&self, report: &mut Report, shown: &mut Shown, operation: &Operation) {
        let Some(id) = self.font else {
            report.add(
                "6.2.2-2",
                format_args!("object {}: text in no font", self.number()),
            );
            return;
        };
        let covered = self.marked.contains(&true);
        let entry = match shown.entry(id) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                match visit::font(self.document, id) {
                    Ok(font) => place.insert((font, BTreeMap::new())),
                    Err(error) => {
                        report.add("6.2.11.2-1", error.to_string());
                        return;
                    }
                }
            }
        };
        for token in &operation.operands {
            if token.kind == Kind::Text {
                let text = syntax::text_bytes(&self.bytes[token.at.clone()]);
                for code in entry.0.codes(&text) {
                    *entry.1.entry(code).or_default() |= !covered;
                }
            }
        }
    }
}
