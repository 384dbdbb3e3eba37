//! `exec`: a command beside a mock of its own, as a shell sees it.
//!
//! Nothing here waits for time: commands say when they are ready and wait for their input.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::process::{Killed, fresh_path, program, run, stderr, stdout, text_of};
use crate::support::{Answer, Connection};

/// `exec` over a command that a test speaks with.
struct Run {
    child: Killed,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Run {
    fn start(options: &[&str], script: &str) -> Self {
        Self::of(program(
            &[&["exec"], options, &["--", "sh", "-c", script]].concat(),
        ))
    }

    fn of(mut command: Command) -> Self {
        // A group of its own: whoever runs the tests at a terminal does not change what they see.
        command.process_group(0);
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Killed(command.spawn().expect("it runs"));
        Self {
            stdin: child.0.stdin.take().expect("piped"),
            stdout: BufReader::new(child.0.stdout.take().expect("piped")),
            child,
        }
    }

    /// A command that says where the mock is and ends with `code` after a line of input.
    fn client(options: &[&str], code: u8) -> (Self, SocketAddr) {
        let script = format!("echo $OPENMAIL_API_URL; read line; exit {code}");
        let mut run = Self::start(options, &script);
        let url = run.line();
        let address = url.strip_prefix("http://").map(str::parse);
        let address = address.unwrap_or_else(|| panic!("no URL: {url}"));
        (run, address.expect("an address"))
    }

    /// The next line that the command writes.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("readable");
        line.trim_end().to_owned()
    }

    /// Gives the command its line of input; exec's exit code, and what it said.
    fn end(mut self) -> (Option<i32>, String) {
        let _ = self.stdin.write_all(b"\n");
        let code = self.child.exit_code().code();
        drop(self.stdin);
        let mut said = String::new();
        let mut pipe = self.child.0.stderr.take().expect("piped");
        pipe.read_to_string(&mut said).expect("text");
        (code, said)
    }
}

