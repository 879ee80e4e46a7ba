//! Limits on the code that is compiled, checked before the compiler starts, in one pass over the code.
//!
//! A compiler cannot be stopped, and some short programs keep it busy almost without end: the time to compile does not
//! depend on the size of the code alone. So everything that is known to make it grow faster than the code has its own
//! limit, a few times what the largest honest components have. A component written to compile slowly can still take a
//! minute within all of them; a child process ([`Compiler`](crate::Compiler)) is stopped then.

mod adapters;
mod deadline_gap;

use wasmparser::{FunctionBody, Instance, Operator, Parser, Payload};

use self::adapters::Adapters;
use self::deadline_gap::DeadlineGap;
use crate::error::PolicyError;

/// The most functions of a component, over all its modules. CPython as a component, the largest guest that is known to
/// work, has about 17,000.
pub(crate) const MAX_FUNCTIONS: u64 = 60_000;

/// The most code of one function, in bytes. The largest function of CPython has 427,000.
pub(crate) const MAX_FUNCTION_BYTES: u64 = 640 << 10;

/// The most jumps of one function, ends of blocks included. CPython has up to 16,300.
pub(crate) const MAX_JUMPS: u64 = 20_000;

/// The deepest nesting of loops. CPython has 10.
pub(crate) const MAX_LOOP_DEPTH: u64 = 32;

/// The most instructions of one function after a call, without a loop or another call. Each function on the stack may
/// still run that many after the deadline. With a full stack of the slowest instructions that takes about half a
/// second, so this limit is close to what CPython has, 5,400, and not a few times as much.
pub(crate) const MAX_DEADLINE_GAP: u64 = 6_000;

/// The most locals times jumps of one function, where the square of the depth of its loops is added to the jumps. Where
/// paths meet, the compiler may have to merge every local with a value from every jump, and in nested loops once more
/// for each loop: a function of 4 KiB with 500 nested loops over 500 locals takes more than a minute. CPython's main
/// loop has 203,000.
pub(crate) const MAX_FUNCTION_MERGES: u64 = 500_000;

/// The most locals times jumps over all functions. Unused locals count too: the compiler declares them in each
/// function. CPython has 5,100,000.
pub(crate) const MAX_MERGES: u64 = 10_000_000;

/// The most instances that a component makes of the modules and components inside it, if each component inside is
/// instantiated as often as possible. A few bytes are enough to double that number. Usual tools make fewer than 20.
pub(crate) const MAX_INSTANCES: u64 = 100_000;

/// The most functions that a component lifts and lowers, those of each instance of a component inside included. The compiler
/// writes an adapter for each; where a component inside calls another one, the adapter copies every field of every type,
/// and 26 KB can have enough of them for 20 seconds. A component of the contract lifts 5 functions and lowers up to 20;
/// one that is composed of two has twice as many, and a whole WASI inside adds about 100.
pub(crate) const MAX_LIFTS_AND_LOWERS: u64 = 500;

/// The most bulk operators of one function: those that fill, copy, initialise or grow memories, tables and arrays. Each
/// is a call of the host or a loop of its own, and the time to compile a function grows with their square or faster: 1,000
/// take 0.1 seconds, and 10,000 a minute. The standard policy has up to 9 in a function.
pub(crate) const MAX_BULK_OPERATORS: u64 = 1_000;

/// The most bulk operators over all functions, where those of each function are squared: as many as 20 of the largest
/// allowed functions have, which take about 2 seconds. The standard policy has 122.
pub(crate) const MAX_BULK_SQUARES: u64 = 20_000_000;

/// The most reads of tables in one function: `call_indirect`, which is how C calls a pointer to a function, and
/// `table.get`. The time to compile a function grows with their square: 10,000 take 5 seconds.
pub(crate) const MAX_TABLE_READS: u64 = 10_000;

/// The most reads of tables over all functions, where those of each function are squared: as many as two of the largest
/// allowed functions have.
pub(crate) const MAX_TABLE_READ_SQUARES: u64 = 2 * MAX_TABLE_READS * MAX_TABLE_READS;

