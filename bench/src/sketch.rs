//! L: the least that a lane could cost. It is the design's sketch (`sketch/lane.rs`), from which the target of W3 was
//! written: concurrent single events are one unit, which stores each event once and adds up a total a person, and
//! nothing else, in one statement that commits by itself. No key is checked, no rule asked, nobody rewarded.

use std::net::SocketAddr;

use actix_web::rt::{System, spawn};
use actix_web::web::{self, Data, Json};
use actix_web::{App, HttpResponse, HttpServer, error};
use anyhow::Result;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

/// The most events of a unit.
const LARGEST: usize = 512;

/// How many may wait.
const ROOM: usize = 4_096;

/// An event, and whoever waits until it is stored.
struct Waiting {
    source: String,
    person: String,
    stored: oneshot::Sender<()>,
}

/// One call of a function for the whole unit, prepared once.
#[derive(Default)]
struct Record {
    sources: Vec<String>,
    people: Vec<String>,
    amounts: Vec<i64>,
}

impl QueryId for Record {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Record {
    type SqlType = BigInt;
}

impl QueryFragment<Pg> for Record {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT l_record(");
        out.push_bind_param::<Array<Text>, _>(&self.sources)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.people)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.amounts)?;
        out.push_sql(")");
        Ok(())
    }
}

/// Takes whatever waits, stores it as one unit, answers each. When the store fails, whoever waits hears so by the channel.
async fn lane(mut connection: AsyncPgConnection, mut queue: mpsc::Receiver<Waiting>) -> Result<()> {
    let mut waiting = Vec::with_capacity(LARGEST);
    while queue.recv_many(&mut waiting, LARGEST).await > 0 {
        let mut unit = Record::default();
        let mut callers = Vec::with_capacity(waiting.len());
        for Waiting { source, person, stored } in waiting.drain(..) {
            unit.sources.push(source);
            unit.people.push(person);
            unit.amounts.push(1);
            callers.push(stored);
        }
        unit.get_result::<i64>(&mut connection).await?;
        for caller in callers {
            // A caller who left is no reason to fail the others.
            _ = caller.send(());
        }
    }
    Ok(())
}

async fn spend(lane: Data<mpsc::Sender<Waiting>>, event: Json<Value>) -> actix_web::Result<HttpResponse> {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let (stored, answer) = oneshot::channel();
    let waiting = Waiting { source: text("source_id"), person: text("user_id"), stored };
    lane.send(waiting).await.map_err(error::ErrorInternalServerError)?;
    answer.await.map_err(error::ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(json!({"source_id": event["source_id"], "outcome": "counted"})))
}

/// Serves L until it is killed.
pub(crate) fn serve(address: SocketAddr, database: &str) -> Result<()> {
    System::new().block_on(async {
        let (sender, queue) = mpsc::channel(ROOM);
        let connection = AsyncPgConnection::establish(database).await?;
        let lane = spawn(lane(connection, queue));
        let app = move || {
            App::new().app_data(Data::new(sender.clone())).route("/api/events/spend", web::post().to(spend))
        };
        HttpServer::new(app).workers(2).bind(address)?.run().await?;
        lane.await?
    })
}
