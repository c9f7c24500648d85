//! Servers that share a database, asked in turn.

use crate::home::{Home, holds};
use crate::host::Host;
use crate::http::{Reply, Request};
use crate::load::at_once_to;
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
        let addresses: Vec<_> = self.servers.iter().map(|server| server.address).collect();
        let key = &self.hosts[0].key;
        let requests: Vec<_> = requests.iter().map(|request| request.clone().key(key)).collect();
        at_once_to(&addresses, &requests)
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
