//! What must hold, and whether it does.

use crate::document::{Block, Section};
use crate::figure::{fine, whole};
use crate::input::Inputs;
use crate::section::decision::{self, DecisionRow, What};
use crate::section::engines::{self, EngineRow};
use crate::section::storm::STORM;
use crate::section::{start, threads};
use crate::table::{NOTHING, Table};

const SELECTION: &str = "Callsign, selection policy";
const EXTISM: &str = "Extism";

/// The engines that Callsign is to be ahead of where they have limits: the words for one decision and for batches, and its name.
const AHEAD_OF: [([&str; 2], &str); 4] = [
    (
        [
            "the call of a policy, faster than LuaJIT with a deadline, worst pool",
            "the call of a policy in a batch of 64, faster than LuaJIT with a deadline, worst pool",
        ],
        "LuaJIT (mlua)",
    ),
    (
        [
            "the call of a policy, faster than QuickJS with limits, worst pool",
            "the call of a policy in a batch of 64, faster than QuickJS with limits, worst pool",
        ],
        "QuickJS (rquickjs)",
    ),
    (
        [
            "the call of a policy, faster than Extism with a timeout, worst pool",
            "the call of a policy in a batch of 64, faster than Extism with a timeout, worst pool",
        ],
        EXTISM,
    ),
    (
        [
            "the call of a policy, faster than Rhai with an operation limit, worst pool",
            "the call of a policy in a batch of 64, faster than Rhai with an operation limit, worst pool",
        ],
        "Rhai",
    ),
];

/// A figure and its bound.
struct Target {
    words: &'static str,
    bound: Bound,
    unit: &'static str,
    /// None where it was not measured.
    figure: Option<f64>,
}

#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    Below(f64),
    AtLeast(f64),
}

impl Bound {
    fn holds(self, figure: f64) -> bool {
        match self {
            Self::AtMost(bound) => figure <= bound,
            Self::Below(bound) => figure < bound,
            Self::AtLeast(bound) => figure >= bound,
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtMost(bound) => format!("at most {}", short(bound)),
            Self::Below(bound) => format!("below {}", short(bound)),
            Self::AtLeast(bound) => format!("at least {}", short(bound)),
        }
    }
}

fn short(bound: f64) -> String {
    if bound.fract() == 0.0 { whole(bound) } else { bound.to_string() }
}

impl Target {
    fn verdict(&self) -> &'static str {
        match self.figure {
            Some(figure) if self.bound.holds(figure) => "held",
            Some(_) => "missed",
            None => "not measured",
        }
    }
}

pub(crate) fn section(inputs: &Inputs) -> Section {
    let mut table = Table::new(1, ["what", "target", "measured", ""]);
    for target in targets(inputs) {
        let unit = |text: String| format!("{text}{}", target.unit);
        let measured = target.figure.map_or(NOTHING.into(), |figure| unit(fine(figure)));
        table.row([target.words.into(), unit(target.bound.words()), measured, target.verdict().to_owned()]);
    }
    let mut blocks = vec![Block::Table(table)];
    blocks.extend(inputs.notes.clone().map(Block::Markdown));
    Section { title: "What must hold", blocks }
}

/// How many are held, in a sentence.
pub(crate) fn summary(inputs: &Inputs) -> String {
    let verdicts: Vec<_> = targets(inputs).iter().map(Target::verdict).collect();
    let count = |wanted| verdicts.iter().filter(|&&verdict| verdict == wanted).count();
    format!("{} held, {} missed, {} not measured", count("held"), count("missed"), count("not measured"))
}

