//! What is answered to strange requests, and what needs no token. Who may do what is tried in `roles.rs`.

use crate::common::Venue;
use axum::http::StatusCode;
use serde_json::json;
use std::collections::BTreeSet;

both!(wrong_tokens_and_strange_requests_are_problems_with_codes);
async fn wrong_tokens_and_strange_requests_are_problems_with_codes() {
    let venue = Venue::new().await;
    let cloud = &venue.cloud;
    cloud.get(&"tg_".repeat(10), "/v1/events").await.refused(401, "unauthorized");
    cloud.get(&format!("tg_{}", "a".repeat(52)), "/v1/events").await.refused(401, "unauthorized");
    cloud.get(&cloud.admin, "/v1/nowhere").await.refused(404, "not_found");
    cloud.ask("PUT", "/v1/events", &cloud.admin, None, None).await.refused(405, "method_not_allowed");
    cloud.get(&cloud.admin, "/v1/events?limit=x").await.refused(400, "bad_request");
    cloud.get(&cloud.admin, "/v1/events?limit=0").await.refused(400, "bad_request");
    cloud.get(&cloud.admin, "/v1/events?limit=1001").await.refused(400, "bad_request");
    cloud.get(&cloud.admin, "/v1/events?colour=red").await.refused(400, "bad_request");
    cloud
        .post(&cloud.admin, "/v1/organizers", json!({"name": "a".repeat(2 << 20)}))
        .await
        .refused(413, "too_large");
    cloud.post(&cloud.admin, "/v1/organizers", json!({"name": " "})).await.refused(422, "invalid");
    let mut codes = BTreeSet::new();
    for _ in 0..40 {
        codes.insert(cloud.get("", "/v1/events").await.code());
    }
    assert!(codes.contains("too_many_attempts"));
    cloud.get(&cloud.admin, "/v1/events").await.ok();
}

both!(health_and_document_need_no_token);
async fn health_and_document_need_no_token() {
    let venue = Venue::new().await;
    let cloud = &venue.cloud;
    for path in ["/healthz", "/readyz", "/openapi.json", "/docs/"] {
        assert_eq!(cloud.get("", path).await.status, StatusCode::OK, "{path}");
    }
    let document = cloud.get("", "/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let operation = &document["paths"]["/v1/orders"]["post"];
    assert_eq!(operation["security"][0]["token"], json!([]));
    assert_eq!(document["paths"]["/readyz"]["get"]["security"], json!([{}]));
    for path in ["/v1/enrol", "/v1/exchange"] {
        assert!(document["paths"][path].is_null(), "{path} is no address of the REST side");
        cloud.post("", path, json!({})).await.refused(404, "not_found");
    }
    assert!(document["components"]["schemas"]["Answer"].is_object());
}

#[test]
fn every_operation_of_the_document_has_its_own_name_a_tag_a_summary_and_its_problems() {
    let document = cloud_sync::router::described();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} twice");
            assert!(operation["tags"][0].is_string() && operation["summary"].is_string(), "{method} {path}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let refused = status.parse::<u16>().unwrap() >= 400;
                assert_eq!(refused, response["$ref"].is_string(), "{method} {path} {status}");
            }
            for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                let parameters = operation["parameters"].as_array().unwrap();
                assert!(parameters.iter().any(|p| p["name"] == part && p["in"] == "path"), "{method} {path}");
            }
        }
    }
    let problem = &document["components"]["responses"]["NotFound"]["content"]["application/problem+json"];
    assert_eq!(problem["schema"]["$ref"], "#/components/schemas/Problem");
    // Two kinds of role have two names.
    let role = &document["components"]["schemas"]["NewToken"]["properties"]["role"];
    assert!(role.to_string().contains("/TokenRole"), "{role}");
}

both!(what_was_answered_is_there_after_a_restart);
async fn what_was_answered_is_there_after_a_restart() {
    let venue = Venue::new().await;
    let order = venue.paid("k", 1).await["id"].as_str().unwrap().to_owned();
    let app = venue.cloud.again(cloud_sync::app::Life::Same).await;
    let found =
        app.read(move |tx, _| Box::pin(async move { Ok(cloud_sync::store::orders::get(tx, &order).await?) }));
    assert!(found.await.unwrap().is_some());
}
