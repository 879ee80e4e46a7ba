//! What rules say about the senders of a scope.

use std::borrow::Cow;

use callsign_policy::senders::Candidate;

use super::SenderFacts;
use super::columns::Columns;

/// Which senders may carry messages, and which of them come first: what [`Rules::select`](super::Rules::select) says.
///
/// Reasons are for explanations: `excluded by the policy: not of campaign C1`. `{name}` in a reason stands for the
/// message's attribute of that name.
#[derive(Default)]
pub struct Selection<'a> {
    filters: Vec<Filter<'a>>,
    preferences: Vec<Preference<'a>>,
}

struct Filter<'a> {
    reason: Cow<'static, str>,
    keep: Box<Test<'a>>,
}

struct Preference<'a> {
    reason: Cow<'static, str>,
    order: Order<'a>,
}

type Test<'a> = dyn Fn(&SenderFacts<'_>) -> bool + 'a;

type Number<'a> = dyn Fn(&SenderFacts<'_>) -> Option<f64> + 'a;

enum Order<'a> {
    /// Those for which it holds.
    That(Box<Test<'a>>),
    /// Those with the least number.
    Least(Box<Number<'a>>),
}

/// A sender that comes after others, with the index of the preference.
pub(crate) type LessPreferred = (Candidate, usize);

impl core::fmt::Debug for Selection<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.reasons()).finish()
    }
}

impl<'a> Selection<'a> {
    /// Only senders for which `keep` holds may carry messages, default senders too. `reason` says what is wrong with the
    /// others: `not of campaign {campaign}`.
    pub fn only(
        &mut self,
        reason: impl Into<Cow<'static, str>>,
        keep: impl Fn(&SenderFacts<'_>) -> bool + 'a,
    ) -> &mut Self {
        self.filters.push(Filter { reason: reason.into(), keep: Box::new(keep) });
        self
    }

    /// Senders for which `first` holds come before all others: where there is one, only such senders go on to steps 6
    /// (type priority), 7 (geolocated) and 8 (spread). Pins are not asked: a recipient that is pinned to another
    /// candidate stays there. Of several preferences the first counts most.
    pub fn prefer(
        &mut self,
        reason: impl Into<Cow<'static, str>>,
        first: impl Fn(&SenderFacts<'_>) -> bool + 'a,
    ) -> &mut Self {
        self.preferences.push(Preference { reason: reason.into(), order: Order::That(Box::new(first)) });
        self
    }

    /// Senders with the least number come before all others, as with [`prefer`](Self::prefer); those without a number come
    /// last.
    pub fn prefer_least(
        &mut self,
        reason: impl Into<Cow<'static, str>>,
        number: impl Fn(&SenderFacts<'_>) -> Option<f64> + 'a,
    ) -> &mut Self {
        self.preferences.push(Preference { reason: reason.into(), order: Order::Least(Box::new(number)) });
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.filters.is_empty() && self.preferences.is_empty()
    }

    pub(crate) fn has_filters(&self) -> bool {
        !self.filters.is_empty()
    }

    pub(crate) fn has_preferences(&self) -> bool {
        !self.preferences.is_empty()
    }

    /// The reasons of the filters, then those of the preferences.
    pub(crate) fn reasons(&self) -> impl Iterator<Item = &str> {
        let preferences = self.preferences.iter().map(|preference| &*preference.reason);
        self.filters.iter().map(|filter| &*filter.reason).chain(preferences)
    }

    /// Whether a sender may carry messages.
    pub(crate) fn keeps(&self, sender: &SenderFacts<'_>) -> bool {
        self.excluded_by(sender).is_none()
    }

    /// The first filter that leaves a sender out, as an index into the reasons.
    pub(crate) fn excluded_by(&self, sender: &SenderFacts<'_>) -> Option<usize> {
        self.filters.iter().position(|filter| !(filter.keep)(sender))
    }

    /// Divides senders into the preferred and the others, each with an index into the reasons.
    pub(crate) fn divide(
        &self,
        mut left: Vec<(usize, Candidate)>,
        columns: &Columns<'_>,
    ) -> (Vec<(usize, Candidate)>, Vec<LessPreferred>) {
        let mut others = Vec::new();
        for (reason, preference) in (self.filters.len()..).zip(&self.preferences) {
            let facts = |&(index, candidate): &(usize, Candidate)| columns.facts(index, candidate);
            let first: Vec<bool> = match &preference.order {
                Order::That(first) => left.iter().map(|sender| first(&facts(sender))).collect(),
                Order::Least(number) => {
                    let number = |sender| number(&facts(sender)).filter(|number| !number.is_nan());
                    let numbers: Vec<Option<f64>> = left.iter().map(number).collect();
                    let least = numbers.iter().flatten().copied().min_by(f64::total_cmp);
                    numbers.into_iter().map(|number| least.is_some() && number == least).collect()
                }
            };
            if !first.contains(&true) {
                continue;
            }
            let mut first = first.into_iter();
            left.retain(|&(_, candidate)| {
                let first = first.next().unwrap_or(false);
                if !first {
                    others.push((candidate, reason));
                }
                first
            });
        }
        (left, others)
    }
}