fn targets(inputs: &Inputs) -> Vec<Target> {
    let times = " times";
    let decision = inputs.decision.as_deref().unwrap_or_default();
    let policy = inputs.policy.as_deref().unwrap_or_default();
    let peers = inputs.peers.as_deref().unwrap_or_default();
    let threads = inputs.threads.as_deref().unwrap_or_default();
    let change = inputs.change.as_ref();
    let storm = inputs.storm.as_deref().unwrap_or_default();
    let start = inputs.start.as_deref().unwrap_or_default();
    let target = |words, bound, unit, figure| Target { words, bound, unit, figure };
    let ahead = AHEAD_OF.into_iter().flat_map(|(words, engine)| {
        [("single", words[0]), ("batch64", words[1])]
            .map(|(form, words)| target(words, Bound::AtLeast(1.0), times, faster_than(policy, peers, engine, form)))
    });
    let rest = vec![
        target(
            "a decision in a batch of 64, against native, worst pool, sticky too",
            Bound::AtMost(1.3),
            times,
            against_native(decision, What::Batch64),
        ),
        target(
            "a decision in a batch of 256, against native, worst pool, sticky too",
            Bound::AtMost(1.2),
            times,
            against_native(decision, What::Batch256),
        ),
        target(
            "a decision alone, against native, worst pool, sticky too",
            Bound::AtMost(2.0),
            times,
            against_native(decision, What::Single),
        ),
        target("a decision in a fresh instance, worst pool", Bound::AtMost(8_000.0), " ns", fresh(decision)),
        target(
            "the same against the fastest warm call of Extism indexed",
            Bound::Below(1.0),
            times,
            ratio(fresh(decision), fastest_extism(peers)),
        ),
        target(
            "100,000 senders against 10: what a decision grows by, against what native code does",
            Bound::AtMost(1.1),
            times,
            ratio(growth(decision, What::Single), growth(decision, What::Native)),
        ),
        target(
            "a large platform against a small one: the same",
            Bound::AtMost(1.1),
            times,
            change.map(|change| change.gateway.times() / change.native.times()),
        ),
        target(
            "a change of a sender, an entity or an application, removing it too: median, slowest kind",
            Bound::Below(1.0),
            " ms",
            worst(change.into_iter().flat_map(|change| &change.rows).map(|row| row.median_ms)),
        ),
        target(
            "recording a decision among 1,000 senders",
            Bound::AtMost(100.0),
            " ns",
            more(decision, What::Recorded, What::Single),
        ),
        target(
            "recording one of a batch of 64 of them",
            Bound::AtMost(50.0),
            " ns",
            more(decision, What::Recorded64, What::Batch64),
        ),
        target("loading the large platform", Bound::Below(5.0), " s", change.map(|change| change.load_seconds)),
        target("memory a sender", Bound::Below(400.0), " bytes", change.map(|change| change.bytes_a_sender)),
        target(
            "two threads, against one",
            Bound::AtLeast(1.95),
            times,
            ratio(
                threads::per_second(threads, threads::AS_IT_IS, 2),
                threads::per_second(threads, threads::AS_IT_IS, 1),
            ),
        ),
        target(
            "p99.9 in the storm, against its median",
            Bound::Below(20.0),
            times,
            worst(
                storm
                    .iter()
                    .filter(|row| row.kind.starts_with(STORM))
                    .filter_map(|row| ratio(row.at(99.9), row.at(50.0))),
            ),
        ),
        target(
            "lines of a file",
            Bound::AtLeast(1_200_000.0),
            " a second",
            inputs.lines.as_ref().map(|row| row.per_second),
        ),
        target("an explanation, compiled code cached", Bound::Below(60.0), " ms", start::slowest(start, "cached")),
        target("the first explanation ever", Bound::Below(400.0), " ms", start::slowest(start, "first")),
    ];
    rest.into_iter().chain(ahead).collect()
}

fn worst(figures: impl Iterator<Item = f64>) -> Option<f64> {
    figures.max_by(f64::total_cmp)
}

fn ratio(of: Option<f64>, to: Option<f64>) -> Option<f64> {
    Some(of? / to?)
}

/// Decisions that are not sticky.
fn at(rows: &[DecisionRow], what: What, senders: u32) -> Option<f64> {
    decision::nanoseconds(rows, what, false, senders)
}

fn against_native(rows: &[DecisionRow], what: What) -> Option<f64> {
    let times = |sticky: bool, pool: u32| {
        let at = |what: What| decision::nanoseconds(rows, what, sticky, pool);
        ratio(at(what), at(What::Native))
    };
    let pools = decision::pools(rows);
    worst([false, true].iter().flat_map(|&sticky| pools.iter().filter_map(move |&pool| times(sticky, pool))))
}

/// How many times as long a decision takes among 100,000 senders as among 10.
fn growth(rows: &[DecisionRow], what: What) -> Option<f64> {
    ratio(at(rows, what, 100_000), at(rows, what, 10))
}

/// By how many nanoseconds a decision among 1,000 senders takes longer in one way than in another.
fn more(rows: &[DecisionRow], what: What, than: What) -> Option<f64> {
    Some(at(rows, what, 1_000)? - at(rows, than, 1_000)?)
}

