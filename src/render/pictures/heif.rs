//! What a HEIF file holds, read from its boxes (ISO/IEC 14496-12, 4.2; ISO/IEC 23008-12): whose brand it bears, what its
//! pictures are coded with, and how many of them somebody is to see.

use std::collections::{BTreeMap, BTreeSet};

use crate::render::pictures::heic::HeicError;

/// Brands of still pictures and of sequences, whatever they are coded with.
const BRANDS: [&[u8; 4]; 14] = [
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2",
    b"msf1", b"miaf", b"avif", b"avis",
];
/// Major brands of files that are sequences first of all.
const SEQUENCES: [&[u8; 4]; 6] = [b"hevc", b"hevx", b"hevm", b"hevs", b"msf1", b"avis"];
/// Types of items that are pictures: coded, or made of other pictures.
const PICTURES: [&[u8; 4]; 13] = [
    b"hvc1", b"hev1", b"lhv1", b"av01", b"avc1", b"vvc1", b"jpeg", b"j2k1", b"unci", b"mski",
    b"grid", b"iden", b"iovl",
];
/// What is made of other pictures has no codec of its own.
const DERIVED: [&[u8; 4]; 3] = [b"grid", b"iden", b"iovl"];
/// So many boxes are looked at on one level.
const MOST: usize = 100_000;

/// Whether the file says of itself that it is HEIF.
pub fn is_heif(bytes: &[u8]) -> bool {
    boxes(bytes).next().is_some_and(|(name, content)| {
        name == b"ftyp" && brands(content).any(|brand| BRANDS.contains(&brand))
    })
}

/// Refuses what is no single picture coded with HEVC: what would be left out of it would not be missed by anybody.
pub(super) fn check(bytes: &[u8]) -> Result<(), HeicError> {
    let (mut meta, mut has_film) = (None, false);
    for (name, content) in boxes(bytes).take(MOST) {
        match name {
            b"ftyp" if content.get(..4).is_some_and(is_sequence) => {
                return Err(HeicError::Sequence);
            }
            b"meta" if meta.is_none() => meta = Some(content),
            b"moov" => has_film = true,
            _ => {}
        }
    }
    if has_film && meta.is_none() {
        return Err(HeicError::Sequence);
    }
    let items = Items::of(meta.and_then(|meta| meta.get(4..)).unwrap_or_default());
    let Some(codec) = items.codec() else {
        return Err(HeicError::Damaged);
    };
    if codec != *b"hvc1" {
        return Err(HeicError::Codec(codec.escape_ascii().to_string()));
    }
    match items.seen() {
        0 | 1 => Ok(()),
        more => Err(HeicError::Several(more)),
    }
}

fn is_sequence(brand: &[u8]) -> bool {
    SEQUENCES.iter().any(|one| *one == brand)
}

/// The items of a `meta` box.
#[derive(Debug, Default)]
struct Items {
    primary: Option<u32>,
    /// Type and whether it is hidden, by id.
    types: BTreeMap<u32, ([u8; 4], bool)>,
    /// Pictures that belong to another one: thumbnails, depth, alpha, gain maps, and what one is made of.
    parts: BTreeSet<u32>,
    /// What a picture is made of.
    made_of: BTreeMap<u32, Vec<u32>>,
}

impl Items {
    fn of(meta: &[u8]) -> Self {
        let mut items = Self::default();
        for (name, content) in boxes(meta).take(MOST) {
            let Some((version, rest)) = full(content) else {
                continue;
            };
            match name {
                b"pitm" => items.primary = number(rest, version > 0).map(|(id, _)| id),
                b"iinf" => items.read_types(rest.get(if version == 0 { 2 } else { 4 }..)),
                b"iref" => items.read_references(rest, version > 0),
                _ => {}
            }
        }
        items
    }

    fn read_types(&mut self, entries: Option<&[u8]>) {
        for (_, entry) in boxes(entries.unwrap_or_default()).take(MOST) {
            let Some((version, rest)) = full(entry) else {
                continue;
            };
            let is_hidden = entry.get(3).is_some_and(|flags| flags & 1 == 1);
            // Protection stands between id and type.
            if let Some((id, rest)) = number(rest, version > 2)
                && let Some(name) = rest.get(2..6).and_then(|name| name.try_into().ok())
                && version >= 2
            {
                self.types.insert(id, (name, is_hidden));
            }
        }
    }

    fn read_references(&mut self, references: &[u8], is_long: bool) {
        for (name, content) in boxes(references).take(MOST) {
            let Some((from, rest)) = number(content, is_long) else {
                continue;
            };
            let mut rest = rest.get(2..).unwrap_or_default();
            let mut to = Vec::new();
            while let Some((id, after)) = number(rest, is_long) {
                to.push(id);
                rest = after;
            }
            match name {
                b"thmb" | b"auxl" => {
                    self.parts.insert(from);
                }
                b"dimg" => {
                    self.parts.extend(&to);
                    self.made_of.insert(from, to);
                }
                _ => {}
            }
        }
    }

    /// What the picture that is shown is coded with.
    fn codec(&self) -> Option<[u8; 4]> {
        let mut id = self.primary?;
        // Deeper than any picture is made, and no end in a circle.
        for _ in 0..32 {
            let (name, _) = self.types.get(&id)?;
            if !DERIVED.contains(&name) {
                return Some(*name);
            }
            id = *self.made_of.get(&id)?.first()?;
        }
        None
    }

    /// How many pictures somebody is to see.
    fn seen(&self) -> usize {
        let is_seen = |(id, (name, is_hidden)): &(&u32, &([u8; 4], bool))| {
            Some(**id) == self.primary
                || (PICTURES.contains(&name) && !is_hidden && !self.parts.contains(id))
        };
        self.types.iter().filter(is_seen).count()
    }
}

/// Version of a full box, and what follows its flags.
fn full(content: &[u8]) -> Option<(u8, &[u8])> {
    Some((*content.first()?, content.get(4..)?))
}

/// An id of 16 or 32 bits, and what follows it.
fn number(bytes: &[u8], is_long: bool) -> Option<(u32, &[u8])> {
    if is_long {
        let (id, rest) = bytes.split_first_chunk::<4>()?;
        Some((u32::from_be_bytes(*id), rest))
    } else {
        let (id, rest) = bytes.split_first_chunk::<2>()?;
        Some((u32::from(u16::from_be_bytes(*id)), rest))
    }
}

/// The brands of a `ftyp` box: the major one, and behind its version those that it is compatible with.
fn brands(content: &[u8]) -> impl Iterator<Item = &[u8; 4]> {
    let (brands, _) = content.as_chunks::<4>();
    let behind = brands.iter().skip(2).take(MOST);
    brands.first().into_iter().chain(behind)
}

/// The boxes of one level, name and content, to the first that does not fit.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (short, after) = rest.split_first_chunk::<4>()?;
        let (name, after) = after.split_first_chunk::<4>()?;
        let (size, header) = match u32::from_be_bytes(*short) {
            0 => (rest.len(), 8),
            1 => {
                let long = after.first_chunk::<8>()?;
                (usize::try_from(u64::from_be_bytes(*long)).ok()?, 16)
            }
            size => (usize::try_from(size).ok()?, 8),
        };
        let content = rest.get(header..size)?;
        rest = rest.get(size..)?;
        Some((name, content))
    })
}
