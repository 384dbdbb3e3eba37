//! What policy does to mail.

use serde_json::{Value, json};

use super::{OTHER, added, audit, desk, dropped, get, in_desk, send, set, world};

#[test]
fn a_block_drops_what_comes_without_a_word() {
    let post = world("policy-drops");
    added(&post.account, "", "inbound", "block", "spam@example.com");
    assert_eq!(dropped(&post, "Spam <SPAM@Example.com>"), "policy");
    assert_eq!(dropped(&post, "ham@example.com"), Value::Null);
    assert_eq!(post.messages(&desk()).len(), 1);
    assert_eq!(post.threads(&desk()).len(), 1);
    let state = post.account.get(super::STATE).expect(200).json();
    assert_eq!(state["events"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_dry_run_says_so_and_notes_nothing() {
    let post = world("policy-dry");
    added(&post.account, "", "inbound", "block", "example.com");
    let mail = json!({ "from": "a@example.com", "to": "desk@openmail.sh" });
    let answer = post
        .account
        .post("/_mock/inbound?dryRun=true", mail)
        .expect(200)
        .json();
    let result = &answer["results"][0];
    assert_eq!(result["dropped"], "policy");
    assert_eq!(result["inboxId"], super::DESK);
    assert_eq!(result["messageId"], Value::Null);
    assert_eq!(audit(&post.account, ""), Vec::<Value>::new());
}

/// A domain is that one alone; with `*.` it is what lies beneath, and not itself.
#[test]
fn what_rules_name() {
    let post = world("policy-names");
    let senders = [
        "a@example.com",
        "a@x.example.com",
        "a@y.x.example.com",
        "a@notexample.com",
    ];
    for (value, named) in [
        ("example.com", [true, false, false, false]),
        ("*.example.com", [false, true, true, false]),
        ("a@x.example.com", [false, true, false, false]),
    ] {
        let rule = added(&post.account, "", "inbound", "block", value);
        for (sender, is_named) in senders.iter().zip(named) {
            let is_dropped = dropped(&post, sender) == "policy";
            assert_eq!(is_dropped, is_named, "{value} and {sender}");
        }
        let id = rule["id"].as_str().expect("an id");
        post.account
            .delete(&format!("/v1/policy/rules/{id}"))
            .expect(204);
    }
}

#[test]
fn the_from_header_decides_and_not_the_envelope() {
    let post = world("policy-from");
    added(&post.account, "", "inbound", "block", "ada@example.com");
    let bytes =
        b"From: Ada <ada@example.com>\r\nSender: bo@example.com\r\nTo: x@example.com\r\n\r\nHi";
    assert_eq!(
        post.arrives_raw("desk@openmail.sh", bytes)["dropped"],
        "policy"
    );
    let bytes =
        b"From: bo@example.com\r\nSender: ada@example.com\r\nReply-To: ada@example.com\r\n\r\nHi";
    assert_eq!(
        post.arrives_raw("desk@openmail.sh", bytes)["dropped"],
        Value::Null
    );
}

#[test]
fn an_allowlist_lets_in_whom_it_names_and_an_empty_one_nobody() {
    let post = world("policy-allow");
    set(&post.account, "", "inbound", "allowlist").expect(200);
    assert_eq!(dropped(&post, "ada@example.com"), "policy");
    added(&post.account, "", "inbound", "allow", "example.com");
    assert_eq!(dropped(&post, "ada@example.com"), Value::Null);
    assert_eq!(dropped(&post, "ada@elsewhere.example"), "policy");
    // A block beats it.
    added(
        &post.account,
        "podId=own",
        "inbound",
        "block",
        "ada@example.com",
    );
    assert_eq!(dropped(&post, "ada@example.com"), "policy");
    assert_eq!(dropped(&post, "bo@example.com"), Value::Null);
    // Nobody said anything of what goes.
    send(&post, "ada@elsewhere.example").expect(200);
}

#[test]
fn who_cannot_be_told_passes_no_allowlist() {
    let post = world("policy-unknown");
    set(&post.account, "", "inbound", "allowlist").expect(200);
    let many = format!("a@{}example.com", "x.".repeat(20_000));
    for from in ["", "nobody", "@", "<>", many.as_str()] {
        let bytes = format!("From: {from}\r\n\r\nHi");
        let result = post.arrives_raw("desk@openmail.sh", bytes.as_bytes());
        assert_eq!(
            result["dropped"],
            "policy",
            "{}",
            &from[..from.len().min(20)]
        );
    }
    for entry in audit(&post.account, "") {
        assert!(entry["address"].as_str().expect("a text").len() <= 320);
    }
}

/// Each scope says what holds beneath it, until one beneath says otherwise.
#[test]
fn modes_and_rules_are_inherited() {
    let post = world("policy-inherited");
    let account = &post.account;
    set(account, "", "inbound", "allowlist").expect(200);
    added(account, "", "inbound", "allow", "account.example");
    added(account, "podId=own", "inbound", "allow", "pod.example");
    added(account, &in_desk(), "inbound", "allow", "inbox.example");
    for domain in ["account.example", "pod.example", "inbox.example"] {
        assert_eq!(
            dropped(&post, &format!("a@{domain}")),
            Value::Null,
            "{domain}"
        );
    }
    assert_eq!(dropped(&post, "a@elsewhere.example"), "policy");
    // A rule of a pod says nothing to another one.
    let mail = json!({ "from": "a@pod.example", "to": "other@openmail.sh" });
    assert_eq!(post.arrives(mail)["dropped"], "policy");
    // A scope with an allowlist of its own begins a new one.
    set(account, "podId=own", "inbound", "allowlist").expect(200);
    assert_eq!(dropped(&post, "a@account.example"), "policy");
    assert_eq!(dropped(&post, "a@pod.example"), Value::Null);
    assert_eq!(dropped(&post, "a@inbox.example"), Value::Null);
    // One with `none` lifts it, but for those who are blocked.
    set(account, &in_desk(), "inbound", "none").expect(200);
    assert_eq!(dropped(&post, "a@elsewhere.example"), Value::Null);
    added(account, "", "inbound", "block", "elsewhere.example");
    assert_eq!(dropped(&post, "a@elsewhere.example"), "policy");
    let scopes: Vec<Value> = get(account, &in_desk())["inherited"]
        .as_array()
        .expect("rules")
        .iter()
        .map(|rule| rule["scope"].clone())
        .collect();
    assert_eq!(scopes, ["pod", "account", "account"]);
}

#[test]
fn one_recipient_who_is_not_permitted_refuses_the_whole_send() {
    let post = world("policy-outbound");
    added(&post.account, &in_desk(), "outbound", "block", "no.example");
    let before = post.account.get(super::STATE).expect(200).json();
    for field in ["cc", "bcc", "replyTo"] {
        let value = match field {
            "replyTo" => json!("A@NO.example"),
            _ => json!(["bo@example.com", "A@NO.example"]),
        };
        let body = json!({ "to": "ada@example.com", "subject": "s", "body": "b", field: value });
        let answer = post.try_send(&desk(), body);
        let body = answer.refused(403, "recipient_not_permitted").json();
        assert_eq!(body["recipient"], "A@NO.example", "{field}");
    }
    let body = send(&post, "a@no.example").refused(403, "recipient_not_permitted");
    assert_eq!(body.json()["recipient"], "a@no.example");
    assert_eq!(post.outbox(), Vec::<Value>::new());
    assert_eq!(post.messages(&desk()), Vec::<Value>::new());
    // The audit alone tells of it, and ids that it drew.
    let mut after = post.account.get(super::STATE).expect(200).json();
    assert_eq!(after["policy"]["audit"].as_array().map(Vec::len), Some(4));
    after["policy"]
        .as_object_mut()
        .expect("a policy")
        .remove("audit");
    after["generator"] = before["generator"].clone();
    assert_eq!(after, before);
    send(&post, "ada@example.com").expect(200);
}

#[test]
fn an_outbound_allowlist_names_who_may_be_written_to() {
    let post = world("policy-outbound-allow");
    set(&post.account, "podId=own", "outbound", "allowlist").expect(200);
    send(&post, "ada@example.com").refused(403, "recipient_not_permitted");
    added(
        &post.account,
        "podId=own",
        "outbound",
        "allow",
        "*.example.com",
    );
    send(&post, "ada@x.example.com").expect(200);
    send(&post, "ada@example.com").refused(403, "recipient_not_permitted");
    // What comes is another matter, and so is what other inboxes send.
    assert_eq!(dropped(&post, "ada@example.com"), Value::Null);
    let other = json!({ "id": OTHER });
    let body = json!({ "to": "ada@example.com", "subject": "s", "body": "b" });
    post.send(&other, body);
}

/// The order of checks: after a full storage, before the suppression list.
#[test]
fn the_policy_is_asked_before_the_suppression_list() {
    let post = world("policy-order");
    added(&post.account, "", "outbound", "block", "ada@example.com");
    let listed = json!({ "suppressions": [{ "address": "ada@example.com", "type": "bounce" }] });
    post.account.patch(super::STATE, listed).expect(200);
    send(&post, "ada@example.com").refused(403, "recipient_not_permitted");
    let full = json!({ "account": { "storageFull": true } });
    post.account.patch(super::STATE, full).expect(200);
    send(&post, "ada@example.com").refused(422, "storage_limit_exceeded");
}

/// Mail between inboxes of a world passes what its sender may send, then what its recipient takes.
#[test]
fn mail_within_a_world_passes_both() {
    let post = world("policy-within");
    let other = json!({ "id": OTHER });
    added(
        &post.account,
        "podId=other",
        "inbound",
        "block",
        "desk@openmail.sh",
    );
    send(&post, "other@openmail.sh").expect(200);
    assert_eq!(post.messages(&desk()).len(), 1);
    assert_eq!(post.messages(&other), Vec::<Value>::new());
    assert_eq!(post.outbox(), Vec::<Value>::new());
    let entries = audit(&post.account, "podId=other");
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["address"], "desk@openmail.sh");
    assert_eq!(audit(&post.account, "podId=own"), Vec::<Value>::new());
    added(&post.account, "", "outbound", "block", "other@openmail.sh");
    send(&post, "other@openmail.sh").refused(403, "recipient_not_permitted");
}

/// A reply copies whoever wrote with the inbox in Cc; the policy looks at them too.
#[test]
fn a_copy_that_nobody_asked_for_is_looked_at() {
    let post = world("policy-copy");
    let came = post.arrives_raw(
        "desk@openmail.sh",
        b"From: ada@example.com\r\nTo: bo@example.com\r\nCc: desk@openmail.sh\r\n\r\nHi",
    );
    added(&post.account, "", "outbound", "block", "ada@example.com");
    let reply = json!({ "to": "bo@example.com", "body": "Yes", "threadId": came["threadId"] });
    let answer = post.try_send(&desk(), reply);
    let body = answer.refused(403, "recipient_not_permitted").json();
    assert_eq!(body["recipient"], "ada@example.com");
}
