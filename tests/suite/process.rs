//! The program as a shell sees it: options, streams, exit codes, signals.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Answer, Connection};

/// What no start or end may outlast, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program, in an environment that says nothing to it.
pub(super) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openmail-mock"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OPENMAIL_MOCK_") {
            command.env_remove(name);
        }
    }
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// A path that no other test uses and where nothing is.
pub(super) fn fresh_path(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path);
    path
}

pub(super) fn text_of(path: &Path) -> &str {
    path.to_str().expect("a path of ours is text")
}

/// Runs the program to its end.
pub(super) fn run(arguments: &[&str]) -> Output {
    let mut command = program(arguments);
    let mut child = Killed(command.stderr(Stdio::piped()).spawn().expect("it runs"));
    let status = child.exit_code();
    // What these runs say fits into a pipe, so nothing waits for its reader.
    let mut output = Output {
        status,
        stdout: Vec::new(),
        stderr: Vec::new(),
    };
    let (stdout, stderr) = (child.0.stdout.take(), child.0.stderr.take());
    stdout
        .expect("piped")
        .read_to_end(&mut output.stdout)
        .expect("readable");
    stderr
        .expect("piped")
        .read_to_end(&mut output.stderr)
        .expect("readable");
    output
}

pub(super) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(super) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A child that does not outlive its test.
pub(super) struct Killed(pub(super) Child);

