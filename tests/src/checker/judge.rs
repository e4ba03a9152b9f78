//! The checker: every operation of a history is judged.

use crate::history::{Entry, Event};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A reply that reached the platform more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// The answer to which message.
    pub marker: String,
    /// Whether our program's ledger says that this may have happened.
    pub declared: bool,
    /// For each repeat, how long after the copy before it the process was killed, in milliseconds:
    /// the send window. `None`: no kill came between the two, so nothing excuses the repeat.
    pub windows_ms: Vec<Option<u64>>,
}

/// Two answers that changed places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inversion {
    /// Where.
    pub conversation: String,
    /// What was said first and answered last.
    pub earlier: String,
    /// What was said last and answered first.
    pub later: String,
}

/// The verdict on a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Messages that people sent.
    pub submitted: usize,
    /// Of these, how many our program said it has.
    pub acknowledged: usize,
    /// Of these, how many got at least one answer.
    pub answered: usize,
    /// Acknowledged, never answered, and the ledger does not say why.
    pub lost: Vec<String>,
    /// Acknowledged and not answered, because a send of unknown outcome is not repeated.
    pub silent: Vec<String>,
    /// Answered more than once.
    pub duplicated: Vec<Duplicate>,
    /// Answered out of order.
    pub reordered: Vec<Inversion>,
    /// Never acknowledged, and answered all the same: harmless.
    pub recovered: Vec<String>,
    /// Answers to nothing that was said there.
    pub unexpected: Vec<String>,
    /// Parts of answers that were shown and never finished.
    pub fragments: usize,
    /// Kills by point.
    pub kills: BTreeMap<String, usize>,
    /// From start to ready, the longest, in milliseconds.
    pub ready_ms_max: u64,
}

/// What a run may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// How long the send window of a declared repeat may be, in milliseconds; `None`: no repeats.
    pub window_ms: Option<u64>,
    /// The bot rather stays silent than says something twice.
    pub silence: bool,
}

impl Allowed {
    /// Platforms without an idempotency key: a kill between a send and its record costs a repeat.
    pub const WITHOUT_KEYS: Self = Self { window_ms: Some(500), silence: false };
    /// Platforms that take a key, and our own channels: never.
    pub const WITH_KEYS: Self = Self { window_ms: None, silence: false };
    /// A bot that stays silent after a send of unknown outcome: it never says anything twice, and
    /// what it does not say is declared.
    pub const STAY_SILENT: Self = Self { window_ms: None, silence: true };
}

/// A delivery: its place, what it answers, and when it appeared.
type Answer<'a> = (u64, Option<&'a str>, u64);

/// Judges a history.
pub fn check(entries: &[Entry]) -> Report {
    let mut report = Report::default();
    let mut said: HashMap<&str, (&str, u64)> = HashMap::new();
    let mut acknowledged = BTreeSet::new();
    let mut declared = BTreeSet::new();
    let mut answers: BTreeMap<&str, Vec<Answer<'_>>> = BTreeMap::new();
    let mut kills = Vec::new();
    for entry in entries {
        match &entry.event {
            Event::Submitted { conversation, ordinal, marker } => {
                said.insert(marker, (conversation, *ordinal));
            }
            Event::Acknowledged { marker } => drop(acknowledged.insert(marker.as_str())),
            Event::DeclaredAmbiguous { marker } => drop(declared.insert(marker.as_str())),
            Event::Delivered { conversation, marker, order, seen_ms } => {
                let answer = (*order, marker.as_deref(), *seen_ms);
                answers.entry(conversation).or_default().push(answer);
            }
            Event::Fragment { .. } => report.fragments += 1,
            Event::Killed { point } => {
                *report.kills.entry(point.clone()).or_default() += 1;
                kills.push(entry.at_ms);
            }
            Event::Restarted { ready_ms } => {
                report.ready_ms_max = report.ready_ms_max.max(*ready_ms);
            }
        }
    }
    let mut copies: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (conversation, answers) in &mut answers {
        answers.sort_by_key(|(order, ..)| *order);
        judge_conversation(conversation, answers, &said, (&mut copies, &mut report));
    }
    report.submitted = said.len();
    report.acknowledged = acknowledged.len();
    report.answered = copies.len();
    for (marker, seen) in copies.iter().filter(|(_, seen)| seen.len() > 1) {
        report.duplicated.push(Duplicate {
            marker: (*marker).to_owned(),
            declared: declared.contains(marker),
            windows_ms: windows(seen, &kills),
        });
    }
    let answered = |marker: &&&str| copies.contains_key(**marker);
    let unanswered = acknowledged.iter().filter(|marker| !answered(marker));
    let (silent, lost) = unanswered
        .map(|marker| (*marker).to_owned())
        .partition(|marker: &String| declared.contains(marker.as_str()));
    report.silent = silent;
    report.lost = lost;
    report.recovered = copies
        .keys()
        .filter(|marker| !acknowledged.contains(**marker))
        .map(|marker| (*marker).to_owned())
        .collect();
    report
}

