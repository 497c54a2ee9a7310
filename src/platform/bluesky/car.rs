//! CAR version 1: a header with the root, then blocks, each after its CID. Every block is hashed when it is read; one that
//! is not what its CID says ends the reading.

use std::io::{self, BufRead, Read as _};

use crate::platform::bluesky::cbor::{self, Cid, Value};

/// Greatest block; a record is at most 1 MiB.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Why a CAR cannot be read.
#[derive(Debug)]
pub(super) enum CarError {
    Io(io::Error),
    /// At which byte, and what was expected.
    Form(u64, String),
}

impl From<io::Error> for CarError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The blocks of a CAR.
#[derive(Debug)]
pub(super) struct Blocks<R> {
    reader: R,
    at: u64,
    /// The block that everything hangs on.
    pub(super) root: Cid,
}

impl<R: BufRead> Blocks<R> {
    /// Reads the header.
    pub(super) fn new(mut reader: R) -> Result<Self, CarError> {
        let mut at = 0;
        let Some(header) = section(&mut reader, &mut at)? else {
            return Err(CarError::Form(0, "ett huvud".to_owned()));
        };
        let wrong = |reason: String| CarError::Form(0, reason);
        let header =
            cbor::decode(&header).map_err(|why| wrong(format!("ett läsbart huvud, men {why}")))?;
        if header.get("version") != Some(&Value::Int(1)) {
            return Err(wrong("version 1 i huvudet".to_owned()));
        }
        match header.get("roots") {
            Some(Value::List(roots)) => match roots.as_slice() {
                [Value::Link(root)] => Ok(Self {
                    reader,
                    at,
                    root: *root,
                }),
                _ => Err(wrong("precis en rot (roots) i huvudet".to_owned())),
            },
            _ => Err(wrong("en rot (roots) i huvudet".to_owned())),
        }
    }

    /// The next block, checked against its CID.
    pub(super) fn block(&mut self) -> Result<Option<(Cid, Vec<u8>)>, CarError> {
        let start = self.at;
        let Some(section) = section(&mut self.reader, &mut self.at)? else {
            return Ok(None);
        };
        let Some((name, data)) = section.split_at_checked(Cid::BYTES) else {
            return Err(CarError::Form(start, "ett CID".to_owned()));
        };
        let cid = Cid::of_bytes(name)
            .map_err(|reason| CarError::Form(start, format!("ett giltigt CID, men {reason}")))?;
        if !cid.names(data) {
            return Err(CarError::Form(
                start,
                format!("ett block med den kontrollsumma som dess CID {cid} anger"),
            ));
        }
        Ok(Some((cid, data.to_vec())))
    }
}

/// What stands behind a length; `None` at the end of the file.
fn section(reader: &mut impl BufRead, at: &mut u64) -> Result<Option<Vec<u8>>, CarError> {
    let start = *at;
    let Some(length) = varint(reader, at)? else {
        return Ok(None);
    };
    if length == 0 || length > LONGEST {
        return Err(CarError::Form(
            start,
            "ett block på minst 1 byte och högst 16 MiB".to_owned(),
        ));
    }
    let mut bytes = Vec::new();
    reader.by_ref().take(length).read_to_end(&mut bytes)?;
    *at += bytes.len() as u64;
    if (bytes.len() as u64) < length {
        return Err(CarError::Form(
            start,
            "ett helt block; filen slutar mitt i det".to_owned(),
        ));
    }
    Ok(Some(bytes))
}

/// An unsigned LEB128 number; `None` at the end of the file.
fn varint(reader: &mut impl BufRead, at: &mut u64) -> Result<Option<u64>, CarError> {
    let (start, mut value) = (*at, 0_u64);
    for shift in (0..63).step_by(7) {
        let Some(byte) = reader.fill_buf()?.first().copied() else {
            return if shift == 0 {
                Ok(None)
            } else {
                Err(CarError::Form(
                    start,
                    "en hel längd; filen slutar mitt i den".to_owned(),
                ))
            };
        };
        reader.consume(1);
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(Some(value));
        }
    }
    Err(CarError::Form(
        start,
        "en längd på högst 63 bitar".to_owned(),
    ))
}
