//! Work that waits, with turns between applications: each takes one piece and goes to the end of the line.

use std::collections::VecDeque;

use hashbrown::HashMap;

/// An application, as the hash of its name.
pub(crate) type Tenant = u64;

/// Work that waits, by application.
#[derive(Debug)]
pub(super) struct FairQueue<W> {
    tenants: HashMap<Tenant, Line<W>>,
    /// The applications that have work waiting, each once, in the order of their turns.
    turns: VecDeque<Tenant>,
}

#[derive(Debug)]
struct Line<W> {
    work: VecDeque<(usize, W)>,
    /// The messages of all work that waits.
    messages: usize,
    /// The pieces of work that were taken and are not done.
    running: usize,
}

impl<W> FairQueue<W> {
    pub(super) fn new() -> Self {
        Self { tenants: HashMap::new(), turns: VecDeque::new() }
    }

    /// Adds work for a number of messages, unless more than `most` of the application would wait. A single piece of work
    /// always fits.
    pub(super) fn push(&mut self, tenant: Tenant, messages: usize, work: W, most: usize) -> Result<(), W> {
        let line =
            self.tenants.entry(tenant).or_insert_with(|| Line { work: VecDeque::new(), messages: 0, running: 0 });
        if !line.work.is_empty() && line.messages + messages > most {
            return Err(work);
        }
        if line.work.is_empty() {
            self.turns.push_back(tenant);
        }
        line.messages += messages;
        line.work.push_back((messages, work));
        Ok(())
    }

    /// Takes the work whose turn it is, of an application that has fewer than `most_running` pieces under way. The caller
    /// reports its end with [`FairQueue::done`].
    pub(super) fn take(&mut self, most_running: usize) -> Option<(Tenant, W)> {
        for _ in 0..self.turns.len() {
            let tenant = self.turns.pop_front()?;
            let Some(line) = self.tenants.get_mut(&tenant) else { continue };
            if line.running >= most_running {
                self.turns.push_back(tenant);
                continue;
            }
            let Some((messages, work)) = line.work.pop_front() else { continue };
            line.messages -= messages;
            line.running += 1;
            if !line.work.is_empty() {
                self.turns.push_back(tenant);
            }
            return Some((tenant, work));
        }
        None
    }

    /// Reports that a piece of work is done.
    pub(super) fn done(&mut self, tenant: Tenant) {
        if let Some(line) = self.tenants.get_mut(&tenant) {
            line.running = line.running.saturating_sub(1);
            if line.running == 0 && line.work.is_empty() {
                self.tenants.remove(&tenant);
            }
        }
    }

    /// How many messages of an application wait.
    pub(super) fn waiting(&self, tenant: Tenant) -> usize {
        self.tenants.get(&tenant).map_or(0, |line| line.messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(work: &[(Tenant, &'static str)]) -> FairQueue<&'static str> {
        let mut queue = FairQueue::new();
        for &(tenant, work) in work {
            queue.push(tenant, 1, work, usize::MAX).expect("no limit");
        }
        queue
    }

    #[test]
    fn applications_take_turns_however_much_one_has_waiting() {
        let mut queue = queue(&[(1, "a"), (1, "b"), (1, "c"), (2, "x"), (3, "y"), (2, "z")]);
        let taken: Vec<&str> = std::iter::from_fn(|| Some(queue.take(usize::MAX)?.1)).collect();
        assert_eq!(taken, ["a", "x", "y", "b", "z", "c"]);
    }

    #[test]
    fn an_application_has_only_so_many_pieces_under_way_and_the_others_go_on() {
        let mut queue = queue(&[(1, "a"), (1, "b"), (2, "x")]);
        assert_eq!(queue.take(1), Some((1, "a")));
        assert_eq!(queue.take(1), Some((2, "x")));
        assert_eq!(queue.take(1), None);
        queue.done(1);
        assert_eq!(queue.take(1), Some((1, "b")));
    }

    #[test]
    fn above_the_limit_work_is_refused_for_that_application_alone() {
        let mut queue = FairQueue::new();
        assert_eq!(queue.push(1, 500, "large", 100), Ok(()), "one piece always fits");
        assert_eq!(queue.push(1, 1, "more", 100), Err("more"));
        assert_eq!(queue.push(2, 100, "other", 100), Ok(()));
        assert_eq!((queue.waiting(1), queue.waiting(2), queue.waiting(3)), (500, 100, 0));
        assert_eq!(queue.take(1), Some((1, "large")));
        assert_eq!(queue.push(1, 100, "later", 100), Ok(()), "what is under way does not wait");
        assert_eq!(queue.waiting(1), 100);
    }

    #[test]
    fn an_application_without_work_leaves_nothing() {
        let mut queue = queue(&[(1, "a"), (2, "x")]);
        while let Some((tenant, _)) = queue.take(1) {
            queue.done(tenant);
        }
        assert!(queue.tenants.is_empty() && queue.turns.is_empty());
    }
}
