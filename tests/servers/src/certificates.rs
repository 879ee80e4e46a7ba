//! Certificates that a test makes, and the authority that signs them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};

/// An authority with a folder of its own, which has everything that it signs.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
    /// Its own certificate, in PEM.
    pub certificate: PathBuf,
}

/// A certificate and its key, in PEM.
#[derive(Debug, Clone)]
pub struct Certificate {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// A number that no other file of this process has.
fn number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Writes a file that only its user can read.
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

impl Authority {
    pub fn new() -> Self {
        let number = number();
        let folder = std::env::temp_dir().join(format!("callsign-authority-{}-{number}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, format!("authority {number} of a test"));
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let certificate = folder.join("authority.pem");
        write(&certificate, &issuer.pem());
        Self { issuer, folder, certificate }
    }

    /// A certificate for names and IP addresses.
    pub fn sign(&self, names: &[&str]) -> Certificate {
        self.sign_until(names, 2100)
    }

    /// One that ended years ago.
    pub fn sign_expired(&self, names: &[&str]) -> Certificate {
        self.sign_until(names, 2020)
    }

    fn sign_until(&self, names: &[&str], year: i32) -> Certificate {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "a server of a test");
        (params.not_before, params.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(year, 1, 1));
        let key = KeyPair::generate().unwrap();
        let number = number();
        let [certificate, private] =
            ["certificate", "key"].map(|kind| self.folder.join(format!("{kind}-{number}.pem")));
        write(&certificate, &params.signed_by(&key, &self.issuer).unwrap().pem());
        write(&private, &key.serialize_pem());
        Certificate { certificate, key: private }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
