//! Start, stop, crash, second process.

use crate::scene::Scene;
use rookery_domain::kill_point::KillPoint;
use rookery_tests::fake::http_client;
use rookery_tests::launch::KillPlan;
use rookery_tests::system::{Database, REPLY_LIMIT};
use std::time::Duration;

on_both_databases!(
    sigterm_finishes_what_runs_and_exits_in_order,
    a_second_process_is_refused_and_the_first_goes_on,
    a_turn_that_was_cut_by_a_kill_is_resumed_and_answered_once,
    a_tool_whose_result_was_not_written_down_is_not_run_silently_again,
);

async fn sigterm_finishes_what_runs_and_exits_in_order(database: Database) {
    let mut scene = Scene::on(database).await;
    let ops = scene.system.process().unwrap().ops.clone();
    scene.say("slow [words 8] [pause 150]").await;
    scene.system.model.wait_for_calls(REPLY_LIMIT, |calls| calls.len() == 1).await.unwrap();
    let process = scene.system.process().unwrap();
    process.terminate().unwrap();
    let unready = async {
        let client = http_client(Duration::from_secs(5)).unwrap();
        while let Ok(response) = client.get(format!("{ops}/readyz")).send().await {
            if response.status() == 503 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), unready).await.expect("not ready at once");
    let status = process.ended(Duration::from_secs(40)).await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", process.log_tail());
    assert!(!scene.system.launch.data_dir.join("run.json").exists());
    let texts = scene.texts().await;
    assert_eq!(texts, ["echo: slow w1 w2 w3 w4 w5 w6 w7 w8"], "what ran was finished");

    let update = scene.say("while you were away").await;
    scene.system.serve(None).await.unwrap();
    scene.reads("echo: while you were away").await;
    scene.system.bot.wait_for_acknowledgement(update, REPLY_LIMIT).await.unwrap();
}

async fn a_second_process_is_refused_and_the_first_goes_on(database: Database) {
    let scene = Scene::on(database).await;
    let mut second = scene.system.launch.clone();
    second.environment.push(("ROOKERY__HTTP__LISTEN".to_owned(), "127.0.0.1:0".to_owned()));
    let refused = second.serve_refused(Duration::from_secs(30)).await.unwrap();
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    let said = refused.stderr.lines().last().unwrap_or_default().to_owned();
    assert!(!said.is_empty(), "one line names the fix");
    scene.asks_and_reads("still there?", "echo: still there?").await;
}

async fn a_turn_that_was_cut_by_a_kill_is_resumed_and_answered_once(database: Database) {
    for point in
        [KillPoint::K2InboxCommitted, KillPoint::K4ModelAsked, KillPoint::K7OutboxCommitted]
    {
        let mut scene = Scene::on(database).await;
        let process = scene.system.process().unwrap();
        process.kill().await.unwrap();
        scene.system.serve(Some(KillPlan { point, pass: 1 })).await.unwrap();
        scene.say("hello").await;
        scene.system.process().unwrap().ended(REPLY_LIMIT).await.unwrap();
        assert_eq!(scene.texts().await, [""; 0], "{point:?}");
        scene.system.serve(None).await.unwrap();
        scene.reads("echo: hello").await;
        scene.settles().await;
        assert_eq!(scene.texts().await, ["echo: hello"], "{point:?}");
    }
}

async fn a_tool_whose_result_was_not_written_down_is_not_run_silently_again(database: Database) {
    let mut scene = Scene::on(database).await;
    scene.system.process().unwrap().kill().await.unwrap();
    let plan = KillPlan { point: KillPoint::K6ToolDone, pass: 1 };
    scene.system.serve(Some(plan)).await.unwrap();
    scene.say("sum [tool calculator {\"expression\":\"6*7\"}]").await;
    scene.system.process().unwrap().ended(REPLY_LIMIT).await.unwrap();
    scene.system.serve(None).await.unwrap();
    scene.reads_part("echo: sum tool: ").await;
    scene.settles().await;
    assert_eq!(scene.texts().await.len(), 1);
}
