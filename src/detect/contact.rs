//! How somebody can be reached: telephone number, e-mail address, postal address. In what others write a hit is yes; in
//! the municipality's own posts it is unknown, for there it is most often the municipality's own.

mod address;
mod mail;
mod phone;

use crate::detect::text::Text;
use crate::model::facts::{Answer, Flag, Truth};

/// What a detector found, and why, as a code.
type Found = (Truth, &'static str);

/// The answers for a text. `harmless`: it is of a harmless kind; `bare`: nothing but the text is published with it.
pub(crate) fn answers(
    text: &Text,
    (by_authority, harmless, bare): (bool, bool, bool),
) -> Vec<(Flag, Answer)> {
    let rows = [
        (Flag::Telefon, phone::VERSION, phone::look(text)),
        (Flag::EPost, mail::VERSION, mail::look(text)),
        (
            Flag::Adress,
            address::VERSION,
            address::look(text, harmless),
        ),
    ];
    rows.into_iter()
        .map(|(flag, by, found)| {
            let (value, because) = match found {
                (Truth::Yes, _) if by_authority => (Truth::Unknown, "own-post"),
                (Truth::No, _) if !bare => (Truth::Unknown, "attachment-or-link"),
                told => told,
            };
            let answer = Answer {
                value,
                by: by.to_owned(),
                because: because.to_owned(),
            };
            (flag, answer)
        })
        .collect()
}
