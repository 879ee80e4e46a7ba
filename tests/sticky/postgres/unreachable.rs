//! A server that does not answer, and answers that are lost.

use std::io::{Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use callsign_sticky::{AsyncStore, OpenError, PostgresStore, Release, StickyStore, Write};

use crate::conformance::{key, sender, wait};
use callsign_test_servers::ports::Port;
use callsign_test_servers::postgres::{Server, options, schema};
use callsign_test_servers::redis::until;

#[test]
fn a_server_that_is_away_is_an_error_in_time_and_is_used_again_when_it_is_back() {
    let server = Server::start();
    let mut options = options(&schema());
    options.retry.attempt_timeout = Duration::from_millis(500);
    options.retry.total_timeout = Duration::from_secs(1);
    options.retry.rest = Duration::from_millis(100);
    let (retry, store) = (options.retry, PostgresStore::connect(&server.address(), options).unwrap());
    let key = key("away", 1);
    // The limits are short for a machine that is busy.
    until("it is written", || store.insert(&key, &sender("a")).is_ok());
    server.stop();
    // This thread may have to wait for a core in some of them.
    let fails = || {
        let began = Instant::now();
        let error = store.get(&key).unwrap_err().to_string();
        assert!(!error.contains("left alone"), "{error}");
        began.elapsed()
    };
    let quickest = (0..retry.failures).map(|_| fails()).min().unwrap();
    assert!(quickest < retry.total_timeout + Duration::from_millis(500), "{quickest:?}");
    // It is left alone for a while, then asked once more, and so on; nobody waits for the server meanwhile.
    let keys = [key; 3];
    until("it is left alone", || {
        let began = Instant::now();
        let error = store.insert(&key, &sender("b")).unwrap_err().to_string();
        let answers = wait(store.read_async(&keys));
        assert!(answers.len() == 3 && answers.into_iter().all(|answer| answer.is_err()));
        error.contains("left alone") && began.elapsed() < Duration::from_millis(100)
    });
    server.go_on();
    let pin = loop {
        if let Ok(pin) = store.get(&key) {
            break pin;
        }
        std::thread::yield_now();
    };
    assert_eq!(pin.unwrap().sender, sender("a").key);
}

#[test]
fn a_server_that_takes_connections_and_says_nothing_is_an_error_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::start(&Server::shared().address());
    let mut options = options(&schema());
    options.retry.attempt_timeout = Duration::from_millis(200);
    options.retry.total_timeout = Duration::from_millis(600);
    options.connections = 1;
    let store = PostgresStore::connect(&proxy.address, options).unwrap();
    // The limits are short for a machine that is busy.
    until("it is written", || store.insert(&key("silent", 1), &sender("a")).is_ok());
    proxy.lead_to(&silent.local_addr().unwrap().to_string());
    proxy.cut_next_answer();
    // This thread may have to wait for a core in one of them.
    let fails = |_| {
        let began = Instant::now();
        let error = store.insert(&key("silent", 2), &sender("a")).unwrap_err().to_string();
        assert!(!error.contains("left alone"), "{error}");
        began.elapsed()
    };
    let quickest = (0..3).map(fails).min().unwrap();
    assert!(quickest < Duration::from_millis(1_100), "{quickest:?}");
}

#[test]
fn a_write_whose_answer_was_lost_is_told_that_it_won() {
    let proxy = Proxy::start(&Server::shared().address());
    let mut options = options(&schema());
    options.connections = 1;
    let store = PostgresStore::connect(&proxy.address, options).unwrap();
    let (a, b) = (sender("a"), sender("b"));
    // What is prepared and known already needs one round trip only: the one whose answer is cut off.
    store.write(&[Write::insert(key("lost", 1), a), Write::insert(key("lost", 2), b)]);
    proxy.cut_next_answer();
    let writes = [
        Write::insert(key("lost", 1), b),
        Write::insert(key("lost", 3), b),
        Write::replace(key("lost", 2), b.key, a),
        Write::replace(key("lost", 4), a.key, a),
    ];
    let answers: Vec<_> =
        store.write(&writes).into_iter().map(|answer| answer.unwrap().map(|pin| pin.sender)).collect();
    assert!(proxy.was_cut());
    assert_eq!(answers, [Some(a.key), None, None, None]);
    let senders: Vec<_> = (1..=4).map(|index| store.get(&key("lost", index)).unwrap().unwrap().sender).collect();
    assert_eq!(senders, [a.key, a.key, b.key, a.key]);
}

#[test]
fn a_release_whose_answer_was_lost_says_so() {
    let proxy = Proxy::start(&Server::shared().address());
    let mut options = options(&schema());
    options.connections = 1;
    let store = PostgresStore::connect(&proxy.address, options).unwrap();
    let release = |index| Release { key: key("lost", index), expected: None };
    store.insert(&key("lost", 1), &sender("a")).unwrap();
    store.release(&[release(9)]).remove(0).unwrap();
    proxy.cut_next_answer();
    let error = store.release(&[release(1)]).remove(0).unwrap_err().to_string();
    assert!(error.contains("perhaps removed by an attempt whose answer was lost"), "{error}");
    assert_eq!(store.release(&[release(1)]).remove(0).unwrap(), None);
}

#[test]
fn a_server_that_is_away_when_a_store_is_opened_is_unreachable() {
    let port = Port::take();
    let nobody = format!("127.0.0.1:{}", port.number());
    let address = format!("postgres://user:word@{nobody}/db");
    let error = PostgresStore::connect(&address, options(&schema())).unwrap_err();
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("postgres://user@{nobody}/db")), "{error}");
}

/// Stands between a store and the server, and can cut a connection when the server has answered, before the answer is
/// passed on.
struct Proxy {
    address: String,
    server: Arc<std::sync::Mutex<String>>,
    cuts: Arc<AtomicBool>,
}

impl Proxy {
    fn start(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (user, rest) = address.split_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let address = format!("{user}@{}/{database}", listener.local_addr().unwrap());
        let server = Arc::new(std::sync::Mutex::new(server.to_owned()));
        let cuts = Arc::new(AtomicBool::new(false));
        let (leads_to, cut) = (Arc::clone(&server), Arc::clone(&cuts));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let server = TcpStream::connect(&*leads_to.lock().unwrap()).unwrap();
                let client = client.unwrap();
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || pass(from, to, &AtomicBool::new(false)));
                let cut = Arc::clone(&cut);
                std::thread::spawn(move || pass(server, client, &cut));
            }
        });
        Self { address, server, cuts }
    }

    fn lead_to(&self, server: &str) {
        *self.server.lock().unwrap() = server.into();
    }

    fn cut_next_answer(&self) {
        self.cuts.store(true, Ordering::SeqCst);
    }

    fn was_cut(&self) -> bool {
        !self.cuts.load(Ordering::SeqCst)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, cut: &AtomicBool) {
    let mut buffer = [0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if cut.swap(false, Ordering::SeqCst) || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
