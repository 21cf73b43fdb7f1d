//! From the command line to the exit code: the runtime, the signals, and the sentence when something is wrong.

use std::{
    io::{Write as _, stderr, stdout},
    pin::pin,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, Result};
use tokio::{
    runtime::{Builder, Runtime},
    select,
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    apart,
    cli::{Bot, Cli, Command},
    files,
    serve::serve,
    settings::{Settings, Unusable},
    telemetry, user,
};

/// Kept back from the time to stop, for the exit itself.
const LAST_MOMENT: Duration = Duration::from_millis(200);

/// Does what was asked for, and says on standard error what went wrong.
pub fn run(cli: Cli) -> ExitCode {
    let Err(error) = carry_out(cli) else { return ExitCode::SUCCESS };
    // Nothing is left to tell it to if standard error is closed.
    let _ = writeln!(stderr(), "parlor: {error:#}");
    ExitCode::from(if error.is::<Unusable>() { 2 } else { 1 })
}

fn carry_out(cli: Cli) -> Result<()> {
    if cli.command == Some(Command::Config) {
        return stdout().write_all(Settings::sample().as_bytes()).context("standard output cannot be written to");
    }
    let settings = Settings::load(cli.settings, cli.config.as_deref())?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Config => Ok(()),
        Command::User(asked) => {
            telemetry::log(&settings)?;
            Builder::new_current_thread().enable_all().build()?.block_on(user::carry_out(asked, &settings))
        }
        Command::Serve => run_service(settings, serve),
        Command::Auth => run_service(settings, apart::auth),
        Command::Chat => run_service(settings, apart::chat),
        Command::Bot(Bot::Stock) => run_service(settings, apart::stock),
    }
}

fn run_service<Serving: Future<Output = Result<()>>>(
    settings: Settings,
    serve: impl FnOnce(Settings, CancellationToken) -> Serving,
) -> Result<()> {
    telemetry::log(&settings)?;
    files::allow_many();
    // Fails only if somebody chose one already, and nobody did.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = Runtime::new().context("threads cannot be started")?;
    let limit = settings.shutdown_timeout.0;
    let stop = CancellationToken::new();
    let ended = runtime.block_on(async { until_signal(serve(settings, stop.clone()), stop, limit).await });
    runtime.shutdown_background();
    ended
}

/// Serves until the first signal and the stop it begins; a second signal ends at once.
async fn until_signal(
    serving: impl Future<Output = Result<()>>,
    stop: CancellationToken,
    limit: Duration,
) -> Result<()> {
    let mut signals = Signals::listen().context("signals cannot be waited for")?;
    let mut serving = pin!(serving);
    select! {
        ended = &mut serving => return ended,
        () = signals.next() => tracing::info!("stopping"),
    }
    stop.cancel();
    select! {
        ended = timeout(limit.saturating_sub(LAST_MOMENT), serving) => ended.unwrap_or_else(|_| {
            tracing::warn!(?limit, "the stop took too long and was cut short");
            Ok(())
        }),
        () = signals.next() => anyhow::bail!("stopped at once, as asked a second time"),
    }
}

/// What asks a program to stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }
    async fn next(&mut self) {
        select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
