//! What the municipality would download from its platforms: the blog's WXR file and the Mastodon archive, holding the
//! same posts as the pages, and what only an export holds.

pub(crate) mod mastodon;
pub(crate) mod wxr;

use chrono::{DateTime, NaiveDateTime, TimeZone as _, Utc};

/// Local time in Stockholm as UTC; the later of two where the clock was set back.
pub(crate) fn utc(local: NaiveDateTime) -> DateTime<Utc> {
    chrono_tz::Europe::Stockholm
        .from_local_datetime(&local)
        .latest()
        .map_or_else(|| local.and_utc(), |time| time.to_utc())
}
