//! Whether and how connections to a store are encrypted, and what is checked of the server.

use std::fmt;
use std::path::{Path, PathBuf};

use callsign_private::FileError;

use crate::error::AddressError;
use crate::text::encode_value;

/// What a connection asks of TLS, in the words of libpq.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS if the server has it, else none. Keeps out who only listens, and nobody who answers in the server's place.
    Prefer,
    /// TLS, or no connection. The certificate is checked only if `sslrootcert` names who signs it, as by `VerifyCa`.
    Require,
    /// TLS, with a certificate that a trusted authority signed, whatever name it has.
    VerifyCa,
    /// TLS, with a certificate that a trusted authority signed for the host that the address names.
    VerifyFull,
}

impl SslMode {
    const ALL: [Self; 5] = [Self::Disable, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    /// The mode's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// Who is trusted to sign certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    /// The authorities that this machine trusts. They are where the operator has put the company's own.
    System,
    /// Those in a PEM file, and no others.
    File(PathBuf),
}

/// The certificate that this client shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// A PEM file with the certificate and those that it is signed by.
    pub certificate: PathBuf,
    /// A PEM file with the certificate's private key, closed to others.
    pub key: PathBuf,
}

/// TLS to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tls {
    /// `sslmode`: what is asked.
    pub mode: SslMode,
    /// `sslrootcert`: who signs the server's certificate. `None` is the system's for the modes that check it. `system` says
    /// so, and asks for `verify-full`.
    pub roots: Option<Roots>,
    /// `sslcert` and `sslkey`: the certificate of this client, if the server wants one.
    pub identity: Option<Identity>,
}

