//! Inflates streams one after another in the memory of one inflater: a page of icons has hundreds of streams of some
//! hundred bytes, and to clear 64 KiB anew for each took longer than to read them.

use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress, Status};

thread_local! {
    static INFLATER: RefCell<Decompress> = RefCell::new(Decompress::new(true));
}

/// The bytes of a zlib stream (RFC 1950); `None` where it is broken, cut short, or holds more than `most` bytes.
pub(crate) fn inflate(compressed: &[u8], most: usize) -> Option<Vec<u8>> {
    INFLATER.with_borrow_mut(|inflater| {
        inflater.reset(true);
        run(inflater, compressed, most)
    })
}

fn run(inflater: &mut Decompress, compressed: &[u8], most: usize) -> Option<Vec<u8>> {
    // What Chromium deflates is seldom made smaller than a quarter.
    let expected = compressed.len().saturating_mul(4).max(64);
    let mut plain = Vec::with_capacity(expected.min(most));
    loop {
        let read = usize::try_from(inflater.total_in()).ok()?;
        let rest = compressed.get(read..)?;
        let written = plain.len();
        let status = inflater.decompress_vec(rest, &mut plain, FlushDecompress::None);
        if plain.len() > most {
            return None;
        }
        match status {
            Ok(Status::StreamEnd) => return Some(plain),
            Ok(Status::Ok | Status::BufError) if plain.len() == plain.capacity() => {
                let more = plain.len().max(64).min(most + 1 - plain.len());
                plain.reserve_exact(more);
            }
            Ok(Status::Ok | Status::BufError) if plain.len() > written => {}
            // There is room, and nothing comes: the stream ends before its end.
            Ok(Status::Ok | Status::BufError) | Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn deflated(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_deflated_comes_back_one_stream_after_another() {
        for length in [0, 1, 63, 64, 65, 4_096, 300_000] {
            let text: Vec<u8> = (0..length)
                .map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0] & 0x3f)
                .collect();
            let plain = text.as_slice();
            assert_eq!(inflate(&deflated(plain), 1 << 20).as_deref(), Some(plain));
            let same = vec![7; plain.len()];
            assert_eq!(inflate(&deflated(&same), 1 << 20), Some(same));
        }
    }

    #[test]
    fn what_is_broken_cut_short_or_too_long_is_nothing() {
        let plain = b"Sn\xc3\xb6r\xc3\xb6jning ".repeat(500);
        let whole = deflated(&plain);
        assert_eq!(inflate(&whole, plain.len()), Some(plain.clone()));
        assert_eq!(inflate(&whole, plain.len() - 1), None);
        for length in 0..whole.len() {
            assert_eq!(inflate(&whole[..length], 1 << 20), None, "{length}");
        }
        let mut broken = whole.clone();
        let last = broken.len() - 1;
        broken[last] ^= 1;
        assert_eq!(inflate(&broken, 1 << 20), None);
        // What a broken stream leaves behind does not reach the next.
        assert_eq!(inflate(&whole, 1 << 20), Some(plain));
    }

    #[test]
    fn a_bomb_takes_no_more_memory_than_it_may() {
        let bomb = deflated(&vec![0; 50_000_000]);
        assert_eq!(inflate(&bomb, 1_000_000), None);
    }
}
