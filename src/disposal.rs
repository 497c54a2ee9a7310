//! The disposal run as a pure state machine: planned, approved, waiting, executable, executed, confirmed.
