//! Steps 5 to 9: sticky, type priority, geolocated, spread, pin.

use callsign_policy::reads::Reads;
use callsign_policy::senders::{Group, Near, SenderTypes};
use callsign_policy::sticky::Pin;
use callsign_policy::types::{Answer, AreaCode, Country, Decision, Refusal, Sender};
use callsign_policy::words::{marks, near, reason, sender_type, step};

use crate::candidates::{Candidates, HostPool, OwnPool};
use crate::plan::{Ask, Healthy, Plan, PoolAccess, Rule, SendFrom, Variant};
use crate::rules::{Left, MessageView, Rules};

/// Follows a decision. By default the methods do nothing.
pub trait Observer {
    /// Step 5: the pin that was found.
    fn pin(&mut self, _pin: Pin) {}
    /// Step 6: the candidates that are left.
    fn best_types(&mut self, _group: Group) {}
    /// Step 7: the candidates that are left.
    fn nearest(&mut self, _group: Group) {}
    /// Step 8: the policy made a choice of its own, for this reason.
    fn chosen(&mut self, _reason: &'static str) {}
}

/// Observes nothing.
impl Observer for () {}

/// Answers a request under its plan.
#[inline(always)]
pub fn decide<R: Reads, L: Rules>(plan: &mut Plan, ask: &Ask<'_, R, L>, observer: &mut impl Observer) -> Answer {
    let Plan { rule, changes } = plan;
    match rule {
        Ok(rule) if ask.request.marks == 0 => rule.decide(ask, None, changes, observer),
        Ok(rule) => rule.decide_marked(ask, changes, observer),
        Err(refusal) => Answer::Refused(*refusal),
    }
}

impl Rule {
    /// The decision on a message of which something is unusual.
    #[cold]
    fn decide_marked<R: Reads, L: Rules>(
        &mut self,
        ask: &Ask<'_, R, L>,
        changes: &mut u32,
        observer: &mut impl Observer,
    ) -> Answer {
        let itself = match ask.request.marks & marks::ITSELF {
            0 => Vec::new(),
            _ => ask.reads.itself(ask.request.message),
        };
        if itself.iter().any(|&sender| self.is_candidate(sender, ask.reads)) {
            // A rule for this message alone.
            let variant = Variant { without: &itself, ..Variant::default() };
            return Self::new(ask, self.strategy, variant).decide_healthy(ask, &itself, &mut 0, observer);
        }
        self.decide_healthy(ask, &itself, changes, observer)
    }

    /// Step 4, `skipUnhealthySenders`: those that are not unhealthy go on; all, where every one is.
    fn decide_healthy<R: Reads, L: Rules>(
        &mut self,
        ask: &Ask<'_, R, L>,
        itself: &[Sender],
        changes: &mut u32,
        observer: &mut impl Observer,
    ) -> Answer {
        let skip = self.strategy.skip_unhealthy && ask.request.marks & marks::UNHEALTHY != 0 && self.has_candidates();
        let health = if skip { ask.reads.health_of(self.pool) } else { 0 };
        if health != 0 {
            let known = self.healthy.take().filter(|healthy| healthy.health == health);
            let mut healthy = known.unwrap_or_else(|| {
                *changes = changes.wrapping_add(1);
                let variant = Variant { healthy: true, without: itself };
                Box::new(Healthy { health, rule: Self::new(ask, self.strategy, variant) })
            });
            let answer =
                healthy.rule.has_candidates().then(|| healthy.rule.decide_apart(ask, Some(self), changes, observer));
            self.healthy = Some(healthy);
            if let Some(answer) = answer {
                return answer;
            }
        }
        if !self.has_candidates() {
            return self.default_sender(ask, itself);
        }
        self.decide_apart(ask, None, changes, observer)
    }

    /// [`Rule::decide`], out of the way of messages of which nothing is unusual.
    #[inline(never)]
    fn decide_apart<R: Reads, L: Rules>(
        &mut self,
        ask: &Ask<'_, R, L>,
        all: Option<&Self>,
        changes: &mut u32,
        observer: &mut impl Observer,
    ) -> Answer {
        self.decide(ask, all, changes, observer)
    }

    /// Steps 5 to 9. `all` are the candidates of which the rule has the healthy ones.
    #[inline(always)]
    fn decide<R: Reads, L: Rules>(
        &mut self,
        ask: &Ask<'_, R, L>,
        all: Option<&Self>,
        changes: &mut u32,
        observer: &mut impl Observer,
    ) -> Answer {
        let types = match self.send_from {
            SendFrom::Types(types) => types,
            _ => return self.default_sender(ask, &[]),
        };
        let strategy = Some(self.strategy.strategy);

        // 5. Sticky.
        let mut pin = self.strategy.sticky;
        if pin {
            let found = ask.reads.pin_of(ask.request.message);
            observer.pin(found);
            if let Pin::Held(sender) = found {
                if self.is_candidate(sender, ask.reads) {
                    return Answer::Decided(Decision { sender, strategy, step: step::STICKY, pin: false });
                }
                // A pin that only health kept out stays, and what follows decides this message alone.
                pin = !all.is_some_and(|all| all.is_candidate(sender, ask.reads));
            }
        }

        // 6. Type priority.
        observer.best_types(Group::of(types));
        // 7. Geolocated, 8. Spread.
        let (near, sender) = self.nearest(types, ask, changes, observer);
        let step = match near {
            near::SAME => step::AREA_CODE,
            near::OVERLAY => step::OVERLAY,
            near::REGION => step::REGION,
            _ => step::POOL,
        };
        match sender {
            // 9. Pin. If the recipient were pinned to this sender, step 5 would have decided.
            Some(sender) => Answer::Decided(Decision { sender, strategy, step, pin }),
            None => Answer::Refused(Refusal::of(reason::NO_ELIGIBLE_SENDER)),
        }
    }

