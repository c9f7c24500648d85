//! The whole shell: every endpoint, and what they share.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use async_trait::async_trait;
use referral_app::App;
use referral_domain::auth::ApiKey;
use referral_domain::id::ApiKeyId;
use referral_domain::port::{Clock, StoreError};
use referral_domain::time::Timestamp;

use crate::auth::{Gate, KeyDirectory, Tokens};
use crate::client::TrustedProxies;
use crate::edge::EdgeConfig;
use crate::openapi::Document;
use crate::resource::{self, code::Links};

/// What every worker of a server shares. Wrap the app in [`crate::edge::edge`] and configure it with [`Shell::mount`]:
///
/// ```text
/// App::new().wrap(from_fn(edge)).configure(|config| shell.mount(config))
/// ```
#[derive(Clone)]
pub struct Shell {
    app: Data<App>,
    gate: Data<Gate>,
    edge: Data<EdgeConfig>,
    proxies: Data<TrustedProxies>,
    links: Data<Links>,
    document: Data<Document>,
}

impl Shell {
    /// A shell around an application.
    #[must_use]
    pub fn new(
        app: App,
        tokens: Tokens,
        clock: Arc<dyn Clock>,
        edge: EdgeConfig,
        proxies: TrustedProxies,
        links: Links,
    ) -> Self {
        let gate = Gate::new(tokens, Arc::new(Keys(app.clone())), clock);
        Self {
            app: Data::new(app),
            gate: Data::new(gate),
            edge: Data::new(edge),
            proxies: Data::new(proxies),
            links: Data::new(links),
            document: Data::new(resource::document()),
        }
    }

    /// Mounts every endpoint with what it needs.
    pub fn mount(&self, config: &mut ServiceConfig) {
        config
            .app_data(self.app.clone())
            .app_data(self.gate.clone())
            .app_data(self.edge.clone())
            .app_data(self.proxies.clone())
            .app_data(self.links.clone())
            .app_data(self.document.clone());
        resource::mount(config);
    }
}

/// API keys, as the store has them.
struct Keys(App);

#[async_trait]
impl KeyDirectory for Keys {
    async fn find(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        self.0.reports().api_key(hash).await
    }

    async fn used(&self, id: ApiKeyId, _: Timestamp) -> Result<(), StoreError> {
        self.0.touch_api_key(id).await
    }
}
