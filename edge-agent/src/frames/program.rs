//! Pictures that another program writes: cameras that this one does not know, such as a Raspberry Pi's own.
//!
//! Keeps true: the program is started without a shell, in a group of its own, and ends with its source; one that
//! ends or falls silent is told with the last that it said, and started again by the lane, with growing pauses. What
//! it writes beside pictures is kept to one short line.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

use super::{Frame, FrameError, FrameSource, Pipe, PipeFormat, Tempo};

/// How long a program may take until its first picture: one that looks for its camera takes some seconds.
const FIRST: Duration = Duration::from_secs(10);
/// How long it may be silent afterwards; people are told by then.
const SILENCE: Duration = Duration::from_millis(1_900);
/// How long a program that was told to end has for it.
const LAST: Duration = Duration::from_millis(500);
/// How often is looked whether it has ended.
const GLANCE: Duration = Duration::from_millis(10);
/// Most bytes of a line that it says that are kept: more is no message.
const MAX_LINE: u64 = 300;

/// A program that writes pictures.
pub struct Program {
    /// What it is called in messages.
    command: String,
    child: Child,
    pipe: Option<Pipe>,
    silent: Arc<AtomicBool>,
    said: Arc<Mutex<String>>,
    listening: Option<JoinHandle<()>>,
}

impl Program {
    /// Starts it: its name and its arguments.
    pub fn start(words: &[String], format: PipeFormat) -> Result<Program, FrameError> {
        let (name, arguments) = words.split_first().ok_or_else(|| stopped("", "no command is named"))?;
        let mut child = Command::new(name)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| stopped(name, &error.to_string()))?;
        let (silent, said) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let out = child.stdout.take().map(|out| Output { out, patience: FIRST, silent: silent.clone() });
        let listening = child.stderr.take().and_then(|words| listen(words, &said));
        let mut program = Program { command: name.clone(), child, pipe: None, silent, said, listening };
        let out = out.ok_or_else(|| stopped(name, "it has no output"))?;
        program.pipe = Some(Pipe::over(Box::new(BufReader::new(out)), format).map_err(|e| program.explained(e))?);
        Ok(program)
    }

    /// Why there are no more pictures, where they did not end of themselves.
    fn explained(&mut self, error: FrameError) -> FrameError {
        if error != FrameError::Ended {
            return error;
        }
        if self.silent.load(Ordering::Relaxed) {
            return stopped(&self.command, &self.with_last_word("it runs, but writes no pictures"));
        }
        let until = Instant::now() + LAST;
        let how = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status.to_string(),
                Ok(None) if Instant::now() < until => std::thread::sleep(GLANCE),
                _ => break "it closed its output".to_owned(),
            }
        };
        // Its last word may still be on its way.
        while self.listening.as_ref().is_some_and(|words| !words.is_finished()) && Instant::now() < until {
            std::thread::sleep(GLANCE);
        }
        stopped(&self.command, &self.with_last_word(&how))
    }

    fn with_last_word(&self, how: &str) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_empty() { how.to_owned() } else { format!("{how}; it said: {said}") }
    }
}

fn stopped(command: &str, why: &str) -> FrameError {
    FrameError::Stopped { command: command.to_owned(), why: why.to_owned() }
}

/// Keeps the last line that it says, on a thread that ends with it.
fn listen(words: ChildStderr, said: &Arc<Mutex<String>>) -> Option<JoinHandle<()>> {
    let said = said.clone();
    let listen = move || {
        let (mut from, mut line) = (BufReader::new(words), Vec::new());
        loop {
            line.clear();
            match from.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line);
            let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
            if !text.is_empty() {
                *said.lock().unwrap_or_else(PoisonError::into_inner) = text;
            }
        }
    };
    // Without a thread its words are lost, and nothing else.
    std::thread::Builder::new().name("program-words".to_owned()).spawn(listen).ok()
}

