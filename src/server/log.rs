//! One line for each exchange on stderr, written by a thread of its own.
//!
//! Somebody who starts the mock with a pipe for stderr and never reads it must not stop it: when
//! the pipe is full, lines are dropped, and their number is told as soon as there is room.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;

use crate::api::faults::{Cut, Forced};
use crate::api::spine::Exchanged;

/// Lines that may wait for stderr.
const WAITING: usize = 1_024;
/// How often, and how many times, the end looks whether the last lines are written.
const LAST_LINES: (Duration, u32) = (Duration::from_millis(2), 100);

/// How exchanges are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
    /// Not at all; defects of the mock are told nevertheless.
    Off,
}

/// Where exchanges are told.
pub struct Log {
    format: LogFormat,
    lines: Option<SyncSender<String>>,
    dropped: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Log {
    /// Starts the writing thread.
    #[must_use]
    pub fn start(format: LogFormat) -> Self {
        let (lines, waiting) = sync_channel::<String>(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let counter = dropped.clone();
        // Without the thread the lines are dropped, which is no reason not to serve.
        let thread = std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || {
                for line in waiting {
                    write(&line);
                    let dropped = counter.swap(0, Ordering::Relaxed);
                    if dropped > 0 {
                        write(&missing(format, dropped));
                    }
                }
            })
            .ok();
        Self {
            format,
            lines: Some(lines),
            dropped,
            thread,
        }
    }

    fn tell(&self, line: String) {
        let sent = self.lines.as_ref().map(|lines| lines.try_send(line));
        if !matches!(sent, Some(Ok(()))) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Tells an exchange; `request` is its method and path, unless it was no request at all.
    pub fn exchange(&self, request: Option<&str>, exchanged: &Exchanged, took: Duration) {
        if let Some(defect) = &exchanged.defect {
            self.defect(&format!("{}: {defect}", exchanged.id));
        }
        let status = match exchanged.forced.and_then(Forced::cut) {
            Some(Cut::Before) => None,
            Some(Cut::After | Cut::MidBody) | None => Some(exchanged.reply.status.as_u16()),
        };
        let world = exchanged.world.as_deref().unwrap_or("-");
        let operation = exchanged.operation.as_deref().unwrap_or("-");
        let micros = took.as_micros();
        match self.format {
            LogFormat::Off => {}
            LogFormat::Pretty => {
                let error = exchanged.error.as_deref().unwrap_or_default();
                let id = &exchanged.id;
                let request = request.unwrap_or("-");
                let status = status.map_or("-".to_owned(), |status| status.to_string());
                let forced = exchanged.forced.map(words).unwrap_or_default();
                let millis = took.as_secs_f64() * 1_000.0;
                self.tell(format!(
                    "{status} {request}  {operation}  {world}  {id}  {millis:.2} ms  {error}  {forced}"
                ));
            }
            LogFormat::Json => {
                let (method, path) = request.and_then(|told| told.split_once(' ')).unzip();
                let mut line = json!({
                    "id": exchanged.id,
                    "status": status,
                    "method": method,
                    "path": path,
                    "operation": exchanged.operation,
                    "world": exchanged.world.as_deref(),
                    "error": exchanged.error,
                    "micros": u64::try_from(micros).unwrap_or(u64::MAX),
                });
                if let Some(forced) = exchanged.forced {
                    line["forced"] = true.into();
                    line["fault"] = forced.json();
                }
                self.tell(line.to_string());
            }
        }
    }

    /// Tells a defect of the mock, whatever the format.
    pub fn defect(&self, what: &str) {
        match self.format {
            LogFormat::Json => self.tell(json!({ "defect": what }).to_string()),
            LogFormat::Pretty | LogFormat::Off => self.tell(format!("openmail-mock: {what}")),
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.lines = None;
        let (pause, times) = LAST_LINES;
        for _ in 0..times {
            // Joining could wait for ever: on a pipe that nobody reads.
            if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
                return;
            }
            std::thread::sleep(pause);
        }
    }
}

/// By what an exchange was forced.
fn words(forced: Forced) -> String {
    match forced {
        Forced::Preference => "by Prefer".to_owned(),
        Forced::Fault { index, cut: None } => format!("fault {index}"),
        Forced::Fault {
            index,
            cut: Some(cut),
        } => format!("fault {index}, dropped {}", cut.word()),
    }
}

/// Says how many lines are missing, in the format of those that are there.
fn missing(format: LogFormat, lines: u64) -> String {
    match format {
        LogFormat::Json => json!({ "droppedLines": lines }).to_string(),
        LogFormat::Pretty | LogFormat::Off => {
            format!("openmail-mock: {lines} log lines were dropped: nobody read them")
        }
    }
}

fn write(line: &str) {
    // A closed stderr is nobody's loss.
    let _ = writeln!(std::io::stderr().lock(), "{}", line.trim_end());
}
