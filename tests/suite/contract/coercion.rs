//! Text from queries, paths, headers, cookies and forms, read by what the schema speaks of.

use openmail_mock::contract::{Checked, Contract, Refused};
use serde_json::{Value, json};

use super::{Sent, breaks, checked, document, load, rules, with_parameters};

fn query(schema: Value) -> Contract {
    with_parameters(json!([{ "name": "q", "in": "query", "schema": schema }]))
}

/// The value of `q` in `/things?…`.
#[track_caller]
fn read(contract: &Contract, query: &str) -> Value {
    let sent = Sent {
        target: &format!("/things?{query}"),
        ..Sent::default()
    };
    let ask = |checked: &Checked<'_>| checked.query("q").cloned().unwrap_or_default();
    checked(contract, &sent, ask).expect("a good query")
}

#[track_caller]
fn broken(contract: &Contract, query: &str) -> Vec<String> {
    rules(&breaks(
        contract,
        &Sent {
            target: &format!("/things?{query}"),
            ..Sent::default()
        },
    ))
}

#[test]
fn whole_numbers_are_read_as_such() {
    let contract = query(json!({ "type": "integer" }));
    assert_eq!(read(&contract, "q=42"), json!(42));
    assert_eq!(read(&contract, "q=-7"), json!(-7));
    assert_eq!(read(&contract, "q=007"), json!(7));
}

#[test]
fn whole_numbers_of_any_length_saturate() {
    let contract = query(json!({ "type": "integer" }));
    let digits = "9".repeat(400);
    assert_eq!(read(&contract, &format!("q={digits}")), json!(i64::MAX));
    assert_eq!(read(&contract, &format!("q=-{digits}")), json!(i64::MIN));
}

#[test]
fn a_saturated_number_still_breaks_its_bound() {
    let contract = query(json!({ "type": "integer", "maximum": 100 }));
    assert_eq!(
        broken(&contract, &format!("q={}", "9".repeat(400))),
        ["maximum /q"]
    );
}

#[test]
fn what_is_no_whole_number_is_refused() {
    let contract = query(json!({ "type": "integer" }));
    for text in [
        "1.5", "1e3", "0x10", "%201", "1%20", "%2B1", "", "-", "one", "NaN",
    ] {
        assert_eq!(
            broken(&contract, &format!("q={text}")),
            ["type /q"],
            "{text}"
        );
    }
}

#[test]
fn numbers_may_have_fractions_and_exponents() {
    let contract = query(json!({ "type": "number" }));
    assert_eq!(read(&contract, "q=1.5"), json!(1.5));
    assert_eq!(read(&contract, "q=-2e3"), json!(-2000.0));
    for text in ["inf", "NaN", ".5", "1.", "%2B1"] {
        assert_eq!(
            broken(&contract, &format!("q={text}")),
            ["type /q"],
            "{text}"
        );
    }
}

#[test]
fn truth_values_are_the_two_words() {
    let contract = query(json!({ "type": "boolean" }));
    assert_eq!(read(&contract, "q=true"), json!(true));
    assert_eq!(read(&contract, "q=false"), json!(false));
    for text in ["1", "0", "TRUE", "yes", ""] {
        assert_eq!(
            broken(&contract, &format!("q={text}")),
            ["type /q"],
            "{text}"
        );
    }
}

#[test]
fn text_that_looks_like_a_number_stays_text_where_text_is_meant() {
    let contract = query(json!({ "type": "string" }));
    assert_eq!(read(&contract, "q=42"), json!("42"));
    assert_eq!(read(&contract, "q=true"), json!("true"));
}

#[test]
fn types_are_found_through_references_and_composition() {
    let contract = query(json!({ "allOf": [{ "type": "integer" }, { "minimum": 1 }] }));
    assert_eq!(read(&contract, "q=5"), json!(5));
    let contract =
        query(json!({ "oneOf": [{ "type": "boolean" }, { "type": "string", "maxLength": 3 }] }));
    assert_eq!(read(&contract, "q=true"), json!(true));
    assert_eq!(read(&contract, "q=abc"), json!("abc"));
}

