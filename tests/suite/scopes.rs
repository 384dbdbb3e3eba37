//! Who may call what: every operation by every kind of key, held against a table written by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use openmail_mock::{Config, Running};
use serde_json::{Value, json};

use crate::support::{Account, Answer, Client, Receiver, account_of, start};

const GOLDEN: &str = include_str!("scopes.txt");
/// The columns of the table, and the labels of the keys that fill them.
const KEYS: [&str; 7] = [
    "account",
    "pod",
    "inbox",
    "other-pod",
    "other-inbox",
    "revoked",
    "none",
];

const INBOX: &str = "00000000-0000-4000-8000-000000000001";
const MESSAGE: &str = "00000000-0000-4000-8000-000000000002";
const THREAD: &str = "00000000-0000-4000-8000-000000000003";
const POD_KEY: &str = "00000000-0000-4000-8000-000000000004";
const INBOX_KEY: &str = "00000000-0000-4000-8000-000000000005";
const RULE: &str = "00000000-0000-4000-8000-000000000006";

/// Takes whatever comes.
static HOOK: LazyLock<Receiver> = LazyLock::new(Receiver::taking);
const DOMAIN: &str = "00000000-0000-4000-8000-000000000006";

/// Two tenants, each with a pod, an inbox and keys of both; the first has mail. An empty pod is
/// there to be deleted.
fn tenants() -> Value {
    json!({
        "pods": [
            {
                "clientId": "own",
                "inboxes": [{ "id": INBOX, "address": "own@openmail.sh", "webhookUrl": HOOK.url() }],
            },
            { "clientId": "other", "inboxes": [{ "address": "other@openmail.sh" }] },
        ],
        "domains": [{ "id": DOMAIN, "domain": "own.example", "pod": "own" }],
        "threads": [{
            "id": THREAD, "inbox": "own@openmail.sh", "subject": "Hello",
            "messages": [{
                "id": MESSAGE, "from": "ada@example.com", "text": "Hello",
                "attachments": [{ "filename": "note.txt", "text": "A note." }],
            }],
        }],
        "keys": [
            { "label": "pod", "pod": "own" },
            { "label": "inbox", "inbox": "own@openmail.sh" },
            { "label": "other-pod", "pod": "other" },
            { "label": "other-inbox", "inbox": "other@openmail.sh" },
            { "label": "revoked", "pod": "own" },
            { "id": POD_KEY, "pod": "own" },
            { "id": INBOX_KEY, "inbox": "own@openmail.sh" },
        ],
        "policy": { "rules": [
            { "id": RULE, "pod": "own", "direction": "inbound", "type": "block", "value": "x.example" },
        ] },
    })
}

fn send(body: Option<Value>) -> impl Fn(&Account, &str, &str) -> Answer {
    move |caller, method, path| caller.send(method, path, body.clone())
}

