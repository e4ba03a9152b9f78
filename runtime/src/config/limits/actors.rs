//! Limits of the supervision tree.

use super::super::keys::Keys;
use super::at_least_one;
use rookery_actors::{ActorSettings, RestartPolicy};
use rookery_domain::agent::OnAmbiguous;

/// Reads them. The policy for ambiguous sends is filled in by the wiring.
pub(super) fn read(keys: &mut Keys<'_>) -> ActorSettings {
    let settings = ActorSettings {
        lane_rows_max: keys.read("limits.lane_rows_max"),
        busy_retry_after: keys.read("limits.busy_retry_after"),
        recovery_page: keys.read("limits.recovery_page"),
        turns_per_tenant_max: keys.read("limits.turns_per_tenant_max"),
        sessions_resident_max: keys.read("limits.sessions_resident_max"),
        open_connections_max: keys.read("limits.open_connections_max"),
        spawn_time_limit: keys.read("limits.spawn_time_limit"),
        heartbeat_time_limit: keys.read("limits.heartbeat_time_limit"),
        task_time_limit: keys.read("limits.task_time_limit"),
        task_time_cap: keys.read("limits.task_time_cap"),
        debounce: keys.read("limits.debounce"),
        debounce_max: keys.read("limits.debounce_max"),
        crashes_max: keys.read("limits.crashes_max"),
        resumes_max: keys.read("limits.resumes_max"),
        model_calls_max: keys.read("limits.model_calls_max"),
        tool_time_limit: keys.read("limits.tool_time_limit"),
        tool_result_characters_max: keys.read("limits.tool_result_characters_max"),
        history_messages_max: keys.read("limits.history_messages_max"),
        context_tokens_max: keys.read("limits.context_tokens_max"),
        output_tokens_max: keys.read("limits.output_tokens_max"),
        message_characters_max: keys.read("limits.message_characters_max"),
        deliveries_max: keys.read("limits.deliveries_max"),
        outstanding_sends_max: keys.read("limits.outstanding_sends_max"),
        delivery_attempts_max: keys.read("limits.delivery_attempts_max"),
        delivery_backoff: keys.read("limits.delivery_backoff"),
        delivery_backoff_max: keys.read("limits.delivery_backoff_max"),
        delivery_time_limit: keys.read("limits.delivery_time_limit"),
        on_ambiguous: OnAmbiguous::Resend,
        typing_after: keys.read("limits.typing_after"),
        preview_after: keys.read("limits.preview_after"),
        wake_poll_every: keys.read("limits.wake_poll_every"),
        wake_poll_batch: keys.read("limits.wake_poll_batch"),
        wake_poll_older_than: keys.read("limits.wake_poll_older_than"),
        tick_every: keys.read("limits.tick_every"),
        quiet_after: keys.read("limits.quiet_after"),
        hibernate_after: keys.read("limits.hibernate_after"),
        channel_idle_after: keys.read("limits.channel_idle_after"),
        metering_window: keys.read("limits.metering_window"),
        fold_batch: keys.read("limits.fold_batch"),
        raw_payloads_kept_for: keys.read("limits.raw_payloads_kept_for"),
        dedupe_keys_kept_for: keys.read("limits.dedupe_keys_kept_for"),
        purge_batch: keys.read("limits.purge_batch"),
        retention_round_every: keys.read("limits.retention_round_every"),
        retention_round_tenants: keys.read("limits.retention_round_tenants"),
        store_backoff: keys.read("limits.store_backoff"),
        store_backoff_max: keys.read("limits.store_backoff_max"),
        restart: restart(keys),
    };
    check(keys, &settings);
    settings
}

fn restart(keys: &mut Keys<'_>) -> RestartPolicy {
    RestartPolicy {
        backoff: keys.read("limits.restart_backoff"),
        backoff_max: keys.read("limits.restart_backoff_max"),
        healthy_after: keys.read("limits.restart_healthy_after"),
        crashes_max: keys.read("limits.restart_crashes_max"),
        window: keys.read("limits.restart_window"),
        parked_for: keys.read("limits.restart_parked_for"),
    }
}

fn check(keys: &mut Keys<'_>, settings: &ActorSettings) {
    at_least_one(keys, "limits.lane_rows_max", settings.lane_rows_max);
    at_least_one(keys, "limits.turns_per_tenant_max", settings.turns_per_tenant_max);
    at_least_one(keys, "limits.sessions_resident_max", settings.sessions_resident_max);
    at_least_one(keys, "limits.open_connections_max", settings.open_connections_max);
    at_least_one(keys, "limits.deliveries_max", settings.deliveries_max);
    at_least_one(keys, "limits.outstanding_sends_max", settings.outstanding_sends_max);
    let counts = [
        ("limits.recovery_page", settings.recovery_page),
        ("limits.crashes_max", settings.crashes_max),
        ("limits.model_calls_max", settings.model_calls_max),
        ("limits.history_messages_max", settings.history_messages_max),
        ("limits.output_tokens_max", settings.output_tokens_max),
        ("limits.delivery_attempts_max", settings.delivery_attempts_max),
        ("limits.wake_poll_batch", settings.wake_poll_batch),
        ("limits.fold_batch", settings.fold_batch),
        ("limits.purge_batch", settings.purge_batch),
        ("limits.retention_round_tenants", settings.retention_round_tenants),
    ];
    let waits = [
        ("limits.wake_poll_every", settings.wake_poll_every),
        ("limits.tick_every", settings.tick_every),
        ("limits.metering_window", settings.metering_window),
        ("limits.retention_round_every", settings.retention_round_every),
        ("limits.task_time_limit", settings.task_time_limit),
        ("limits.heartbeat_time_limit", settings.heartbeat_time_limit),
        ("limits.store_backoff", settings.store_backoff),
    ];
    for (path, _) in counts.iter().filter(|(_, count)| *count == 0) {
        keys.faults.push(*path, "must be at least 1");
    }
    for (path, _) in waits.iter().filter(|(_, wait)| wait.is_zero()) {
        keys.faults.push(*path, "must be longer than zero");
    }
}
