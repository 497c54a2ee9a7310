//! `VERIFIERA.txt`: how anybody checks a package with the tools of any Unix system, in Swedish. Each command is one line
//! that ends with 0 when all is well, and else names what is wrong.

use std::fmt::Write as _;

/// A step: what it shows, and its command.
struct Step {
    title: &'static str,
    command: &'static str,
}

const fn step(title: &'static str, command: &'static str) -> Step {
    Step { title, command }
}

/// The steps, in order. Commands are indented by four spaces in the file, and nothing else is.
const STEPS: &[Step] = &[
    step(
        "Arkivets nyckel utanför påsen är den som ligger i påsen.",
        "cmp log.pub.pem bag/data/keys/log.pub.pem",
    ),
    step(
        "Sigillet är undertecknat med den nyckeln (Ed25519; OpenSSL 1.1.1 eller senare).",
        r#"openssl pkeyutl -verify -pubin -inkey log.pub.pem -rawin -in SEAL.txt -sigfile SEAL.sig || { echo "FEL: SEAL.txt eller SEAL.sig"; false; }"#,
    ),
    step(
        "Sigillet binder påsens båda taggmanifest.",
        r"sed -n 's|^tagmanifest-sha256: \(.*\)$|\1  bag/tagmanifest-sha256.txt|p' SEAL.txt | sha256sum --strict -c -",
    ),
    step(
        "Samma sak med SHA-512.",
        r"sed -n 's|^tagmanifest-sha512: \(.*\)$|\1  bag/tagmanifest-sha512.txt|p' SEAL.txt | sha512sum --strict -c -",
    ),
    step(
        "Taggmanifesten binder manifesten och påsens egna uppgifter.",
        "(cd bag && sha256sum --strict --quiet -c tagmanifest-sha256.txt)",
    ),
    step(
        "Samma sak med SHA-512.",
        "(cd bag && sha512sum --strict --quiet -c tagmanifest-sha512.txt)",
    ),
    step(
        "Manifesten binder varje fil i leveransen.",
        "(cd bag && sha256sum --strict --quiet -c manifest-sha256.txt)",
    ),
    step(
        "Samma sak med SHA-512.",
        "(cd bag && sha512sum --strict --quiet -c manifest-sha512.txt)",
    ),
    step(
        "Inga länkar eller specialfiler finns (sha256sum följer länkar ut ur paketet).",
        "! find . ! -type f ! -type d | sed 's/^/FEL: /' | grep .",
    ),
    step(
        "Inga filer i leveransen utöver dem i manifestet.",
        "! { (cd bag && find data -type f); cut -c67- bag/manifest-sha256.txt; } | LC_ALL=C sort | uniq -u | sed 's/^/FEL: /' | grep .",
    ),
    step(
        "Båda manifesten nämner samma filer.",
        "! { cut -c67- bag/manifest-sha256.txt; cut -c131- bag/manifest-sha512.txt; } | LC_ALL=C sort | uniq -u | sed 's/^/FEL: /' | grep .",
    ),
    step(
        "Inga taggfiler utöver dem i taggmanifestet.",
        "! { (cd bag && find . -type f ! -path './data/*' ! -name tagmanifest-sha256.txt ! -name tagmanifest-sha512.txt | cut -c3-); cut -c67- bag/tagmanifest-sha256.txt; } | LC_ALL=C sort | uniq -u | sed 's/^/FEL: /' | grep .",
    ),
    step(
        "Inget annat ligger bredvid påsen.",
        "! ls -A | grep -v -x -F -e bag -e SEAL.txt -e SEAL.sig -e log.pub.pem -e VERIFIERA.txt -e AUDIT.md | sed 's/^/FEL: /' | grep .",
    ),
    step(
        "Varje gallringsenhet är hel enligt sin egen förteckning, så som den skrevs vid fångsten.",
        r#"find bag/data -name unit.sha256 -exec sh -c 'r=0; for f do (cd "${f%/*}" && sha256sum --strict --quiet -c unit.sha256) || { echo "FEL: $f"; r=1; }; done; exit $r' sh {} +"#,
    ),
    step(
        "Samma sak med SHA-512.",
        r#"find bag/data -name unit.sha512 -exec sh -c 'r=0; for f do (cd "${f%/*}" && sha512sum --strict --quiet -c unit.sha512) || { echo "FEL: $f"; r=1; }; done; exit $r' sh {} +"#,
    ),
    step(
        "Varje fångst och handling binder de gallringsenheter som finns här.",
        r#"find bag/data \( -name capture.sha256 -o -name record.sha256 \) -exec sh -c 'r=0; for f do (cd "${f%/*}" && p=$(while read -r h n; do ! test -e "$n" || echo "$h  $n"; done < "${f##*/}") && { test -z "$p" || echo "$p" | sha256sum --strict --quiet -c -; }) || { echo "FEL: $f"; r=1; }; done; exit $r' sh {} +"#,
    ),
    step(
        "Samma sak med SHA-512.",
        r#"find bag/data \( -name capture.sha512 -o -name record.sha512 \) -exec sh -c 'r=0; for f do (cd "${f%/*}" && p=$(while read -r h n; do ! test -e "$n" || echo "$h  $n"; done < "${f##*/}") && { test -z "$p" || echo "$p" | sha512sum --strict --quiet -c -; }) || { echo "FEL: $f"; r=1; }; done; exit $r' sh {} +"#,
    ),
    step(
        "De gallringsenheter som saknas är exakt de som absent.txt räknar upp: gallrade eller undantagna.",
        r#"! (cd bag/data && { find . \( -name capture.sha256 -o -name record.sha256 \) -exec sh -c 'for f do while read -r h n; do test -e "${f%/*}/$n" || echo "${f%/*}/$n"; done < "$f"; done' sh {} + | cut -c3-; cut -d' ' -f1 metadata/absent.txt; }) | LC_ALL=C sort | uniq -u | sed 's/^/FEL: /' | grep ."#,
    ),
    step(
        "Loggen är en obruten kedja: varje post bär den föregåendes kontrollsumma.",
        r#"(cd bag/data/log/entries && p=$(printf %064d 0) && for f in *.json; do grep -q "\"prev_sha256\":\"$p\"" "$f" || { echo "FEL: bag/data/log/entries/$f"; exit 1; }; p=$(sha256sum < "$f" | cut -c1-64); done)"#,
    ),
    step(
        "Sigillet binder loggens sista post, och därmed hela kedjan.",
        r#"f=$(ls bag/data/log/entries/*.json | tail -n 1); grep -q -x -F "head-sha512: $(sha512sum < "$f" | cut -c1-128)" SEAL.txt || { echo "FEL: $f"; false; }"#,
    ),
    step(
        "Sigillet nämner rätt antal poster.",
        r#"grep -q -x -F "size: $(ls bag/data/log/entries | grep -c .)" SEAL.txt || { echo "FEL: SEAL.txt"; false; }"#,
    ),
    step(
        "Loggen binder varje fångsts och handlings beskrivning och förteckningar.",
        r#"{ cat bag/data/log/entries/*.json | grep -o '"sha256":"[0-9a-f]*"' | cut -d'"' -f4; echo --; find bag/data/captures bag/data/records -type f ! -path '*/units/*' -exec sha256sum {} +; } | awk '$0 == "--" { files = 1; next } !files { seen[$1] = 1; next } !($1 in seen) { print "FEL: " $2; bad = 1 } END { exit bad }'"#,
    ),
];

