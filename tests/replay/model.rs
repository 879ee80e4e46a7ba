//! What would change, held against the reference model.

use std::collections::{BTreeMap, BTreeSet};

use callsign::{Catalog, SignalBoard};
use callsign_replay::{Change, Instead};
use callsign_tests::reference::{Expected, Pins, Reference, World};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::recorded::{Recorded, attributes, message, standard, tell};

/// How many random worlds are compared, each with its own log.
const WORLDS: u64 = 60;

/// What the model says of a change: how many decisions have it at least, and how many it cannot tell, because it does not say
/// which sender of several a recipient gets.
#[derive(Debug, Default)]
struct Said {
    changes: BTreeMap<Change, u64>,
    /// Another sender, or the same by another way, or the same.
    untold: u64,
    decisions: u64,
}

/// An answer of a gateway: sender, step and strategy, or the code of the refusal.
type Answer = Result<(String, String, Option<String>), String>;

impl Said {
    fn note(&mut self, before: &Answer, was_expected: &Expected, after: &Expected) {
        self.decisions += 1;
        let change = match (before, after) {
            (Err(before), Expected::Refused { code, .. }) => (before != code).then_some(Change::OtherRefusal),
            (Ok(_), Expected::Refused { .. }) => Some(Change::NewRefusal),
            (Err(_), Expected::Decided { .. }) => Some(Change::RefusalGone),
            (Ok((sender, step, strategy)), Expected::Decided { step: then, strategy_id, any_of, .. }) => {
                let before = match was_expected {
                    Expected::Decided { any_of, .. } => any_of,
                    Expected::Refused { .. } => panic!("the model expected no sender and there was one"),
                };
                let is_same_set = before == any_of && was_expected.is_spread() == after.is_spread();
                let is_same_way = step == then && *strategy == *strategy_id;
                if !any_of.contains_key(sender) {
                    Some(Change::OtherSender)
                } else if is_same_set || any_of.len() == 1 {
                    (!is_same_way).then_some(Change::OtherWay)
                } else {
                    self.untold += 1;
                    return;
                }
            }
        };
        if let Some(change) = change {
            *self.changes.entry(change).or_default() += 1;
        }
    }
}

/// Changes one strategy of a catalog in one way, and returns it; none if it has no strategy.
fn changed_strategy(catalog: &mut Value, seed: u64) -> Option<Value> {
    let strategies = catalog["sendingStrategies"].as_array_mut()?;
    let count = strategies.len();
    let strategy = strategies.get_mut(seed as usize % count.max(1))?;
    let flip = |strategy: &mut Value, name: &str| {
        let is = strategy[name].as_bool().unwrap_or_default();
        strategy[name] = (!is).into();
    };
    match seed % 3 {
        0 => flip(strategy, "useGeolocatedSender"),
        1 => flip(strategy, "skipUnhealthySenders"),
        _ => {
            strategy["priorities"] = json!([{"senderType": "ALPHANUMERIC", "priority": 1},
                                            {"senderType": "VIRTUAL_LONG_NUMBER", "priority": 2}]);
        }
    }
    Some(strategy.clone())
}

