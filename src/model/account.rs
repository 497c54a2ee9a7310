//! The register of accounts (kontoförteckning): the fields of `docs/register.md`, and what is wrong with them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::model::id::{AccountId, Alias};

/// The platforms an account can be on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Platform {
    /// Facebook.
    Facebook,
    /// Instagram.
    Instagram,
    /// X, earlier Twitter.
    X,
    /// YouTube.
    Youtube,
    /// LinkedIn.
    Linkedin,
    /// `TikTok`.
    Tiktok,
    /// Mastodon.
    Mastodon,
    /// A blog.
    Blogg,
    /// Anything else.
    Annan,
}

impl Platform {
    /// Every platform, in the order the register lists them.
    pub const ALL: [Self; 9] = [
        Self::Facebook,
        Self::Instagram,
        Self::X,
        Self::Youtube,
        Self::Linkedin,
        Self::Tiktok,
        Self::Mastodon,
        Self::Blogg,
        Self::Annan,
    ];

    /// The platform as the archive writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
            Self::X => "x",
            Self::Youtube => "youtube",
            Self::Linkedin => "linkedin",
            Self::Tiktok => "tiktok",
            Self::Mastodon => "mastodon",
            Self::Blogg => "blogg",
            Self::Annan => "annan",
        }
    }
}

/// Where an account stands in its life.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Planerad: decided, not opened yet.
    Planerad,
    /// Aktiv.
    Aktiv,
    /// Vilande: no posts for half a year.
    Vilande,
    /// Avslutad: closed, with its closing capture or a recorded reason.
    Avslutad,
    /// Raderad: gone from the platform.
    Raderad,
}

impl AccountStatus {
    /// The status as the archive writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planerad => "planerad",
            Self::Aktiv => "aktiv",
            Self::Vilande => "vilande",
            Self::Avslutad => "avslutad",
            Self::Raderad => "raderad",
        }
    }

    /// Whether snapshots of the account are due.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Planerad | Self::Aktiv | Self::Vilande)
    }
}

/// One revision of an account in the register: `account.json` in unit 000000 of an account record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// `konto_id`.
    pub id: AccountId,
    /// The name on the command line.
    pub alias: Alias,
    /// `plattform`.
    pub platform: Platform,
    /// `url`: http or https.
    pub url: String,
    /// `kontonamn`.
    pub name: String,
    /// `status`.
    pub status: AccountStatus,
    /// The day from which snapshots are due.
    pub opened: NaiveDate,
    /// The day of closing; the last day on which snapshots are due.
    pub closed: Option<NaiveDate>,
    /// The other fields of the register by name (see [`FIELDS`]); lists are separated by `;`.
    pub fields: BTreeMap<String, String>,
}

/// A field of the register beside the fixed ones.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Name on the command line and in import files.
    pub name: &'static str,
    /// What it holds, in Swedish.
    pub label: &'static str,
    /// Whether it stands in the published register.
    pub public: bool,
    /// What a value must look like.
    pub form: FieldForm,
}

/// The form of a register field's value.
#[derive(Clone, Copy, Debug)]
pub enum FieldForm {
    /// Any text without control characters.
    Text,
    /// A civil date, `YYYY-MM-DD`.
    Date,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Names or functions separated by `;`.
    List,
    /// Swedish organisation number, `NNNNNN-NNNN`.
    OrgNr,
    /// A URL.
    Url,
}

const fn field(name: &'static str, label: &'static str, public: bool, form: FieldForm) -> Field {
    Field {
        name,
        label,
        public,
        form,
    }
}