impl FrameSource for Program {
    fn next(&mut self) -> Result<Frame, FrameError> {
        let pipe = self.pipe.as_mut().ok_or(FrameError::Ended)?;
        pipe.next().map_err(|error| self.explained(error))
    }

    fn tempo(&self) -> Tempo {
        Tempo::Live
    }

    fn is_camera(&self) -> bool {
        true
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.child);
        let ended = |child: &mut Child| matches!(child.try_wait(), Ok(Some(_)) | Err(_));
        if ended(&mut self.child) {
            return;
        }
        let _ = kill_process_group(group, Signal::TERM);
        let until = Instant::now() + LAST;
        while !ended(&mut self.child) && Instant::now() < until {
            std::thread::sleep(GLANCE);
        }
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}

/// What it writes, for which is not waited for ever.
struct Output {
    out: ChildStdout,
    patience: Duration,
    silent: Arc<AtomicBool>,
}

impl Read for Output {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let patience = Timespec::try_from(self.patience).ok();
        let ready = loop {
            match poll(&mut [PollFd::new(&self.out, PollFlags::IN)], patience.as_ref()) {
                Err(rustix::io::Errno::INTR) => {}
                ready => break ready?,
            }
        };
        if ready == 0 {
            self.silent.store(true, Ordering::Relaxed);
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        self.patience = SILENCE;
        self.out.read(into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, format: PipeFormat) -> Result<Program, FrameError> {
        Program::start(&["sh", "-c", script].map(str::to_owned), format)
    }

    const TINY: PipeFormat = PipeFormat::Luma { width: 2, height: 1 };

    #[test]
    fn what_a_program_writes_are_pictures_until_it_ends_and_its_last_word_says_why() {
        let mut program = shell("printf abcd; echo no camera >&2; echo >&2; exit 3", TINY).expect("it starts");
        assert_eq!(program.next().map(|f| f.grey.luma), Ok(b"ab".to_vec()));
        assert_eq!(program.next().map(|f| f.grey.luma), Ok(b"cd".to_vec()));
        let error = program.next().expect_err("it ended");
        assert_eq!((error.code(), error.why().as_str()), ("E-CAM-15", "exit status: 3; it said: no camera"));
        assert_eq!(error.what(), "No pictures: sh has ended");
    }

    #[test]
    fn a_program_that_is_not_there_or_writes_something_else_is_told() {
        let check = |opened: Result<Program, FrameError>, expect| {
            assert_eq!(opened.err().map(|e| e.code()), Some(expect));
        };
        check(Program::start(&["/no/such/program".to_owned()], TINY), "E-CAM-15");
        check(Program::start(&[], TINY), "E-CAM-15");
        check(shell("echo usage", PipeFormat::Y4m), "E-CAM-04");
        check(shell("exit 1", PipeFormat::Y4m), "E-CAM-15");
    }

    #[test]
    fn a_program_that_falls_silent_is_given_up_and_ends_with_its_source_and_so_does_what_it_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let alive = folder.path().join("alive");
        // The inner shell outlives a TERM of the outer one, unless the whole group is meant.
        let script = format!("printf ab; sh -c 'echo $$ > {}; sleep 600' & wait", alive.display());
        let mut program = shell(&script, TINY).expect("it starts");
        assert!(program.next().is_ok());
        let error = program.next().expect_err("it is silent");
        assert_eq!((error.code(), error.why().as_str()), ("E-CAM-15", "it runs, but writes no pictures"));
        let inner: i32 = std::fs::read_to_string(&alive).expect("written").trim().parse().expect("an id");
        drop(program);
        let gone = || rustix::process::test_kill_process(Pid::from_raw(inner).expect("an id")).is_err();
        let until = Instant::now() + Duration::from_secs(60);
        while !gone() && Instant::now() < until {
            std::thread::yield_now(); // whoever inherited it reaps it
        }
        assert!(gone() || is_zombie(inner), "{inner} is alive");
    }

    /// Ended, but reaped by nobody, as where the first process of a container reaps nothing.
    fn is_zombie(id: i32) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
    }
}
