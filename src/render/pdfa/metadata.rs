//! What the file says of itself: XMP, document information, output intent, file identifier. All of it comes from the raw
//! file's hash and the options, nothing from the clock.

use lopdf::{Document, Object, Stream, dictionary};
use sha2::{Digest as _, Sha256};

use crate::model::digest::Sha256Hex;
use crate::render::cmap;
use crate::render::pdfa::PdfaOptions;
use crate::render::pdfa::clean;
use crate::render::pdfa::limits;
use crate::render::visit::VisitError;

/// The colour profile: sRGB, ICC version 2, CC0 (assets/sRGB-v2-magic.LICENSE.txt).
pub(crate) const PROFILE: &[u8] = include_bytes!("../../../assets/sRGB-v2-magic.icc");

/// The namespace of our own properties.
pub(crate) const NAMESPACE: &str = "urn:bevara:pdf:1#";

/// Longest title kept, characters: it stands in XMP and in the document information.
const LONGEST_TITLE: usize = 2000;

/// What the raw file is known by.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    digest: Sha256Hex,
    creator: Option<String>,
}

impl Raw {
    /// Takes the hash of `raw` and the creator that `document` names.
    pub(super) fn new(raw: &[u8], document: &Document) -> Self {
        let creator = match document.trailer.get(b"Info") {
            Ok(Object::Reference(id)) => document.get_dictionary(*id).map_or(None, |info| {
                info.get(b"Creator")
                    .map_or(None, |creator| creator.as_str().ok())
                    .map(|bytes| String::from_utf16_lossy(&cmap::text_units(bytes)))
            }),
            Ok(_) | Err(_) => None,
        };
        Self {
            digest: Sha256Hex::of(raw),
            creator,
        }
    }
}

/// Writes everything the file says of itself.
pub(super) fn write(
    document: &mut Document,
    raw: &Raw,
    options: &PdfaOptions,
) -> Result<(), VisitError> {
    let root = clean::root_id(document)?;
    let profile = Stream::new(
        dictionary! { "N" => 3, "Alternate" => "DeviceRGB" },
        PROFILE.to_vec(),
    );
    let profile = document.add_object(profile);
    let intent = document.add_object(dictionary! {
        "Type" => "OutputIntent",
        "S" => "GTS_PDFA1",
        "OutputConditionIdentifier" => Object::string_literal("sRGB"),
        "RegistryName" => Object::string_literal("http://www.color.org"),
        "Info" => Object::string_literal("sRGB IEC61966-2.1"),
        "DestOutputProfile" => profile,
    });
    let title = title(options);
    let packet = xmp(raw, options, &title);
    let metadata = Stream::new(
        dictionary! { "Type" => "Metadata", "Subtype" => "XML" },
        packet.into_bytes(),
    )
    .with_compression(false);
    let metadata = document.add_object(metadata);
    if let Some(catalog) = clean::dictionary_mut(document, root) {
        catalog.set("Metadata", metadata);
        catalog.set("OutputIntents", vec![intent.into()]);
    }
    let date = format!("D:{}+00'00'", options.created.utc().format("%Y%m%d%H%M%S"));
    let mut info = dictionary! {
        "Title" => Object::string_literal(cmap::text_string(&title)),
        "Producer" => Object::string_literal(cmap::text_string(&options.producer)),
        "CreationDate" => Object::string_literal(date.clone()),
        "ModDate" => Object::string_literal(date),
    };
    if let Some(creator) = &raw.creator {
        info.set(
            "Creator",
            Object::string_literal(cmap::text_string(&xml_text(creator))),
        );
    }
    let id = hex::decode(&raw.digest.as_str()[..32]).unwrap_or_default();
    let id = Object::String(id, lopdf::StringFormat::Hexadecimal);
    document.trailer = dictionary! { "Root" => root, "ID" => vec![id.clone(), id] };
    // Part 4 has metadata in XMP alone (ISO 19005-4, 6.1.3) and rests on PDF 2.0; part 1 rests on PDF 1.4.
    if options.flavour.part() == 4 {
        "2.0".clone_into(&mut document.version);
    } else {
        let info = document.add_object(info);
        document.trailer.set("Info", info);
        let version = if options.flavour.part() == 1 {
            "1.4"
        } else {
            "1.7"
        };
        version.clone_into(&mut document.version);
    }
    document.binary_mark = vec![0xe2, 0xe3, 0xcf, 0xd3];
    document.reference_table.cross_reference_type = lopdf::xref::XrefType::CrossReferenceTable;
    Ok(())
}

