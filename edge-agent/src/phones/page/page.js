// The page of a phone that is a lane: it shows what the gate answered, and decides nothing.
//
// Kept true: nothing is painted as a yes but an answer of the gate to a picture of this phone; where the gate is not
// reached, the last verdict is gone at once. An answer that was lost on the way is asked for by the picture's name
// before anything else is scanned, so that whoever was let in meanwhile is not called used. Whatever comes from
// tickets is set as text.

import { FACES, announce, faceOf, isAct, unlockSound } from "./faces.js";
import { Camera, photograph } from "./camera.js";
import * as gate from "./gate.js";

// Frames begin no closer than this: the gate takes fifteen a second.
const FRAME_EVERY_MS = 80;
// The state is asked for so often, so that a gate that is gone is seen without scanning too.
const STATE_EVERY_MS = 2000;
// At most two and a half changes of the full colour a second: faster ones can harm people.
const COLOUR_EVERY_MS = 400;
// An answer that comes this late is to somebody who may have moved on: it is told, not painted as a yes.
const FRESH_MS = 5000;
// First and last pause between tries to reach the gate again.
const RETRY_MS = [250, 2000];
// A lane whose way was turned round turns back when nobody came for so long.
const WAY_BACK_MS = 600000;
// How many of the last verdicts stay readable.
const PAST = 4;

const at = (id) => document.getElementById(id);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const camera = new Camera(at("view"));
let lane = null; // what this phone is for; null while it is not paired
let started = false; // somebody touched Start
let goneSince = null; // since when the gate is not reached
let lost = null; // the picture whose answer did not come
let shown = null; // the verdict on the screen: face, answer, since
let painted = -COLOUR_EVERY_MS; // when the colour changed last
let way = "entry";
let usedAt = Date.now(); // when somebody came last
let last = null; // what may be taken back: entry, until
let anew = false; // the next code is a new scan also where it is the same
let lock = null; // keeps the screen on

// --- screens

function screen() {
  at("unpaired").hidden = lane !== null || document.body.dataset.screen === "loading";
  at("start").hidden = lane === null || started;
  at("gone").hidden = goneSince === null;
  at("acts").hidden = lane === null || !started;
  document.body.dataset.way = lane === null ? "entry" : way;
}

function unpaired(why) {
  lane = lost = last = null;
  started = false;
  clear();
  camera.stop();
  document.body.dataset.screen = "ready";
  at("why-unpaired").textContent = why;
  at("lane").textContent = "Tidegate";
  at("inside").textContent = at("links").textContent = "";
  at("links").classList.remove("off");
  screen();
}

function paired(as) {
  const before = lane;
  lane = as;
  if (before === null) turnTo(as.direction);
  document.body.dataset.screen = "ready";
  at("lane").textContent = [as.name, as.serves ?? as.list, as.gate].filter(Boolean).join(" · ");
  at("start-lane").textContent = as.name;
  at("way").hidden = Boolean(as.serves);
  screen();
}

function turnTo(direction) {
  way = direction;
  at("way").textContent = way === "exit" ? "Out" : "In";
  at("way").setAttribute("aria-pressed", String(way === "exit"));
  screen();
}