#[test]
fn one_strategy_changed_is_found_to_change_what_the_reference_model_says() {
    let mut all: BTreeMap<Change, u64> = BTreeMap::new();
    for seed in 0..WORLDS {
        let world = World::random(seed);
        let mut catalog = world.catalog.clone();
        let Some(strategy) = changed_strategy(&mut catalog, seed) else { continue };
        let (before, after) = (Reference::new(&world.catalog), Reference::new(&catalog));
        let (before, after) = (before.with_health(&world.health), after.with_health(&world.health));

        let mut recorded = Recorded::with(|options| {
            options.recipients = callsign::log::Recipients::Plain;
            options.ring_bytes = 1 << 20;
        });
        let gateway = recorded.gateway("world", Catalog::from_json(&world.catalog.to_string()).unwrap(), standard());
        let board = Arc::new(SignalBoard::new());
        gateway.use_signals(board.clone());
        tell(&board, &world.health);
        let (mut pins, mut said) = (Pins::default(), Said::default());
        // A message with several channels has records of channels that it was not answered on.
        for asked in world.messages.iter().filter(|message| message.channels.is_empty()) {
            let attributes = attributes(asked);
            let decision = gateway.resolve(&message(asked, &attributes));
            let decision = decision.get();
            let answer: Answer = match (decision.sender(), decision.step(), decision.refusal()) {
                (Some(sender), Some(step), _) => {
                    let strategy = decision.strategy().map(|strategy| strategy.id.to_string());
                    Ok((sender.id.to_string(), step.to_string(), strategy))
                }
                (_, _, refusal) => Err(refusal.unwrap().code().to_owned()),
            };
            let expected = before.expect(asked, &pins);
            said.note(&answer, &expected, &after.expect(asked, &pins));
            if let Ok((sender, ..)) = &answer {
                pins.observe(asked, &expected, sender);
            }
        }

        let strategy = serde_json::value::to_raw_value(&strategy).unwrap();
        let report = recorded.what_if(&Instead::nothing().with_strategy(strategy, "one strategy").unwrap());
        assert_eq!(report.compared, said.decisions, "world {seed}: {report}");
        for change in [Change::NewRefusal, Change::RefusalGone, Change::OtherRefusal] {
            let expected = said.changes.get(&change).copied().unwrap_or_default();
            assert_eq!(report.of_change(change), expected, "world {seed}, {change}: {report}");
        }
        let least = |change| said.changes.get(&change).copied().unwrap_or_default();
        for change in [Change::OtherSender, Change::OtherWay] {
            let range = least(change)..=least(change) + said.untold;
            assert!(range.contains(&report.of_change(change)), "world {seed}, {change} of {range:?}: {report}");
            *all.entry(change).or_default() += least(change);
        }
    }
    assert!(all.values().all(|&count| count > 0), "every kind of change is met: {all:?}");
}

/// A scope for each pool of one sender, so that the model says which sender a recipient gets.
struct Single {
    catalog: Value,
    scopes: Vec<(String, String)>,
}

const SCOPES: usize = 30;

fn single() -> Single {
    let scopes: Vec<_> = (0..SCOPES).map(|index| ("shop".to_owned(), format!("entity-{index:02}"))).collect();
    let long = |id: String, number: usize| {
        json!({"senderId": id, "sender": format!("+1212555{number:04}"), "senderType": "VIRTUAL_LONG_NUMBER",
               "coverage": [{"channel": "SMS", "countries": ["US", "CA"]}]})
    };
    let senders: Vec<Value> = (0..SCOPES)
        .flat_map(|index| [long(format!("A{index}"), 2 * index), long(format!("B{index}"), 2 * index + 1)])
        .collect();
    let associations: Vec<Value> = (0..SCOPES)
        .flat_map(|index| [(index, 'A'), (index, 'B')])
        .map(|(index, which)| {
            json!({"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": scopes[index].1,
                   "resourceId": format!("{which}{index}")})
        })
        .collect();
    let strategies: Vec<Value> = (0..SCOPES)
        .map(|index| {
            json!({"sendingStrategyId": format!("OF-{index}"), "senderIds": [format!("A{index}")],
                   "platform": {"applicationId": "shop", "entityId": scopes[index].1},
                   "destinationCountryCodes": ["US", "CA"], "useStickySender": index % 3 == 0})
        })
        .collect();
    let entities: Vec<Value> = scopes.iter().map(|(_, entity)| json!({"entityId": entity})).collect();
    let catalog = json!({"applications": [{"applicationId": "shop"}], "entities": entities, "senders": senders,
                         "associations": associations, "sendingStrategies": strategies, "defaultSenders": []});
    Single { catalog, scopes }
}

