//! Mastodon archives.

use crate::platform::container::Container;
use crate::platform::error::PlatformError;
use crate::platform::{Importer, Items, Source};

/// Reads a Mastodon archive.
#[derive(Debug)]
pub(crate) struct Mastodon;

impl Importer for Mastodon {
    fn name(&self) -> &'static str {
        "mastodon"
    }

    fn title(&self) -> &'static str {
        "Mastodon-arkiv"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn recognises(&self, _container: &Container) -> Result<bool, PlatformError> {
        Ok(false)
    }

    fn read<'a>(&self, source: &Source<'a>) -> Result<Box<dyn Items + 'a>, PlatformError> {
        Err(PlatformError::expected(
            source.container.name(),
            "an outbox",
        ))
    }
}
