//! What the service's own clients and some others send, and what they need of the answers
//! (OpenMail's SDK, command line client, MCP server, plugins).

use serde_json::{Value, json};

use crate::support::post::{Post, id, text};
use crate::support::{Account, Answer, anonymous};

const JSON: (&str, &str) = ("content-type", "application/json");

/// A client that puts these headers on every request.
struct Habit<'h> {
    account: &'h Account,
    headers: &'h [(&'h str, &'h str)],
}

impl Habit<'_> {
    fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let answer = self
            .account
            .send_raw(method, path, self.headers, body.as_bytes());
        // Their parsers ask for JSON wherever there is a body.
        let media_type = answer.header("content-type").unwrap_or("application/json");
        assert!(media_type.starts_with("application/json"), "{media_type}");
        answer
    }
}

/// Lets a mail arrive; what became of it.
fn arrives(post: &Post, to: &str) -> Value {
    let mail = json!({ "from": "ada@example.com", "to": to, "subject": "Hello", "text": "Hi" });
    post.arrives(mail)
}

#[test]
fn the_typescript_sdk_finds_its_success_codes() {
    let post = Post::new("client-sdk");
    let agent = "speakeasy-sdk/typescript 0.0.1 2.916.2 1.0.0 @openmail/sdk";
    let headers = [
        ("accept", "application/json"),
        ("user-agent", agent),
        ("cookie", ""),
        JSON,
    ];
    let sdk = Habit {
        account: &post.account,
        headers: &headers,
    };
    let pod = sdk
        .send("POST", "/v1/pods", r#"{"clientId":"acme"}"#)
        .expect(201)
        .json();
    sdk.send("GET", "/v1/pods?limit=50&offset=0", "")
        .expect(200);
    let inbox = sdk.send(
        "POST",
        "/v1/inboxes",
        r#"{"podId":"acme","mailboxName":"ada"}"#,
    );
    let inbox = inbox.expect(201).json();
    let inbox_path = format!("/v1/inboxes/{}", id(&inbox));
    arrives(&post, "ada@openmail.sh");
    let threads = format!("{inbox_path}/threads?is_read=false&limit=50&offset=0");
    let threads = sdk.send("GET", &threads, "").expect(200).json();
    let thread = format!("/v1/threads/{}", id(&threads["data"][0]));
    sdk.send("PATCH", &thread, r#"{"is_read":true}"#)
        .expect(200);
    let hook = json!({ "webhookUrl": "https://example.com/hook" }).to_string();
    sdk.send("PATCH", &inbox_path, &hook).expect(200);
    sdk.send("DELETE", &inbox_path, "").expect(204);
    sdk.send("DELETE", &format!("/v1/pods/{}", id(&pod)), "")
        .expect(204);
}

#[test]
fn the_command_line_client_logs_in_without_help() {
    let nobody = anonymous();
    nobody.send("GET", "/health", &[], b"").expect(200);
    let started = nobody
        .send("POST", "/auth/cli/start", &[JSON], b"{}")
        .expect(200)
        .json();
    for field in ["requestId", "userCode", "verifyUrl"] {
        assert!(!text(&started, field).is_empty());
    }
    assert!(started["expiresInSeconds"].as_u64().expect("seconds") > 0);
    let poll = |id: &str| nobody.send("GET", &format!("/auth/cli/poll?requestId={id}"), &[], b"");
    let ready = poll(text(&started, "requestId")).expect(200).json();
    assert_eq!(
        ready,
        json!({ "status": "ready", "apiKey": "om_test_default" })
    );
    let key = format!("Bearer {}", text(&ready, "apiKey"));
    let probe = nobody.send(
        "GET",
        "/v1/inboxes?limit=1&offset=0",
        &[("authorization", &key)],
        b"",
    );
    probe.expect(200);
    for unknown in [
        "",
        "x",
        "é",
        "00000000-0000-4000-8000-000000000001",
        "-ffffffffffffffff",
    ] {
        poll(&unknown.replace('é', "%C3%A9")).refused(404, "not_found");
    }
    let page = text(&started, "verifyUrl");
    let page = &page[page.find("/auth").expect("a path")..];
    let shown = nobody.send("GET", page, &[("accept", "text/html,*/*")], b"");
    assert_eq!(
        shown.expect(200).header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let told = nobody.send("GET", page, &[], b"").expect(200).json();
    assert_eq!(told, json!({ "status": "ready" }));
    let other = nobody
        .send("POST", "/auth/cli/start", &[], b"")
        .expect(200)
        .json();
    assert_ne!(other["requestId"], started["requestId"]);
    let wrong = nobody.send("GET", "/auth/cli/start", &[], b"");
    assert_eq!(
        wrong.refused(405, "method_not_allowed").header("allow"),
        Some("POST")
    );
}

#[test]
fn the_command_line_client_sets_up_and_sends() {
    let post = Post::new("client-cli");
    let cli = Habit {
        account: &post.account,
        headers: &[
            JSON,
            ("idempotency-key", "8d0f3c1e-77aa-4a0e-9a8e-0d8c2b1a7f66"),
        ],
    };
    let inbox = cli
        .send("POST", "/v1/inboxes", r#"{"displayName":"Ada"}"#)
        .expect(201)
        .json();
    let latest = cli
        .send("GET", "/v1/inboxes?limit=10&offset=0", "")
        .expect(200)
        .json();
    assert_eq!(latest["data"][0]["id"], inbox["id"]);
    let mail = json!({ "to": "x@example.com", "subject": "s", "body": "b" }).to_string();
    let send = format!("/v1/inboxes/{}/send", id(&inbox));
    let sent = cli.send("POST", &send, &mail).expect(200).json();
    assert_eq!(cli.send("POST", &send, &mail).expect(200).json(), sent);
    let key = cli.send(
        "POST",
        &format!("/v1/inboxes/{}/api-keys", id(&inbox)),
        "{}",
    );
    assert!(text(&key.expect(201).json(), "token").starts_with("om_"));
    cli.send("GET", "/v1/usage?group_by=account", "")
        .expect(200);
    // No body, though the header says JSON.
    let domain = cli
        .send("POST", "/v1/domains", r#"{"domain":"acme.example"}"#)
        .expect(201)
        .json();
    cli.send("POST", &format!("/v1/domains/{}/verify", id(&domain)), "")
        .expect(200);
    cli.send(
        "DELETE",
        &format!("/v1/threads/{}", text(&sent, "threadId")),
        "",
    )
    .expect(204);
    cli.send("DELETE", &format!("/v1/inboxes/{}", id(&inbox)), "")
        .expect(204);
}

#[test]
fn the_mcp_server_reads_answers_and_asks_for_domains() {
    let post = Post::new("client-mcp");
    let inbox = post.inbox("ada");
    arrives(&post, "ada@openmail.sh");
    let mcp = Habit {
        account: &post.account,
        headers: &[JSON, ("x-openmail-client", "mcp")],
    };
    let me = mcp.send("GET", "/v1/me", "").expect(200).json();
    assert!(me["customerId"].is_string() && me["plan"].is_string());
    assert_eq!(
        (&me["apiKeyScope"], &me["mcpScopes"]),
        (&json!("account"), &Value::Null)
    );
    mcp.send("GET", "/v1/inboxes?limit=50", "").expect(200);
    let path = format!("/v1/inboxes/{}", id(&inbox));
    let key = mcp.send("POST", &format!("{path}/api-keys"), r#"{"name":"mcp"}"#);
    assert!(key.expect(201).json()["token"].is_string());
    let unread = mcp.send("GET", &format!("{path}/threads?isRead=false&limit=5"), "");
    let thread = unread.expect(200).json()["data"][0].clone();
    assert!(thread["lastMessageAt"].is_string());
    let thread = format!("/v1/threads/{}", id(&thread));
    let read = mcp
        .send("GET", &format!("{thread}/messages"), "")
        .expect(200)
        .json();
    assert_eq!(read["inboxId"], inbox["id"]);
    let reply = json!({ "to": "ada@example.com", "body": "Yes", "threadId": read["threadId"] });
    let sent = mcp.send("POST", &format!("{path}/send"), &reply.to_string());
    assert_eq!(sent.expect(200).json()["threadId"], read["threadId"]);
    mcp.send("PATCH", &thread, r#"{"isRead":true}"#).expect(200);
    let domain = mcp
        .send("POST", "/v1/domains", r#"{"domain":"acme.example"}"#)
        .expect(201)
        .json();
    assert!(
        domain["records"]
            .as_array()
            .is_some_and(|it| !it.is_empty())
    );
    let checked = mcp.send("POST", &format!("/v1/domains/{}/verify", id(&domain)), "{}");
    assert_eq!(checked.expect(200).json()["status"], "verified");
    mcp.send("GET", "/v1/domains", "").expect(200);
    let said = r#"{"type":"bug","message":"x","context":{"errorCode":"not_found"}}"#;
    mcp.send("POST", "/v1/feedback", said).expect(201);
}

#[test]
fn openclaw_says_json_without_a_body_and_replies_without_a_subject() {
    let post = Post::new("client-openclaw");
    let agent = ("user-agent", "openmail-openclaw/1.0.0");
    let claw = Habit {
        account: &post.account,
        headers: &[JSON, agent, ("idempotency-key", "k1")],
    };
    let inbox = claw
        .send("POST", "/v1/inboxes", r#"{"mailboxName":"claw"}"#)
        .expect(201)
        .json();
    let path = format!("/v1/inboxes/{}", id(&inbox));
    claw.send("GET", &path, "").expect(200);
    let came = arrives(&post, "claw@openmail.sh");
    let thread = format!("/v1/threads/{}/messages", text(&came, "threadId"));
    let read = claw.send("GET", &thread, "").expect(200).json();
    assert_eq!(read["data"][0]["direction"], "inbound");
    let reply = json!({ "to": "ada@example.com", "body": "Yes", "threadId": came["threadId"] });
    claw.send("POST", &format!("{path}/send"), &reply.to_string())
        .expect(200);
    let key = claw
        .send("POST", &format!("{path}/api-keys"), "{}")
        .expect(201)
        .json();
    claw.send("DELETE", &format!("{path}/api-keys/{}", id(&key)), "")
        .expect(204);
    claw.send("DELETE", &path, "{}").expect(204);
}

#[test]
fn hermes_and_nanoclaw_poll_and_send() {
    let post = Post::new("client-hermes");
    let inbox = post.inbox("hermes");
    arrives(&post, "hermes@openmail.sh");
    let hermes = Habit {
        account: &post.account,
        headers: &[("user-agent", "openmail-hermes/0.1.0")],
    };
    let pods = hermes
        .send("GET", "/v1/pods?limit=100", "")
        .expect(200)
        .json();
    assert_eq!(pods["data"][0]["isDefault"], true);
    let path = format!("/v1/inboxes/{}", id(&inbox));
    let unread = hermes.send("GET", &format!("{path}/threads?is_read=false"), "");
    assert_eq!(unread.expect(200).json()["total"], 1);
    let parts: [(&str, &str, &[u8]); 6] = [
        ("name=\"to\"", "", b"ada@example.com"),
        ("name=\"subject\"", "", b"s"),
        ("name=\"body\"", "", b"b"),
        ("name=\"cc\"", "", b"bo@example.com"),
        ("name=\"cc\"", "", b"cy@example.com"),
        ("name=\"includeQuote\"", "", b"false"),
    ];
    let sent = post.send_form(&inbox, &parts).expect(200).json();
    assert!(sent["messageId"].is_string());
    let polled = format!("{path}/messages?direction=inbound&limit=50");
    let polled = hermes.send("GET", &polled, "").expect(200).json();
    let message = &polled["data"][0];
    for field in [
        "id",
        "threadId",
        "inboxId",
        "fromAddr",
        "subject",
        "bodyText",
        "createdAt",
    ] {
        assert!(message[field].is_string(), "{field}");
    }
}
