//! What was typed, and what it means.

mod check;
mod exec;
mod init;
mod signals;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::builder::{BoolishValueParser, OsStr, Resettable};
use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::domain::clock::{Clock, Timestamp, offset_text};
use crate::fixtures::Fixture;
use crate::server::LogFormat;
use crate::{Config, Running, StartError};
pub use exec::Gates;
use signals::{Signal, Signals};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// A local emulator of the OpenMail API: contract-checked, stateful, offline.
#[derive(Debug, Parser)]
#[command(
    name = "openmail-mock",
    version,
    about,
    args_conflicts_with_subcommands = true
)]
pub struct Typed {
    #[command(subcommand)]
    command: Option<TypedCommand>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Subcommand)]
enum TypedCommand {
    /// Run a command beside a mock of its own, and stop the mock when it ends.
    #[command(
        after_help = "CMD finds the mock in OPENMAIL_API_URL, OPENMAIL_BASE_URL and OPENMAIL_API_KEY, \
                      and its exit code is that of exec."
    )]
    Exec(Exec),
    /// Check fixtures and OpenAPI documents without starting anything, and say what they hold.
    Check {
        /// Files to check; bundled scenarios too.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<String>,
    },
    /// Write a starter fixture and the JSON Schema of fixtures.
    Init {
        /// The folder to write them into.
        #[arg(default_value = ".", value_name = "DIR")]
        folder: PathBuf,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Where a mock is found; `exec` chooses that itself.
#[derive(Debug, Args)]
struct Place {
    /// Port to listen on; 0 lets the system choose.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 6245,
        env = "OPENMAIL_MOCK_PORT"
    )]
    port: u16,
    /// Write {"url","port","pid","key"} to this file once the server is ready.
    #[arg(long, value_name = "PATH", env = "OPENMAIL_MOCK_PORT_FILE")]
    port_file: Option<PathBuf>,
}

/// How a mock serves, whoever starts it.
#[derive(Debug, Args)]
struct Serve {
    /// Address to bind; beyond loopback --control-token is needed.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1", value_parser = host, env = "OPENMAIL_MOCK_HOST")]
    host: IpAddr,
    /// Serve another OpenAPI 3.0 document than the built-in one.
    #[arg(long, value_name = "FILE", env = "OPENMAIL_MOCK_SPEC")]
    spec: Option<PathBuf>,
    /// Seed of ids and secrets.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        env = "OPENMAIL_MOCK_SEED"
    )]
    seed: u64,
    /// What worlds start with: a bundled scenario (empty, saas, agency, agent-platform) or a
    /// fixture file; later ones add to earlier ones.
    #[arg(
        long,
        value_name = "NAME-OR-FILE",
        value_delimiter = ',',
        env = "OPENMAIL_MOCK_FIXTURES"
    )]
    fixtures: Vec<String>,
    /// Start with the real clock, or frozen at an instant such as 2026-01-31T09:30:00Z.
    #[arg(long, value_name = "real|TIMESTAMP", value_parser = clock, env = "OPENMAIL_MOCK_CLOCK")]
    clock: Option<Clock>,
    /// Enforce rate, creation and cold-outreach limits where an account does not say.
    #[arg(
        long,
        value_enum,
        default_value_t = Switch::Off,
        env = "OPENMAIL_MOCK_LIMITS"
    )]
    limits: Switch,
    /// Refuse unknown body fields and query parameters.
    #[arg(long, value_parser = BoolishValueParser::new(), env = "OPENMAIL_MOCK_STRICT")]
    strict: bool,
    /// Bound of bodies that carry mail or state.
    #[arg(long, value_name = "BYTES", default_value_t = 36 * 1024 * 1024, env = "OPENMAIL_MOCK_MAX_BODY")]
    max_body: usize,
    /// Bound of one world's journal.
    #[arg(long, value_name = "BYTES", default_value_t = 4 * 1024 * 1024, env = "OPENMAIL_MOCK_JOURNAL_BYTES")]
    journal_bytes: usize,
    /// Base of URLs in bodies; without it, the request's own Host.
    #[arg(long, value_name = "URL", value_parser = crate::config::base_url, env = "OPENMAIL_MOCK_PUBLIC_URL")]
    public_url: Option<String>,
    /// Deliver webhooks beyond this machine, by plain http; https is never contacted.
    #[arg(long, value_parser = BoolishValueParser::new(), env = "OPENMAIL_MOCK_ALLOW_EXTERNAL_WEBHOOKS")]
    allow_external_webhooks: bool,
    /// One line for each exchange on stderr; pretty on a terminal, else json; under exec, off.
    #[arg(long, value_enum, env = "OPENMAIL_MOCK_LOG")]
    log: Option<TypedLog>,
    /// What the control plane asks for in the header OpenMail-Mock-Token.
    #[arg(
        long,
        value_name = "T",
        hide_env_values = true,
        env = "OPENMAIL_MOCK_CONTROL_TOKEN"
    )]
    control_token: Option<String>,
}

