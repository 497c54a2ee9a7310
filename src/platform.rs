//! Importers: from a platform's export or feed to normalised posts. One file a format, all in [`ALL`]-order.