impl Killed {
    /// Waits for the end, within bounds.
    #[allow(clippy::disallowed_methods)] // The patience of tests is real time.
    pub(super) fn exit_code(&mut self) -> std::process::ExitStatus {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.0.try_wait().expect("it can be waited for") {
                return status;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("it does not end");
    }

    pub(super) fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program, serving.
struct Server {
    child: Killed,
    stdout: BufReader<ChildStdout>,
    banner: Vec<String>,
    address: SocketAddr,
}

impl Server {
    /// Runs the command until it says where it listens.
    fn start(mut command: Command) -> Self {
        let mut child = Killed(command.spawn().expect("it runs"));
        let mut stdout = BufReader::new(child.0.stdout.take().expect("piped"));
        let mut banner = Vec::new();
        while !banner
            .last()
            .is_some_and(|line: &String| line.contains("seed"))
        {
            let mut line = String::new();
            let read = stdout.read_line(&mut line).expect("readable");
            assert!(read > 0, "it ended after {banner:?}");
            banner.push(line.trim_end().to_owned());
        }
        let url = banner
            .iter()
            .find_map(|line| line.trim().strip_prefix("url"));
        let address = url.expect("a line with the URL").trim();
        let address = address.strip_prefix("http://").expect("a URL");
        Self {
            child,
            stdout,
            address: address.parse().expect("an address"),
            banner,
        }
    }

    /// With these arguments and a port of the system's choice.
    fn with(arguments: &[&str]) -> Self {
        Self::start(program(&[&["--port", "0"], arguments].concat()))
    }

    fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    fn get(&self, path: &str) -> Answer {
        let mut connection = self.connect();
        let key = ("authorization", "Bearer om_test_default".to_owned());
        connection.request("GET", path, &[key], b"");
        connection.answer()
    }

    /// Sends the signal; the exit code, and how long it took to come.
    #[allow(clippy::disallowed_methods)] // How long a process takes to end is real time.
    fn end(&mut self, signal: &str) -> (Option<i32>, Duration) {
        let begun = Instant::now();
        self.child.signal(signal);
        let status = self.child.exit_code();
        (status.code(), begun.elapsed())
    }

    /// What else it wrote, once it has ended.
    fn rest_of_stdout(&mut self) -> String {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("readable");
        rest
    }
}

#[test]
fn the_banner_fits_in_ten_lines() {
    let mut server = Server::with(&["--seed", "42"]);
    server.end("-TERM");
    let rest = server.rest_of_stdout();
    assert_eq!(rest, "", "nothing follows the banner");
    assert!(server.banner.len() <= 10);
}

#[test]
fn the_banner_names_url_key_console_and_seed() {
    let server = Server::with(&["--seed", "42"]);
    let banner = server.banner.join("\n");
    let console = format!("http://{}/_mock/", server.address);
    for what in [&console, "om_test_default", "42"] {
        assert!(banner.contains(what), "no {what} in {banner}");
    }
}

/// Only a clock of the command line was shown.
#[test]
fn the_banner_shows_the_clock_that_a_fixture_sets() {
    let path = fresh_path("frozen.json");
    let clock = r#"{ "clock": { "mode": "frozen", "at": "2031-05-01T00:00:00Z" } }"#;
    fs::write(&path, clock).expect("writable");
    let banner = Server::with(&["--fixtures", text_of(&path)])
        .banner
        .join("\n");
    let line = "clock    frozen at 2031-05-01T00:00:00.000Z";
    assert!(banner.contains(line), "{banner}");
}

fn read_json(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("the file is there");
    serde_json::from_str(&text).expect("it is whole")
}

#[test]
fn the_port_file_says_where_the_server_is() {
    let path = fresh_path("says-where.json");
    let server = Server::with(&["--port-file", text_of(&path)]);
    let place = read_json(&path);
    assert_eq!(place["url"], format!("http://{}", server.address));
    assert_eq!(place["port"], server.address.port());
    assert_eq!(place["pid"], server.child.0.id());
    assert_eq!(place["key"], "om_test_default");
}

#[test]
#[allow(clippy::disallowed_methods)] // The patience of tests is real time.
fn whoever_sees_the_port_file_can_use_the_server() {
    let path = fresh_path("can-use.json");
    let arguments = ["--port", "0", "--port-file", text_of(&path)];
    let _child = Killed(program(&arguments).spawn().expect("it runs"));
    let begun = Instant::now();
    while !path.exists() {
        assert!(begun.elapsed() < PATIENCE, "no port file");
        std::thread::yield_now();
    }
    let port = read_json(&path)["port"].as_u64().expect("a port");
    let address = format!("127.0.0.1:{port}").parse().expect("an address");
    let mut connection = Connection::open(address);
    connection.request("GET", "/health", &[], b"");
    connection.answer().expect(200);
}

#[test]
fn a_stale_port_file_is_gone_although_the_start_fails() {
    let path = fresh_path("stale.json");
    fs::write(&path, "{\"port\": 1}").expect("writable");
    let arguments = [
        "--port",
        "0",
        "--port-file",
        text_of(&path),
        "--spec",
        "no-such.json",
    ];
    assert_eq!(run(&arguments).status.code(), Some(3));
    assert!(!path.exists());
}

#[test]
fn the_port_file_goes_with_the_server() {
    let path = fresh_path("goes.json");
    let mut server = Server::with(&["--port-file", text_of(&path)]);
    server.end("-TERM");
    assert!(!path.exists());
}

/// A restart with the same port file used to lose it when the predecessor had drained.
#[test]
fn the_port_file_of_a_successor_stays() {
    let path = fresh_path("successor.json");
    let mut server = Server::with(&["--port-file", text_of(&path)]);
    fs::write(&path, "the successor's").expect("writable");
    server.end("-TERM");
    assert!(path.exists());
}

#[test]
fn a_port_file_that_cannot_be_written_is_a_failure_in_one_line() {
    let output = run(&["--port", "0", "--port-file", "no-such-folder/port.json"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("no-such-folder/port.json"), "{said}");
}

#[test]
fn a_taken_port_is_said_in_one_line_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let output = run(&["--port", &port]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(&port) && said.contains("--port 0"), "{said}");
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &["--prot", "1"][..],
        &["--port", "65536"],
        &["--host", "mail.example.test"],
        &["--clock", "yesterday"],
        &["--public-url", "mail.example.test"],
        &["--log", "loud"],
        &["--max-body", "36M"],
        &["--max-body", "268435457"],
        &["--port", "0", "--host", "0.0.0.0"],
        &["--port", "0", "--host", "0.0.0.0", "--control-token", ""],
        &["check"],
        &["serve"],
        &["completions", "klingon"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_missing_document_exits_with_3_and_names_it() {
    let output = run(&["--port", "0", "--spec", "no-such.json"]);
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(said.contains("no-such.json: "), "{said}");
}

/// A document without a version, which is missed in its third line.
fn faulty_document(name: &str) -> PathBuf {
    let path = fresh_path(name);
    let document =
        "{\n  \"openapi\": \"3.0.3\",\n  \"info\": {\"title\": \"Faulty\"},\n  \"paths\": {}\n}\n";
    fs::write(&path, document).expect("writable");
    path
}

#[test]
fn an_invalid_document_exits_with_3_and_the_place_of_the_fault() {
    let path = faulty_document("faulty-serve.json");
    let output = run(&["--port", "0", "--spec", text_of(&path)]);
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    let place = format!("{}:3:", text_of(&path));
    let rest = said.split_once(&place).map(|(_, rest)| rest);
    let column = rest.and_then(|rest| rest.split(':').next()?.parse::<u32>().ok());
    assert!(column.is_some(), "no file:line:column in {said}");
}

#[test]
fn every_option_has_a_twin_in_the_environment() {
    let path = fresh_path("twin.json");
    let mut command = program(&[]);
    command.env("OPENMAIL_MOCK_PORT", "0");
    command.env("OPENMAIL_MOCK_HOST", "localhost");
    command.env("OPENMAIL_MOCK_PORT_FILE", &path);
    command.env("OPENMAIL_MOCK_SPEC", "openapi.json");
    command.env("OPENMAIL_MOCK_SEED", "4711");
    command.env("OPENMAIL_MOCK_FIXTURES", "saas,agency");
    command.env("OPENMAIL_MOCK_CLOCK", "2026-01-31T09:30:00Z");
    command.env("OPENMAIL_MOCK_LIMITS", "on");
    command.env("OPENMAIL_MOCK_STRICT", "1");
    command.env("OPENMAIL_MOCK_MAX_BODY", "65536");
    command.env("OPENMAIL_MOCK_JOURNAL_BYTES", "65536");
    command.env("OPENMAIL_MOCK_PUBLIC_URL", "http://mail.example.test/");
    command.env("OPENMAIL_MOCK_LOG", "off");
    command.env("OPENMAIL_MOCK_CONTROL_TOKEN", "secret");
    let server = Server::start(command);
    let banner = server.banner.join("\n");
    assert!(
        banner.contains("openapi.json") && banner.contains("4711"),
        "{banner}"
    );
    assert_eq!(read_json(&path)["port"], server.address.port());
    assert_eq!(server.get("/v1/pods").expect(200).json()["total"], 5);
    server.get("/v1/pods?nope=1").refused(400, "bad_request");
    server.get("/_mock/clock").refused(401, "unauthorized");
    let mut connection = server.connect();
    let headers = [
        ("host", "mail.example.test".to_owned()),
        ("openmail-mock-token", "secret".to_owned()),
    ];
    connection.request("GET", "/_mock/clock", &headers, b"");
    let clock = connection.answer().expect(200).json();
    assert_eq!(clock["now"], "2026-01-31T09:30:00.000Z");
    connection.request("GET", "/_mock/state", &headers, b"");
    let state = connection.answer().expect(200).json();
    assert_eq!(state["account"]["limits"], "on");
}

#[test]
fn limits_are_on_or_off() {
    let output = run(&["--port", "0", "--limits", "maybe"]);
    assert_eq!(output.status.code(), Some(2));
    for word in ["on", "off"] {
        let server = Server::start(program(&["--port", "0", "--limits", word]));
        let state = server.get("/_mock/state").expect(200).json();
        assert_eq!(state["account"]["limits"], word);
    }
}

#[test]
fn the_command_line_wins_over_the_environment() {
    let mut command = program(&["--port", "0", "--seed", "1"]);
    command.env("OPENMAIL_MOCK_PORT", "1");
    command.env("OPENMAIL_MOCK_SEED", "4711");
    let banner = Server::start(command).banner.join("\n");
    assert!(!banner.contains("4711"), "{banner}");
}

/// `OPENMAIL_MOCK_SPEC=` in a compose file used to end the start with wrong usage.
#[test]
fn an_empty_twin_counts_as_unset() {
    let mut command = program(&["--port", "0"]);
    for option in [
        "HOST",
        "PORT_FILE",
        "SPEC",
        "SEED",
        "LIMITS",
        "STRICT",
        "LOG",
        "CONTROL_TOKEN",
        "CLOCK",
    ] {
        command.env(format!("OPENMAIL_MOCK_{option}"), "");
    }
    let server = Server::start(command);
    server.get("/_mock/clock").expect(200);
}

#[test]
fn check_lists_every_operation_of_the_document() {
    let output = run(&["check", "openapi.json"]);
    assert_eq!(output.status.code(), Some(0));
    let table = stdout(&output);
    let text = fs::read_to_string("openapi.json").expect("the document is there");
    let document: Value = serde_json::from_str(&text).expect("it is JSON");
    let paths = document["paths"].as_object().expect("paths");
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("a path item") {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            let row = table
                .lines()
                .find(|line| line.split_whitespace().next() == Some(id));
            let row = row.unwrap_or_else(|| panic!("no row {id} in {table}"));
            for cell in [&method.to_uppercase(), path, "built in"] {
                assert!(row.contains(cell), "no {cell} in {row}");
            }
        }
    }
}

#[test]
fn check_says_which_answers_are_synthesised() {
    let path = fresh_path("stranger.json");
    let document = r#"{"openapi": "3.0.3", "info": {"title": "Stranger", "version": "1"}, "paths": {"/v2/stars":
        {"get": {"operationId": "listStars", "responses": {"204": {"description": "none"}}}}}}"#;
    fs::write(&path, document).expect("writable");
    let table = stdout(&run(&["check", text_of(&path)]));
    let row = table.lines().find(|line| line.starts_with("listStars"));
    assert!(
        row.is_some_and(|row| row.contains("synthesised")),
        "{table}"
    );
}

#[test]
fn check_goes_on_after_a_faulty_file() {
    let path = faulty_document("faulty-check.json");
    let output = run(&["check", "no-such.json", text_of(&path), "openapi.json"]);
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(
        said.contains("no-such.json") && said.contains("faulty-check.json:3:"),
        "{said}"
    );
    assert!(stdout(&output).contains("createPod"));
}

#[test]
fn completions_are_a_script_for_the_shell() {
    let output = run(&["completions", "bash"]);
    assert_eq!(output.status.code(), Some(0));
    let script = stdout(&output);
    assert!(script.contains("complete -F") && script.contains("--port-file"));
}

#[test]
fn signals_end_the_process_in_order() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::with(&[]);
        assert_eq!(server.end(signal).0, Some(0), "{signal}");
    }
}

