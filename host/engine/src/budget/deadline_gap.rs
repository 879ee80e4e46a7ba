//! The instructions that a function runs between two checks of the deadline.
//!
//! Compiled code checks the deadline where a function begins and in loops. It does not check it after a call has
//! returned. The stack has room for so many functions, each with code after its call, that without a limit on that code
//! a call could run for half a minute after its deadline.

use wasmparser::Operator;

/// The cost of an instruction for which compiled code calls the host, in instructions.
const HOST_CALL: u64 = 32;

/// Counts the instructions of a function after its calls. It visits them in their order.
#[derive(Debug)]
pub(super) struct DeadlineGap {
    /// The most instructions on any path from the last call to here; `None` if there was no call, if a loop began after
    /// it, or if this code is never reached.
    since_call: Option<u64>,
    longest: u64,
    blocks: Vec<Block>,
}

#[derive(Debug)]
struct Block {
    is_loop: bool,
    /// [`DeadlineGap::since_call`] where an `if` began that has no `else` yet.
    otherwise: Option<u64>,
    /// The highest [`DeadlineGap::since_call`] of the jumps to the block's end.
    end: Option<u64>,
}

impl DeadlineGap {
    pub(super) fn new() -> Self {
        Self { since_call: None, longest: 0, blocks: vec![Block { is_loop: false, otherwise: None, end: None }] }
    }

    /// The most instructions after any call.
    pub(super) fn longest(&self) -> u64 {
        self.longest
    }

    pub(super) fn visit(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Block { .. } | Operator::TryTable { .. } => self.enter(false, None),
            Operator::Loop { .. } => {
                self.since_call = None;
                self.enter(true, None);
            }
            Operator::If { .. } => self.enter(false, self.since_call),
            Operator::Else => {
                if let Some(block) = self.blocks.last_mut() {
                    block.end = block.end.max(self.since_call);
                    self.since_call = block.otherwise.take();
                }
            }
            Operator::End => {
                if let Some(block) = self.blocks.pop() {
                    self.since_call = self.since_call.max(block.end).max(block.otherwise);
                }
            }
            Operator::Br { relative_depth } => {
                self.jump(*relative_depth);
                self.since_call = None;
            }
            Operator::BrIf { relative_depth } => self.jump(*relative_depth),
            Operator::BrTable { targets } => {
                // The compiler reports targets that cannot be read.
                targets.targets().flatten().chain([targets.default()]).for_each(|target| self.jump(target));
                self.since_call = None;
            }
            Operator::Return | Operator::Unreachable | Operator::ReturnCall { .. } => self.since_call = None,
            Operator::ReturnCallIndirect { .. } => self.since_call = None,
            Operator::Call { .. } | Operator::CallIndirect { .. } => self.since_call = Some(0),
            Operator::MemoryGrow { .. } | Operator::TableGrow { .. } | Operator::TableGet { .. } => {
                self.work(HOST_CALL)
            }
            Operator::RefFunc { .. } | Operator::TableSet { .. } => self.work(HOST_CALL),
            Operator::DataDrop { .. } | Operator::ElemDrop { .. } => self.work(HOST_CALL),
            _ => self.work(1),
        }
    }

    fn enter(&mut self, is_loop: bool, otherwise: Option<u64>) {
        self.blocks.push(Block { is_loop, otherwise, end: None });
    }

    fn work(&mut self, instructions: u64) {
        self.since_call = self.since_call.map(|before| before + instructions);
        self.longest = self.longest.max(self.since_call.unwrap_or_default());
    }

    /// Jumps out of `depth` blocks. A jump to a loop goes to its beginning, where the deadline is checked.
    fn jump(&mut self, depth: u32) {
        let target = self.blocks.len().checked_sub(depth as usize + 1).and_then(|at| self.blocks.get_mut(at));
        if let Some(block) = target.filter(|block| !block.is_loop) {
            block.end = block.end.max(self.since_call);
        }
    }
}
