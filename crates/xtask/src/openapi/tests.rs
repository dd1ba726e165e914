use std::collections::BTreeMap;

use super::*;

fn document() -> Document {
    let text = json!({
        "openapi": "3.1.0",
        "paths": { "/things/{id}": { "get": { "responses": {
            "200": {
                "headers": { "X-Id": { "required": true, "schema": { "type": "string" } } },
                "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } },
                    "text/event-stream": { "schema": { "$ref": "#/components/schemas/Event" } },
                    "audio/*": { "schema": {} },
                },
            },
            "204": {},
            "404": { "$ref": "#/components/responses/Missing" },
        } } } },
        "components": {
            "responses": { "Missing": { "content": { "application/json": { "schema": {
                "type": "object", "required": ["error"],
            } } } } },
            "schemas": {
                "Thing": {
                    "type": "object",
                    "properties": { "size": { "type": "integer" } },
                    "required": ["size"],
                    "additionalProperties": true,
                },
                "Event": { "anyOf": [
                    { "type": "object", "properties": { "type": { "const": "a" }, "n": { "type": "integer" } }, "required": ["type", "n"] },
                    { "type": "object", "properties": { "type": { "const": "b" } }, "required": ["type"], "additionalProperties": false },
                ] },
            },
        },
    });
    Document::read(text.to_string().as_bytes()).unwrap()
}

fn exchange(status: u16, media_type: &str, answer: Answer) -> Exchange {
    Exchange {
        name: "a case".to_owned(),
        method: "GET".to_owned(),
        path: "/things/{id}".to_owned(),
        request: None,
        status,
        headers: BTreeMap::from([("content-type".to_owned(), media_type.to_owned())]),
        answer,
    }
}

#[test]
fn answers_are_held_against_status_type_and_schema() {
    let json = |body| Answer::Json(body);
    for (exchange, expected) in [
        (exchange(200, "application/json; charset=utf-8", json(json!({ "size": 1 }))), None),
        (exchange(200, "application/json", json(json!({ "size": "1" }))), Some("/size")),
        (exchange(200, "application/json", json(json!({ "size": 1, "more": 1 }))), None),
        (exchange(200, "application/json", json(json!({}))), Some("\"size\" is a required")),
        (exchange(204, "", Answer::Text(String::new())), None),
        (exchange(204, "", Answer::Text("x".to_owned())), Some("is not documented")),
        (exchange(200, "", Answer::Text(String::new())), Some("is not documented")),
        (exchange(418, "application/json", json(json!({}))), Some("status 418 is not documented")),
        (exchange(200, "text/plain", Answer::Text(String::new())), Some("content type text/plain")),
        (exchange(200, "audio/wav", Answer::Bytes(1)), None),
        (exchange(404, "application/json", json(json!({ "error": 1 }))), None),
        (exchange(404, "application/json", json(json!({}))), Some("\"error\" is a required")),
    ] {
        let found: Vec<String> =
            document().check_answer(&exchange).iter().map(ToString::to_string).collect();
        match expected {
            None => assert!(found.is_empty(), "{exchange:?}: {found:?}"),
            Some(text) => assert!(found.iter().any(|it| it.contains(text)), "{text}: {found:?}"),
        }
    }
}

#[test]
fn of_alternatives_the_one_that_was_meant_is_told() {
    let events = vec![json!({ "type": "a", "n": 1 }), json!({ "type": "b", "n": 1 })];
    let found =
        document().check_answer(&exchange(200, "text/event-stream", Answer::Events(events)));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].pointer, "/1");
    assert!(found[0].reason.contains("'n' was unexpected"), "{found:?}");
}

#[test]
fn a_closed_document_takes_no_members_that_it_does_not_name() {
    let answer = exchange(200, "application/json", Answer::Json(json!({ "size": 1, "more": 1 })));
    assert!(document().check_answer(&answer).is_empty());
    let found = document().closed().check_answer(&answer);
    assert!(found[0].reason.contains("'more' was unexpected"), "{found:?}");
}

#[test]
fn headers_are_missed_and_noticed() {
    let mut answer = exchange(200, "application/json", Answer::Json(json!({ "size": 1 })));
    answer.headers.insert("x-other".to_owned(), "1".to_owned());
    let found = document().check_headers(&answer, &["x-other", "x-third"]);
    let reasons: Vec<&str> = found.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(reasons, ["header X-Id is missing", "header x-other is not documented"]);
}
