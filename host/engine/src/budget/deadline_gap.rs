//! The work of a function after a call has returned to it.
//!
//! Compiled code looks at the deadline where a function begins and where it loops. A function that has called another
//! and works on, without a loop or a further call, is not looked at; and so many of them may be on the stack, each with
//! its work still to do, that a call could go on for half a minute after its deadline. So this work has a limit.

use wasmparser::Operator;

/// What some instructions cost that the compiled code leaves to the host, in instructions.
const HOST_CALL: u64 = 32;

/// A walk through the instructions of a function.
#[derive(Debug)]
pub(super) struct DeadlineGap {
    /// The most instructions on any way from the last call to here; none where a loop began since then, or where nothing
    /// comes by.
    now: Option<u64>,
    most: u64,
    blocks: Vec<Block>,
}

#[derive(Debug)]
struct Block {
    is_loop: bool,
    /// Where an `if` began that has no `else` yet.
    otherwise: Option<u64>,
    /// From the jumps to its end.
    end: Option<u64>,
}

impl DeadlineGap {
    pub(super) fn new() -> Self {
        Self { now: None, most: 0, blocks: vec![Block { is_loop: false, otherwise: None, end: None }] }
    }

    /// The most instructions after any call.
    pub(super) fn most(&self) -> u64 {
        self.most
    }

    pub(super) fn pass(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Block { .. } | Operator::TryTable { .. } => self.enter(false, None),
            Operator::Loop { .. } => {
                self.now = None;
                self.enter(true, None);
            }
            Operator::If { .. } => self.enter(false, self.now),
            Operator::Else => {
                if let Some(block) = self.blocks.last_mut() {
                    block.end = block.end.max(self.now);
                    self.now = block.otherwise.take();
                }
            }
            Operator::End => {
                if let Some(block) = self.blocks.pop() {
                    self.now = self.now.max(block.end).max(block.otherwise);
                }
            }
            Operator::Br { relative_depth } => {
                self.jump(*relative_depth);
                self.now = None;
            }
            Operator::BrIf { relative_depth } => self.jump(*relative_depth),
            Operator::BrTable { targets } => {
                // Targets that cannot be read are found when the component is compiled.
                targets.targets().flatten().chain([targets.default()]).for_each(|target| self.jump(target));
                self.now = None;
            }
            Operator::Return | Operator::Unreachable | Operator::ReturnCall { .. } => self.now = None,
            Operator::ReturnCallIndirect { .. } => self.now = None,
            Operator::Call { .. } | Operator::CallIndirect { .. } => self.now = Some(0),
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
        self.now = self.now.map(|before| before + instructions);
        self.most = self.most.max(self.now.unwrap_or_default());
    }

    /// Jumps out of so many blocks. A jump to a loop goes to its beginning, where the deadline is looked at.
    fn jump(&mut self, depth: u32) {
        let target = self.blocks.len().checked_sub(depth as usize + 1).and_then(|at| self.blocks.get_mut(at));
        if let Some(block) = target.filter(|block| !block.is_loop) {
            block.end = block.end.max(self.now);
        }
    }
}
