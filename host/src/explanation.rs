//! placeholder
/// placeholder
pub struct Explanation;