#[test]
fn an_absent_parameter_has_its_documented_default() {
    let contract = query(json!({ "type": "integer", "default": 50 }));
    assert_eq!(read(&contract, ""), json!(50));
    assert_eq!(read(&contract, "q=3"), json!(3));
}

#[test]
fn a_required_parameter_that_is_absent_is_refused() {
    let contract = with_parameters(json!([
        { "name": "q", "in": "query", "required": true, "schema": {} },
        { "name": "X-H", "in": "header", "required": true, "schema": {} },
        { "name": "c", "in": "cookie", "required": true, "schema": {} },
    ]));
    let violations = breaks(&contract, &Sent::default());
    assert_eq!(
        rules(&violations),
        ["required /q", "required /X-H", "required /c"]
    );
}

#[test]
fn a_plus_is_a_space_in_queries_and_an_escaped_plus_is_a_plus() {
    let contract = query(json!({ "type": "string" }));
    assert_eq!(read(&contract, "q=a+b%2Bc%20d"), json!("a b+c d"));
    assert_eq!(read(&contract, "%71=%C3%A4"), json!("ä"));
}

#[test]
fn a_query_that_decodes_to_no_text_is_refused() {
    let contract = query(json!({ "type": "string" }));
    assert_eq!(broken(&contract, "q=%FF"), ["encoding "]);
}

#[test]
fn a_scalar_given_twice_is_refused() {
    let contract = query(json!({ "type": "integer" }));
    assert_eq!(broken(&contract, "q=1&q=1"), ["repeated /q"]);
}

#[test]
fn a_name_without_a_value_is_the_empty_text() {
    let contract = query(json!({ "type": "string" }));
    assert_eq!(read(&contract, "q"), json!(""));
    assert_eq!(read(&contract, "&&q=&"), json!(""));
}

#[test]
fn an_empty_value_passes_where_the_document_allows_it() {
    let contract = with_parameters(json!([
        { "name": "q", "in": "query", "allowEmptyValue": true, "schema": { "type": "integer" } },
    ]));
    assert_eq!(broken(&contract, "q="), [""; 0]);
    assert_eq!(broken(&contract, "q=x"), ["type /q"]);
}

/// For each way to write a list: `style`, `explode`, and `1`, `2` written that way.
const LISTS: [(&str, bool, &str); 6] = [
    ("form", true, "q=1&q=2"),
    ("form", false, "q=1,2"),
    ("form", false, "q=1%2C2"),
    ("spaceDelimited", false, "q=1%202"),
    ("pipeDelimited", false, "q=1|2"),
    ("pipeDelimited", false, "q=1%7C2"),
];

#[test]
fn lists_are_read_in_every_style() {
    let schema = json!({ "type": "array", "items": { "type": "integer" } });
    for (style, explode, text) in LISTS {
        let contract = with_parameters(json!([
            { "name": "q", "in": "query", "style": style, "explode": explode, "schema": schema },
        ]));
        assert_eq!(read(&contract, text), json!([1, 2]), "{style} {text}");
    }
}

#[test]
fn delimited_lists_may_be_exploded_as_well() {
    let schema = json!({ "type": "array", "items": { "type": "integer" } });
    for style in ["spaceDelimited", "pipeDelimited"] {
        let contract = with_parameters(json!([
            { "name": "q", "in": "query", "style": style, "explode": true, "schema": schema },
        ]));
        assert_eq!(read(&contract, "q=1&q=2"), json!([1, 2]), "{style}");
    }
}

#[test]
fn a_list_of_one_is_a_list() {
    let contract = query(json!({ "type": "array", "items": { "type": "string" } }));
    assert_eq!(read(&contract, "q=a,b"), json!(["a,b"]));
}