/// Checks a component against these limits.
pub(crate) fn check(bytes: &[u8]) -> Result<(), PolicyError> {
    let mut functions = 0u64;
    let mut merges = 0u64;
    // The instances that each enclosing component makes, itself included, from the outermost in.
    let mut open = Vec::new();
    let mut instances = 1u64;
    let mut adapters = Adapters::default();
    let mut bulk_squares = 0u64;
    let mut table_read_squares = 0u64;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(not_a_component)?;
        let lifts_and_lowers = adapters.visit(&payload).map_err(not_a_component)?;
        within("lifts and lowers of functions", lifts_and_lowers, MAX_LIFTS_AND_LOWERS)?;
        match payload {
            Payload::Version { .. } => open.push(1u64),
            Payload::InstanceSection(section) => {
                for instance in section {
                    if let Instance::Instantiate { .. } = instance.map_err(not_a_component)? {
                        count_instance(&mut open);
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    if let wasmparser::ComponentInstance::Instantiate { .. } = instance.map_err(not_a_component)? {
                        count_instance(&mut open);
                    }
                }
            }
            Payload::End(_) => {
                // A component may instantiate every component before it that often, so the counts multiply.
                instances = instances.saturating_mul(open.pop().unwrap_or(1));
                within("instances of modules and components inside", instances, MAX_INSTANCES)?;
            }
            Payload::CodeSectionEntry(body) => {
                functions += 1;
                within("functions", functions, MAX_FUNCTIONS)?;
                within("bytes in one function", body.range().len() as u64, MAX_FUNCTION_BYTES)?;
                let cost = FunctionCost::of(&body).map_err(not_a_component)?;
                within("jumps in one function", cost.jumps, MAX_JUMPS)?;
                within(
                    "instructions after a call without a loop or another call",
                    cost.deadline_gap,
                    MAX_DEADLINE_GAP,
                )?;
                within("loops inside each other", cost.loop_depth, MAX_LOOP_DEPTH)?;
                within("bulk operators in one function", cost.bulk_operators, MAX_BULK_OPERATORS)?;
                bulk_squares = bulk_squares.saturating_add(cost.bulk_operators.pow(2));
                within("squares of the bulk operators of all functions", bulk_squares, MAX_BULK_SQUARES)?;
                within("reads of tables in one function", cost.table_reads, MAX_TABLE_READS)?;
                table_read_squares = table_read_squares.saturating_add(cost.table_reads.pow(2));
                within("squares of the reads of tables of all functions", table_read_squares, MAX_TABLE_READ_SQUARES)?;
                let own = cost.locals.saturating_mul(cost.jumps + cost.loop_depth.pow(2));
                within("locals times jumps in one function", own, MAX_FUNCTION_MERGES)?;
                merges = merges.saturating_add(own);
                within("locals times jumps in all functions", merges, MAX_MERGES)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn count_instance(open: &mut [u64]) {
    if let Some(instances) = open.last_mut() {
        *instances += 1;
    }
}

/// What the time to compile a function depends on.
struct FunctionCost {
    /// Parameters included, if they are used.
    locals: u64,
    /// The targets of all branches, and the ends of all blocks.
    jumps: u64,
    loop_depth: u64,
    /// The most instructions after a call, see [`MAX_DEADLINE_GAP`].
    deadline_gap: u64,
    /// See [`MAX_BULK_OPERATORS`].
    bulk_operators: u64,
    /// See [`MAX_TABLE_READS`].
    table_reads: u64,
}

impl FunctionCost {
    fn of(body: &FunctionBody<'_>) -> wasmparser::Result<Self> {
        let mut locals = 0u64;
        for declared in body.get_locals_reader()? {
            locals += u64::from(declared?.0);
        }
        // The function itself is a block with an end.
        let mut cost = Self { locals, jumps: 1, loop_depth: 0, deadline_gap: 0, bulk_operators: 0, table_reads: 0 };
        let mut deadline_gap = DeadlineGap::new();
        let (mut is_loop, mut loops) = (vec![false], 0);
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            deadline_gap.visit(&operator);
            match operator {
                Operator::Loop { .. } => {
                    cost.jumps += 1;
                    is_loop.push(true);
                    loops += 1;
                    cost.loop_depth = cost.loop_depth.max(loops);
                }
                Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                    cost.jumps += 1;
                    is_loop.push(false);
                }
                Operator::End => loops -= u64::from(is_loop.pop().unwrap_or(false)),
                Operator::Br { .. } | Operator::BrIf { .. } | Operator::Return => cost.jumps += 1,
                Operator::BrTable { targets } => cost.jumps += u64::from(targets.len()) + 1,
                // Parameters are locals too, and are not declared in the body.
                Operator::LocalGet { local_index: index }
                | Operator::LocalSet { local_index: index }
                | Operator::LocalTee { local_index: index } => cost.locals = cost.locals.max(u64::from(index) + 1),
                Operator::CallIndirect { .. } | Operator::ReturnCallIndirect { .. } | Operator::TableGet { .. } => {
                    cost.table_reads += 1;
                }
                Operator::MemoryFill { .. }
                | Operator::MemoryCopy { .. }
                | Operator::MemoryInit { .. }
                | Operator::MemoryGrow { .. }
                | Operator::TableFill { .. }
                | Operator::TableCopy { .. }
                | Operator::TableInit { .. }
                | Operator::TableGrow { .. }
                | Operator::ArrayNew { .. }
                | Operator::ArrayNewDefault { .. }
                | Operator::ArrayNewData { .. }
                | Operator::ArrayNewElem { .. }
                | Operator::ArrayNewFixed { .. }
                | Operator::ArrayFill { .. }
                | Operator::ArrayCopy { .. }
                | Operator::ArrayInitData { .. }
                | Operator::ArrayInitElem { .. } => cost.bulk_operators += 1,
                _ => {}
            }
        }
        cost.deadline_gap = deadline_gap.longest();
        Ok(cost)
    }
}

fn within(what: &'static str, found: u64, limit: u64) -> Result<(), PolicyError> {
    if found > limit { Err(PolicyError::Budget { what, found, limit }) } else { Ok(()) }
}

fn not_a_component(error: wasmparser::BinaryReaderError) -> PolicyError {
    PolicyError::NotAComponent { reason: error.to_string() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn the_standard_policy_has_far_less_than_the_limits() {
        let (mut most, mut squares, mut adapters, mut lifts_and_lowers) = (0, 0, Adapters::default(), 0);
        for payload in Parser::new(0).parse_all(crate::STANDARD) {
            let payload = payload.unwrap();
            lifts_and_lowers = lifts_and_lowers.max(adapters.visit(&payload).unwrap());
            if let Payload::CodeSectionEntry(body) = payload {
                let bulk = FunctionCost::of(&body).unwrap().bulk_operators;
                most = most.max(bulk);
                squares += bulk * bulk;
            }
        }
        assert!(most <= MAX_BULK_OPERATORS / 20, "{most}");
        assert!(squares <= MAX_BULK_SQUARES / 1_000, "{squares}");
        assert!(lifts_and_lowers <= MAX_LIFTS_AND_LOWERS / 10, "{lifts_and_lowers}");
    }
}
