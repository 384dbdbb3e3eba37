//! The command that repeats an exchange says what it cannot repeat, and shows nobody's secrets.

use serde_json::{Value, json};

use super::journal::entry;
use super::support::post::text;
use super::support::{Account, Answer, account};

const JSON: (&str, &str) = ("content-type", "application/json");

#[track_caller]
fn differs(account: &Account, answer: &Answer) -> Value {
    entry(account, answer)["curlDiffers"].clone()
}

#[track_caller]
fn page(account: &Account, answer: &Answer) -> String {
    let id = answer.header("x-request-id").expect("every answer has one");
    let path = format!("/_mock/requests/{id}");
    let page = account.send_raw("GET", &path, &[("accept", "text/plain")], b"");
    String::from_utf8(page.expect(200).body).expect("text")
}

#[test]
fn a_command_that_repeats_the_request_says_nothing() {
    let account = account("repeat-whole");
    let answer = account.post("/v1/pods", json!({ "clientId": "cedar" }));
    assert_eq!(differs(&account, &answer), Value::Null);
    let page = page(&account, &answer);
    assert!(page.contains("\nREPEAT IT\ncurl "), "{page}");
}

#[test]
fn a_body_that_was_too_large_is_said_to_be_missing() {
    let account = account("repeat-too-large");
    let answer = account.send_raw("POST", "/v1/pods", &[JSON], &vec![b' '; 1_100_000]);
    let differs = differs(&account, &answer.refused(413, "payload_too_large"));
    let told = differs.as_str().expect("it differs");
    assert!(told.contains("nothing of it is kept"), "{told}");
}

#[test]
fn a_body_that_is_cut_is_said_to_be() {
    let account = account("repeat-cut");
    let body = format!(
        r#"{{"clientId":"cedar","padding":"{}"}}"#,
        "x".repeat(70_000)
    );
    let answer = account.send_raw("POST", "/v1/pods", &[JSON], body.as_bytes());
    let told = differs(&account, &answer);
    let told = told.as_str().expect("it differs");
    let bytes = format!("the first 65536 of {} bytes are kept", body.len());
    assert!(told.contains(&bytes), "{told}");
    let page = page(&account, &answer);
    let (_, repeat) = page.split_once("\nREPEAT IT\n").expect("a command");
    let (note, _) = repeat.split_once("curl ").expect("a command");
    assert!(note.starts_with("# not the request as it came"), "{note}");
    assert!(note.lines().all(|line| line.starts_with("# ")), "{note}");
}

#[test]
fn redacted_bodies_queries_and_headers_are_said_to_be() {
    let account = account("repeat-redacted");
    let headers = [JSON, ("cookie", "a=b"), ("x-api-key", "hush")];
    let body = json!({ "clientId": "cedar", "token": "hush" }).to_string();
    let answer = account.send_raw("POST", "/v1/pods?token=hush", &headers, body.as_bytes());
    let entry = entry(&account, &answer);
    let told = text(&entry, "curlDiffers");
    for part in [
        "secrets in its body are",
        "secrets in its URL are",
        "`cookie` is left out",
        "`x-api-key` is `$OPENMAIL_API_KEY`",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!entry.to_string().contains("hush"), "{entry}");
}

/// Receivers are known by what their URL carries, and a journal is passed around.
#[test]
fn secrets_in_the_url_of_a_webhook_are_redacted_and_the_rest_is_shown() {
    let account = account("repeat-webhook");
    let url = "https://example.com/hook?team=7&access-token=hush&X-Amz-Signature=hush#key=hush";
    let created = account
        .post("/v1/inboxes", json!({ "webhookUrl": url }))
        .expect(201);
    assert_eq!(created.json()["webhookUrl"], url);
    let told = entry(&account, &created);
    let shown = "https://example.com/hook?team=7&access-token=[redacted]\
                 &X-Amz-Signature=[redacted]#key=[redacted]";
    assert_eq!(told["request"]["body"]["webhookUrl"], shown);
    assert_eq!(told["answer"]["body"]["webhookUrl"], shown);
    assert!(!told.to_string().contains("hush"), "{told}");
    let refused = json!({ "webhookUrl": "https://ada:hush@example.com/hook?page=2" });
    let refused = account.post("/v1/inboxes", refused).expect(422);
    let told = entry(&account, &refused);
    assert_eq!(
        told["request"]["body"]["webhookUrl"],
        "https://[redacted]@example.com/hook?page=2"
    );
    assert!(!told.to_string().contains("hush"), "{told}");
    let matcher = json!({ "body": { "webhookUrl": "https://other.example" } });
    let question = json!({ "of": "requests", "match": matcher });
    let missed = account.post("/_mock/expect", question).expect(417);
    assert!(!missed.json().to_string().contains("hush"));
}

