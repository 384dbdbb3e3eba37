//! `openmail-mock`: a local emulator of the OpenMail API.
//!
//! [`start`] runs a server on a thread of its own; dropping what it answers stops it. A Rust test
//! needs one line:
//!
//! ```
//! let mock = openmail_mock::start(openmail_mock::Config::default()).expect("it starts");
//! assert!(mock.url().starts_with("http://127.0.0.1:"));
//! ```
//!
//! The rooms of the crate and who may look into which are described in `ARCHITECTURE.md`.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod api;
pub mod app;
pub mod cli;
pub mod contract;
pub mod control;
pub mod domain;
pub mod record;
pub mod server;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::api::{Guard, Plane, Shared, built_in_contract};
use crate::app::{App, DEFAULT_WORLD};
use crate::contract::{Contract, Fault};
use crate::domain::clock::{Clock, Timestamp, real_now};
use crate::domain::ids::Source;
use crate::domain::state::{State, Transaction};
use crate::server::{Log, LogFormat, Service};

/// What a server is started with. The default listens on a free loopback port and says nothing.
pub struct Config {
    /// Address to bind; beyond loopback a control token is needed.
    pub host: IpAddr,
    /// Port; 0 lets the system choose.
    pub port: u16,
    /// File that is written once the server is ready: `{"url","port","pid","key"}`.
    pub port_file: Option<PathBuf>,
    /// Another OpenAPI 3.0 document than the built-in one.
    pub spec: Option<PathBuf>,
    /// Seed of ids and secrets.
    pub seed: u64,
    /// Where the clocks of all worlds stand frozen; none for the real clock.
    pub clock: Option<Timestamp>,
    /// Whether unknown body fields and query parameters are refused.
    pub strict: bool,
    /// Bound of one world's journal, in bytes.
    pub journal_bytes: usize,
    /// Base of URLs in bodies.
    pub public_url: Option<String>,
    /// How exchanges are told on stderr.
    pub log: LogFormat,
    /// What the control plane asks for in the header `OpenMail-Mock-Token`.
    pub control_token: Option<String>,
    /// Lays rows into the seed, by the rules of the domain.
    pub arrange: Option<Arrange>,
}

/// Fills the seed that every world starts from.
pub type Arrange = Box<dyn FnOnce(&mut Transaction<'_>) + Send>;

impl Default for Config {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            port_file: None,
            spec: None,
            seed: 0,
            clock: None,
            strict: false,
            journal_bytes: 4 * 1024 * 1024,
            public_url: None,
            log: LogFormat::Off,
            control_token: None,
            arrange: None,
        }
    }
}

/// Why a server did not start.
#[derive(Debug)]
pub enum StartError {
    /// The configuration contradicts itself.
    Usage(String),
    /// The address cannot be bound.
    Bind(SocketAddr, std::io::Error),
    /// The document is missing or unreadable.
    Unreadable(PathBuf, std::io::Error),
    /// The document cannot be served exactly.
    Document(PathBuf, Vec<Fault>),
    /// Something else that the system refused.
    System(&'static str, std::io::Error),
}

impl StartError {
    /// The process's exit code for it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            StartError::Bind(..) | StartError::System(..) => 1,
            StartError::Usage(_) => 2,
            StartError::Unreadable(..) | StartError::Document(..) => 3,
        }
    }
}

impl std::error::Error for StartError {}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Usage(why) => formatter.write_str(why),
            StartError::Bind(address, error) => match error.kind() {
                std::io::ErrorKind::AddrInUse => write!(
                    formatter,
                    "port {} on {} is taken; stop what listens there, or take another with `--port` (`--port 0` lets the system choose)",
                    address.port(),
                    address.ip()
                ),
                _ => write!(formatter, "cannot listen on {address}: {error}"),
            },
            StartError::Unreadable(path, error) => {
                write!(formatter, "{}: {error}", path.display())
            }
            StartError::Document(path, faults) => {
                let line = |fault: &Fault| format!("{}:{fault}", path.display());
                let lines: Vec<String> = faults.iter().map(line).collect();
                formatter.write_str(&lines.join("\n"))
            }
            StartError::System(what, error) => write!(formatter, "{what}: {error}"),
        }
    }
}

/// A running server; dropping it stops it.
pub struct Running {
    address: SocketAddr,
    url: String,
    stop: watch::Sender<bool>,
    /// The thread that owns the runtime; none once it is joined.
    thread: Option<JoinHandle<()>>,
    port_file: Option<PathBuf>,
}

impl Running {
    /// Its base URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The account key of the default world.
    #[must_use]
    pub fn key(&self) -> String {
        self.key_of(DEFAULT_WORLD)
    }

    /// The account key that opens the world of that name.
    #[must_use]
    pub fn key_of(&self, world: &str) -> String {
        format!("om_test_{world}")
    }

