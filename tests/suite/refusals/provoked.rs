//! A recipient `<code>@fail.test` makes a send answer that error, as it comes in earnest.

use openmail_mock::domain::sends::CODES;
use serde_json::{Value, json};

use super::{desk, mail, refused, with, world};
use crate::support::post::Post;

/// The status and the code of every error that the document has for sendEmail.
fn documented() -> Vec<(u16, String)> {
    let document: Value = serde_json::from_str(openmail_mock::api::DOCUMENT).expect("JSON");
    let responses = &document["paths"]["/v1/inboxes/{id}/send"]["post"]["responses"];
    let mut codes = Vec::new();
    for (status, response) in responses.as_object().expect("responses") {
        let response = match response["$ref"].as_str() {
            Some(reference) => document.pointer(&reference[1..]).expect("it is there"),
            None => response,
        };
        let known = response["x-openmail-mock-errors"].as_array();
        for code in known.into_iter().flatten() {
            let code = code.as_str().expect("a text").to_owned();
            codes.push((status.parse().expect("a status"), code));
        }
    }
    codes
}

/// The error that a recipient in this field asks for.
fn asking(field: &str, code: &str) -> Value {
    let address = format!("{code}@fail.test");
    match field {
        "to" => mail(&address),
        field => with(
            mail("ada@example.com"),
            json!({ field: ["bo@example.com", address] }),
        ),
    }
}

#[test]
fn every_documented_error_of_a_send_can_be_asked_for() {
    let post = world("refusals-provoked", json!({}));
    let documented = documented();
    assert!(documented.len() >= 20, "{documented:?}");
    for (status, code) in &documented {
        for field in ["to", "cc", "bcc"] {
            let answer = refused(&post, asking(field, code), *status, code);
            let words = format!("the recipient {code}@fail.test asked for this answer");
            assert!(answer.message().contains(&words), "{}", answer.message());
            if matches!(*status, 429 | 503) {
                let seconds = answer.header("retry-after").expect("it says when");
                assert!(seconds.parse::<u64>().expect("seconds") > 0);
            }
        }
    }
    let mut known: Vec<&str> = documented.iter().map(|(_, code)| code.as_str()).collect();
    let mut codes = CODES.to_vec();
    known.sort_unstable();
    codes.sort_unstable();
    assert_eq!(known, codes, "no code is asked for that is not documented");
}

/// Pairs of an error that is asked for and the same one in earnest.
#[test]
fn what_is_asked_for_looks_like_what_comes_in_earnest() {
    let real = world(
        "refusals-provoked-real",
        json!({ "account": { "plan": "free", "limits": "on" },
                "suppressions": [{ "address": "recipient_suppressed@fail.test", "type": "bounce" },
                                 { "address": "ada@example.com", "type": "bounce" }] }),
    );
    let asked = world("refusals-provoked-asked", json!({}));
    let reply_to = |to: &str| with(mail(to), json!({ "replyTo": "x@example.com" }));
    let used = |used: &Post| {
        let body = mail("bo@example.com").to_string();
        used.send_with_key(&desk(), "key-1", &body).expect(200);
    };
    let earnest = refused(&real, mail("ada@example.com"), 422, "recipient_suppressed").json();
    let played = refused(
        &asked,
        asking("to", "recipient_suppressed"),
        422,
        "recipient_suppressed",
    )
    .json();
    assert_eq!(fields(&earnest), fields(&played));
    assert_eq!(played["recipient"], "recipient_suppressed@fail.test");

    let earnest = refused(
        &real,
        reply_to("bo@example.com"),
        403,
        "feature_requires_paid_plan",
    );
    let body = reply_to("feature_requires_paid_plan@fail.test");
    let played = refused(&asked, body, 403, "feature_requires_paid_plan");
    assert_eq!(earnest.json(), without_its_note(played.json()));

    used(&real);
    let body = asking("to", "idempotency_key_reused").to_string();
    let earnest = real.send_with_key(&desk(), "key-1", &mail("cy@example.com").to_string());
    let played = asked.send_with_key(&desk(), "key-1", &body);
    assert_eq!(
        (earnest.status, earnest.json()),
        (played.status, without_its_note(played.json()))
    );
}

