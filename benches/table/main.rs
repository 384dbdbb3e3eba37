//! The performance table: what this mock costs beside a bare hyper server that answers the same
//! bytes. `cargo bench --bench table` prints it as Markdown.
//!
//! Both servers are processes of their own, so that what they use can be told from what asking
//! them uses. A slow result is a number in the table, never a failure: machines differ too much.
//! What an answer means is no matter here, only that each came whole and with its status.

mod bare;
mod load;
mod mail;
mod server;
mod states;
mod time;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use load::{Connection, Load, request};
use server::Server;

/// Connections that ask at the same time.
const CONNECTIONS: usize = 16;
/// The lowest of these counts: whatever else runs on the machine only ever adds.
const ROUNDS: usize = 5;
/// Worlds opened to see what one costs; fewer than may live.
const WORLDS: usize = 2_000;

/// How much is asked.
struct Extent {
    requests: usize,
    /// Requests after which memory should not have grown.
    many: usize,
    starts: usize,
    connections: &'static [usize],
    is_full: bool,
    builds: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    match arguments.first().map(String::as_str) {
        Some("bare") => bare::serve(Path::new(&arguments[1]), Path::new(&arguments[2])),
        Some(mail::KEEP) => return mail::keep(),
        // `cargo test --all-targets` runs this too, without the argument that `cargo bench` adds.
        _ if !given("--bench") => {
            println!("measured by `cargo bench --bench table`");
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let is_quick = given("--quick") || std::env::var_os("OPENMAIL_MOCK_BENCH_QUICK").is_some();
    let extent = Extent {
        requests: if is_quick { 2_000 } else { 20_000 },
        many: if is_quick { 200_000 } else { 1_000_000 },
        starts: if is_quick { 5 } else { 20 },
        connections: if is_quick { &[1_000] } else { &[1_000, 10_000] },
        is_full: !is_quick,
        builds: given("--build"),
    };
    println!("{}\n", machine(&extent));
    println!("| What | openmail-mock | bare hyper | ratio | target |");
    println!("|---|---|---|---|---|");
    let folder = std::env::temp_dir().join(format!("openmail-mock-table-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the system's temporary folder takes files");
    let all = !["--pods", "--mail", "--time"].into_iter().any(given);
    if all || given("--pods") {
        of_pods(&folder, &extent);
        starts(&folder, &extent);
    }
    if all {
        memory(&folder, &extent);
        for &connections in extent.connections {
            kept_alive(&folder, connections);
        }
        worlds(&folder);
    }
    if all || given("--time") {
        time::rows(&folder);
    }
    if all {
        states::rows(&folder, is_quick);
    }
    if all || given("--mail") {
        mail::rows(&folder, &extent);
    }
    if all {
        size_and_build(&folder, &extent);
    }
    let _ = std::fs::remove_dir_all(&folder);
    ExitCode::SUCCESS
}

/// What a reader must know to compare.
fn machine(extent: &Extent) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut models = processors.lines().filter_map(|line| {
        let (name, model) = line.split_once(':')?;
        (name.trim() == "model name").then(|| model.trim().to_owned())
    });
    format!(
        "openmail-mock {} on {cores} cores ({}, {}); {} requests over {CONNECTIONS} connections, lowest of {ROUNDS} interleaved rounds.",
        env!("CARGO_PKG_VERSION"),
        models.next().unwrap_or_else(|| "model unknown".to_owned()),
        std::env::consts::OS,
        grouped(extent.requests),
    )
}

fn row(what: &str, ours: &str, bare: &str, ratio: &str, target: &str) {
    println!("| {what} | {ours} | {bare} | {ratio} | {target} |");
}

/// What costs more: one row of processor time and one of instructions for each.
struct Case {
    what: &'static str,
    status: fn(usize) -> u16,
    /// Targets of processor time and of instructions.
    targets: [&'static str; 2],
    /// The worlds that so many requests add to.
    adds_to: fn(usize) -> Vec<String>,
    write: fn(usize, &mut Vec<u8>),
}

const CASES: [Case; 3] = [
    Case {
        what: "GET of 3 pods",
        status: |_| 200,
        targets: ["2.5×", "2.5×"],
        adds_to: |_| Vec::new(),
        write: |_, text| request(text, "GET", "/v1/pods", "three", ""),
    },
    Case {
        what: "POST of a pod",
        status: |_| 201,
        targets: ["4×", "2.5×"],
        adds_to: |_| vec!["created".to_owned()],
        write: |number, text| {
            let body = format!(r#"{{"clientId":"client-{number}","name":"Meridian Analytics"}}"#);
            request(text, "POST", "/v1/pods", "created", &body);
        },
    },
    Case {
        what: "full page of 50 pods",
        status: |_| 200,
        targets: ["8×", "–"],
        adds_to: |_| Vec::new(),
        write: |_, text| request(text, "GET", "/v1/pods?limit=50", "fifty", ""),
    },
];

fn of_pods(folder: &Path, extent: &Extent) {
    let ours = Server::mock(folder);
    create_pods(&ours, "three", 2);
    create_pods(&ours, "fifty", 49);
    requests(&ours, &CASES, folder, extent);
}

/// These cases, asked of a server that is ready for them.
fn requests(ours: &Server, cases: &[Case], folder: &Path, extent: &Extent) {
    for case in cases {
        let bare = Server::bare(folder, &sample(ours, case));
        let servers = [ours, &bare];
        let load = Load {
            connections: CONNECTIONS,
            requests: extent.requests,
            status: case.status,
            write: case.write,
        };
        let each = 1.0 / extent.requests as f64;
        let mut lowest = [Some(f64::INFINITY); 2];
        for _ in 0..ROUNDS {
            reset(ours, case, extent);
            for (server, lowest) in servers.into_iter().zip(&mut lowest) {
                let cpu = server.cpu_of(|| load.run(server.address));
                let micros = cpu.map(|cpu| cpu.as_secs_f64() * 1e6 * each);
                *lowest = lowest.zip(micros).map(|(one, other)| one.min(other));
            }
        }
        // A round of its own, because counting costs time; one, because counts are steady.
        reset(ours, case, extent);
        let counts = servers.map(|server| {
            let count = server.instructions_of(|| load.run(server.address))?;
            Some(count * each)
        });
        let [cpu, instructions] = case.targets;
        let show = |micros: f64| format!("{micros:.1} µs");
        let what = format!("{}, CPU per request", case.what);
        compare(&what, lowest, show, cpu);
        let show = |count: f64| grouped(count as usize);
        let what = format!("{}, instructions per request", case.what);
        compare(&what, counts, show, instructions);
    }
}

/// Puts a case's worlds back to where every round of it begins.
fn reset(ours: &Server, case: &Case, extent: &Extent) {
    for world in (case.adds_to)(extent.requests) {
        let path = format!("/_mock/reset?world={world}");
        ask(ours, "POST", &path, &world, r#"{"to":"seed"}"#, 200);
    }
}

/// A row of ours and bare hyper's.
fn compare(what: &str, values: [Option<f64>; 2], show: impl Fn(f64) -> String, target: &str) {
    match values {
        [Some(ours), Some(bare)] => {
            let ratio = format!("{:.1}×", ours / bare);
            row(what, &show(ours), &show(bare), &ratio, target);
        }
        _ => row(what, "not counted by this system", "–", "–", target),
    }
}

/// The answer to a case's request, which the bare server will repeat.
fn sample(ours: &Server, case: &Case) -> Vec<u8> {
    let mut text = Vec::new();
    (case.write)(usize::MAX, &mut text);
    let mut connection = Connection::open(ours.address);
    connection.exchange(&text, (case.status)(0)).to_vec()
}

fn create_pods(ours: &Server, world: &str, count: usize) {
    for number in 0..count {
        let body = format!(r#"{{"clientId":"pod-{number}","name":"Pod {number}"}}"#);
        ask(ours, "POST", "/v1/pods", world, &body, 201);
    }
}

fn ask(server: &Server, method: &str, path: &str, world: &str, body: &str, status: u16) {
    let mut text = Vec::new();
    request(&mut text, method, path, world, body);
    Connection::open(server.address).exchange(&text, status);
}

/// From starting the process to the end of its first answer.
fn starts(folder: &Path, extent: &Extent) {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"status\":\"ok\"}";
    for (path, target) in [("/health", "8 ms"), ("/v1/pods", "8 ms")] {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..extent.starts {
            ours.push(start_time(path, || Server::mock(folder)));
            bare.push(start_time(path, || Server::bare(folder, answer)));
        }
        let what = format!("cold start to the first 200 of `GET {path}`");
        let millis = |times| Some(median(times).as_secs_f64() * 1e3);
        let show = |millis: f64| format!("{millis:.1} ms");
        compare(&what, [millis(ours), millis(bare)], show, target);
    }
}

fn start_time(path: &str, start: impl FnOnce() -> Server) -> Duration {
    let begun = now();
    let server = start();
    ask(&server, "GET", path, "default", "", 200);
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Idle, and after requests that delete what they create, with the journal full.
fn memory(folder: &Path, extent: &Extent) {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"status\":\"ok\"}";
    let (ours, bare) = (Server::mock(folder), Server::bare(folder, answer));
    let mebibytes = |server: &Server| server.memory().map(|kilobytes| kilobytes / 1024.0);
    let show = |mebibytes: f64| format!("{mebibytes:.1} MiB");
    let servers = [&ours, &bare];
    compare("memory, idle", servers.map(mebibytes), show, "12 MiB");
    for (requests, target) in [(20_000, "20 MiB"), (extent.many, "no growth")] {
        mixed(requests, |number| if creates(number) { 201 } else { 204 }).run(ours.address);
        mixed(requests, |_| 200).run(bare.address);
        let what = format!(
            "memory after {} requests{}, half of them deletes",
            grouped(requests),
            if target == "no growth" { " more" } else { "" },
        );
        compare(&what, servers.map(mebibytes), show, target);
    }
}

/// Each connection creates, then deletes what it has created.
fn mixed(requests: usize, status: fn(usize) -> u16) -> Load {
    Load {
        connections: CONNECTIONS,
        requests,
        status,
        write: |number, text| {
            let client = number / CONNECTIONS / 2 * CONNECTIONS + number % CONNECTIONS;
            match creates(number) {
                true => {
                    let body = format!(r#"{{"clientId":"mixed-{client}","name":"Mixed"}}"#);
                    request(text, "POST", "/v1/pods", "default", &body);
                }
                false => {
                    let path = format!("/v1/pods/mixed-{client}");
                    request(text, "DELETE", &path, "default", "");
                }
            }
        },
    }
}

fn creates(number: usize) -> bool {
    (number / CONNECTIONS).is_multiple_of(2)
}

/// What an open connection costs that has asked once and may ask again.
fn kept_alive(folder: &Path, connections: usize) {
    let what = format!(
        "{} keep-alive connections after one request",
        grouped(connections)
    );
    let target = match connections {
        10_000 => "140 MiB in all",
        _ => "–",
    };
    // Each connection is a file here and one in the server, which raises its own limit.
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(0);
    if limit < connections as u64 + 100 {
        let skipped = format!("skipped: {limit} open files are allowed");
        return row(&what, &skipped, "–", "–", target);
    }
    let ours = Server::mock(folder);
    create_pods(&ours, "three", 2);
    let bare = Server::bare(folder, &sample(&ours, &CASES[0]));
    let [ours, bare] = [ours, bare].map(|server| {
        let before = server.memory()?;
        let mut text = Vec::new();
        request(&mut text, "GET", "/v1/pods", "three", "");
        let open = |_| {
            let mut connection = Connection::open(server.address);
            connection.exchange(&text, 200);
            connection
        };
        let open: Vec<Connection> = (0..connections).map(open).collect();
        let after = server.memory()?;
        drop(open);
        Some((after - before, after))
    });
    let (Some((ours, total)), Some((bare, _))) = (ours, bare) else {
        return compare(&what, [None; 2], |_| String::new(), target);
    };
    let each = |kilobytes: f64| kilobytes * 1.024 / connections as f64;
    let shown = format!("{:.1} kB each, {:.0} MiB", each(ours), total / 1024.0);
    let bare_shown = format!("{:.1} kB each", each(bare));
    let ratio = format!("{:.1}×", ours / bare);
    row(&what, &shown, &bare_shown, &ratio, target);
}

/// What the first request of a world costs more than a later one of the same world.
fn worlds(folder: &Path) {
    let what = format!(
        "opening a world with the seed, mean of {}, its first journal entry included",
        grouped(WORLDS)
    );
    let target = "50 µs, 4 kB";
    let server = Server::mock(folder);
    let load = |write| Load {
        connections: 1,
        requests: WORLDS,
        status: |_| 200,
        write,
    };
    let known = load(|_, text| request(text, "GET", "/v1/me", "default", ""));
    let fresh = load(|number, text| {
        request(text, "GET", "/v1/me", &format!("world-{number}"), "");
    });
    // The first round also warms what both then use.
    known.run(server.address);
    let later = server.cpu_of(|| known.run(server.address));
    let before = server.memory();
    let first = server.cpu_of(|| fresh.run(server.address));
    let after = server.memory();
    let (Some(later), Some(first), Some(before), Some(after)) = (later, first, before, after)
    else {
        return compare(&what, [None; 2], |_| String::new(), target);
    };
    let micros = first.saturating_sub(later).as_secs_f64() * 1e6 / WORLDS as f64;
    let kilobytes = (after - before) * 1.024 / WORLDS as f64;
    let shown = format!("{micros:.1} µs, {kilobytes:.1} kB");
    row(&what, &shown, "–", "–", target);
}

fn size_and_build(folder: &Path, extent: &Extent) {
    let size = std::fs::metadata(server::BINARY).map_or(0, |file| file.len());
    let shown = format!("{:.1} MB", size as f64 / 1e6);
    row("stripped binary", &shown, "–", "–", "10 MB");
    let what = "clean release build";
    if !extent.builds {
        return row(what, "measured with `-- --build`", "–", "–", "3 min");
    }
    let target: PathBuf = folder.join("build");
    let begun = now();
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--locked", "--bins", "--target-dir"])
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::null())
        .status();
    let shown = match status {
        Ok(status) if status.success() => format!("{:.0} s", begun.elapsed().as_secs_f64()),
        Ok(_) | Err(_) => "did not build".to_owned(),
    };
    row(what, &shown, "–", "–", "3 min");
}

/// A count with a comma before each three digits.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[allow(clippy::disallowed_methods)] // A measurement is of real time.
fn now() -> Instant {
    Instant::now()
}
