//! Who asks about whom, within the quota of calls a user has.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use referral_app::App;
use referral_domain::reference::{HostId, Slug};

use super::refusal::Explain as _;
use crate::auth::{AnyUser, Caller, Subject, TokenIdentity};
use crate::form::Query;
use crate::problem::{Problem, ProblemCode};

/// A [`Subject`] whose call was counted: 600 a minute for a user, none for a service.
#[derive(Debug, Clone)]
pub struct Asking(pub Subject);

impl Asking {
    /// The program asked about.
    #[must_use]
    pub const fn program(&self) -> &Slug {
        self.0.program()
    }

    /// The user asked about.
    #[must_use]
    pub const fn user(&self) -> &HostId {
        &self.0.user_id
    }

    /// What else stands in the query.
    #[must_use]
    pub const fn query(&self) -> &Query {
        &self.0.query
    }
}

impl FromRequest for Asking {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (app, subject) = (app(request), Subject::from_request(request, payload));
        Box::pin(async move {
            let (app, subject) = (app?, subject.await?);
            if let Caller::User(identity) = &subject.caller {
                admit(&app, identity).await?;
            }
            Ok(Self(subject))
        })
    }
}

/// A user whose call was counted.
#[derive(Debug, Clone)]
pub struct CountedUser(pub TokenIdentity);

impl FromRequest for CountedUser {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (app, user) = (app(request), AnyUser::from_request(request, payload));
        Box::pin(async move {
            let (app, AnyUser(identity)) = (app?, user.await?);
            admit(&app, &identity).await?;
            Ok(Self(identity))
        })
    }
}

async fn admit(app: &App, identity: &TokenIdentity) -> Result<(), Problem> {
    let admitted = app.admit_user_call(&identity.program, &identity.user_id).await;
    admitted.map_err(|throttled| throttled.problem(app.now()))
}

fn app(request: &HttpRequest) -> Result<web::Data<App>, Problem> {
    request.app_data::<web::Data<App>>().cloned().ok_or_else(|| Problem::new(ProblemCode::Internal))
}