fn call(address: SocketAddr, method: &str, path: &str) -> Answer {
    let mut connection = Connection::open(address);
    let headers = [
        ("authorization", "Bearer om_test_default".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    let body: &[u8] = if method == "POST" { b"{}" } else { b"" };
    connection.request(method, path, &headers, body);
    connection.answer()
}

#[test]
fn the_command_finds_the_mock_in_its_environment() {
    let script = "echo $OPENMAIL_API_URL $OPENMAIL_BASE_URL $OPENMAIL_API_KEY";
    let mut command = program(&["exec", "--", "sh", "-c", script]);
    command.stderr(Stdio::piped());
    command.env("OPENMAIL_API_KEY", "om_live_dangerous");
    // A port of the environment is meant for serving.
    command.env("OPENMAIL_MOCK_PORT", "1");
    let output = command.output().expect("it runs");
    let told = stdout(&output);
    let words: Vec<&str> = told.split_whitespace().collect();
    assert!(words[0].starts_with("http://127.0.0.1:") && !words[0].ends_with('/'));
    assert_ne!(words[0], "http://127.0.0.1:1");
    assert_eq!(words[1..], [words[0], "om_test_default"]);
    assert_eq!(stderr(&output), "", "the output is that of the command");
}

#[test]
fn the_mock_answers_while_the_command_runs() {
    let (run, address) = Run::client(&[], 0);
    call(address, "GET", "/v1/pods").expect(200);
    call(address, "GET", "/v1/podz").expect(404);
    assert_eq!(run.end(), (Some(0), String::new()));
}

#[test]
fn a_log_that_is_asked_for_is_written() {
    let (run, address) = Run::client(&["--log", "pretty"], 0);
    call(address, "GET", "/v1/pods").expect(200);
    let (code, said) = run.end();
    assert_eq!(code, Some(0));
    assert!(said.starts_with("200 GET /v1/pods"), "{said}");
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    for code in [0, 1, 7, 255] {
        let script = format!("exit {code}");
        let output = run(&["exec", "--", "sh", "-c", &script]);
        assert_eq!(output.status.code(), Some(code));
    }
}

#[test]
fn a_command_that_a_signal_killed_gives_128_and_its_number() {
    let output = run(&["exec", "--", "sh", "-c", "kill -KILL $$"]);
    assert_eq!(output.status.code(), Some(137));
}

#[test]
fn a_command_that_is_not_there_gives_127() {
    for word in ["no-such-command", "./no-such-command", ""] {
        let output = run(&["exec", "--", word]);
        assert_eq!(output.status.code(), Some(127));
        let said = format!("openmail-mock: {word}: command not found\n");
        assert_eq!(stderr(&output), said);
    }
}

#[test]
fn a_command_that_cannot_be_executed_gives_126() {
    for word in ["./Cargo.toml", "./src"] {
        let output = run(&["exec", "--", word]);
        assert_eq!(output.status.code(), Some(126));
        let said = stderr(&output);
        let begin = format!("openmail-mock: {word}: cannot be executed: ");
        assert!(said.starts_with(&begin), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn wrong_usage_of_exec_exits_with_2() {
    for arguments in [
        &["exec"][..],
        &["exec", "--"],
        &["exec", "echo"],
        &["exec", "--port", "0", "--", "echo"],
        &["exec", "--port-file", "place.json", "--", "echo"],
        &["exec", "--fail-on", "unknwon", "--", "echo"],
        &["exec", "--fail-on", "breach,", "--", "echo"],
        &["exec", "--host", "0.0.0.0", "--", "echo"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_start_that_fails_runs_no_command() {
    let output = run(&["exec", "--spec", "no-such.json", "--", "echo", "ran"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stdout(&output), "");
}

#[test]
fn options_behind_the_dashes_belong_to_the_command() {
    let words = ["--port", "1", "--", "--fail-on", "nothing"];
    let command = ["exec", "--", "sh", "-c", "echo \"$@\"", "sh"];
    let output = run(&[&command[..], &words].concat());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stdout(&output).trim_end(), words.join(" "));
}

/// Waits for signals, and no longer than `exec` lives.
const UNTIL_SIGNALLED: &str = "while kill -0 $PPID 2>/dev/null; do read line; done";

#[test]
fn signals_reach_the_command() {
    for (signal, code) in [("TERM", 143), ("USR1", 138), ("USR2", 140)] {
        let mut run = Run::start(&[], &format!("echo ready; {UNTIL_SIGNALLED}"));
        run.line();
        run.child.signal(&format!("-{signal}"));
        assert_eq!(run.end().0, Some(code), "{signal}");
    }
}

#[test]
fn a_command_decides_itself_what_a_signal_means() {
    let script = format!("trap 'echo got; exit 7' TERM; echo ready; {UNTIL_SIGNALLED}");
    let mut run = Run::start(&[], &script);
    assert_eq!(run.line(), "ready");
    run.child.signal("-TERM");
    assert_eq!(run.line(), "got");
    assert_eq!(run.end().0, Some(7));
}

#[test]
fn a_second_signal_reaches_the_command_too() {
    let trap = "n=0; trap 'n=$((n+1)); echo $n; [ $n = 2 ] && exit 5' TERM";
    let mut run = Run::start(&[], &format!("{trap}; echo ready; {UNTIL_SIGNALLED}"));
    run.line();
    for number in ["1", "2"] {
        run.child.signal("-TERM");
        assert_eq!(run.line(), number);
    }
    assert_eq!(run.end().0, Some(5));
}

/// The start waits for its document, and the signal comes meanwhile.
#[test]
fn a_signal_during_the_start_ends_it() {
    let path = fresh_path("exec-document.fifo");
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("mkfifo runs").success());
    let run = Run::start(&["--spec", text_of(&path)], "echo started");
    // Opening waits for the reader, who then waits for a document that never comes.
    let _fifo = fs::OpenOptions::new().write(true).open(&path);
    run.child.signal("-TERM");
    assert_eq!(run.end().0, Some(143));
}

#[cfg(target_os = "linux")]
#[test]
fn what_was_ignored_stays_ignored_for_the_command() {
    // The outer one runs a shell that ignores a signal and becomes the inner one.
    let script = "trap '' USR1; exec \"$0\" exec -- sh -c 'kill -USR1 $$; echo survived'";
    let binary = env!("CARGO_BIN_EXE_openmail-mock");
    let output = run(&["exec", "--", "sh", "-c", script, binary]);
    assert_eq!(stdout(&output), "survived\n");
}

/// What a terminal's Ctrl-C does: the kernel tells the whole foreground group, `exec` nobody again.
#[test]
fn ctrl_c_at_a_terminal_reaches_the_command_once() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: python3 is not on this machine");
        return;
    }
    let at_a_terminal = r#"
import os, pty, signal, sys
pid, terminal = pty.fork()
if pid == 0:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:2] + ["exec", "--", "sh", "-c", sys.argv[2]])
told = b""
def wait_for(words):
    global told
    while words not in told:
        told += os.read(terminal, 1000)
wait_for(b"ready")
# Stopped, so that a second SIGINT could only come when the first is dealt with.
os.kill(pid, signal.SIGSTOP)
os.waitpid(pid, os.WUNTRACED)
os.write(terminal, b"\x03")
wait_for(b"got")
# Handed on in any case, and after a SIGINT that was handed on by mistake.
os.kill(pid, signal.SIGUSR1)
os.kill(pid, signal.SIGCONT)
wait_for(b"end")
print(told.count(b"got"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;
    let trap = "trap 'echo got' INT; trap 'echo end; exit 7' USR1";
    let output = Command::new("python3")
        .args(["-c", at_a_terminal, env!("CARGO_BIN_EXE_openmail-mock")])
        .arg(format!("{trap}; echo ready; {UNTIL_SIGNALLED}"))
        .output()
        .expect("python3 runs");
    assert_eq!(stdout(&output), "1 7\n", "{}", stderr(&output));
}

#[test]
fn what_the_command_leaves_behind_is_not_waited_for() {
    // It holds our streams until this test lets go of its input.
    let mut run = Run::start(&[], "cat <&0 & echo left; exit 3");
    assert_eq!(run.line(), "left");
    assert_eq!(run.child.exit_code().code(), Some(3));
}

#[test]
fn an_unknown_call_fails_a_run_that_succeeded_and_is_named() {
    let (run, address) = Run::client(&["--fail-on", "breach,unknown"], 0);
    for _ in 0..3 {
        call(address, "GET", "/v1/podz").expect(404);
    }
    call(address, "DELETE", "/v1/pods").expect(405);
    let said = "openmail-mock: --fail-on unknown: GET /v1/podz was called 3 times; did you mean /v1/pods?\n\
                openmail-mock: --fail-on unknown: DELETE /v1/pods was called once; it has GET, POST\n";
    assert_eq!(run.end(), (Some(1), said.to_owned()));
}

#[test]
fn a_clean_run_is_not_failed() {
    let options = ["--fail-on", "breach", "--fail-on", "unknown"];
    let (run, address) = Run::client(&options, 0);
    call(address, "POST", "/v1/pods").expect(201);
    call(address, "GET", "/v1/pods/nobody").expect(404);
    assert_eq!(run.end(), (Some(0), String::new()));
}

#[test]
fn only_what_was_asked_for_fails_a_run() {
    let (run, address) = Run::client(&["--fail-on", "breach"], 0);
    call(address, "GET", "/v1/podz").expect(404);
    assert_eq!(run.end(), (Some(0), String::new()));
}

#[test]
fn the_commands_own_failure_is_its_exit_code() {
    let (run, address) = Run::client(&["--fail-on", "unknown"], 9);
    call(address, "GET", "/v1/podz").expect(404);
    let (code, said) = run.end();
    assert_eq!(code, Some(9));
    assert!(said.contains("GET /v1/podz was called once"), "{said}");
}

#[test]
fn unknown_calls_past_what_one_reads_are_summed_up() {
    let (run, address) = Run::client(&["--fail-on", "unknown"], 0);
    for number in 0..130 {
        call(address, "GET", &format!("/nowhere/{number}")).expect(404);
    }
    let (code, said) = run.end();
    assert_eq!(code, Some(1));
    assert_eq!(said.lines().count(), 21, "{said}");
    assert!(said.ends_with(": 110 further calls\n"), "{said}");
}

#[test]
fn the_twin_of_fail_on_counts() {
    let mut command = program(&[
        "exec",
        "--",
        "sh",
        "-c",
        "echo $OPENMAIL_API_URL; read line",
    ]);
    command.env("OPENMAIL_MOCK_FAIL_ON", "unknown,breach");
    command.env("OPENMAIL_MOCK_SPEC", "");
    let mut run = Run::of(command);
    let url = run.line();
    let address = url.trim_start_matches("http://").parse();
    call(address.expect("an address"), "GET", "/v1/podz").expect(404);
    assert_eq!(run.end().0, Some(1));
}

/// The built-in document without the status that a created pod is answered with.
fn document_that_is_broken() -> Value {
    let text = openmail_mock::api::DOCUMENT;
    let mut document: Value = serde_json::from_str(text).expect("it is JSON");
    let answers = &mut document["paths"]["/v1/pods"]["post"]["responses"];
    let answers = answers.as_object_mut().expect("answers");
    let created = answers.remove("201").expect("pods are created");
    answers.insert("202".to_owned(), created);
    document
}

#[test]
fn a_breach_fails_a_run_that_succeeded_and_is_named() {
    let path = fresh_path("exec-broken.json");
    fs::write(&path, document_that_is_broken().to_string()).expect("writable");
    let options = ["--spec", text_of(&path), "--fail-on", "breach"];
    let (run, address) = Run::client(&options, 0);
    let answer = call(address, "POST", "/v1/pods").refused(500, "contract_breach");
    assert_eq!(answer.json()["violations"][0]["actual"], json!(201));
    let (code, said) = run.end();
    assert_eq!(code, Some(1));
    let last = said.lines().last().unwrap_or_default();
    let begin = "openmail-mock: --fail-on breach: POST /v1/pods met a defect of the mock once; the mock's answer 201";
    assert!(last.starts_with(begin), "{said}");
}

#[test]
fn a_run_that_covers_too_little_fails_and_says_what_helps_most() {
    let (run, address) = Run::client(&["--fail-under", "50"], 0);
    call(address, "POST", "/v1/pods").expect(201);
    let (code, said) = run.end();
    assert_eq!(code, Some(1));
    let mut lines = said.lines();
    let first = lines.next().unwrap_or_default();
    let figure = "openmail-mock: --fail-under 50: ";
    assert!(
        first.starts_with(figure) && first.contains(" % of the API is covered, "),
        "{said}"
    );
    assert!(said.contains("operations were never called: "), "{said}");
    assert!(said.contains(" --fail-under 50: createPod: "), "{said}");
}

#[test]
fn a_run_that_covers_enough_is_the_commands() {
    let (run, address) = Run::client(&["--fail-under", "0.1"], 0);
    call(address, "POST", "/v1/pods").expect(201);
    assert_eq!(run.end(), (Some(0), String::new()));
}

#[test]
fn a_command_that_failed_keeps_its_code_whatever_it_covered() {
    let (run, _) = Run::client(&["--fail-under", "100"], 9);
    assert_eq!(run.end(), (Some(9), String::new()));
}

#[test]
fn of_a_command_that_is_not_found_no_coverage_is_told() {
    let output = run(&["exec", "--fail-under", "100", "--", "no-such-command-here"]);
    assert_eq!(output.status.code(), Some(127));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("command not found"), "{said}");
    assert!(!said.contains("--fail-under"), "{said}");
}

#[test]
fn the_twin_of_fail_under_counts() {
    let mut command = program(&["exec", "--", "true"]);
    command.env("OPENMAIL_MOCK_FAIL_UNDER", "50");
    command.env("OPENMAIL_MOCK_SPEC", "");
    let (code, said) = Run::of(command).end();
    assert_eq!(code, Some(1));
    assert!(said.contains("openmail-mock: --fail-under 50: "), "{said}");
}

#[test]
fn a_percentage_is_one() {
    for wrong in ["-1", "101", "NaN", "most"] {
        let output = run(&["exec", &format!("--fail-under={wrong}"), "--", "echo"]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}
