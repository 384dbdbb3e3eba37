//! What the parts of a request cost, each alone: `cargo bench --bench parts`. The table tells what
//! they come to; these tell where it goes.

use divan::{Bencher, black_box};
use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use openmail_mock::Fixture;
use openmail_mock::api::built_in_contract;
use openmail_mock::contract::{Contract, Incoming, Match, Operation};
use openmail_mock::domain::clock::{Clock, Timestamp};
use openmail_mock::domain::events::Listeners;
use openmail_mock::domain::ids::Source;
use openmail_mock::domain::state::{State, Transaction};
use openmail_mock::domain::tree::Tree;
use openmail_mock::mail::{self, Draft, Mailbox};
use openmail_mock::record::effects::Effects;
use openmail_mock::record::journal::{Entry, Exchange, Facts, Journal};

/// The bytes that the journal of a world may hold.
const JOURNAL: usize = 4 * 1024 * 1024;

fn main() {
    divan::main();
}

fn contract() -> Contract {
    built_in_contract().expect("a test sees that it has no faults")
}

fn operation<'c>(contract: &'c Contract, id: &str) -> &'c Operation {
    contract.operation(id).expect("it is one of ours")
}

fn json_headers() -> HeaderMap {
    let json = HeaderValue::from_static("application/json");
    HeaderMap::from_iter([(CONTENT_TYPE, json)])
}

/// 1 kB of lines.
fn said() -> String {
    let line = "The parcel left on Monday and should have arrived by now, shouldn't it?\n";
    line.repeat(15)
}

#[divan::bench]
fn load_the_document() -> Contract {
    contract()
}

#[divan::bench]
fn route(bencher: Bencher<'_, '_>) {
    let contract = contract();
    let path = "/v1/inboxes/00000000-0000-4000-8000-00000000000a/send";
    bencher.bench_local(|| match contract.route("POST", black_box(path)) {
        Match::Operation(index, _) => index,
        Match::MethodNotAllowed(_) | Match::NotFound => usize::MAX,
    });
}

#[divan::bench]
fn check_a_send(bencher: Bencher<'_, '_>) {
    let contract = contract();
    let operation = operation(&contract, "sendEmail");
    let said = serde_json::Value::from(said());
    let body = format!(r#"{{"to":"bob@openmail.sh","subject":"Order 1","body":{said}}}"#);
    let headers = json_headers();
    let incoming = Incoming {
        path: &["00000000-0000-4000-8000-00000000000a"],
        query: None,
        headers: &headers,
        body: body.as_bytes(),
        strict: false,
    };
    bencher.bench_local(|| {
        let checked = contract.check_request(operation, black_box(incoming));
        checked.expect("it keeps the contract").files.len()
    });
}

#[divan::bench]
fn check_an_answer_of_50_pods(bencher: Bencher<'_, '_>) {
    let contract = contract();
    let operation = operation(&contract, "listPods");
    let pod = |number| {
        format!(
            r#"{{"id":"00000000-0000-4000-8000-{number:012}","clientId":"client-{number}","name":"Meridian Analytics","status":"active","createdAt":"2026-01-15T09:30:00.000Z"}}"#
        )
    };
    let pods: Vec<String> = (0..50).map(pod).collect();
    let body = format!(
        r#"{{"data":[{}],"total":50,"limit":50,"offset":0}}"#,
        pods.join(",")
    );
    let headers = json_headers();
    bencher.bench_local(|| {
        let body = black_box(body.as_bytes());
        let verdict = contract.check_answer(operation, false, 200, &headers, body);
        verdict.violations.len()
    });
}

#[divan::bench(args = [1_000, 1_000_000])]
fn insert_into_a_tree(bencher: Bencher<'_, '_>, rows: u64) {
    let tree = Tree::from_sorted((0..rows).map(|number| (2 * number, number)).collect());
    bencher
        .with_inputs(|| tree.clone())
        .bench_local_values(|mut tree| {
            tree.insert(black_box(rows + 1), 0);
            tree
        });
}

#[divan::bench(args = [1_000, 1_000_000])]
fn page_of_a_tree(bencher: Bencher<'_, '_>, rows: u64) {
    let tree = Tree::from_sorted((0..rows).map(|number| (2 * number, number)).collect());
    bencher.bench_local(|| {
        let rank = tree.rank(black_box(&rows));
        tree.iter_from(rank)
            .take(50)
            .map(|(_, row)| row)
            .sum::<u64>()
    });
}

fn draft() -> Draft {
    let mailbox = |address: &str| Mailbox {
        name: None,
        address: address.to_owned(),
    };
    let text = said();
    Draft {
        message_id: "00000000-0000-4000-8000-00000000000a@openmail.sh".to_owned(),
        date: 1_768_469_400_000,
        from: vec![mailbox("alice@openmail.sh")],
        to: vec![mailbox("bob@openmail.sh")],
        subject: "Order 1".to_owned(),
        html: Some(mail::html_of_text(&text)),
        text: Some(text),
        ..Draft::default()
    }
}

#[divan::bench]
fn build_a_mail(bencher: Bencher<'_, '_>) {
    let draft = draft();
    bencher.bench_local(|| mail::build(black_box(&draft)));
}

#[divan::bench]
fn parse_a_mail(bencher: Bencher<'_, '_>) {
    let bytes = mail::build(&draft());
    bencher.bench_local(|| mail::parse(black_box(&bytes)));
}

#[divan::bench]
fn record_an_exchange(bencher: Bencher<'_, '_>) {
    let mut journal = Journal::default();
    let (facts, said) = (Facts::default(), said());
    let mut number = 0;
    bencher.bench_local(|| {
        number += 1;
        let entry = Entry {
            number,
            at: 0,
            operation: Some(0),
            head: b"POST /v1/inboxes/00000000-0000-4000-8000-00000000000a/send\n",
            body: black_box(said.as_bytes()),
            answer_head: b"content-type: application/json\n",
            answer: b"{}",
            facts: &facts,
            effects: Effects::default(),
        };
        journal.push(Exchange::new(entry), JOURNAL);
    });
}

#[divan::bench]
fn lay_a_fixture() -> State {
    let at = Timestamp::parse("2026-01-15T09:30:00Z").expect("an instant");
    let mut state = State::empty(Clock::Frozen { at }, at, 0);
    let source = Source { seed: 0, world: "" };
    let mut tx = Transaction {
        state: &mut state,
        now: at,
        source,
        listeners: Listeners::NOBODY,
    };
    let saas = Fixture::Named("saas".to_owned());
    let laid = openmail_mock::fixtures::load(&saas, None, &mut tx);
    laid.expect("it is bundled");
    state
}
