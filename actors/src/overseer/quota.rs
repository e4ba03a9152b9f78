//! A tenant's daily limits. Pure.
//!
//! The tenant has one owner, so its mailbox is the place where a reservation is decided: two turns
//! cannot both take the last token. Used amounts are durable facts read from the store; reservations
//! live only here, so a crash cannot leak one.

use rookery_domain::Timestamp;
use rookery_domain::notice::Notice;
use rookery_domain::tenant::DailyLimits;
use rookery_domain::usage::DayUsage;

/// What a tenant used and what its running turns may still use, for one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QuotaBook {
    day: i64,
    used: DayUsage,
    reserved: DayUsage,
}

impl QuotaBook {
    /// From what the store knows of the day of `now`.
    pub(crate) const fn new(now: Timestamp, used: DayUsage) -> Self {
        Self { day: now.day(), used, reserved: DayUsage { messages: 0, tokens: 0 } }
    }

    /// What was used today.
    pub(crate) const fn used(&self) -> DayUsage {
        self.used
    }

    /// Reserves one message.
    pub(crate) fn reserve_message(
        &mut self,
        limits: DailyLimits,
        now: Timestamp,
    ) -> Result<(), Notice> {
        self.turn_page(now);
        let taken = self.used.messages + self.reserved.messages;
        if limits.messages.is_some_and(|limit| taken >= limit) {
            return Err(Notice::MessagesUsedUp { resets_at: now.next_day() });
        }
        self.reserved.messages += 1;
        Ok(())
    }

    /// Reserves tokens for one model call.
    pub(crate) fn reserve_tokens(
        &mut self,
        limits: DailyLimits,
        now: Timestamp,
        tokens: u64,
    ) -> Result<(), Notice> {
        self.turn_page(now);
        let taken = self.used.tokens.saturating_add(self.reserved.tokens);
        if limits.tokens.is_some_and(|limit| taken.saturating_add(tokens) > limit) {
            return Err(Notice::TokensUsedUp { resets_at: now.next_day() });
        }
        self.reserved.tokens = self.reserved.tokens.saturating_add(tokens);
        Ok(())
    }

    /// Ends a turn: what it had reserved is free again, what it used is used.
    pub(crate) fn settle(&mut self, reserved: DayUsage, used: DayUsage, now: Timestamp) {
        self.turn_page(now);
        self.reserved.messages = self.reserved.messages.saturating_sub(reserved.messages);
        self.reserved.tokens = self.reserved.tokens.saturating_sub(reserved.tokens);
        self.used.messages = self.used.messages.saturating_add(used.messages);
        self.used.tokens = self.used.tokens.saturating_add(used.tokens);
    }

    fn turn_page(&mut self, now: Timestamp) {
        if now.day() > self.day {
            self.day = now.day();
            self.used = DayUsage::default();
        }
    }
}
