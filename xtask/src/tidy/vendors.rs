//! A vendor's name stands in its folder, its catalogue line and its configuration, so that adding
//! or replacing one touches nothing else. Tests and fixtures may name anybody.

use super::source::Source;
use super::tree::{TextFile, Tree};
use crate::finding::Finding;

/// Who may be named where.
struct Vendor {
    /// Names in lower case, without separators.
    names: &'static [&'static str],
    /// Beginnings of paths.
    homes: &'static [&'static str],
}

/// Where configuration names every vendor, the catalogues with the crate roots above them, and the
/// one file that puts the parts together.
const EVERYWHERE: [&str; 10] = [
    "runtime/src/config/",
    "runtime/src/wiring",
    "runtime/src/doctor",
    "channels/src/catalogue",
    "channels/src/lib.rs",
    "llm/src/vendor.rs",
    "llm/src/lib.rs",
    "tests/",
    "bench/",
    "xtask/",
];

const VENDORS: &[Vendor] = &[
    Vendor { names: &["telegram", "teloxide"], homes: &["channels/src/telegram/"] },
    Vendor { names: &["discord", "serenity", "twilight"], homes: &["channels/src/discord/"] },
    Vendor { names: &["slack"], homes: &["channels/src/slack/"] },
    Vendor { names: &["whatsapp"], homes: &["channels/src/whatsapp/"] },
    Vendor {
        // The compatible endpoint of our own API carries the name of the protocol it speaks.
        names: &["openai"],
        homes: &["llm/src/openai/", "admin-web/src/"],
    },
    Vendor { names: &["anthropic"], homes: &["llm/src/anthropic/"] },
    Vendor { names: &["gemini"], homes: &["llm/src/gemini/"] },
    Vendor { names: &["ollama"], homes: &["llm/src/ollama/"] },
    Vendor { names: &["stripe"], homes: &["billing/src/stripe/"] },
    Vendor { names: &["qdrant"], homes: &["storage/src/vectors/qdrant/"] },
    Vendor { names: &["redis"], homes: &["storage/src/redis/"] },
];

/// Names outside their homes: in code and strings an error, in comments a warning.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .filter(|file| !file.is_test())
        .filter(|file| !EVERYWHERE.iter().any(|home| file.path.starts_with(home)))
        .flat_map(check_file)
        .collect()
}

fn check_file(file: &TextFile) -> Vec<Finding> {
    let strangers: Vec<_> = VENDORS
        .iter()
        .filter(|vendor| !vendor.homes.iter().any(|home| file.path.starts_with(home)))
        .collect();
    let mut findings = Vec::new();
    for (index, line) in Source::scan(&file.text).lines.iter().enumerate() {
        if line.is_test {
            continue;
        }
        let place = format!("{}:{}", file.path, index + 1);
        for vendor in &strangers {
            let named = |layer: &str| {
                let mut names = vendor.names.iter();
                names.find(|name| holds_name(layer, name)).copied()
            };
            let fix = || format!("it belongs to {}", vendor.homes.join(" or "));
            if let Some(name) = named(&line.code).or_else(|| named(&line.strings)) {
                findings.push(Finding::error(&place, format!("names {name}"), fix()));
            } else if let Some(name) = named(&line.comments) {
                findings.push(Finding::warning(&place, format!("names {name}"), fix()));
            }
        }
    }
    findings
}

/// Whether a layer holds a name as a word or as part of an identifier. A lower-case letter behind
/// it makes it another word, and "-compatible" the name of a protocol.
fn holds_name(layer: &str, name: &str) -> bool {
    let lower = layer.to_ascii_lowercase();
    lower.match_indices(name).any(|(at, _)| {
        let after = layer.get(at + name.len()..).unwrap_or_default();
        !after.starts_with(|character: char| character.is_ascii_lowercase())
            && !after.starts_with("-compatible")
    })
}
