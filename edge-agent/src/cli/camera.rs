//! `edge-agent camera`: which cameras there are, and what one of them sees.
//!
//! Keeps true: nothing is decided here and no agent is asked; a source is opened as a lane opens it, and what is wrong
//! with it is said as a lane says it.

use crate::eye::{Eye, EyeSettings};
use crate::frames::camera::{self, Found};
use crate::frames::{Doubt, Frame, FrameError, Sight, SourceSpec, Tempo, light, sharpness};
use crate::lanes::Source;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// How long a source may take until its first picture.
const FIRST: Duration = Duration::from_secs(15);
/// Darker than this on average, codes on paper are lost in noise.
const DIM: u8 = 40;
/// Below this a code is out of focus.
const BLURRED: u8 = 25;
/// Fewer pictures a second are slow to the hand.
const SLOW: f32 = 10.0;
/// Characters of a code that are shown: whoever has the rest has the ticket.
const SHOWN: usize = 12;

/// What `camera` takes.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  edge-agent camera list                                   what is there, and the line for edge.toml
  edge-agent camera test camera:0                          ten seconds of it: rate, light, sharpness, codes
  edge-agent camera test camera:0@1920x1080?focus=30       as a lane with these settings sees it
  edge-agent camera test rpicam --seconds 30 --save a.png  a Raspberry Pi's own, and keep what it saw last
  edge-agent camera test 'exec:mjpeg:ffmpeg -v error -i rtsp://10.0.0.9/1 -f mjpeg -'")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// The cameras of this machine, with what each offers.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Watch one source as a lane would.
    Test {
        /// The source as edge.toml names it.
        source: String,
        /// For how long.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
        seconds: u64,
        /// Keep the last picture, as PNG or JPEG by its name.
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
        /// As JSON, a line a second.
        #[arg(long)]
        json: bool,
    },
}

/// Runs it.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::List { json } => list(json),
        Command::Test { source, seconds, save, json } => {
            let spec = match Source::parse(&source) {
                Some(Source::Pictures(spec)) => spec,
                _ => anyhow::bail!("{source:?} is no source of pictures; camera:0 is one"),
            };
            test(spec, Duration::from_secs(seconds), save.as_deref(), json)
        }
    }
}

/// One camera in JSON.
#[derive(Serialize)]
struct Listed<'a> {
    source: String,
    path: &'a Path,
    name: &'a str,
    formats: Vec<String>,
    not_understood: &'a [String],
    controls: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