/// How long after a process's end the fake may still read what that process wrote, in milliseconds:
/// it lay in the socket's buffer, and a busy machine reads it late.
const READ_LATE_MS: u64 = 100;

/// From each copy to the first kill after it, where that came before the next copy. A copy that was
/// read just after a kill was sent just before it.
fn windows(seen: &[u64], kills: &[u64]) -> Vec<Option<u64>> {
    let pairs = seen.iter().zip(seen.iter().skip(1));
    pairs
        .map(|(copy, next)| {
            let between = |kill: &&u64| **kill + READ_LATE_MS >= *copy && *kill <= next;
            kills.iter().find(between).map(|kill| kill.saturating_sub(*copy))
        })
        .collect()
}

/// Counts the answers of one conversation, and finds those that came too early or from nowhere.
fn judge_conversation<'a>(
    conversation: &str,
    answers: &[Answer<'a>],
    said: &HashMap<&str, (&str, u64)>,
    (copies, report): (&mut BTreeMap<&'a str, Vec<u64>>, &mut Report),
) {
    let mut newest: Option<(u64, &str)> = None;
    for (_, marker, seen_ms) in answers {
        let known = marker.and_then(|marker| Some((marker, said.get(marker)?)));
        let Some((marker, (said_where, ordinal))) = known else {
            report.unexpected.push(format!("{conversation}: {}", marker.unwrap_or("no marker")));
            continue;
        };
        if *said_where != conversation {
            report.unexpected.push(format!("{conversation}: {marker} of {said_where}"));
            continue;
        }
        let seen = copies.entry(marker).or_default();
        seen.push(*seen_ms);
        if seen.len() > 1 {
            continue;
        }
        match newest {
            Some((highest, later)) if highest > *ordinal => report.reordered.push(Inversion {
                conversation: conversation.to_owned(),
                earlier: marker.to_owned(),
                later: later.to_owned(),
            }),
            _ => newest = Some((*ordinal, marker)),
        }
    }
}

impl Report {
    /// What the run must not show, one sentence each.
    pub fn violations(&self, allowed: Allowed) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.lost.is_empty() {
            faults.push(format!("{} lost: {:?}", self.lost.len(), first(&self.lost)));
        }
        if !self.reordered.is_empty() {
            faults.push(format!(
                "{} reordered: {:?}",
                self.reordered.len(),
                first(&self.reordered)
            ));
        }
        if !self.unexpected.is_empty() {
            faults.push(format!(
                "{} unexpected: {:?}",
                self.unexpected.len(),
                first(&self.unexpected)
            ));
        }
        let undeclared: Vec<_> = self.duplicated.iter().filter(|found| !found.declared).collect();
        if !undeclared.is_empty() {
            faults.push(format!(
                "{} undeclared repeats: {:?}",
                undeclared.len(),
                first(&undeclared)
            ));
        }
        let windows = || self.duplicated.iter().flat_map(|found| found.windows_ms.iter());
        let repeats = windows().count();
        match allowed.window_ms {
            None if repeats > 0 => faults.push(format!("{repeats} repeats where none may be")),
            None => {}
            Some(longest) => {
                let unexcused = windows().filter(|window| window.is_none_or(|ms| ms > longest));
                let unexcused = unexcused.count();
                if unexcused > 0 {
                    faults.push(format!(
                        "{unexcused} repeats without a kill within {longest} ms of their send"
                    ));
                }
            }
        }
        if !self.silent.is_empty() && !allowed.silence {
            let silent = first(&self.silent);
            faults.push(format!("{} given up as unknown: {silent:?}", self.silent.len()));
        }
        faults
    }

    /// Repeats in all.
    pub fn repeats(&self) -> usize {
        self.duplicated.iter().map(|found| found.windows_ms.len()).sum()
    }

    /// The longest send window that cost a repeat, in milliseconds.
    pub fn window_ms_max(&self) -> u64 {
        let windows = self.duplicated.iter().flat_map(|found| found.windows_ms.iter().flatten());
        windows.copied().max().unwrap_or(0)
    }

    /// The share of submitted messages that were answered, in percent, rounded down.
    pub fn answered_percent(&self) -> usize {
        (self.answered * 100).checked_div(self.submitted).unwrap_or(100)
    }
}

/// Enough to find the fault, not enough to flood a terminal.
fn first<T>(all: &[T]) -> &[T] {
    all.get(..5).unwrap_or(all)
}