/// An answer without the words that say who asked for it.
fn without_its_note(mut answer: Value) -> Value {
    let message = answer["message"].as_str().expect("a message");
    let (words, note) = message.split_once(" (in fact").expect("a note");
    assert!(note.contains("fail.test"), "{note}");
    answer["message"] = json!(words);
    answer
}

fn fields(answer: &Value) -> Vec<&String> {
    answer.as_object().expect("an object").keys().collect()
}

#[test]
fn a_provoked_cold_limit_says_whose_how_many_and_until_when() {
    let post = world("refusals-provoked-cold", json!({}));
    let answer = refused(
        &post,
        asking("to", "cold_outreach_limit"),
        429,
        "cold_outreach_limit",
    );
    assert_eq!(answer.header("retry-after"), Some("52200"));
    let answer = answer.json();
    assert_eq!(answer["scope"], "inbox");
    assert_eq!(answer["limit"], 20);
    assert_eq!(answer["resetsAt"], "2040-01-17T00:00:00.000Z");
}

#[test]
fn a_provoked_unauthorized_names_the_scheme() {
    let post = world("refusals-provoked-key", json!({}));
    let answer = refused(&post, asking("to", "unauthorized"), 401, "unauthorized");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[test]
fn codes_compare_without_case() {
    let post = world("refusals-provoked-case", json!({}));
    let body = mail("Unsafe_Content@FAIL.Test");
    refused(&post, body, 422, "unsafe_content");
}

#[test]
fn a_code_that_no_send_answers_is_told_with_the_nearest() {
    let post = world("refusals-provoked-unknown", json!({}));
    for (address, near) in [
        ("no_mx_record@fail.test", Some("`no_mx_records@fail.test`")),
        (
            "recipient-supressed@fail.test",
            Some("`recipient_suppressed@fail.test`"),
        ),
        ("ada@fail.test", None),
        ("default_pod@fail.test", None),
    ] {
        for field in ["to", "cc", "bcc"] {
            let name = address.split('@').next().expect("a name");
            let answer = refused(&post, asking(field, name), 400, "bad_request");
            let message = answer.message();
            assert!(message.contains(address), "{message}");
            match near {
                Some(near) => assert!(message.contains(near), "{message}"),
                None => assert!(!message.contains("did you mean"), "{message}"),
            }
        }
    }
}

#[test]
fn nothing_else_in_an_address_or_a_text_is_magic() {
    let post = world("refusals-provoked-plain", json!({}));
    for to in [
        "no_mx_records@example.com",
        "no_mx_records@fail.test.example.com",
        "no_mx_records@sub.fail.test",
        "fail.test@example.com",
    ] {
        post.send(&desk(), mail(to));
    }
    let body = json!({ "to": "ada@example.com", "subject": "phishing_detected@fail.test",
                       "body": "unsafe_content@fail.test", "replyTo": "account_banned@fail.test" });
    post.send(&desk(), body);
    // Whoever writes from there gets an answer, also by a copy that nobody asked for.
    let came = post.arrives_raw(
        "desk@openmail.sh",
        b"From: account_banned@fail.test\r\nTo: bo@example.com\r\nCc: desk@openmail.sh\r\n\r\nHi",
    );
    let reply = json!({ "to": "bo@example.com", "body": "Yes", "threadId": came["threadId"] });
    post.send(&desk(), reply);
}

/// A run that is failed by defects of the mock is not failed by those that a test asks for.
#[test]
fn a_defect_that_is_asked_for_counts_as_none() {
    let mock = crate::support::start(openmail_mock::Config::default());
    let account = crate::support::account_of(&mock, "w");
    let inbox = account.post("/v1/inboxes", json!({})).expect(201).json();
    let path = crate::support::post::send_path(&inbox);
    for code in ["internal_error", "contract_breach"] {
        account.post(&path, asking("to", code)).refused(500, code);
    }
    assert_eq!(mock.tally().breaches.told_apart(), []);
}
