//! The fixture municipality on loopback, and the story that `bevara demo` runs.