/// One call of each operation that succeeds for whoever may call it: method, path, body.
fn call(operation: &str) -> (&'static str, String, Option<Value>) {
    let inbox = format!("/v1/inboxes/{INBOX}");
    let attachment = format!("/v1/attachments/{MESSAGE}/note.txt");
    let domain = format!("/v1/domains/{DOMAIN}");
    let (method, path, body) = match operation {
        "getMe" => ("GET", "/v1/me".to_owned(), None),
        "createPod" => ("POST", "/v1/pods".to_owned(), Some(json!({}))),
        "listPods" => ("GET", "/v1/pods".to_owned(), None),
        "getPod" => ("GET", "/v1/pods/own".to_owned(), None),
        "updatePod" => (
            "PATCH",
            "/v1/pods/own".to_owned(),
            Some(json!({ "name": "x" })),
        ),
        "deletePod" => ("DELETE", "/v1/pods/own".to_owned(), None),
        "createPodApiKey" => ("POST", "/v1/pods/own/api-keys".to_owned(), Some(json!({}))),
        "listPodApiKeys" => ("GET", "/v1/pods/own/api-keys".to_owned(), None),
        "deletePodApiKey" => ("DELETE", format!("/v1/pods/own/api-keys/{POD_KEY}"), None),
        "createInbox" => {
            let body = json!({ "podId": "own" });
            ("POST", "/v1/inboxes".to_owned(), Some(body))
        }
        "listInboxes" => ("GET", "/v1/inboxes".to_owned(), None),
        "getInbox" => ("GET", inbox, None),
        "updateInbox" => ("PATCH", inbox, Some(json!({ "displayName": "x" }))),
        "updateInbox/webhookUrl" => {
            let body = json!({ "webhookUrl": "https://example.com/hook" });
            ("PATCH", inbox, Some(body))
        }
        "deleteInbox" => ("DELETE", inbox, None),
        "rotateInboxWebhookSecret" => ("POST", format!("{inbox}/webhook/rotate-secret"), None),
        "testInboxWebhook" => ("POST", format!("{inbox}/webhook/test"), None),
        "createInboxApiKey" => ("POST", format!("{inbox}/api-keys"), Some(json!({}))),
        "listInboxApiKeys" => ("GET", format!("{inbox}/api-keys"), None),
        "deleteInboxApiKey" => ("DELETE", format!("{inbox}/api-keys/{INBOX_KEY}"), None),
        "sendEmail" => {
            let body = json!({ "to": "ada@example.com", "subject": "s", "body": "b" });
            ("POST", format!("{inbox}/send"), Some(body))
        }
        "listMessages" => ("GET", format!("{inbox}/messages"), None),
        "listThreads" => ("GET", format!("{inbox}/threads"), None),
        "getThreadMessages" => ("GET", format!("/v1/threads/{THREAD}/messages"), None),
        "updateThread" => {
            let body = json!({ "isRead": true });
            ("PATCH", format!("/v1/threads/{THREAD}"), Some(body))
        }
        "deleteThread" => ("DELETE", format!("/v1/threads/{THREAD}"), None),
        "deleteMessage" => ("DELETE", format!("/v1/messages/{MESSAGE}"), None),
        "getRawMessage" => ("GET", format!("/v1/messages/{MESSAGE}/raw"), None),
        "getAttachment" => ("GET", attachment, None),
        "getAttachmentText" => ("GET", format!("{attachment}/text"), None),
        "getPolicy" => ("GET", "/v1/policy?podId=own".to_owned(), None),
        "getPolicy/inbox" => ("GET", format!("/v1/policy?inboxId={INBOX}"), None),
        "getPolicy/account" => ("GET", "/v1/policy".to_owned(), None),
        "replacePolicy" => {
            let body = json!({ "inbound": { "mode": "allowlist", "rules": [] } });
            ("PUT", "/v1/policy?podId=own".to_owned(), Some(body))
        }
        "setPolicyMode" | "setPolicyMode/none" => {
            let mode = if operation.ends_with("none") {
                "none"
            } else {
                "allowlist"
            };
            let body = json!({ "mode": mode, "direction": "outbound" });
            (
                "PUT",
                format!("/v1/policy/mode?inboxId={INBOX}"),
                Some(body),
            )
        }
        "createPolicyRule" => {
            let body = json!({ "type": "block", "value": "example.com", "direction": "inbound" });
            ("POST", "/v1/policy/rules?podId=own".to_owned(), Some(body))
        }
        "deletePolicyRule" => ("DELETE", format!("/v1/policy/rules/{RULE}?podId=own"), None),
        "listPolicyAudit" => ("GET", "/v1/policy/audit?podId=own".to_owned(), None),
        "createDomain" => {
            let body = json!({ "domain": "new.example", "podId": "own" });
            ("POST", "/v1/domains".to_owned(), Some(body))
        }
        "createDomain/everyPod" => {
            let body = json!({ "domain": "new.example" });
            ("POST", "/v1/domains".to_owned(), Some(body))
        }
        "listDomains" => ("GET", "/v1/domains".to_owned(), None),
        "getDomain" => ("GET", domain, None),
        "updateDomain" => ("PATCH", domain, Some(json!({ "podId": null }))),
        "verifyDomain" => ("POST", format!("{domain}/verify"), None),
        "deleteDomain" => ("DELETE", domain, None),
        "getUsage" => ("GET", "/v1/usage".to_owned(), None),
        "submitFeedback" => {
            let body = json!({ "type": "bug", "message": "It hums." });
            ("POST", "/v1/feedback".to_owned(), Some(body))
        }
        other => panic!("{other} has no call here"),
    };
    (method, path, body)
}