#[test]
fn a_wrong_item_is_told_with_its_position() {
    let contract = query(json!({ "type": "array", "items": { "type": "integer" } }));
    assert_eq!(broken(&contract, "q=1&q=x"), ["type /q/1"]);
}

fn point() -> Value {
    json!({ "type": "object", "properties": {
        "x": { "type": "integer" }, "tags": { "type": "array", "items": { "type": "string" } },
    } })
}

#[test]
fn deep_objects_are_read_field_by_field() {
    let contract = with_parameters(json!([
        { "name": "q", "in": "query", "style": "deepObject", "explode": true, "schema": point() },
    ]));
    assert_eq!(
        read(&contract, "q[x]=1&q%5Btags%5D=a&q[tags]=b&q[other]=2"),
        json!({ "x": 1, "tags": ["a", "b"], "other": "2" })
    );
}

#[test]
fn objects_are_read_exploded_and_joined() {
    let exploded = with_parameters(json!([{ "name": "q", "in": "query", "schema": point() }]));
    assert_eq!(
        read(&exploded, "x=1&tags=a&tags=b"),
        json!({ "x": 1, "tags": ["a", "b"] })
    );
    let joined = with_parameters(
        json!([{ "name": "q", "in": "query", "explode": false, "schema": point() }]),
    );
    assert_eq!(read(&joined, "q=x,1,y,2"), json!({ "x": 1, "y": "2" }));
}

#[test]
fn a_scalar_field_given_twice_is_refused() {
    let contract = with_parameters(json!([
        { "name": "q", "in": "query", "style": "deepObject", "explode": true, "schema": point() },
    ]));
    assert_eq!(broken(&contract, "q[x]=1&q[x]=2"), ["type /q/x"]);
}

#[test]
fn a_parameter_with_content_is_json_wherever_it_stands() {
    let content =
        json!({ "application/json": { "schema": { "type": "object", "required": ["a"] } } });
    let contract = with_parameters(json!([
        { "name": "q", "in": "query", "content": content },
        { "name": "X-H", "in": "header", "content": content },
        { "name": "id", "in": "path", "required": true, "content": content },
    ]));
    let good = Sent {
        target: "/things/%7B%22a%22%3A1%7D?q=%7B%22a%22%3A1%7D",
        headers: &[("x-h", "{\"a\":1}")],
        ..Sent::default()
    };
    assert_eq!(breaks(&contract, &good), []);
    let bad = Sent {
        target: "/things/%7B%7D?q=%7B",
        headers: &[("x-h", "[]")],
        ..Sent::default()
    };
    assert_eq!(
        rules(&breaks(&contract, &bad)),
        ["required /id/a", "json /q", "type /X-H"]
    );
}

#[test]
fn path_values_are_read_by_their_schema() {
    let contract = with_parameters(json!([
        { "name": "id", "in": "path", "required": true, "schema": { "type": "integer", "minimum": 1 } },
    ]));
    let broken = |target| {
        rules(&breaks(
            &contract,
            &Sent {
                target,
                ..Sent::default()
            },
        ))
    };
    assert_eq!(broken("/things/12"), [""; 0]);
    assert_eq!(broken("/things/0"), ["minimum /id"]);
    assert_eq!(broken("/things/x"), ["type /id"]);
}

#[test]
fn header_lists_may_have_spaces_and_several_lines() {
    let schema = json!({ "type": "array", "items": { "type": "integer" }, "maxItems": 3 });
    let contract = with_parameters(json!([{ "name": "X-Ids", "in": "header", "schema": schema }]));
    let broken = |headers| {
        rules(&breaks(
            &contract,
            &Sent {
                headers,
                ..Sent::default()
            },
        ))
    };
    assert_eq!(broken(&[("x-ids", "1, 2 ,3")]), [""; 0]);
    assert_eq!(broken(&[("x-ids", "1, 2"), ("x-ids", "3")]), [""; 0]);
    assert_eq!(
        broken(&[("x-ids", "1,2"), ("x-ids", "3,4")]),
        ["maxItems /X-Ids"]
    );
}

