//! Stores that do not answer: what monitoring and the log say of it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use callsign_tests::platform::Platform;
use callsign_tests::servers::postgres::Server as Database;
use callsign_tests::servers::redis::{Cluster, Setup};
use callsign_tests::service::{Server, folder};
use callsign_tests::work::median_is_within;

fn ready(server: &Server) -> (u16, Value) {
    let reply = server.send(&[], "GET", "/readyz", None);
    (reply.status, reply.json())
}

fn lines(server: &Server, text: &str) -> usize {
    server.log().lines().filter(|line| line.contains(text)).count()
}

#[test]
fn while_the_database_is_away_readiness_says_since_when_and_the_log_has_a_line_at_each_end() {
    let database = Database::start();
    let began = Instant::now();
    let server = Server::with(&format!("[catalog]\nstore = \"{}\"", database.address()));
    assert_eq!(ready(&server).0, 200);
    assert_eq!(ready(&server).1.get("away"), None);
    // A busy machine may have missed the database before.
    let count = |server: &Server| ["does not answer: ", "answers again"].map(|text| lines(server, text));
    let [ends, answers] = count(&server);
    let before = jiff::Timestamp::now();
    database.kill();
    server.until("it reports that it cannot be changed", || ready(&server).0 == 503);
    let (_, body) = ready(&server);
    assert_eq!(
        (&body["decides"], &body["changes"], &body["away"][0]["store"]),
        (&json!(true), &json!(false), &json!("catalog"))
    );
    let since: jiff::Timestamp = body["away"][0]["since"].as_str().unwrap().parse().unwrap();
    assert!(since >= before && since <= jiff::Timestamp::now(), "{body}");
    // Many that fail are not many lines.
    for _ in 0..20 {
        server.post("/provisioning/1/applications", &json!({ "applicationId": "x" })).expect(500);
    }
    assert_eq!(ready(&server).1["away"][0]["since"], body["away"][0]["since"]);
    let metrics = server.send(&[], "GET", "/metrics", None).text;
    assert!(metrics.contains("callsign_catalog_store_up 0"), "{metrics}");
    database.go_on();
    server.until("it can be changed again", || ready(&server).0 == 200);
    assert_eq!(ready(&server).1.get("away"), None);
    server.until("the log says so", || count(&server)[1] > answers);
    assert_eq!(count(&server), [ends + 1, answers + 1], "{}", server.log());
    // An outage of minutes, in which a busy machine starts a database, has a line for each. There is nothing else to warn of.
    let minutes = lines(&server, "does not answer for");
    assert!(minutes as u64 <= began.elapsed().as_secs() / 60, "{}", server.log());
    assert_eq!(lines(&server, " WARN "), ends + 1 + minutes, "{}", server.log());
}

#[test]
fn while_redis_is_away_the_log_has_a_line_a_second_with_the_count_and_the_metrics_have_all() {
    let cluster = Cluster::start(Setup { masters: 1, replicas: 0, ..Setup::default() });
    let platform = Platform::new().long("S1", "+12125550101").associate("shop", &["S1"]);
    let platform = platform.strategy("shop", "shop", json!({ "useStickySender": true }));
    let file = folder("catalog").join("catalog.json");
    std::fs::write(&file, platform.file()).unwrap();
    let config = format!("[sticky]\nstore = \"{}\"", cluster.address());
    let server = Server::with_arguments(&config, &["--catalog", file.to_str().unwrap()]);
    let refused = |server: &Server| {
        let message = json!({ "applicationId": "shop", "channel": "SMS", "to": "+14155550123" });
        server.post("/v1/decisions", &message).expect(200).json()["refusal"]["code"] == "STICKY_UNAVAILABLE"
    };
    // A busy machine may miss it at first.
    server.until("a message is decided, and nothing is away", || {
        !refused(&server) && ready(&server).1.get("away").is_none()
    });
    let [ends, counts] = ["does not answer: ", "does not answer for"].map(|text| lines(&server, text));
    cluster.servers.iter().for_each(callsign_tests::servers::redis::Server::kill);
    server.until("a message is refused", || refused(&server));
    let (began, mut count) = (Instant::now(), 1);
    server.until("a line with the count", || {
        count += usize::from(refused(&server));
        lines(&server, "does not answer for") > counts
    });
    assert_eq!(lines(&server, "does not answer: "), ends + 1, "{}", server.log());
    let counted = lines(&server, "does not answer for") - counts;
    assert!(counted <= began.elapsed().as_secs() as usize + 1, "{}", server.log());
    // It decides and can be changed; what is away is told.
    let (status, body) = ready(&server);
    assert_eq!((status, &body["away"][0]["store"]), (200, &json!("pins")), "{body}");
    let metrics = server.send(&[], "GET", "/metrics", None).text;
    let failures =
        metrics.lines().find_map(|line| line.strip_prefix("callsign_store_failures_total{store=\"sticky\"} "));
    assert!(failures.unwrap().parse::<usize>().unwrap() >= count, "{failures:?}, {count} refusals");
    assert!(metrics.contains("callsign_sticky_store_up 0"), "{metrics}");
    (0..cluster.servers.len()).for_each(|index| cluster.restart(index));
    server.until("a message is decided", || !refused(&server));
    server.until("it is back", || {
        refused(&server);
        ready(&server).1.get("away").is_none()
    });
    server.until_logged("answers again after");
}

