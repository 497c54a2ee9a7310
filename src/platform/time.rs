//! Times as platforms write them.

use chrono::{DateTime, Datelike as _, NaiveDateTime, Utc};

use crate::model::post::{PostTime, Precision, ZoneBasis};
use crate::model::time::Instant;

/// Years that a post can be of; `0000-00-00` and clocks gone wrong lie outside.
pub(crate) fn plausible(time: DateTime<Utc>) -> bool {
    (1970..=2200).contains(&time.year())
}

/// `2026-05-04 10:00:00` in UTC, as in members named `…_gmt`; `None` for `0000-00-00 00:00:00` and what is no time.
pub(crate) fn wordpress_gmt(text: &str) -> Option<PostTime> {
    let time = wall_clock(text)?.and_utc();
    plausible(time).then(|| PostTime {
        utc: Some(Instant::new(time)),
        original: text.to_owned(),
        precision: Precision::Second,
        zone_basis: ZoneBasis::UtcByFormat,
    })
}

/// The same in the site's own zone, which the export does not tell; a Swedish municipality's is taken for Stockholm.
pub(crate) fn wordpress_local(text: &str) -> Option<PostTime> {
    let time = Instant::of_stockholm_clock(wall_clock(text)?);
    plausible(time.utc()).then(|| PostTime {
        utc: Some(time),
        original: text.to_owned(),
        precision: Precision::Second,
        zone_basis: ZoneBasis::SiteLocal,
    })
}

fn wall_clock(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    // The export writes a space, the REST interface a T.
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S"))
        .ok()
}

/// RFC 2822, as in `pubDate`.
pub(crate) fn rfc2822(text: &str) -> Option<PostTime> {
    let time = DateTime::parse_from_rfc2822(text.trim()).ok()?.to_utc();
    plausible(time).then(|| PostTime {
        utc: Some(Instant::new(time)),
        original: text.to_owned(),
        precision: Precision::Second,
        zone_basis: ZoneBasis::ExplicitOffset,
    })
}

/// RFC 3339, as in ActivityPub.
pub(crate) fn rfc3339(text: &str) -> Option<PostTime> {
    let time = DateTime::parse_from_rfc3339(text.trim()).ok()?.to_utc();
    plausible(time).then(|| PostTime {
        utc: Some(Instant::new(time)),
        original: text.to_owned(),
        precision: Precision::Second,
        zone_basis: ZoneBasis::ExplicitOffset,
    })
}

/// `Fri Jun 20 08:00:00 +0000 2025`, as in archives of X, or `2018-01-15 10:00:00 +0000`, as in those until 2018.
pub(crate) fn tweeted(text: &str) -> Option<PostTime> {
    let time = DateTime::parse_from_str(text.trim(), "%a %b %d %H:%M:%S %z %Y")
        .or_else(|_| DateTime::parse_from_str(text.trim(), "%Y-%m-%d %H:%M:%S %z"));
    let time = time.ok()?.to_utc();
    plausible(time).then(|| PostTime {
        utc: Some(Instant::new(time)),
        original: text.to_owned(),
        precision: Precision::Second,
        zone_basis: ZoneBasis::ExplicitOffset,
    })
}

/// Unix time, in milliseconds where `per_second` is 1,000.
pub(crate) fn unix(number: i64, per_second: i64) -> Option<PostTime> {
    let milliseconds = number.checked_mul(1_000 / per_second.clamp(1, 1_000))?;
    let time = DateTime::from_timestamp_millis(milliseconds)?;
    // A moment that was never set is written as 0.
    (number > 0 && plausible(time)).then(|| PostTime {
        utc: Some(Instant::new(time)),
        original: number.to_string(),
        precision: Precision::Second,
        zone_basis: ZoneBasis::UtcByFormat,
    })
}

/// A time as pages write it: with a zone, without one, or a day alone; and the code of what was assumed.
pub(crate) fn any(text: &str) -> Option<(PostTime, Option<&'static str>)> {
    // An offset without a colon, and a space for the T.
    let zoned = rfc3339(text).or_else(|| {
        let form = [
            "%Y-%m-%dT%H:%M:%S%.f%z",
            "%Y-%m-%d %H:%M:%S%z",
            "%Y-%m-%dT%H:%M%z",
        ];
        let read = |form: &&str| DateTime::parse_from_str(text.trim(), form).ok();
        let time = form.iter().find_map(read)?.to_utc();
        plausible(time).then(|| PostTime {
            utc: Some(Instant::new(time)),
            original: text.to_owned(),
            precision: Precision::Second,
            zone_basis: ZoneBasis::ExplicitOffset,
        })
    });
    if let Some(time) = zoned {
        return Some((time, None));
    }
    if let Some(time) = without_zone(text) {
        return Some((time, Some("zone-assumed")));
    }
    let day = chrono::NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok()?;
    let start = Instant::start_of(day);
    plausible(start.utc()).then(|| {
        let time = PostTime {
            utc: Some(start),
            original: text.to_owned(),
            precision: Precision::Day,
            zone_basis: ZoneBasis::SiteLocal,
        };
        (time, Some("day-only"))
    })
}

/// A time without a zone, read as UTC.
pub(crate) fn without_zone(text: &str) -> Option<PostTime> {
    let wall = NaiveDateTime::parse_from_str(text.trim(), "%Y-%m-%dT%H:%M:%S%.f");
    let time = wall.or_else(|_| NaiveDateTime::parse_from_str(text.trim(), "%Y-%m-%d %H:%M:%S%.f"));
    let time = time.ok()?.and_utc();
    plausible(time).then(|| PostTime {
        utc: Some(Instant::new(time)),
        original: text.to_owned(),
        precision: Precision::Second,
        zone_basis: ZoneBasis::AssumedUtc,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_dates_are_no_times_and_local_times_are_stockholms() {
        assert_eq!(wordpress_gmt("0000-00-00 00:00:00"), None);
        assert_eq!(wordpress_gmt("2026-02-30 00:00:00"), None);
        let gmt = wordpress_gmt("2026-07-01 10:00:00").unwrap();
        let local = wordpress_local("2026-07-01 12:00:00").unwrap();
        assert_eq!(gmt.utc, local.utc);
        assert_eq!(
            rfc2822("Wed, 01 Jul 2026 12:00:00 +0200").unwrap().utc,
            gmt.utc
        );
        assert_eq!(rfc3339("2026-07-01T10:00:00.123Z").unwrap().utc, gmt.utc);
        assert_eq!(unix(1_782_900_000, 1).unwrap().utc, gmt.utc);
        assert_eq!(unix(1_782_900_000_000, 1_000).unwrap().utc, gmt.utc);
        for (number, per_second) in [
            (0, 1),
            (-62_169_958_800, 1),
            (i64::MAX, 1),
            (i64::MAX, 1_000),
        ] {
            assert_eq!(unix(number, per_second), None);
        }
    }
}