#[test]
fn a_header_beyond_ascii_is_read_as_utf8() {
    let contract = with_parameters(json!([
        { "name": "X-H", "in": "header", "required": true, "schema": { "type": "string", "maxLength": 1 } },
    ]));
    let sent = Sent {
        headers: &[("x-h", "ä")],
        ..Sent::default()
    };
    assert_eq!(breaks(&contract, &sent), []);
}

#[test]
fn cookies_are_read_by_their_schema() {
    let contract =
        with_parameters(json!([{ "name": "c", "in": "cookie", "schema": { "type": "integer" } }]));
    let broken = |headers| {
        rules(&breaks(
            &contract,
            &Sent {
                headers,
                ..Sent::default()
            },
        ))
    };
    assert_eq!(broken(&[("cookie", "a=x; c=1")]), [""; 0]);
    assert_eq!(broken(&[("cookie", "a=x"), ("cookie", "c=x")]), ["type /c"]);
}

fn form() -> Contract {
    let schema = json!({ "type": "object", "required": ["n"], "properties": {
        "n": { "type": "integer" }, "tags": { "type": "array", "items": { "type": "string" } },
    } });
    let content = json!({ "application/x-www-form-urlencoded": { "schema": schema }, "text/plain": { "schema": { "type": "string", "maxLength": 3 } } });
    let operation = json!({
        "requestBody": { "content": content }, "responses": { "200": { "description": "" } },
    });
    load(&document(
        json!({ "/things": { "post": operation } }),
        json!({}),
    ))
}

fn posting<'s>(media_type: &'s [(&'s str, &'s str)], body: &'s str) -> Sent<'s> {
    Sent {
        method: "POST",
        headers: media_type,
        body: body.as_bytes(),
        ..Sent::default()
    }
}

const FORM: &[(&str, &str)] = &[(
    "content-type",
    "application/x-www-form-urlencoded; charset=utf-8",
)];

#[test]
fn forms_are_read_by_their_schema() {
    let ask = |checked: &Checked<'_>| checked.body.as_ref().map(|body| body.root().to_json());
    let body = checked(&form(), &posting(FORM, "n=1&tags=a+b&tags=%C3%A4"), ask);
    assert_eq!(
        body.expect("a good form"),
        Some(json!({ "n": 1, "tags": ["a b", "ä"] }))
    );
    assert_eq!(
        rules(&breaks(&form(), &posting(FORM, "tags=a"))),
        ["required /n"]
    );
    assert_eq!(
        rules(&breaks(&form(), &posting(FORM, "n=1&n=2"))),
        ["type /n"]
    );
}

#[test]
fn text_bodies_are_read_by_their_schema() {
    let text: &[(&str, &str)] = &[("content-type", "Text/Plain")];
    assert_eq!(breaks(&form(), &posting(text, "äöü")), []);
    assert_eq!(
        rules(&breaks(&form(), &posting(text, "four"))),
        ["maxLength "]
    );
}

#[test]
fn a_media_type_that_is_not_taken_is_refused_with_those_that_are() {
    for headers in [&[("content-type", "application/json")][..], &[]] {
        let refused = checked(&form(), &posting(headers, "{}"), |_| ());
        let Err(Refused::UnsupportedMediaType(message)) = refused else {
            panic!("{refused:?}");
        };
        let ending =
            "send `Content-Type: application/x-www-form-urlencoded` or `Content-Type: text/plain`";
        assert!(message.ends_with(ending), "{message}");
    }
}

#[test]
fn an_empty_body_counts_as_none_whatever_its_media_type() {
    let headers: &[(&str, &str)] = &[("content-type", "application/xml")];
    assert_eq!(breaks(&form(), &posting(headers, "")), []);
}
