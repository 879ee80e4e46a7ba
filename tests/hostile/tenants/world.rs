//! A platform with a victim and those who attack it.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::{Value, json};

use callsign_tests::service::{Reply, Server, folder};

/// A recipient.
pub const TO: &str = "+14155550123";

/// Who attacks.
pub const ATTACKERS: [&str; 5] = ["attacker", "attacker-2", "attacker-3", "attacker-4", "attacker-5"];

/// The first of them.
pub const ATTACKER: &str = ATTACKERS[0];

/// Whose requests must not fail.
pub const VICTIM: &str = "victim";

/// Another one, which does what the victim does not do without pause.
pub const NEIGHBOUR: &str = "neighbour";

/// What is measured has the machine for itself.
static MACHINE: RwLock<()> = RwLock::new(());

/// The right to use the machine.
#[allow(dead_code, reason = "it is held")]
enum Turn {
    Alone(RwLockWriteGuard<'static, ()>),
    Beside(RwLockReadGuard<'static, ()>),
    /// That of another world which is alone.
    Shared,
}

/// The right to use the machine beside other tests, for those that start no [`World`].
pub fn beside_others() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}

/// A service with this platform.
pub struct World {
    pub server: Server,
    /// A key of the victim that makes decisions.
    pub victim: String,
    _turn: Turn,
}

impl World {
    /// Beside other tests.
    pub fn beside_others() -> Self {
        Self::beside_others_with("")
    }

    /// The same with a configuration.
    pub fn beside_others_with(config: &str) -> Self {
        Self::of(&catalog(), config, Turn::Beside(beside_others()))
    }

    /// Alone on the machine: something is measured.
    pub fn alone() -> Self {
        Self::alone_with(&catalog(), "")
    }

    /// The same with another platform and configuration.
    pub fn alone_with(catalog: &Value, config: &str) -> Self {
        let alone = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
        Self::of(catalog, config, Turn::Alone(alone))
    }

    /// Another one with another platform, in the turn of this one: the two are compared.
    pub fn another(&self, catalog: &Value) -> Self {
        Self::of(catalog, "", Turn::Shared)
    }

    fn of(catalog: &Value, config: &str, turn: Turn) -> Self {
        let folder = folder("tenants");
        let file = folder.join("catalog.json");
        std::fs::write(&file, catalog.to_string()).unwrap();
        // Attackers of whom something is measured have as long as they have by default; others as long as a busy machine takes.
        let is_by_default = !matches!(turn, Turn::Beside(_)) && !config.contains("[policy]");
        let deadline = if is_by_default { "\n[policy]\ndeadline_milliseconds = 200\n" } else { "" };
        let config = &format!("{config}{deadline}");
        let server = Server::with_arguments(config, &["--catalog", file.to_str().unwrap()]);
        std::fs::remove_dir_all(folder).unwrap();
        let victim = key(&server, VICTIM, &["decisions:make"]);
        Self { server, victim, _turn: turn }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address().parse().unwrap()
    }

    /// An ordinary key of an application.
    #[track_caller]
    pub fn key(&self, application: &str, scopes: &[&str]) -> String {
        key(&self.server, application, scopes)
    }

    /// Uploads a policy with a key, and binds it for an application or an entity of it (`shop/acme`).
    #[track_caller]
    pub fn bind(&self, key: &str, scope: &str, component: &[u8], settings: &Value) {
        let module = self.upload(key, component).json();
        let name = format!("{}@{}", module["name"].as_str().unwrap(), module["version"].as_str().unwrap());
        let binding = json!({ "module": name, "settings": settings });
        let path = format!("/v1/binding?{}", query(scope));
        // Starting it has a deadline too.
        let mut replies = (0..20).map(|_| self.server.ask(key, "PUT", &path, Some(&binding)));
        replies.find(|reply| !is_late(&reply.text)).expect("it starts in time").expect(200);
    }

