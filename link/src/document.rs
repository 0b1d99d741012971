//! An OpenAPI document made whole: what every operation has in common is said once.
//!
//! Handlers say what they take and what they give when all is well. From that
//! follows which problems may come back, what an operation is called, and how far
//! its numbers go; those are added here, for both servers alike.

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

/// The content type of every problem.
const PROBLEM: &str = "application/problem+json";
/// The methods an operation may have in a path item.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Name of the security scheme: a token in `Authorization: Bearer`.
pub const TOKEN: &str = "token";

/// A kind of problem: status, name of its response, what it means, an example's code and title.
type Kind = (u16, &'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const KINDS: [Kind; 12] = [
    (400, "BadRequest", "The request cannot be read: its address, query, headers or JSON.", "bad_request", "The request cannot be read"),
    (401, "Unauthorized", "There is no token, or none that is known.", "unauthorized", "There is no such token"),
    (402, "PaymentRequired", "The payment was declined.", "payment_declined", "The payment was declined"),
    (403, "Forbidden", "Whoever asks may not do this.", "not_allowed", "A token of the role customer may not do this"),
    (404, "NotFound", "There is no such thing, or it is somebody else's.", "not_found", "There is no such event"),
    (409, "Conflict", "The state of things is against it.", "order_state", "An order that is paid cannot be moved by pay"),
    (413, "TooLarge", "The body is larger than this server takes.", "too_large", "The request cannot be read"),
    (415, "MediaType", "The body is not what its content type has to be.", "media_type", "The request cannot be read"),
    (422, "Invalid", "The request can be read, but not be done as it stands.", "invalid", "name is one line of 1 to 200 bytes"),
    (429, "TooOften", "Too many failures from here; wait as long as Retry-After says.", "too_many_attempts", "Too many failed sign-ins from here"),
    (500, "Internal", "Something failed on our side; nothing was done.", "internal", "Something failed on our side"),
    (503, "Unavailable", "Not now. Try again: nothing was done, unless the code is outcome_unknown.", "starting", "The list is still coming in"),
];

/// The document with problems, names and bounds, as it is served.
pub fn complete(document: &OpenApi) -> Value {
    let mut document = serde_json::to_value(document).unwrap_or_default(); // our own document always can
    bound(&mut document);
    let paths = document["paths"].as_object_mut().map(std::mem::take).unwrap_or_default();
    let finished = paths.into_iter().map(|(path, mut item)| {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
                finish(operation, method, &path);
            }
        }
        (path, item)
    });
    document["paths"] = Value::Object(finished.collect());
    let responses = KINDS.iter().map(|kind| (kind.1.to_owned(), response(kind)));
    document["components"]["responses"] = Value::Object(responses.collect());
    document
}

fn finish(operation: &mut Map<String, Value>, method: &str, path: &str) {
    operation.insert("operationId".into(), name(method, path).into());
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    let asked = parameters.map_or(0, |all| all.iter_mut().map(absent_not_null).count()) > 0;
    let guarded = operation.get("security").is_some_and(|security| *security != json!([{}]));
    let with_body = operation.contains_key("requestBody");
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    let said: Vec<u16> = responses.keys().filter_map(|status| status.parse().ok()).collect();
    responses.retain(|status, _| status.parse::<u16>().is_ok_and(|status| status < 400));
    for kind in &KINDS {
        let may_come = match kind.0 {
            401 | 403 => guarded,
            429 => guarded || with_body,
            400 | 404 => asked || with_body,
            // What only reads says so itself where the state of things can be against it.
            409 => method != "get",
            413 | 415 | 422 => with_body,
            402 => false,
            _ => true,
        };
        if may_come || said.contains(&kind.0) || (kind.0 == 422 && asked) {
            let reference = format!("#/components/responses/{}", kind.1);
            responses.insert(kind.0.to_string(), json!({ "$ref": reference }));
        }
    }
    for (status, response) in responses.iter_mut() {
        let said = response.get("description").and_then(Value::as_str).unwrap_or_default();
        if said.is_empty() && response.get("$ref").is_none() {
            response["description"] = if status == "201" { "Made" } else { "Done" }.into();
        }
    }
}

