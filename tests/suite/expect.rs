//! `POST /_mock/expect` of messages: asking, and waiting. Only where time has to pass does it.

use openmail_mock::{Config, Running};
use serde_json::{Value, json};
use std::sync::LazyLock;

use crate::support::{Account, Answer, Connection, account_of, start};

const PATH: &str = "/_mock/expect";
const DESK: &str = "desk@openmail.sh";

static MOCK: LazyLock<Running> = LazyLock::new(|| start(Config::default()));

/// A world with one inbox, and that inbox's id.
fn desk(world: &str) -> (Account, String) {
    let account = account_of(&MOCK, world);
    let inbox = account.post("/v1/inboxes", json!({ "mailboxName": "desk" }));
    let id = inbox.expect(201).json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    (account, id)
}

/// Lets a mail arrive; its id.
fn arrive(account: &Account, from: &str, subject: &str) -> Value {
    let mail = json!({ "from": from, "to": DESK, "subject": subject });
    account.post("/_mock/inbound", mail).expect(200).json()["results"][0]["messageId"].clone()
}

fn expect(account: &Account, more: Value) -> Answer {
    let mut question = json!({ "of": "messages" });
    let members = more.as_object().expect("an object").clone();
    question.as_object_mut().expect("an object").extend(members);
    account.post(PATH, question)
}

/// A question whose answer is still to come. It has a connection of its own, and is asked before
/// this returns: the journal would tell of it only once it is answered.
struct Asked(Connection);

fn ask(account: &Account, question: Value) -> Asked {
    let mut connection = Connection::open(MOCK.address());
    let headers = [
        ("authorization", format!("Bearer {}", account.key)),
        ("content-type", "application/json".to_owned()),
    ];
    connection.request("POST", PATH, &headers, question.to_string().as_bytes());
    Asked(connection)
}

#[test]
fn what_is_there_is_answered_at_once_the_oldest_first() {
    let (account, _) = desk("expect-at-once");
    let first = arrive(&account, "a@example.com", "One");
    let second = arrive(&account, "a@example.com", "Two");
    let met = expect(&account, json!({})).expect(200).json();
    assert_eq!(
        (&met["count"], &met["matched"][0]["id"]),
        (&json!(2), &first)
    );
    assert_eq!(met["matched"][1]["id"], second);
    let met = expect(&account, json!({ "atLeast": 2, "withinMs": 600_000 }))
        .expect(200)
        .json();
    assert_eq!(met["matched"][1]["subject"], "Two");
    expect(&account, json!({ "atLeast": 0 })).expect(200);
}

#[test]
fn a_wait_is_woken_by_the_mail_that_it_waits_for() {
    let (account, _) = desk("expect-woken");
    let question =
        json!({ "of": "messages", "match": { "subject": "Awaited" }, "withinMs": 600_000 });
    let mut asked = ask(&account, question);
    arrive(&account, "a@example.com", "Other");
    let id = arrive(&account, "a@example.com", "Awaited");
    let answer = asked.0.answer().expect(200).json();
    assert_eq!(
        (&answer["count"], &answer["matched"][0]["id"]),
        (&json!(1), &id)
    );
}

#[test]
fn what_an_inbox_sends_wakes_too() {
    let (account, inbox) = desk("expect-sent");
    let matcher = json!({ "direction": "outbound", "to": "A@example.com", "from": DESK });
    let mut asked = ask(
        &account,
        json!({ "of": "messages", "match": matcher, "withinMs": 600_000 }),
    );
    let mail = json!({ "to": "a@example.com", "subject": "S", "body": "T" });
    account
        .post(&format!("/v1/inboxes/{inbox}/send"), mail)
        .expect(200);
    assert_eq!(
        asked.0.answer().expect(200).json()["matched"][0]["direction"],
        "outbound"
    );
}

#[test]
fn what_does_not_come_is_told_with_what_came_closest() {
    let (account, _) = desk("expect-missed");
    let nothing = expect(&account, json!({ "withinMs": 30 }))
        .expect(417)
        .json();
    assert_eq!(nothing["error"], "expectation_failed");
    assert_eq!(
        (&nothing["count"], &nothing["nearMisses"]),
        (&json!(0), &json!([]))
    );
    arrive(&account, "Bob <bob@example.com>", "Nothing fits");
    let near = arrive(&account, "Ada <ada@example.com>", "Delivery");
    for number in 0..3 {
        arrive(&account, "x@example.com", &format!("{number}"));
    }
    let matcher = json!({ "from": "ada@example.com", "subject": "Invoice*" });
    let missed = expect(&account, json!({ "match": matcher }))
        .expect(417)
        .json();
    let misses = missed["nearMisses"].as_array().expect("a list");
    assert_eq!(misses.len(), 3);
    assert_eq!(misses[0]["entry"]["id"], near);
    assert_eq!(
        misses[0]["differences"],
        json!([{ "field": "subject", "expected": "Invoice*", "actual": "Delivery" }])
    );
    assert_eq!(misses[1]["differences"].as_array().map(Vec::len), Some(2));
    let message = missed["message"].as_str().expect("a text");
    assert!(
        message.contains("0 messages match, at least 1 expected"),
        "{message}"
    );
    assert!(message.contains("`subject`"), "{message}");
    // Of too few, the ones that match are no misses.
    let matcher = json!({ "subject": "Delivery" });
    let few = expect(&account, json!({ "match": matcher, "atLeast": 2 }))
        .expect(417)
        .json();
    assert_eq!(few["count"], 1);
    let misses = few["nearMisses"].as_array().expect("a list");
    assert!(misses.iter().all(|miss| miss["entry"]["id"] != near));
    assert_eq!(misses.len(), 3);
}

