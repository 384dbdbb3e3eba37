//! What the passing of time costs: clocks moved over deliveries, and calls that wait.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use crate::load::{Connection, request};
use crate::server::Server;
use crate::states::{lowest, millis};
use crate::{ROUNDS, ask, grouped, now, row};

/// As many deliveries as a world keeps, and as many calls as may wait for it.
const DELIVERIES: usize = 1_000;
const WAITING: usize = 1_000;
/// How long nothing happens to those who wait.
const QUIET: Duration = Duration::from_secs(1);

pub fn rows(folder: &Path) {
    clock(folder);
    waiting(folder);
}

/// A clock that goes 30 days forward over as many deliveries as there may be.
fn clock(folder: &Path) {
    let server = Server::mock(folder);
    let call = |method, path: &str, body: &str| {
        ask(&server, method, path, "time", body, 200);
    };
    call("POST", "/_mock/clock", r#"{"mode":"frozen"}"#);
    let hold = || call("PUT", "/_mock/deliveries/mode", r#"{"mode":"hold"}"#);
    hold();
    inbox(
        &server,
        "time",
        &format!(r#","webhookUrl":"{}""#, refusing()),
    );
    for _ in 0..DELIVERIES {
        comes(&server, "time");
    }
    call("PUT", "/_mock/snapshots/due", "");
    let forward = |prepare: &dyn Fn()| {
        lowest(|| {
            call("POST", "/_mock/reset", r#"{"to":"due"}"#);
            prepare();
            let begun = now();
            let month = r#"{"by":"30d","timeoutMs":60000}"#;
            call("POST", "/_mock/clock", month);
            begun.elapsed()
        })
    };
    let deliveries = grouped(DELIVERIES);
    let held = forward(&hold);
    let what = format!(
        "clock forward 30 days over {deliveries} deliveries that are held, as many as a world keeps"
    );
    row(&what, &millis(held), "–", "–", "20 ms");
    let failing = forward(&|| call("PUT", "/_mock/deliveries/mode", r#"{"mode":"auto"}"#));
    let what = format!(
        "clock forward 30 days over {deliveries} deliveries failing five times at a refusing port"
    );
    row(&what, &millis(failing), "–", "–", "2 s");
}

/// Calls that wait for a message: what they cost while none comes, and when they hear of one.
fn waiting(folder: &Path) {
    let what = format!("{} waiting expectations", grouped(WAITING));
    // Each connection is a file here and one in the server, which raises its own limit.
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(0);
    if limit < WAITING as u64 + 100 {
        let skipped = format!("skipped: {limit} open files are allowed");
        return row(&what, &skipped, "–", "–", "–");
    }
    let server = Server::mock(folder);
    let (mut quiet, mut first, mut last) = (None, Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let world = format!("waiting-{round}");
        inbox(&server, &world, "");
        let mut expect = Vec::new();
        let wanted = r#"{"of":"messages","match":{"subject":"Hello"},"withinMs":60000}"#;
        request(&mut expect, "POST", "/_mock/expect", &world, wanted);
        let mut waiting: Vec<Connection> = (0..WAITING)
            .map(|_| {
                let mut connection = Connection::open(server.address);
                connection.ask(&expect);
                connection
            })
            .collect();
        // They look once, and sleep from then on.
        std::thread::sleep(QUIET);
        let cpu = server.cpu_of(|| std::thread::sleep(QUIET));
        quiet = quiet.into_iter().chain(cpu).min();
        let begun = now();
        comes(&server, &world);
        let heard = waiting.iter_mut().map(|connection| {
            connection.answer(200);
            begun.elapsed()
        });
        let heard: Vec<Duration> = heard.collect();
        first.extend(heard.first());
        last.extend(heard.last());
    }
    let shown = quiet.map_or_else(|| "not counted by this system".to_owned(), millis);
    row(
        &format!("{what}, CPU during a second in which nothing happens"),
        &shown,
        "–",
        "–",
        "0 ms",
    );
    let [first, last] = [first, last].map(|times| times.into_iter().min().unwrap_or_default());
    let shown = format!("{} · {}", millis(first), millis(last));
    let what = format!(
        "{what} met by one message, from sending it to reading the first answer · to having read all"
    );
    row(&what, &shown, "–", "–", "5 ms");
}

fn inbox(server: &Server, world: &str, more: &str) {
    let body = format!(r#"{{"mailboxName":"desk"{more}}}"#);
    ask(server, "POST", "/v1/inboxes", world, &body, 201);
}

fn comes(server: &Server, world: &str) {
    let mail =
        r#"{"from":"ada@example.com","to":"desk@openmail.sh","subject":"Hello","text":"Hi"}"#;
    ask(server, "POST", "/_mock/inbound", world, mail, 200);
}

/// A port at which nothing listens.
fn refusing() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the system has a free port");
    format!("http://{}", listener.local_addr().expect("it is bound"))
}
