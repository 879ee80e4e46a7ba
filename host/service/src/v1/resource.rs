//! Elements of the catalog that are created, read, replaced and removed as a whole, by their id and with an `ETag`:
//! senders and sending strategies.

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

    /// The element with this id.
    fn get<'a>(catalog: &'a Catalog, id: &str) -> Option<&'a Self::Element>;

    /// The element with this id, if the caller may see it.
    fn find<'a>(catalog: &'a Catalog, id: &str, caller: &Caller) -> Option<&'a Self::Element>;

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
    /// 404 or 403: the caller may not put an element with this id.
    fn may_put(catalog: &Catalog, id: &str, caller: &Caller) -> Result<(), Fault>;

    /// An element that the caller may change.
    ///
    /// # Errors
    /// 404: there is none, or the caller does not see it. 403: the caller may not change it.
    fn find_own<'a>(catalog: &'a Catalog, id: &str, caller: &Caller) -> Result<&'a Self::Element, Fault> {
        Self::find(catalog, id, caller).ok_or_else(|| unknown::<Self>(id))
    }
}

/// 404.
pub(super) fn unknown<R: Resource + ?Sized>(id: &str) -> Fault {
    Fault::not_found(format!("the {} {}", R::NAME, quoted(id)))
}

pub(super) async fn create<R: Resource>(service: &Arc<Service>, caller: Caller, body: &Bytes) -> Answer<Tagged> {
    R::may_create(&caller)?;
    let new = element::new(raw_object(body)?, R::ID)?;
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
    let revision = service.revision();
    let found = R::find(revision.catalog(), id, caller).ok_or_else(|| unknown::<R>(id))?;
    Ok(conditions.answer(bytes_of(&R::json(revision.catalog(), found))))
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
        R::may_put(catalog, &new.id, &caller)?;
        let before = R::get(catalog, &new.id).map(|element| R::json(catalog, element));
        conditions.allow(before.as_ref().map(|json| json.get().as_bytes()))?;
        let json = R::read(view, &new, &caller)?;
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
        let found = R::find_own(catalog, &id, &caller)?;
        conditions.allow(Some(R::json(catalog, found).get().as_bytes()))?;
        Ok(Plan::new(removal(catalog, &id)?, NoContent))
    };
    service.change(author, plan).await
}