function age(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

function tell(state) {
  paired(state.lane);
  const of = state.capacity === null ? "" : ` · ${state.occupied}/${state.capacity}`;
  at("inside").textContent = state.inside === null ? "" : `inside ${state.inside}${of}`;
  const cloud = state.cloud_up ? "cloud ok" : state.cloud_ms === null ? "cloud never" : `cloud off ${age(state.cloud_ms)}`;
  const doors = state.peers === 0 ? "" : ` · doors ${state.peers_up}/${state.peers}`;
  at("links").textContent = cloud + doors + (state.state === "ready" ? "" : ` · ${state.state}`);
  at("links").classList.toggle("off", !state.cloud_up || state.peers_up < state.peers || state.state !== "ready");
}

// --- verdicts

function put(id, text) {
  at(id).textContent = text ?? "";
}

async function show(name, { answer = null, line = "", action = "", say = "", hold = false, meaning, began } = {}) {
  const face = FACES[name];
  const verdict = { name, face, answer, hold, since: performance.now() };
  shown = verdict;
  const box = at("verdict");
  const changes = () => box.hidden || box.dataset.role !== face.role;
  const wait = painted + COLOUR_EVERY_MS - performance.now();
  if (wait > 0 && changes()) await sleep(wait);
  if (shown !== verdict || goneSince !== null) return; // something newer came, or the gate is gone
  verdict.since = performance.now();
  if (changes()) painted = verdict.since;
  box.dataset.role = face.role;
  box.dataset.face = name;
  put("sign", face.sign);
  put("word", face.word === face.sign ? "" : face.word);
  put("meaning", meaning ?? face.meaning);
  put("who", answer?.ticket?.holder);
  put("what", [answer?.ticket?.product, answer?.ticket?.order].filter(Boolean).join(" · "));
  put("note", answer?.ticket?.note);
  put("line", answer?.explain.line ?? line);
  put("do", answer?.explain.do ?? action);
  put("say", answer?.explain.say ?? say);
  put("go-on", hold || face.full_ms === undefined ? "Touch to go on" : "");
  box.hidden = false;
  announce(face);
  if (began !== undefined) requestAnimationFrame(() => setTimeout(() => {
    performance.measure("frame-to-verdict", { start: began, detail: name });
  }));
}

function clear() {
  shown = null;
  at("verdict").hidden = true;
}

// A verdict goes when its time is over; a touch takes it away sooner, but not a note before it can be read.
function expire() {
  if (shown && !shown.hold && shown.face.full_ms !== undefined && performance.now() - shown.since > shown.face.full_ms) clear();
}

at("verdict").addEventListener("click", () => {
  if (!shown || performance.now() - shown.since < (shown.face.least_ms ?? 0)) return;
  // Who touches a refusal away has done what it says: the same code may be scanned again.
  anew = !(shown.answer && isAct(shown.answer)) && !shown.hold;
  clear();
});

function remember(name, answer) {
  const item = document.createElement("li");
  const time = new Date().toTimeString().slice(0, 8);
  item.textContent = [time, FACES[name].sign, answer.ticket?.holder ?? "", answer.explain.line].filter(Boolean).join(" ");
  at("past").prepend(item);
  while (at("past").children.length > PAST) at("past").lastChild.remove();
}

function answered(answer, began) {
  const name = faceOf(answer);
  usedAt = Date.now();
  remember(name, answer);
  if (answer.entry && isAct(answer)) last = { entry: answer.entry, until: Date.now() + lane.undo_within_s * 1000 };
  return show(name, { answer, began });
}

function same({ answer, ms_ago }) {
  usedAt = Date.now();
  expire();
  const ours = shown?.answer?.entry === answer.entry;
  if (isAct(answer)) {
    const did = { exit: "let out", serve: "served" }[answer.verdict] ?? "let in";
    if (!shown) show("same", { line: `${did} ${age(ms_ago)} ago. Next, please.`, meaning: answer.ticket?.holder ?? undefined });
    else if (shown.name === "same") shown.since = performance.now();
  } else if (!shown) {
    show(faceOf(answer), { answer });
  } else if (ours) {
    shown.since = performance.now(); // a no stays while its code does
  }
}

// A code that nobody decided about, frame after frame while it is held up: said once. Of several tickets the guest is
// asked which is meant.
function trouble({ code, what }) {
  usedAt = Date.now();
  const name = code === "several" ? "ask" : "trouble";
  if (shown?.name === name && shown.what === what) {
    shown.since = performance.now();
    return;
  }
  const [line, action = "Hold the ticket up again"] = what.split(" — ");
  show(name, { line, action });
  shown.what = what;
}

function outcome(said, began) {
  if (said.seen === "answer") return answered(said.answer, began);
  if (said.seen === "same") return same(said);
  if (said.seen === "trouble") return trouble(said);
  expire();
}

// --- reaching the gate

function gone() {
  clear();
  goneSince ??= Date.now();
  tickGone();
  screen();
}

function tickGone() {
  if (goneSince !== null) put("gone-for", `since ${age(Date.now() - goneSince)}`);
}

// Something did not go as it should: what that is to whoever looks at the screen.
function failed(error) {
  if (error instanceof gate.Gone) return gone();
  const { status, problem } = error;
  goneSince = null; // it answered
  screen();
  if (status === 401) return unpaired("This phone was revoked, or was never paired with this gate.");
  if (status === 429) return; // slower, then
  show("trouble", { line: problem.title ?? String(error), action: problem.do ?? "", say: "" });
}

// Asks for the answer that was lost, where one was; nothing else is scanned before.
async function recall() {
  if (lost === null) return;
  const { id } = lost;
  let said = null;
  try {
    said = await gate.recall(id);
  } catch (error) {
    if (!(error instanceof gate.Refused) || error.status !== 404) throw error;
  }
  lost = null;
  if (said === null) return; // nothing came of it
  goneSince = null;
  if (said.ms_ago < FRESH_MS) return answered(said.answer);
  remember(faceOf(said.answer), said.answer);
  if (!isAct(said.answer)) return;
  last = { entry: said.answer.entry, until: Date.now() + lane.undo_within_s * 1000 - said.ms_ago };
  const did = { exit: "Was let out", serve: "Was served" }[said.answer.verdict] ?? "Was let in";
  const line = "The gate had answered when the connection broke. If they still stand here, that stands.";
  await show("same", { hold: true, meaning: `${did} ${age(said.ms_ago)} ago: ${said.answer.ticket?.holder ?? said.answer.ticket?.product ?? ""}`, line });
}

async function reach() {
  tell(await gate.state());
  await recall();
  goneSince = null;
  screen();
}

// The state, over and over; while the gate is gone, in growing pauses.
async function watch() {
  let pause = RETRY_MS[0];
  for (;;) {
    if ((lane !== null || goneSince !== null) && !document.hidden) {
      try {
        await reach();
        pause = RETRY_MS[0];
      } catch (error) {
        failed(error);
      }
    }
    await sleep(goneSince === null ? STATE_EVERY_MS : pause);
    if (goneSince !== null) pause = Math.min(pause * 2, RETRY_MS[1]);
  }
}

// --- scanning

function waits() {
  return lane === null || !started || document.hidden || goneSince !== null || lost !== null || shown?.hold || !at("find").hidden;
}

async function scan(picture, { began, photo = false }) {
  const id = gate.name();
  const again = anew;
  anew = false;
  try {
    const said = await gate.send(picture, { id, way, anew: again, photo });
    outcome(said, began);
    return said;
  } catch (error) {
    if (error instanceof gate.Gone) lost = { id };
    failed(error);
    if (error instanceof gate.Refused) await sleep(1000 * (error.problem.retry_after ?? 0));
    return null;
  }
}

async function run() {
  for (;;) {
    const next = performance.now() + FRAME_EVERY_MS;
    expire();
    if (!waits() && camera.runs) {
      const began = performance.now();
      const picture = await camera.frame();
      if (picture && !waits()) await scan(picture, { began });
    }
    await sleep(Math.max(10, next - performance.now()));
  }
}

async function startCamera() {
  try {
    if (!Camera.possible) throw new Error("this browser gives pages no camera here");
    await camera.start();
    at("torch").hidden = !camera.hasTorch;
    at("turn").hidden = !(await camera.hasOthers());
    at("view").hidden = false;
    at("photo").hidden = true;
    put("hint", "Hold tickets into view");
  } catch (error) {
    at("view").hidden = true;
    at("photo").hidden = false;
    put("hint", `No camera: ${error.message ?? error.name}. A photograph does, too.`);
  }
}

async function stayOn() {
  try {
    lock = await navigator.wakeLock?.request("screen");
  } catch {
    lock = null; // a phone that saves its battery says no
  }
}

// --- what people touch

at("start-button").addEventListener("click", async () => {
  unlockSound();
  started = true;
  screen();
  await startCamera();
  await stayOn();
});

at("picture").addEventListener("change", async () => {
  const file = at("picture").files[0];
  at("picture").value = "";
  if (!file) return;
  unlockSound();
  put("hint", "Looking …");
  const picture = await photograph(file);
  if (picture === null) return put("hint", "This photograph cannot be used: take a JPEG of at most 8 MB");
  const said = await scan(picture, { began: performance.now(), photo: true });
  put("hint", said?.seen === "nothing" ? "No code in that photograph. Closer, without glare?" : "A photograph does, too.");
});

at("undo").addEventListener("click", async () => {
  if (last === null) return;
  try {
    const answer = await gate.undo(last.entry);
    last = null;
    remember(faceOf(answer), answer);
    show(faceOf(answer), { answer });
  } catch (error) {
    failed(error);
  }
});

at("way").addEventListener("click", () => {
  usedAt = Date.now();
  turnTo(way === "exit" ? "entry" : "exit");
});

at("torch").addEventListener("click", async () => {
  const on = at("torch").getAttribute("aria-pressed") !== "true";
  await camera.torch(on);
  at("torch").setAttribute("aria-pressed", String(on));
});

at("turn").addEventListener("click", () => camera.turn().catch(startCamera));

at("open-find").addEventListener("click", () => {
  at("find").hidden = false;
  at("words").focus();
});

at("close").addEventListener("click", () => {
  at("find").hidden = true;
  at("words").value = "";
  at("found").replaceChildren();
  put("found-what", "");
});

let asked = 0;
at("words").addEventListener("input", async () => {
  const turn = ++asked;
  await sleep(250); // the next letter is on its way
  const words = at("words").value.trim();
  if (turn !== asked || words.length === 0) return;
  try {
    const people = await gate.find(words);
    if (turn !== asked) return;
    at("found").replaceChildren(...people.map(person));
    put("found-what", people.length === 0 ? "Nobody found: fewer letters, another name, or the order" : `${people.length} found. Letting somebody in without a code is done on the device's own screen.`);
  } catch (error) {
    if (error instanceof gate.Refused && error.status === 422) return put("found-what", error.problem.title);
    failed(error);
  }
});

function person({ ticket, status, inside, entries }) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  const more = document.createElement("small");
  name.textContent = ticket.holder ?? ticket.product;
  name.classList.toggle("inside", inside);
  more.textContent = [inside ? "inside" : "not inside", status, `${entries} entries`, ticket.product, ticket.order].filter(Boolean).join(" · ");
  item.append(name, more);
  return item;
}

