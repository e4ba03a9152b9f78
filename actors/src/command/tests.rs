use super::{CommandEffect, CommandSetting, respond};
use rookery_domain::command::ChatCommand;
use rookery_domain::tenant::DailyLimits;
use rookery_domain::testing::samples;
use rookery_domain::usage::DayUsage;

#[test]
fn every_command_answers_and_help_names_them_all() {
    let agent = samples::profile("Ana");
    let setting = CommandSetting {
        agent: &agent,
        used: DayUsage { messages: 3, tokens: 70 },
        limits: DailyLimits { messages: Some(10), tokens: None },
        running: false,
    };
    for command in ChatCommand::ALL {
        let (reply, _) = respond(command, &setting);
        assert!(!reply.text.is_empty());
        assert!(
            respond(ChatCommand::Help, &setting).0.text.contains(&format!("/{}", command.name()))
        );
    }
    assert_eq!(
        respond(ChatCommand::Usage, &setting).0.text,
        "Used today (UTC): 3 of 10 messages, 70 tokens."
    );
}

#[test]
fn stop_stops_only_what_runs() {
    let agent = samples::profile("Ana");
    let setting = CommandSetting {
        agent: &agent,
        used: DayUsage::default(),
        limits: DailyLimits::default(),
        running: true,
    };
    assert_eq!(respond(ChatCommand::Stop, &setting).1, CommandEffect::StopTurn);
    let idle = CommandSetting { running: false, ..setting };
    assert_eq!(respond(ChatCommand::Stop, &idle).1, CommandEffect::None);
    assert_eq!(respond(ChatCommand::New, &idle).1, CommandEffect::FreshContext);
}
