//! Manifests and configs of components, as `wkg` reads and writes them (the crate `oci-wasm`; CNCF TAG Runtime, "Wasm OCI
//! artifact"): one manifest, one config, one layer.

use std::collections::BTreeMap;

use callsign_catalog::escape::quoted;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::{RefusedBy, RegistryError};

/// The media type of a manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of a config.
pub const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The media type of the layer, which is the component.
pub const LAYER: &str = "application/wasm";
/// The annotation that carries signatures of the component: a JSON list of the texts of `.minisig` files.
pub const SIGNATURES: &str = "dev.callsign.signatures";

/// Lists of manifests, one for each platform. A component has no platform.
const INDEXES: [&str; 2] =
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];

/// The most bytes of a manifest, and of a config. Those of `wkg` have 1 to 2 KiB, and signatures are up to 32 KiB.
pub const MOST_DOCUMENT: u64 = 256 << 10;
/// The most signatures of a manifest.
pub const MOST_SIGNATURES: usize = 8;
/// The most bytes of a signature. A `.minisig` file has some 300.
pub const MOST_SIGNATURE: usize = 4 << 10;

/// What a manifest says of a config or a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its bytes are these.
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// Places outside of the registry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    urls: Vec<String>,
}

/// As it is written. What is not known is left alone: the specification asks for that.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config: Option<Descriptor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layers: Option<Vec<Descriptor>>,
    #[serde(default, skip_serializing)]
    manifests: Option<serde::de::IgnoredAny>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

/// A manifest that was checked: of one component, within its bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manifest {
    /// The config.
    pub config: Descriptor,
    /// The component.
    pub layer: Descriptor,
    /// The texts of signatures, at most [`MOST_SIGNATURES`] of [`MOST_SIGNATURE`] bytes. They are not verified.
    pub signatures: Vec<String>,
}

/// What a config says of a component, for those who list it.
#[derive(Debug, Clone, Default)]
pub struct Described {
    /// The interfaces that it imports, such as `callsign:policy/senders@1.0.0`.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    #[serde(default)]
    created: String,
    #[serde(default)]
    author: Option<String>,
    architecture: String,
    os: String,
    #[serde(default)]
    layer_digests: Vec<Digest>,
    #[serde(default, skip_deserializing)]
    component: Option<Component>,
}

#[derive(Debug, Serialize)]
struct Component {
    exports: Vec<String>,
    imports: Vec<String>,
    target: Option<String>,
}

impl Manifest {
    /// Checks the bytes of a manifest, and the media type that the registry sent them with. `most` is the most bytes of a
    /// component.
    ///
    /// # Errors
    /// It is no manifest of one component: each reason has its own words.
    pub fn parse(media_type: Option<&str>, bytes: &[u8], most: u64) -> Result<Self, RegistryError> {
        let refused = |why: RefusedBy| Err(RegistryError::Refused(why));
        // What the registry says first: it may be no JSON at all.
        let sent = media_type.map(|text| text.split(';').next().unwrap_or_default().trim());
        media_type_is("the manifest", sent, MANIFEST)?;
        if bytes.len() as u64 > MOST_DOCUMENT {
            return refused(RefusedBy::TooLarge { what: "the manifest", most: MOST_DOCUMENT });
        }
        let document: Document = serde_json::from_slice(bytes)
            .map_err(|error| RefusedBy::NotRead { what: "the manifest", reason: error.to_string() })?;
        media_type_is("the manifest", document.media_type.as_deref(), MANIFEST)?;
        if document.manifests.is_some() {
            return refused(RefusedBy::Index);
        }
        if document.schema_version != 2 {
            return refused(RefusedBy::Schema(document.schema_version));
        }
        let config = document.config.ok_or(RefusedBy::NoConfig)?;
        media_type_is("the config", Some(&config.media_type), CONFIG)?;
        sized(&config, "the config", MOST_DOCUMENT)?;
        let layers: Result<[Descriptor; 1], _> = document.layers.unwrap_or_default().try_into();
        let [layer] = layers.map_err(|layers| RefusedBy::Layers(layers.len()))?;
        media_type_is("the layer", Some(&layer.media_type), LAYER)?;
        sized(&layer, "the component", most)?;
        let signatures = document.annotations.get(SIGNATURES).map(|text| signatures(text)).transpose()?;
        Ok(Self { config, layer, signatures: signatures.unwrap_or_default() })
    }

