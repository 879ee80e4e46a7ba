//! The case that all began with: 500 clients under one application, each with senders of its own; one strategy for all of
//! them, exceptions for some; MMS sticky and geolocated, SMS sticky alone. Everything is created over the API, and 100,000
//! messages are held against the reference model.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};

use callsign_tests::reference::{Destination, Expected, Message, Pins, Reference, Rng, Spread};
use callsign_tests::service::Server;

const CLIENTS: usize = 500;
const MESSAGES: usize = 100_000;
const BATCH: usize = 1_000;
const SEED: u64 = 5;

/// Area codes that are near each other, so that overlays and regions are met.
const AREA_CODES: [u16; 12] = [212, 917, 718, 646, 415, 628, 310, 424, 213, 305, 786, 512];

fn client(index: usize) -> String {
    format!("client-{index:03}")
}

/// What was created, as a catalog file would have it: for the model.
#[derive(Default)]
struct Created {
    entities: Vec<Value>,
    senders: Vec<Value>,
    associations: Vec<Value>,
    strategies: Vec<Value>,
    defaults: Vec<Value>,
}

impl Created {
    /// The model for the messages of a client, or for those of the application itself: of what belongs to an entity, only
    /// that client's. The model looks at everything that it is given, for each message; what belongs to others it would
    /// only pass over.
    fn reference(&self, entity: Option<&str>) -> Reference {
        let concerns = |of: &Value| of.is_null() || of.as_str() == entity;
        let associations: Vec<&Value> = self.associations.iter().filter(|one| concerns(&one["entityId"])).collect();
        let strategies: Vec<&Value> =
            self.strategies.iter().filter(|one| concerns(&one["platform"]["entityId"])).collect();
        let mut used: HashSet<&str> = associations.iter().filter_map(|one| one["resourceId"].as_str()).collect();
        used.extend(self.defaults.iter().filter_map(|one| one["senderId"].as_str()));
        let senders: Vec<&Value> =
            self.senders.iter().filter(|one| used.contains(one["senderId"].as_str().unwrap())).collect();
        Reference::new(&json!({
            "applications": [{ "applicationId": "default" }, { "applicationId": "notify" }],
            "entities": self.entities, "senders": senders, "associations": associations,
            "sendingStrategies": strategies, "defaultSenders": self.defaults,
        }))
    }
}

fn senders(rng: &mut Rng) -> Vec<(Option<usize>, Value)> {
    let mut senders = Vec::new();
    let everywhere = json!([{ "channel": "SMS", "countries": "*" }, { "channel": "MMS", "countries": ["US", "CA"] }]);
    let mut serial = 0;
    let mut long_number = |rng: &mut Rng, id: String| {
        serial += 1;
        let number = format!("+1{}555{serial:04}", AREA_CODES[rng.below(AREA_CODES.len())]);
        json!({ "senderId": id, "sender": number, "senderType": "VIRTUAL_LONG_NUMBER", "coverage": everywhere })
    };
    for index in 0..CLIENTS {
        for own in 0..rng.between(1, 4) {
            senders.push((Some(index), long_number(rng, format!("{}-{own}", client(index)))));
        }
    }
    // The application's own: what clients without an entity, and the default, send from.
    for own in 0..20 {
        senders.push((None, long_number(rng, format!("shared-{own}"))));
    }
    senders.push((
        None,
        json!({ "senderId": "free", "sender": "+18005550100", "senderType": "TOLL_FREE_NUMBER",
                "coverage": [{ "channel": "SMS", "countries": ["US", "CA"] }, { "channel": "MMS", "countries": ["GB"] }] }),
    ));
    senders
}

fn create(server: &Server, rng: &mut Rng) -> Created {
    let mut created = Created::default();
    server.post("/provisioning/1/applications", &json!({ "applicationId": "notify" })).expect(201);
    let senders = senders(rng);
    let lines: Vec<String> = senders.iter().map(|(_, sender)| sender.to_string()).collect();
    let key = format!("App {}", server.key());
    let headers = [("authorization", &*key)];
    server.send(&headers, "POST", "/v1/senders/import", Some(lines.join("\n").as_bytes())).expect(200);
    created.senders = senders.iter().map(|(_, sender)| sender.clone()).collect();
    for index in 0..CLIENTS {
        let entity = json!({ "entityId": client(index), "entityName": format!("Client {index}") });
        server.post("/provisioning/1/entities", &entity).expect(201);
        created.entities.push(entity);
    }
    for (owner, sender) in &senders {
        for channel in ["SMS", "MMS"] {
            if sender["senderType"] == "TOLL_FREE_NUMBER" && channel == "MMS" {
                continue;
            }
            let association = json!({
                "resourceType": "NUMBER", "channel": channel, "applicationId": "notify",
                "entityId": owner.map(client), "resourceId": sender["senderId"],
            });
            server.post("/provisioning/1/associations", &association).expect(201);
            created.associations.push(association);
        }
    }
    let strategy = |created: &mut Created, mut strategy: Value| {
        let made = server.post("/provisioning/2/sending-strategies", &strategy).expect(201).json();
        strategy["sendingStrategyId"] = made["sendingStrategyId"].clone();
        created.strategies.push(strategy);
    };
    let application = json!({ "applicationId": "notify" });
    strategy(
        &mut created,
        json!({ "platform": application, "channel": "MMS", "useStickySender": true, "useGeolocatedSender": true }),
    );
    strategy(&mut created, json!({ "platform": application, "channel": "SMS", "useStickySender": true }));
    for index in (0..CLIENTS).step_by(10) {
        let platform = json!({ "applicationId": "notify", "entityId": client(index) });
        // A client inside a defined scope: SMS to one country, with local numbers, and nothing else.
        strategy(
            &mut created,
            json!({ "platform": platform, "channel": "SMS", "destinationCountryCode": "US", "useGeolocatedSender": true }),
        );
    }
    let default = json!({ "platform": application, "senderId": "free" });
    let body = json!({ "senderId": "free" });
    server.put("/v1/default-senders?applicationId=notify", &body).expect(204);
    created.defaults.push(default);
    created
}

