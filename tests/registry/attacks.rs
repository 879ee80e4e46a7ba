//! What a registry can do to those who pull from it: each attack is refused in its own words, and nothing is taken.

use callsign_registry::{Digest, MANIFEST, RegistryError};
use callsign_test_servers::hostile_registry::{Answer, HostileRegistry, Request};

use crate::world::{World, changed, client, config_type, is_config, is_manifest, manifest, reference};

type Attack = Box<dyn Fn(&World, &Request) -> Option<Answer> + Send + Sync>;

fn of_manifest(answer: impl Fn(&World) -> Answer + Send + Sync + 'static) -> Attack {
    Box::new(move |world, request| is_manifest(request).then(|| answer(world)))
}

fn of_component(answer: impl Fn(&World) -> Answer + Send + Sync + 'static) -> Attack {
    Box::new(move |world, request| world.is_component(request).then(|| answer(world)))
}

fn text(from: impl Into<String>, to: impl Into<String>) -> Attack {
    let (from, to) = (from.into(), to.into());
    of_manifest(move |world| manifest(&changed(world, &from, &to)))
}

fn redirect(to: &'static str) -> Attack {
    of_component(move |_| Answer::new(307, &[("Location", to)], ""))
}

fn challenge(header: &'static str) -> Attack {
    Box::new(move |_, _| Some(Answer::new(401, &[("WWW-Authenticate", header)], "")))
}

/// Asks the server itself for a token, which answers this.
fn token(answer: Answer) -> Attack {
    Box::new(move |_, request| {
        if request.path.starts_with("/token") {
            return Some(answer.clone());
        }
        let host = request.header("host").unwrap_or_default();
        Some(Answer::new(401, &[("WWW-Authenticate", &format!("Bearer realm=\"http://{host}/token\""))], ""))
    })
}

