//! Standard output for results, standard error for what went wrong. Nothing else prints.

use std::io::Write;

/// Prints a result. A reader that is gone is no error of ours.
pub(crate) fn result(text: &str) {
    write(std::io::stdout().lock(), text);
}

/// Prints what went wrong, or what to know about a result.
pub(crate) fn problem(text: &str) {
    write(std::io::stderr().lock(), text);
}

fn write(mut stream: impl Write, text: &str) {
    let written = writeln!(stream, "{text}").and_then(|()| stream.flush());
    if let Err(error) = written {
        tracing::debug!(%error, "nobody reads what is printed");
    }
}