/// A proxy that can forget the connections that it has: they stay open, and nothing comes through any more. New ones pass.
struct Proxy {
    port: u16,
    /// Connections that began before this one are dead.
    alive_from: Arc<AtomicUsize>,
    opened: Arc<AtomicUsize>,
}

impl Proxy {
    fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy =
            Self { port: listener.local_addr().unwrap().port(), alive_from: Arc::default(), opened: Arc::default() };
        let (alive_from, opened) = (Arc::clone(&proxy.alive_from), Arc::clone(&proxy.opened));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let number = opened.fetch_add(1, Ordering::SeqCst);
                for (mut from, mut to) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)]
                {
                    let alive_from = Arc::clone(&alive_from);
                    std::thread::spawn(move || {
                        let mut buffer = [0; 1 << 14];
                        while let Ok(read @ 1..) = from.read(&mut buffer) {
                            if number >= alive_from.load(Ordering::SeqCst) && to.write_all(&buffer[..read]).is_err() {
                                break;
                            }
                        }
                    });
                }
            }
        });
        proxy
    }

    fn forget(&self) {
        self.alive_from.store(self.opened.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

#[test]
fn a_database_connection_that_is_forgotten_on_the_way_is_made_anew_and_the_listener_too() {
    let database = Database::start();
    let proxy = Proxy::to(database_port(&database));
    let address =
        |port: u16| database.address().replace(&format!(":{}/", database_port(&database)), &format!(":{port}/"));
    let first = Server::with(&format!("[catalog]\nstore = \"{}\"", database.address()));
    let key = first.key().to_owned();
    let data = folder("behind");
    std::fs::create_dir_all(&data).unwrap();
    let behind = Server::at(&data, &format!("[catalog]\nstore = \"{}\"", address(proxy.port)), &[]);
    let change = |id: &str| {
        first.post("/provisioning/1/applications", &json!({ "applicationId": id })).expect(201);
        let began = Instant::now();
        let path = format!("/provisioning/1/applications/{id}");
        behind.until("the change is there", || behind.ask(&key, "GET", &path, None).status == 200);
        began.elapsed()
    };
    change("before");
    behind.until("the one that listens is there too", || proxy.opened.load(Ordering::SeqCst) >= 2);
    let opened = proxy.opened.load(Ordering::SeqCst);
    proxy.forget();
    change("while");
    behind.until("both connections are new", || proxy.opened.load(Ordering::SeqCst) >= opened + 2);
    // Told of again, and not found by looking every half second: far quicker than that, most of the time.
    let plain = || drop(behind.ask(&key, "GET", "/provisioning/1/applications/before", None).expect(200));
    median_is_within(Duration::from_millis(100), 9, "a change is seen", plain, |number| {
        change(&format!("after-{number}"))
    });
}

fn database_port(database: &Database) -> u16 {
    database.address().rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap()
}
