//! A plan's readable list as a table for a spreadsheet: UTF-8 with BOM and semicolons, as Swedish ones open it. No cell is
//! a formula, whatever somebody has written in a comment.

use std::path::Path;

use crate::app::App;
use crate::model::id::RecordId;
use crate::model::plan::ListRow;
use crate::model::time::Instant;
use crate::ops::disposal::load_list;
use crate::ops::error::OpsError;
use crate::ops::export::target;
use crate::store::write_secret;

const HEAD: [&str; 8] = [
    "inlagg",
    "plattformens_id",
    "gallringsenhet",
    "konto",
    "publicerat",
    "forfattare",
    "text",
    "skal",
];

/// Writes the list of a plan to a file that does not exist yet. It holds the text of posts, and lies outside the archive:
/// whoever made it destroys it.
pub fn write(app: &App, plan: &RecordId, out: &Path) -> Result<(), OpsError> {
    let root = app.store.root();
    let Some(list) = load_list(root, plan)? else {
        return Err(OpsError::not_permitted(
            "Planens läsbara lista finns inte kvar: den gallras med inläggen.",
        ));
    };
    target::check(out, root)?;
    let bytes = table(&list.rows).map_err(|source| OpsError::File {
        path: out.to_owned(),
        source,
    })?;
    write_secret(out, &bytes)?;
    Ok(())
}

fn table(rows: &[ListRow]) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b';')
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(HEAD)?;
    for row in rows {
        let time = row
            .posted_at
            .map_or_else(String::new, Instant::stockholm_text);
        let cells = [
            row.post.clone(),
            row.source_id.clone().unwrap_or_default(),
            row.unit.to_string(),
            row.account.to_string(),
            time,
            row.author.clone(),
            row.text.clone(),
            row.reason.clone(),
        ];
        writer.write_record(cells.iter().map(|cell| plain(cell)))?;
    }
    writer
        .into_inner()
        .map_err(|error| std::io::Error::other(error.to_string()))
}

/// A cell that no spreadsheet takes for a formula (OWASP, CSV injection).
fn plain(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::{UnitNo, UnitRef};

    #[test]
    fn cells_are_text_and_keep_what_separates_cells() {
        let row = |author: &str, text: &str| ListRow {
            unit: UnitRef {
                holder: "20260601T000000Z-0123abcd".parse().unwrap(),
                unit: UnitNo(1),
            },
            post: "wordpress:a:c1".to_owned(),
            source_id: Some("1".to_owned()),
            account: "blogg".parse().unwrap(),
            posted_at: Some(Instant::parse_as_of("2026-06-01").unwrap()),
            author: author.to_owned(),
            text: text.to_owned(),
            reason: "Får gallras; inga spärrar.".to_owned(),
        };
        let bytes = table(&[
            row("Åsa", "Tack; \"fint\"\nväder"),
            row("@cmd", "=HYPERLINK(\"https://example.se\")"),
        ])
        .unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            text,
            "\u{feff}inlagg;plattformens_id;gallringsenhet;konto;publicerat;forfattare;text;skal\r\n\
             wordpress:a:c1;1;20260601T000000Z-0123abcd/000001;blogg;2026-06-01 00:00;Åsa;\
             \"Tack; \"\"fint\"\"\nväder\";\"Får gallras; inga spärrar.\"\r\n\
             wordpress:a:c1;1;20260601T000000Z-0123abcd/000001;blogg;2026-06-01 00:00;'@cmd;\
             \"'=HYPERLINK(\"\"https://example.se\"\")\";\"Får gallras; inga spärrar.\"\r\n"
        );
    }
}
