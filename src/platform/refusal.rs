//! The words in which an item or a container is refused: archivists read them in the report, so they are Swedish. They name
//! the field and what was expected in it, and never repeat a post's text.

use crate::model::json::JsonError;

/// What a field was expected to hold.
pub(crate) const ID: &str = "id";
pub(crate) const TIME: &str = "tidpunkt";
pub(crate) const TYPE: &str = "typ";
pub(crate) const TEXT: &str = "text";

/// The file was cut off, or its download was.
pub(crate) const CUT: &str = "filen slutar mitt i posten; hämta exporten på nytt";
/// The same between two items.
pub(crate) const CUT_AFTER: &str =
    "filen slutar för tidigt: det som stod efter den här posten saknas; hämta exporten på nytt";
/// An element is open when the next one begins.
pub(crate) const INTERRUPTED: &str = "nästa post börjar innan den här är avslutad";
/// Several copies of one name in a container.
pub(crate) const NAME_TWICE: &str = "två filer i den har samma namn";
/// A link may point at anything on the machine.
pub(crate) const SPECIAL: &str = "är en länk eller en specialfil, inte en vanlig fil";
/// Names are kept in the archive as text.
pub(crate) const NAME_NOT_TEXT: &str = "ett filnamn i den är inte skrivet i UTF-8";
/// Bytes of an archive are fewer than it says.
pub(crate) const UNREADABLE_ENTRY: &str = "är kortare än arkivet anger; hämta filen på nytt";
/// Where a record lies in the AT Protocol.
pub(crate) const NO_ADDRESS: &str = "posten saknar en adress av formen at://konto/samling/namn";
/// A repost without what it shows.
pub(crate) const NOTHING_SHOWN: &str = "delningen anger inte vilket inlägg den delar";

/// `kommentaren saknar tidpunkt: fältet created_time saknas eller går inte att läsa`.
pub(crate) fn lacks(what: &str, expected: &str, field: &str) -> String {
    format!("{what} saknar {expected}: fältet {field} saknas eller går inte att läsa")
}

/// The same of a table.
pub(crate) fn row_lacks(expected: &str, column: &str) -> String {
    format!("raden saknar {expected}: kolumnen {column} saknas eller är tom")
}

/// Neither text nor a file: nothing to keep.
pub(crate) fn is_empty(what: &str) -> String {
    format!("{what} har varken text eller bild")
}

/// An item that is longer than any platform writes one.
pub(crate) fn too_long(mebibytes: u64) -> String {
    format!("posten är längre än {mebibytes} MiB, mer än någon plattform skriver")
}

/// Values, elements or answers inside one another.
pub(crate) fn too_deep(what: &str, deepest: usize) -> String {
    format!("{what} ligger mer än {deepest} nivåer djupt")
}

/// An encoding that the file declares and nobody knows.
pub(crate) fn unknown_encoding(label: &str) -> String {
    format!("en känd teckenkodning, inte {label}")
}

/// Nothing that begins an item.
pub(crate) fn no_item(mebibytes: u64) -> String {
    format!("ingen post börjar i filens första {mebibytes} MiB")
}

/// The platform's object cannot be written down as evidence.
pub(crate) fn unwritable(error: &JsonError) -> String {
    match error {
        JsonError::Float(_) => "posten har ett tal som inte går att bevara exakt".to_owned(),
        JsonError::Parse(_) => "posten går inte att skriva ned som JSON".to_owned(),
    }
}
