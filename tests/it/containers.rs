//! Hostile and damaged containers: each is refused by the rule that it breaks.

mod hostile;

use std::path::Path;

use bevara::platform::{Container, Limits, PlatformError};

/// Names and contents.
type Entries<'a> = &'a [(&'a str, &'a [u8])];

/// What opening a container says, with limits of 100 entries and 8 MiB.
fn refusal(path: &Path) -> String {
    let scratch = tempfile::tempdir().unwrap();
    let limits = Limits {
        entries: 100,
        bytes: 8 * 1024 * 1024,
    };
    match Container::open(path, scratch.path(), limits) {
        Ok(container) => {
            let read = container.facts().map(|_| ());
            let digests: Vec<_> = (0..container.members().len())
                .map(|member| container.digest(member))
                .collect();
            match digests.into_iter().find_map(Result::err).or(read.err()) {
                Some(PlatformError::Io { source, .. }) => source.to_string(),
                Some(error) => error.to_string(),
                None => "whole".to_owned(),
            }
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn hostile_containers_are_refused_by_rule() {
    use std::io::Write as _;
    let scratch = tempfile::tempdir().unwrap();
    let zip_of = |entries: &[(&str, &[u8])]| {
        let path = scratch.path().join("a.zip");
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
        for (name, bytes) in entries {
            zip.start_file(*name, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        path
    };
    assert_eq!(refusal(&zip_of(&[("outbox.json", b"{}")])), "whole");
    let zeros = vec![0_u8; 9 * 1024 * 1024];
    let cases: [(&str, Entries<'_>); 6] = [
        ("har en tom del, . eller ..", &[("../outbox.json", b"{}")]),
        ("är en absolut sökväg", &[("/etc/passwd", b"x")]),
        ("innehåller ett omvänt snedstreck", &[("a\\b", b"x")]),
        (
            "står två gånger",
            &[("Å.json", b"x"), ("a\u{30a}.json", b"y")],
        ),
        (
            "mer än 100 gånger så stor",
            &[("a", &zeros[..4 * 1024 * 1024])],
        ),
        ("mer än 8388608 byte", &[("a", &zeros)]),
    ];
    for (expected, entries) in cases {
        let said = refusal(&zip_of(entries));
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let many: Vec<_> = (0..101).map(|number| format!("{number}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    assert!(refusal(&zip_of(&many)).contains("fler än 100 filer och mappar"));
}

#[test]
fn links_double_names_and_bombs_are_refused_by_rule() {
    let scratch = tempfile::tempdir().unwrap();
    // A symbolic link, and a link out of a tar.
    let path = scratch.path().join("link.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    zip.add_symlink("a", "/etc/passwd", zip::write::SimpleFileOptions::default())
        .unwrap();
    zip.finish().unwrap();
    assert!(refusal(&path).contains("är en länk eller en specialfil"));
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Fifo,
        tar::EntryType::Char,
    ] {
        let path = scratch.path().join("link.tar");
        let mut tar = tar::Builder::new(std::fs::File::create(&path).unwrap());
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_size(0);
        if kind == tar::EntryType::Symlink || kind == tar::EntryType::Link {
            tar.append_link(&mut header, "a", "/etc/passwd").unwrap();
        } else {
            tar.append_data(&mut header, "a", &b""[..]).unwrap();
        }
        tar.finish().unwrap();
        assert!(
            refusal(&path).contains("är en länk eller en specialfil"),
            "{kind:?}"
        );
    }
    // The same name twice, which tar allows.
    let path = scratch.path().join("twice.tar");
    let mut tar = tar::Builder::new(std::fs::File::create(&path).unwrap());
    for bytes in [b"one", b"two"] {
        let mut header = tar::Header::new_ustar();
        header.set_size(3);
        tar.append_data(&mut header, "a.json", &bytes[..]).unwrap();
    }
    tar.finish().unwrap();
    assert!(refusal(&path).contains("står två gånger"));
    // A folder with a link in it.
    let folder = scratch.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.join("a")).unwrap();
    assert!(refusal(&folder).contains("är en länk eller en specialfil"));
    // A gzip bomb: 16 MiB of zeros in a tar.
    let path = scratch.path().join("bomb.tar.gz");
    let gzip = flate2::write::GzEncoder::new(
        std::fs::File::create(&path).unwrap(),
        flate2::Compression::best(),
    );
    let mut tar = tar::Builder::new(gzip);
    let mut header = tar::Header::new_ustar();
    header.set_size(16 * 1024 * 1024);
    tar.append_data(&mut header, "a", &vec![0_u8; 16 * 1024 * 1024][..])
        .unwrap();
    tar.finish().unwrap();
    drop(tar);
    assert!(refusal(&path).contains("uppackad är den mer än"));
}

#[test]
fn damaged_and_dishonest_zips_are_refused() {
    use std::io::Write as _;
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("outbox.json", stored).unwrap();
    zip.write_all(b"{\"hemligt\": 1}").unwrap();
    zip.finish().unwrap();
    let whole = std::fs::read(&path).unwrap();
    let place = whole
        .windows(7)
        .position(|window| window == b"hemligt")
        .unwrap();
    let flip = |at: usize, to: u8| {
        let mut bytes = whole.clone();
        bytes[at] = to;
        std::fs::write(&path, bytes).unwrap();
        refusal(&path)
    };
    assert_eq!(
        flip(place, b'H'),
        "filens kontrollsumma är en annan än arkivet anger"
    );
    // The name in the local header differs from the central one.
    let name = whole
        .windows(6)
        .position(|window| window == b"outbox")
        .unwrap();
    assert_ne!(flip(name, b'i'), "whole");
    // General purpose flag bit 0 in both headers: encrypted.
    let central = whole
        .windows(4)
        .position(|window| window == b"PK\x01\x02")
        .unwrap();
    let mut bytes = whole.clone();
    bytes[6] |= 1;
    bytes[central + 8] |= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(
        refusal(&path).contains("är krypterad"),
        "{}",
        refusal(&path)
    );
    // Something before the first entry, and a file that was cut.
    std::fs::write(&path, [b"PK\x03\x04".as_slice(), &[0; 60], &whole].concat()).unwrap();
    assert_ne!(refusal(&path), "whole");
    std::fs::write(&path, &whole[..whole.len() - 10]).unwrap();
    assert_ne!(refusal(&path), "whole");
}

#[test]
fn entries_beyond_four_gibibytes_are_listed_whole_and_read() {
    use std::io::{Seek as _, SeekFrom, Write as _};
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("great.tar");
    let great = 5 * 1024 * 1024 * 1024_u64;
    let header = |name: &str, size: u64| {
        let mut header = tar::Header::new_gnu();
        header.set_path(name).unwrap();
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        *header.as_bytes()
    };
    // The hole takes no room on the disk.
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(&header("film.mp4", great)).unwrap();
    file.seek(SeekFrom::Current(i64::try_from(great).unwrap()))
        .unwrap();
    file.write_all(&header("outbox.json", 2)).unwrap();
    let mut block = [0_u8; 512];
    block[..2].copy_from_slice(b"{}");
    file.write_all(&block).unwrap();
    file.write_all(&[0; 1024]).unwrap();
    drop(file);
    let container = Container::open(&path, scratch.path(), Limits::default()).unwrap();
    let sizes: Vec<_> = container
        .members()
        .iter()
        .map(|one| (one.name.as_str(), one.bytes))
        .collect();
    assert_eq!(sizes, [("film.mp4", great), ("outbox.json", 2)]);
    assert_eq!(container.head(1, 10).unwrap(), b"{}");
    assert_eq!(container.head(0, 3).unwrap(), [0, 0, 0]);
    assert!(container.whole(0, 100).is_err());
    // The same with the limit of the test: refused before anything is read.
    assert!(refusal(&path).contains("mer än 8388608 byte"));
}

#[test]
fn data_behind_a_zip_and_entries_over_each_other_are_refused() {
    use std::io::Write as _;
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for name in ["aa.txt", "bb.txt"] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(b"same").unwrap();
    }
    zip.finish().unwrap();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
    let said = refusal(&path);
    assert!(
        said.contains("efter arkivets slut") || said.contains("är skadad"),
        "{said}"
    );
    // The directory's second entry points to the first one's header, under the first one's name.
    let mut bent = whole.clone();
    let places: Vec<_> = (0..bent.len() - 4)
        .filter(|at| bent[*at..*at + 4] == *b"PK\x01\x02")
        .collect();
    bent[places[1] + 42..places[1] + 46].fill(0);
    std::fs::write(&path, bent).unwrap();
    assert_ne!(refusal(&path), "whole");
}

#[test]
fn parts_of_one_export_are_one_container() {
    let scratch = tempfile::tempdir().unwrap();
    let zip_of = |name: &str, entries: Entries<'_>| {
        use std::io::Write as _;
        let path = scratch.path().join(name);
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
        for (name, bytes) in entries {
            zip.start_file(*name, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        path
    };
    let one = zip_of(
        "del-1.zip",
        &[("posts.json", b"[]"), ("profil.json", b"{}")],
    );
    let two = zip_of(
        "del-2.zip",
        &[("media/a.jpg", b"bild"), ("profil.json", b"{}")],
    );
    let other = zip_of("del-3.zip", &[("profil.json", b"[]")]);
    let limits = Limits {
        entries: 10,
        bytes: 1000,
    };
    let open = |paths: &[std::path::PathBuf]| Container::open_parts(paths, scratch.path(), limits);
    let container = open(&[one.clone(), two.clone()]).unwrap();
    let names: Vec<_> = container
        .members()
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    // What stands in both, and is the same, is one file.
    assert_eq!(names, ["media/a.jpg", "posts.json", "profil.json"]);
    assert_eq!(container.place(0), "del-2.zip: media/a.jpg");
    assert_eq!((container.part(0), container.part(1)), (1, 0));
    let facts = container.facts().unwrap();
    let told: Vec<_> = facts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(told, ["del-1.zip", "del-2.zip"]);
    let error = open(&[one, two, other]).unwrap_err().to_string();
    assert!(
        error.contains("inte delar av en och samma export"),
        "{error}"
    );
}
