//! Signals as a stream: for `serve` they end the mock, `exec` hands them on.
//!
//! Whoever listens does so before anything else begins, so that no signal finds the process
//! unprepared: one that comes early waits here until somebody asks for it.

use std::future::poll_fn;
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Runtime};

#[cfg(unix)]
pub(super) use rustix::process::Signal;

/// Ctrl-C is all there is.
#[cfg(not(unix))]
#[derive(Debug, Clone, Copy)]
pub(super) struct Signal;

/// What ends serving. A closed terminal too: the port file must go all the same.
#[cfg(unix)]
pub(super) const ENDING: [Signal; 3] = [Signal::TERM, Signal::INT, Signal::HUP];
#[cfg(not(unix))]
pub(super) const ENDING: [Signal; 1] = [Signal];

/// What `exec` hands on.
#[cfg(unix)]
pub(super) const FORWARDED: [Signal; 6] = [
    Signal::INT,
    Signal::TERM,
    Signal::HUP,
    Signal::QUIT,
    Signal::USR1,
    Signal::USR2,
];
#[cfg(not(unix))]
pub(super) const FORWARDED: [Signal; 1] = [Signal];

/// The signals that are listened to. Of several alike that nobody asked for yet, one is kept, as
/// the system itself does.
pub(super) struct Signals {
    #[cfg(unix)]
    heard: Vec<(Signal, tokio::signal::unix::Signal)>,
    #[cfg(windows)]
    heard: tokio::signal::windows::CtrlC,
}

impl Signals {
    /// Listens from now on; the runtime is where it may be waited for them.
    #[cfg(unix)]
    pub(super) fn listen(wanted: &[Signal]) -> std::io::Result<(Runtime, Self)> {
        use tokio::signal::unix::{SignalKind, signal};
        let runtime = runtime()?;
        let inside = runtime.enter();
        let listen = |&wanted: &Signal| {
            let kind = SignalKind::from_raw(wanted.as_raw());
            signal(kind).map(|heard| (wanted, heard))
        };
        let heard = wanted.iter().map(listen).collect::<Result<_, _>>()?;
        drop(inside);
        Ok((runtime, Self { heard }))
    }

    #[cfg(windows)]
    pub(super) fn listen(_: &[Signal]) -> std::io::Result<(Runtime, Self)> {
        let runtime = runtime()?;
        let inside = runtime.enter();
        let heard = tokio::signal::windows::ctrl_c()?;
        drop(inside);
        Ok((runtime, Self { heard }))
    }

    /// The next signal.
    pub(super) async fn next(&mut self) -> Signal {
        poll_fn(|context| self.poll(context)).await
    }

    /// A signal that has come already.
    pub(super) async fn waiting(&mut self) -> Option<Signal> {
        // The runtime learns of signals between two steps.
        tokio::task::yield_now().await;
        poll_fn(|context| match self.poll(context) {
            Poll::Ready(signal) => Poll::Ready(Some(signal)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    #[cfg(unix)]
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Signal> {
        let come = |(signal, heard): &mut (Signal, tokio::signal::unix::Signal)| {
            heard.poll_recv(context).is_ready().then_some(*signal)
        };
        match self.heard.iter_mut().find_map(come) {
            Some(signal) => Poll::Ready(signal),
            None => Poll::Pending,
        }
    }

    #[cfg(windows)]
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Signal> {
        self.heard.poll_recv(context).map(|_| Signal)
    }
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Of these signals, those that are not ignored. Whoever started us with one ignored, as `nohup`
/// does, meant the command: listening would undo that for the command too.
#[cfg(unix)]
pub(super) fn not_ignored(signals: &[Signal]) -> Vec<Signal> {
    // Only Linux says it without unsafe code; elsewhere none counts as ignored.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    let is_ignored = |signal: &Signal| mask >> (signal.as_raw() - 1) & 1 == 1;
    let heard = signals.iter().filter(|signal| !is_ignored(signal));
    heard.copied().collect()
}

#[cfg(not(unix))]
pub(super) fn not_ignored(signals: &[Signal]) -> Vec<Signal> {
    signals.to_vec()
}