/// Nothing that is wrong about a request makes its secrets less secret.
#[test]
fn secrets_in_odd_places_are_redacted() {
    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
    const PARTS: (&str, &str) = ("content-type", "multipart/form-data; boundary=b");
    let account = account("repeat-odd");
    let part = "--b\r\ncontent-disposition: form-data; name=\"webhookUrl\"\r\n\r\n\
                https://example.com/?key=hush\r\n--b--\r\n";
    for (kind, body) in [
        (
            JSON,
            r#"{"webhookUrl":"https://ada:not&hush@example.com/hook"}"#,
        ),
        (
            JSON,
            r#"{"webhookUrl":"https://ada:not;hush@example.com?a=b@c"}"#,
        ),
        (JSON, r#"{"webhookUrl":"ada:hush@example.com/hook"}"#),
        (JSON, r#"{"webhookUrl":"//ada:hush@example.com"}"#),
        (
            JSON,
            r#"{"webhookUrl":["https://example.com/?token=hush"]}"#,
        ),
        (JSON, r#"{"token":["hush"],"api_key":{"is":"hush"}}"#),
        (
            FORM,
            "webhookUrl=https%3A%2F%2Fexample.com%2F%3Ftoken%3Dhush&a=b",
        ),
        (PARTS, part),
    ] {
        let answer = account.send_raw("POST", "/v1/inboxes", &[kind], body.as_bytes());
        let entry = entry(&account, &answer);
        assert!(!entry.to_string().contains("hush"), "{body}: {entry}");
        assert!(text(&entry, "curlDiffers").contains("[redacted]"), "{body}");
    }
}

/// Whoever reads a key that the API drew has it, wherever a client put it.
#[test]
fn keys_are_redacted_wherever_they_stand() {
    let account = account("repeat-keys");
    let inbox = account.post("/v1/inboxes", json!({})).expect(201).json();
    let keys = format!("/v1/inboxes/{}/api-keys", text(&inbox, "id"));
    let minted = account.post(&keys, json!({})).expect(201).json();
    let key = text(&minted, "token");
    let odd = [("x-auth-token", "hush"), ("x-session", "hush"), JSON];
    let body = json!({ "clientId": key, "apiKey": "hush", "password": "hush" }).to_string();
    for answer in [
        account.delete(&format!("{keys}/{key}")),
        account.get(&format!("/v1/{key}")),
        account.get(&format!("/v1/pods?limit={key}&accessToken=hush")),
        account.send_raw("POST", "/v1/pods", &odd, body.as_bytes()),
        account.send_raw(
            "POST",
            "/v1/pods",
            &[("content-type", "text/plain")],
            key.as_bytes(),
        ),
    ] {
        let entry = entry(&account, &answer);
        let shown = entry.to_string() + &page(&account, &answer);
        assert!(!shown.contains(key), "{entry:#}");
        assert!(!shown.contains("hush"), "{entry:#}");
        assert!(
            text(&entry, "curlDiffers").contains("[redacted]"),
            "{entry:#}"
        );
    }
}

/// The key of a world is its name, and says where a command runs.
#[test]
fn a_command_runs_in_the_world_of_its_exchange() {
    let account = account("repeat-world");
    let answer = account.get("/v1/pods");
    let entry = entry(&account, &answer);
    let header = format!("-H 'Authorization: Bearer {}'", account.key);
    assert!(text(&entry, "curl").contains(&header), "{entry:#}");
}

#[test]
fn what_a_fault_did_to_an_answer_that_was_lost_is_told() {
    let account = account("repeat-fault");
    let fault = json!([{ "operation": "createPod", "drop": "after" }]);
    account
        .send("PUT", "/_mock/faults", Some(fault))
        .expect(200);
    let key = ("authorization", format!("Bearer {}", account.key));
    let media = ("content-type", "application/json".to_owned());
    let mut connection = account.connect();
    connection.request("POST", "/v1/pods", &[key, media], b"{}");
    assert_eq!(connection.rest(), b"");
    let listed = account.get("/_mock/requests").expect(200).json();
    let path = format!("/_mock/requests/{}", text(&listed["data"][0], "id"));
    let page = account.send_raw("GET", &path, &[("accept", "text/plain")], b"");
    let page = String::from_utf8(page.expect(200).body).expect("text");
    assert!(page.contains("\nFAULT\n"), "{page}");
    assert!(page.contains("Fault 0 of the world repeat-fault"), "{page}");
}

/// What curl adds by itself, and what it leaves out, is no part of the request.
#[test]
fn a_command_sends_no_type_that_did_not_come_and_headers_that_are_empty() {
    let account = account("repeat-bare");
    let headers = [("idempotency-key", "")];
    let answer = account.send_raw("POST", "/v1/pods", &headers, b"{}");
    let entry = entry(&account, &answer);
    let command = text(&entry, "curl");
    assert!(command.contains("-H 'idempotency-key;'"), "{command}");
    assert!(command.contains("-H 'content-type:' "), "{command}");
    let answer = account.send_raw("POST", "/v1/pods", &[], b"");
    let command = self::entry(&account, &answer)["curl"].clone();
    assert!(!command.to_string().contains("content-type"), "{command}");
}

#[test]
fn escaped_names_of_secrets_hide_nothing_in_a_body_that_is_cut() {
    let account = account("repeat-escaped");
    for secret in [
        r#""to\u006ben":"hush""#,
        r#""webhook\u0055rl":"https://example.com/hook?key=hush""#,
        r#""webhookUrl":"https:\/\/example.com\/hook\u003ftoken=hush""#,
    ] {
        let filler = "x".repeat(70_000);
        let body = format!(r#"{{"clientId":"cedar",{secret},"padding":"{filler}"}}"#);
        let answer = account.send_raw("POST", "/v1/pods", &[JSON], body.as_bytes());
        let shown = entry(&account, &answer).to_string();
        assert!(!shown.contains("hush"), "{secret}");
        assert!(shown.contains("[redacted]"), "{secret}");
    }
}

#[test]
fn an_exchange_is_not_shown_as_another_worlds() {
    let (one, other) = (account("repeat-one"), account("repeat-other"));
    let answer = one.get("/v1/pods").expect(200);
    other.get("/v1/pods").expect(200);
    let id = answer.header("x-request-id").expect("every answer has one");
    let path = format!("/_mock/requests/{id}");
    // Whoever has an id need not know whose world it was.
    assert_eq!(other.get(&path).expect(200).json()["world"], "repeat-one");
    one.get(&format!("{path}?world=repeat-one")).expect(200);
    let refused = other.get(&format!("{path}?world=repeat-other"));
    let message = refused.refused(404, "not_found").message();
    assert!(message.contains("of the world `repeat-one`"), "{message}");
}
