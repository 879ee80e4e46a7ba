//! Every bound is reached: of time, of tries, of pages and of tags.

use std::cell::RefCell;
use std::time::Duration;

use callsign_registry::{MOST_TAGS, RefusedBy, RegistryError, Repository, Tag};
use callsign_test_servers::hostile_registry::{Answer, HostileRegistry, Request};
use callsign_test_servers::ports::Port;
use callsign_test_servers::redis::until;

use crate::world::{REPOSITORY, World, client, is_manifest, reference};

fn repository(server: &HostileRegistry) -> Repository {
    format!("{}/{REPOSITORY}", server.host()).parse().unwrap()
}

#[test]
fn a_registry_that_says_nothing_is_too_slow() {
    let server = HostileRegistry::start(|_| Answer::Stalls { head: String::new(), body: Vec::new() });
    let patient = client(|options| options.first_byte = Duration::from_millis(100));
    let refused = patient.pull(&reference(&server.host(), ":1.0.0")).unwrap_err();
    assert!(matches!(refused, RegistryError::Slow { what: "the first byte of the answer", .. }), "{refused}");
    assert!(refused.is_of_registry());
    // It may read the request after the client has left.
    until("it has read what it was asked", || !server.requests().is_empty());
    assert_eq!(server.requests().len(), 1, "what is slow is not asked again");
}

