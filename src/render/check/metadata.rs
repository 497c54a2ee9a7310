//! Metadata and output intent (ISO 19005-2, 6.2.3, 6.6).

use std::collections::BTreeSet;

use lopdf::{Document, Object};
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;

use crate::model::flavour::Flavour;
use crate::render::check::{Report, objects};
use crate::render::visit;

/// Namespaces of the schemas that ISO 19005-2, 6.6.2.3.2, knows (XMP 2004) and of what carries them.
const KNOWN: [&str; 12] = [
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "adobe:ns:meta/",
    "http://www.w3.org/XML/1998/namespace",
    "http://www.aiim.org/pdfa/ns/id/",
    "http://www.aiim.org/pdfa/ns/extension/",
    "http://www.aiim.org/pdfa/ns/schema#",
    "http://www.aiim.org/pdfa/ns/property#",
    "http://purl.org/dc/elements/1.1/",
    "http://ns.adobe.com/xap/1.0/",
    "http://ns.adobe.com/xap/1.0/mm/",
    "http://ns.adobe.com/pdf/1.3/",
    "http://ns.adobe.com/xap/1.0/rights/",
];

/// The namespace in which a file says that it is accessible (ISO 14289-1, 5).
const ACCESS: &str = "http://www.aiim.org/pdfua/ns/id/";

/// Checks them; says whether the file is called accessible (ISO 14289-1, 5).
pub(super) fn check(report: &mut Report, document: &Document, flavour: Flavour) -> bool {
    let Ok(catalog) = document.catalog() else {
        return false;
    };
    output_intent(report, document);
    let Ok(Object::Reference(id)) = catalog.get(b"Metadata") else {
        report.add("6.6.2.1-1", "the catalog has no metadata");
        return false;
    };
    let Ok(stream) = visit::stream(document, *id) else {
        report.add("6.6.2.1-1", "the metadata is no stream");
        return false;
    };
    report.expect(
        visit::name(document, &stream.dict, b"Type") == Some(b"Metadata")
            && visit::name(document, &stream.dict, b"Subtype") == Some(b"XML")
            && !stream.dict.has(b"Filter"),
        "6.6.2.1-1",
        "the metadata is not an XML stream in the clear",
    );
    match packet(&stream.content) {
        Ok(packet) => {
            packet_rules(report, &packet, flavour);
            packet.namespaces.contains(ACCESS)
        }
        Err(what) => {
            report.add("6.6.2.1-4", what);
            false
        }
    }
}

fn output_intent(report: &mut Report, document: &Document) {
    let intents = match document.catalog() {
        Ok(catalog) => match visit::value(document, catalog, b"OutputIntents") {
            Some(Object::Array(intents)) => intents.as_slice(),
            _ => &[],
        },
        Err(_) => &[],
    };
    let archival: Vec<_> = intents
        .iter()
        .filter_map(|intent| visit::resolve(document, intent).and_then(visit::as_dictionary))
        .filter(|intent| visit::name(document, intent, b"S") == Some(b"GTS_PDFA1"))
        .collect();
    let [intent] = archival.as_slice() else {
        report.add(
            "6.2.4.3-2",
            format_args!("{} output intents for PDF/A", archival.len()),
        );
        return;
    };
    let Ok(Object::Reference(profile)) = intent.get(b"DestOutputProfile") else {
        report.add("6.2.3-2", "the output intent has no profile");
        return;
    };
    let class = visit::plain(document, *profile).unwrap_or_default();
    report.expect(
        objects::is_profile(document, *profile)
            && matches!(class.get(12..16), Some(b"mntr" | b"prtr")),
        "6.2.3-1",
        "the output intent's profile is none of a monitor or printer",
    );
    report.expect(
        class.get(16..20) == Some(b"RGB "),
        "6.2.4.3-2",
        "the output intent is not RGB",
    );
}

/// What stands in an XMP packet.
#[derive(Debug, Default)]
struct Packet {
    namespaces: BTreeSet<String>,
    declared: BTreeSet<String>,
    part: Option<String>,
    conformance: Option<String>,
    /// The part of ISO 14289.
    access: Option<String>,
    has_title: bool,
    header: String,
}

fn packet(bytes: &[u8]) -> Result<Packet, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("the metadata is not UTF-8: {error}"))?;
    let mut reader = quick_xml::NsReader::from_str(text);
    let mut packet = Packet::default();
    let mut open: Vec<String> = Vec::new();
    loop {
        let (namespace, event) = reader
            .read_resolved_event()
            .map_err(|error| format!("the metadata is not well-formed: {error}"))?;
        let bound = match namespace {
            ResolveResult::Bound(name) => Some(AsRef::<str>::as_ref(&name).to_owned()),
            ResolveResult::Unbound => None,
            ResolveResult::Unknown(_) => return Err("a prefix is not declared".to_owned()),
        };
        match event {
            Event::Start(element) => {
                packet.namespaces.extend(bound);
                open.push(element.name().as_ref().to_owned());
            }
            Event::Empty(_) => packet.namespaces.extend(bound),
            Event::End(_) => {
                open.pop();
            }
            Event::Text(content) => {
                let content = content.to_string();
                match open.last().map(String::as_str) {
                    Some("pdfaid:part") => packet.part = Some(content),
                    Some("pdfaid:conformance") => packet.conformance = Some(content),
                    Some("pdfuaid:part") => packet.access = Some(content),
                    Some("rdf:li") if open.iter().any(|name| name == "dc:title") => {
                        packet.has_title = true;
                    }
                    Some("pdfaSchema:namespaceURI") => {
                        packet.declared.insert(content);
                    }
                    _ => {}
                }
            }
            Event::PI(content) if packet.header.is_empty() => {
                packet.header = content.to_string();
            }
            Event::DocType(_) => return Err("the metadata has a document type".to_owned()),
            Event::Eof => break,
            Event::PI(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::GeneralRef(_) => {}
        }
    }
    Ok(packet)
}

fn packet_rules(report: &mut Report, packet: &Packet, flavour: Flavour) {
    if packet.namespaces.contains(ACCESS) {
        report.expect(
            packet.access.as_deref() == Some("1"),
            "UA 5-2",
            format_args!("the metadata claims part {:?} of ISO 14289", packet.access),
        );
        report.expect(packet.has_title, "UA 7.1-9", "the metadata has no title");
    }
    report.expect(
        packet.header.starts_with("xpacket")
            && !packet.header.contains("bytes=")
            && !packet.header.contains("encoding="),
        "6.6.2.1-2",
        "the packet header is missing or has bytes or encoding",
    );
    for namespace in &packet.namespaces {
        report.expect(
            KNOWN.contains(&namespace.as_str()) || packet.declared.contains(namespace),
            "6.6.2.3.1-1",
            format_args!("namespace {namespace} is neither known nor declared"),
        );
    }
    let part = flavour.part().to_string();
    report.expect(
        packet.part.as_deref() == Some(part.as_str()),
        "6.6.4-1",
        format_args!("the metadata claims part {:?}", packet.part),
    );
    report.expect(
        packet.conformance.as_deref() == flavour.level(),
        "6.6.4-2",
        format_args!("the metadata claims level {:?}", packet.conformance),
    );
}
