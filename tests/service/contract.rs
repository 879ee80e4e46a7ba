//! The contract of the management API, row by row, as a client of it sees it.

mod applications_and_entities;
mod associations;
mod bodies;
mod entity_autocreate;
pub(crate) mod fault;
mod filters;
mod ids;
mod limits;
mod numbers;
mod paging;
mod rates;
mod refusals;
mod removal;
pub(crate) mod rows;
pub(crate) mod store_unavailable;
mod strategies;
pub(crate) mod world;
