//! Rules that say when a fake misbehaves.

use crate::random::Random;
use std::time::Duration;

/// When a rule strikes, counted over the requests that it matches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// Each time.
    Always,
    /// The first so many times.
    First(u64),
    /// Only this time, counted from 1.
    Nth(u64),
    /// Each so-manieth time.
    Every(u64),
    /// By chance, 0.0 to 1.0.
    Probability(f64),
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// 429 with this many seconds to wait; nothing happened.
    TooManyRequests {
        /// Seconds.
        retry_after: u64,
    },
    /// This status; nothing happened.
    ErrorBefore(u16),
    /// This status, although it happened.
    ErrorAfter(u16),
    /// The answer takes this much longer.
    Delay(Duration),
    /// The connection is cut; nothing happened.
    CutBefore,
    /// The connection is cut, although it happened.
    CutAfter,
    /// No answer ever comes, until the caller goes away.
    Hang,
    /// A streamed answer is cut after this many pieces.
    CutMidStream(usize),
    /// The answer does not say what it cost.
    NoUsage,
    /// An acknowledged update is delivered once more.
    DuplicateUpdate,
    /// An update that was acknowledged a while ago is delivered once more, after a newer one.
    RepeatOlderUpdate,
    /// An update is delivered before the one that it should follow.
    ReorderUpdates,
}

/// One rule: where, when, what.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The method or path it is about; `*` for all.
    pub target: String,
    /// When it strikes.
    pub when: When,
    /// What goes wrong.
    pub fault: Fault,
}

impl Rule {
    /// A rule for one method or path (`*` for all).
    pub fn new(target: &str, when: When, fault: Fault) -> Self {
        Self { target: target.to_owned(), when, fault }
    }
}

/// The rules of one fake, with their counters.
#[derive(Debug)]
pub struct Rules {
    rules: Vec<(Rule, u64)>,
    random: Random,
}

impl Rules {
    /// No rules yet.
    pub const fn seeded(seed: u64) -> Self {
        Self { rules: Vec::new(), random: Random::seeded(seed) }
    }

    /// Adds a rule.
    pub fn add(&mut self, rule: Rule) {
        self.rules.push((rule, 0));
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// Counts a request and returns what goes wrong with it.
    pub fn strike(&mut self, target: &str) -> Vec<Fault> {
        self.strike_where(target, |_| true)
    }

    /// The same for rules with a certain kind of fault only; the others do not count this time.
    pub fn strike_where(&mut self, target: &str, fits: impl Fn(Fault) -> bool) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (rule, seen) in &mut self.rules {
            let about = (rule.target == "*" || rule.target.eq_ignore_ascii_case(target))
                && fits(rule.fault);
            if !about {
                continue;
            }
            *seen += 1;
            let strikes = match rule.when {
                When::Always => true,
                When::First(times) => *seen <= times,
                When::Nth(number) => *seen == number,
                When::Every(step) => seen.checked_rem(step) == Some(0),
                When::Probability(probability) => self.random.chance(probability),
            };
            if strikes {
                faults.push(rule.fault);
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Rule, Rules, When};

    fn struck(when: When) -> Vec<usize> {
        let mut rules = Rules::seeded(1);
        rules.add(Rule::new("sendMessage", when, Fault::CutAfter));
        (1..=6).filter(|_| !rules.strike("sendmessage").is_empty()).collect()
    }

    #[test]
    fn a_rule_strikes_exactly_when_it_says() {
        assert_eq!(struck(When::Always).len(), 6);
        assert_eq!(struck(When::First(2)), [1, 2]);
        assert_eq!(struck(When::Nth(3)), [3]);
        assert_eq!(struck(When::Every(2)), [2, 4, 6]);
        assert_eq!(struck(When::Probability(0.0)), [0_usize; 0]);
    }

    #[test]
    fn a_rule_for_one_method_leaves_the_others_alone() {
        let mut rules = Rules::seeded(1);
        rules.add(Rule::new("getMe", When::Always, Fault::ErrorBefore(500)));
        assert_eq!(rules.strike("sendMessage"), []);
        assert_eq!(rules.strike("getMe"), [Fault::ErrorBefore(500)]);
        rules.clear();
        assert_eq!(rules.strike("getMe"), []);
    }
}