    /// Checks the bytes of the config of this manifest.
    ///
    /// # Errors
    /// It is no config of a component, or one of another component.
    pub fn check_config(&self, bytes: &[u8]) -> Result<(), RegistryError> {
        let config: Config = serde_json::from_slice(bytes)
            .map_err(|error| RefusedBy::NotRead { what: "the config", reason: error.to_string() })?;
        // `wasip1` is a core module.
        if (&*config.architecture, &*config.os) != ("wasm", "wasip2") {
            return Err(RefusedBy::Platform(quoted(&format!("{}/{}", config.os, config.architecture))).into());
        }
        match config.layer_digests.iter().all(|digest| *digest == self.layer.digest) && config.layer_digests.len() <= 1
        {
            true => Ok(()),
            false => Err(RefusedBy::OtherLayer.into()),
        }
    }

    /// The bytes of a manifest and of its config. The same component, description and signatures give the same bytes, so
    /// pushing it again changes nothing: the time of creation is that of 1970.
    ///
    /// # Errors
    /// There are too many signatures, or one is empty or too long.
    pub fn write(
        component: &[u8],
        about: &Described,
        signatures: &[String],
    ) -> Result<(Vec<u8>, Vec<u8>), RegistryError> {
        check_signatures(signatures)?;
        let written = |error: serde_json::Error| RefusedBy::NotRead { what: "the config", reason: error.to_string() };
        let digest = Digest::of(component);
        let described = Component { exports: about.exports.clone(), imports: about.imports.clone(), target: None };
        let config = Config {
            created: "1970-01-01T00:00:00Z".into(),
            author: None,
            architecture: "wasm".into(),
            os: "wasip2".into(),
            layer_digests: vec![digest],
            component: Some(described),
        };
        let config = serde_json::to_vec(&config).map_err(written)?;
        let of = |media_type: &str, bytes: &[u8]| Descriptor {
            media_type: media_type.into(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            urls: Vec::new(),
        };
        let mut annotations = BTreeMap::new();
        if !signatures.is_empty() {
            annotations.insert(SIGNATURES.to_owned(), serde_json::to_string(signatures).map_err(written)?);
        }
        let document = Document {
            schema_version: 2,
            media_type: Some(MANIFEST.into()),
            config: Some(of(CONFIG, &config)),
            layers: Some(vec![of(LAYER, component)]),
            manifests: None,
            annotations,
        };
        Ok((serde_json::to_vec(&document).map_err(written)?, config))
    }
}

fn media_type_is(what: &'static str, found: Option<&str>, expected: &'static str) -> Result<(), RefusedBy> {
    match found {
        Some(found) if INDEXES.contains(&found) && expected == MANIFEST => Err(RefusedBy::Index),
        Some(found) if found != expected => Err(RefusedBy::MediaType { what, found: quoted(found), expected }),
        _ => Ok(()),
    }
}

fn sized(descriptor: &Descriptor, what: &'static str, most: u64) -> Result<(), RefusedBy> {
    match descriptor.size {
        _ if !descriptor.urls.is_empty() => Err(RefusedBy::Elsewhere { what }),
        0 => Err(RefusedBy::Empty { what }),
        size if size > most => Err(RefusedBy::TooLarge { what, most }),
        _ => Ok(()),
    }
}

fn signatures(text: &str) -> Result<Vec<String>, RefusedBy> {
    let read: Result<Vec<String>, _> = serde_json::from_str(text);
    let read = read.map_err(|_| RefusedBy::Signatures)?;
    check_signatures(&read)?;
    Ok(read)
}

fn check_signatures(texts: &[String]) -> Result<(), RefusedBy> {
    let is_one = |text: &String| (1..=MOST_SIGNATURE).contains(&text.len());
    match texts.len() <= MOST_SIGNATURES && texts.iter().all(is_one) {
        true => Ok(()),
        false => Err(RefusedBy::Signatures),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const MOST: u64 = 1 << 20;

    fn written() -> Value {
        let (manifest, _) = Manifest::write(b"component", &Described::default(), &[]).unwrap();
        serde_json::from_slice(&manifest).unwrap()
    }

    fn parse(document: &Value) -> Result<Manifest, RegistryError> {
        Manifest::parse(Some(MANIFEST), document.to_string().as_bytes(), MOST)
    }

    #[test]
    fn what_is_written_is_read_and_is_always_the_same() {
        let about = Described { imports: vec!["callsign:policy/senders@1.0.0".into()], exports: vec!["policy".into()] };
        let signatures = vec!["untrusted comment: x\nRW".to_owned(); MOST_SIGNATURES];
        let (bytes, config) = Manifest::write(b"component", &about, &signatures).unwrap();
        let manifest = Manifest::parse(Some(MANIFEST), &bytes, MOST).unwrap();
        assert_eq!((manifest.layer.digest, manifest.layer.size), (Digest::of(b"component"), 9));
        assert_eq!((manifest.config.digest, &manifest.signatures), (Digest::of(&config), &signatures));
        manifest.check_config(&config).unwrap();
        assert_eq!(Manifest::write(b"component", &about, &signatures).unwrap(), (bytes, config));
    }

    #[test]
    fn a_manifest_of_wkg_is_read() {
        // As wkg 0.16 writes it.
        let layer = Digest::of(b"component");
        let config = json!({
            "created": "2026-10-01T12:00:00.5Z", "author": null, "architecture": "wasm", "os": "wasip2", "layerDigests": [layer],
            "component": { "exports": ["callsign:policy/policy@1.0.0"], "imports": [], "target": null },
        })
        .to_string();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": { "mediaType": CONFIG, "digest": Digest::of(config.as_bytes()), "size": config.len() },
            "layers": [{ "mediaType": LAYER, "digest": layer, "size": 9 }],
            "annotations": { "org.opencontainers.image.version": "1.0.0" },
        });
        let manifest = parse(&manifest).unwrap();
        assert_eq!(manifest.signatures, Vec::<String>::new());
        manifest.check_config(config.as_bytes()).unwrap();
    }

