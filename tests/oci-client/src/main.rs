//! Whether what Callsign pushes is what `oci-client` and `oci-wasm` read, which `wkg` is made of, and the other way round. Its arguments
//! are the host of a registry in plain HTTP and a component.

use anyhow::{Context, Result, ensure};
use callsign_registry::{Client, Credentials, Described, Options, Reference};
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use oci_wasm::{WasmClient, WasmConfig};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let [host, file] = std::env::args().skip(1).collect::<Vec<_>>().try_into().ok().context("HOST FILE")?;
    let component = std::fs::read(&file)?;
    // No connection of this program has TLS, and its HTTP client does not start without.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut options = Options::default();
    options.plain_http = true;
    options.credentials = Credentials::Nowhere;
    let own = Client::new(options)?;
    let protocol = ClientProtocol::HttpsExcept(vec![host.clone()]);
    let peer = WasmClient::new(oci_client::Client::new(ClientConfig { protocol, ..ClientConfig::default() }));

    let ours = format!("{host}/peer/ours:1.0.0");
    let signatures = ["untrusted comment: a signature".to_owned()];
    let digest = own.push(&ours.parse::<Reference>()?, &component, &Described::default(), &signatures)?;
    let reference = ours.parse()?;
    let image = peer.pull(&reference, &RegistryAuth::Anonymous).await?;
    ensure!(image.layers[0].data == component && image.digest == Some(digest.to_string()), "{:?}", image.digest);
    let (_, config, _) = peer.pull_manifest_and_config(&reference, &RegistryAuth::Anonymous).await?;
    ensure!((&*config.architecture, &*config.os) == ("wasm", "wasip2"), "{config:?}");
    println!("what Callsign pushes, oci-wasm pulls: {digest}");

    let theirs = format!("{host}/peer/theirs:1.0.0");
    let (config, layer) = WasmConfig::from_raw_component(component.clone(), None)?;
    peer.push(&theirs.parse()?, &RegistryAuth::Anonymous, layer, config, None).await?;
    let pulled = own.pull(&theirs.parse()?)?;
    ensure!(pulled.component == component && pulled.signatures.is_empty(), "{}", pulled.digest);
    println!("what oci-wasm pushes, Callsign pulls: {}", pulled.digest);
    Ok(())
}