/// `post /v1/orders/{id}/pay` is `post_orders_id_pay`.
fn name(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty() && *word != "v1");
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// A parameter is left out or has a value; no address holds a null.
fn absent_not_null(parameter: &mut Value) {
    let schema = &mut parameter["schema"];
    if let Some(types) = schema["type"].as_array() {
        let rest: Vec<Value> = types.iter().filter(|kind| *kind != "null").cloned().collect();
        schema["type"] = if rest.len() == 1 { rest[0].clone() } else { rest.into() };
    }
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        let rest: Vec<Value> = choices.iter().filter(|choice| choice["type"] != "null").cloned().collect();
        if let [only] = rest.as_slice() {
            *schema = only.clone();
        }
    }
}

/// Numbers go as far as their types do.
fn bound(value: &mut Value) {
    if let Some(object) = value.as_object_mut() {
        // utoipa spells the unsigned ones otherwise than the OpenAPI registry does.
        let format = object.get("format").and_then(Value::as_str).map(|text| text.replace("u-int", "uint"));
        let range = match format.as_deref() {
            Some("uint16") => Some((json!(0), json!(u16::MAX))),
            Some("uint32") => Some((json!(0), json!(u32::MAX))),
            Some("uint64") => Some((json!(0), json!(u64::MAX))),
            Some("int32") => Some((json!(i32::MIN), json!(i32::MAX))),
            Some("int64") => Some((json!(i64::MIN), json!(i64::MAX))),
            _ => None,
        };
        if let Some(format) = format {
            object.insert("format".into(), format.into());
        }
        if let Some((least, most)) = range {
            object.entry("minimum").or_insert(least);
            object.entry("maximum").or_insert(most);
        }
        object.values_mut().for_each(bound);
    } else if let Some(items) = value.as_array_mut() {
        items.iter_mut().for_each(bound);
    }
}

fn response((status, _, what, code, title): &Kind) -> Value {
    let example = json!({
        "type": format!("urn:tidegate:problem:{code}"), "title": title, "status": status, "code": code,
    });
    let mut response = json!({
        "description": what,
        "content": { PROBLEM: { "schema": { "$ref": "#/components/schemas/Problem" }, "example": example } },
    });
    let header = match status {
        401 => Some(("WWW-Authenticate", json!({ "type": "string" }))),
        429 => Some(("Retry-After", json!({ "type": "integer", "minimum": 1 }))),
        _ => None,
    };
    if let Some((name, schema)) = header {
        response["headers"] = json!({ name: { "required": true, "schema": schema } });
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, method: &str, operation: Value, expect: &[&str]) {
        let mut operation = operation.as_object().cloned().unwrap();
        finish(&mut operation, method, path);
        let statuses: Vec<&String> = operation["responses"].as_object().unwrap().keys().collect();
        assert_eq!(statuses, expect, "{method} {path}");
    }

    #[test]
    fn an_operation_names_every_problem_that_may_come_back() {
        let done = || json!({ "200": { "description": "" }, "default": { "description": "" } });
        let token = json!([{ TOKEN: [] }]);
        check("/healthz", "get", json!({ "responses": done(), "security": [{}] }), &["200", "500", "503"]);
        let id = json!([{ "name": "id", "in": "path", "schema": { "type": "string" } }]);
        let read = json!({ "responses": done(), "security": token, "parameters": id });
        let refused = ["200", "400", "401", "403", "404", "422", "429", "500", "503"];
        check("/v1/events/{id}", "get", read, &refused);
        let make = json!({ "responses": done(), "security": token, "requestBody": {} });
        let refused = ["200", "400", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503"];
        check("/v1/events", "post", make, &refused);
    }

    #[test]
    fn operations_have_names_of_their_own_and_numbers_have_ends() {
        assert_eq!(name("post", "/v1/orders/{id}/pay"), "post_orders_id_pay");
        let mut schema = json!({ "units": { "type": ["integer", "null"], "format": "u-int16", "minimum": 1 } });
        bound(&mut schema);
        let expect = json!({ "type": ["integer", "null"], "format": "uint16", "minimum": 1, "maximum": 65_535 });
        assert_eq!(schema["units"], expect);
        let mut limit = json!({ "schema": { "type": ["integer", "null"] } });
        absent_not_null(&mut limit);
        assert_eq!(limit["schema"]["type"], "integer");
    }
}
