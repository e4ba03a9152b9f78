//! Judges a history: lost, duplicated, reordered, recovered, unexpected. Pure.

use crate::history::{Entry, Event};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A reply that reached the platform more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// The answer to which message.
    pub marker: String,
    /// How often.
    pub times: usize,
    /// Whether our program's ledger says that this may have happened.
    pub declared: bool,
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
    /// Points at which a kill may cost a declared repeat, or a declared silence.
    pub repeats_at: &'static [&'static str],
    /// The bot rather stays silent than says something twice.
    pub silence: bool,
}

impl Allowed {
    /// Platforms without an idempotency key: a kill inside the send window, or at a random moment.
    pub const WITHOUT_KEYS: Self = Self { repeats_at: &["K8", "random"], silence: false };
    /// Platforms that take a key, and our own channels: never.
    pub const WITH_KEYS: Self = Self { repeats_at: &[], silence: false };
}

/// Judges a history.
pub fn check(entries: &[Entry]) -> Report {
    let mut report = Report::default();
    let mut said: HashMap<&str, (&str, u64)> = HashMap::new();
    let mut acknowledged = BTreeSet::new();
    let mut declared = BTreeSet::new();
    let mut answers: BTreeMap<&str, Vec<(u64, Option<&str>)>> = BTreeMap::new();
    for entry in entries {
        match &entry.event {
            Event::Submitted { conversation, ordinal, marker } => {
                said.insert(marker, (conversation, *ordinal));
            }
            Event::Acknowledged { marker } => drop(acknowledged.insert(marker.as_str())),
            Event::DeclaredAmbiguous { marker } => drop(declared.insert(marker.as_str())),
            Event::Delivered { conversation, marker, order } => {
                answers.entry(conversation).or_default().push((*order, marker.as_deref()));
            }
            Event::Fragment { .. } => report.fragments += 1,
            Event::Killed { point } => *report.kills.entry(point.clone()).or_default() += 1,
            Event::Restarted { ready_ms } => {
                report.ready_ms_max = report.ready_ms_max.max(*ready_ms);
            }
        }
    }
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for (conversation, answers) in &mut answers {
        answers.sort_by_key(|(order, _)| *order);
        judge_conversation(conversation, answers, &said, (&mut times, &mut report));
    }
    report.submitted = said.len();
    report.acknowledged = acknowledged.len();
    report.answered = times.len();
    for (marker, count) in times.iter().filter(|(_, count)| **count > 1) {
        report.duplicated.push(Duplicate {
            marker: (*marker).to_owned(),
            times: *count,
            declared: declared.contains(marker),
        });
    }
    let answered = |marker: &&&str| times.contains_key(**marker);
    let unanswered = acknowledged.iter().filter(|marker| !answered(marker));
    let (silent, lost) = unanswered
        .map(|marker| (*marker).to_owned())
        .partition(|marker: &String| declared.contains(marker.as_str()));
    report.silent = silent;
    report.lost = lost;
    report.recovered = times
        .keys()
        .filter(|marker| !acknowledged.contains(**marker))
        .map(|marker| (*marker).to_owned())
        .collect();
    report
}

/// Counts the answers of one conversation, and finds those that came too early or from nowhere.
fn judge_conversation<'a>(
    conversation: &str,
    answers: &[(u64, Option<&'a str>)],
    said: &HashMap<&str, (&str, u64)>,
    (times, report): (&mut BTreeMap<&'a str, usize>, &mut Report),
) {
    let mut newest: Option<(u64, &str)> = None;
    for (_, marker) in answers {
        let known = marker.and_then(|marker| Some((marker, said.get(marker)?)));
        let Some((marker, (said_where, ordinal))) = known else {
            report.unexpected.push(format!("{conversation}: {}", marker.unwrap_or("no marker")));
            continue;
        };
        if *said_where != conversation {
            report.unexpected.push(format!("{conversation}: {marker} of {said_where}"));
            continue;
        }
        let count = times.entry(marker).or_default();
        *count += 1;
        if *count > 1 {
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
        let repeats: usize = self.duplicated.iter().map(|found| found.times - 1).sum();
        let excuses: usize =
            allowed.repeats_at.iter().filter_map(|point| self.kills.get(*point)).sum();
        let silences = self.silent.len();
        if silences > 0 && !allowed.silence {
            faults.push(format!("{silences} given up as unknown: {:?}", first(&self.silent)));
        }
        if repeats + silences > excuses {
            faults.push(format!(
                "{repeats} repeats and {silences} silences, but only {excuses} kills inside a send window"
            ));
        }
        faults
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

#[cfg(test)]
mod tests;
