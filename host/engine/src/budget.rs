//! Limits on the code that is compiled, checked before the compiler starts, in one pass over the code.
//!
//! A compiler cannot be stopped, and some short programs keep it busy almost without end: the time to compile does not
//! depend on the size of the code alone. So everything that is known to make it grow faster than the code has its own
//! limit, a few times what the largest honest components have. A function written to compile slowly can still take up
//! to a minute; the limit of time ([`Limits::compile`](crate::Limits::compile)) stops that.

mod deadline_gap;

use wasmparser::{FunctionBody, Instance, Operator, Parser, Payload};

use self::deadline_gap::DeadlineGap;
use crate::policy::PolicyError;

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

/// Checks a component against these limits.
pub(crate) fn check(bytes: &[u8]) -> Result<(), PolicyError> {
    let mut functions = 0u64;
    let mut merges = 0u64;
    // The instances that each enclosing component makes, itself included, from the outermost in.
    let mut open = Vec::new();
    let mut instances = 1u64;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(not_a_component)? {
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
}

impl FunctionCost {
    fn of(body: &FunctionBody<'_>) -> wasmparser::Result<Self> {
        let mut locals = 0u64;
        for declared in body.get_locals_reader()? {
            locals += u64::from(declared?.0);
        }
        // The function itself is a block with an end.
        let mut cost = Self { locals, jumps: 1, loop_depth: 0, deadline_gap: 0 };
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
