//! What an engine holds to, whatever its script does: without it, two times cannot be compared.

use serde::Serialize;

/// What is promised, each in words that begin with `yes`, `no` or `in part`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Promises {
    /// Whether a decision ends in time.
    pub deadline: &'static str,
    /// Whether all memory of the script has a bound.
    pub memory: &'static str,
    /// Whether the script can do nothing to the host.
    pub isolation: &'static str,
    /// Whether somebody looks at an answer before it is used.
    pub answers: &'static str,
}

impl Promises {
    /// Those of code in the host's own process.
    pub(crate) const NONE: Self = Self { deadline: "no", memory: "no", isolation: "no", answers: "no" };
}

/// A script that does harm. An engine that promises something has to stop it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attack {
    /// It never ends.
    Endless,
    /// It never ends, and catches what stops it.
    EndlessAndCatches,
    /// It takes memory without end.
    Memory,
}

/// How much memory a script may have where it is bounded: 64 MiB.
#[cfg(any(feature = "luajit", feature = "quickjs", feature = "extism"))]
pub(crate) const MEMORY: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ENGINES;

    fn stopped(attack: Attack, promised: impl Fn(&Promises) -> bool) {
        for engine in ENGINES.iter().filter(|engine| promised(&engine.promises)) {
            let Some(run) = engine.attack else { panic!("{} is not attacked", engine.id) };
            let why = format!("{:#}", run(attack, &crate::plugin()).expect_err(engine.id));
            let says = words(engine.id, attack);
            assert!(says.iter().any(|says| why.contains(says)), "{}: {attack:?}: {why:?}, not {says:?}", engine.id);
        }
    }

    /// What an engine says as it stops an attack: anything else is a fault of the script. QuickJS throws `null` where it has no memory for
    /// an error.
    fn words(engine: &str, attack: Attack) -> &'static [&'static str] {
        match (engine, attack) {
            ("luajit-limited", Attack::Memory) => &["not enough memory"],
            ("luajit-limited", _) => &["the deadline has passed"],
            ("quickjs-limited", Attack::Memory) => &["out of memory", "Null"],
            ("quickjs-limited", _) => &["interrupted"],
            ("extism-limited", Attack::Memory) => &["oom"],
            ("extism-limited", _) => &["timeout"],
            _ => panic!("{engine} promises what nothing tests"),
        }
    }

    fn is_kept(promise: &str) -> bool {
        promise.starts_with("yes")
    }

    #[test]
    fn where_the_deadline_is_kept_an_endless_loop_ends() {
        stopped(Attack::Endless, |promises| is_kept(promises.deadline));
    }

    #[test]
    fn where_the_deadline_is_kept_a_script_cannot_catch_its_end() {
        stopped(Attack::EndlessAndCatches, |promises| is_kept(promises.deadline));
    }

    #[test]
    fn where_memory_is_bounded_it_ends() {
        stopped(Attack::Memory, |promises| is_kept(promises.memory));
    }

    #[test]
    fn what_is_promised_is_said_with_yes_no_or_in_part() {
        for engine in ENGINES {
            let Promises { deadline, memory, isolation, answers } = engine.promises;
            for words in [deadline, memory, isolation, answers] {
                assert!(
                    ["yes", "no", "in part"].iter().any(|begin| words.starts_with(begin)),
                    "{}: {words}",
                    engine.id
                );
            }
        }
    }
}
