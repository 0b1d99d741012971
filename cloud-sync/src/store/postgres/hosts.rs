//! Several servers of one database, tried one after the other.
//!
//! The library waits for a socket as long as it is told and for what comes after it for
//! ever: one server that takes connections and says nothing would keep it from the next.
//! Here each is given its time for all of it, up to where it says whether it can be written.

use deadpool_postgres::Connect;
use futures_util::future::BoxFuture;
use rand::seq::SliceRandom;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::{Host, LoadBalanceHosts};
use tokio_postgres::{Client, Config, Error};

/// How long one of several servers may take to let us in, where the URL does not say: what is alive does it in
/// milliseconds, and a socket whose first packet was lost is there after one second.
pub(super) const HOST: Duration = Duration::from_secs(2);
/// How long a connection may take at least to be made: where there is one server, there is nobody to go on to.
const LEAST: Duration = Duration::from_secs(5);

/// Makes connections to whichever server lets us in first.
pub(super) struct Hosts {
    /// One at least.
    each: Vec<Config>,
    way: Box<dyn Connect>,
    wait: Duration,
}

impl Hosts {
    /// The servers of a configuration, reached in this way.
    pub(super) fn new(config: &Config, way: Box<dyn Connect>) -> Self {
        let count = config.get_hosts().len().max(config.get_hostaddrs().len());
        let each = match agrees(config, count) {
            true => (0..count).map(|place| only(config, place)).collect(),
            false => vec![config.clone()], // the library says what is wrong with it
        };
        Self { each, way, wait: config.get_connect_timeout().copied().unwrap_or(HOST) }
    }

    /// How long a connection may take to be made: all of them have their turn in it.
    pub(super) fn patience(&self) -> Duration {
        self.wait.saturating_mul(u32::try_from(self.each.len()).unwrap_or(u32::MAX)).max(LEAST)
    }

    async fn first(&self) -> Result<(Client, JoinHandle<()>), Error> {
        let mut each: Vec<&Config> = self.each.iter().collect();
        if each.iter().any(|config| config.get_load_balance_hosts() == LoadBalanceHosts::Random) {
            each.shuffle(&mut rand::rng());
        }
        let last = each.pop().expect("there is one at least");
        for config in each {
            match timeout(self.wait, self.way.connect(config)).await {
                Ok(Ok(connected)) => return Ok(connected),
                Ok(Err(error)) => tracing::debug!(%error, "a database server was passed over"),
                Err(_) => {
                    tracing::warn!(waited = ?self.wait, "a database server that says nothing was passed over")
                }
            }
        }
        // Whoever asked stops waiting after `patience`.
        self.way.connect(last).await
    }
}

impl Connect for Hosts {
    fn connect(&self, _: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        Box::pin(self.first())
    }
}

/// Whether hosts, their addresses and their ports are as many as they should.
fn agrees(config: &Config, count: usize) -> bool {
    let of_each = |many: usize| many == 0 || many == count;
    count > 0
        && of_each(config.get_hosts().len())
        && of_each(config.get_hostaddrs().len())
        && (of_each(config.get_ports().len()) || config.get_ports().len() == 1)
}

/// The same configuration with one of its servers alone.
fn only(config: &Config, place: usize) -> Config {
    let mut one = Config::new();
    match config.get_hosts().get(place) {
        Some(Host::Tcp(name)) => drop(one.host(name)),
        Some(Host::Unix(folder)) => drop(one.host_path(folder)),
        None => {}
    }
    config.get_hostaddrs().get(place).map(|address| one.hostaddr(*address));
    config.get_ports().get(place).or(config.get_ports().first()).map(|port| one.port(*port));
    config.get_user().map(|user| one.user(user));
    config.get_password().map(|password| one.password(password));
    config.get_dbname().map(|name| one.dbname(name));
    config.get_options().map(|options| one.options(options));
    config.get_application_name().map(|name| one.application_name(name));
    config.get_connect_timeout().map(|wait| one.connect_timeout(*wait));
    config.get_tcp_user_timeout().map(|wait| one.tcp_user_timeout(*wait));
    config.get_keepalives_interval().map(|interval| one.keepalives_interval(interval));
    config.get_keepalives_retries().map(|retries| one.keepalives_retries(retries));
    one.keepalives(config.get_keepalives()).keepalives_idle(config.get_keepalives_idle());
    one.ssl_mode(config.get_ssl_mode()).ssl_negotiation(config.get_ssl_negotiation());
    one.channel_binding(config.get_channel_binding());
    one.target_session_attrs(config.get_target_session_attrs());
    one.load_balance_hosts(config.get_load_balance_hosts());
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use deadpool_postgres::ConfigConnectImpl;
    use tokio_postgres::NoTls;

    #[test]
    fn one_of_several_servers_is_all_else_that_was_said() {
        let said = "user=u password=p dbname=d options=-c\\ a=b application_name=n connect_timeout=7 tcp_user_timeout=8 \
            keepalives=0 keepalives_idle=9 keepalives_interval=10 keepalives_retries=11 sslmode=require \
            sslnegotiation=direct channel_binding=require target_session_attrs=read-write load_balance_hosts=random";
        let check = |of_all: &str, place: usize, of_one: &str| {
            let read = |hosts: &str| format!("{hosts} {said}").parse::<Config>().unwrap();
            assert_eq!(only(&read(of_all), place), read(of_one), "{of_all}");
        };
        check("host=a", 0, "host=a");
        check("host=a,b port=1,2", 1, "host=b port=2");
        check("host=a,/run/b port=1", 1, "host=/run/b port=1");
        check("host=a,b hostaddr=127.0.0.1,127.0.0.2", 1, "host=b hostaddr=127.0.0.2");
        check("hostaddr=127.0.0.1,127.0.0.2", 0, "hostaddr=127.0.0.1");
    }

    #[test]
    fn every_server_has_its_turn() {
        let patience = |url: &str| {
            let hosts = Hosts::new(&url.parse().unwrap(), Box::new(ConfigConnectImpl { tls: NoTls }));
            (hosts.each.len(), hosts.patience().as_secs())
        };
        assert_eq!(patience("host=a"), (1, 5));
        assert_eq!(patience("host=a,b,c,d"), (4, 8));
        assert_eq!(patience("host=a,b connect_timeout=10"), (2, 20));
        assert_eq!(patience("host=a,b,c port=1,2"), (1, 5));
    }
}
