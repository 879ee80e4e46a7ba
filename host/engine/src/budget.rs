//! What the compiler is given: counted before it starts, in one pass over the code.
//!
//! A compiler cannot be stopped half-way, and some short programs make it work without end: its cost is not the size of
//! the code alone. So each way in which it is known to grow faster than the code has a limit of its own, a few times
//! what the largest honest guests have. What is left for a function made to be slow is up to a minute, which the limit
//! of time ([`Limits::compile`](super::Limits::compile)) is for.

mod deadline_gap;

use wasmparser::{FunctionBody, Instance, Operator, Parser, Payload};

use self::deadline_gap::DeadlineGap;
use super::policy::PolicyError;

/// Functions of a component, over all its modules. CPython as a component, the largest guest that is known to work, has
/// about 17,000.
pub(crate) const FUNCTIONS: u64 = 60_000;

/// The code of one function, in bytes. CPython has one of 427,000.
pub(crate) const FUNCTION_BYTES: u64 = 640 << 10;

/// Jumps of one function, ends of blocks included. CPython has up to 16,300.
pub(crate) const JUMPS: u64 = 20_000;

/// Loops inside loops. CPython has 10.
pub(crate) const LOOP_DEPTH: u64 = 32;

/// Instructions of one function after a call, without a loop or another call: what may be left to do, for each function
/// on the stack, when the deadline has passed. With a full stack of the dearest ones that is about half a second, so this
/// limit is near what CPython has, 5,400, and not a few times as much.
pub(crate) const RETURNING: u64 = 6_000;

/// Locals times jumps of one function, the square of the depth of its loops added to the jumps. Where paths meet the
/// compiler may have to merge every local, with a value from every jump, and in nested loops again for each: 4 KiB of
/// 500 loops inside each other over 500 locals keep it busy for more than a minute. CPython's main loop has 203,000.
pub(crate) const FUNCTION_MERGES: u64 = 500_000;

/// The same over all functions, where a local that is never used counts too: it is declared anew in each. CPython has
/// 5,100,000.
pub(crate) const MERGES: u64 = 10_000_000;

/// Instances that a component makes of the modules and components inside it, were each component inside instantiated as
/// often as could be. One can double the last, a few bytes each time; usual tools give fewer than 20.
pub(crate) const INSTANCES: u64 = 100_000;

/// Checks what would be compiled.
pub(crate) fn check(bytes: &[u8]) -> Result<(), PolicyError> {
    let mut functions = 0u64;
    let mut merges = 0u64;
    // The instances that each component around the place of reading makes; one for each on the way in.
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
                // A component may instantiate those before it, wherever they are, that often: so the counts multiply.
                instances = instances.saturating_mul(open.pop().unwrap_or(1));
                within("instances of modules and components inside", instances, INSTANCES)?;
            }
            Payload::CodeSectionEntry(body) => {
                functions += 1;
                within("functions", functions, FUNCTIONS)?;
                within("bytes in one function", body.range().len() as u64, FUNCTION_BYTES)?;
                let shape = Shape::of(&body).map_err(not_a_component)?;
                within("jumps in one function", shape.jumps, JUMPS)?;
                within("instructions after a call without a loop or another call", shape.returning, RETURNING)?;
                within("loops inside each other", shape.loop_depth, LOOP_DEPTH)?;
                let own = shape.locals.saturating_mul(shape.jumps + shape.loop_depth.pow(2));
                within("locals times jumps in one function", own, FUNCTION_MERGES)?;
                merges = merges.saturating_add(own);
                within("locals times jumps in all functions", merges, MERGES)?;
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

/// What the cost of compiling a function depends on.
struct Shape {
    /// With the parameters.
    locals: u64,
    /// Every branch to somewhere, and every end of a block.
    jumps: u64,
    loop_depth: u64,
    /// The most instructions after a call.
    returning: u64,
}

impl Shape {
    fn of(body: &FunctionBody<'_>) -> wasmparser::Result<Self> {
        let mut locals = 0u64;
        for declared in body.get_locals_reader()? {
            locals += u64::from(declared?.0);
        }
        // The function itself is a block, which ends.
        let mut shape = Self { locals, jumps: 1, loop_depth: 0, returning: 0 };
        let mut returning = DeadlineGap::new();
        let (mut is_loop, mut loops) = (vec![false], 0);
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            returning.pass(&operator);
            match operator {
                Operator::Loop { .. } => {
                    shape.jumps += 1;
                    is_loop.push(true);
                    loops += 1;
                    shape.loop_depth = shape.loop_depth.max(loops);
                }
                Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                    shape.jumps += 1;
                    is_loop.push(false);
                }
                Operator::End => loops -= u64::from(is_loop.pop().unwrap_or(false)),
                Operator::Br { .. } | Operator::BrIf { .. } | Operator::Return => shape.jumps += 1,
                Operator::BrTable { targets } => shape.jumps += u64::from(targets.len()) + 1,
                // Parameters are locals that are not declared in the body.
                Operator::LocalGet { local_index: index }
                | Operator::LocalSet { local_index: index }
                | Operator::LocalTee { local_index: index } => shape.locals = shape.locals.max(u64::from(index) + 1),
                _ => {}
            }
        }
        shape.returning = returning.most();
        Ok(shape)
    }
}

fn within(what: &'static str, found: u64, limit: u64) -> Result<(), PolicyError> {
    if found > limit { Err(PolicyError::Budget { what, found, limit }) } else { Ok(()) }
}

fn not_a_component(error: wasmparser::BinaryReaderError) -> PolicyError {
    PolicyError::NotAComponent { reason: error.to_string() }
}