    fn default_sender<R: Reads, L: Rules>(&self, ask: &Ask<'_, R, L>, itself: &[Sender]) -> Answer {
        let decided = |sender| {
            let strategy = Some(self.strategy.strategy);
            Answer::Decided(Decision { sender, strategy, step: step::DEFAULT_SENDER, pin: false })
        };
        self.default_senders(ask)
            .first(itself)
            .map_or(Answer::Refused(Refusal::of(reason::NO_ELIGIBLE_SENDER)), decided)
    }

    /// Whether a sender is a candidate.
    pub(crate) fn is_candidate<R: Reads>(&self, sender: Sender, reads: &R) -> bool {
        match &self.access {
            PoolAccess::Local(own) => own.contains(sender),
            PoolAccess::Host { .. } => HostPool { reads, pool: self.pool, without: &self.without }.contains(sender),
        }
    }

    /// Narrows the candidates of these types to the nearest and spreads the recipient over them.
    #[inline(always)]
    fn nearest<R: Reads, L: Rules>(
        &mut self,
        types: SenderTypes,
        ask: &Ask<'_, R, L>,
        changes: &mut u32,
        observer: &mut impl Observer,
    ) -> (Near, Option<Sender>) {
        let Ask { request, reads, rules, .. } = *ask;
        let area_code = if self.strategy.geolocated && is_geolocated(request.country) { request.area_code } else { 0 };
        if let PoolAccess::Host { .. } = self.access
            && self.count_decision(reads)
        {
            *changes = changes.wrapping_add(1);
        }
        let message = MessageView::new(request, reads);
        match &mut self.access {
            PoolAccess::Local(own) => {
                let (near, spread) = match own.laid_out_for(area_code) {
                    Some(found) => found,
                    None => {
                        let group = geolocate(&OwnPool { reads, pool: &own.pool }, types, area_code);
                        own.lay_out(area_code, group, reads);
                        *changes = changes.wrapping_add(1);
                        match own.laid_out_for(area_code) {
                            Some(found) => found,
                            None => return (group.near, None),
                        }
                    }
                };
                let group = group(near, types, area_code);
                observer.nearest(group);
                if !L::NONE
                    && let Some(choice) =
                        rules.choose(&message, &Left::own((request, self.pool), reads, &own.pool, group))
                {
                    observer.chosen(choice.reason);
                    return (near, Some(choice.sender));
                }
                (near, spread.choose(request.recipient))
            }
            PoolAccess::Host { .. } => {
                let without = &*self.without;
                let group = geolocate(&HostPool { reads, pool: self.pool, without }, types, area_code);
                observer.nearest(group);
                if !L::NONE
                    && let Some(choice) =
                        rules.choose(&message, &Left::with_host((request, self.pool), reads, without, group))
                {
                    observer.chosen(choice.reason);
                    return (group.near, Some(choice.sender));
                }
                let sender = match without {
                    [] => reads.spread(self.pool, group, request.recipient),
                    _ => reads.spread_of(request.message, self.pool, group),
                };
                (group.near, sender)
            }
        }
    }
}

/// Step 7 is for destinations in the United States and Canada.
fn is_geolocated(country: Country) -> bool {
    const US: Country = u16::from_be_bytes(*b"US");
    const CA: Country = u16::from_be_bytes(*b"CA");
    country == US || country == CA
}

/// Step 7: of the long numbers left, the first group that is not empty: with the same area code, with one that directly
/// overlays it, with one of the same state or province. If all are empty, everything that was left.
fn geolocate(candidates: &impl Candidates, types: SenderTypes, area_code: AreaCode) -> Group {
    if area_code != 0 && types & sender_type::only(sender_type::LONG_NUMBER) != 0 {
        for near in [near::SAME, near::OVERLAY, near::REGION] {
            let group = group(near, types, area_code);
            if candidates.count(group) > 0 {
                return group;
            }
        }
    }
    group(near::ANYWHERE, types, area_code)
}

/// The senders of these types, or the long numbers that are near to the area code.
fn group(near: Near, types: SenderTypes, area_code: AreaCode) -> Group {
    match near {
        near::ANYWHERE => Group::of(types),
        _ => Group { types: sender_type::only(sender_type::LONG_NUMBER), near, area_code },
    }
}
