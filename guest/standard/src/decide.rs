//! Steps 5 to 9: sticky, type priority, geolocated, spread, pin.

use callsign_policy::reads::Reads;
use callsign_policy::senders::{Group, Near, SenderTypes};
use callsign_policy::sticky::Pin;
use callsign_policy::types::{Answer, Country, Decision, Refusal, Request, Sender, Step};

use crate::candidates::{Candidates, HostPool};
use crate::plan::{Plan, PoolAccess, Rule, SendFrom};

/// Follows a decision. By default the methods do nothing.
pub trait Observer {
    /// Step 5: the pin that was found.
    fn pin(&mut self, _pin: Pin) {}
    /// Step 6: the candidates that are left.
    fn best_types(&mut self, _group: Group) {}
    /// Step 7: the candidates that are left.
    fn nearest(&mut self, _group: Group) {}
}

/// Observes nothing.
impl Observer for () {}

/// Answers a request under its plan.
#[inline(always)]
pub fn decide<R: Reads>(plan: &mut Plan, request: &Request, reads: &R, observer: &mut impl Observer) -> Answer {
    let rule = match &mut plan.rule {
        Ok(rule) => rule,
        Err(refusal) => return Answer::Refused(*refusal),
    };
    let strategy = Some(rule.strategy.strategy);
    let types = match rule.send_from {
        SendFrom::Types(types) => types,
        SendFrom::DefaultSender(Some(default)) => {
            return decided(Decision { sender: default.sender, strategy, step: Step::DefaultSender, pin: false });
        }
        SendFrom::DefaultSender(None) => return Answer::Refused(Refusal::NoEligibleSender),
    };

    // 5. Sticky.
    if rule.strategy.sticky {
        let pin = reads.pin_of(request.message);
        observer.pin(pin);
        if let Pin::Held(sender) = pin
            && rule.is_candidate(sender, reads)
        {
            return decided(Decision { sender, strategy, step: Step::Sticky, pin: false });
        }
    }

    // 6. Type priority.
    observer.best_types(Group::of(types));
    // 7. Geolocated, 8. Spread.
    let (near, sender) = rule.nearest(types, request, reads, observer);
    let step = match near {
        Near::Anywhere => Step::Pool,
        Near::Same => Step::AreaCode,
        Near::Overlay => Step::Overlay,
        Near::Region => Step::Region,
    };
    match sender {
        // 9. Pin. If the recipient were pinned to this sender, step 5 would have decided.
        Some(sender) => decided(Decision { sender, strategy, step, pin: rule.strategy.sticky }),
        None => Answer::Refused(Refusal::NoEligibleSender),
    }
}

fn decided(decision: Decision) -> Answer {
    Answer::Decided(decision)
}

impl Rule {
    fn is_candidate<R: Reads>(&self, sender: Sender, reads: &R) -> bool {
        match &self.access {
            PoolAccess::Local(own) => own.pool.contains(sender),
            PoolAccess::Host { .. } => HostPool { reads, pool: self.pool }.contains(sender),
        }
    }

    /// Narrows the candidates of these types to the nearest and spreads the recipient over them.
    #[inline(always)]
    fn nearest<R: Reads>(
        &mut self,
        types: SenderTypes,
        request: &Request,
        reads: &R,
        observer: &mut impl Observer,
    ) -> (Near, Option<Sender>) {
        let area_code = if self.strategy.geolocated && is_geolocated(request.country) { request.area_code } else { 0 };
        self.copy_if_worthwhile(reads);
        match &mut self.access {
            PoolAccess::Local(own) => {
                let (near, sender) = match own.laid_out_for(area_code) {
                    Some((near, spread)) => (near, spread.choose(request.recipient)),
                    None => {
                        let group = geolocate(&own.pool, types, area_code);
                        (group.near, own.lay_out(area_code, group).choose(request.recipient))
                    }
                };
                observer.nearest(group(near, types, area_code));
                (near, sender)
            }
            PoolAccess::Host { .. } => {
                let group = geolocate(&HostPool { reads, pool: self.pool }, types, area_code);
                observer.nearest(group);
                (group.near, reads.spread(self.pool, group, request.recipient))
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
fn geolocate(candidates: &impl Candidates, types: SenderTypes, area_code: u16) -> Group {
    if area_code != 0 && types.contains(SenderTypes::VIRTUAL_LONG_NUMBER) {
        for near in [Near::Same, Near::Overlay, Near::Region] {
            let group = group(near, types, area_code);
            if candidates.count(group) > 0 {
                return group;
            }
        }
    }
    group(Near::Anywhere, types, area_code)
}

/// The senders of these types, or the long numbers that are near to the area code.
fn group(near: Near, types: SenderTypes, area_code: u16) -> Group {
    match near {
        Near::Anywhere => Group::of(types),
        _ => Group { types: SenderTypes::VIRTUAL_LONG_NUMBER, near, area_code },
    }
}
