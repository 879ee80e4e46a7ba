//! Elements of the catalog that are created, read, replaced and removed as a whole, by their id and with an `ETag`:
//! senders, sending strategies and applications.

use std::sync::Arc;

use bytes::Bytes;
use callsign::Catalog;
use http::StatusCode;
use serde_json::value::RawValue;

use super::condition::{Conditions, Tagged};
use super::element::{self, Identified, bytes as bytes_of};
use crate::change::{Change, Kind};
use crate::fault::Fault;
use crate::http::{Answer, Caller, NoContent, quoted, raw_object};
use crate::service::{Plan, Service, View};
use crate::visibility::{Hidden, Sight};

/// What one kind of element does its own way.
pub(super) trait Resource: 'static {
    type Element;

    const KIND: Kind;
    /// As messages name it.
    const NAME: &'static str;
    /// The field of its id.
    const ID: &'static str;
    /// The path of the list.
    const PATH: &'static str;
    /// Whether replacing one needs `If-Match`, even where the request leaves out nothing that is there.
    const NEEDS_IF_MATCH: bool = false;

    /// The element with this id.
    fn get<'a>(catalog: &'a Catalog, id: &str) -> Option<&'a Self::Element>;

    /// # Errors
    /// There is no element with this id, or the key does not see it.
    fn find<'v>(sight: Sight<'v>, id: &str) -> Result<&'v Self::Element, Hidden>;

    /// An element in the words of a catalog file.
    fn json(catalog: &Catalog, element: &Self::Element) -> Box<RawValue>;

    /// # Errors
    /// 400: the body is invalid, whatever the catalog has. Checked before anything of the catalog.
    fn check(_: &Identified) -> Result<(), Fault> {
        Ok(())
    }

    /// A body as the element that it would become, in the words of a catalog file.
    ///
    /// # Errors
    /// 400, with the properties that are wrong.
    fn read(view: &View, body: &Identified, caller: &Caller) -> Result<Box<RawValue>, Fault>;

    /// # Errors
    /// 403: the caller may not create such elements.
    fn may_create(_: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    /// # Errors
    /// 404 or 403: the caller may not put an element with this id. A tenant replaces what is its own, and chooses no ids:
    /// whether an id is free would tell what others have.
    fn may_put(sight: Sight<'_>, id: &str, caller: &Caller) -> Result<(), Fault> {
        if caller.tenant().is_some() { Self::find_own(sight, id, caller).map(drop) } else { Ok(()) }
    }

    /// An element that the caller may change.
    ///
    /// # Errors
    /// 404: there is none, or the caller does not see it. 403: the caller may not change it.
    fn find_own<'v>(sight: Sight<'v>, id: &str, _caller: &Caller) -> Result<&'v Self::Element, Fault> {
        Ok(Self::find(sight, id)?)
    }
}

/// A body as the element that it becomes in the present catalog, in the words of a catalog file.
///
/// # Errors
/// 400, with the properties that are wrong.
pub(super) fn read_in_catalog<R: Resource>(view: &View, body: &Identified) -> Result<Box<RawValue>, Fault> {
    let put = Change { kind: R::KIND, key: body.id.clone(), body: Some(body.body.clone()) };
    let after = view.after(&[put])?;
    let element = R::get(&after, &body.id);
    let element = element.ok_or_else(|| Fault::internal(format!("the {} that was put is gone", R::NAME)))?;
    Ok(R::json(&after, element))
}

pub(super) async fn create<R: Resource>(service: &Arc<Service>, caller: Caller, body: &Bytes) -> Answer<Tagged> {
    R::may_create(&caller)?;
    let object = raw_object(body)?;
    if caller.tenant().is_some() && element::members(object).contains_key(R::ID) {
        let text = "is chosen by the service for the key of an application: leave it out, and take it from the answer";
        return Err(Fault::property(R::ID, text));
    }
    let new = element::new(object, R::ID)?;
    R::check(&new)?;
    let author = caller.author();
    let plan = move |view: &View| {
        if R::get(view.catalog(), &new.id).is_some() {
            return Err(Fault::conflict(format!("the {} {} exists already", R::NAME, quoted(&new.id))));
        }
        let json = R::read(view, &new, &caller)?;
        let answer = Tagged::created(bytes_of(&json), R::PATH, &new.id);
        Ok(Plan::new(vec![Change::put(R::KIND, &*new.id, &json)], answer))
    };
    service.change(author, plan).await
}

pub(super) fn get<R: Resource>(
    service: &Service,
    caller: &Caller,
    id: &str,
    conditions: &Conditions,
) -> Answer<Tagged> {
    let view = service.view();
    let found = R::find(view.sight(caller), id)?;
    Ok(conditions.answer(bytes_of(&R::json(view.catalog(), found))))
}

pub(super) async fn put<R: Resource>(
    service: &Arc<Service>,
    caller: Caller,
    id: &str,
    conditions: Conditions,
    body: &Bytes,
) -> Answer<Tagged> {
    let new = element::under(raw_object(body)?, R::ID, id)?;
    R::check(&new)?;
    let author = caller.author();
    let plan = move |view: &View| {
        let catalog = view.catalog();
        R::may_put(view.sight(&caller), &new.id, &caller)?;
        let before = R::get(catalog, &new.id).map(|element| R::json(catalog, element));
        if R::NEEDS_IF_MATCH && before.is_some() {
            conditions.must_be_given()?;
        }
        conditions.allow(before.as_ref().map(|json| json.get().as_bytes()))?;
        let json = R::read(view, &new, &caller)?;
        if let Some(before) = &before {
            conditions.must_be_given_for(&element::left_out(before, &json, &new.body))?;
        }
        let answer = match &before {
            Some(_) => Tagged::new(StatusCode::OK, bytes_of(&json)),
            None => Tagged::created(bytes_of(&json), R::PATH, &new.id),
        };
        let is_same = before.is_some_and(|before| before.get() == json.get());
        let changes = if is_same { Vec::new() } else { vec![Change::put(R::KIND, &*new.id, &json)] };
        Ok(Plan::new(changes, answer))
    };
    service.change(author, plan).await
}

/// Removes an element by the changes that `removal` lists.
pub(super) async fn remove<R: Resource>(
    service: &Arc<Service>,
    caller: Caller,
    id: String,
    conditions: Conditions,
    removal: impl Fn(&Catalog, &str) -> Result<Vec<Change>, Fault> + Send + Sync + 'static,
) -> Answer<NoContent> {
    let author = caller.author();
    let plan = move |view: &View| {
        let catalog = view.catalog();
        let found = R::find_own(view.sight(&caller), &id, &caller)?;
        conditions.allow(Some(R::json(catalog, found).get().as_bytes()))?;
        Ok(Plan::new(removal(catalog, &id)?, NoContent))
    };
    service.change(author, plan).await
}