/// What a client that does not close costs the end: nothing if it is idle.
#[test]
fn an_idle_connection_does_not_delay_the_end() {
    let mut server = Server::with(&[]);
    let mut idle = server.connect();
    idle.request("GET", "/health", &[], b"");
    idle.answer().expect(200);
    let (code, took) = server.end("-TERM");
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

/// What may come on top of the two seconds, on a machine that is busy with other tests.
const SLACK: Duration = Duration::from_secs(1);

#[test]
fn stalled_requests_do_not_keep_the_process_longer_than_the_drain() {
    let mut server = Server::with(&[]);
    let halves = [
        "GET /health HTTP/1.1\r\nhost: loc",
        "POST /v1/pods HTTP/1.1\r\ncontent-length: 9\r\n\r\n{",
    ];
    let stalled = halves.map(|half| {
        let mut connection = server.connect();
        connection.write(half.as_bytes());
        connection
    });
    // Answered later than the bytes above were sent, so they have most likely been read.
    server.get("/health").expect(200);
    let (code, took) = server.end("-TERM");
    drop(stalled);
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2) + SLACK, "{took:?}");
}

/// Serves with a pipe for stderr, has requests answered, ends, and returns what was written there.
fn log_of(arguments: &[&str], targets: &[&str]) -> Vec<String> {
    let mut command = program(&[&["--port", "0"], arguments].concat());
    command.stderr(Stdio::piped());
    let mut server = Server::start(command);
    for target in targets {
        server.get(target);
    }
    let mut garbage = server.connect();
    garbage.write(b"what is this\r\n\r\n");
    garbage.answer().expect(400);
    // A refused peer that does not close is waited for.
    drop(garbage);
    server.end("-TERM");
    let pipe = server.child.0.stderr.take().expect("piped");
    let lines = BufReader::new(pipe).lines();
    lines.map(|line| line.expect("text")).collect()
}

