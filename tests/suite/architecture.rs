//! The rooms of the crate and who may look into which (`ARCHITECTURE.md`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may look into; a room that is not named here does not exist.
const ARROWS: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    (
        "cli",
        &[
            "api", "config", "contract", "domain", "fixtures", "lib", "server",
        ],
    ),
    ("config", &["contract", "domain", "fixtures", "server"]),
    (
        "lib",
        &[
            "api", "app", "config", "contract", "control", "domain", "fixtures", "push", "record",
            "server",
        ],
    ),
    ("server", &["api", "control", "push"]),
    (
        "control",
        &[
            "api", "app", "contract", "domain", "fixtures", "mail", "push", "record",
        ],
    ),
    ("fixtures", &["contract", "domain", "mail"]),
    (
        "api",
        &["app", "contract", "domain", "mail", "push", "record"],
    ),
    ("push", &["app", "contract", "domain", "record"]),
    ("app", &["domain", "record"]),
    ("contract", &[]),
    ("mail", &[]),
    ("record", &[]),
    ("domain", &[]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("src is there");
    let paths = entries.map(|entry| entry.expect("a readable entry").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn room_of(path: &Path) -> String {
    let inside = path.strip_prefix(root()).expect("a file of src");
    let first = inside.components().next().expect("a name");
    let name = first.as_os_str().to_string_lossy();
    name.trim_end_matches(".rs").to_owned()
}

/// The rooms that a text names as `crate::room` or, from the binary, as `openmail_mock::room`.
fn rooms_named(text: &str) -> BTreeSet<String> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    let mut rooms = BTreeSet::new();
    for prefix in ["crate::", "openmail_mock::"] {
        for (at, _) in code.match_indices(prefix) {
            let rest = &code[at + prefix.len()..];
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(list) => list
                    .split('}')
                    .next()
                    .unwrap_or_default()
                    .split(',')
                    .collect(),
                None => vec![rest],
            };
            for name in names {
                let name = name.trim();
                let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let name = &name[..end.unwrap_or(name.len())];
                // Items of the crate's root are `lib`.
                let is_room = ARROWS.iter().any(|(room, _)| *room == name);
                rooms.insert(if is_room {
                    name.to_owned()
                } else {
                    "lib".to_owned()
                });
            }
        }
    }
    rooms
}

#[test]
fn no_room_looks_where_it_may_not() {
    for path in sources(&root()) {
        let room = room_of(&path);
        let arrows = ARROWS.iter().find(|(name, _)| *name == room);
        let (_, allowed) = arrows.unwrap_or_else(|| panic!("{room} is no room of the house"));
        let text = fs::read_to_string(&path).expect("a readable file");
        for other in rooms_named(&text) {
            assert!(
                other == room || allowed.contains(&other.as_str()),
                "{} looks into {other}, but {room} may only look into {allowed:?}",
                path.display()
            );
        }
    }
}

#[test]
fn the_domain_names_no_http_no_schema_and_nothing_asynchronous() {
    for path in sources(&root().join("domain")) {
        let text = fs::read_to_string(&path).expect("a readable file");
        for word in [
            "Cell",
            "OnceLock",
            "Atomic",
            "hyper",
            "tokio",
            "jsonschema",
            "async fn",
            ".await",
            "StatusCode",
            "parking_lot",
            "Mutex",
        ] {
            assert!(!text.contains(word), "{} names `{word}`", path.display());
        }
    }
}

#[test]
fn only_the_app_names_a_lock() {
    for path in sources(&root()) {
        if room_of(&path) == "app" {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a readable file");
        for word in ["parking_lot", "Mutex<", "RwLock<"] {
            assert!(!text.contains(word), "{} names `{word}`", path.display());
        }
    }
}

#[test]
fn no_file_outgrows_its_purpose() {
    for path in sources(&root()) {
        let text = fs::read_to_string(&path).expect("a readable file");
        let lines = text.lines().count();
        assert!(
            lines <= 420,
            "{} has {lines} lines; split it by purpose",
            path.display()
        );
    }
}

#[test]
fn the_description_of_the_house_is_short() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let text = fs::read_to_string(path).expect("ARCHITECTURE.md is there");
    assert!(text.lines().count() <= 120);
}
