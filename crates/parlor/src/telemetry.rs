//! Logs to standard error, and the recorder behind `/metrics`.

use std::{
    io::{IsTerminal as _, stderr},
    time::Duration,
};

use anyhow::{Context as _, Result};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, Settings, Unusable};

/// What a histogram holds until somebody reads it is folded together this often.
const UPKEEP: Duration = Duration::from_secs(30);

/// Upper bounds of the histograms' buckets, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What the client of RabbitMQ says of a lost connection, the broker's adapter says once and in plain words.
const QUIET: &str = "lapin=off,io_loop=off";

/// Starts logging for this process.
///
/// # Errors
/// [`Unusable`] for a filter that says nothing.
pub fn log(settings: &Settings) -> Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", settings.log))
        .map_err(|error| Unusable::new(format!("The log filter {:?} is not understood: {error}.", settings.log)))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    match settings.log_format {
        LogFormat::Text => lines.with_ansi(stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
    }
    .map_err(|error| anyhow::anyhow!("logging could not be started: {error}"))
}

/// What counts and times of this process end up in.
#[derive(Clone)]
pub struct Metrics {
    recorder: PrometheusHandle,
}

impl Metrics {
    /// Records for this process from now on.
    ///
    /// # Errors
    /// If something records already.
    pub fn record() -> Result<Self> {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&SECONDS)
            .and_then(PrometheusBuilder::install_recorder)
            .context("metrics could not be recorded")?;
        Ok(Self { recorder })
    }

    /// The text of `/metrics`.
    pub fn render(&self) -> String {
        self.recorder.render()
    }

    /// Keeps what is recorded small until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut tick = tokio::time::interval(UPKEEP);
        while shutdown.run_until_cancelled(tick.tick()).await.is_some() {
            self.recorder.run_upkeep();
        }
    }
}
