//! What every request passes and every answer has: keys, limits, bodies and parameters, errors.

mod address_share;
mod body;
mod caller;
mod error_format;
mod error_responses;
mod guard;
mod input;
mod listener;
mod needs;
mod probes;
mod rate;
pub(crate) mod tls;
mod unique_keys;
mod within;
mod write_timeout;

pub(crate) use self::caller::Caller;
pub(crate) use self::error_format::{ErrorBody, NoContent, Paged, Problem, RequestErrorBody};
pub(crate) use self::error_responses::{Errors1, Errors2, Problems};
pub(crate) use self::guard::{Admitted, Guard, OwnBody, SHORT, guard};
pub(crate) use self::input::{
    Json, PageQuery, Parameters, ShortPageQuery, body, element, id, not_json, plain, raw_object,
};
pub(crate) use self::listener::Listener;
pub(crate) use self::needs::{Needs, needs, needs_platform};
pub(crate) use self::probes::Probes;
pub(crate) use self::rate::Rates;
use crate::fault::Fault;
pub(crate) use callsign::escape::quoted;

/// What a handler returns.
pub(crate) type Answer<T> = Result<T, Fault>;
