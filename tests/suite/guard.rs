//! Who may reach the control plane, and which world a control call addresses.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::LazyLock;

use openmail_mock::{Config, Running, StartError};

use crate::support::{Answer, Client, Connection, account_of, start};

static MOCK: LazyLock<Running> = LazyLock::new(|| start(Config::default()));

/// A call with these headers, `host` among them if it is to be another than the address.
fn get(mock: &Running, path: &str, headers: &[(&str, &str)]) -> Answer {
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    Client::new(mock).send("GET", path, &headers.collect::<Vec<_>>(), b"")
}

fn clock_with(headers: &[(&str, &str)]) -> Answer {
    get(&MOCK, "/_mock/clock", headers)
}

#[test]
fn the_names_of_this_machine_are_answered() {
    for host in ["localhost", "LocalHost:1", "127.0.0.1", "127.0.0.1:6245"] {
        clock_with(&[("host", host)]).expect(200);
    }
}

#[test]
fn a_rebound_name_is_refused() {
    for host in [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "[::1]",
        "",
    ] {
        clock_with(&[("host", host)]).refused(403, "forbidden");
    }
}

#[test]
fn a_request_without_a_host_is_refused() {
    let mut connection = Connection::open(MOCK.address());
    connection.write(b"GET /_mock/clock HTTP/1.0\r\n\r\n");
    connection.answer().refused(403, "forbidden");
}

#[test]
fn the_host_of_an_absolute_target_counts() {
    let mut connection = Connection::open(MOCK.address());
    connection.write(b"GET http://evil.example/_mock/clock HTTP/1.1\r\nhost: localhost\r\n\r\n");
    connection.answer().refused(403, "forbidden");
}

#[test]
fn a_refused_host_is_told_what_would_be_answered() {
    let message = clock_with(&[("host", "mock.test")]).message();
    assert!(message.contains("127.0.0.1, localhost"), "{message}");
    assert!(message.contains("--public-url"), "{message}");
}

#[test]
fn a_page_of_the_mock_itself_is_answered() {
    for host in ["localhost:6245", "127.0.0.1:6245"] {
        let origin = format!("http://{host}");
        clock_with(&[("host", host), ("origin", &origin)]).expect(200);
    }
}

#[test]
fn a_page_of_another_origin_is_refused() {
    for origin in [
        "https://evil.example",
        "http://localhost:3000",
        "http://127.0.0.1:6245",
        "localhost:6245",
        "null",
        "",
    ] {
        let headers = [("host", "localhost:6245"), ("origin", origin)];
        clock_with(&headers).refused(403, "forbidden");
    }
}

#[test]
fn a_page_that_only_shows_a_picture_of_a_call_is_refused() {
    for site in ["cross-site", "same-site"] {
        clock_with(&[("sec-fetch-site", site)]).refused(403, "forbidden");
    }
    for site in ["same-origin", "none"] {
        clock_with(&[("sec-fetch-site", site)]).expect(200);
    }
}

#[test]
fn the_api_is_open_to_every_host_and_origin() {
    let key = MOCK.key_of("guard-open");
    let headers = [
        ("host", "evil.example"),
        ("origin", "https://evil.example"),
        ("authorization", &format!("Bearer {key}")),
    ];
    get(&MOCK, "/v1/pods", &headers).expect(200);
}

fn with_public_url(url: &str) -> Running {
    start(Config {
        public_url: Some(url.to_owned()),
        ..Config::default()
    })
}

#[test]
fn the_host_of_the_public_url_is_answered() {
    let mock = with_public_url("https://mail.example.test:8443/base/");
    for host in ["mail.example.test", "mail.example.test:8443", "localhost"] {
        get(&mock, "/_mock/clock", &[("host", host)]).expect(200);
    }
}

#[test]
fn the_host_of_the_public_url_may_be_an_ipv6_address() {
    let mock = with_public_url("http://[2001:db8::1]");
    get(&mock, "/_mock/clock", &[("host", "[2001:db8::1]:80")]).expect(200);
}