#[derive(Debug, Args)]
struct Exec {
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    gates: Gates,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TypedLog {
    Pretty,
    Json,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// What is to be done.
pub enum Command {
    /// Serve until a signal comes.
    Serve(Box<Config>),
    /// Run a command beside a mock.
    Exec(Box<Config>, Gates, Vec<OsString>),
    /// Check fixtures and documents.
    Check(Vec<String>),
    /// Write a starter fixture into a folder.
    Init(PathBuf),
    /// Print a completion script.
    Completions(clap_complete::Shell),
}

impl Typed {
    /// Reads the command line and the environment; wrong usage ends the process with 2.
    #[must_use]
    pub fn read() -> Self {
        let command = Self::command().mut_args(without_empty_twin);
        let command = command.mut_subcommands(|it| it.mut_args(without_empty_twin));
        let matches = command.get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Resolves what was typed.
    #[must_use]
    pub fn resolve(self) -> Command {
        match self.command {
            Some(TypedCommand::Check { files }) => Command::Check(files),
            Some(TypedCommand::Init { folder }) => Command::Init(folder),
            Some(TypedCommand::Completions { shell }) => Command::Completions(shell),
            Some(TypedCommand::Exec(exec)) => {
                // The output is that of the command.
                let config = exec.serve.config(LogFormat::Off);
                Command::Exec(Box::new(config), exec.gates, exec.command)
            }
            None => {
                let log = match std::io::stderr().is_terminal() {
                    true => LogFormat::Pretty,
                    false => LogFormat::Json,
                };
                Command::Serve(Box::new(Config {
                    port: self.place.port,
                    port_file: self.place.port_file,
                    ..self.serve.config(log)
                }))
            }
        }
    }
}

/// `VARIABLE=` in a compose file or a CI job means that nobody set it.
fn without_empty_twin(arg: Arg) -> Arg {
    let twin = arg.get_env().and_then(std::env::var_os);
    match twin.is_some_and(|value| value.is_empty()) {
        true => arg.env(Resettable::<OsStr>::Reset),
        false => arg,
    }
}

impl Serve {
    /// A configuration on a port of the system's choice.
    fn config(self, untold_log: LogFormat) -> Config {
        let log = match self.log {
            Some(TypedLog::Pretty) => LogFormat::Pretty,
            Some(TypedLog::Json) => LogFormat::Json,
            Some(TypedLog::Off) => LogFormat::Off,
            None => untold_log,
        };
        Config {
            host: self.host,
            port: 0,
            port_file: None,
            spec: self.spec,
            seed: self.seed,
            fixtures: self.fixtures.into_iter().map(Fixture::Named).collect(),
            clock: self.clock,
            limits: self.limits == Switch::On,
            strict: self.strict,
            max_body: self.max_body,
            journal_bytes: self.journal_bytes,
            public_url: self.public_url,
            allow_external_webhooks: self.allow_external_webhooks,
            log,
            control_token: self.control_token,
        }
    }
}

fn host(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        address => address
            .parse()
            .map_err(|_| "write an IP address such as 127.0.0.1, ::1 or 0.0.0.0".to_owned()),
    }
}

fn clock(text: &str) -> Result<Clock, String> {
    match text {
        "real" => Ok(Clock::Real { ahead: 0 }),
        instant => Timestamp::parse(instant)
            .map(|at| Clock::Frozen { at })
            .ok_or_else(|| "write `real`, or an instant such as 2026-01-31T09:30:00Z".to_owned()),
    }
}

/// Does what was typed; the exit code.
#[must_use]
pub fn run(command: Command) -> u8 {
    match command {
        Command::Serve(config) => serve(*config),
        Command::Exec(config, gates, words) => exec::run(*config, &gates, &words),
        Command::Check(files) => check::run(&files),
        Command::Init(folder) => init::run(&folder),
        Command::Completions(shell) => {
            let mut script = Vec::new();
            let mut command = Typed::command();
            clap_complete::generate(shell, &mut command, "openmail-mock", &mut script);
            // Whoever closed the pipe has seen enough.
            let _ = std::io::stdout().write_all(&script);
            0
        }
    }
}

fn serve(config: Config) -> u8 {
    let settings = settings(&config);
    let begun = start_beside(&signals::ENDING, config);
    let (runtime, mut signals, running) = match begun {
        Begun::Running(runtime, signals, running) => (runtime, signals, running),
        Begun::Signalled(_) => return 0,
        Begun::Failed(error) => return fail(&error),
    };
    let (url, key) = (running.url(), running.key());
    let banner = format!(
        "openmail-mock {}\n  url      {url}\n  key      {key}   (om_test_<name> opens a world of its own)\n  console  {url}/_mock/\n{}{settings}",
        env!("CARGO_PKG_VERSION"),
        clock_line(running.clock())
    );
    let _ = std::io::stdout().write_all(banner.as_bytes());
    let code = runtime.block_on(async {
        tokio::select! {
            _ = signals.next() => 0,
            () = running.ended() => 1,
        }
    });
    running.stop();
    code
}

/// What became of a start.
enum Begun {
    Running(Runtime, Signals, Running),
    /// A signal came while it went on: loading may take its time, and nobody waits for it.
    Signalled(Signal),
    Failed(StartError),
}

/// Starts a server and listens to signals meanwhile: before anything is ready, so that none finds
/// the process unprepared.
fn start_beside(wanted: &[Signal], config: Config) -> Begun {
    let (runtime, mut signals) = match Signals::listen(wanted) {
        Ok(listening) => listening,
        Err(error) => return Begun::Failed(StartError::System("no signals", error)),
    };
    let (started, starting) = oneshot::channel();
    // It ends with the process, if a signal comes first.
    let thread = std::thread::Builder::new().spawn(move || {
        // Nobody asks any more once a signal came.
        let _ = started.send(crate::start(config));
    });
    if let Err(error) = thread {
        return Begun::Failed(StartError::System("no thread", error));
    }
    let begun = runtime.block_on(async {
        tokio::select! {
            biased;
            started = starting => Ok(started),
            signal = signals.next() => Err(signal),
        }
    });
    match begun {
        Ok(Ok(Ok(running))) => Begun::Running(runtime, signals, running),
        Ok(Ok(Err(error))) => Begun::Failed(error),
        Ok(Err(_)) => {
            let lost = std::io::Error::other("the thread that started it ended");
            Begun::Failed(StartError::System("no start", lost))
        }
        Err(signal) => Begun::Signalled(signal),
    }
}

/// The settings that explain why a mock answers as it does, a line each.
fn settings(config: &Config) -> String {
    let contract = match &config.spec {
        None => "built in".to_owned(),
        Some(path) => path.display().to_string(),
    };
    let mut lines = format!("  contract {contract}\n  seed     {}\n", config.seed);
    if !config.fixtures.is_empty() {
        let names: Vec<String> = config.fixtures.iter().map(Fixture::to_string).collect();
        lines.push_str(&format!("  fixtures {}\n", names.join(", ")));
    }
    if config.limits {
        lines.push_str("  limits   rates, creations and cold outreach are limited\n");
    }
    if config.strict {
        lines.push_str("  strict   unknown fields and parameters are refused\n");
    }
    lines
}

/// The clock in force, whoever set it, if it is not simply the real one.
fn clock_line(clock: Clock) -> String {
    match clock {
        Clock::Frozen { at } => format!("  clock    frozen at {at}\n"),
        Clock::Real { ahead: 0 } => String::new(),
        Clock::Real { ahead } => format!("  clock    {} of the real one\n", offset_text(ahead)),
    }
}

fn fail(error: &StartError) -> u8 {
    let name = match error {
        // As compilers tell it, so that editors find the place.
        StartError::Document(..) | StartError::Fixtures(_) => "",
        StartError::Usage(_)
        | StartError::Bind(..)
        | StartError::PortFile(..)
        | StartError::Unreadable(..)
        | StartError::System(..) => "openmail-mock: ",
    };
    for line in error.to_string().lines() {
        let _ = writeln!(std::io::stderr(), "{name}{line}");
    }
    error.exit_code()
}
