//! `openmail-mock`: a local emulator of the OpenMail API.
//!
//! [`start`] runs a server on a thread of its own; dropping what it answers stops it. A Rust test
//! needs one line:
//!
//! ```
//! let mock = openmail_mock::start(openmail_mock::Config::with_fixture("saas")).expect("it starts");
//! assert!(mock.url().starts_with("http://127.0.0.1:"));
//! ```
//!
//! The rooms of the crate and who may look into which are described in `ARCHITECTURE.md`.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod api;
pub mod app;
pub mod cli;
mod config;
pub mod contract;
pub mod control;
pub mod domain;
pub mod fixtures;
pub mod mail;
pub mod push;
pub mod record;
pub mod server;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::thread::JoinHandle;

use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub use crate::api::coverage::Coverage;
use crate::api::{Guard, Plane, Shared, built_in_contract};
use crate::app::{App, DEFAULT_WORLD};
use crate::contract::{Contract, Fault};
use crate::domain::account::set_default_limits;
use crate::domain::clock::{Clock, real_now};
use crate::domain::state::State;
use crate::push::Courier;
pub use crate::record::tally::{Calls, Tally};
use crate::server::{Bodies, Log, PortFile, Service};
pub use config::{Config, StartError};
pub use fixtures::Fixture;

/// A running server; dropping it stops it.
pub struct Running {
    address: SocketAddr,
    url: String,
    stop: watch::Sender<bool>,
    service: Arc<Service>,
    /// The thread that owns the runtime; none once it is joined.
    thread: Option<JoinHandle<()>>,
    /// Says that the server takes requests; none once it does not.
    port_file: Option<PortFile>,
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
        api::key_of(world)
    }

    /// The clock with which worlds start.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.service.shared.app.seed_clock()
    }

    /// What it counted so far. A test of a client asserts that it called nothing unknown:
    ///
    /// ```
    /// # let mock = openmail_mock::start(openmail_mock::Config::default()).expect("it starts");
    /// assert_eq!(mock.tally().unknown_calls.told_apart(), []);
    /// ```
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.service.shared.app.tally()
    }

    /// What was covered of the API so far, over all worlds, those included that were dropped. A suite
    /// may end by asserting that it is enough:
    ///
    /// ```
    /// # let mock = openmail_mock::start(openmail_mock::Config::default()).expect("it starts");
    /// let coverage = mock.coverage();
    /// assert!(!coverage.is_under(0.0), "{}", coverage.missing().join("\n"));
    /// ```
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        let shared = &self.service.shared;
        Coverage::of(&shared.api, &shared.app.seen(None))
    }

    /// Stops it: running exchanges get two seconds to end. Answers what it counted to the last.
    pub fn stop(self) -> Tally {
        self.stop_covered().0
    }

    /// The same, and what was covered to the last.
    pub(crate) fn stop_covered(mut self) -> (Tally, Coverage) {
        self.end();
        (self.tally(), self.coverage())
    }

    fn end(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        self.port_file = None;
        // The receiver is gone only if the server ended by itself.
        let _ = self.stop.send(true);
        let _ = thread.join();
    }

    /// Where it listens, as scripts read it.
    fn place(&self) -> String {
        let place = json!({
            "url": self.url(),
            "port": self.address.port(),
            "pid": std::process::id(),
            "key": self.key(),
        });
        format!("{place}\n")
    }

    /// Waits until nobody serves any more, which nothing but a failure brings about before `stop`.
    pub(crate) async fn ended(&self) {
        self.stop.closed().await;
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
pub fn start(mut config: Config) -> Result<Running, StartError> {
    config.check()?;
    let port_file = config.port_file.take();
    let port_file_error = |path: &Path, error| StartError::PortFile(path.to_owned(), error);
    let address = SocketAddr::new(config.host, config.port);
    let listener = server::bind(address).map_err(|error| StartError::Bind(address, error))?;
    // Not before the port is ours: the file may be that of the server which has it.
    if let Some(path) = &port_file {
        PortFile::clear(path).map_err(|error| port_file_error(path, error))?;
    }
    let address = listener
        .local_addr()
        .map_err(|error| StartError::Bind(address, error))?;
    let url = format!("http://{}", reachable(address));
    let service = Arc::new(service(config, address, url.clone())?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("openmail-mock")
        .build()
        .map_err(|error| StartError::System("no runtime", error))?;
    let (stop, stopped) = watch::channel(false);
    let thread = run(runtime, listener, service.clone(), stopped)?;
    let mut running = Running {
        address,
        url,
        stop,
        service,
        thread: Some(thread),
        port_file: None,
    };
    if let Some(path) = &port_file {
        let written = PortFile::write(path, running.place());
        running.port_file = Some(written.map_err(|error| port_file_error(path, error))?);
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

fn service(config: Config, address: SocketAddr, url: String) -> Result<Service, StartError> {
    let contract = match &config.spec {
        Some(path) => load_document(path)?,
        None => built_in_contract()
            .map_err(|faults| StartError::Document(PathBuf::from("openapi.json"), faults))?,
    };
    let (seed, empty) = states(&config)?;
    let app = App::new(config.seed, seed, empty, config.journal_bytes);
    let base = config.public_url.as_deref().unwrap_or(&url);
    let courier = Courier::new(app.tasks().clone(), base, config.reach());
    Ok(Service {
        shared: Shared {
            app,
            api: Plane::api(contract, config.strict),
            guard: Guard {
                hosts: guarded_hosts(address, config.public_url.as_deref()),
                token: config.control_token,
            },
            public_url: config.public_url,
            courier,
            url,
        },
        control: LazyLock::new(control::plane),
        bodies: Bodies::new(config.max_body),
        log: Log::start(config.log),
    })
}

/// What every world starts from, and what an empty account is.
fn states(config: &Config) -> Result<(State, State), StartError> {
    let real = real_now();
    let clock = config.clock.unwrap_or(Clock::Real { ahead: 0 });
    let reach = config.reach();
    let begun = |clock| {
        let mut state = State::empty(clock, real, config.seed).reaching(reach);
        set_default_limits(&mut state, config.limits);
        state
    };
    let seed = fixtures::seed(&config.fixtures, config.clock, config.seed, begun);
    Ok((seed.map_err(StartError::Fixtures)?, begun(clock)))
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
    Contract::load(text)
        .and_then(rehearsed)
        .map_err(|faults| StartError::Document(path.to_owned(), faults))
}

/// Makes every answer once that will be made from the document alone: better now than in a test.
fn rehearsed(mut contract: Contract) -> Result<Contract, Vec<Fault>> {
    let behaviours = api::behaviours(&contract);
    let operations = contract.operations.iter().zip(behaviours);
    let synthesized = operations.filter(|(_, behaviour)| behaviour.is_none());
    let rehearsals = synthesized.map(|(operation, _)| contract.rehearse(operation));
    let (kept, faults): (Vec<_>, Vec<_>) = rehearsals.partition(Result::is_ok);
    if faults.is_empty() {
        contract.notes.extend(kept.into_iter().flatten().flatten());
        return Ok(contract);
    }
    Err(faults.into_iter().filter_map(Result::err).collect())
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
    let public = public_url.and_then(|url| fluent_uri::Uri::parse(url).ok());
    let public = public.and_then(|url| Some(url.authority()?.host().to_owned()));
    hosts.extend(public);
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
