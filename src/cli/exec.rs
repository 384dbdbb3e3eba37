//! `exec`: a command beside a mock of its own, with the command's output and exit code.

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::process::ExitStatus;
use std::sync::mpsc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::process::{Child, Command};

use super::signals::{self, Signal, Signals};
use super::{Begun, fail, start_beside};
use crate::{Calls, Config, Coverage, Running, Tally};

/// What a command that succeeded fails for all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// The mock broke its own contract, or panicked: what the command saw proves nothing.
    Breach,
    /// Something was called that does not exist: a 404 or 405 at routing.
    Unknown,
}

/// What is asked of a run beside that its command succeeds.
#[derive(Debug, Args)]
pub struct Gates {
    /// Fail a run that succeeded if the mock broke its contract, or was called for what it lacks.
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        value_delimiter = ',',
        env = "OPENMAIL_MOCK_FAIL_ON"
    )]
    fail_on: Vec<FailOn>,
    /// Fail a run that succeeded if it covered less of the API than so many per cent.
    #[arg(
        long,
        value_name = "PCT",
        value_parser = percentage,
        env = "OPENMAIL_MOCK_FAIL_UNDER"
    )]
    fail_under: Option<f64>,
}

fn percentage(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    number
        .filter(|number| (0.0..=100.0).contains(number))
        .ok_or_else(|| "write a number from 0 to 100, such as 80 or 62.5".to_owned())
}

/// Of each kind of call, this many are listed.
const LISTED: usize = 20;
/// After the mock failed, the command has this long to end by itself.
const GRACE: Duration = Duration::from_secs(2);
/// Our last lines wait this long for somebody who reads stderr.
const TOLD: Duration = Duration::from_secs(2);
/// As shells have it.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// Runs a command beside a mock; the exit code.
pub(super) fn run(config: Config, gates: &Gates, words: &[OsString]) -> u8 {
    let limits = FileLimits::now();
    let wanted = signals::not_ignored(&signals::FORWARDED);
    let (runtime, signals, running) = match start_beside(&wanted, config) {
        Begun::Running(runtime, signals, running) => (runtime, signals, running),
        // There is no command yet that it could be for.
        Begun::Signalled(signal) => return killed_by(signal),
        Begun::Failed(error) => return fail(&error),
    };
    let ran = runtime.block_on(beside(&running, signals, words, &limits));
    let (code, mut said) = match ran {
        Ok(code) => (code, String::new()),
        Err((code, why)) => (code, format!("openmail-mock: {why}\n")),
    };
    let (tally, coverage) = running.stop_covered();
    let mut struck = judgement(&gates.fail_on, &tally);
    // A command that failed, or never ran, covered little because of that.
    if let (0, Some(percent)) = (code, gates.fail_under) {
        struck.push_str(&shortfall(percent, &coverage));
    }
    said.push_str(&struck);
    tell(said);
    match code {
        0 => u8::from(!struck.is_empty()),
        failed => failed,
    }
}

/// Runs the command to its end; its exit code, or ours and the reason.
async fn beside(
    running: &Running,
    mut signals: Signals,
    words: &[OsString],
    limits: &FileLimits,
) -> Result<u8, (u8, String)> {
    // What came while there was no command yet, came to us alone, wherever it was sent from.
    let mut early = Vec::new();
    while let Some(signal) = signals.waiting().await {
        early.push(signal);
    }
    let mut child = spawn(running, words, limits)?;
    early.into_iter().for_each(|signal| send(&child, signal));
    loop {
        tokio::select! {
            // Its end, and not that of its pipes: what it left in the background may hold them.
            status = child.wait() => return code_of(status),
            signal = signals.next() => if !has_it_already(&child, signal) {
                send(&child, signal);
            },
            () = running.ended() => {
                end(&mut child).await;
                return Err((1, "the mock ended before the command, which was ended too".to_owned()));
            }
        }
    }
}

