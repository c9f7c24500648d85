//! A server in a test: the real shell, a store and a limiter in memory, time and ids that can be foreseen.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::Service as _;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App as ActixApp, HttpResponse};
use futures_util::future::LocalBoxFuture;
use referral_app::{App, CreateApiKey, Limits, NewApiKey, Parts};
use referral_domain::audit::Actor;
use referral_domain::auth::Scope;
use referral_domain::identity::IdentityKey;
use referral_domain::port::{Inserted, Store as _};
use referral_domain::program::Program;
use referral_domain::time::{SECOND, Timestamp};
use referral_memory::{MemoryLimiter, MemoryStore};
use referral_rails::{CsvTable, PaypalFile};
use referral_testkit::build::{a_program, slug};
use referral_testkit::fake::{FakeClock, SeededChance, SeededIds};
use serde_json::{Value, json};

use super::Speaker;
use super::token::{self, tokens};
use crate::auth::TokenPolicy;
use crate::client::TrustedProxies;
use crate::edge::{CorsPolicy, EdgeConfig, REQUEST_TIMEOUT, edge};
use crate::openapi::Document;
use crate::resource::code::Links;
use crate::shell::Shell;

/// The origin of the host's own pages, the one that is on the list.
pub(super) const ORIGIN: &str = "https://app.example.com";

type Call = Box<dyn Fn(TestRequest) -> LocalBoxFuture<'static, HttpResponse>>;

/// A running server. Clones are the same one.
#[derive(Clone)]
pub(super) struct TestApp(Rc<Inner>);

struct Inner {
    app: App,
    clock: Arc<FakeClock>,
    store: MemoryStore,
    document: Document,
    call: Call,
}

impl TestApp {
    /// A server with the usual limits and the program `default`, in USD.
    pub(super) async fn start() -> Self {
        Self::with_limits(Some(Limits::default())).await
    }

    /// A server that counts nobody's calls, for tables longer than a quota.
    pub(super) async fn unlimited() -> Self {
        Self::with_limits(None).await
    }

    async fn with_limits(limits: Option<Limits>) -> Self {
        let (clock, store) = (Arc::new(FakeClock::default()), MemoryStore::new());
        let app = App::new(Parts {
            store: Arc::new(store.clone()),
            reports: Arc::new(store.clone()),
            limiter: Arc::new(MemoryLimiter::default()),
            clock: clock.clone(),
            ids: Arc::new(SeededIds::from_seed(1)),
            chance: Arc::new(SeededChance::from_seed(1)),
            identity: IdentityKey::new(&[7; 32]).expect("32 bytes"),
            limits,
        });
        let app = app.with_rails(vec![Box::new(CsvTable), Box::new(PaypalFile)]);
        let call = service(app.clone(), clock.clone()).await;
        let document = crate::resource::document();
        let this = Self(Rc::new(Inner { app, clock, store, document, call }));
        this.insert(&a_program().build()).await;
        this
    }

    /// Stores one more program.
    pub(super) async fn insert(&self, program: &Program) {
        let mut unit = self.0.store.begin().await.expect("a unit");
        assert_eq!(unit.programs().insert(program).await.expect("stored"), Inserted::New);
        unit.commit().await.expect("committed");
    }

    /// Somebody without credentials.
    pub(super) fn anonymous(&self) -> Speaker {
        Speaker::new(self.clone(), None)
    }

    /// A user with a fresh token that says no more than who they are and that they signed up just now.
    pub(super) fn user(&self, id: &str) -> Speaker {
        self.user_with(id, json!({}))
    }

    /// The same with these claims laid over the usual ones; null takes one away.
    pub(super) fn user_with(&self, id: &str, claims: Value) -> Speaker {
        self.bearer(&token::token(&self.claims(id, claims)))
    }

    /// Somebody with this token, whatever it is.
    pub(super) fn bearer(&self, token: &str) -> Speaker {
        Speaker::new(self.clone(), Some(("authorization", format!("Bearer {token}"))))
    }

    /// The claims of a fresh token.
    pub(super) fn claims(&self, id: &str, changes: Value) -> Value {
        let now = self.now().micros() / SECOND;
        let mut claims = json!({"sub": id, "iat": now, "exp": now + 600, "created_at": now});
        let map = claims.as_object_mut().expect("an object");
        map.extend(changes.as_object().expect("an object").clone());
        map.retain(|_, value| !value.is_null());
        claims
    }

    /// A service of the program `default` with a new key.
    pub(super) async fn service(&self, scopes: &[Scope]) -> Speaker {
        self.service_of("default", scopes).await
    }

    /// A service of another program. The key's first use, which is noted, is behind it.
    pub(super) async fn service_of(&self, program: &str, scopes: &[Scope]) -> Speaker {
        let speaker = self.key(&self.new_key(program, scopes, None).await.key);
        speaker.get("/api/referral/stats").await;
        speaker
    }

    /// The host's own server: every scope.
    pub(super) async fn host(&self) -> Speaker {
        self.service(Scope::ALL).await
    }

    /// Somebody with this API key, whatever it is.
    pub(super) fn key(&self, key: &str) -> Speaker {
        Speaker::new(self.clone(), Some(("x-api-key", key.to_owned())))
    }

    pub(super) async fn new_key(
        &self,
        program: &str,
        scopes: &[Scope],
        expires_at: Option<Timestamp>,
    ) -> NewApiKey {
        let (program, name) = (slug(program), "a test".to_owned());
        let command =
            CreateApiKey { program, name, scopes: scopes.to_vec(), expires_at, by: Actor::command_line() };
        self.0.app.create_api_key(&command, None).await.expect("a key").fresh().expect("made now")
    }

    pub(super) fn app(&self) -> &App {
        &self.0.app
    }

    pub(super) fn store(&self) -> &MemoryStore {
        &self.0.store
    }

    pub(super) fn document(&self) -> &Document {
        &self.0.document
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        use referral_domain::port::Clock as _;
        self.0.clock.now()
    }

    /// Lets time pass.
    pub(super) fn wait(&self, micros: i64) {
        self.0.clock.advance(micros);
    }

    /// Everything that is stored, as text: equal texts, nothing was stored in between.
    pub(super) fn stored(&self) -> String {
        format!("{:?}", self.0.store)
    }

    pub(super) async fn call(&self, request: TestRequest) -> HttpResponse {
        (self.0.call)(request).await
    }
}

async fn service(app: App, clock: Arc<FakeClock>) -> Call {
    let config = EdgeConfig {
        cors: CorsPolicy::parse(ORIGIN).expect("an origin"),
        https: true,
        timeout: REQUEST_TIMEOUT,
        ids: Arc::new(SeededIds::from_seed(2)),
    };
    let tokens = tokens(TokenPolicy { honour_roles: true, ..TokenPolicy::default() });
    let proxies = TrustedProxies::parse("10.0.0.0/8").expect("a network");
    let links = Links { public_url: "https://ref.example.com".to_owned() };
    let shell = Shell::new(app, tokens, clock, config, proxies, links);
    let actix = ActixApp::new().wrap(from_fn(edge)).configure(move |config| shell.mount(config));
    let service = Rc::new(init_service(actix).await);
    Box::new(move |request: TestRequest| {
        let service = Rc::clone(&service);
        Box::pin(async move {
            match service.call(request.to_request()).await {
                Ok(reply) => reply.into_parts().1.map_into_boxed_body(),
                Err(error) => error.error_response(),
            }
        })
    })
}