async function pairBy(code) {
  try {
    paired(await gate.pair(code.trim().toUpperCase()));
    goneSince = null;
    screen();
  } catch (error) {
    if (error instanceof gate.Gone) return gone();
    const wait = error.problem.retry_after ? ` Wait ${error.problem.retry_after} s.` : "";
    unpaired([error.problem.title, error.problem.detail].filter(Boolean).join(". ") + "." + wait);
  }
}

at("pair").addEventListener("click", () => pairBy(at("code").value));

// The code stands behind the #, which is sent to nobody and taken off the address at once.
async function pairByAddress() {
  const code = new URLSearchParams(location.hash.slice(1)).get("pair");
  if (code === null) return false;
  history.replaceState(null, "", "/");
  await pairBy(code);
  return true;
}

addEventListener("hashchange", pairByAddress);

document.addEventListener("visibilitychange", async () => {
  if (document.hidden) {
    clear();
    camera.stop();
  } else if (started && lane !== null) {
    await startCamera();
    await stayOn();
  }
});

setInterval(() => {
  tickGone();
  expire();
  at("undo").disabled = last === null || Date.now() > last.until;
  if (lane !== null && way !== lane.direction && Date.now() - usedAt > WAY_BACK_MS) turnTo(lane.direction);
}, 250);

if (!(await pairByAddress())) await reach().catch(failed);
watch();
run();
