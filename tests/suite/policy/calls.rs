//! The calls themselves: shapes, what they change, what they refuse.

use serde_json::json;

use super::{DESK, add, added, get, in_desk, path, set, under, world};

#[test]
fn every_scope_begins_without_rules() {
    let post = world("policy-empty");
    let nothing = |mode: &str| {
        json!({ "rules": [], "inbound": { "mode": mode }, "outbound": { "mode": mode },
                "inherited": [] })
    };
    assert_eq!(get(&post.account, ""), nothing("none"));
    assert_eq!(get(&post.account, "podId=own"), nothing("inherit"));
    assert_eq!(get(&post.account, &in_desk()), nothing("inherit"));
}

#[test]
fn a_rule_is_made_shown_inherited_and_deleted() {
    let post = world("policy-rule");
    let account = &post.account;
    let rule = added(account, "podId=own", "inbound", "block", "Spam.Example.COM");
    let id = rule["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        rule,
        json!({ "id": id, "direction": "inbound", "type": "block", "value": "spam.example.com",
                "createdAt": "2040-01-16T09:30:00.000Z" })
    );
    assert_eq!(get(account, "podId=own")["rules"], json!([rule]));
    assert_eq!(get(account, "")["rules"], json!([]));
    let mut inherited = rule;
    inherited["scope"] = json!("pod");
    assert_eq!(get(account, &in_desk())["inherited"], json!([inherited]));

    let at = |scope: &str| under(&format!("rules/{id}"), scope);
    let answer = account.delete(&at(&in_desk()));
    let body = answer.refused(403, "inherited_rule").json();
    assert!(
        body["message"]
            .as_str()
            .expect("words")
            .contains("the pod `own`")
    );
    account.delete(&at("")).refused(404, "not_found");
    account.delete(&at("podId=other")).refused(404, "not_found");
    account.delete(&at("podId=own")).expect(204);
    account.delete(&at("podId=own")).refused(404, "not_found");
    assert_eq!(get(account, "podId=own")["rules"], json!([]));
}

#[test]
fn a_rule_that_is_there_already_is_refused() {
    let post = world("policy-exists");
    let account = &post.account;
    added(account, "", "inbound", "allow", "ada@example.com");
    add(account, "", "inbound", "allow", "ADA@example.com").refused(409, "rule_exists");
    // Another type, direction or scope makes another rule.
    added(account, "", "inbound", "block", "ada@example.com");
    added(account, "", "outbound", "allow", "ada@example.com");
    added(account, "podId=own", "inbound", "allow", "ada@example.com");
    assert_eq!(get(account, "")["rules"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_value_is_an_address_a_domain_or_all_beneath_one() {
    let post = world("policy-values");
    for value in [
        "ada+x@example.com",
        "example.com",
        "*.example.com",
        "a.b.c.example",
    ] {
        added(&post.account, "", "inbound", "allow", value);
    }
    for value in [
        "",
        "*",
        "@example.com",
        "*@example.com ",
        "a b@example.com",
        "*.",
        "localhost",
        "a@b@example.com",
        "ex*mple.com",
        "a..example",
        "Ada <ada@example.com>",
    ] {
        add(&post.account, "", "inbound", "allow", value).refused(400, "bad_request");
    }
    for body in [
        json!({ "type": "allow", "value": "a.example" }),
        json!({ "direction": "inbound", "value": "a.example" }),
        json!({ "direction": "inbound", "type": "allow" }),
        json!({ "direction": "both", "type": "allow", "value": "a.example" }),
    ] {
        post.account
            .post("/v1/policy/rules", body)
            .refused(400, "bad_request");
    }
}

#[test]
fn a_mode_is_set_for_one_direction() {
    let post = world("policy-mode");
    let account = &post.account;
    let answer = set(account, "podId=own", "inbound", "allowlist")
        .expect(200)
        .json();
    assert_eq!(answer["inbound"]["mode"], "allowlist");
    assert_eq!(answer["outbound"]["mode"], "inherit");
    assert_eq!(answer, get(account, "podId=own"));
    // Every other scope says what it said.
    assert_eq!(get(account, "")["inbound"]["mode"], "none");
    assert_eq!(get(account, &in_desk())["inbound"]["mode"], "inherit");
    set(account, "podId=own", "inbound", "inherit").expect(200);
    assert_eq!(get(account, "podId=own")["inbound"]["mode"], "inherit");
    set(account, "", "inbound", "inherit").refused(400, "bad_request");
    set(account, "", "inbound", "open").refused(400, "bad_request");
}

#[test]
fn replacing_keeps_the_other_direction_and_the_rules_that_stay() {
    let post = world("policy-replace");
    let account = &post.account;
    let kept = added(account, "", "inbound", "allow", "kept.example");
    added(account, "", "inbound", "block", "gone.example");
    let other = added(account, "", "outbound", "block", "other.example");
    let body = json!({ "inbound": { "mode": "allowlist", "rules": [
        { "type": "allow", "value": "new.example" },
        { "type": "allow", "value": "KEPT.example" },
        { "type": "allow", "value": "New.Example" },
    ] } });
    let answer = account
        .send("PUT", "/v1/policy", Some(body))
        .expect(200)
        .json();
    assert_eq!(answer["inbound"]["mode"], "allowlist");
    let rules = answer["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), 3, "{rules:#?}");
    assert_eq!(rules[..2], [kept, other]);
    assert_eq!(rules[2]["value"], "new.example");
    assert_eq!(answer, get(account, ""));

    // What is left out of a direction is as at the beginning.
    let body = json!({ "inbound": {} });
    let answer = account
        .send("PUT", "/v1/policy", Some(body))
        .expect(200)
        .json();
    assert_eq!(answer["inbound"]["mode"], "none");
    assert_eq!(answer["rules"].as_array().map(Vec::len), Some(1));
    let wrong =
        json!({ "inbound": { "mode": "none", "rules": [{ "type": "allow", "value": "*" }] } });
    let answer = account.send("PUT", "/v1/policy", Some(wrong));
    answer.refused(400, "bad_request");
}

#[test]
fn a_scope_is_one_and_has_to_be_there() {
    let post = world("policy-scope");
    let account = &post.account;
    let both = path(&format!("podId=own&inboxId={DESK}"));
    let message = account.get(&both).refused(400, "bad_request").json();
    assert!(
        message["message"]
            .as_str()
            .expect("words")
            .contains("exclude each other")
    );
    for scope in [
        "podId=nowhere",
        "inboxId=desk@openmail.sh",
        "inboxId=",
        "podId=",
    ] {
        account.get(&path(scope)).refused(404, "not_found");
        account
            .get(&under("audit", scope))
            .refused(404, "not_found");
        set(account, scope, "inbound", "allowlist").refused(404, "not_found");
        add(account, scope, "inbound", "block", "a.example").refused(404, "not_found");
    }
}

#[test]
fn a_scope_takes_its_policy_along() {
    let post = world("policy-goes");
    let account = &post.account;
    added(account, &in_desk(), "inbound", "block", "a.example");
    set(account, &in_desk(), "outbound", "allowlist").expect(200);
    let pod = account
        .post("/v1/pods", json!({ "clientId": "brief" }))
        .expect(201);
    drop(pod);
    added(account, "podId=brief", "inbound", "block", "a.example");
    account.delete("/v1/pods/brief").expect(204);
    account.delete(&format!("/v1/inboxes/{DESK}")).expect(204);
    let state = account.get(super::STATE).expect(200).json();
    assert!(state.get("policy").is_none(), "{state:#}");
}