fn attacks() -> Vec<(&'static str, Attack, &'static str)> {
    let layer = |world: &World| format!("\"digest\":\"{}\"", Digest::of(&world.component));
    let world = World::new(b"component");
    let layers = {
        let text = String::from_utf8(world.manifest.clone()).unwrap();
        let (_, rest) = text.split_once("\"layers\":[").unwrap();
        rest.split_once(']').unwrap().0.to_owned()
    };
    vec![
        (
            "a page in place of a manifest",
            of_manifest(|_| Answer::new(200, &[("Content-Type", "text/html")], "<p>")),
            "\"text/html\"",
        ),
        (
            "a manifest of a container image",
            of_manifest(|world| {
                let docker = "application/vnd.docker.distribution.manifest.v2+json";
                Answer::new(200, &[("Content-Type", docker)], &*world.manifest)
            }),
            "the manifest is of the type \"application/vnd.docker.distribution.manifest.v2+json\"",
        ),
        (
            "an index",
            of_manifest(|_| Answer::new(200, &[("Content-Type", "application/vnd.oci.image.index.v1+json")], "{}")),
            "the manifest is an index",
        ),
        (
            "a list of manifests of Docker",
            of_manifest(|_| {
                Answer::new(200, &[("Content-Type", "application/vnd.docker.distribution.manifest.list.v2+json")], "{}")
            }),
            "the manifest is an index",
        ),
        (
            "an index that says it is a manifest",
            text("\"schemaVersion\":2", "\"schemaVersion\":2,\"manifests\":[]"),
            "the manifest is an index",
        ),
        ("a manifest that is no JSON", of_manifest(|_| manifest(b"{")), "the manifest cannot be read"),
        ("a manifest of an old schema", text("\"schemaVersion\":2", "\"schemaVersion\":1"), "schema version 1"),
        (
            "another manifest than the registry says",
            of_manifest(|world| {
                let said = Digest::of(b"another").to_string();
                Answer::new(200, &[("Content-Type", MANIFEST), ("Docker-Content-Digest", &said)], &*world.manifest)
            }),
            "the manifest has the digest",
        ),
        (
            "a manifest of 200 MB that is announced",
            of_manifest(|_| Answer::new(200, &[("Content-Length", "200000000")], "")),
            "the manifest has more than 262144 bytes",
        ),
        ("a manifest without an end", of_manifest(|_| Answer::Endless), "the manifest has more than 262144 bytes"),
        ("two layers", text(layers.clone(), format!("{layers},{layers}")), "2 layers"),
        ("no layer", text(layers, ""), "0 layers"),
        (
            "a layer of another type",
            text("application/wasm", "application/vnd.oci.image.layer.v1.tar"),
            "the layer is of the type",
        ),
        (
            "a config of a container image",
            text(config_type(), "\"mediaType\":\"application/vnd.oci.image.config.v1+json\""),
            "the config is of the type",
        ),
        (
            "a layer that is elsewhere",
            text("\"size\":9", "\"size\":9,\"urls\":[\"https://elsewhere.example/x\"]"),
            "outside of the registry",
        ),
        (
            "a component of 200 MB",
            text("\"size\":9", "\"size\":200000000"),
            "the component has more than 1048576 bytes",
        ),
        ("a component of no bytes", text("\"size\":9", "\"size\":0"), "the component is empty"),
        ("a digest of another algorithm", text(layer(&world), "\"digest\":\"md5:00\""), "sha256:"),
        ("another component", of_component(|_| Answer::new(200, &[], "COMPONENT")), "the component has the digest"),
        (
            "a component that is too short",
            of_component(|_| Answer::new(200, &[], "comp")),
            "the component has another size than the 9 bytes",
        ),
        (
            "a component that is too long",
            of_component(|_| Answer::new(200, &[], "componentcomponent")),
            "another size than the 9 bytes",
        ),
        ("a component without an end", of_component(|_| Answer::Endless), "another size than the 9 bytes"),
        (
            "another config",
            Box::new(|world, request| {
                is_config(request, world).then(|| Answer::new(200, &[], vec![b' '; world.config.len()]))
            }),
            "the config has the digest",
        ),
        ("a component that is gone", of_component(|_| Answer::new(404, &[], "")), "has no blob sha256:"),
        (
            "nine signatures",
            text(
                "\"layers\":",
                format!(
                    "\"annotations\":{{\"dev.callsign.signatures\":\"[{}]\"}},\"layers\":",
                    ["\\\"x\\\""; 9].join(",")
                ),
            ),
            "a JSON list of at most 8",
        ),
        (
            "signatures that are no list",
            text("\"layers\":", "\"annotations\":{\"dev.callsign.signatures\":\"x\"},\"layers\":"),
            "a JSON list of at most 8",
        ),
        (
            "a redirect of the manifest",
            of_manifest(|_| Answer::new(302, &[("Location", "/elsewhere")], "")),
            "only the content of a module may be elsewhere",
        ),
        ("a redirect to plain HTTP", redirect("http://192.0.2.1/x"), "plain HTTP is spoken to this machine only"),
        (
            "a redirect to the metadata of a cloud",
            redirect("https://169.254.169.254/latest"),
            "169.254.169.254, which is not connected to",
        ),
        (
            "a redirect to the metadata of a cloud, in IPv6",
            redirect("https://[::ffff:169.254.169.254]/x"),
            "not connected to",
        ),
        ("a redirect to an address that is nobody's", redirect("https://0.0.0.0/x"), "not connected to"),
        ("a redirect to a file", redirect("file:///etc/passwd"), "it is no address"),
        ("a redirect with a password", redirect("https://me:secret@192.0.2.1/x"), "a name and a password"),
        ("a redirect to nowhere", of_component(|_| Answer::new(307, &[], "")), "it says nowhere"),
        (
            "a redirect in a circle",
            Box::new(|world, request| {
                world.is_component(request).then(|| Answer::new(307, &[("Location", &request.path)], ""))
            }),
            "it is the fourth one",
        ),
        ("a login of a kind that is not known", challenge("Negotiate"), "Basic and Bearer are"),
        ("a login that nobody has", challenge("Basic realm=\"x\""), "`docker login`"),
        (
            "tokens of the metadata of a cloud",
            challenge("Bearer realm=\"https://169.254.169.254/token\""),
            "not connected to",
        ),
        (
            "tokens over plain HTTP",
            challenge("Bearer realm=\"http://192.0.2.1/token\""),
            "plain HTTP is spoken to this machine only",
        ),
        ("tokens of a file", challenge("Bearer realm=\"file:///etc/passwd\""), "it is no address"),
        ("tokens with a password", challenge("Bearer realm=\"https://me:secret@192.0.2.1/\""), "a name and a password"),
        ("a token that is none", token(Answer::new(200, &[], "{}")), "the token cannot be read"),
        (
            "a token with a line of its own",
            token(Answer::new(200, &[], "{\"token\":\"x\\r\\nHost: y\"}")),
            "the token cannot be read",
        ),
        ("a token without an end", token(Answer::Endless), "the token has more than 65536 bytes"),
        (
            "a redirect of the token",
            token(Answer::new(307, &[("Location", "https://192.0.2.1/")], "")),
            "asked where the registry says it is",
        ),
        ("a refusal with an escape sequence", of_manifest(|_| Answer::new(400, &[], "\x1b[2J no")), "\\u{1b}[2J no"),
    ]
}

