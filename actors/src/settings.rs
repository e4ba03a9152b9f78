//! Every limit and duration of the tree, each with its default. The runtime fills them from config.

use crate::supervision::RestartPolicy;
use rookery_domain::agent::OnAmbiguous;
use std::time::Duration;

/// Limits and durations of the supervision tree.
#[derive(Debug, Clone)]
pub struct ActorSettings {
    /// Unfinished inbound rows of one tenant held in memory; above it ingress answers "busy".
    pub lane_rows_max: usize,
    /// What a refused sender is told to wait.
    pub busy_retry_after: Duration,
    /// Rows read at a time when a tenant catches up with its stored backlog.
    pub recovery_page: u32,
    /// Turns of one tenant that run at the same time.
    pub turns_per_tenant_max: usize,
    /// Sessions of one tenant whose counters stay in memory.
    pub sessions_resident_max: usize,
    /// Open connections kept in memory on this node.
    pub open_connections_max: usize,
    /// How long a turn may take to be recorded.
    pub spawn_time_limit: Duration,
    /// Longest silence of a running turn.
    pub heartbeat_time_limit: Duration,
    /// How long a turn may run.
    pub task_time_limit: Duration,
    /// The most that `task_time_limit` may be.
    pub task_time_cap: Duration,
    /// How long to wait for more messages under `while_busy = "debounce"`.
    pub debounce: Duration,
    /// The longest that messages are held back by further ones.
    pub debounce_max: Duration,
    /// Crashes of a message's turn until it is a dead letter.
    pub crashes_max: u32,
    /// Resumes of a turn after a restart of the process until its messages are dead letters.
    pub resumes_max: u32,
    /// Model calls of one turn.
    pub model_calls_max: u32,
    /// How long one tool may run.
    pub tool_time_limit: Duration,
    /// A longer tool result is cut, with a note.
    pub tool_result_characters_max: usize,
    /// Newest messages of a session read as context.
    pub history_messages_max: u32,
    /// Tokens of context given to a model, instructions included.
    pub context_tokens_max: u64,
    /// Tokens a model may write per call.
    pub output_tokens_max: u32,
    /// A longer inbound message is answered with a notice.
    pub message_characters_max: usize,
    /// Sends of one connection under way at the same time.
    pub deliveries_max: usize,
    /// Replies of one connection that wait for its platform; above it no further turn starts.
    pub outstanding_sends_max: usize,
    /// Attempts of one send that certainly failed until it is given up: about a day of them.
    pub delivery_attempts_max: u32,
    /// First wait between attempts; doubles.
    pub delivery_backoff: Duration,
    /// Longest wait between attempts.
    pub delivery_backoff_max: Duration,
    /// How long one platform call may take.
    pub delivery_time_limit: Duration,
    /// What happens to a send of unknown outcome when the agent does not say.
    pub on_ambiguous: OnAmbiguous,
    /// A turn longer than this shows typing.
    pub typing_after: Duration,
    /// A reply that takes longer than this after its first word is shown as it grows.
    pub preview_after: Duration,
    /// How often tenants with work are looked for.
    pub wake_poll_every: Duration,
    /// Tenants woken by one such look.
    pub wake_poll_batch: u32,
    /// Marks younger than this are left to the direct wake-up.
    pub wake_poll_older_than: Duration,
    /// How often every overseer looks at its deadlines.
    pub tick_every: Duration,
    /// Without work for this long a tenant's work mark is taken away.
    pub quiet_after: Duration,
    /// Without work for this long an overseer without sockets stops.
    pub hibernate_after: Duration,
    /// A channel actor without a socket and without rows stops after this.
    pub channel_idle_after: Duration,
    /// How often usage facts are folded.
    pub metering_window: Duration,
    /// Facts folded in one transaction.
    pub fold_batch: u32,
    /// Raw payloads of ended rows are kept this long.
    pub raw_payloads_kept_for: Duration,
    /// Ended rows, and with them their dedupe keys, are kept this long.
    pub dedupe_keys_kept_for: Duration,
    /// Rows looked at in one step of forgetting.
    pub purge_batch: u32,
    /// How often some of the tenants are woken to forget, until all had their daily turn.
    pub retention_round_every: Duration,
    /// Tenants woken by one such round.
    pub retention_round_tenants: u32,
    /// First wait of a write that found the store unavailable; doubles up to `store_backoff_max`.
    pub store_backoff: Duration,
    /// Longest wait of such a write.
    pub store_backoff_max: Duration,
    /// When crashed overseers come back, and when they are parked.
    pub restart: RestartPolicy,
}

impl Default for ActorSettings {
    fn default() -> Self {
        Self {
            lane_rows_max: 1_000,
            busy_retry_after: Duration::from_secs(2),
            recovery_page: 256,
            turns_per_tenant_max: 64,
            sessions_resident_max: 256,
            open_connections_max: 10_000,
            spawn_time_limit: Duration::from_secs(60),
            heartbeat_time_limit: Duration::from_secs(30),
            task_time_limit: Duration::from_secs(600),
            task_time_cap: Duration::from_secs(3_600),
            debounce: Duration::from_millis(1_500),
            debounce_max: Duration::from_secs(10),
            crashes_max: 3,
            resumes_max: 10,
            model_calls_max: 8,
            tool_time_limit: Duration::from_secs(30),
            tool_result_characters_max: 16_000,
            history_messages_max: 60,
            context_tokens_max: 16_000,
            output_tokens_max: 2_048,
            message_characters_max: 32_000,
            deliveries_max: 64,
            outstanding_sends_max: 1_000,
            delivery_attempts_max: 1_500,
            delivery_backoff: Duration::from_millis(500),
            delivery_backoff_max: Duration::from_secs(60),
            delivery_time_limit: Duration::from_secs(30),
            on_ambiguous: OnAmbiguous::Resend,
            typing_after: Duration::from_millis(400),
            preview_after: Duration::from_millis(1_500),
            wake_poll_every: Duration::from_millis(500),
            wake_poll_batch: 1_000,
            wake_poll_older_than: Duration::from_millis(200),
            tick_every: Duration::from_secs(1),
            quiet_after: Duration::from_secs(2),
            hibernate_after: Duration::from_secs(60),
            channel_idle_after: Duration::from_secs(5),
            metering_window: Duration::from_secs(5),
            fold_batch: 1_000,
            raw_payloads_kept_for: Duration::from_secs(30 * 86_400),
            dedupe_keys_kept_for: Duration::from_secs(40 * 86_400),
            purge_batch: 500,
            retention_round_every: Duration::from_secs(60),
            retention_round_tenants: 100,
            store_backoff: Duration::from_millis(100),
            store_backoff_max: Duration::from_secs(5),
            restart: RestartPolicy::default(),
        }
    }
}

impl ActorSettings {
    /// The time limit of a turn, never above the cap.
    pub fn turn_time_limit(&self) -> Duration {
        self.task_time_limit.min(self.task_time_cap)
    }
}
