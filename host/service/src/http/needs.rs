//! What a key needs for a route. Each route says it once, where it is made: it is in the OpenAPI document, and the guard takes it
//! from there, so it is checked before anything of a body is read.

use std::sync::Arc;

use hashbrown::HashMap;
use http::Method;
use serde_json::Value;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::SecurityRequirement;
use utoipa_axum::router::OpenApiRouter;

use crate::key::Scope;
use crate::service::Service;

/// The security scheme in the OpenAPI document.
const SCHEME: &str = "key";

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

/// What a key needs for each route, by the template of its path.
#[derive(Debug, Default)]
pub(crate) struct Needs(HashMap<String, Vec<(Method, Need)>>);

impl Needs {
    /// As the document says.
    pub(crate) fn of(document: &Document) -> Self {
        let mut needs = Self::default();
        let document = serde_json::to_value(document).unwrap_or_default();
        for (path, operations) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in operations.as_object().into_iter().flatten() {
                let words = operation["security"][0][SCHEME].as_array().map(Vec::as_slice).unwrap_or_default();
                let words = || words.iter().filter_map(Value::as_str);
                let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes());
                if let (Some(scope), Ok(method)) = (words().find_map(Scope::parse), method) {
                    let need = Need { scope, platform: words().any(|word| word == PLATFORM) };
                    needs.0.entry_ref(&**path).or_default().push((method, need));
                }
            }
        }
        needs
    }

    /// What a key needs for a method of a route; `None` if there is no such route. HEAD is answered like GET.
    pub(super) fn find(&self, method: &Method, path: &str) -> Option<Need> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let found = self.0.get(path)?.iter().find(|(of, _)| of == method);
        found.map(|(_, need)| *need)
    }
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
        assert_eq!(import, Some(Need { scope: Scope::Numbers, platform: true }));
    }
}
