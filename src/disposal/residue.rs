//! What to look for when something is said to be gone: every form in which a disposed text could survive as bytes.
