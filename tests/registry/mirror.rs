//! A mirror is asked first, or instead, and is trusted as little as a registry.

use callsign_registry::{RegistryError, Tagged};
use callsign_test_servers::hostile_registry::{Answer, HostileRegistry};

use crate::world::{World, client, reference};

#[test]
fn a_mirror_is_asked_first_and_the_registry_hears_nothing_if_it_has_it() {
    let world = World::new(b"component");
    let (copy, original) = (world.clone(), world.clone());
    // Under a path of its own.
    let mirror = HostileRegistry::start(move |request| {
        assert!(request.path.starts_with("/v2/copies/acme/policy/"), "{}", request.path);
        let mut request = request.clone();
        request.path = request.path.replace("/copies", "");
        copy.answer(&request)
    });
    let registry = HostileRegistry::start(move |request| original.answer(request));
    let mirrored = client(|options| options.mirror = Some(format!("{}/copies", mirror.host()).parse().unwrap()));
    assert_eq!(mirrored.pull(&reference(&registry.host(), ":1.0.0")).unwrap().component, world.component);
    assert_eq!((mirror.requests().len(), registry.requests().len()), (3, 0));
}

#[test]
fn a_mirror_that_lies_or_has_nothing_is_passed_over() {
    let world = World::new(b"component");
    let digest = callsign_registry::Digest::of(&world.manifest);
    let other = World::new(b"of the mirror");
    for mirror in [
        HostileRegistry::start(move |request| other.answer(request)),
        HostileRegistry::start(|_| Answer::new(404, &[], "")),
        HostileRegistry::start(|_| Answer::new(503, &[], "")),
    ] {
        let original = world.clone();
        let registry = HostileRegistry::start(move |request| original.answer(request));
        let by_digest = reference(&registry.host(), &format!("@{digest}"));
        assert!(matches!(by_digest.version(), Tagged::Digest(_)));
        let mirrored = client(|options| options.mirror = Some(mirror.host().parse().unwrap()));
        assert_eq!(mirrored.pull(&by_digest).unwrap().component, world.component);
        // Instead of the registry there is nothing else.
        let only = client(|options| {
            options.mirror = Some(mirror.host().parse().unwrap());
            options.mirror_only = true;
        });
        let before = registry.requests().len();
        assert!(only.pull(&by_digest).is_err());
        assert_eq!(registry.requests().len(), before);
    }
}

#[test]
fn what_both_do_is_told() {
    let mirror = HostileRegistry::start(|_| Answer::new(404, &[], ""));
    let registry = HostileRegistry::start(|_| Answer::new(503, &[], ""));
    let mirrored = client(|options| options.mirror = Some(mirror.host().parse().unwrap()));
    let refused = mirrored.pull(&reference(&registry.host(), ":1.0.0")).unwrap_err();
    assert!(matches!(refused, RegistryError::Both { .. }) && refused.is_of_registry(), "{refused}");
    let text = refused.to_string();
    assert!(
        text.contains("503") && text.contains("and its mirror: ") && text.contains("has no manifest 1.0.0"),
        "{text}"
    );
}