/// What the text says of a package.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The municipality.
    pub municipality: &'a str,
    /// The log's name.
    pub origin: &'a str,
    /// The day of the export, as people read it.
    pub day: String,
    /// Whether it is a test delivery.
    pub test: bool,
}

/// The text of `VERIFIERA.txt`.
pub fn text(facts: &Facts<'_>) -> String {
    let mut text = format!(
        "SÅ HÄR VERIFIERAS PAKETET\n\nLeverans från {} ({}), {}.\n",
        facts.municipality, facts.origin, facts.day
    );
    if facts.test {
        text.push_str("\nPROVARKIV: detta är en provleverans (RECORDSTATUS=TEST) och inga allmänna handlingar.\n");
    }
    text.push_str(INTRODUCTION);
    for (index, step) in STEPS.iter().enumerate() {
        let (number, title, command) = (index + 1, step.title, step.command);
        write!(text, "\n{number}. {title}\n\n    {command}\n")
            .expect("writing to a String never fails");
    }
    text.push_str(CONCLUSION);
    text
}

const INTRODUCTION: &str = "
Inget annat program behövs än de som följer med varje Unix-system (sh, sha256sum, sha512sum, openssl, find, cmp, grep,
sed, awk). Ställ dig i den här mappen och kör raderna nedan i ordning, som de står. Varje rad ska sluta med
returkod 0 (visas med: echo $?). Annars skrivs vilken fil som är fel.
";

const CONCLUSION: &str = "
VAD DETTA VISAR

Om alla rader går igenom är varje byte den som sigillet binder, ingen fil har lagts till eller tagits bort, och loggen är
hel från första posten till den sista före exporten. En fil som gallrats efter beslut, eller som lämnats utanför
paketet, saknas här men har kvar sin rad: bag/data/metadata/absent.txt räknar upp dem och
bag/data/metadata/scope.json säger varför.

VAD DETTA INTE VISAR

- Att sidan på nätet såg ut som bilden. Det vilar på hur fångsten gjordes; se AUDIT.md.
- Att nyckeln i log.pub.pem är arkivets. Jämför den med den som arkivet har lämnat på annat sätt.
- Att sigillet inte är gjort i efterhand av någon som har nyckeln. Mot det hjälper bara ett vittne utanför arkivet: jämför
  raderna i SEAL.txt med dem som diariet eller mottagaren har sparat sedan tidigare.
- Att den här filen är äkta. Den ligger utanför sigillet; samma rader finns i programmets dokumentation och i AUDIT.md.
- Loggens Merkle-rot (root-sha256) räknas inte om här; kedjan och sista postens kontrollsumma binder samma poster. Den som
  har programmet bevara kontrollerar även roten: bevara verify .
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_one_line_and_a_test_delivery_says_so() {
        let mut facts = Facts {
            municipality: "Exempelkommun",
            origin: "bevara/test",
            day: "2027-01-15".to_owned(),
            test: true,
        };
        let test = text(&facts);
        assert_eq!(
            test.lines().filter(|line| line.starts_with("    ")).count(),
            STEPS.len()
        );
        assert!(test.contains("PROVARKIV"));
        facts.test = false;
        assert!(!text(&facts).contains("PROVARKIV"));
    }
}
