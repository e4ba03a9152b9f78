//! Metrics of this process, in Prometheus's text form. Names carry their unit; no label names a
//! tenant or a person.

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::time::Duration;

/// How often observations are folded into their histograms.
pub(crate) const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Upper bounds of the histograms of durations, in seconds.
const SECONDS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// Upper bounds of the histograms of sizes of batches.
const ROWS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Sets up the recorder of this process and returns what renders it.
pub(crate) fn install() -> anyhow::Result<PrometheusHandle> {
    let failed = "cannot set up the metrics";
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .context(failed)?
        .set_buckets_for_metric(Matcher::Suffix("_rows".to_owned()), &ROWS)
        .context(failed)?
        .install_recorder()
        .context(failed)
}