fn fresh(rows: &[DecisionRow]) -> Option<f64> {
    worst(decision::pools(rows).into_iter().filter_map(|pool| at(rows, What::Fresh, pool)))
}

/// How many times another engine with limits takes as long, as well prepared as it can be.
fn faster_than(policy: &[EngineRow], peers: &[EngineRow], engine: &str, form: &str) -> Option<f64> {
    let other = |pool| engines::nanoseconds(peers, engine, "indexed", pool);
    let own = |pool| engines::nanoseconds(policy, SELECTION, form, pool);
    let pools = engines::pools(policy).into_iter();
    pools.filter_map(|pool| ratio(other(pool), own(pool))).min_by(f64::total_cmp)
}

fn fastest_extism(peers: &[EngineRow]) -> Option<f64> {
    let indexed = peers.iter().filter(|row| row.engine == EXTISM && row.form == "indexed");
    indexed.map(|row| row.nanoseconds).min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn row(inputs: &Inputs, words: &str) -> Vec<String> {
        let section = section(inputs);
        let Block::Table(table) = &section.blocks[0] else { panic!("no table") };
        let row = table.rows.iter().find(|row| row[0] == words);
        row.unwrap_or_else(|| panic!("no {words:?} among {:?}", table.rows))[1..].to_vec()
    }

    #[test]
    fn the_worst_pool_decides() {
        let inputs = sample::inputs();
        let words = "a decision in a batch of 64, against native, worst pool, sticky too";
        assert_eq!(row(&inputs, words), ["at most 1.3 times", "1.40 times", "missed"]);
        let words = "a decision in a batch of 256, against native, worst pool, sticky too";
        assert_eq!(row(&inputs, words), ["at most 1.2 times", "1.15 times", "held"]);
        // Of the sticky ones, as the others are quicker.
        let words = "a decision alone, against native, worst pool, sticky too";
        assert_eq!(row(&inputs, words), ["at most 2 times", "2.50 times", "missed"]);
        let words = "the call of a policy in a batch of 64, faster than LuaJIT with a deadline, worst pool";
        assert_eq!(row(&inputs, words), ["at least 1 times", "11.6 times", "held"]);
        let words = "the call of a policy, faster than Rhai with an operation limit, worst pool";
        assert_eq!(row(&inputs, words), ["at least 1 times", NOTHING, "not measured"]);
    }

    #[test]
    fn fresh_is_held_against_its_bound_and_against_extism() {
        let inputs = sample::inputs();
        assert_eq!(
            row(&inputs, "a decision in a fresh instance, worst pool"),
            ["at most 8,000 ns", "7,000 ns", "held"]
        );
        let words = "the same against the fastest warm call of Extism indexed";
        assert_eq!(row(&inputs, words), ["below 1 times", "0.78 times", "held"]);
    }

    #[test]
    fn the_other_figures_come_from_their_benches() {
        let inputs = sample::inputs();
        for (words, measured, verdict) in [
            (
                "100,000 senders against 10: what a decision grows by, against what native code does",
                "0.96 times",
                "held",
            ),
            ("a large platform against a small one: the same", "1.20 times", "missed"),
            (
                "a change of a sender, an entity or an application, removing it too: median, slowest kind",
                "2.00 ms",
                "missed",
            ),
            ("recording a decision among 1,000 senders", "90.0 ns", "held"),
            ("loading the large platform", "4.20 s", "held"),
            ("memory a sender", "350 bytes", "held"),
            ("two threads, against one", "1.95 times", "held"),
            ("p99.9 in the storm, against its median", "10.0 times", "held"),
            ("lines of a file", "850,000 a second", "missed"),
            ("an explanation, compiled code cached", "41.0 ms", "held"),
            ("the first explanation ever", "380 ms", "held"),
        ] {
            assert_eq!(row(&inputs, words)[1..], [measured, verdict], "{words}");
        }
        assert_eq!(summary(&inputs), "15 held, 5 missed, 5 not measured");
    }

    #[test]
    fn what_has_no_input_is_not_measured() {
        let inputs = Inputs::default();
        assert_eq!(row(&inputs, "two threads, against one"), ["at least 1.95 times", NOTHING, "not measured"]);
        assert_eq!(summary(&inputs), "0 held, 0 missed, 25 not measured");
    }
}
