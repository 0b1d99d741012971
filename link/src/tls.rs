//! Mutual TLS 1.3 between devices and cloud.
//!
//! TLS asks for X.509; each side wraps its own key in a self-signed certificate
//! that carries the Tidegate [`Certificate`] in an extension. The verifier believes
//! nothing of the wrapper but the key that the handshake proves: identity is what
//! the CA signed, bound to that key. X.509 names, addresses and dates are not
//! looked at; expiry is held against our own floor by the [`Gate`]. No verifier
//! here answers "ok" unseen.

use crate::fault::LinkError;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use minicbor::{Decode, Encode};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, OtherError, ServerConfig,
    SignatureScheme,
};
use std::sync::Arc;
use tidegate_core::seal::PublicKey;
use tidegate_core::trust::{Certificate, Identity, OneTimeCode, Role, TrustFault};

/// Arcs of the extension: the UUID arc with a number of our own.
const EXTENSION: &[u64] = &[2, 25, 7_318_114_402_966_041_531];
const EXTENSION_TEXT: &str = "2.25.7318114402966041531";
/// The largest extension read: a certificate is some 200 bytes.
const MAX_EXTENSION_BYTES: usize = 4_096;

/// Who we are on the link.
pub struct Own {
    /// Our certificate.
    pub certificate: Certificate,
    /// The CA that signed it, and that must have signed the other side's.
    pub ca: PublicKey,
    /// The key in it.
    pub key: SigningKey,
}

/// Decides who may connect, beyond a valid signature of the CA.
pub trait Gate: Send + Sync {
    /// Whether a device with this identity may connect now.
    fn admit(&self, identity: &Identity) -> Result<(), TrustFault>;
}

/// The other side of a connection, as a handler finds it: `None` connected without a certificate.
#[derive(Clone, Debug)]
pub struct Peer(pub Option<Identity>);

#[derive(Encode, Decode)]
struct Wrapped {
    #[n(0)]
    ca: PublicKey,
    #[n(1)]
    certificate: Certificate,
}

/// Whom a client expects at the other end.
pub enum Expect {
    /// A cloud server of our installation.
    Cloud,
    /// A device of our event, or a cloud server.
    Peer(Arc<dyn Gate>),
}

