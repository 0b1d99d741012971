//! Settings: flag over `TIDEGATE_*` over file over default, parsed once.
//!
//! A file is TOML with the same names; unknown keys are refused with their place.
//! Secrets are never settings: keys and tokens are files in the data folder.

use clap::Args;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use tidegate_core::api::Direction;
use tidegate_core::language::Language;

/// What can be set for `edge-agent run`.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Given {
    /// Where the agent's API listens; loopback only.
    #[arg(long, env = "TIDEGATE_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Where other devices reach this one.
    #[arg(long, env = "TIDEGATE_LINK", value_name = "ADDR")]
    pub link: Option<SocketAddr>,
    /// Where phones that are lanes reach this agent, on the venue's network; nowhere if absent.
    #[arg(long, env = "TIDEGATE_PHONES", value_name = "ADDR")]
    pub phones: Option<SocketAddr>,
    /// Another agent's link address; give it once for each.
    #[arg(long = "peer", env = "TIDEGATE_PEERS", value_delimiter = ',', value_name = "HOST:PORT")]
    pub peers: Vec<String>,
    /// Do not announce this agent on the network, and look for no others there.
    #[arg(long, env = "TIDEGATE_NO_DISCOVER")]
    #[serde(skip)]
    pub no_discover: bool,
    /// The same as the file says it: whether to; true if absent.
    #[arg(skip)]
    pub discover: Option<bool>,
    /// The cloud's link address, where it is not the one enrolled with.
    #[arg(long, env = "TIDEGATE_CLOUD", value_name = "HOST:PORT")]
    pub cloud: Option<String>,
    /// The check-in list that scans without one use, by name.
    #[arg(long, env = "TIDEGATE_LIST", value_name = "NAME")]
    pub list: Option<String>,
    /// The gate's name in entries.
    #[arg(long, env = "TIDEGATE_GATE", value_name = "NAME")]
    pub gate: Option<String>,
    /// At a bar: the product that a code shown to a camera pays for, by name.
    #[arg(long, env = "TIDEGATE_SERVES", value_name = "PRODUCT")]
    pub serves: Option<String>,
    /// What verdicts are said in where a request asks for no other: en, es, pt, de or fr.
    #[arg(long, env = "TIDEGATE_LANGUAGE", value_name = "TAG")]
    pub language: Option<Language>,
    /// A source of codes: camera:0 (see edge-agent camera list), rpicam, exec:mjpeg:COMMAND, folder:PATH (what is read moves to PATH/read), or a pipe as y4m:PATH, mjpeg:PATH, raw:WxH:PATH, yuv420:WxH:PATH (- for standard input); a hand scanner as evdev:PATH, serial:PATH@BAUD, tcp:ADDRESS:PORT or tcp:connect:HOST:PORT (see edge-agent scanner list).
    #[arg(long = "source", env = "TIDEGATE_SOURCES", value_delimiter = ',', value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// Lanes with a list, a gate, a direction or a product of their own; in the file only.
    #[arg(skip)]
    pub lane: Vec<LaneGiven>,
    /// Nobody stands here who could be asked: questions become refusals.
    #[arg(long, env = "TIDEGATE_UNATTENDED")]
    pub unattended: bool,
    /// Shifts this agent's clock, seconds; for rehearsals.
    #[arg(long, env = "TIDEGATE_CLOCK_OFFSET_S", allow_hyphen_values = true, value_name = "SECONDS")]
    pub clock_offset_s: Option<i64>,
}

/// One lane as the file names it; what it leaves out is the agent's own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaneGiven {
    /// Its source of codes.
    pub source: String,
    /// Name of the check-in list of its scans.
    pub list: Option<String>,
    /// The gate in its entries.
    pub gate: Option<String>,
    /// Which way its scans go; in, if absent.
    pub direction: Option<Direction>,
    /// The product that its codes pay for.
    pub serves: Option<String>,
}

/// What the codes of one source are for.
#[derive(Clone, Debug)]
pub struct LaneConfig {
    /// Its source of codes.
    pub source: String,
    /// Name of the check-in list of its scans; the agent's own if absent.
    pub list: Option<String>,
    /// The gate in its entries.
    pub gate: Option<String>,
    /// Which way its scans go.
    pub direction: Direction,
    /// The product that its codes pay for, at a bar.
    pub serves: Option<String>,
}