#[test]
fn a_public_url_that_is_no_base_url_stops_the_start() {
    for url in [
        "mail.example.test",
        "ftp://mail.example.test",
        "http://",
        "http://:80",
        "http://a/?b=c",
    ] {
        let config = Config {
            public_url: Some(url.to_owned()),
            ..Config::default()
        };
        assert!(
            matches!(openmail_mock::start(config), Err(StartError::Usage(_))),
            "{url}"
        );
    }
}

fn with_token(host: IpAddr, token: Option<&str>) -> Result<Running, StartError> {
    openmail_mock::start(Config {
        host,
        control_token: token.map(str::to_owned),
        ..Config::default()
    })
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ANYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

#[test]
fn a_control_token_is_asked_for_on_loopback_too() {
    let mock = with_token(LOOPBACK, Some("secret")).expect("it starts");
    get(&mock, "/_mock/clock", &[]).refused(401, "unauthorized");
    get(&mock, "/_mock/clock", &[("openmail-mock-token", "Secret")]).refused(401, "unauthorized");
    get(&mock, "/_mock/clock", &[("openmail-mock-token", "secret")]).expect(200);
}

#[test]
fn the_api_asks_for_no_control_token() {
    let mock = with_token(LOOPBACK, Some("secret")).expect("it starts");
    account_of(&mock, "guard").get("/v1/pods").expect(200);
}

#[test]
fn the_token_does_not_open_the_control_plane_to_foreign_hosts_on_loopback() {
    let mock = with_token(LOOPBACK, Some("secret")).expect("it starts");
    let headers = [("openmail-mock-token", "secret"), ("host", "evil.example")];
    get(&mock, "/_mock/clock", &headers).refused(403, "forbidden");
}

#[test]
fn beyond_loopback_the_token_decides_whatever_the_host() {
    let mock = with_token(ANYWHERE, Some("secret")).expect("it starts");
    let get = |token: &str| {
        // The wildcard is no address to speak to, and tests stay on this machine.
        let mut connection = Connection::open(SocketAddr::new(LOOPBACK, mock.address().port()));
        let headers = [
            ("host", "mock.ci.example".to_owned()),
            ("origin", "http://console.ci.example".to_owned()),
            ("openmail-mock-token", token.to_owned()),
        ];
        connection.request("GET", "/_mock/clock", &headers, b"");
        connection.answer()
    };
    get("secret").expect(200);
    get("guess").refused(401, "unauthorized");
}

#[test]
fn beyond_loopback_the_url_is_one_that_can_be_reached() {
    let mock = with_token(ANYWHERE, Some("secret")).expect("it starts");
    let expected = format!("http://127.0.0.1:{}", mock.address().port());
    assert_eq!(mock.url(), expected);
}

#[test]
fn beyond_loopback_nothing_starts_without_a_token() {
    let error = with_token(ANYWHERE, None).err().expect("no start");
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("--control-token"));
}

/// An empty one, as an unset secret of a CI job gives, would let everybody in.
#[test]
fn a_token_that_no_header_can_carry_stops_the_start() {
    for token in ["", " ", "two words", "schlüssel", "line\nbreak"] {
        let error = with_token(ANYWHERE, Some(token)).err().expect("no start");
        assert_eq!(error.exit_code(), 2, "{token:?}");
    }
}

/// Puts one exchange into the world's journal, so that the world can be told from others.
fn leave_a_mark(world: &str) {
    account_of(&MOCK, world).get("/v1/pods").expect(200);
}

/// The world whose journal the call reads; each has a mark of its own.
fn world_read(query: &str, headers: &[(&str, &str)]) -> String {
    let path = format!("/_mock/requests?limit=1{query}");
    let newest = get(&MOCK, &path, headers).expect(200).json();
    newest["data"][0]["world"]
        .as_str()
        .expect("a mark")
        .to_owned()
}

