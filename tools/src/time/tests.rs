use super::CurrentTime;
use proptest::prelude::{any, prop_assert, proptest};
use rookery_domain::Timestamp;
use rookery_domain::ports::{Tool, ToolError};
use rookery_domain::testing::ManualClock;
use rookery_domain::tool::ToolInput;
use serde_json::{Value, json};
use std::sync::Arc;

async fn tell(arguments: Value) -> Result<String, ToolError> {
    let clock = ManualClock::at(Timestamp::from_millis(1_700_000_000_000));
    CurrentTime::new(Arc::new(clock))
        .call(ToolInput { arguments, idempotency_key: "k".to_owned() })
        .await
}

#[tokio::test]
async fn without_an_offset_it_is_utc_with_the_day() {
    assert_eq!(tell(json!({})).await.unwrap(), "2023-11-14T22:13:20Z, Tuesday");
}

#[tokio::test]
async fn an_offset_moves_the_time_and_the_day() {
    for (offset, expected) in [
        ("+02:00", "2023-11-15T00:13:20+02:00, Wednesday"),
        ("-05:30", "2023-11-14T16:43:20-05:30, Tuesday"),
        ("+0900", "2023-11-15T07:13:20+09:00, Wednesday"),
        ("+3", "2023-11-15T01:13:20+03:00, Wednesday"),
        ("+14:00", "2023-11-15T12:13:20+14:00, Wednesday"),
        ("UTC", "2023-11-14T22:13:20+00:00, Tuesday"),
    ] {
        assert_eq!(tell(json!({ "utc_offset": offset })).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn an_offset_that_no_place_has_is_refused() {
    for offset in ["+14:01", "-99:00", "+02:60", "Europe/Berlin", "+é", "+1:é", "+"] {
        assert!(
            matches!(tell(json!({ "utc_offset": offset })).await, Err(ToolError::Invalid(_))),
            "{offset}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_an_offset_within_a_day_or_refused(text in any::<String>()) {
        let seconds = super::tool::parse_offset(&text).map_or(0, |offset| offset.local_minus_utc());
        prop_assert!(seconds.abs() <= 14 * 3600);
    }
}
