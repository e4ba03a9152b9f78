//! What most tests begin with.

use rookery_tests::fake::model::{Answer, Ask, FakeModel};
use rookery_tests::fake::telegram::{Person, Place, SentMessage};
use rookery_tests::system::{Database, REPLY_LIMIT, Setup, System};
use std::sync::Arc;
use std::time::Duration;

/// A system on a database, and somebody in a private chat with its bot.
pub(crate) struct Scene {
    pub(crate) system: System,
    pub(crate) ana: Person,
    pub(crate) chat: Place,
}

impl Scene {
    pub(crate) async fn on(database: Database) -> Self {
        Self::with(Setup::on(database)).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let system = System::start(setup).await.expect("the system starts");
        let ana = Person::new(501, "Ana");
        let chat = Place::private(&ana);
        Self { system, ana, chat }
    }

    /// Ana says something in the private chat; returns the update's number.
    pub(crate) async fn say(&self, text: &str) -> i64 {
        self.system.bot.say(&self.chat, &self.ana, text).await.unwrap().update_id
    }

    /// Ana says something and reads exactly this.
    pub(crate) async fn asks_and_reads(&self, text: &str, expected: &str) -> SentMessage {
        self.say(text).await;
        self.reads(expected).await
    }

    /// Ana reads exactly this.
    pub(crate) async fn reads(&self, expected: &str) -> SentMessage {
        let found = self.system.bot.wait_for_text(self.chat.chat_id, expected, REPLY_LIMIT).await;
        found.unwrap()
    }

    /// Ana reads a message that contains this.
    pub(crate) async fn reads_part(&self, part: &str) -> SentMessage {
        let chat = self.chat.chat_id;
        let found = self.system.bot.wait_for_sent(REPLY_LIMIT, |sent| {
            let fits =
                |message: &&SentMessage| message.chat_id == chat && message.text.contains(part);
            sent.iter().find(fits).cloned()
        });
        found.await.unwrap()
    }

    /// Everything Ana got in the private chat.
    pub(crate) async fn texts(&self) -> Vec<String> {
        let sent = self.system.bot.sent_to(self.chat.chat_id).await;
        sent.into_iter().map(|message| message.text).collect()
    }

    /// Nothing is under way any more: what people said is settled and what was owed is sent.
    pub(crate) async fn settles(&self) {
        let open = "select (select count(*) from inbox where outcome is null) \
                    + (select count(*) from outbox where status in ('pending', 'sending'))";
        self.sql_becomes(open, "0").await;
    }

    /// A query's answer becomes this.
    pub(crate) async fn sql_becomes(&self, query: &str, expected: &str) {
        let mut last = String::new();
        let wait = async {
            loop {
                last = self.system.sql(query).await.unwrap_or_else(|error| error.to_string());
                if last == expected {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let became = tokio::time::timeout(REPLY_LIMIT, wait).await.is_ok();
        assert!(became, "{query} stays {last}, not {expected}");
    }
}

/// Lets the model answer by a function.
pub(crate) async fn answers(
    model: &FakeModel,
    script: impl Fn(&Ask) -> Answer + Send + Sync + 'static,
) {
    model.script(Arc::new(script)).await;
}

/// Shows what was measured to whoever runs a test with `--nocapture`.
#[expect(clippy::print_stderr, reason = "the figures of a test")]
pub(crate) fn figures(line: &str) {
    eprintln!("figures: {line}");
}
