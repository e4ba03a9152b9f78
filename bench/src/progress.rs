//! What the person who waits sees, on standard error.

use std::io::Write as _;

/// Prints a line. A closed standard error is no reason to stop measuring.
pub fn say(line: &str) {
    let _closed = writeln!(std::io::stderr().lock(), "bench: {line}");
}
