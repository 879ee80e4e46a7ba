//! What a key needs for a route, and which query parameters the route has. Each route says it once, where it is made: it is
//! in the OpenAPI document, and the guard takes it from there, so it is checked before anything of a body is read.

use std::sync::Arc;

use hashbrown::HashMap;
use http::Method;
use serde_json::Value;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::SecurityRequirement;
use utoipa_axum::router::OpenApiRouter;

use crate::fault::{Fault, Violation};
use crate::key::Scope;
use crate::service::Service;

/// The security scheme in the OpenAPI document.
const SCHEME: &str = "key";

/// How much of the name of an unknown parameter is told.
const LONGEST_NAME: usize = 64;

/// The word in the OpenAPI document for a route that is for keys of the platform.
const PLATFORM: &str = "platform";

/// Routes that need a scope.
pub(crate) fn needs(scope: Scope, routes: OpenApiRouter<Arc<Service>>) -> OpenApiRouter<Arc<Service>> {
    with(&[scope.as_str()], routes)
}

/// Routes that need a scope, and a key of the platform.
pub(crate) fn needs_platform(scope: Scope, routes: OpenApiRouter<Arc<Service>>) -> OpenApiRouter<Arc<Service>> {
    with(&[scope.as_str(), PLATFORM], routes)
}

fn with(needs: &[&str], mut routes: OpenApiRouter<Arc<Service>>) -> OpenApiRouter<Arc<Service>> {
    for path in routes.get_openapi_mut().paths.paths.values_mut() {
        let methods = [&mut path.get, &mut path.put, &mut path.post, &mut path.delete, &mut path.patch];
        for operation in methods.into_iter().flatten() {
            operation.security = Some(vec![SecurityRequirement::new(SCHEME, needs.iter().copied())]);
        }
    }
    routes
}

/// What a key needs for one route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) scope: Scope,
    /// Whether it must be a key of the platform.
    pub(super) platform: bool,
}

/// A method of a route.
#[derive(Debug)]
pub(super) struct Operation {
    method: Method,
    pub(super) need: Need,
    /// The names of its query parameters.
    query: Vec<String>,
}

impl Operation {
    /// Checks a query for parameters that the operation does not have: a filter that is misspelt must not mean everything.
    ///
    /// # Errors
    /// 400, with the parameters that there are.
    pub(super) fn check_query(&self, query: &str) -> Result<(), Fault> {
        // What cannot be read is reported where it is read.
        let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
        let unknown = pairs.into_iter().filter(|(name, _)| !self.query.contains(name)).map(|(name, _)| {
            let text = match &self.query[..] {
                [] => "is not a parameter here; there are none".to_owned(),
                known => format!("is not a parameter here; there are {}", known.join(", ")),
            };
            Violation::new(name.chars().take(LONGEST_NAME).collect::<String>(), text)
        });
        let unknown: Vec<Violation> = unknown.collect();
        if unknown.is_empty() { Ok(()) } else { Err(Fault::invalid(unknown)) }
    }
}

/// What a key needs for each route, by the template of its path.
#[derive(Debug, Default)]
pub(crate) struct Needs(HashMap<String, Vec<Operation>>);

impl Needs {
    /// As the document says.
    pub(crate) fn of(document: &Document) -> Self {
        let mut needs = Self::default();
        for (path, item) in &document.paths.paths {
            let operations = [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::DELETE, &item.delete),
                (Method::PATCH, &item.patch),
            ];
            for (method, operation) in operations {
                // A requirement can be read as JSON only.
                let security = operation.as_ref().and_then(|operation| serde_json::to_value(&operation.security).ok());
                let security = security.unwrap_or_default();
                let words = security[0][SCHEME].as_array().map(Vec::as_slice).unwrap_or_default();
                let words = || words.iter().filter_map(Value::as_str);
                if let Some(scope) = words().find_map(Scope::parse) {
                    let need = Need { scope, platform: words().any(|word| word == PLATFORM) };
                    let query = operation.as_ref().map(query_of).unwrap_or_default();
                    needs.0.entry_ref(&**path).or_default().push(Operation { method, need, query });
                }
            }
        }
        needs
    }

    /// A method of a route; `None` if there is no such route. HEAD is answered like GET.
    pub(super) fn find(&self, method: &Method, path: &str) -> Option<&Operation> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.0.get(path)?.iter().find(|operation| operation.method == *method)
    }
}

/// The names of an operation's query parameters. A parameter can be read as JSON only.
fn query_of(operation: &utoipa::openapi::path::Operation) -> Vec<String> {
    let parameters = serde_json::to_value(&operation.parameters).unwrap_or_default();
    let parameters = parameters.as_array().map(Vec::as_slice).unwrap_or_default();
    let query = parameters.iter().filter(|parameter| parameter["in"] == "query");
    query.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_that_needs_a_key_says_which() {
        let document = crate::router::routes().1;
        let needs = Needs::of(&document);
        let open = ["/healthz", "/readyz", "/metrics"];
        let mut all = 0;
        for (path, item) in &document.paths.paths {
            let item = serde_json::to_value(item).unwrap_or_default();
            for (method, _) in item.as_object().into_iter().flatten().filter(|(_, value)| value.is_object()) {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap_or_default();
                assert_eq!(needs.find(&method, path).is_none(), open.contains(&&**path), "{method} {path}");
                all += 1;
            }
        }
        assert!(all > 50, "{all} routes");
        let import = needs.find(&Method::POST, "/v1/senders/import");
        assert_eq!(import.map(|operation| operation.need), Some(Need { scope: Scope::Numbers, platform: true }));
        assert!(import.is_some_and(|operation| operation.check_query("mode=insert").is_ok()));
        assert!(import.is_some_and(|operation| operation.check_query("mood=insert").is_err()));
    }
}
