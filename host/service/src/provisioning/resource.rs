//! Applications and entities: an id and a name each, created, read, renamed and removed in the same way.

use std::sync::Arc;

use bytes::Bytes;
use callsign::Catalog;
use http::StatusCode;
use serde_json::Value;

use crate::change::{Change, Kind};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, NoContent, element, quoted};
use crate::service::{Plan, Service, View};

/// What one of the two does its own way.
pub(super) trait Resource: 'static {
    type Element;
    /// How it is answered.
    type Body: for<'a> From<&'a Self::Element>;

    const KIND: Kind;
    /// As messages name it.
    const NAME: &'static str;
    /// The field of its id.
    const ID_FIELD: &'static str;
    /// The field of its name.
    const NAME_FIELD: &'static str;

    fn get<'a>(catalog: &'a Catalog, id: &str) -> Option<&'a Self::Element>;

    /// Whether a key may see it.
    fn is_visible(view: &View, id: &str, tenant: Option<&str>) -> bool;

    /// # Errors
    /// 403: the key may not create one.
    fn may_create(_: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    /// What is stored with a new one.
    fn with_new(_id: &str, _tenant: Option<&str>) -> Option<Change> {
        None
    }

    /// # Errors
    /// 403: the key sees it, but may not change it.
    fn may_change(_view: &View, _id: &str, _tenant: Option<&str>) -> Result<(), Fault> {
        Ok(())
    }

    /// The changes that remove it.
    ///
    /// # Errors
    /// It must stay, or the key may not remove it.
    fn removal(view: &View, id: &str, tenant: Option<&str>) -> Result<Vec<Change>, Fault>;
}

/// One that the key may see.
///
/// # Errors
/// 404: there is none, or the key does not see it.
fn find<'a, R: Resource>(view: &'a View, id: &str, tenant: Option<&str>) -> Result<&'a R::Element, Fault> {
    let found = R::get(view.catalog(), id).filter(|_| R::is_visible(view, id, tenant));
    found.ok_or_else(|| Fault::not_found(format!("the {} {}", R::NAME, quoted(id))))
}

pub(super) async fn create<R: Resource>(service: &Arc<Service>, caller: &Caller, bytes: &Bytes) -> Answer<StatusCode> {
    R::may_create(caller)?;
    let body = element(bytes, &[R::ID_FIELD, R::NAME_FIELD])?;
    let id = body.get(R::ID_FIELD).and_then(Value::as_str).unwrap_or_default().to_owned();
    let tenant = caller.tenant().map(str::to_owned);
    let plan = move |view: &View| {
        if R::get(view.catalog(), &id).is_some() {
            return Err(Fault::conflict(format!("the {} {} exists already", R::NAME, quoted(&id))));
        }
        let mut changes = vec![Change::put(R::KIND, &*id, &body)];
        changes.extend(R::with_new(&id, tenant.as_deref()));
        Ok(Plan::new(changes, StatusCode::CREATED))
    };
    service.change(caller.author(), plan).await
}

pub(super) fn get<R: Resource>(service: &Service, caller: &Caller, id: &str) -> Answer<Json<R::Body>> {
    find::<R>(&service.view(), id, caller.tenant()).map(|element| Json(R::Body::from(element)))
}

pub(super) async fn rename<R: Resource>(
    service: &Arc<Service>,
    caller: &Caller,
    id: String,
    bytes: &Bytes,
) -> Answer<NoContent> {
    let mut body = element(bytes, &[R::NAME_FIELD])?;
    body.insert(R::ID_FIELD.into(), id.clone().into());
    let tenant = caller.tenant().map(str::to_owned);
    let plan = move |view: &View| {
        find::<R>(view, &id, tenant.as_deref())?;
        R::may_change(view, &id, tenant.as_deref())?;
        Ok(Plan::new(vec![Change::put(R::KIND, &*id, &body)], NoContent))
    };
    service.change(caller.author(), plan).await
}

pub(super) async fn remove<R: Resource>(service: &Arc<Service>, caller: &Caller, id: String) -> Answer<StatusCode> {
    let tenant = caller.tenant().map(str::to_owned);
    let plan = move |view: &View| {
        find::<R>(view, &id, tenant.as_deref())?;
        R::may_change(view, &id, tenant.as_deref())?;
        Ok(Plan::new(R::removal(view, &id, tenant.as_deref())?, StatusCode::OK))
    };
    service.change(caller.author(), plan).await
}