/// The table's rows: an operation, and a status for each key.
fn golden() -> BTreeMap<&'static str, Vec<u16>> {
    let lines = GOLDEN.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let operation = words.next().expect("an operation");
            let statuses: Vec<u16> = words.map(|it| it.parse().expect("a status")).collect();
            assert_eq!(statuses.len(), KEYS.len(), "{line}");
            (operation, statuses)
        })
        .collect()
}

fn caller(mock: &Running, world: &str, key: &str) -> Account {
    let account = account_of(mock, world);
    match key {
        "account" => account,
        label => account.holding(&format!("om_test_{world}.{label}")),
    }
}

fn status(mock: &Running, world: &str, key: &str, operation: &str) -> u16 {
    let (method, path, body) = call(operation);
    if key == "none" {
        let json = ("content-type", "application/json".to_owned());
        let text = body.map(|body| body.to_string()).unwrap_or_default();
        let headers = if text.is_empty() { vec![] } else { vec![json] };
        let answer = Client::new(mock).send(method, &path, &headers, text.as_bytes());
        return answer.status;
    }
    // What stands in a pod is in the way of its deletion, for whoever may delete it.
    if operation == "deletePod" {
        let account = account_of(mock, world);
        account.delete(&format!("/v1/inboxes/{INBOX}")).expect(204);
        account.delete(&format!("/v1/domains/{DOMAIN}")).expect(204);
    }
    send(body)(&caller(mock, world, key), method, &path).status
}