fn spawn(
    running: &Running,
    words: &[OsString],
    limits: &FileLimits,
) -> Result<Child, (u8, String)> {
    let Some((program, arguments)) = words.split_first() else {
        return Err((2, "there is no command to run".to_owned()));
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("OPENMAIL_API_URL", running.url())
        .env("OPENMAIL_BASE_URL", running.url())
        .env("OPENMAIL_API_KEY", running.key())
        .envs(no_proxy())
        .kill_on_drop(true);
    limits.around(|| command.spawn()).map_err(|error| {
        let program = program.display();
        match error.kind() {
            ErrorKind::NotFound => (NOT_FOUND, format!("{program}: command not found")),
            _ => (
                NOT_EXECUTABLE,
                format!("{program}: cannot be executed: {error}"),
            ),
        }
    })
}

/// Clients that are told of a proxy reach this machine without it.
fn no_proxy() -> Vec<(&'static str, String)> {
    const HERE: &str = "127.0.0.1,localhost,::1";
    let names = ["NO_PROXY", "no_proxy"];
    let extended = names.map(|name| match std::env::var(name) {
        Ok(known) if !known.is_empty() => (name, format!("{known},{HERE}")),
        Ok(_) | Err(_) => (name, HERE.to_owned()),
    });
    let is_proxied = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    extended.into_iter().filter(|_| is_proxied).collect()
}

/// The exit code of what a signal ended, as shells have it.
#[cfg(unix)]
fn killed_by(signal: Signal) -> u8 {
    u8::try_from(128 + signal.as_raw()).unwrap_or(1)
}

#[cfg(not(unix))]
fn killed_by(_: Signal) -> u8 {
    1
}

#[cfg(unix)]
fn code_of(status: std::io::Result<ExitStatus>) -> Result<u8, (u8, String)> {
    use std::os::unix::process::ExitStatusExt;
    let status = status.map_err(|error| (1, format!("the command was lost: {error}")))?;
    let code = match status.signal() {
        Some(signal) => 128 + signal,
        None => status.code().unwrap_or(1),
    };
    Ok(u8::try_from(code).unwrap_or(1))
}

#[cfg(not(unix))]
fn code_of(status: std::io::Result<ExitStatus>) -> Result<u8, (u8, String)> {
    let status = status.map_err(|error| (1, format!("the command was lost: {error}")))?;
    Ok(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1))
}

/// Ends a command that has nobody to speak with any more.
async fn end(child: &mut Child) {
    #[cfg(unix)]
    send(child, Signal::TERM);
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        // It fails only if the command has just ended.
        let _ = child.kill().await;
    }
}

#[cfg(unix)]
fn pid_of(child: &Child) -> Option<rustix::process::Pid> {
    // None once it was waited for: the number may be that of another process by then.
    let pid = i32::try_from(child.id()?).ok()?;
    rustix::process::Pid::from_raw(pid)
}

