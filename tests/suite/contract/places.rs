//! Pointers found again in the text that they were made from.

use openmail_mock::contract::{Place, Spot, place, places};

/// The place of one spot as `line:column`.
fn at(text: &str, spot: Spot<'_>) -> String {
    let found = places(text, &[spot]);
    let Place { line, column } = found[0];
    format!("{line}:{column}")
}

#[test]
fn a_value_is_found_at_its_first_character() {
    let text = "{\n  \"a\": [1, { \"b\" : 2 }]\n}";
    assert_eq!(at(text, Spot::Value("/a/1/b")), "2:20");
}

#[test]
fn a_name_is_found_at_its_quote() {
    let text = "{\n  \"a\": [1, { \"b\" : 2 }]\n}";
    assert_eq!(at(text, Spot::Name("/a/1/b")), "2:14");
}

#[test]
fn an_element_has_no_name_and_is_found_at_its_value() {
    assert_eq!(at(r#"{"a": [1, 2]}"#, Spot::Name("/a/1")), "1:11");
}

#[test]
fn the_document_is_found_past_the_space_before_it() {
    assert_eq!(at("\n  {}", Spot::Name("")), "2:3");
}

#[test]
fn what_is_not_there_is_found_at_its_deepest_ancestor() {
    let text = r#"{"a": {"b": 1}}"#;
    assert_eq!(at(text, Spot::Value("/a/c/d")), "1:7");
    assert_eq!(at(text, Spot::Name("/a/c")), "1:7");
    assert_eq!(at(text, Spot::Repeated("/a/c")), "1:7");
    assert_eq!(at(text, Spot::Value("/a/b/c")), "1:13");
}

#[test]
fn a_repeated_name_is_found_where_it_stands_for_the_second_time() {
    let text = r#"{"a": 1, "b": {"a": 2}, "a": 3, "a": 4}"#;
    assert_eq!(at(text, Spot::Repeated("/a")), "1:25");
}

#[test]
fn a_name_that_is_not_repeated_is_found_where_it_stands() {
    assert_eq!(at(r#"{"b": 0, "a": 1}"#, Spot::Repeated("/a")), "1:10");
}

#[test]
fn the_first_member_of_a_repeated_name_is_the_one_that_a_pointer_means() {
    let text = r#"{"a": {"x": 1}, "a": {"y": 2}}"#;
    assert_eq!(at(text, Spot::Value("/a/x")), "1:13");
    assert_eq!(at(text, Spot::Value("/a/y")), "1:7");
}

#[test]
fn escapes_in_pointers_and_in_names_are_the_same_name() {
    let text = r#"{"a/b": 0, "\u0061~": 1, "q\"": 2}"#;
    assert_eq!(at(text, Spot::Value("/a~1b")), "1:9");
    assert_eq!(at(text, Spot::Value("/a~0")), "1:23");
    assert_eq!(at(text, Spot::Value("/q\"")), "1:33");
}

#[test]
fn columns_count_characters() {
    assert_eq!(at("{\"ä€😀\": 1}", Spot::Value("/ä€😀")), "1:9");
}

#[test]
fn positions_are_written_without_zeros_before_them() {
    assert_eq!(at("[1, 2]", Spot::Value("/01")), "1:1");
}

#[test]
fn brackets_and_quotes_in_strings_are_no_structure() {
    let text = r#"{"a": "]}\"{[", "b": ["[", "}"], "c": 1}"#;
    assert_eq!(at(text, Spot::Value("/c")), "1:39");
}

#[test]
fn places_come_in_the_order_of_their_spots() {
    let text = "[\n1,\n2,\n3]";
    let spots = ["/2", "/0", "/2", "", "/1"].map(Spot::Value);
    let lines: Vec<usize> = places(text, &spots).iter().map(|one| one.line).collect();
    assert_eq!(lines, [4, 2, 4, 1, 3]);
}

#[test]
fn many_places_are_those_found_one_by_one() {
    let text = r#"{"a": [{"b": 1}, {"b": [[], {"c": null}]}], "d": {"a": [0]}}"#;
    let pointers = [
        "",
        "/a",
        "/a/0",
        "/a/0/b",
        "/a/1",
        "/a/1/b/1/c",
        "/d/a/0",
        "/d/a/7",
        "/x",
    ];
    let alone = pointers.map(|pointer| place(text, pointer));
    assert_eq!(places(text, &pointers.map(Spot::Value)), alone);
}

#[test]
fn no_spots_have_no_places() {
    assert_eq!(places("{}", &[]), []);
}

#[test]
fn text_that_is_no_json_ends_the_walk_quietly() {
    let texts = [
        "",
        " ",
        "{",
        "[",
        "[[\0",
        "{\"a\"",
        "{\"a\":",
        "{\"a\\",
        "[1,,]",
        "}{",
        "[}",
        "{]",
        "\"\\",
        "\"\\é",
        "nope",
        "[\u{feff}",
        "{\"a\":}",
        "{,\"a\":1}",
        "[1 2",
        "{\"a\" 1 \"a\" 2}",
        "é",
        ":",
    ];
    for text in texts {
        for pointer in ["", "/a", "/0", "/1/a", "/a/0"] {
            let spots = [
                Spot::Value(pointer),
                Spot::Name(pointer),
                Spot::Repeated(pointer),
            ];
            assert_eq!(places(text, &spots).len(), 3, "{text}");
        }
    }
}

#[test]
fn nesting_without_end_is_walked_without_recursion() {
    let depth = 100_000;
    let text = format!("{}1", "[".repeat(depth));
    let pointer = "/0".repeat(depth);
    assert_eq!(at(&text, Spot::Value(&pointer)), format!("1:{}", depth + 1));
}

/// A walk for each would take minutes here.
#[test]
fn twenty_thousand_places_cost_one_walk() {
    let count = 20_000;
    let text = format!("[{}0]", "{\"name\": \"x\"},\n".repeat(count));
    let pointers: Vec<String> = (0..count).map(|index| format!("/{index}/name")).collect();
    let spots: Vec<Spot<'_>> = pointers
        .iter()
        .map(|pointer| Spot::Value(pointer))
        .collect();
    let found = places(&text, &spots);
    let last = Place {
        line: count,
        column: 10,
    };
    assert_eq!(found.last(), Some(&last));
}
