use super::decide::{AttemptLimits, Next, RepeatPolicy, after_attempt, after_crash, next_of};
use rookery_domain::Timestamp;
use rookery_domain::agent::OnAmbiguous;
use rookery_domain::id::{ConnectionId, OutboxId, SessionId, TenantId};
use rookery_domain::message::{Reply, ReplyTarget};
use rookery_domain::outbox::{OutboxContent, OutboxRow, OutboxStatus, OutboxStep};
use rookery_domain::ports::DeliveryError;
use rookery_domain::testing::SequentialIds;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_millis(1_000);
const LIMITS: AttemptLimits =
    AttemptLimits { attempts_max: 3, backoff: Duration::from_millis(200) };
const RESEND: RepeatPolicy = RepeatPolicy { harmless: false, on_ambiguous: OnAmbiguous::Resend };
const SILENT: RepeatPolicy =
    RepeatPolicy { harmless: false, on_ambiguous: OnAmbiguous::StaySilent };
const KEYED: RepeatPolicy = RepeatPolicy { harmless: true, on_ambiguous: OnAmbiguous::StaySilent };

fn row(status: OutboxStatus, attempts: u32) -> OutboxRow {
    let ids = SequentialIds::default();
    let tenant_id = TenantId::generate(&ids);
    let connection_id = ConnectionId::generate(&ids);
    OutboxRow {
        tenant_id,
        id: OutboxId::generate(&ids),
        session_id: SessionId::derived(tenant_id, connection_id, "chat:1"),
        connection_id,
        turn_id: None,
        inbox_id: None,
        seq: 1,
        target: ReplyTarget(serde_json::Value::Null),
        content: OutboxContent {
            reply: Reply::answer("hi"),
            part: serde_json::Value::Null,
            finishes: None,
        },
        status,
        attempts,
        next_attempt_at: NOW,
        was_ambiguous: false,
        platform_message_id: None,
        error: None,
        created_at: NOW,
        sent_at: None,
    }
}

fn step(result: Result<Option<String>, DeliveryError>, policy: RepeatPolicy) -> OutboxStep {
    after_attempt(&row(OutboxStatus::Sending, 1), result, policy, LIMITS, NOW).0
}

#[test]
fn a_certain_failure_is_tried_again_until_the_attempts_are_spent() {
    let failed = || Err(DeliveryError::NotDelivered("no connection".to_owned()));
    let later = NOW.plus(LIMITS.backoff);
    assert!(matches!(step(failed(), RESEND), OutboxStep::Retry { at, .. } if at == later));
    let spent = row(OutboxStatus::Sending, LIMITS.attempts_max);
    let (last, _) = after_attempt(&spent, failed(), RESEND, LIMITS, NOW);
    assert!(matches!(last, OutboxStep::Dead { .. }));
}

#[test]
fn being_told_to_wait_never_spends_an_attempt() {
    let spent = row(OutboxStatus::Sending, 99);
    let wait = Duration::from_secs(40);
    let (step, _) =
        after_attempt(&spent, Err(DeliveryError::RateLimited(wait)), RESEND, LIMITS, NOW);
    assert!(matches!(step, OutboxStep::Retry { at, .. } if at == NOW.plus(wait)));
}

#[test]
fn an_unknown_outcome_is_repeated_declared_or_left_alone_by_policy() {
    let cut = || Err(DeliveryError::Unknown("cut".to_owned()));
    assert!(matches!(step(cut(), RESEND), OutboxStep::Unknown { resend_at: Some(_), .. }));
    assert!(matches!(step(cut(), SILENT), OutboxStep::Unknown { resend_at: None, .. }));
    assert!(matches!(step(cut(), KEYED), OutboxStep::Retry { .. }));
}

#[test]
fn a_row_found_sending_after_a_crash_is_ambiguous_and_a_pending_one_is_not() {
    let found = row(OutboxStatus::Sending, 1);
    assert!(matches!(
        after_crash(&found, RESEND, NOW),
        Some(OutboxStep::Unknown { resend_at: Some(at), .. }) if at == NOW
    ));
    assert!(matches!(
        after_crash(&found, SILENT, NOW),
        Some(OutboxStep::Unknown { resend_at: None, .. })
    ));
    assert!(matches!(after_crash(&found, KEYED, NOW), Some(OutboxStep::Retry { .. })));
    assert_eq!(after_crash(&row(OutboxStatus::Pending, 1), RESEND, NOW), None);
}

#[test]
fn a_refusal_is_final_and_a_move_goes_on_at_the_new_place() {
    let refused = step(Err(DeliveryError::Refused("blocked".to_owned())), RESEND);
    assert_eq!(next_of(&refused, None, true), Next::Settled);
    let target = ReplyTarget(serde_json::json!({ "chat_id": -100 }));
    let moved = Err(DeliveryError::Moved(target.clone()));
    let (step, moved_to) =
        after_attempt(&row(OutboxStatus::Sending, 1), moved, RESEND, LIMITS, NOW);
    assert_eq!(
        next_of(&step, moved_to, true),
        Next::Again { at: NOW, target: Some(target), counted: true }
    );
}

#[test]
fn a_refused_token_is_waited_for_until_the_attempts_are_spent() {
    let refused = || Err(DeliveryError::Unauthorized);
    assert!(matches!(step(refused(), RESEND), OutboxStep::Retry { at, .. } if at > NOW));
    let spent = row(OutboxStatus::Sending, LIMITS.attempts_max);
    let (last, _) = after_attempt(&spent, refused(), RESEND, LIMITS, NOW);
    assert!(matches!(last, OutboxStep::Dead { .. }));
}