    #[test]
    fn what_is_no_manifest_of_one_component_is_refused_with_its_reason() {
        let digest = Digest::of(b"");
        let with = |pointer: &str, value: Value| {
            let mut document = written();
            match document.pointer_mut(pointer) {
                Some(place) => *place = value,
                None => document[&pointer[1..]] = value,
            }
            document
        };
        let signed = |text: String| with("/annotations", json!({ SIGNATURES: text }));
        let layer = written()["layers"][0].clone();
        let mut elsewhere = layer.clone();
        elsewhere["urls"] = json!(["https://elsewhere.example/x"]);
        for (document, reason) in [
            (json!([]), "the manifest cannot be read"),
            (json!({ "schemaVersion": 2 }), "no config"),
            (with("/schemaVersion", json!(1)), "schema version 1"),
            (with("/mediaType", json!("text/html")), "the manifest is of the type \"text/html\""),
            (with("/mediaType", json!(INDEXES[0])), "an index"),
            (with("/mediaType", json!(INDEXES[1])), "an index"),
            (with("/manifests", json!([])), "an index"),
            (with("/config/mediaType", json!("application/vnd.oci.image.config.v1+json")), "the config is of the type"),
            (with("/config/digest", json!("sha512:00")), "sha256:"),
            (with("/config/size", json!(MOST_DOCUMENT + 1)), "the config has more than"),
            (with("/config/size", json!(-1)), "cannot be read"),
            (with("/layers", json!([])), "0 layers"),
            (with("/layers", json!([layer, layer])), "2 layers"),
            (
                with("/layers/0/mediaType", json!("application/vnd.oci.image.layer.v1.tar+gzip")),
                "the layer is of the type",
            ),
            (with("/layers/0/size", json!(0)), "the component is empty"),
            (with("/layers/0/size", json!(MOST + 1)), "the component has more than 1048576 bytes"),
            (with("/layers/0/size", json!(u64::MAX)), "the component has more than"),
            (with("/layers/0", elsewhere), "outside of the registry"),
            (signed("[]x".into()), "signatures"),
            (signed(json!([""]).to_string()), "signatures"),
            (signed(json!(vec!["x"; MOST_SIGNATURES + 1]).to_string()), "signatures"),
            (signed(json!(["x".repeat(MOST_SIGNATURE + 1)]).to_string()), "signatures"),
        ] {
            let refused = parse(&document).expect_err(reason).to_string();
            assert!(refused.contains(reason), "{refused:?} and not {reason:?}");
        }
        let sent = Manifest::parse(Some("text/html; charset=utf-8"), b"<html>", MOST).unwrap_err().to_string();
        assert!(sent.contains("\"text/html\""), "{sent}");
        let long = Manifest::parse(None, &vec![b' '; MOST_DOCUMENT as usize + 1], MOST).unwrap_err().to_string();
        assert!(long.contains("262144"), "{long}");
        let manifest = parse(&written()).unwrap();
        let config = |os: &str, layers: &[Digest]| {
            json!({ "architecture": "wasm", "os": os, "layerDigests": layers }).to_string()
        };
        for (config, reason) in [
            ("{".to_owned(), "the config cannot be read"),
            (config("linux", &[]), "\"linux/wasm\""),
            (config("wasip1", &[]), "\"wasip1/wasm\""),
            (config("wasip2", &[digest]), "another layer"),
            (config("wasip2", &[manifest.layer.digest, manifest.layer.digest]), "another layer"),
        ] {
            let refused = manifest.check_config(config.as_bytes()).expect_err(reason).to_string();
            assert!(refused.contains(reason), "{refused:?} and not {reason:?}");
        }
    }
}
