//! What a thousand calls cost that wait for something to happen, and how soon the one wakes that it
//! happened for.

use std::path::Path;
use std::time::Duration;

use super::load::{Connection, request};
use super::server::Server;
use super::{ask, median, now, row};

/// As many as may wait for one world.
const WAITING: usize = 1_000;
/// So many commits are made while they wait.
const COMMITS: usize = 20;
/// How long they are watched while nothing happens.
const WATCHED: Duration = Duration::from_secs(1);

pub fn rows(folder: &Path) {
    let server = Server::mock(folder);
    ask(
        &server,
        "POST",
        "/v1/inboxes",
        "waits",
        r#"{"mailboxName":"desk"}"#,
        201,
    );
    let wait = |question: &str| {
        let mut text = Vec::new();
        request(&mut text, "POST", "/_mock/expect", "waits", question);
        let mut connection = Connection::open(server.address);
        connection.ask(&text);
        connection
    };
    let for_kind =
        |of: &str, matcher: &str| format!(r#"{{"of":"{of}","match":{matcher},"withinMs":600000}}"#);
    for (of, never) in [
        ("messages", r#"{"subject":"never"}"#),
        ("requests", r#"{"path":"/v1/never"}"#),
    ] {
        let question = for_kind(of, never);
        let others: Vec<Connection> = (1..WAITING).map(|_| wait(&question)).collect();
        // One exchange behind them on every connection's event loop: all of them wait by then.
        ask(&server, "GET", "/v1/me", "waits", "", 200);
        std::thread::sleep(WATCHED);
        let cpu = server.cpu_of(|| std::thread::sleep(WATCHED));
        let shown = cpu.map_or("not counted by this system".to_owned(), |cpu| {
            format!("{:.1} ms", cpu.as_secs_f64() * 1e3)
        });
        let what = format!("CPU in a second of 1,000 calls that wait for {of}");
        row(&what, &shown, "–", "–", "0 ms");
        let times = (0..COMMITS)
            .map(|number| woken(&server, of, number, &wait))
            .collect();
        let shown = format!("{:.1} ms", median(times).as_secs_f64() * 1e3);
        let what =
            format!("from a commit to the answer of the one of them that waited for it, {of}");
        row(&what, &shown, "–", "–", "5 ms");
        drop(others);
    }
}

/// From asking for a commit to the end of the answer that it wakes: the commit itself is in it.
fn woken(server: &Server, of: &str, number: usize, wait: &dyn Fn(&str) -> Connection) -> Duration {
    let name = format!("{of}-{number}");
    let (matcher, path, body) = match of {
        "messages" => (
            format!(r#"{{"subject":"{name}"}}"#),
            "/_mock/inbound",
            format!(r#"{{"from":"a@example.com","to":"desk@openmail.sh","subject":"{name}"}}"#),
        ),
        _ => (
            format!(r#"{{"body":{{"clientId":"{name}"}}}}"#),
            "/v1/pods",
            format!(r#"{{"clientId":"{name}"}}"#),
        ),
    };
    let question = format!(r#"{{"of":"{of}","match":{matcher},"withinMs":600000}}"#);
    let mut one = wait(&question);
    std::thread::sleep(Duration::from_millis(20));
    let mut text = Vec::new();
    request(&mut text, "POST", path, "waits", &body);
    let mut commit = Connection::open(server.address);
    let begun = now();
    commit.ask(&text);
    one.answer(200);
    begun.elapsed()
}
