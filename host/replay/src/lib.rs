//! Recorded decisions, decided again.
//!
//! [`replay`] decides every record of a log with the module, settings, catalog, pin and signals that it names, and says which
//! answers differ: none should. [`WhatIf`] decides them on something else ([`Instead`]: a policy, settings, a catalog, strategies)
//! and says what would change ([`WhatIfReport`]). Neither has an effect. [`Sources`] find catalogs and modules by the names that
//! a log has for them.
//!
//! A pass goes over the blocks of a log (`pass`), puts records with the same catalog, policy and signals together
//! (`deciding`), and counts (`tally` for a comparison, `replay_report` for a replay). Its memory is bounded.
#![forbid(unsafe_code)]

mod change;
mod condition;
mod counts;
mod deciding;
mod finder;
mod instead;
mod kept_record;
mod pass;
mod reason;
mod recipients;
mod replay;
mod replay_report;
mod report;
mod sources;
mod tally;
mod timeline;
mod what_if;

pub use change::{AnswerSaid, Change};
pub use condition::{Condition, ConditionError, Measure};
pub use instead::{Instead, InsteadError};
pub use pass::{PassOptions, PassProgress};
pub use reason::{NotReplayed, Reason};
pub use replay::replay;
pub use replay_report::{Difference, ReplayReport};
pub use report::{
    ChangeCount, Example, Flow, Part, PinChanges, PinCount, RefusalCount, SenderLoad, WhatIfReport, grouped,
};
pub use sources::{FileSources, Gone, SourceError, Sources, catalog_name};
pub use timeline::Piece;
pub use what_if::WhatIf;
