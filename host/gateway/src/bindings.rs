//! What is bound to whom, and how that changes.
//!
//! `binding` is what an operator gives, `target` for whom; `route` is what serves it with its candidates, a `canary` and a
//! `shadow`; `health` counts failures and opens the circuit. `swap` makes every change, `history` is what a rollback goes
//! back to, `held` is what is bound before its policy is ready, `auto_update` moves bindings with a range of versions, past the `skipped_versions`.

mod auto_update;
mod binding;
mod canary;
mod error;
mod health;
mod held;
mod history;
mod route;
mod shadow;
mod skipped_versions;
mod swap;
mod tally;
mod target;

pub use auto_update::Refreshed;
pub use binding::{Binding, Breaker, OnFailure, OnUnavailable, Probe};
pub use canary::AutoRollback;
pub use error::SwapError;
pub(crate) use health::BoundPolicy;
pub use held::HeldBinding;
pub use history::Served;
pub(crate) use route::Route;
pub(crate) use shadow::Shadow;
pub use shadow::{Comparison, Difference};
pub(crate) use swap::Control;
pub use target::BindingTarget;