#[cfg(unix)]
fn send(child: &Child, signal: Signal) {
    if let Some(pid) = pid_of(child) {
        // It fails only if the command has just ended, or has become another user's.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Whether the kernel gave the signal to the command too.
///
/// Ctrl-C and Ctrl-\ at a terminal go to its whole foreground group: to us, and to a command that
/// did not leave our group. Handing the signal on would deliver it twice, and many programs take
/// the second as an order to drop everything. Who sent a signal cannot be asked without unsafe
/// code; that both of us are in the foreground of our terminal is the sign. The price: `kill -INT`
/// at us alone, in the foreground of a terminal, does not reach the command; `kill -TERM` does.
/// The other signals have no key, and a hangup twice hurts less than none.
#[cfg(unix)]
fn has_it_already(child: &Child, signal: Signal) -> bool {
    use rustix::process::{getpgid, getpgrp};
    if signal != Signal::INT && signal != Signal::QUIT {
        return false;
    }
    let terminal = std::fs::File::open("/dev/tty");
    let foreground = terminal.map(|terminal| rustix::termios::tcgetpgrp(&terminal));
    let group = getpgrp();
    matches!(foreground, Ok(Ok(foreground)) if foreground == group)
        && pid_of(child).is_some_and(|pid| getpgid(Some(pid)) == Ok(group))
}

#[cfg(not(unix))]
fn send(_: &Child, _: Signal) {}

/// A console gives Ctrl-C to everybody in it.
#[cfg(not(unix))]
fn has_it_already(_: &Child, _: Signal) -> bool {
    true
}

/// The limits of open files as they were before a mock raised its own: the command gets those.
struct FileLimits {
    #[cfg(unix)]
    before: Option<(u64, u64)>,
}

#[cfg(unix)]
impl FileLimits {
    fn now() -> Self {
        Self {
            before: rlimit::Resource::NOFILE.get().ok(),
        }
    }

    /// Spawns under these limits. Nobody connects yet whom the lower one could refuse.
    fn around<T>(&self, spawn: impl FnOnce() -> T) -> T {
        let raised = rlimit::Resource::NOFILE.get().ok();
        // A refusal leaves limits with which a command can live.
        let set = |limits: Option<(u64, u64)>| {
            limits.map(|(soft, hard)| rlimit::Resource::NOFILE.set(soft, hard))
        };
        let _ = set(self.before);
        let spawned = spawn();
        let _ = set(raised);
        spawned
    }
}

#[cfg(not(unix))]
impl FileLimits {
    fn now() -> Self {
        Self {}
    }

    fn around<T>(&self, spawn: impl FnOnce() -> T) -> T {
        spawn()
    }
}

/// What struck, a line for each call; empty if nothing did.
fn judgement(fail_on: &[FailOn], tally: &Tally) -> String {
    let mut lines = String::new();
    if fail_on.contains(&FailOn::Breach) {
        let what = "met a defect of the mock";
        lines.push_str(&listed("breach", what, &tally.breaches));
    }
    if fail_on.contains(&FailOn::Unknown) {
        lines.push_str(&listed("unknown", "was called", &tally.unknown_calls));
    }
    lines
}

fn listed(kind: &str, what: &str, calls: &Calls) -> String {
    let mut lines = String::new();
    let mut untold = calls.total();
    for call in calls.told_apart().iter().take(LISTED) {
        untold -= call.times;
        let times = match call.times {
            1 => "once".to_owned(),
            times => format!("{times} times"),
        };
        let remark = match call.remark.as_str() {
            "" => String::new(),
            remark => format!("; {remark}"),
        };
        let name = &call.name;
        lines.push_str(&format!(
            "openmail-mock: --fail-on {kind}: {name} {what} {times}{remark}\n"
        ));
    }
    if untold > 0 {
        lines.push_str(&format!(
            "openmail-mock: --fail-on {kind}: {untold} further calls\n"
        ));
    }
    lines
}

/// What a run covered too little of; empty if it is enough.
fn shortfall(percent: f64, coverage: &Coverage) -> String {
    if !coverage.is_under(percent) {
        return String::new();
    }
    let share = coverage.total;
    let figure = format!(
        "{} % of the API is covered, {} of {}",
        share.percent, share.seen, share.all
    );
    let lines = std::iter::once(figure).chain(coverage.missing());
    let lines = lines.map(|line| format!("openmail-mock: --fail-under {percent}: {line}\n"));
    lines.collect()
}

/// Writes to stderr, unless nobody reads there: the end is not for that to delay.
fn tell(lines: String) {
    if lines.is_empty() {
        return;
    }
    let (told, written) = mpsc::channel();
    let writer = std::thread::Builder::new().spawn(move || {
        // A closed stderr is nobody's loss.
        let _ = std::io::stderr().write_all(lines.as_bytes());
        let _ = told.send(());
    });
    if writer.is_ok() {
        let _ = written.recv_timeout(TOLD);
    }
}
