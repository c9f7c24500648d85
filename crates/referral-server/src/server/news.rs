//! News of codes and programs that other servers changed, for what this one remembers of them.

use std::time::Duration;

use actix_web::rt;
use actix_web::rt::task::JoinHandle;
use actix_web::rt::time::sleep;
use referral_app::App;
use referral_domain::port::{StoreError, chain};
use referral_postgres::{News, PgStore};

use super::stop::Stop;

/// How long to wait before listening again after the connection was lost. What is remembered lives 2 seconds in any case.
const LISTEN_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Listens until told to stop, again and again when the connection is lost.
pub(crate) fn start(app: &App, store: &PgStore, stop: &Stop) -> JoinHandle<()> {
    let (app, store, told) = (app.clone(), store.clone(), stop.told());
    rt::spawn(async move {
        tokio::pin!(told);
        loop {
            tokio::select! {
                () = &mut told => return,
                lost = listen(&app, &store) => quieten(lost),
            }
            sleep(LISTEN_AGAIN_AFTER).await;
        }
    })
}

/// Forgets each code and program of which there is news; anything may have changed while nobody listened.
async fn listen(app: &App, store: &PgStore) -> Result<(), StoreError> {
    let mut news = store.code_news().await?;
    app.forget_codes();
    loop {
        match news.next().await? {
            News::Code(book, folded) => app.forget_code(book, &folded),
            News::Program(slug) => app.forget_program(&slug),
        }
    }
}

/// The store says what it is away for to those who need it; here nothing is wrong but an age of up to 2 seconds.
fn quieten(lost: Result<(), StoreError>) {
    if let Err(error) = lost {
        tracing::debug!(error = chain(&error), "news of codes are not heard");
    }
}