    /// Stops it: running exchanges get two seconds to end.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        // The receiver is gone only if the server ended by itself.
        let _ = self.stop.send(true);
        let _ = thread.join();
        if let Some(path) = &self.port_file {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts a server. When this returns, it is ready: the port listens and the seed is loaded.
///
/// # Errors
///
/// [`StartError`], with everything that is wrong with a document at once.
pub fn start(config: Config) -> Result<Running, StartError> {
    if !config.host.is_loopback() && config.control_token.is_none() {
        return Err(StartError::Usage(format!(
            "`--host {}` is reachable from other machines, so `--control-token` is needed with it",
            config.host
        )));
    }
    if let Some(path) = &config.port_file {
        // A file of an earlier run would say "ready" too early.
        let _ = std::fs::remove_file(path);
    }
    let address = SocketAddr::new(config.host, config.port);
    let listener = server::bind(address).map_err(|error| StartError::Bind(address, error))?;
    let address = listener
        .local_addr()
        .map_err(|error| StartError::Bind(address, error))?;
    let url = format!("http://{}", reachable(address));
    let port_file = config.port_file.clone();
    let service = Arc::new(service(config, address)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("openmail-mock")
        .build()
        .map_err(|error| StartError::System("no runtime", error))?;
    let (stop, stopped) = watch::channel(false);
    let thread = run(runtime, listener, service, stopped)?;
    let running = Running {
        address,
        url,
        stop,
        thread: Some(thread),
        port_file,
    };
    if let Some(path) = &running.port_file {
        write_port_file(path, &running)
            .map_err(|error| StartError::System("the port file cannot be written", error))?;
    }
    Ok(running)
}

fn run(
    runtime: Runtime,
    listener: TcpListener,
    service: Arc<Service>,
    stopped: watch::Receiver<bool>,
) -> Result<JoinHandle<()>, StartError> {
    std::thread::Builder::new()
        .name("openmail-mock".to_owned())
        .spawn(move || {
            let served = runtime.block_on(server::serve(listener, service.clone(), stopped));
            if let Err(error) = served {
                service.log.defect(&format!("the server ended: {error}"));
            }
            // Work on the blocking pool only frees memory by now.
            runtime.shutdown_background();
        })
        .map_err(|error| StartError::System("no thread", error))
}

fn service(config: Config, address: SocketAddr) -> Result<Service, StartError> {
    let contract = match &config.spec {
        Some(path) => load_document(path)?,
        None => built_in_contract().map_err(|faults| built_in_faults("openapi.json", faults))?,
    };
    let control = control::plane().map_err(|faults| built_in_faults("control", faults))?;
    let real = real_now();
    let clock = match config.clock {
        Some(at) => Clock::Frozen { at },
        None => Clock::Real { ahead: 0 },
    };
    let empty = State::empty(clock, real, config.seed);
    let mut seed = empty.clone();
    if let Some(arrange) = config.arrange {
        arrange(&mut Transaction {
            state: &mut seed,
            now: clock.reading(real),
            source: Source {
                seed: config.seed,
                world: "",
            },
        });
    }
    Ok(Service {
        shared: Shared {
            app: App::new(config.seed, seed, empty, config.journal_bytes),
            api: Plane::api(contract, config.strict),
            guard: Guard {
                hosts: guarded_hosts(address, config.public_url.as_deref()),
                token: config.control_token,
            },
            address,
            public_url: config.public_url,
        },
        control,
        log: Log::start(config.log),
    })
}

fn built_in_faults(name: &str, faults: Vec<Fault>) -> StartError {
    StartError::Document(PathBuf::from(name), faults)
}

/// Reads and loads an OpenAPI document.
///
/// # Errors
///
/// [`StartError::Unreadable`] and [`StartError::Document`].
pub fn load_document(path: &Path) -> Result<Contract, StartError> {
    let unreadable = |error| StartError::Unreadable(path.to_owned(), error);
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let text = match text.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => text,
    };
    Contract::load(text).map_err(|faults| StartError::Document(path.to_owned(), faults))
}

/// Host names that the control plane answers to; beyond loopback any, since a token decides.
fn guarded_hosts(address: SocketAddr, public_url: Option<&str>) -> Option<Vec<String>> {
    if !address.ip().is_loopback() {
        return None;
    }
    let own = match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let mut hosts = vec![own, "localhost".to_owned()];
    let public = public_url.and_then(|url| url.split_once("://"));
    if let Some((_, rest)) = public {
        let authority = rest.split('/').next().unwrap_or_default();
        let host = authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host);
        hosts.push(host.to_owned());
    }
    Some(hosts)
}

/// The address as clients on this machine reach it.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Writes the file whole or not at all: whoever sees it can read it.
fn write_port_file(path: &Path, running: &Running) -> std::io::Result<()> {
    let content = json!({
        "url": running.url(),
        "port": running.address.port(),
        "pid": std::process::id(),
        "key": running.key(),
    });
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let draft = path.with_file_name(name);
    std::fs::write(&draft, format!("{content}\n"))?;
    std::fs::rename(&draft, path)
}