fn parsed(lines: &[String]) -> Vec<Value> {
    let parse = |line: &String| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"))
    };
    lines.iter().map(parse).collect()
}

#[test]
fn a_pipe_gets_one_json_line_for_each_exchange() {
    let lines = parsed(&log_of(
        &[],
        &["/v1/pods", "/nowhere", "/_mock/clock", "/health"],
    ));
    let statuses: Vec<u64> = lines
        .iter()
        .filter_map(|line| line["status"].as_u64())
        .collect();
    assert_eq!(statuses, [200, 404, 200, 200, 400]);
}

#[test]
fn a_json_line_says_what_was_asked_and_what_became_of_it() {
    let lines = parsed(&log_of(&["--log", "json"], &["/v1/pods/nobody"]));
    let line = &lines[0];
    assert_eq!(line["method"], "GET");
    assert_eq!(line["path"], "/v1/pods/nobody");
    assert_eq!(line["operation"], "getPod");
    assert_eq!(line["world"], "default");
    assert_eq!(line["error"], "not_found");
    assert!(line["id"].is_string() && line["micros"].is_u64());
}

#[test]
fn a_line_says_what_was_forced_and_what_was_dropped() {
    let mut command = program(&["--port", "0", "--log", "json"]);
    command.stderr(Stdio::piped());
    let mut server = Server::start(command);
    let key = ("authorization", "Bearer om_test_default".to_owned());
    let json = ("content-type", "application/json".to_owned());
    let faults = r#"[{ "operation": "listPods", "drop": "before" }]"#;
    let mut connection = server.connect();
    connection.request("PUT", "/_mock/faults", &[json], faults.as_bytes());
    connection.answer().expect(200);
    let preference = ("prefer", "code=404".to_owned());
    connection.request("GET", "/v1/pods/x", &[key.clone(), preference], b"");
    connection.answer().expect(404);
    connection.request("GET", "/v1/pods", &[key], b"");
    assert_eq!(connection.rest(), b"");
    server.end("-TERM");
    let pipe = server.child.0.stderr.take().expect("piped");
    let lines: Vec<String> = BufReader::new(pipe).lines().map_while(Result::ok).collect();
    let lines = parsed(&lines);
    assert!(lines[0].get("forced").is_none());
    assert_eq!(
        (&lines[1]["forced"], &lines[1]["fault"]),
        (&true.into(), &Value::Null)
    );
    let dropped = serde_json::json!({ "index": 0, "drop": "before" });
    assert_eq!(
        (&lines[2]["status"], &lines[2]["fault"]),
        (&Value::Null, &dropped)
    );
}