#[test]
fn what_changes_is_counted_by_step_country_entity_and_sender_as_the_reference_model_says() {
    let Single { catalog, scopes } = single();
    let mut recorded = Recorded::new();
    let gateway = recorded.gateway("single", Catalog::from_json(&catalog.to_string()).unwrap(), standard());
    // The strategy of one entity with pins, and of one without: another sender, and no messages to Canada any more.
    let mut changed = catalog.clone();
    let mut instead = Instead::nothing();
    for index in [3, 4] {
        let strategy = &mut changed["sendingStrategies"][index];
        strategy["senderIds"] = json!([format!("B{index}")]);
        strategy["destinationCountryCodes"] = json!(["US"]);
        let strategy = serde_json::value::to_raw_value(strategy).unwrap();
        instead = instead.with_strategy(strategy, format!("strategy OF-{index}")).unwrap();
    }
    let (before, after) = (Reference::new(&catalog), Reference::new(&changed));

    let mut pins = Pins::default();
    let (mut by_entity, mut by_country) = (BTreeMap::<_, [u64; 2]>::new(), BTreeMap::<_, [u64; 2]>::new());
    let mut loads = BTreeMap::<String, [u64; 2]>::new();
    let (mut moved, mut recipients) = (0, BTreeSet::new());
    let of = |expected: &Expected| match expected {
        Expected::Decided { any_of, .. } => any_of.keys().next().cloned().ok_or(String::new()),
        Expected::Refused { code, .. } => Err((*code).to_owned()),
    };
    for index in 0..3_000 {
        let (country, code) = if index % 5 == 0 { ("CA", 416) } else { ("US", 415) };
        let (application, entity) = &scopes[index * 7 % SCOPES];
        let to = format!("+1{code}555{:04}", index % 400);
        let asked = callsign_tests::reference::Message {
            message_id: Some(format!("m{index}")),
            application_id: Some(application.clone()),
            entity_id: Some(entity.clone()),
            channel: "SMS".into(),
            channels: Vec::new(),
            to: to.clone(),
            from: None,
            message_type: None,
            sent_at: None,
            attributes: BTreeMap::new(),
            destination: Some(callsign_tests::reference::Destination {
                country: country.into(),
                area_code: Some(code),
            }),
            recipient: to.clone(),
        };
        let decision = gateway.resolve(&message(&asked, &[]));
        let was = before.expect(&asked, &pins);
        let sender = decision.get().sender().unwrap().id.to_string();
        assert_eq!(of(&was), Ok(sender.clone()));
        let then = after.expect(&asked, &pins);
        let is_changed = of(&was) != of(&then);
        for counts in [by_entity.entry(entity.clone()).or_default(), by_country.entry(country).or_default()] {
            counts[0] += 1;
            counts[1] += u64::from(is_changed);
        }
        loads.entry(sender.clone()).or_default()[0] += 1;
        if let Ok(sender) = of(&then) {
            loads.entry(sender).or_default()[1] += 1;
        }
        // The recipient is pinned to one sender by its decision, or was before, and would be pinned to another.
        let after_pins = matches!(&then, Expected::Decided { pins: true, .. });
        pins.observe(&asked, &was, &sender);
        if after_pins && pins.pinned(&asked).is_some_and(|pinned| of(&then).is_ok_and(|then| then != pinned)) {
            moved += 1;
            recipients.insert((entity.clone(), to));
        }
    }

    let report = recorded.what_if(&instead);
    assert_eq!(report.instead, ["strategy OF-3", "strategy OF-4"]);
    assert_eq!((report.records, report.compared), (3_000, 3_000), "{report}");
    let changed: u64 = by_entity.values().map(|counts| counts[1]).sum();
    assert!(changed > 0);
    assert_eq!(report.changed, changed, "{report}");
    for part in &report.entities {
        let [compared, changed] = by_entity[part.name.strip_prefix("shop / ").unwrap()];
        assert_eq!((part.compared, part.changed), (compared, changed), "{}", part.name);
    }
    assert_eq!(report.entities.len(), by_entity.len());
    for part in &report.countries {
        let [compared, changed] = by_country[&*part.name];
        assert_eq!((part.compared, part.changed), (compared, changed), "{}", part.name);
    }
    assert_eq!(report.senders.len(), loads.len());
    for sender in &report.senders {
        let [before, after] = loads[&sender.sender_id];
        assert_eq!((sender.before, sender.after, sender.weight), (before, after, Some(1)), "{}", sender.sender_id);
    }
    assert_eq!(
        (report.pins.moved.decisions, report.pins.moved.recipients),
        (moved, recipients.len() as u64),
        "{report}"
    );
    assert!(moved > 0);
    let refused = report.refusals.iter().find(|one| one.code == "COUNTRY_NOT_ALLOWED").unwrap();
    assert_eq!(
        (refused.before, refused.after, refused.new, refused.gone),
        (0, report.of_change(Change::NewRefusal), refused.after, 0)
    );
    assert!(refused.new > 0 && report.of_change(Change::OtherSender) > 0, "{report}");
    assert_eq!(report.timeline.iter().map(|piece| piece.changed).sum::<u64>(), changed);
    let flows: u64 = report.steps.iter().map(|flow| flow.decisions).sum();
    assert_eq!(flows, 3_000);
}
