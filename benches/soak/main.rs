//! The soak: a million mixed requests over a hundred worlds, every answer held against a model of
//! its world, with failures, broken connections, resets, sockets and webhooks in between. It ends
//! with an error if one answer is wrong or if the server's memory does not stay where it was.
//!
//! `cargo bench --bench soak` asks 100,000 times, `-- --requests 1000000` as often as it says.

mod client;
mod events;
mod model;
#[allow(dead_code)] // The table measures more.
#[path = "../table/server.rs"]
mod server;
mod world;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use client::Client;
use events::{Receiver, now, since};
use server::Server;
use world::{Strangers, World};

const WORLDS: usize = 100;
const CONNECTIONS: usize = 16;
const REQUESTS: u64 = 100_000;
/// The curve has a point after so many requests, or twenty points.
const POINT: u64 = 50_000;
/// What the last quarter may hold beyond the second one: a share, and what allocators move by.
const GROWTH: (f64, f64) = (0.05, 6.0);
/// After so many requests all journals are full: memory is judged from there.
const WARM: u64 = 250_000;
/// Of wrong answers, so many are shown.
const SHOWN: usize = 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` runs this too, without the argument that `cargo bench` adds.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("run by `cargo bench --bench soak`");
        return ExitCode::SUCCESS;
    }
    let given = arguments.iter().position(|it| it == "--requests");
    let given = given.and_then(|at| arguments.get(at + 1)?.parse().ok());
    let requests: u64 = given.unwrap_or(REQUESTS);
    let folder = std::env::temp_dir().join(format!("openmail-mock-soak-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("there is room for files");
    let is_sound = soak(&Server::mock(&folder), requests);
    let _ = std::fs::remove_dir_all(&folder);
    match is_sound {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Whether all was as it should be.
fn soak(server: &Server, requests: u64) -> bool {
    let receiver = Receiver::start();
    let asked = AtomicU64::new(0);
    let is_over = AtomicBool::new(false);
    let wrong: Mutex<Vec<String>> = Mutex::default();
    let strangers = Strangers::default();
    let begun = now();
    let curve = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|worker| {
                let (receiver, asked, is_over) = (&receiver, &asked, &is_over);
                let (wrong, strangers) = (&wrong, &strangers);
                scope.spawn(move || {
                    let worlds = (worker..WORLDS).step_by(CONNECTIONS);
                    let worlds =
                        worlds.map(|number| (number, World::new(number, server.address, receiver)));
                    let mut worlds: Vec<(usize, World)> = worlds.collect();
                    let mut client = Client::new(server.address);
                    'work: loop {
                        for (number, world) in &mut worlds {
                            if is_over.load(Ordering::Relaxed) {
                                break 'work;
                            }
                            let before = world.asked;
                            let step = world.step(&mut client, *number, strangers);
                            asked.fetch_add(world.asked - before, Ordering::Relaxed);
                            if let Err(why) = step {
                                wrong.lock().expect("nobody panics with it").push(why);
                                // What follows in this world would only follow from that.
                                break 'work;
                            }
                        }
                    }
                })
            })
            .collect();
        let curve = watch(server, requests, &asked, || {
            workers.iter().any(|worker| worker.is_finished())
        });
        is_over.store(true, Ordering::Relaxed);
        curve
    });
    let asked = asked.load(Ordering::Relaxed);
    let rate = asked as f64 / since(begun);
    println!(
        "{asked} requests in {:.0} s, {rate:.0} in a second",
        since(begun)
    );
    let wrong = wrong.into_inner().expect("nobody panics with it");
    println!("{} wrong answers", wrong.len());
    for why in wrong.iter().take(SHOWN) {
        println!("  {why}");
    }
    let is_flat = match requests / 4 >= WARM {
        true => is_flat(&curve),
        false => {
            println!("memory is judged of {} requests and more", 4 * WARM);
            true
        }
    };
    wrong.is_empty() && asked >= requests && is_flat
}

/// Tells the server's memory until so much was asked or somebody ended; answers it in MiB.
fn watch(server: &Server, requests: u64, asked: &AtomicU64, ended: impl Fn() -> bool) -> Vec<f64> {
    let point = POINT.min((requests / 20).max(1));
    let (mut curve, mut next) = (Vec::new(), 0);
    println!("{:>10}  {:>8}", "requests", "MiB");
    loop {
        let done = asked.load(Ordering::Relaxed);
        if done >= next {
            let memory = server.memory().unwrap_or_default() / 1024.0;
            println!("{done:>10}  {memory:>8.1}");
            curve.push(memory);
            next = (done / point + 1) * point;
        }
        if done >= requests || ended() {
            return curve;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether memory is in the last quarter where it was in the second.
fn is_flat(curve: &[f64]) -> bool {
    let quarter = curve.len() / 4;
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    let early = mean(&curve[quarter..2 * quarter]);
    let late = mean(&curve[curve.len() - quarter..]);
    println!("{early:.1} MiB in the second quarter, {late:.1} MiB in the last");
    let is_flat = late <= early * (1.0 + GROWTH.0) + GROWTH.1;
    if !is_flat {
        println!("memory grows");
    }
    is_flat
}