#[test]
fn a_registry_that_stops_in_the_middle_is_too_slow() {
    let world = World::new(b"component");
    let server = HostileRegistry::start(move |request| match world.is_component(request) {
        true => Answer::Stalls { head: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n".into(), body: b"comp".to_vec() },
        false => world.answer(request),
    });
    let patient = client(|options| options.whole = Duration::from_secs(2));
    let refused = patient.pull(&reference(&server.host(), ":1.0.0")).unwrap_err();
    assert!(refused.to_string().contains("too slow"), "{refused}");
}

#[test]
fn a_registry_that_breaks_off_is_asked_again_and_then_does_not_answer() {
    let server = HostileRegistry::start(|_| Answer::Cut {
        head: "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n".into(),
        body: b"{".to_vec(),
    });
    let refused = client(|options| options.retries = 3).pull(&reference(&server.host(), ":1.0.0")).unwrap_err();
    assert!(matches!(refused, RegistryError::Unreachable { .. }), "{refused}");
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn a_registry_with_trouble_is_asked_again_as_often_as_it_may_be() {
    for status in [429, 500, 503] {
        let server = HostileRegistry::start(move |_| Answer::new(status, &[], "trouble"));
        let refused = client(|options| options.retries = 2).pull(&reference(&server.host(), ":1.0.0")).unwrap_err();
        assert!(
            refused.to_string().contains(&format!("{status}: \"trouble\"")) && refused.is_of_registry(),
            "{refused}"
        );
        assert_eq!(server.requests().len(), 3, "{status}");
    }
    // What will not change is asked once.
    let server = HostileRegistry::start(|_| Answer::new(400, &[], ""));
    let refused = client(|options| options.retries = 2).pull(&reference(&server.host(), ":1.0.0")).unwrap_err();
    assert!(!refused.is_of_registry(), "{refused}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_registry_that_recovers_is_pulled_from() {
    let world = World::new(b"component");
    let (honest, failures) = (world.clone(), std::sync::atomic::AtomicU32::new(2));
    let server = HostileRegistry::start(move |request| {
        let fails =
            failures.fetch_update(std::sync::atomic::Ordering::Relaxed, std::sync::atomic::Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        if fails.is_ok() { Answer::new(503, &[("Retry-After", "0")], "") } else { honest.answer(request) }
    });
    let pulled = client(|options| options.retries = 3).pull(&reference(&server.host(), ":1.0.0")).unwrap();
    assert_eq!(pulled.component, world.component);
}

#[test]
fn who_is_told_to_come_back_after_the_time_is_up_does_not_wait() {
    let server = HostileRegistry::start(|_| Answer::new(429, &[("Retry-After", "86400")], ""));
    let refused = client(|options| options.retries = 9).pull(&reference(&server.host(), ":1.0.0")).unwrap_err();
    assert!(matches!(refused, RegistryError::Status { status: 429, .. }), "{refused}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_registry_that_is_not_there_does_not_answer() {
    let nobodys = Port::take();
    let refused = client(|_| {}).pull(&reference(&format!("127.0.0.1:{}", nobodys.number()), ":1.0.0")).unwrap_err();
    assert!(matches!(refused, RegistryError::Unreachable { .. }), "{refused}");
    // Without the wish for plain HTTP it is spoken to with TLS, also on this machine.
    let plain = HostileRegistry::start(|_| Answer::new(200, &[], ""));
    let refused = client(|options| options.plain_http = false).pull(&reference(&plain.host(), ":1.0.0")).unwrap_err();
    assert!(matches!(refused, RegistryError::Unreachable { .. } | RegistryError::Slow { .. }), "{refused}");
    assert!(plain.requests().iter().all(|request| !is_manifest(request)), "{:?}", plain.requests());
}

fn page(request: &Request) -> Option<usize> {
    request.path.split_once("last=")?.1.parse().ok()
}

#[test]
fn tags_come_in_pages_and_are_versions_if_they_are() {
    let server = HostileRegistry::start(|request| match page(request) {
        None => Answer::new(
            200,
            &[("Link", &format!("</v2/{REPOSITORY}/tags/list?n=2&last=2>; rel=\"next\""))],
            r#"{"tags":["1.0.0","latest","no tag","../x"]}"#,
        ),
        Some(_) => Answer::new(200, &[], r#"{"tags":["v1.1.0","1.2.0-rc.1_5"]}"#),
    });
    let tags = client(|_| {}).tags(&repository(&server)).unwrap();
    let tags: Vec<_> = tags.iter().map(|tag| (&*tag.name, tag.version.as_ref().map(ToString::to_string))).collect();
    let of = |text: &str| Some(text.to_owned());
    assert_eq!(
        tags,
        [("1.0.0", of("1.0.0")), ("latest", None), ("v1.1.0", of("1.1.0")), ("1.2.0-rc.1_5", of("1.2.0-rc.1+5"))]
    );
    let none = HostileRegistry::start(|_| Answer::new(200, &[], r#"{"tags":null}"#));
    assert_eq!(client(|_| {}).tags(&repository(&none)).unwrap(), []);
}

#[test]
fn tags_without_an_end_or_of_somebody_else_are_refused() {
    let next = |to: &str, body: &str| Answer::new(200, &[("Link", &format!("<{to}>; rel=\"next\""))], body);
    let many = format!("{{\"tags\":[{}\"1\"]}}", "\"1\",".repeat(MOST_TAGS));
    let pages = HostileRegistry::start(move |request| next(&request.path, r#"{"tags":[]}"#));
    let too_many = HostileRegistry::start(move |_| Answer::new(200, &[], &*many));
    for server in [&pages, &too_many] {
        let refused = client(|_| {}).tags(&repository(server)).unwrap_err();
        assert!(matches!(refused, RegistryError::Refused(RefusedBy::TooManyTags { most: MOST_TAGS })), "{refused}");
    }
    assert_eq!(pages.requests().len(), 100);
    let elsewhere = HostileRegistry::start(move |_| next("https://192.0.2.1/v2/x", r#"{"tags":[]}"#));
    let no_json = HostileRegistry::start(|_| Answer::new(200, &[], "<p>"));
    let endless = HostileRegistry::start(|_| Answer::Endless);
    let not_there = HostileRegistry::start(|_| Answer::new(404, &[], ""));
    for (server, words) in [
        (&elsewhere, "it is not of the registry"),
        (&no_json, "the tags cannot be read"),
        (&endless, "the tags has more than 1048576 bytes"),
        (&not_there, "has no tags of this repository"),
    ] {
        let refused = client(|_| {}).tags(&repository(server)).unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
}

#[test]
fn room_is_asked_for_what_a_pull_has_in_memory_as_it_arrives() {
    let world = World::new(b"component");
    let honest = world.clone();
    let server = HostileRegistry::start(move |request| honest.answer(request));
    let asked = RefCell::new(Vec::new());
    let room = |bytes| {
        asked.borrow_mut().push(bytes);
        true
    };
    client(|_| {}).pull_within(&reference(&server.host(), ":1.0.0"), &room).unwrap();
    // One answer at a time: manifest, config, component.
    let asked = asked.into_inner();
    let ends: Vec<usize> =
        asked.split(|bytes| *bytes == 0).filter_map(|answer| answer.last()).map(|n| *n as usize).collect();
    assert_eq!(ends, [world.manifest.len(), world.config.len(), world.component.len()]);
    assert_eq!(asked.iter().filter(|bytes| **bytes == 0).count(), 3);
}

#[test]
fn who_has_no_room_for_more_bytes_reads_no_more_of_them() {
    let world = World::new(&[7; 100_000]);
    let honest = world.clone();
    let mirror = HostileRegistry::start(move |request| honest.answer(request));
    let registry = HostileRegistry::start(|_| Answer::new(500, &[], ""));
    let mirrored = client(|options| {
        options.retries = 3;
        options.mirror = Some(mirror.host().parse().unwrap());
    });
    let refused = mirrored.pull_within(&reference(&registry.host(), ":1.0.0"), &|bytes| bytes <= 50_000).unwrap_err();
    assert!(matches!(refused, RegistryError::NoRoom { what: "the component" }), "{refused}");
    assert!(!refused.is_of_registry());
    // Neither is it asked again, nor is the registry after its mirror.
    assert_eq!((mirror.requests().len(), registry.requests().len()), (3, 0));
}

#[test]
fn tags_that_were_read_take_room_while_the_next_page_comes() {
    let page = |names: &str| format!("{{\"tags\":[{names}]}}");
    let (first, second) = (page("\"1.0.0\",\"1.1.0\""), page("\"1.2.0\""));
    let length = second.len();
    let server = HostileRegistry::start(move |request| match request.path.contains("last=") {
        false => Answer::new(
            200,
            &[("Link", &format!("</v2/{REPOSITORY}/tags/list?last=1.1.0>; rel=\"next\""))],
            first.as_bytes(),
        ),
        true => Answer::new(200, &[], second.as_bytes()),
    });
    let last = RefCell::new(0);
    let room = |bytes| {
        last.replace(bytes);
        true
    };
    assert_eq!(client(|_| {}).tags_within(&repository(&server), &room).unwrap().len(), 3);
    assert_eq!(last.into_inner() as usize, 2 * (size_of::<Tag>() + "1.0.0".len()) + length);
}