/// Says of a finished file that it is accessible (ISO 14289-1, 5), beside what it says of itself already.
pub(super) fn call_accessible(document: &mut Document) -> Result<(), VisitError> {
    let root = clean::root_id(document)?;
    let metadata = match document.catalog().map(|catalog| catalog.get(b"Metadata")) {
        Ok(Ok(Object::Reference(id))) => *id,
        _ => root,
    };
    let Some(Object::Stream(stream)) = document.objects.get_mut(&metadata) else {
        return Err(VisitError::Object {
            id: metadata,
            what: "expected metadata",
        });
    };
    let packet = String::from_utf8_lossy(&stream.content)
        .replacen(EXTENSION_BEGIN, &format!("{ACCESS}{EXTENSION_BEGIN}"), 1)
        .replacen(SCHEMAS_BEGIN, &format!("{SCHEMAS_BEGIN}{ACCESS_SCHEMA}"), 1);
    stream.set_content(packet.into_bytes());
    Ok(())
}

/// The title; a page without one is called by its address, for a document has to have one (level A viewers show it).
fn title(options: &PdfaOptions) -> String {
    let title = xml_text(options.title.trim());
    let title = if title.is_empty() {
        options.source.as_deref().map(xml_text).unwrap_or_default()
    } else {
        title
    };
    let title = if title.is_empty() {
        "Utan titel".to_owned()
    } else {
        title
    };
    title.chars().take(LONGEST_TITLE).collect()
}

/// The text without characters that XML 1.0 does not have.
fn xml_text(text: &str) -> String {
    text.chars()
        .filter(|character| {
            matches!(character, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        })
        .collect()
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(xml_text(text).as_str()).into_owned()
}

/// A UUID whose bits are a hash's (RFC 9562, version 8).
fn uuid_of(digest: &[u8]) -> String {
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    format!(
        "uuid:{}",
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    )
}

fn xmp(raw: &Raw, options: &PdfaOptions, title: &str) -> String {
    let part = options.flavour.part();
    let mut claim = format!("<pdfaid:part>{part}</pdfaid:part>\n");
    if part == 4 {
        claim.push_str("<pdfaid:rev>2020</pdfaid:rev>\n");
    }
    if let Some(level) = options.flavour.level() {
        claim.extend([format!(
            "<pdfaid:conformance>{level}</pdfaid:conformance>\n"
        )]);
    }
    let document_id = uuid_of(&Sha256::digest(raw.digest.as_str()));
    let instance = format!(
        "{}{:?}",
        raw.digest,
        (
            options.flavour,
            &options.title,
            &options.language,
            &options.source,
            options.created,
            &options.producer,
            carried(options)
        )
    );
    // The schemas of XMP 2004 that part 1 knows have no InstanceID.
    let instance_id = if part == 1 {
        String::new()
    } else {
        let id = uuid_of(&Sha256::digest(instance));
        format!("<xmpMM:InstanceID>{id}</xmpMM:InstanceID>\n")
    };
    let date = options.created;
    let (title, producer) = (escaped(title), escaped(&options.producer));
    let language = limits::language(&options.language).unwrap_or_else(|| "x-default".to_owned());
    let creator = raw.creator.as_deref().map(escaped).unwrap_or_default();
    let source = options
        .source
        .as_deref()
        .map(|source| format!("<dc:source>{}</dc:source>\n", escaped(source)))
        .unwrap_or_default();
    let languages = limits::language(&options.language)
        .map(|tag| {
            format!("<dc:language><rdf:Bag><rdf:li>{tag}</rdf:li></rdf:Bag></dc:language>\n")
        })
        .unwrap_or_default();
    let titles = if language == "x-default" {
        format!("<rdf:li xml:lang=\"x-default\">{title}</rdf:li>")
    } else {
        format!(
            "<rdf:li xml:lang=\"x-default\">{title}</rdf:li><rdf:li xml:lang=\"{language}\">{title}</rdf:li>"
        )
    };
    let digest = &raw.digest;
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n\
<rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:xmpMM=\"http://ns.adobe.com/xap/1.0/mm/\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\" xmlns:bevara=\"{NAMESPACE}\">\n\
{claim}\
<dc:format>application/pdf</dc:format>\n<dc:title><rdf:Alt>{titles}</rdf:Alt></dc:title>\n{languages}{source}\
<xmp:CreateDate>{date}</xmp:CreateDate>\n<xmp:ModifyDate>{date}</xmp:ModifyDate>\n<xmp:MetadataDate>{date}</xmp:MetadataDate>\n<xmp:CreatorTool>{creator}</xmp:CreatorTool>\n\
<pdf:Producer>{producer}</pdf:Producer>\n\
<xmpMM:DocumentID>{document_id}</xmpMM:DocumentID>\n{instance_id}\
<bevara:rawSha256>{digest}</bevara:rawSha256>\n</rdf:Description>\n{EXTENSION}</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"r\"?>"
    )
}