/// The register's fields beside id, alias, platform, URL, name, status and dates.
pub const FIELDS: &[Field] = &[
    field(
        "plattforms_id",
        "Plattformens eget id",
        false,
        FieldForm::Text,
    ),
    field("syfte", "Syfte", false, FieldForm::Text),
    field("malgrupp", "Målgrupp", false, FieldForm::Text),
    field("sprak", "Språk", false, FieldForm::Text),
    field("namnd", "Nämnd", true, FieldForm::Text),
    field("enhet", "Förvaltning eller enhet", true, FieldForm::Text),
    field("arkivbildare", "Arkivbildare", false, FieldForm::Text),
    field("org_nr", "Organisationsnummer", false, FieldForm::OrgNr),
    field(
        "ansvarig_funktion",
        "Ansvarig funktion",
        true,
        FieldForm::Text,
    ),
    field("kontaktvag", "Kontaktväg", true, FieldForm::Text),
    field("administratorer", "Administratörer", false, FieldForm::List),
    field(
        "stallforetradare",
        "Ställföreträdare",
        false,
        FieldForm::List,
    ),
    field(
        "oppnande_dnr",
        "Beslut om öppnande, diarienummer",
        false,
        FieldForm::Text,
    ),
    field(
        "oppnande_beslutsfattare",
        "Beslut om öppnande, beslutsfattare",
        false,
        FieldForm::Text,
    ),
    field(
        "oppnande_datum",
        "Beslut om öppnande, datum",
        false,
        FieldForm::Date,
    ),
    field(
        "avslut_dnr",
        "Beslut om avslut, diarienummer",
        false,
        FieldForm::Text,
    ),
    field(
        "bevarandeniva",
        "Bevarandenivå",
        false,
        FieldForm::OneOf(&["oversiktsbild", "unik_information", "fullstandig"]),
    ),
    field(
        "klassificering_schema",
        "Klassificeringsschema",
        false,
        FieldForm::Text,
    ),
    field(
        "klassificering_kod",
        "Klassificeringskod",
        false,
        FieldForm::Text,
    ),
    field("handlingstyp", "Handlingstyp", false, FieldForm::Text),
    field(
        "plan_ref",
        "Rad i dokumenthanteringsplan",
        false,
        FieldForm::Text,
    ),
    field(
        "fangst_metod",
        "Fångstmetod",
        false,
        FieldForm::OneOf(&["skarmdump", "pdf_a", "api", "export", "warc"]),
    ),
    field(
        "tillampningsbeslut_dnr",
        "Tillämpningsbeslut, diarienummer",
        false,
        FieldForm::Text,
    ),
    field(
        "personuppgiftsansvar",
        "Personuppgiftsansvarig",
        false,
        FieldForm::Text,
    ),
    field("laglig_grund", "Laglig grund", false, FieldForm::Text),
    field(
        "sekretessflagga",
        "Sekretess förekommer",
        false,
        FieldForm::OneOf(&["ja", "nej"]),
    ),
    field(
        "inloggad",
        "Fångas inloggad",
        false,
        FieldForm::OneOf(&["nej", "ja", "ja_oppen"]),
    ),
    field("senast_granskad", "Senast granskad", false, FieldForm::Date),
    field(
        "aven_publicerad",
        "Även publicerad på",
        false,
        FieldForm::Url,
    ),
];

/// What is wrong with a register value; names the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// No such field.
    #[error("field \"{name}\" is not in the register{}", suggestion.as_ref().map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default())]
    Unknown {
        /// The name given.
        name: String,
        /// The nearest field there is.
        suggestion: Option<String>,
    },
    /// The value has the wrong form.
    #[error("field \"{name}\": \"{value}\" is not {expected}")]
    Form {
        /// The field.
        name: String,
        /// The value given.
        value: String,
        /// What it should have been.
        expected: String,
    },
    /// A required field is empty.
    #[error("field \"{name}\" may not be empty")]
    Empty {
        /// The field.
        name: String,
    },
}

impl Account {
    /// Sets a field of [`FIELDS`]; an empty value takes it away.
    pub fn set_field(&mut self, name: &str, value: &str) -> Result<(), FieldError> {
        let Some(field) = FIELDS.iter().find(|field| field.name == name) else {
            let near = FIELDS
                .iter()
                .map(|field| (strsim::damerau_levenshtein(field.name, name), field.name))
                .min()
                .filter(|(distance, _)| *distance <= 3)
                .map(|(_, near)| near.to_owned());
            return Err(FieldError::Unknown {
                name: name.to_owned(),
                suggestion: near,
            });
        };
        let value = value.trim();
        if value.is_empty() {
            self.fields.remove(name);
            return Ok(());
        }
        field.check(value)?;
        self.fields.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    /// Every fault in the fixed fields and in [`Account::fields`].
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        if self.name.trim().is_empty() {
            faults.push(FieldError::Empty {
                name: "name".to_owned(),
            });
        }
        if let Err(error) = check_url("url", &self.url) {
            faults.push(error);
        }
        if let Some(closed) = self.closed.filter(|closed| *closed < self.opened) {
            faults.push(FieldError::Form {
                name: "closed".to_owned(),
                value: closed.to_string(),
                expected: format!("a date from {} on", self.opened),
            });
        }
        for (name, value) in &self.fields {
            let mut probe = self.clone();
            if let Err(error) = probe.set_field(name, value) {
                faults.push(error);
            }
        }
        faults
    }

