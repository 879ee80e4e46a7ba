//! Changes that are asked for at the same time: what waits while one is committed is committed together.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use callsign_tests::servers::postgres::Server as Database;
use callsign_tests::service::Server;

/// Who change the platform at the same time.
const CALLERS: usize = 16;

/// How many changes each of them makes.
const CHANGES: usize = 10;

/// How many commits the catalog store was asked for.
fn commits(server: &Server) -> usize {
    let text = server.send(&[], "GET", "/metrics", None).expect(200).text;
    let is_count = |line: &&str| line.contains("seconds_count") && line.contains("operation=\"commit\"");
    let line = text.lines().find(is_count).unwrap_or_else(|| panic!("no commits in {text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// What callers get for what they ask at the same time: each has its number, and asks one after the other.
fn at_the_same_time<T: Send>(asks: impl Fn(usize, usize) -> T + Sync) -> Vec<T> {
    let all = |caller: usize| (0..CHANGES).map(|change| asks(caller, change)).collect::<Vec<T>>();
    std::thread::scope(|scope| {
        let all = &all;
        let callers: Vec<_> = (0..CALLERS).map(|caller| scope.spawn(move || all(caller))).collect();
        callers.into_iter().flat_map(|caller| caller.join().expect("a caller")).collect()
    })
}

fn servers() -> [(Option<Database>, Server); 2] {
    let database = Database::start();
    let distant = Server::with(&format!("[catalog]\nstore = \"{}\"", database.address()));
    [(None, Server::with("")), (Some(database), distant)]
}

/// The log, the newest first.
fn log(server: &Server) -> Vec<Value> {
    server.get("/v1/audit?size=1000").expect(200).json()["results"].as_array().unwrap().clone()
}

#[test]
fn changes_that_wait_together_share_a_commit_and_each_is_a_revision_of_its_own() {
    for (_database, server) in servers() {
        let (before, first) = (commits(&server), log(&server).len());
        let id = |caller: usize, change: usize| format!("app-{caller}-{change}");
        at_the_same_time(|caller, change| {
            let id = id(caller, change);
            server.post("/provisioning/1/applications", &json!({ "applicationId": id })).expect(201);
            // What was answered is there.
            server.get(&format!("/v1/applications/{id}")).expect(200);
        });
        let made = commits(&server) - before;
        assert!(made < CALLERS * CHANGES / 2, "{made} commits for {} changes", CALLERS * CHANGES);

        let log = log(&server);
        let revisions: Vec<u64> = log.iter().map(|entry| entry["revision"].as_u64().unwrap()).collect();
        assert_eq!(revisions, (1..=(first + CALLERS * CHANGES) as u64).rev().collect::<Vec<_>>());
        let told = log[..CALLERS * CHANGES].iter().map(|entry| {
            assert_eq!(entry["action"], "POST /provisioning/1/applications");
            let [change] = &entry["changes"].as_array().unwrap()[..] else { panic!("{entry}") };
            change["key"].as_str().unwrap()
        });
        let all = (0..CALLERS).flat_map(|caller| (0..CHANGES).map(move |change| id(caller, change)));
        assert_eq!(told.collect::<BTreeSet<_>>(), all.collect::<BTreeSet<_>>().iter().map(|id| &**id).collect());
    }
}

#[test]
fn a_change_that_is_refused_refuses_none_of_those_that_wait_with_it() {
    for (_database, server) in servers() {
        let answers = at_the_same_time(|caller, change| {
            let (id, body) = match caller % 4 {
                // They all want the same, and one of them makes it.
                0 => (format!("same-{change}"), json!({ "applicationId": format!("same-{change}") })),
                1 => (String::new(), json!({ "applicationId": "" })),
                _ => (format!("app-{caller}-{change}"), json!({ "applicationId": format!("app-{caller}-{change}") })),
            };
            (caller % 4, id, server.post("/provisioning/1/applications", &body).status)
        });
        for kind in 0..4 {
            let of_kind = answers.iter().filter(|(of, ..)| *of == kind);
            let made = of_kind.clone().filter(|(_, _, status)| *status == 201).count();
            let refused = of_kind.clone().filter(|(_, _, status)| *status == if kind == 0 { 409 } else { 400 }).count();
            let wanted = match kind {
                0 => (CHANGES, 3 * CHANGES),
                1 => (0, 4 * CHANGES),
                _ => (4 * CHANGES, 0),
            };
            assert_eq!((made, refused), wanted, "{:?}", of_kind.collect::<Vec<_>>());
        }
        let made: BTreeSet<&str> =
            answers.iter().filter(|(_, _, status)| *status == 201).map(|(_, id, _)| &**id).collect();
        let log = log(&server);
        let told = log.iter().filter_map(|entry| entry["changes"][0]["key"].as_str());
        let told: Vec<&str> = told.filter(|key| key.starts_with("same-") || key.starts_with("app-")).collect();
        assert_eq!(told.len(), made.len());
        assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), made);
    }
}

#[test]
fn a_tenant_whose_changes_wait_with_those_of_the_platform_gets_no_more_than_its_budget() {
    const COUNTRIES: [&str; CALLERS] =
        ["AT", "BE", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IT", "MX", "NL", "SE", "US"];
    const BUDGET: usize = 6;
    let server = Server::with(&format!("[tenant]\nstrategies = {BUDGET}\nchanges_per_second = 0"));
    server.post("/provisioning/1/applications", &json!({ "applicationId": "shop" })).expect(201);
    let tenant = server.new_key(Some("shop"), &[]);
    let answers = at_the_same_time(|caller, change| {
        let key = if caller < 8 { &*tenant } else { server.key() };
        let body = match change {
            0 => json!({ "platform": { "applicationId": "shop" }, "destinationCountryCode": COUNTRIES[caller] }),
            // Others change something else beside it.
            _ => json!({ "platform": { "applicationId": "default" }, "destinationCountryCode": COUNTRIES[caller] }),
        };
        (caller, change, server.ask(key, "POST", "/provisioning/2/sending-strategies", Some(&body)).status)
    });
    let of_shop = answers.iter().filter(|(_, change, _)| *change == 0);
    for (caller, _, status) in of_shop {
        assert!(*status == 201 || (*caller < 8 && *status == 429), "{caller}: {status}");
    }
    let mut strategies = 0;
    for entry in log(&server).iter().rev() {
        let is_of_shop = entry["changes"][0]["element"]["sendingStrategyId"].is_string()
            && entry["changes"][0]["after"]["platform"]["applicationId"] == "shop";
        strategies += usize::from(is_of_shop);
        let is_of_tenant = is_of_shop && !entry["who"].as_str().unwrap().ends_with(" first");
        assert!(!is_of_tenant || strategies <= BUDGET, "{entry}");
    }
    assert!(strategies >= CALLERS - 8, "{strategies}");
}

#[test]
fn what_the_store_refuses_fails_none_of_those_that_wait_with_it() {
    let server = Server::start();
    let database = rusqlite::Connection::open(server.data.join("catalog.sqlite")).unwrap();
    let refuses = "CREATE TRIGGER refuses BEFORE INSERT ON elements WHEN NEW.key LIKE 'refused-%' \
         BEGIN SELECT RAISE(ABORT, 'by a test'); END";
    database.execute_batch(refuses).unwrap();
    drop(database);
    let answers = at_the_same_time(|caller, change| {
        let is_refused = caller % 4 == 0;
        let name = if is_refused { "refused" } else { "taken" };
        let body = json!({ "applicationId": format!("{name}-{caller}-{change}") });
        (is_refused, server.post("/provisioning/1/applications", &body).status)
    });
    for (is_refused, status) in answers {
        assert_eq!(status, if is_refused { 500 } else { 201 });
    }
    assert_eq!(server.get("/readyz").status, 200, "the store is not away");
    let page = server.get("/provisioning/1/applications?size=1000").expect(200).json();
    assert_eq!(page["paging"]["totalResults"], 1 + CALLERS * CHANGES * 3 / 4);
}