/// The options of TLS while an address is read.
#[derive(Debug, Default)]
pub(crate) struct TlsOptions {
    mode: Option<SslMode>,
    roots: Option<Roots>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl TlsOptions {
    pub(crate) fn is_empty(&self) -> bool {
        self.mode.is_none() && self.roots.is_none() && self.certificate.is_none() && self.key.is_none()
    }

    /// Takes an option; `false` if it is not one of TLS.
    pub(crate) fn take(&mut self, name: &str, value: &str) -> Result<bool, AddressError> {
        match name {
            "sslmode" => {
                let mode = SslMode::ALL.into_iter().find(|mode| mode.as_str() == value);
                let expected = ": expected disable, prefer, require, verify-ca or verify-full";
                self.mode = Some(mode.ok_or(AddressError::Value { option: "sslmode", expected })?);
            }
            "sslrootcert" if value == "system" => self.roots = Some(Roots::System),
            "sslrootcert" => self.roots = Some(Roots::File(path("sslrootcert", value)?)),
            "sslcert" => self.certificate = Some(path("sslcert", value)?),
            "sslkey" => self.key = Some(path("sslkey", value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(crate) fn tls(self, default: SslMode) -> Result<Tls, AddressError> {
        let is_system = self.roots == Some(Roots::System);
        let mode = self.mode.unwrap_or(if is_system { SslMode::VerifyFull } else { default });
        if is_system && mode != SslMode::VerifyFull {
            // As libpq: anybody can have a certificate of a public authority for some name.
            return Err(AddressError::Options("sslrootcert=system needs sslmode=verify-full"));
        }
        let identity = match (self.certificate, self.key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
            _ => return Err(AddressError::Options("sslcert and sslkey belong together: give both, or neither")),
        };
        Ok(Tls { mode, roots: self.roots, identity })
    }
}

fn path(option: &'static str, value: &str) -> Result<PathBuf, AddressError> {
    match value {
        "" => Err(AddressError::Value { option, expected: ": expected the path of a PEM file" }),
        value => Ok(value.into()),
    }
}

impl Tls {
    /// Writes the options as the query of an address, unless they are the default. Returns the mark for the next option.
    pub(crate) fn write_options(
        &self,
        f: &mut fmt::Formatter<'_>,
        default: SslMode,
        mut mark: char,
    ) -> Result<char, fmt::Error> {
        let mut write = |f: &mut fmt::Formatter<'_>, name: &str, value: &str| {
            let written = write!(f, "{mark}{name}={}", encode_value(value));
            mark = '&';
            written
        };
        if self.mode != default {
            write(f, "sslmode", self.mode.as_str())?;
        }
        let shown = |path: &Path| path.to_string_lossy().into_owned();
        match &self.roots {
            None => {}
            Some(Roots::System) => write(f, "sslrootcert", "system")?,
            Some(Roots::File(path)) => write(f, "sslrootcert", &shown(path))?,
        }
        if let Some(Identity { certificate, key }) = &self.identity {
            write(f, "sslcert", &shown(certificate))?;
            write(f, "sslkey", &shown(key))?;
        }
        Ok(mark)
    }
}

/// Why TLS cannot be spoken as an address asks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file that is not used.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file that has no certificate.
    #[error("{path} has no certificate in PEM", path = path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A certificate or a key that cannot be used.
    #[error("{path} cannot be used: {reason}", path = path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The system trusts nobody, as in a container without certificates.
    #[error("this system has no certificates of authorities; install them, or name a file with sslrootcert")]
    NoRoots,
    /// Anything else.
    #[error("{0}")]
    Refused(String),
}

#[cfg(feature = "tls")]
mod client {
    use std::fs::File;
    use std::io::Read;
    use std::path::Path;
    use std::sync::Arc;

    use callsign_private::{FileError, file};
    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
    use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
    use rustls::server::ParsedCertificate;
    use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

    use super::{Identity, Roots, SslMode, Tls, TlsError};

    impl Tls {
        /// The client: TLS 1.2 and 1.3, offering these protocols. Reads the files that it names.
        ///
        /// # Errors
        /// A file cannot be read, is too open, or is not what it should be; the system has no roots.
        pub fn client(&self, protocols: &[&[u8]]) -> Result<ClientConfig, TlsError> {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let refused = |error: Error| TlsError::Refused(error.to_string());
            let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
                .map_err(refused)?;
            let builder = match self.verifier(&provider)? {
                Some(verifier) => builder.dangerous().with_custom_certificate_verifier(verifier),
                None => builder.with_root_certificates(RootCertStore::empty()),
            };
            let mut config = match &self.identity {
                None => builder.with_no_client_auth(),
                Some(Identity { certificate, key }) => {
                    let chain = certificates(certificate)?;
                    let unusable = |error: String| TlsError::Unusable { path: key.clone(), reason: error };
                    let private = PrivateKeyDer::from_pem_slice(&file::read_secret(key)?);
                    let private = private.map_err(|error| unusable(error.to_string()))?;
                    builder.with_client_auth_cert(chain, private).map_err(|error| unusable(error.to_string()))?
                }
            };
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            Ok(config)
        }

        /// What checks the server's certificate; `None` for no TLS.
        fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Option<Arc<dyn ServerCertVerifier>>, TlsError> {
            let algorithms = provider.signature_verification_algorithms;
            let roots = match (&self.roots, self.mode) {
                (_, SslMode::Disable) => return Ok(None),
                (None, SslMode::Prefer | SslMode::Require) => {
                    return Ok(Some(Arc::new(AnyName { roots: None, algorithms })));
                }
                (None | Some(Roots::System), _) => system_roots()?,
                (Some(Roots::File(path)), _) => {
                    let mut roots = RootCertStore::empty();
                    for certificate in certificates(path)? {
                        let unusable =
                            |error: Error| TlsError::Unusable { path: path.clone(), reason: error.to_string() };
                        roots.add(certificate).map_err(unusable)?;
                    }
                    roots
                }
            };
            if self.mode < SslMode::VerifyFull {
                return Ok(Some(Arc::new(AnyName { roots: Some(roots), algorithms })));
            }
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
            Ok(Some(verifier.map_err(|error| TlsError::Refused(error.to_string()))?))
        }
    }

    fn system_roots() -> Result<RootCertStore, TlsError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() { Err(TlsError::NoRoots) } else { Ok(roots) }
    }

    /// The certificates of a PEM file. They are no secret, so the file may be open to others.
    fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let mut bytes = Vec::new();
        File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(FileError::io(path))?;
        let found = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
        let found = found.map_err(|error| TlsError::Unusable { path: path.to_owned(), reason: error.to_string() })?;
        if found.is_empty() { Err(TlsError::NoCertificate { path: path.to_owned() }) } else { Ok(found) }
    }

    /// Takes a certificate of any name that one of the roots signed, and without roots any certificate. That the server has
    /// its key is always checked.
    #[derive(Debug)]
    struct AnyName {
        roots: Option<RootCertStore>,
        algorithms: WebPkiSupportedAlgorithms,
    }

    impl ServerCertVerifier for AnyName {
        fn verify_server_cert(
            &self,
            certificate: &CertificateDer<'_>,
            intermediates: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            now: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            if let Some(roots) = &self.roots {
                let certificate = ParsedCertificate::try_from(certificate)?;
                let algorithms = self.algorithms.all;
                verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
            }
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls12_signature(message, certificate, signature, &self.algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls13_signature(message, certificate, signature, &self.algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.algorithms.supported_schemes()
        }
    }
}