#[test]
fn what_a_registry_does_is_refused_in_its_own_words_and_nothing_is_taken() {
    let attacks = attacks();
    assert!(attacks.len() >= 40, "{} attacks", attacks.len());
    let mut wrong = Vec::new();
    for (name, attack, words) in attacks {
        let world = World::new(b"component");
        let server =
            HostileRegistry::start(move |request| attack(&world, request).unwrap_or_else(|| world.answer(request)));
        let refused = client(|_| {}).pull(&reference(&server.host(), ":1.0.0")).expect_err(name).to_string();
        if !refused.contains(words) || refused.chars().any(char::is_control) {
            wrong.push(format!("{name}: {refused:?} has not {words:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_digest_that_was_asked_for_is_the_one_that_comes() {
    let (asked, sent) = (World::new(b"asked"), World::new(b"other"));
    let digest = Digest::of(&asked.manifest);
    let server = HostileRegistry::start(move |request| sent.answer(request));
    let refused = client(|_| {}).pull(&reference(&server.host(), &format!("@{digest}"))).unwrap_err();
    assert!(refused.to_string().contains("the registry sent other bytes"), "{refused}");
}

#[test]
fn a_tag_that_moves_between_two_requests_changes_nothing() {
    let (before, after) = (World::new(b"before"), World::new(b"after!"));
    let (first, second) = (before.clone(), after);
    let server = HostileRegistry::start(move |request| {
        // The tag is another one for whoever looks a second time; both components are there.
        match second.answer(request) {
            Answer::Whole { status: 404, .. } => first.answer(request),
            _ if is_manifest(request) => first.answer(request),
            answer => answer,
        }
    });
    let pulled = client(|_| {}).pull(&reference(&server.host(), ":1.0.0")).unwrap();
    assert_eq!((pulled.component, pulled.digest), (before.component.clone(), Digest::of(&before.manifest)));
    let manifests = server.requests().iter().filter(|request| is_manifest(request)).count();
    assert_eq!(manifests, 1, "the tag is looked at once: {:?}", server.requests());
}

#[test]
fn content_may_be_elsewhere_and_gets_no_credentials_there() {
    let world = World::new(b"component");
    let store = {
        let world = world.clone();
        HostileRegistry::start(move |_| Answer::new(200, &[], &*world.component))
    };
    let (honest, to) = (world.clone(), format!("http://{}/bucket?signed=1", store.host()));
    let server = HostileRegistry::start(move |request| match request.header("authorization") {
        Some("Bearer token") if honest.is_component(request) => Answer::new(307, &[("Location", &to)], ""),
        Some("Bearer token") => honest.answer(request),
        _ if request.path.starts_with("/token?scope=repository%3Aacme%2Fpolicy%3Apull&service=s") => {
            Answer::new(200, &[], r#"{"token":"token"}"#)
        }
        _ => {
            let host = request.header("host").unwrap();
            let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"s\"");
            Answer::new(401, &[("WWW-Authenticate", &challenge)], "")
        }
    });
    let pulled = client(|_| {}).pull(&reference(&server.host(), ":1.0.0")).unwrap();
    assert_eq!(pulled.component, world.component);
    let asked = store.requests();
    assert_eq!((asked.len(), &*asked[0].path), (1, "/bucket?signed=1"));
    assert_eq!(asked[0].header("authorization"), None, "{asked:?}");
}

#[test]
fn the_password_of_the_docker_configuration_goes_to_its_registry_alone() {
    let world = World::new(b"component");
    let store = {
        let world = world.clone();
        HostileRegistry::start(move |_| Answer::new(200, &[], &*world.component))
    };
    let (honest, to) = (world.clone(), format!("http://{}/bucket", store.host()));
    let server = HostileRegistry::start(move |request| match request.header("authorization") {
        // me:secret
        Some("Basic bWU6c2VjcmV0") if honest.is_component(request) => Answer::new(307, &[("Location", &to)], ""),
        Some("Basic bWU6c2VjcmV0") => honest.answer(request),
        _ => Answer::new(401, &[("WWW-Authenticate", "Basic realm=\"x\"")], ""),
    });
    let folder = crate::real::docker_config(&server.host(), "bWU6c2VjcmV0");
    let with_login =
        client(|options| options.credentials = callsign_registry::Credentials::File(folder.join("config.json")));
    let pulled = with_login.pull(&reference(&server.host(), ":1.0.0")).unwrap();
    assert_eq!(pulled.component, world.component);
    assert!(store.requests().iter().all(|request| request.header("authorization").is_none()), "{:?}", store.requests());
    // Another registry never sees it, whatever it asks for.
    let other = HostileRegistry::start(|_| Answer::new(401, &[("WWW-Authenticate", "Basic realm=\"x\"")], ""));
    let refused = with_login.pull(&reference(&other.host(), ":1.0.0")).unwrap_err();
    assert!(matches!(refused, RegistryError::Denied { with_credentials: false, .. }), "{refused}");
    assert!(other.requests().iter().all(|request| request.header("authorization").is_none()), "{:?}", other.requests());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_upload_goes_to_the_registry_alone() {
    for to in ["https://192.0.2.1/upload", "http://127.0.0.1:1/upload", "//192.0.2.1/upload", "upload", ""] {
        let server = HostileRegistry::start(move |request| match &*request.method {
            "POST" => Answer::new(202, &[("Location", to)], ""),
            _ => Answer::new(404, &[], ""),
        });
        let pushed = client(|_| {}).push(&reference(&server.host(), ":1.0.0"), b"component", &Default::default(), &[]);
        let refused = pushed.unwrap_err().to_string();
        assert!(refused.contains("it is not of the registry"), "{to}: {refused}");
        assert!(server.requests().iter().all(|request| request.method != "PUT"), "{to}");
    }
}
