//! TLS: whom to trust, and the driver's connector with a tap on its stream.

use std::sync::Arc;

use referral_domain::port::{BoxError, StoreError};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::failure::unavailable;
use crate::location::{Location, Roots, Security};
use crate::wire::{Tapped, Wire};

/// What is trusted, as the location asks.
pub(crate) fn client(location: &Location) -> Result<ClientConfig, StoreError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(unavailable)?;
    let builder = match location.security {
        Security::VerifyFull => builder.with_root_certificates(roots(&location.roots)?),
        Security::VerifyCa => {
            let roots = Arc::new(roots(&location.roots)?);
            let chain =
                WebPkiServerVerifier::builder_with_provider(roots, provider).build().map_err(unavailable)?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyHost(chain)))
        }
        Security::Plain | Security::Prefer | Security::Require => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyServer(provider)))
        }
    };
    Ok(builder.with_no_client_auth())
}

fn roots(from: &Roots) -> Result<RootCertStore, StoreError> {
    let path = match from {
        Roots::Web => return Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()),
        Roots::File(path) => path,
    };
    let mut store = RootCertStore::empty();
    let unread = |error| unavailable(format!("{} cannot be read ({error})", path.display()));
    for certificate in CertificateDer::pem_file_iter(path).map_err(unread)? {
        store.add(certificate.map_err(unread)?).map_err(unavailable)?;
    }
    if store.is_empty() {
        return Err(unavailable(format!("{} holds no certificate", path.display())));
    }
    Ok(store)
}

/// `verify-ca`: the chain is checked, the name is not.
#[derive(Debug)]
struct AnyHost(Arc<WebPkiServerVerifier>);

/// `require` and `prefer`: encrypted, whoever is there.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyHost {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.0.verify_server_cert(end, chain, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        end: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, end, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        end: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, end, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        end: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, end, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        end: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, end, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The driver's connector for one host, with a tap above the encryption.
pub(crate) struct TappedTls<C> {
    connector: C,
    wire: Arc<Wire>,
}

/// A connector to this host.
pub(crate) fn connector<S>(
    client: &ClientConfig,
    host: &str,
    wire: Arc<Wire>,
) -> Result<TappedTls<<MakeRustlsConnect as MakeTlsConnect<S>>::TlsConnect>, StoreError>
where
    MakeRustlsConnect: MakeTlsConnect<S>,
    <MakeRustlsConnect as MakeTlsConnect<S>>::Error: Into<BoxError>,
{
    let mut make = MakeRustlsConnect::new(client.clone());
    let connector = MakeTlsConnect::<S>::make_tls_connect(&mut make, host).map_err(unavailable)?;
    Ok(TappedTls { connector, wire })
}

impl<S, C> TlsConnect<S> for TappedTls<C>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: TlsConnect<S>,
    C::Stream: Unpin,
    C::Future: Send + 'static,
{
    type Stream = Tapped<C::Stream>;
    type Error = C::Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Stream, Self::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let Self { connector, wire } = self;
        let connecting = connector.connect(stream);
        Box::pin(async move { Ok(Tapped::new(connecting.await?, wire)) })
    }
}
