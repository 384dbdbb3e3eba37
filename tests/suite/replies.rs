//! Answers as bytes: our writer of JSON beside serde_json's.

use std::collections::BTreeMap;

use hyper::StatusCode;
use openmail_mock::api::reply::Reply;
use proptest::prelude::*;
use serde::Serialize;
use serde_json::json;

fn written(view: &impl Serialize) -> String {
    let reply = Reply::json(StatusCode::OK, view);
    String::from_utf8(reply.body.to_vec()).expect("JSON is UTF-8")
}

fn same(view: &impl Serialize) {
    let theirs = serde_json::to_string(view).expect("serde_json writes it");
    assert_eq!(written(view), theirs);
}

#[test]
fn every_character_is_escaped_as_serde_json_does_wherever_it_stands() {
    let characters = (0..=0x100).filter_map(char::from_u32);
    for character in characters.chain(['\u{2028}', '\u{fffd}', '\u{1f4ec}']) {
        for before in 0..40 {
            same(&format!("{}{character}after", "x".repeat(before)));
        }
    }
}

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
struct Newtype(u8);

#[derive(Serialize)]
struct Pair(i8, &'static str);

#[derive(Serialize)]
enum Variant {
    Unit,
    Newtype(f64),
    Tuple(bool, u64),
    Struct { name: char, other: Option<i64> },
}

#[derive(Serialize)]
struct Everything {
    unit: Unit,
    newtype: Newtype,
    pair: Pair,
    variants: Vec<Variant>,
    none: Option<()>,
    nothing: (),
    floats: [f64; 4],
    integers: (i16, i32, u16, u32, i128, u128),
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<u8>,
    map: BTreeMap<String, f32>,
    empty: (Vec<u8>, BTreeMap<String, u8>),
    #[serde(flatten)]
    flat: BTreeMap<&'static str, Newtype>,
}

#[test]
fn every_kind_of_value_is_written_as_serde_json_does() {
    same(&Everything {
        unit: Unit,
        newtype: Newtype(7),
        pair: Pair(-7, "\"quoted\""),
        variants: vec![
            Variant::Unit,
            Variant::Newtype(0.1),
            Variant::Tuple(true, u64::MAX),
            Variant::Struct {
                name: '"',
                other: Some(i64::MIN),
            },
        ],
        none: None,
        nothing: (),
        floats: [1.0, -0.0, 1e300, f64::NAN],
        integers: (-1, 2, 3, 4, i128::MIN, u128::MAX),
        skipped: None,
        map: BTreeMap::from([("a\nkey".to_owned(), 1.5), (String::new(), 2.0)]),
        empty: Default::default(),
        flat: BTreeMap::from([("flat", Newtype(1))]),
    });
    same(&json!({ "list": [1, -2, 3.5, null, true, {}, []], "text": { "é\t": "\u{1}" } }));
}

proptest! {
    #[test]
    fn any_text_is_written_as_serde_json_does(text in any::<String>(), more in "[ -~\n\"\\\\]{0,80}") {
        prop_assert_eq!(written(&text), serde_json::to_string(&text).expect("a text"));
        prop_assert_eq!(written(&more), serde_json::to_string(&more).expect("a text"));
    }
}