/// The TLS of a server. `strangers` may connect without a certificate, to enrol.
pub fn server_config(own: &Own, gate: Arc<dyn Gate>, strangers: bool) -> Result<Arc<ServerConfig>, LinkError> {
    let provider = provider();
    let algorithms = provider.signature_verification_algorithms;
    let verifier = DeviceVerifier { ca: own.ca, gate, strangers, algorithms };
    let (chain, key) = wrap(own)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .and_then(|b| b.with_client_cert_verifier(Arc::new(verifier)).with_single_cert(chain, key))
        .map_err(|e| LinkError::Setup(e.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The TLS of a client with a certificate.
pub fn client_config(own: &Own, expect: Expect) -> Result<ClientConfig, LinkError> {
    let trust = match expect {
        Expect::Cloud => Trust::Cloud(own.ca),
        Expect::Peer(gate) => Trust::Peer(own.ca, gate),
    };
    let (chain, key) = wrap(own)?;
    client(trust)?.with_client_auth_cert(chain, key).map_err(|e| LinkError::Setup(e.to_string()))
}

/// The TLS of a device that enrols: only the cloud that the code was made for.
pub fn enrolling_config(code: &OneTimeCode) -> Result<ClientConfig, LinkError> {
    Ok(client(Trust::Pinned(code.clone()))?.with_no_client_auth())
}

type Wanting = rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

fn client(trust: Trust) -> Result<Wanting, LinkError> {
    let provider = provider();
    let verifier = ServerVerifier { trust, algorithms: provider.signature_verification_algorithms };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| LinkError::Setup(e.to_string()))?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn wrap(own: &Own) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), LinkError> {
    let fail = |e: &dyn std::fmt::Display| LinkError::Setup(e.to_string());
    let pkcs8 = own.key.to_pkcs8_der().map_err(|e| fail(&e))?;
    let der = PrivatePkcs8KeyDer::from(pkcs8.as_bytes().to_vec());
    let pair = rcgen::KeyPair::try_from(&der).map_err(|e| fail(&e))?;
    let wrapped = Wrapped { ca: own.ca, certificate: own.certificate.clone() };
    let content = octet_string(&minicbor::to_vec(&wrapped).unwrap_or_default()); // to a vector: cannot fail
    let mut params = rcgen::CertificateParams::new(vec!["tidegate".to_owned()]).map_err(|e| fail(&e))?;
    params.custom_extensions.push(rcgen::CustomExtension::from_oid_content(EXTENSION, content));
    let certificate = params.self_signed(&pair).map_err(|e| fail(&e))?;
    Ok((vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(der)))
}

/// DER of an octet string, in the two-byte length form that fits all we write.
fn octet_string(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u16).to_be_bytes(); // some 200 bytes
    [&[0x04, 0x82, length[0], length[1]][..], content].concat()
}

/// The identity in a wrapper, if its CA signed it for the key that the handshake proves.
pub(crate) fn identity(der: &CertificateDer<'_>) -> Result<(PublicKey, Identity), TrustFault> {
    let (_, x509) = x509_parser::parse_x509_certificate(der).map_err(|_| TrustFault::Unreadable)?;
    let extension = x509.extensions().iter().find(|e| e.oid.to_id_string() == EXTENSION_TEXT);
    let content = extension.map(|e| e.value).filter(|v| v.len() <= MAX_EXTENSION_BYTES);
    let cbor = content.and_then(|v| v.get(4..)).ok_or(TrustFault::Unreadable)?;
    let wrapped: Wrapped = minicbor::decode(cbor).map_err(|_| TrustFault::Unreadable)?;
    let identity = wrapped.certificate.open(&wrapped.ca)?;
    let proven: &[u8] = &x509.public_key().subject_public_key.data;
    if proven == identity.key.0 { Ok((wrapped.ca, identity)) } else { Err(TrustFault::Signature) }
}

fn refuse(fault: TrustFault) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(fault))))
}

/// What a server asks of those who connect.
struct DeviceVerifier {
    ca: PublicKey,
    gate: Arc<dyn Gate>,
    strangers: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl std::fmt::Debug for DeviceVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceVerifier")
    }
}

impl ClientCertVerifier for DeviceVerifier {
    fn client_auth_mandatory(&self) -> bool {
        !self.strangers
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let (ca, identity) = identity(end_entity).map_err(refuse)?;
        if ca != self.ca {
            return Err(refuse(TrustFault::Signature));
        }
        self.gate.admit(&identity).map_err(refuse)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

enum Trust {
    Cloud(PublicKey),
    Peer(PublicKey, Arc<dyn Gate>),
    Pinned(OneTimeCode),
}

impl Trust {
    fn check(&self, ca: PublicKey, identity: &Identity) -> Result<(), TrustFault> {
        let is_cloud = identity.role == Role::Cloud;
        match self {
            Self::Cloud(ours) | Self::Peer(ours, _) if *ours != ca => Err(TrustFault::Signature),
            Self::Pinned(code) if !code.pins(&ca) => Err(TrustFault::Signature),
            Self::Cloud(_) | Self::Pinned(_) if !is_cloud => Err(TrustFault::Role),
            Self::Cloud(_) | Self::Pinned(_) => Ok(()),
            Self::Peer(_, gate) => gate.admit(identity),
        }
    }
}

/// What a client asks of the server it reached.
struct ServerVerifier {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
}

impl std::fmt::Debug for ServerVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerVerifier")
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let (ca, identity) = identity(end_entity).map_err(refuse)?;
        self.trust.check(ca, &identity).map_err(refuse)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