/// The settings in force.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where other devices reach this one.
    pub link: SocketAddr,
    /// Where phones reach this agent, if they may at all.
    pub phones: Option<SocketAddr>,
    /// Other agents' link addresses.
    pub peers: Vec<String>,
    /// Whether agents of the event are found on the network, beside those.
    pub discover: bool,
    /// The cloud's link address, where it was overridden.
    pub cloud: Option<String>,
    /// The list that scans without one use.
    pub list: Option<String>,
    /// The gate's name.
    pub gate: Option<String>,
    /// At a bar: the product that a code shown to a camera pays for.
    pub serves: Option<String>,
    /// What verdicts are said in where a request asks for no other.
    pub language: Language,
    /// Lanes: the plain sources, then those with settings of their own.
    pub lanes: Vec<LaneConfig>,
    /// Whether somebody stands here who can be asked.
    pub can_ask: bool,
    /// Shifts the clock, seconds.
    pub clock_offset_s: i64,
}

/// What a source of codes may be.
const SOURCES: &str = "camera:N, rpicam, exec:FORMAT:COMMAND, folder:PATH, y4m:PATH, mjpeg:PATH, raw:WxH:PATH, \
                       yuv420:WxH:PATH, evdev:PATH, serial:PATH@BAUD, tcp:ADDRESS:PORT, tcp:connect:HOST:PORT";

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    /// The file cannot be read.
    #[error("{path}: {error} (E-CFG-01)")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is not settings.
    #[error("{path} (E-CFG-02): {error}")]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        error: Box<toml::de::Error>,
    },
    /// Not a source of codes.
    #[error("source = {0:?} is none of {SOURCES} (E-CFG-04)")]
    Source(String),
    /// The API may not listen there.
    #[error("listen = {0} is not loopback (E-CFG-03): the API of a device answers on its own machine only")]
    NotLoopback(SocketAddr),
}

impl Config {
    /// What was given on the command line and in the environment, over the file in `data`.
    pub fn resolve(data: PathBuf, given: Given) -> Result<Self, ConfigFault> {
        let path = data.join("edge.toml");
        let file: Given = match std::fs::read_to_string(&path) {
            Ok(text) => {
                toml::from_str(&text).map_err(|e| ConfigFault::Wrong { path: path.clone(), error: Box::new(e) })?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Given::default(),
            Err(error) => return Err(ConfigFault::Unreadable { path, error }),
        };
        let listen = given.listen.or(file.listen).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 7420)));
        if !listen.ip().is_loopback() {
            return Err(ConfigFault::NotLoopback(listen));
        }
        let (list, gate, serves) =
            (given.list.or(file.list), given.gate.or(file.gate), given.serves.or(file.serves));
        let plain = either(given.sources, file.sources).into_iter();
        let plain = plain.map(|source| LaneGiven { source, ..LaneGiven::default() });
        let lanes = plain.chain(file.lane).map(|lane| lane.resolve(gate.as_ref(), serves.as_ref())).collect();
        Ok(Self {
            data,
            listen,
            link: given.link.or(file.link).unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 7421))),
            phones: given.phones.or(file.phones),
            peers: either(given.peers, file.peers),
            discover: !given.no_discover && file.discover.unwrap_or(true),
            cloud: given.cloud.or(file.cloud),
            list,
            gate,
            serves,
            language: given.language.or(file.language).unwrap_or_default(),
            lanes,
            can_ask: !(given.unattended || file.unattended),
            clock_offset_s: given.clock_offset_s.or(file.clock_offset_s).unwrap_or(0),
        })
    }
}

impl LaneGiven {
    /// A lane that names a list or a direction is a door, also on an agent that otherwise serves.
    pub(crate) fn resolve(self, gate: Option<&String>, serves: Option<&String>) -> LaneConfig {
        let door = self.list.is_some() || self.direction.is_some();
        LaneConfig {
            serves: self.serves.or_else(|| serves.filter(|_| !door).cloned()),
            gate: self.gate.or_else(|| gate.cloned()),
            direction: self.direction.unwrap_or_default(),
            source: self.source,
            list: self.list,
        }
    }
}