    /// Uploads a policy.
    #[track_caller]
    pub fn upload(&self, key: &str, component: &[u8]) -> Reply {
        let reply = self.try_upload(key, component);
        assert!(matches!(reply.status, 200 | 201), "{reply:?}");
        reply
    }

    pub fn try_upload(&self, key: &str, component: &[u8]) -> Reply {
        self.server.send(&[("authorization", &format!("App {key}"))], "POST", "/v1/modules", Some(component))
    }

    /// What a message of an application comes to.
    #[track_caller]
    pub fn decide(&self, key: &str, message: Value) -> Value {
        let mut whole = json!({ "channel": "SMS", "to": TO });
        whole.as_object_mut().unwrap().extend(message.as_object().unwrap().clone());
        self.server.ask(key, "POST", "/v1/decisions", Some(&whole)).expect(200).json()
    }
}

/// Whether a policy failed for want of time, which a busy machine keeps a quick one from now and then.
pub fn is_late(text: &str) -> bool {
    ["the policy ran for longer than", "the time of the request"].iter().any(|words| text.contains(words))
}

#[track_caller]
fn key(server: &Server, application: &str, scopes: &[&str]) -> String {
    let wanted = json!({ "name": "of a test", "applicationId": application, "scopes": scopes });
    server.post("/v1/keys", &wanted).expect(201).json()["key"].as_str().unwrap().to_owned()
}

/// The query of a scope.
pub fn query(scope: &str) -> String {
    match scope.split_once('/') {
        Some((application, entity)) => format!("applicationId={application}&entityId={entity}"),
        None => format!("applicationId={scope}"),
    }
}

/// A sender that every application may use.
pub fn sender(id: &str, number: &str) -> Value {
    json!({
        "senderId": id, "sender": number, "senderType": "VIRTUAL_LONG_NUMBER",
        "coverage": [{ "channel": "SMS", "countries": "*" }, { "channel": "MMS", "countries": "*" }],
    })
}

pub fn association(application: &str, entity: Option<&str>, sender: &str) -> Value {
    json!({
        "resourceType": "NUMBER", "channel": "SMS", "applicationId": application, "entityId": entity, "resourceId": sender,
    })
}

/// Eight applications with the same three senders and a strategy each; the attackers have twelve entities.
pub fn catalog() -> Value {
    let applications = ATTACKERS.into_iter().chain([VICTIM, NEIGHBOUR, "third"]);
    let senders = ["S0", "S1", "S2"];
    let entities: Vec<String> = (0..12).map(|at| format!("entity-{at}")).collect();
    let mut associations = Vec::new();
    for application in applications.clone() {
        associations.extend(senders.map(|sender| association(application, None, sender)));
        if ATTACKERS.contains(&application) {
            associations.extend(entities.iter().map(|entity| association(application, Some(entity), "S0")));
        }
    }
    json!({
        "applications": applications.clone().map(|id| json!({ "applicationId": id })).collect::<Vec<_>>(),
        "entities": entities.iter().map(|id| json!({ "entityId": id })).collect::<Vec<_>>(),
        "senders": (0..3).map(|at| sender(&format!("S{at}"), &format!("+1212555010{at}"))).collect::<Vec<_>>(),
        "associations": associations,
        "sendingStrategies": applications
            .map(|id| json!({ "sendingStrategyId": format!("OF-{id}"), "platform": { "applicationId": id } }))
            .collect::<Vec<_>>(),
        "defaultSenders": [],
    })
}

/// A number of the configuration, as it is without one.
#[track_caller]
pub fn configured(section: &str, key: &str) -> u64 {
    let printed = Command::new(env!("CARGO_BIN_EXE_callsign")).args(["serve", "--print-config"]).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let lines = printed.lines().skip_while(|line| *line != format!("[{section}]"));
    let line = lines
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| line.strip_prefix(&format!("{key} = ")));
    line.unwrap_or_else(|| panic!("no {key} of [{section}] in {printed}")).parse().unwrap()
}
