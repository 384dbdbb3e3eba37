//! What a server is started with, and why it did not start.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::contract::Fault;
use crate::domain::clock::Clock;
use crate::domain::webhooks::Reach;
use crate::fixtures::{Broken, Fixture};
use crate::server::{LogFormat, MAX_HELD};

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
    /// What the seed is made of: each fixture is laid over those before it.
    pub fixtures: Vec<Fixture>,
    /// How the clocks of all worlds start, whatever the fixtures say; none for what they say, and
    /// the real clock otherwise.
    pub clock: Option<Clock>,
    /// Whether rate, creation and cold-outreach limits hold for accounts that do not say.
    pub limits: bool,
    /// Whether unknown body fields and query parameters are refused.
    pub strict: bool,
    /// Bound of bodies that carry mail or state, in bytes; at most [`MAX_HELD`].
    pub max_body: usize,
    /// Bound of one world's journal, in bytes.
    pub journal_bytes: usize,
    /// Base of URLs in bodies.
    pub public_url: Option<String>,
    /// Whether webhooks go beyond this machine, by plain `http`.
    pub allow_external_webhooks: bool,
    /// How exchanges are told on stderr.
    pub log: LogFormat,
    /// What the control plane asks for in the header `OpenMail-Mock-Token`.
    pub control_token: Option<String>,
}

impl Config {
    /// The default with one fixture: a bundled scenario by name, a file by path, or a JSON value.
    #[must_use]
    pub fn with_fixture(fixture: impl Into<Fixture>) -> Self {
        Self::default().and_fixture(fixture)
    }

    /// The same with one more fixture, laid over those before it.
    #[must_use]
    pub fn and_fixture(mut self, fixture: impl Into<Fixture>) -> Self {
        self.fixtures.push(fixture.into());
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            port_file: None,
            spec: None,
            seed: 0,
            fixtures: Vec::new(),
            clock: None,
            limits: false,
            strict: false,
            max_body: 36 * 1024 * 1024,
            journal_bytes: 4 * 1024 * 1024,
            public_url: None,
            allow_external_webhooks: false,
            log: LogFormat::Off,
            control_token: None,
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
    /// The port file cannot be written, or an earlier one not removed.
    PortFile(PathBuf, std::io::Error),
    /// The document is missing or unreadable.
    Unreadable(PathBuf, std::io::Error),
    /// The document cannot be served exactly.
    Document(PathBuf, Vec<Fault>),
    /// Fixtures are missing, unreadable or invalid.
    Fixtures(Vec<Broken>),
    /// Something else that the system refused.
    System(&'static str, std::io::Error),
}

impl StartError {
    /// The process's exit code for it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            StartError::Bind(..) | StartError::PortFile(..) | StartError::System(..) => 1,
            StartError::Usage(_) => 2,
            StartError::Unreadable(..) | StartError::Document(..) | StartError::Fixtures(_) => 3,
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
            StartError::PortFile(path, error) => {
                write!(formatter, "the port file {}: {error}", path.display())
            }
            StartError::Unreadable(path, error) => {
                write!(formatter, "{}: {error}", path.display())
            }
            StartError::Document(path, faults) => {
                let line = |fault: &Fault| format!("{}:{fault}", path.display());
                let lines: Vec<String> = faults.iter().map(line).collect();
                formatter.write_str(&lines.join("\n"))
            }
            StartError::Fixtures(broken) => {
                let lines: Vec<String> = broken.iter().map(Broken::to_string).collect();
                formatter.write_str(&lines.join("\n"))
            }
            StartError::System(what, error) => write!(formatter, "{what}: {error}"),
        }
    }
}

impl Config {
    /// How far webhooks go.
    pub(crate) fn reach(&self) -> Reach {
        match self.allow_external_webhooks {
            true => Reach::Anywhere,
            false => Reach::ThisMachine,
        }
    }

    /// Refuses what contradicts itself, and brings the rest into its usual form.
    pub(crate) fn check(&mut self) -> Result<(), StartError> {
        if let Some(url) = &self.public_url {
            let url = base_url(url).map_err(|why| {
                StartError::Usage(format!("the public URL cannot be used: {why}"))
            })?;
            self.public_url = Some(url);
        }
        if self.max_body > MAX_HELD {
            return Err(StartError::Usage(format!(
                "`--max-body` may be at most {MAX_HELD}: all large bodies together hold no more"
            )));
        }
        let is_sendable =
            |token: &str| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
        let why = match &self.control_token {
            Some(token) if is_sendable(token) => return Ok(()),
            None if self.host.is_loopback() => return Ok(()),
            Some(_) => "the control token travels in a header, so it is one or more visible \
                        ASCII characters"
                .to_owned(),
            None => format!(
                "`--host {}` is reachable from other machines, so `--control-token` is needed \
                 with it",
                self.host
            ),
        };
        Err(StartError::Usage(why))
    }
}

/// A base URL without a slash at the end, or which form it should have.
pub(crate) fn base_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let is_web = url.starts_with("http://") || url.starts_with("https://");
    match fluent_uri::Uri::parse(url) {
        Ok(parsed)
            if is_web
                && parsed.authority().is_some_and(|it| !it.host().is_empty())
                && parsed.query().is_none()
                && parsed.fragment().is_none() =>
        {
            Ok(url.to_owned())
        }
        _ => Err("write a base URL such as http://mail.example.test:8080".to_owned()),
    }
}
