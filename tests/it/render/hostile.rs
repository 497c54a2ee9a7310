//! PDFs made to bring a reader down: each is an error or a valid file, never a panic, and never without an end.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a fixture that is not as it was is a failed test"
)]

use std::io::Write as _;

use bevara::render::check;
use bevara::render::pdfa::{self, Flavour, PdfaError};

use crate::render::options;
use crate::support::is_left_to_campaign;

const CATALOG: &str = "<</Type/Catalog/Pages 2 0 R>>";
const PAGES: &str = "<</Type/Pages/Count 1/Kids[3 0 R]>>";
const PAGE: &str = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R/Resources<<>>>>";

/// A file of these objects, numbered from 1.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(objects) {
        offsets.push(out.len());
        writeln!(out, "{number} 0 obj").unwrap();
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let start = out.len();
    writeln!(out, "xref\n0 {}\n0000000000 65535 f ", offsets.len() + 1).unwrap();
    for offset in &offsets {
        writeln!(out, "{offset:010} 00000 n ").unwrap();
    }
    let size = offsets.len() + 1;
    writeln!(
        out,
        "trailer\n<</Root 1 0 R/Size {size}>>\nstartxref\n{start}\n%%EOF"
    )
    .unwrap();
    out
}

fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let mut object = format!("<</Length {}{entries}>>\nstream\n", content.len()).into_bytes();
    object.extend(content);
    object.extend(b"\nendstream");
    object
}

/// One page with this content and further objects.
fn page(content: Vec<u8>, further: &[Vec<u8>]) -> Vec<u8> {
    let mut objects: Vec<Vec<u8>> = [CATALOG, PAGES, PAGE].map(Into::into).to_vec();
    objects.push(content);
    objects.extend_from_slice(further);
    pdf(&objects)
}

/// What becomes of the file: `Ok` for valid PDF/A, else the kind of error.
fn outcome(raw: &[u8]) -> Result<(), &'static str> {
    match pdfa::convert(raw, &options(Flavour::A2u)) {
        Ok(converted) => {
            assert!(check::check(&converted.bytes, Flavour::A2u).is_empty());
            Ok(())
        }
        Err(PdfaError::Unreadable(_)) => Err("unreadable"),
        Err(PdfaError::Content(_)) => Err("content"),
        Err(PdfaError::Violations(_)) => Err("violations"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_small_file_of_this_kind_becomes_pdfa() {
    assert_eq!(outcome(&page(stream("", b"q Q"), &[])), Ok(()));
}

#[test]
fn a_page_tree_that_bites_its_tail_is_no_endless_work() {
    let objects = [
        CATALOG,
        "<</Type/Pages/Count 1/Kids[2 0 R 3 0 R]/Parent 2 0 R>>",
        PAGE,
    ];
    let mut objects: Vec<Vec<u8>> = objects.map(Into::into).to_vec();
    objects.push(stream("", b"q Q"));
    assert_eq!(outcome(&pdf(&objects)), Err("unreadable"));
    // A content that refers to a reference that refers back.
    let content = page(b"5 0 R".to_vec(), &[b"4 0 R".to_vec()]);
    assert_eq!(outcome(&content), Ok(()));
}

#[test]
fn a_deep_page_tree_is_followed_without_recursion() {
    let depth = 3_000;
    let mut objects = vec![CATALOG.into()];
    for number in 2..depth {
        let node = format!(
            "<</Type/Pages/Count 1/Parent {} 0 R/Kids[{} 0 R]>>",
            number - 1,
            number + 1
        );
        objects.push(node.into_bytes());
    }
    let last = format!(
        "<</Type/Page/Parent {} 0 R/MediaBox[0 0 100 100]/Contents {} 0 R>>",
        depth - 1,
        depth + 1
    );
    objects.push(last.into_bytes());
    objects.push(stream("", b"q Q"));
    assert_eq!(outcome(&pdf(&objects)), Ok(()));
}

#[test]
fn nesting_ends_in_an_error_and_not_in_the_stack() {
    let nested = [vec![b'['; 200_000], vec![b']'; 200_000]].concat();
    let object = page(stream("", b"q Q"), std::slice::from_ref(&nested));
    assert_eq!(outcome(&object), Err("unreadable"));
    let content = [nested, b" TJ".to_vec()].concat();
    assert!(outcome(&page(stream("", &content), &[])).is_err());
    let content = b"<<".repeat(200_000);
    assert_eq!(outcome(&page(stream("", &content), &[])), Err("content"));
    let content = b"q ".repeat(100_000);
    assert_eq!(outcome(&page(stream("", &content), &[])), Err("violations"));
}

#[test]
fn a_form_that_draws_itself_is_read_once() {
    let draws = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R/Resources<</XObject<</A 5 0 R>>>>>>";
    let form = "/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</A 5 0 R>>>>";
    let mut objects: Vec<Vec<u8>> = [CATALOG, PAGES, draws].map(Into::into).to_vec();
    objects.push(stream("", b"/A Do"));
    objects.push(stream(form, b"/A Do"));
    assert_eq!(outcome(&pdf(&objects)), Ok(()));
}

#[test]
fn a_stream_that_unpacks_beyond_the_limit_is_an_error() {
    // Packing and unpacking takes a minute without optimisation.
    if is_left_to_campaign("a stream that unpacks to 600 MB") {
        return;
    }
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..600 {
        encoder.write_all(&zeros).unwrap();
    }
    let packed = encoder.finish().unwrap();
    let bomb = page(stream("/Filter/FlateDecode", &packed), &[]);
    assert!(bomb.len() < 4_000_000);
    assert_eq!(outcome(&bomb), Err("content"));
}