fn either(given: Vec<String>, file: Vec<String>) -> Vec<String> {
    if given.is_empty() { file } else { given }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(file: &str, given: Given) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("edge.toml"), file).unwrap();
        Config::resolve(folder.path().to_owned(), given).map_err(|e| e.to_string())
    }

    #[test]
    fn a_flag_outranks_the_file_and_the_file_the_default() {
        let file = "list = \"Main\"\ngate = \"A\"\n";
        let config = resolve(file, Given { gate: Some("B".into()), ..Given::default() }).unwrap();
        assert_eq!((config.list.as_deref(), config.gate.as_deref()), (Some("Main"), Some("B")));
        assert_eq!(config.listen.port(), 7420);
        assert_eq!(config.phones, None, "no phone reaches an agent that was not told so");
    }

    #[test]
    fn the_language_is_a_tag_and_english_where_none_is_set() {
        let check = |file: &str, given: Option<Language>, expect| {
            let given = Given { language: given, ..Given::default() };
            assert_eq!(resolve(file, given).map(|config| config.language), Ok(expect), "{file}");
        };
        check("", None, Language::En);
        check("language = \"de-AT\"", None, Language::De);
        check("language = \"de\"", Some(Language::Fr), Language::Fr);
        let unknown = resolve("language = \"nl\"", Given::default()).unwrap_err();
        assert!(unknown.contains("E-CFG-02") && unknown.contains("en, es, pt, de, fr"), "{unknown}");
    }

    #[test]
    fn peers_are_looked_for_unless_the_file_or_a_flag_says_no() {
        let check = |file: &str, no_discover, expect| {
            let given = Given { no_discover, ..Given::default() };
            assert_eq!(resolve(file, given).map(|config| config.discover), Ok(expect), "{file}");
        };
        check("", false, true);
        check("", true, false);
        check("discover = false", false, false);
        check("discover = true", true, false);
        assert!(resolve("no_discover = true", Given::default()).unwrap_err().contains("no_discover"));
    }

    #[test]
    fn unknown_keys_and_open_addresses_are_refused_with_their_place() {
        assert!(resolve("gaet = \"A\"", Given::default()).unwrap_err().contains("gaet"));
        let open = resolve("listen = \"0.0.0.0:1\"", Given::default()).unwrap_err();
        assert!(open.contains("E-CFG-03"), "{open}");
    }

    #[test]
    fn a_lane_has_its_own_list_and_gate_else_the_agents() {
        let file = "list = \"Main\"\ngate = \"A\"\nserves = \"drinks\"\nsources = [\"folder:/a\"]\n\
                    [[lane]]\nsource = \"folder:/b\"\nlist = \"VIP\"\n\
                    [[lane]]\nsource = \"folder:/c\"\ngate = \"C\"\ndirection = \"exit\"\n\
                    [[lane]]\nsource = \"folder:/d\"\nserves = \"food\"\n";
        let config = resolve(file, Given::default()).unwrap();
        let said: Vec<String> = config.lanes.iter().map(|l| format!("{l:?}")).collect();
        let check = |lane: usize, list: Option<&str>, gate, exits, serves: Option<&str>| {
            let l = &config.lanes[lane];
            let got = (l.list.as_deref(), l.gate.as_deref(), l.direction == Direction::Exit, l.serves.as_deref());
            assert_eq!(got, (list, Some(gate), exits, serves), "{said:#?}");
        };
        check(0, None, "A", false, Some("drinks"));
        check(1, Some("VIP"), "A", false, None);
        check(2, None, "C", true, None);
        check(3, None, "A", false, Some("food"));
        assert!(resolve("[[lane]]\nlist = \"x\"", Given::default()).unwrap_err().contains("source"));
        assert!(resolve("[[lane]]\nsource = \"x:\"\ngaet = \"x\"", Given::default()).is_err());
    }

    #[test]
    fn the_sample_file_shows_every_setting_as_it_is_read() {
        let sample = include_str!("../../packaging/edge.toml");
        let settings = sample.lines().filter_map(|line| line.strip_prefix('#'));
        let settings: String = settings.filter(|l| !l.starts_with(' ')).map(|l| format!("{l}\n")).collect();
        let given: Given = toml::from_str(&settings).unwrap();
        let LaneGiven { source: _, list: lane_list, gate: lane_gate, direction, serves: lane_serves } =
            &given.lane[0];
        assert!(lane_list.is_some() && lane_gate.is_some() && direction.is_some());
        assert!(lane_serves.is_none() && given.lane[1].serves.is_some());
        for source in given.lane.iter().map(|lane| &lane.source).chain(&given.sources) {
            assert!(crate::lanes::Source::parse(source).is_some(), "{source}");
        }
        let Given {
            listen,
            link,
            phones,
            peers,
            no_discover: _,
            discover,
            cloud,
            list,
            gate,
            serves,
            language,
            sources,
            lane: _,
            unattended: _,
            clock_offset_s,
        } = given;
        assert!(listen.is_some() && link.is_some() && cloud.is_some() && list.is_some() && gate.is_some());
        assert_eq!((discover, phones.map(|at| at.port())), (Some(true), Some(7422)));
        assert!(
            serves.is_some()
                && language.is_some()
                && clock_offset_s.is_some()
                && !peers.is_empty()
                && !sources.is_empty()
        );
        assert_eq!(resolve(&settings, Given::default()).unwrap().listen.port(), 7420);
    }
}