#[test]
fn the_query_names_the_world() {
    leave_a_mark("by-query");
    assert_eq!(world_read("&world=by-query", &[]), "by-query");
}

#[test]
fn the_world_is_found_under_an_escaped_spelling_of_the_query() {
    leave_a_mark("by-escape");
    assert_eq!(world_read("&wor%6Cd=by%2Descape", &[]), "by-escape");
}

#[test]
fn the_key_names_the_world() {
    leave_a_mark("by-key");
    let headers = [("authorization", "Bearer om_test_by-key")];
    assert_eq!(world_read("", &headers), "by-key");
}

#[test]
fn neither_means_default() {
    leave_a_mark("default");
    assert_eq!(world_read("", &[]), "default");
}

#[test]
fn a_key_and_an_equal_name_agree() {
    leave_a_mark("by-both");
    let headers = [("authorization", "Bearer om_test_by-both")];
    assert_eq!(world_read("&world=by-both", &headers), "by-both");
}

#[test]
fn a_key_and_a_differing_name_are_refused() {
    for query in ["world=other", "wor%6Cd=other", "world=", "world"] {
        let path = format!("/_mock/clock?{query}");
        let headers = [("authorization", "Bearer om_test_one")];
        get(&MOCK, &path, &headers).refused(400, "bad_request");
    }
}

#[test]
fn a_name_that_no_world_can_have_is_refused() {
    let long = "w".repeat(65);
    for name in ["", "a.b", "a%20b", "%FF", "a/b", &long] {
        let path = format!("/_mock/clock?world={name}");
        get(&MOCK, &path, &[]).refused(400, "bad_request");
    }
}

#[test]
fn two_names_are_refused() {
    get(&MOCK, "/_mock/clock?world=a&world=b", &[]).refused(400, "bad_request");
}

#[test]
fn credentials_that_are_no_account_key_are_refused() {
    for credentials in [
        "Bearer om_live_4f2a",
        "Bearer om_test_",
        "Bearer om_test_a.b",
        "Bearer ",
        "om_test_default",
        "Basic b21fdGVzdF9kZWZhdWx0Og==",
        "",
    ] {
        clock_with(&[("authorization", credentials)]).refused(401, "unauthorized");
    }
}

#[test]
fn an_unknown_key_is_refused_where_no_world_is_addressed_too() {
    let headers = [("authorization", "Bearer om_live_4f2a")];
    get(&MOCK, "/_mock/worlds", &headers).refused(401, "unauthorized");
}

#[test]
fn an_unknown_call_is_not_found_before_anybody_is_judged() {
    let headers = [("host", "evil.example"), ("authorization", "Bearer nobody")];
    get(&MOCK, "/_mock/nowhere", &headers).refused(404, "not_found");
}

#[test]
fn an_unknown_method_is_refused_before_anybody_is_judged() {
    let headers = [("host", "evil.example".to_owned())];
    let answer = Client::new(&MOCK).send("DELETE", "/_mock/clock", &headers, b"");
    assert!(answer.header("allow").is_some());
    answer.refused(405, "method_not_allowed");
}

#[test]
fn the_host_is_judged_before_the_key() {
    let headers = [("host", "evil.example"), ("authorization", "Bearer nobody")];
    clock_with(&headers).refused(403, "forbidden");
}

#[test]
fn the_token_is_judged_before_the_key() {
    let mock = with_token(LOOPBACK, Some("secret")).expect("it starts");
    let answer = get(&mock, "/_mock/clock", &[("authorization", "Bearer nobody")]);
    let message = answer.refused(401, "unauthorized").message();
    assert!(message.contains("OpenMail-Mock-Token"), "{message}");
}

#[test]
fn a_path_that_only_begins_like_the_control_plane_belongs_to_the_api() {
    let answer = get(&MOCK, "/_mockery", &[("host", "evil.example")]);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}
