//! The description against itself, against the table of routes, and against the golden files.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::table;
use super::*;

type Object = Map<String, Value>;

/// Each golden file of REST, with the schema that it is an example of.
const GOLDEN: [(&str, &str); 24] = [
    ("dm_read", "DmRead"),
    ("dm_rooms", "DmRooms"),
    ("dm_started", "DmStarted"),
    ("file", "Uploaded"),
    ("friend_request_answer", "FriendRequestAnswer"),
    ("friend_requests", "FriendRequests"),
    ("friends", "Friends"),
    ("invite_answer", "InviteAnswer"),
    ("invites", "Invites"),
    ("me", "Me"),
    ("members", "Members"),
    ("message_new", "Message"),
    ("message_new_with_file", "Message"),
    ("message_stored", "MessageStored"),
    ("page_after", "Page"),
    ("page_before", "Page"),
    ("page_newest", "Page"),
    ("problem", "Problem"),
    ("read_answer", "ReadAnswer"),
    ("room_created", "RoomCreated"),
    ("rooms", "Rooms"),
    ("session", "Session"),
    ("sessions", "Sessions"),
    ("users", "Users"),
];

fn api() -> Value {
    serde_json::from_str(&DESCRIPTION).unwrap()
}

/// The operations by method and path.
fn operations(api: &Value) -> BTreeMap<String, &Object> {
    let paths = api["paths"].as_object().unwrap().iter();
    let named = |path: String, method: &str| format!("{} {path}", method.to_uppercase());
    paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (named(path.clone(), method), operation.as_object().unwrap()))
        })
        .collect()
}

#[test]
fn the_table_says_what_is_served() {
    let mut said = BTreeSet::new();
    for (route, _) in table() {
        let words: Vec<&str> = route.split(' ').collect();
        let (path, methods) = words.split_last().unwrap();
        said.extend(methods.iter().map(|method| format!("{method} {path}")));
    }
    assert_eq!(said, operations(&api()).into_keys().collect());
}

#[test]
fn each_operation_is_described_to_the_end() {
    let api = api();
    let mut ids = BTreeSet::new();
    for (route, operation) in operations(&api) {
        let text = |member: &str| operation.get(member).and_then(Value::as_str).unwrap_or_default();
        assert!(ids.insert(text("operationId")) && !text("operationId").is_empty(), "{route}: operationId");
        assert!(!text("summary").is_empty(), "{route}: summary");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{route}: no success");
        let takes = operation.contains_key("requestBody") || operation.contains_key("parameters");
        assert!(!takes || responses.contains_key("400"), "{route}: takes anything");
        let path = route.split(' ').nth(1).unwrap();
        let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let in_path = parameters.filter(|parameter| parameter["in"] == "path").count();
        assert_eq!(in_path, path.matches('{').count(), "{route}: path parameters");
        for (status, response) in responses {
            let problem = response["content"].get("application/problem+json").is_some();
            let own = route.starts_with("GET /readyz");
            assert_eq!(problem, status.as_str() >= "400" && !own, "{route}: {status}");
            assert!(!response["description"].as_str().unwrap().is_empty(), "{route}: {status}");
            assert_eq!(response["headers"].get("Retry-After").is_some(), status == "429", "{route}: {status}");
        }
    }
}

#[test]
fn whatever_changes_something_or_needs_a_session_says_so() {
    let api = api();
    let public = ["POST /auth/signup", "POST /auth/login", "GET /openapi.json", "GET /healthz", "GET /readyz"];
    for (route, operation) in operations(&api) {
        let responses = operation["responses"].as_object().unwrap();
        assert_eq!(operation.contains_key("security"), public.contains(&route.as_str()), "{route}");
        assert!(public.contains(&route.as_str()) || responses.contains_key("401"), "{route}: 401");
        assert!(route.starts_with("GET ") || responses.contains_key("403"), "{route}: 403");
    }
}

#[test]
fn no_schema_is_missing_or_idle() {
    let api = api();
    let mut referenced = BTreeSet::new();
    references(&api, &mut referenced);
    let defined: BTreeSet<String> = api["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(referenced, defined);
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(name) = object.get("$ref").and_then(Value::as_str) {
                found.insert(name.strip_prefix("#/components/schemas/").unwrap().to_owned());
            }
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn the_codes_are_the_contracts() {
    let schema = &api()["components"]["schemas"]["Code"];
    assert_eq!(schema["enum"], serde_json::to_value(crate::error::words()).unwrap());
}

#[test]
fn golden_files_have_the_members_of_their_schemas() {
    let api = api();
    for (name, schema) in GOLDEN {
        let path = format!("{}/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        check(&api, &api["components"]["schemas"][schema], &golden, name);
    }
}

/// Checks a value's shape: kinds, members, choices, patterns and bounds, as far as they are used here.
#[track_caller]
fn check(api: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.strip_prefix("#/components/schemas/").unwrap();
        return check(api, &api["components"]["schemas"][name], value, at);
    }
    let kind = match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "integer",
        Value::Bool(_) => "boolean",
        Value::Null => "null",
    };
    assert_eq!(schema["type"], kind, "{at}: {schema}");
    if let Some(choices) = schema["enum"].as_array() {
        assert!(choices.contains(value), "{at}: {value}");
    }
    if let Some(items) = value.as_array() {
        items.iter().for_each(|item| check(api, &schema["items"], item, at));
    }
    if let Some(members) = value.as_object() {
        let properties = schema["properties"].as_object().unwrap();
        for required in schema["required"].as_array().unwrap() {
            assert!(members.contains_key(required.as_str().unwrap()), "{at}: {required}");
        }
        for (member, value) in members {
            let property = properties.get(member).unwrap_or_else(|| panic!("{at}: {member} is not described"));
            check(api, property, value, &format!("{at}.{member}"));
        }
    }
}