/// Names and digests of the files carried.
fn carried(options: &PdfaOptions) -> Vec<(&str, Sha256Hex)> {
    options
        .files
        .iter()
        .map(|file| (file.name.as_str(), Sha256Hex::of(&file.bytes)))
        .collect()
}

/// Where the description of schemas begins.
const EXTENSION_BEGIN: &str = "<rdf:Description rdf:about=\"\" xmlns:pdfaExtension=";
/// Where the first of them begins.
const SCHEMAS_BEGIN: &str = "<pdfaExtension:schemas><rdf:Bag>";

/// That the file is accessible.
const ACCESS: &str = "<rdf:Description rdf:about=\"\" xmlns:pdfuaid=\"http://www.aiim.org/pdfua/ns/id/\">\n<pdfuaid:part>1</pdfuaid:part>\n</rdf:Description>\n";

/// The schema of that, which ISO 19005-2 does not know.
const ACCESS_SCHEMA: &str = "<rdf:li rdf:parseType=\"Resource\">\n\
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>\n<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>\n<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>\n\
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType=\"Resource\">\n\
<pdfaProperty:name>part</pdfaProperty:name>\n<pdfaProperty:valueType>Integer</pdfaProperty:valueType>\n<pdfaProperty:category>internal</pdfaProperty:category>\n<pdfaProperty:description>The part of ISO 14289 that the file conforms to</pdfaProperty:description>\n\
</rdf:li></rdf:Seq></pdfaSchema:property>\n</rdf:li>\n";

/// The schema of our own property, as ISO 19005-2, 6.6.2.3.3, wants it described.
const EXTENSION: &str = "<rdf:Description rdf:about=\"\" xmlns:pdfaExtension=\"http://www.aiim.org/pdfa/ns/extension/\" xmlns:pdfaSchema=\"http://www.aiim.org/pdfa/ns/schema#\" xmlns:pdfaProperty=\"http://www.aiim.org/pdfa/ns/property#\">\n\
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType=\"Resource\">\n\
<pdfaSchema:schema>bevara provenance</pdfaSchema:schema>\n<pdfaSchema:namespaceURI>urn:bevara:pdf:1#</pdfaSchema:namespaceURI>\n<pdfaSchema:prefix>bevara</pdfaSchema:prefix>\n\
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType=\"Resource\">\n\
<pdfaProperty:name>rawSha256</pdfaProperty:name>\n<pdfaProperty:valueType>Text</pdfaProperty:valueType>\n<pdfaProperty:category>external</pdfaProperty:category>\n<pdfaProperty:description>SHA-256 in hexadecimal of the PDF file that this file was converted from</pdfaProperty:description>\n\
</rdf:li></rdf:Seq></pdfaSchema:property>\n</rdf:li></rdf:Bag></pdfaExtension:schemas>\n</rdf:Description>\n";
