//! Tests of this area come with it.
