//! Servers that share a database, asked in turn.

use std::sync::Barrier;
use std::thread;

use crate::home::{Home, holds};
use crate::host::Host;
use crate::http::{Connection, Reply, Request};
use crate::server::Server;

/// So many servers, and a host with one key for all of them.
pub(super) struct Fleet {
    pub(super) servers: Vec<Server>,
    pub(super) hosts: Vec<Host>,
}

impl Fleet {
    pub(super) fn start(home: &Home, count: usize) -> Self {
        let servers: Vec<Server> = (0..count).map(|_| Server::start(home)).collect();
        let host = Host::of(&servers[0]);
        let hosts = servers.iter().map(|server| host.at(server)).collect();
        Self { servers, hosts }
    }

    /// The host, as it calls the server whose turn it is.
    pub(super) fn host(&self, number: usize) -> &Host {
        &self.hosts[number % self.hosts.len()]
    }

    /// Sends all requests at the same moment, to the servers in turn, each on a connection that was open before.
    pub(super) fn at_once(&self, requests: &[Request]) -> Vec<Reply> {
        let barrier = &Barrier::new(requests.len());
        thread::scope(|scope| {
            let callers = requests.iter().enumerate().map(|(number, request)| {
                let address = self.servers[number % self.servers.len()].address;
                let request = request.clone().key(&self.hosts[0].key);
                scope.spawn(move || {
                    let connection = Connection::open(address);
                    barrier.wait();
                    let sent = connection.and_then(|mut connection| connection.send(&request));
                    sent.unwrap_or_else(|error| panic!("{}: {error}", request.line()))
                })
            });
            let callers: Vec<_> = callers.collect();
            callers.into_iter().map(|caller| caller.join().expect("no caller failed")).collect()
        })
    }

    /// Ends all of them, and starts as many.
    pub(super) fn restart(self) -> Self {
        let count = self.servers.len();
        let homes: Vec<Home> = self.servers.into_iter().map(Server::stop).collect();
        Self::start(&homes[0], count)
    }

    /// Whether the ledger proves itself.
    pub(super) fn is_proven(&self) -> bool {
        holds(&self.servers[0].home.print(&["ledger", "verify"]))
    }
}
