//! What every store of the path of a message must do: the conformance suite of
//! [`Ownership`], [`Inbox`],
//! [`Turns`], [`Outbox`] and
//! [`UsageLedger`].
//!
//! An implementation makes a [`StoreFixture`] and expands [`store_suite!`](crate::store_suite) in a
//! test module: one test per case. What does *not* belong here: anything about one database.
#![expect(clippy::indexing_slicing, reason = "a case that finds too little shall panic")]

pub mod inbox;
pub mod outbox;
pub mod ownership;
pub mod scene;
pub mod turns;
pub mod usage;

use crate::id::TenantId;
use crate::ports::{Inbox, Outbox, Ownership, StoreError, Turns, UsageLedger};
use crate::testing::SequentialIds;
use async_trait::async_trait;

/// All five ports in one.
pub trait Store: Ownership + Inbox + Turns + Outbox + UsageLedger {}

impl<T: Ownership + Inbox + Turns + Outbox + UsageLedger> Store for T {}

/// An empty store and what a case needs to use it.
#[async_trait]
pub trait StoreFixture: Send + Sync {
    /// The store under test.
    fn store(&self) -> &dyn Store;

    /// Where ids come from.
    fn ids(&self) -> &SequentialIds;

    /// Makes a tenant that nobody owns.
    async fn tenant(&self) -> TenantId;
}

/// How a case ends: wrong behaviour panics, a failing call is returned.
pub type Verdict = Result<(), StoreError>;

/// One test per case of the suite. `$fixture` is a path to an `async fn() -> impl StoreFixture`;
/// the expanding crate needs tokio with macros and a runtime.
#[macro_export]
macro_rules! store_suite {
    ($fixture:path) => {
        $crate::store_suite!(@group $fixture, inbox:
            an_appended_row_waits_with_its_bytes,
            a_redelivery_names_the_first_row,
            a_burst_of_one_key_is_stored_once,
            a_key_is_unique_within_its_connection_only,
            a_settled_row_waits_no_longer,
            waiting_rows_come_in_pages,
            a_dead_letter_is_listed_and_replayed_once,
            crashes_are_counted,
            another_tenant_sees_nothing,
        );
        $crate::store_suite!(@group $fixture, turns:
            a_turn_reads_back_the_newest_history,
            a_begin_that_is_repeated_changes_nothing,
            a_running_turn_is_found_with_its_journal,
            a_commit_does_everything_at_once,
            a_commit_that_is_repeated_changes_nothing,
            a_commit_of_an_unknown_turn_leaves_nothing,
            an_ended_turn_takes_no_more_steps,
            a_raised_floor_hides_what_was_said,
            a_command_is_settled_with_its_reply,
            texts_survive_as_they_are,
            many_tenants_work_at_once,
        );
        $crate::store_suite!(@group $fixture, outbox:
            a_row_is_sent_once,
            a_row_that_failed_is_tried_again,
            an_unknown_outcome_is_repeated_or_kept_silent,
            a_settled_row_is_never_sent_again,
            rows_of_a_session_come_in_order,
            a_row_given_up_is_listed_and_replayed_once,
        );
        $crate::store_suite!(@group $fixture, ownership:
            a_claim_raises_the_epoch,
            a_stale_lease_writes_nothing,
            a_boot_releases_what_was_owned,
            a_released_lease_is_worth_nothing,
            one_stale_writer_does_not_hold_up_another_tenant,
            work_wakes_and_quiet_is_checked,
            tenants_with_work_are_found_page_by_page,
            quiet_never_hides_a_row,
        );
        $crate::store_suite!(@group $fixture, usage:
            a_fact_is_folded_once,
            two_folds_at_once_share_the_facts,
            a_day_ends_at_midnight,
        );
    };
    (@group $fixture:path, $group:ident: $($case:ident,)*) => {
        mod $group {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let fixture = $fixture().await;
                $crate::testing::store_suite::$group::$case(&fixture)
                    .await
                    .expect("the case ends well");
            }
        )*}
    };
}
