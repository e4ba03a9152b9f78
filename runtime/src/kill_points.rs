//! Ends the process with SIGKILL at a named place, as the kill suite asks: `K4:3` is the third time
//! that `K4` is passed. Compiled in with the feature `kill-points` only.

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rookery_domain::kill_point::{KillPoint, install};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where to end, and how many passes are left.
#[derive(Debug)]
struct Plan {
    point: KillPoint,
    passes_left: AtomicU64,
}

static PLAN: OnceLock<Plan> = OnceLock::new();

/// Sets the plan of this process, once.
pub(crate) fn arm(plan: &str) -> anyhow::Result<()> {
    let (point, pass) = parse(plan)?;
    let is_first = PLAN.set(Plan { point, passes_left: AtomicU64::new(pass) }).is_ok();
    anyhow::ensure!(is_first, "a kill point is armed already");
    install(pass_by);
    Ok(())
}

fn parse(plan: &str) -> anyhow::Result<(KillPoint, u64)> {
    let form = "ROOKERY_KILL_POINT must be K1 to K9 with the number of the pass, such as K4:3";
    let (name, pass) = plan.split_once(':').unwrap_or((plan, "1"));
    let point = KillPoint::ALL.into_iter().find(|point| point.name() == name).context(form)?;
    let pass: u64 = pass.parse().context(form)?;
    anyhow::ensure!(pass > 0, form);
    Ok((point, pass))
}

fn pass_by(point: KillPoint) {
    let Some(plan) = PLAN.get().filter(|plan| plan.point == point) else {
        return;
    };
    if plan.passes_left.fetch_sub(1, Ordering::SeqCst) == 1 {
        tracing::warn!(kill_point = point.name(), "ending here, as asked");
        if let Err(error) = kill(Pid::this(), Signal::SIGKILL) {
            tracing::error!(%error, "cannot end the process");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use rookery_domain::kill_point::KillPoint;

    #[test]
    fn a_plan_names_a_point_and_a_pass() {
        assert_eq!(parse("K4:3").unwrap(), (KillPoint::K4ModelAsked, 3));
        assert_eq!(parse("K9").unwrap(), (KillPoint::K9RecordedNotFolded, 1));
        assert!(parse("K10").is_err());
        assert!(parse("K1:0").is_err());
    }
}