#[test]
fn people_get_one_line_for_each_exchange() {
    let lines = log_of(&["--log", "pretty"], &["/v1/pods", "/nowhere"]);
    let statuses: Vec<&str> = lines
        .iter()
        .map(|line| line.split(' ').next().unwrap_or_default())
        .collect();
    assert_eq!(statuses, ["200", "404", "400"]);
}

#[test]
fn a_log_that_is_off_is_silent() {
    let lines = log_of(&["--log", "off"], &["/v1/pods", "/nowhere"]);
    assert_eq!(lines, Vec::<String>::new());
}

/// A server whose stderr is a pipe that is full, with more lines waiting than may wait.
fn server_that_nobody_reads() -> Server {
    let mut command = program(&["--port", "0"]);
    command.stderr(Stdio::piped());
    let server = Server::start(command);
    let mut connection = server.connect();
    let path = format!("/{}", "x".repeat(400));
    let request = format!("GET {path} HTTP/1.1\r\n\r\n").repeat(100);
    // Each line has over 400 bytes: 64 KiB fill the pipe, and 1,024 lines may wait behind it.
    for _ in 0..14 {
        connection.write(request.as_bytes());
        for _ in 0..100 {
            connection.answer().expect(404);
        }
    }
    server
}

#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    let mut server = server_that_nobody_reads();
    server.get("/health").expect(200);
    let (code, took) = server.end("-TERM");
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn log_lines_that_were_dropped_are_counted_in_the_format_of_the_others() {
    let mut server = server_that_nobody_reads();
    let pipe = server.child.0.stderr.take().expect("piped");
    let dropped = BufReader::new(pipe).lines().find_map(|line| {
        let line: Value = serde_json::from_str(&line.expect("text")).expect("JSON");
        line["droppedLines"].as_u64()
    });
    assert!(dropped.is_some_and(|lines| lines > 0));
}