    /// Whether its page is to be seen logged in (`inloggad`).
    pub fn is_seen_logged_in(&self) -> bool {
        self.inloggad().is_some_and(|word| word != "nej")
    }

    /// Whether what is seen there is open to everybody all the same: only a person can know (`inloggad = ja_oppen`).
    pub fn is_open(&self) -> bool {
        self.inloggad().is_none_or(|word| word != "ja")
    }

    fn inloggad(&self) -> Option<&str> {
        self.fields.get("inloggad").map(String::as_str)
    }

    /// The account's administrators, as the register lists them.
    pub fn administrators(&self) -> Vec<&str> {
        let list = self
            .fields
            .get("administratorer")
            .map_or("", String::as_str);
        list.split(';')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect()
    }
}

impl Field {
    fn check(&self, value: &str) -> Result<(), FieldError> {
        let wrong = |expected: &str| FieldError::Form {
            name: self.name.to_owned(),
            value: value.to_owned(),
            expected: expected.to_owned(),
        };
        if value.chars().any(char::is_control) {
            return Err(wrong("free of control characters"));
        }
        match self.form {
            FieldForm::Text | FieldForm::List => Ok(()),
            FieldForm::Date => match value.parse::<NaiveDate>() {
                Ok(_) => Ok(()),
                Err(_) => Err(wrong("a date (YYYY-MM-DD)")),
            },
            FieldForm::OneOf(words) if words.contains(&value) => Ok(()),
            FieldForm::OneOf(words) => Err(wrong(&format!("one of {}", words.join(", ")))),
            FieldForm::OrgNr if is_org_nr(value) => Ok(()),
            FieldForm::OrgNr => Err(wrong(
                "an organisation number (NNNNNN-NNNN with a right check digit)",
            )),
            FieldForm::Url => check_url(self.name, value),
        }
    }
}

fn check_url(name: &str, value: &str) -> Result<(), FieldError> {
    let fine = url::Url::parse(value).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if fine {
        return Ok(());
    }
    Err(FieldError::Form {
        name: name.to_owned(),
        value: value.to_owned(),
        expected: "an http or https address without user name or password".to_owned(),
    })
}

/// Whether `text` is a Swedish organisation number `NNNNNN-NNNN` with a right check digit (Luhn).
pub fn is_org_nr(text: &str) -> bool {
    let Some((head, tail)) = text.split_once('-') else {
        return false;
    };
    if head.len() != 6 || tail.len() != 4 {
        return false;
    }
    let digits: Option<Vec<u32>> = head
        .chars()
        .chain(tail.chars())
        .map(|digit| digit.to_digit(10))
        .collect();
    digits.is_some_and(|digits| {
        let sum: u32 = digits
            .iter()
            .enumerate()
            .map(|(index, digit)| {
                let weighted = if index % 2 == 0 { digit * 2 } else { *digit };
                weighted / 10 + weighted % 10
            })
            .sum();
        sum.is_multiple_of(10)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        Account {
            id: AccountId::random(),
            alias: "torsby-facebook".parse().unwrap(),
            platform: Platform::Facebook,
            url: "https://www.facebook.com/torsby".to_owned(),
            name: "Torsby kommun".to_owned(),
            status: AccountStatus::Aktiv,
            opened: "2026-01-02".parse().unwrap(),
            closed: None,
            fields: BTreeMap::new(),
        }
    }

    #[test]
    fn a_wrong_value_names_its_field() {
        let mut account = account();
        let text = |result: Result<(), FieldError>| result.unwrap_err().to_string();
        assert_eq!(
            text(account.set_field("oppnande_datum", "igår")),
            "field \"oppnande_datum\": \"igår\" is not a date (YYYY-MM-DD)"
        );
        assert_eq!(
            text(account.set_field("namd", "x")),
            "field \"namd\" is not in the register; did you mean \"namnd\"?"
        );
        account.url = "ftp://torsby.se".to_owned();
        assert_eq!(account.faults().len(), 1);
    }

    #[test]
    fn organisation_numbers_are_checked() {
        assert!(is_org_nr("212000-0985"));
        assert!(!is_org_nr("212000-0986"));
        assert!(!is_org_nr("2120000985"));
    }
}