#[test]
fn exact_counts_and_upper_ones_are_answered_at_the_end_or_when_exceeded() {
    let (account, _) = desk("expect-counts");
    expect(&account, json!({ "atMost": 0 })).expect(200);
    expect(&account, json!({ "times": 0, "withinMs": 30 })).expect(200);
    arrive(&account, "a@example.com", "One");
    expect(&account, json!({ "times": 1, "withinMs": 30 })).expect(200);
    expect(&account, json!({ "atMost": 1, "withinMs": 30 })).expect(200);
    let missed = expect(&account, json!({ "times": 2, "withinMs": 30 }))
        .expect(417)
        .json();
    let message = missed["message"].as_str().expect("a text");
    assert!(
        message.contains("1 message matches, exactly 2 expected"),
        "{message}"
    );
    // One more than may be: nothing can mend that, so nobody waits ten minutes.
    for count in ["times", "atMost"] {
        let (account, _) = desk(&format!("expect-{count}"));
        arrive(&account, "a@example.com", "One");
        let mut asked = ask(
            &account,
            json!({ "of": "messages", count: 1, "withinMs": 600_000 }),
        );
        arrive(&account, "a@example.com", "Two");
        let missed = asked.0.answer().expect(417).json();
        assert_eq!(
            (&missed["count"], &missed["nearMisses"]),
            (&json!(2), &json!([]))
        );
    }
}

#[test]
fn only_one_count_may_be_given() {
    let (account, _) = desk("expect-two-counts");
    let refusal = expect(&account, json!({ "times": 1, "atMost": 1 })).refused(400, "bad_request");
    assert!(
        refusal.message().contains("exclude each other"),
        "{}",
        refusal.message()
    );
}

#[test]
fn only_later_ones_count_after_a_message() {
    let account = account_of(&MOCK, "expect-after");
    account
        .post("/v1/inboxes", json!({ "mailboxName": "desk" }))
        .expect(201);
    // One instant for all: the order of arrival decides.
    account
        .post("/_mock/clock", json!({ "mode": "frozen" }))
        .expect(200);
    let first = arrive(&account, "a@example.com", "One");
    let second = arrive(&account, "a@example.com", "Two");
    let met = expect(&account, json!({ "after": first }))
        .expect(200)
        .json();
    assert_eq!(
        (&met["count"], &met["matched"][0]["id"]),
        (&json!(1), &second)
    );
    expect(&account, json!({ "after": second })).expect(417);
    expect(&account, json!({ "after": "gone" })).refused(404, "not_found");
}

#[test]
fn patterns_have_stars_and_addresses_no_case() {
    let (account, inbox) = desk("expect-patterns");
    arrive(&account, "Ada Okafor <Ada@Example.com>", "Invoice 7 of 12");
    for (matcher, holds) in [
        (json!({ "subject": "Invoice*" }), true),
        (json!({ "subject": "*12" }), true),
        (json!({ "subject": "*7*1*" }), true),
        (json!({ "subject": "*" }), true),
        (json!({ "subject": "Invoice 7 of 12" }), true),
        (json!({ "subject": "Invoice" }), false),
        (json!({ "subject": "invoice*" }), false),
        (json!({ "subject": "*7*7*" }), false),
        (json!({ "subject": "Invoice 7 of 1*12" }), false),
        (json!({ "subject": "" }), false),
        (json!({ "from": "ada@example.com" }), true),
        (json!({ "from": "*@EXAMPLE.com" }), true),
        (json!({ "from": "Ada Okafor*" }), false),
        (json!({ "to": DESK }), true),
        (json!({ "to": "other@openmail.sh" }), false),
        (json!({ "inbox": DESK }), true),
        (json!({ "inbox": inbox }), true),
        (json!({ "inbox": "desk@*", "direction": "inbound" }), true),
        (json!({ "inbox": DESK, "direction": "outbound" }), false),
        (json!({}), true),
    ] {
        let answer = expect(&account, json!({ "match": matcher }));
        assert_eq!(answer.status, if holds { 200 } else { 417 }, "{matcher}");
    }
}

#[test]
fn a_misspelt_field_comes_with_the_nearest_spelling() {
    let (account, _) = desk("expect-misspelt");
    for (more, near) in [
        (json!({ "match": { "subjet": "x" } }), "subject"),
        (json!({ "withinMS": 1 }), "withinMs"),
    ] {
        let refusal = expect(&account, more).refused(400, "bad_request");
        let said = refusal.json().to_string();
        assert!(said.contains(&format!("did you mean `{near}`?")), "{said}");
    }
    account
        .post(PATH, json!({ "of": "mesages" }))
        .refused(400, "bad_request");
    account.post(PATH, json!({})).refused(400, "bad_request");
    expect(&account, json!({ "match": { "direction": "in" } })).refused(400, "bad_request");
    expect(&account, json!({ "withinMs": 600_001 })).refused(400, "bad_request");
    expect(&account, json!({ "withinMs": -1 })).refused(400, "bad_request");
}

/// The wait has surely begun when the world has a seat taken: it is not idle then. A reset that
/// came first would only make the answer come later, and a second one ends it.
#[test]
fn a_reset_ends_the_wait() {
    let (account, _) = desk("expect-reset");
    let question =
        json!({ "of": "messages", "match": { "subject": "never" }, "withinMs": 600_000 });
    let mut asked = ask(&account, question);
    let mut waiter = std::thread::scope(|scope| {
        let answer = scope.spawn(move || asked.0.answer());
        while !answer.is_finished() {
            account.post("/_mock/reset", json!({})).expect(200);
        }
        answer.join()
    });
    waiter = waiter.map(|answer| answer.refused(409, "world_changed"));
    assert!(waiter.is_ok());
}