fn message(rng: &mut Rng, index: usize) -> Message {
    let (to, destination) = if rng.percent(92) {
        let area_code = AREA_CODES[rng.below(AREA_CODES.len())];
        // Few recipients, so that pins are met.
        let to = format!("1{area_code}555{:04}", rng.below(200));
        (to, Some(Destination { country: "US".into(), area_code: Some(area_code) }))
    } else if rng.percent(50) {
        (format!("4479460{:05}", rng.below(100_000)), Some(Destination { country: "GB".into(), area_code: None }))
    } else if rng.percent(60) {
        (format!("491511234{:04}", rng.below(10_000)), Some(Destination { country: "DE".into(), area_code: None }))
    } else {
        ("12".into(), None)
    };
    let entity_id = rng.percent(97).then(|| client(rng.below(CLIENTS)));
    Message {
        message_id: Some(format!("m{index}")),
        application_id: Some("notify".into()),
        entity_id,
        channel: match rng.below(100) {
            0..70 => "SMS",
            70..98 => "MMS",
            _ => "RCS",
        }
        .into(),
        to: format!("+{to}"),
        destination,
        recipient: to,
        ..Message::default()
    }
}

#[test]
fn five_hundred_clients_under_one_application_get_what_the_reference_model_says() {
    let server = Server::start();
    let mut rng = Rng::new(SEED);
    let created = create(&server, &mut rng);
    let mut references: HashMap<Option<String>, Reference> = HashMap::new();
    let (mut pins, mut spread) = (Pins::default(), Spread::default());
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for batch in 0..MESSAGES / BATCH {
        let messages: Vec<Message> = (0..BATCH).map(|index| message(&mut rng, batch * BATCH + index)).collect();
        let body: Vec<Value> = messages.iter().map(Message::to_json).collect();
        let answer = server.post("/v1/decisions", &json!({ "messages": body })).expect(200).json();
        let decisions = answer["decisions"].as_array().unwrap();
        assert_eq!(decisions.len(), messages.len());
        for (message, decision) in messages.iter().zip(decisions) {
            let place = || format!("seed {SEED}: {}\ndecided {decision}", message.to_json());
            assert_eq!(decision["messageId"].as_str(), message.message_id.as_deref(), "{}", place());
            let reference = references
                .entry(message.entity_id.clone())
                .or_insert_with(|| created.reference(message.entity_id.as_deref()));
            let expected = reference.expect(message, &pins);
            match &expected {
                Expected::Refused { code, .. } => {
                    assert_eq!(decision["refusal"]["code"], *code, "{}", place());
                    *met.entry((*code).to_owned()).or_default() += 1;
                }
                Expected::Decided { step, strategy_id, any_of, .. } => {
                    let sender = decision["senderId"].as_str().unwrap_or_else(|| panic!("{expected:?}\n{}", place()));
                    assert!(any_of.contains_key(sender), "{expected:?}\n{}", place());
                    assert_eq!(decision["step"], *step, "{}", place());
                    assert_eq!(decision["strategyId"].as_str(), strategy_id.as_deref(), "{}", place());
                    spread.observe(message, &expected, sender).unwrap_or_else(|error| panic!("{error}\n{}", place()));
                    pins.observe(message, &expected, sender);
                    *met.entry((*step).to_owned()).or_default() += 1;
                }
            }
        }
    }
    // Whatever the seed: a test that never met a rule would say nothing about it.
    for what in ["STICKY", "AREA_CODE", "OVERLAY", "REGION", "POOL", "DEFAULT_SENDER", "COUNTRY_NOT_ALLOWED"] {
        assert!(met.get(what).is_some_and(|times| *times > 100), "{what}: {met:?}");
    }
    for what in ["CHANNEL_NOT_ALLOWED", "INVALID_DESTINATION", "NO_ELIGIBLE_SENDER"] {
        assert!(met.contains_key(what), "{what}: {met:?}");
    }
    server.key_command(&["list"]);
}
