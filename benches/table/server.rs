//! A server as a child process: started, watched from outside, ended.

use std::collections::HashMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The mock, as this package's release build made it.
pub const BINARY: &str = env!("CARGO_BIN_EXE_openmail-mock");
/// What `perf` counts. In user space and in the kernel, if it may.
const EVENT: &str = "instructions";
/// Long enough for `perf` to attach to a process, and for a server to come to rest.
const MOMENT: Duration = Duration::from_millis(300);

/// Tells the files of several servers apart.
static STARTED: AtomicUsize = AtomicUsize::new(0);

/// A running server; dropping it ends it.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts the mock as a user would, but for its log.
    pub fn mock(folder: &Path) -> Self {
        Self::mock_with(folder, &[])
    }

    /// The same with these options too.
    pub fn mock_with(folder: &Path, options: &[&str]) -> Self {
        let port_file = fresh(folder);
        let mut command = Command::new(BINARY);
        command.args(["--port", "0", "--log", "off", "--port-file"]);
        command.arg(&port_file).args(options);
        Self::start(command, &port_file)
    }

    /// Starts hyper alone: it repeats `answer`, head and body, to every request.
    pub fn bare(folder: &Path, answer: &[u8]) -> Self {
        let port_file = fresh(folder);
        let answer_file = port_file.with_extension("answer");
        std::fs::write(&answer_file, answer).expect("the folder takes files");
        let this = std::env::current_exe().expect("this process runs from a file");
        let mut command = Command::new(this);
        command.arg("bare").arg(&port_file).arg(&answer_file);
        Self::start(command, &port_file)
    }

    fn start(mut command: Command, port_file: &Path) -> Self {
        // Options may also come from the environment; here they must not.
        command.env_clear().stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the server is built");
        loop {
            if let Some(address) = address_in(port_file) {
                return Self { child, address };
            }
            let ended = child.try_wait().expect("it is our child");
            assert!(ended.is_none(), "the server ended at start: {ended:?}");
            // Short beside a start, long enough to leave it the processor.
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    /// Processor time that `load` costs the server, in user space and in the kernel; none if the
    /// system does not tell.
    pub fn cpu_of(&self, load: impl FnOnce()) -> Option<Duration> {
        let before = self.cpu()?;
        load();
        // A thread's time is told when it goes to sleep.
        std::thread::sleep(MOMENT / 10);
        let after = self.cpu()?.into_iter();
        let used = after.map(|(thread, after)| after - before.get(&thread).unwrap_or(&0));
        Some(Duration::from_nanos(used.sum()))
    }

    /// Instructions that `load` costs it; none if there is no `perf` or the processor does not
    /// count for it.
    pub fn instructions_of(&self, load: impl FnOnce()) -> Option<f64> {
        let counter = Counter::attach(self.child.id())?;
        load();
        counter.read()
    }

    /// Nanoseconds of each thread that lives; the time of those that ended is not told, and no
    /// thread that serves requests ends.
    fn cpu(&self) -> Option<HashMap<OsString, u64>> {
        let tasks = format!("/proc/{}/task", self.child.id());
        let mut threads = HashMap::new();
        for task in std::fs::read_dir(tasks).ok()? {
            // A thread may end between being listed and being read.
            let task = task.ok()?;
            let Ok(text) = std::fs::read_to_string(task.path().join("schedstat")) else {
                continue;
            };
            let nanoseconds = text.split(' ').next()?.parse().ok()?;
            threads.insert(task.file_name(), nanoseconds);
        }
        Some(threads)
    }

    /// Resident memory in KiB; none if the system does not tell.
    pub fn memory(&self) -> Option<f64> {
        std::thread::sleep(MOMENT);
        status_of(self.child.id(), "VmRSS:")
    }

    /// The most that was resident at any time, in KiB; none if the system does not tell.
    pub fn peak_memory(&self) -> Option<f64> {
        status_of(self.child.id(), "VmHWM:")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A size in KiB that the system tells of a process.
pub fn status_of(process: u32, name: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let mut lines = status.lines();
    let size = lines.find_map(|line| line.strip_prefix(name))?;
    size.trim().strip_suffix(" kB")?.parse().ok()
}

fn fresh(folder: &Path) -> std::path::PathBuf {
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    folder.join(format!("server-{number}.json"))
}

/// The address in a port file, once it is there; it is written whole or not at all.
fn address_in(port_file: &Path) -> Option<SocketAddr> {
    let text = std::fs::read_to_string(port_file).ok()?;
    let told: serde_json::Value = serde_json::from_str(&text).expect("port files are JSON");
    let url = told["url"].as_str().expect("port files hold the URL");
    let address = url
        .strip_prefix("http://")
        .and_then(|rest| rest.parse().ok());
    Some(address.expect("the URL names an address"))
}

/// `perf`, attached to a process.
struct Counter(Child);

impl Counter {
    fn attach(process: u32) -> Option<Self> {
        let child = Command::new("perf")
            .args(["stat", "--field-separator", ",", "--event", EVENT, "--pid"])
            .arg(process.to_string())
            // Its numbers are spelt by the locale.
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        std::thread::sleep(MOMENT);
        Some(Self(child))
    }

    /// Ends it; answers what it counted.
    fn read(self) -> Option<f64> {
        // It tells when it is interrupted, as from a terminal.
        let process = self.0.id().to_string();
        let interrupted = Command::new("kill").args(["-INT", &process]).status();
        let mut child = self.0;
        if !interrupted.is_ok_and(|status| status.success()) {
            let _ = child.kill();
        }
        let told = child.wait_with_output().ok()?.stderr;
        let told = String::from_utf8_lossy(&told);
        let counts = told.lines().filter_map(|line| {
            let mut fields = line.split(',');
            let (count, _unit, event) = (fields.next()?, fields.next()?, fields.next()?);
            // `instructions:u` is what remains to those who may not look into the kernel: another
            // measure, not to be taken for this one.
            let is_whole = event.trim_end_matches('/').ends_with(EVENT);
            is_whole.then(|| count.parse::<f64>().ok()).flatten()
        });
        // One line for each kind of core.
        counts.reduce(|sum, count| sum + count)
    }
}