fn list(json: bool) -> anyhow::Result<ExitCode> {
    let found = match camera::list() {
        Ok(found) => found,
        Err(error) => return Ok(failed(&error)),
    };
    if json {
        let listed: Vec<Listed> = found.iter().map(listed).collect();
        println!("{}", serde_json::to_string_pretty(&listed)?);
        return Ok(ExitCode::SUCCESS);
    }
    for one in &found {
        let Found { path, name, others, controls, .. } = one;
        println!("{name} at {}", path.display());
        match &one.offers {
            Ok(offers) => {
                println!("  offers {}", camera::listed(offers, others));
                match camera::choose(offers, None) {
                    Some(chosen) => println!("  a lane takes {chosen}"),
                    None => println!("  a lane can take none of it; a Raspberry Pi's own camera is source rpicam"),
                }
            }
            Err(error) => println!("  ✖ {error}"),
        }
        if !controls.is_empty() {
            println!("  takes {}", controls.join(", "));
        }
        println!("  in edge.toml: sources = [\"{}\"]", source(one));
    }
    if found.is_empty() {
        eprintln!(
            "No cameras here. A Raspberry Pi's own is source rpicam, one on the network exec:mjpeg:ffmpeg …"
        );
        return Ok(ExitCode::from(super::NOT_FOUND));
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(found: &Found) -> Listed<'_> {
    let offers = found.offers.as_deref().unwrap_or_default();
    Listed {
        source: source(found),
        path: &found.path,
        name: &found.name,
        formats: offers.iter().map(ToString::to_string).collect(),
        not_understood: &found.others,
        controls: &found.controls,
        error: found.offers.as_ref().err().map(FrameError::code),
    }
}

/// The source that names it, wherever it is plugged in next time.
fn source(found: &Found) -> String {
    format!("camera:{}", found.lasting.as_ref().unwrap_or(&found.path).display())
}

fn failed(error: &FrameError) -> ExitCode {
    eprintln!("✖ {} ({})\n  {}\n  Do: {}", error.what(), error.code(), error.why(), error.remedy());
    ExitCode::from(super::FAILED)
}

/// What was seen in a second.
#[derive(Default, Serialize)]
struct Second {
    second: u64,
    frames: u32,
    /// Pictures that could not be used.
    unusable: u32,
    /// Mean brightness of the last picture, 0 to 255.
    light: u8,
    /// Of the last picture, 0 to 255.
    sharpness: u8,
    /// Milliseconds that the eye took, on average.
    eye_ms: f32,
    /// The beginnings of the codes that were read.
    codes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<&'static str>,
}

fn test(spec: SourceSpec, time: Duration, save: Option<&Path>, json: bool) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let (tempo, camera, pictures) = match watch(spec) {
        Ok(opened) => opened,
        Err(error) => return Ok(failed(&error)),
    };
    let (mut eye, mut sight, mut last) = (Eye::new(EyeSettings::default()), Sight::default(), None);
    let mut seconds: Vec<Second> = Vec::new();
    let mut now = Second { second: 1, ..Second::default() };
    let mut from: Option<Instant> = None;
    loop {
        let end = from.map_or(started + FIRST, |from| from + Duration::from_secs(now.second));
        match pictures.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(Ok(frame)) => {
                if from.is_none() {
                    eprintln!("The first picture came after {:.1} s", started.elapsed().as_secs_f32());
                }
                from.get_or_insert_with(Instant::now);
                let doubt = sight.judge(&frame.grey).filter(|_| camera);
                now.look(&mut eye, &frame, tempo, doubt.as_ref());
                last = Some(frame);
                continue;
            }
            Ok(Err(FrameError::Nothing)) => continue,
            Ok(Err(FrameError::Ended)) | Err(RecvTimeoutError::Disconnected) => {
                now.tell(json)?;
                seconds.push(now);
                break;
            }
            Ok(Err(error)) if error.ends_source() => return Ok(failed(&error)),
            Ok(Err(_)) => {
                now.unusable += 1;
                continue;
            }
            Err(RecvTimeoutError::Timeout) if from.is_none() => {
                return Ok(failed(&FrameError::Silent { ms: FIRST.as_millis() as u64, unread: None }));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        now.tell(json)?;
        let next = now.second + 1;
        seconds.push(std::mem::replace(&mut now, Second { second: next, ..Second::default() }));
        if next > time.as_secs() {
            break;
        }
    }
    if let (Some(path), Some(frame)) = (save, last) {
        keep(path, frame)?;
        eprintln!("Kept the last picture as {}", path.display());
    }
    Ok(advise(&seconds, tempo))
}

/// Opens it, and fetches from a thread of its own, since a pipe may wait for ever; that ends with the program.
#[allow(clippy::type_complexity)]
fn watch(spec: SourceSpec) -> Result<(Tempo, bool, Receiver<Result<Frame, FrameError>>), FrameError> {
    let (give, pictures) = sync_channel(1);
    let (opened, told) = sync_channel(1);
    let fetch = move || {
        let mut source = match spec.opener()() {
            Ok(source) => source,
            Err(error) => return drop(opened.send(Err(error))),
        };
        let _ = opened.send(Ok((source.tempo(), source.is_camera())));
        loop {
            let next = source.next();
            let over = next.as_ref().is_err_and(FrameError::ends_source);
            if give.send(next).is_err() || over {
                return;
            }
        }
    };
    std::thread::spawn(fetch);
    let silent = FrameError::Silent { ms: FIRST.as_millis() as u64, unread: None };
    let (tempo, camera) = told.recv_timeout(FIRST).unwrap_or(Err(silent))?;
    Ok((tempo, camera, pictures))
}

impl Second {
    fn look(&mut self, eye: &mut Eye, frame: &Frame, tempo: Tempo, doubt: Option<&Doubt>) {
        let begun = Instant::now();
        let seen = match tempo {
            Tempo::Live => eye.watch(&frame.grey),
            Tempo::InTurn => eye.read(&frame.grey),
        };
        let took = begun.elapsed().as_secs_f32() * 1e3;
        self.frames += 1;
        self.eye_ms += (took - self.eye_ms) / self.frames as f32;
        (self.light, self.sharpness) = (light(&frame.grey), sharpness(&frame.grey));
        self.trouble = match doubt {
            Some(Doubt::Black) => Some("black"),
            Some(Doubt::Frozen) => Some("stands still"),
            Some(Doubt::Unread(_)) | None => None,
        };
        for one in seen {
            let beginning: String =
                one.text.chars().take(SHOWN).map(|c| if c.is_control() { '?' } else { c }).collect();
            if !self.codes.contains(&beginning) {
                self.codes.push(beginning);
            }
        }
    }

    fn tell(&self, json: bool) -> serde_json::Result<()> {
        if json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
        let codes: Vec<String> = self.codes.iter().map(|code| format!("{code}…")).collect();
        let codes = if codes.is_empty() { "no code".to_owned() } else { codes.join(", ") };
        let unusable = if self.unusable > 0 { format!(", {} unusable", self.unusable) } else { String::new() };
        let trouble = self.trouble.map(|trouble| format!(", {trouble}")).unwrap_or_default();
        println!(
            "{:>3} s  {:>2} pictures{unusable}, light {:>3}, sharpness {:>3}, eye {:.1} ms{trouble}: {codes}",
            self.second, self.frames, self.light, self.sharpness, self.eye_ms
        );
        Ok(())
    }
}

fn keep(path: &Path, frame: Frame) -> anyhow::Result<()> {
    let (width, height) = (frame.grey.width, frame.grey.height);
    let picture = image::GrayImage::from_raw(width, height, frame.grey.luma);
    picture.ok_or_else(|| anyhow::anyhow!("the picture is not whole"))?.save(path)?;
    Ok(())
}

/// The sum of it, and what to do where something is not as it should be.
fn advise(seconds: &[Second], tempo: Tempo) -> ExitCode {
    let frames: u32 = seconds.iter().map(|second| second.frames).sum();
    let Some(last) = seconds.last().filter(|_| frames > 0) else {
        eprintln!("✖ No picture could be used (E-CAM-02)\n  Do: try another format or size, or another camera");
        return ExitCode::from(super::FAILED);
    };
    let rate = frames as f32 / seconds.len() as f32;
    let mut codes: Vec<&String> = seconds.iter().flat_map(|second| &second.codes).collect();
    codes.sort();
    codes.dedup();
    eprintln!("{frames} pictures, {rate:.1} a second, {} codes", codes.len());
    if tempo == Tempo::Live && rate < SLOW {
        eprintln!("  Do: more light, or a smaller size: so few pictures are slow to the hand");
    }
    match last.trouble {
        Some("black") => eprintln!("  Do: take off the cover, switch on a light (E-CAM-12)"),
        Some(_) => eprintln!("  Do: unplug the camera and plug it in again (E-CAM-13)"),
        None if last.light < DIM => eprintln!("  Do: more light; ?torch=on where the camera has a lamp"),
        None if last.sharpness < BLURRED && !codes.is_empty() => {}
        None if last.sharpness < BLURRED => {
            eprintln!(
                "  Do: clean the lens, hold a code 15 to 25 cm away, or set ?focus=N: nothing sharp was seen"
            );
        }
        None => {}
    }
    ExitCode::SUCCESS
}