#[test]
fn every_operation_lets_in_whom_the_table_says() {
    let mock = start(Config::with_fixture(tenants()));
    let mut differences = Vec::new();
    for (number, (operation, statuses)) in golden().into_iter().enumerate() {
        for (column, (key, expected)) in KEYS.iter().zip(statuses).enumerate() {
            // A world for each cell: calls that succeed change what the next would meet.
            let world = format!("cell-{number}-{column}");
            if *key == "inbox" && operation == "deletePod" {
                // Its inbox would have to go first, and its key with it.
                continue;
            }
            if *key == "revoked" {
                let account = account_of(&mock, &world);
                let gone = json!({ "keys": [{ "label": "revoked", "remove": true }] });
                account.patch("/_mock/state", gone).expect(200);
            }
            let found = status(&mock, &world, key, operation);
            if found != expected {
                differences.push(format!("{operation} by {key}: {found}, not {expected}"));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn the_table_has_every_operation_of_the_document() {
    let contract = openmail_mock::api::built_in_contract().expect("a sound document");
    let documented: BTreeSet<&str> = contract.operations.iter().map(|it| &*it.id).collect();
    let golden = golden();
    let told: BTreeSet<&str> = golden
        .keys()
        .map(|row| row.split('/').next().unwrap_or(row))
        .collect();
    assert_eq!(told, documented);
}

#[test]
fn what_is_not_there_is_not_found_whatever_the_key() {
    let mock = start(Config::with_fixture(tenants()));
    let nobody = "00000000-0000-4000-8000-00000000ffff";
    for key in ["account", "pod", "inbox", "other-pod", "other-inbox"] {
        let caller = caller(&mock, "missing", key);
        for (method, path) in [
            ("GET", format!("/v1/pods/{nobody}")),
            ("DELETE", format!("/v1/pods/{nobody}")),
            ("GET", format!("/v1/inboxes/{nobody}")),
            ("DELETE", format!("/v1/inboxes/{nobody}")),
            ("GET", format!("/v1/domains/{nobody}")),
            ("DELETE", format!("/v1/domains/{nobody}")),
            ("GET", format!("/v1/threads/{nobody}/messages")),
            ("DELETE", format!("/v1/messages/{nobody}")),
        ] {
            caller.send(method, &path, None).refused(404, "not_found");
        }
    }
}

#[test]
fn a_refusal_names_the_boundary() {
    let mock = start(Config::with_fixture(tenants()));
    let said = |key: &str, method: &str, path: &str| {
        let answer = caller(&mock, "w", key).send(method, path, None);
        let body = answer.refused(403, "forbidden").json();
        body["message"].as_str().expect("a message").to_owned()
    };
    let inbox = format!("/v1/inboxes/{INBOX}");
    assert!(said("other-pod", "GET", &inbox).contains("the pod `other`"));
    assert!(said("other-inbox", "GET", &inbox).contains("other@openmail.sh"));
    assert!(said("pod", "DELETE", &inbox).contains("the whole account"));
    assert!(said("inbox", "GET", &format!("{inbox}/api-keys")).contains("a key of its pod"));
}

#[test]
fn lists_show_what_the_key_reaches() {
    let mock = start(Config::with_fixture(tenants()));
    let listed = |key: &str, path: &str, field: &str| -> Vec<String> {
        let answer = caller(&mock, "w", key).get(path).expect(200).json();
        let rows = answer["data"].as_array().expect("rows");
        assert_eq!(answer["total"], rows.len());
        let text = |row: &Value| row[field].as_str().unwrap_or("default").to_owned();
        rows.iter().map(text).collect()
    };
    assert_eq!(listed("pod", "/v1/pods", "clientId"), ["own"]);
    assert_eq!(listed("inbox", "/v1/pods", "clientId"), ["own"]);
    assert_eq!(listed("pod", "/v1/inboxes", "address"), ["own@openmail.sh"]);
    assert_eq!(
        listed("inbox", "/v1/inboxes", "address"),
        ["own@openmail.sh"]
    );
    assert_eq!(listed("pod", "/v1/inboxes?podId=own", "address").len(), 1);
    assert_eq!(listed("pod", "/v1/inboxes?podId=other", "address").len(), 0);
    assert_eq!(
        listed("inbox", "/v1/inboxes?podId=other", "address").len(),
        0
    );
    assert_eq!(listed("account", "/v1/inboxes", "address").len(), 2);
    let past = caller(&mock, "w", "inbox")
        .get("/v1/inboxes?offset=1")
        .expect(200);
    assert_eq!(past.json(), json!({ "data": [], "total": 1 }));
}

#[test]
fn a_pod_key_opens_inboxes_in_its_pod_without_naming_it() {
    let mock = start(Config::with_fixture(tenants()));
    let own = account_of(&mock, "w")
        .get("/v1/pods/own")
        .expect(200)
        .json();
    let inbox = caller(&mock, "w", "pod").post("/v1/inboxes", json!({}));
    assert_eq!(inbox.expect(201).json()["podId"], own["id"]);
    let order = [("nowhere", 400, "invalid_pod"), ("other", 403, "forbidden")];
    for (pod, status, code) in order {
        let body = json!({ "podId": pod, "domain": "unknown.example" });
        let answer = caller(&mock, "w", "pod").post("/v1/inboxes", body);
        answer.refused(status, code);
    }
}

#[test]
fn me_says_how_far_the_key_reaches() {
    let mock = start(Config::with_fixture(tenants()));
    let scope = |key: &str| {
        let me = caller(&mock, "w", key).get("/v1/me").expect(200).json();
        me["apiKeyScope"].clone()
    };
    let pod = account_of(&mock, "w")
        .get("/v1/pods/own")
        .expect(200)
        .json()["id"]
        .clone();
    assert_eq!(scope("account"), "account");
    assert_eq!(scope("pod"), json!({ "podId": pod, "inboxId": null }));
    assert_eq!(scope("inbox"), json!({ "podId": pod, "inboxId": INBOX }));
}

/// Webhooks need an account key, whichever call would set one.
#[test]
fn a_pod_key_opens_no_inbox_with_a_webhook() {
    let mock = start(Config::with_fixture(tenants()));
    let pod = caller(&mock, "w", "pod");
    let body = |url: &str| json!({ "mailboxName": "hooked", "webhookUrl": url });
    let refused = pod.post("/v1/inboxes", body("https://example.com/hook"));
    refused.refused(403, "forbidden");
    pod.post("/v1/inboxes", body("")).expect(201);
}
