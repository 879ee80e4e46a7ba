//! Applications and entities: an id and a name each, created, read, renamed and removed in the same way.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value};

use crate::change::Change;
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, NoContent, element, quoted};
use crate::service::{Plan, Service, View};
use crate::visibility::{Hidden, Sight};

/// What one of the two does its own way.
pub(super) trait Resource: 'static {
    /// How it is answered.
    type Body;

    /// As messages name it.
    const NAME: &'static str;
    /// The field of its id.
    const ID_FIELD: &'static str;
    /// The field of its name.
    const NAME_FIELD: &'static str;

    /// # Errors
    /// There is none, or the key does not see it.
    fn find(sight: Sight<'_>, id: &str) -> Result<Self::Body, Hidden>;

    /// # Errors
    /// 403: the key may not create one.
    fn may_create(_: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    /// # Errors
    /// 403: the key sees it, but may not change it.
    fn may_change(_view: &View, _id: &str, _caller: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    /// The changes that create it, or give it another name.
    ///
    /// # Errors
    /// 400, with what is wrong.
    fn put(view: &View, sight: Sight<'_>, id: &str, body: &Map<String, Value>) -> Result<Vec<Change>, Fault>;

    /// The changes that remove it.
    ///
    /// # Errors
    /// It must stay, or the key may not remove it.
    fn removal(view: &View, id: &str, caller: &Caller) -> Result<Vec<Change>, Fault>;
}

pub(super) async fn create<R: Resource>(service: &Arc<Service>, caller: Caller, bytes: &Bytes) -> Answer<StatusCode> {
    R::may_create(&caller)?;
    let body = element(bytes, &[R::ID_FIELD, R::NAME_FIELD])?;
    let id = body.get(R::ID_FIELD).and_then(Value::as_str).unwrap_or_default().to_owned();
    let author = caller.author();
    let plan = move |view: &View| {
        let sight = view.sight(&caller);
        if R::find(sight, &id).is_ok() {
            return Err(Fault::conflict(format!("the {} {} exists already", R::NAME, quoted(&id))));
        }
        if let Some(what) = not_carried(&id) {
            let text = format!("{} {what}, which the path of this API cannot carry; leave it out", quoted(&id));
            return Err(Fault::property(R::ID_FIELD, text));
        }
        Ok(Plan::new(R::put(view, sight, &id, &body)?, StatusCode::CREATED))
    };
    service.change(author, plan).await
}

/// What an id has that the path of a URL cannot carry as it is: a character that no segment of an IRI has (RFC 3987, `ipchar`), or a
/// blank. Clients, proxies and servers differ in what they make of such a character when it is encoded.
fn not_carried(id: &str) -> Option<String> {
    if id == "." || id == ".." {
        return Some("is a step in a path".to_owned());
    }
    let is_carried = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' | '_' | '~' | ':' | '@' => true,
        '!' | '$' | '&' | '\'' | '(' | ')' | '*' | '+' | ',' | ';' | '=' => true,
        other => !other.is_ascii() && !other.is_whitespace(),
    };
    // The rule of ids says of a control character what is wrong with it.
    let found = id.chars().find(|&character| !is_carried(character) && !character.is_control())?;
    Some(if found.is_whitespace() { "has a blank".to_owned() } else { format!("has {found:?}") })
}

pub(super) fn get<R: Resource>(service: &Service, caller: &Caller, id: &str) -> Answer<Json<R::Body>> {
    Ok(Json(R::find(service.view().sight(caller), id)?))
}

pub(super) async fn rename<R: Resource>(
    service: &Arc<Service>,
    caller: Caller,
    id: String,
    bytes: &Bytes,
) -> Answer<NoContent> {
    let mut body = element(bytes, &[R::NAME_FIELD])?;
    body.insert(R::ID_FIELD.into(), id.clone().into());
    let author = caller.author();
    let plan = move |view: &View| {
        let sight = view.sight(&caller);
        R::find(sight, &id)?;
        R::may_change(view, &id, &caller)?;
        Ok(Plan::new(R::put(view, sight, &id, &body)?, NoContent))
    };
    service.change(author, plan).await
}

pub(super) async fn remove<R: Resource>(service: &Arc<Service>, caller: Caller, id: String) -> Answer<StatusCode> {
    let author = caller.author();
    let plan = move |view: &View| {
        R::find(view.sight(&caller), &id)?;
        R::may_change(view, &id, &caller)?;
        Ok(Plan::new(R::removal(view, &id, &caller)?, StatusCode::OK))
    };
    service.change(author, plan).await
}
