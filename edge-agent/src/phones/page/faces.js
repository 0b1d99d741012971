// Verdicts as people meet them: a word, a sign, a colour, a stay, a rhythm. Words, meanings, colours and stays are
// those of the device's own screen, and a test holds them to it (scanner-tui/tests/phones.rs); what follows "FACES ="
// is JSON for that. A stay without "full_ms" lasts until the next scan or a touch, which works after "least_ms".
// Tones are [hertz, milliseconds], 0 hertz is silence; buzzes are milliseconds on, off, on.
export const FACES =
{
  "go":      { "word": "GO", "meaning": "Let in", "sign": "✔", "role": "admit", "full_ms": 1200, "tones": [[880, 80]], "buzz": [60] },
  "go_note": { "word": "GO!", "meaning": "Let in, note", "sign": "✔", "role": "admit", "least_ms": 2000, "tones": [[880, 80], [0, 60], [880, 80], [0, 60], [880, 80]], "buzz": [60, 60, 60, 60, 60] },
  "used":    { "word": "USED", "meaning": "Already inside", "sign": "↺", "role": "used", "full_ms": 4000, "tones": [[440, 150], [0, 80], [440, 150]], "buzz": [150, 80, 150] },
  "no":      { "word": "NO", "meaning": "Refused", "sign": "✖", "role": "deny", "full_ms": 6000, "tones": [[220, 500]], "buzz": [500] },
  "ask":     { "word": "ASK", "meaning": "Have a look", "sign": "?", "role": "attn", "least_ms": 0, "tones": [[880, 80], [440, 80], [880, 80]], "buzz": [60, 60, 200] },
  "full":    { "word": "FULL", "meaning": "House full", "sign": "■", "role": "deny", "least_ms": 0, "tones": [[220, 400], [0, 100], [220, 400]], "buzz": [400, 100, 400] },
  "limit":   { "word": "LIMIT", "meaning": "At limit", "sign": "■", "role": "deny", "least_ms": 0, "tones": [[220, 400], [0, 100], [220, 400]], "buzz": [400, 100, 400] },
  "out":     { "word": "OUT", "meaning": "Went out", "sign": "←", "role": "quiet", "full_ms": 1200, "tones": [[880, 80], [660, 80]], "buzz": [40, 40, 40] },
  "same":    { "word": "SAME", "meaning": "Still in view", "sign": "=", "role": "neutral", "full_ms": 1500, "tones": [[660, 20]], "buzz": [20] },
  "unknown": { "word": "?", "meaning": "Not a ticket", "sign": "?", "role": "neutral", "full_ms": 2000, "tones": [[660, 20], [0, 40], [660, 20]], "buzz": [20, 40, 20] },
  "undo":    { "word": "UNDO", "meaning": "Taken back", "sign": "↶", "role": "neutral", "full_ms": 4000, "tones": [[660, 80], [440, 80]], "buzz": [40, 40, 40] },
  "trouble": { "word": "?", "meaning": "Not decided", "sign": "?", "role": "attn", "full_ms": 6000, "tones": [[880, 80], [440, 80], [880, 80]], "buzz": [60, 60, 200] }
};

// Which face an answer of the gate has. What is not known here is a plain no, and never a yes.
export function faceOf(answer) {
  const noted = Boolean(answer.ticket?.note);
  switch (answer.verdict) {
    case "admit":
    case "serve": return noted ? "go_note" : "go";
    case "exit": return "out";
    case "ask": return "ask";
    case "annulled":
    case "voided": return "undo";
    default: return { used: "used", full: "full", limit: "limit", not_a_ticket: "unknown" }[answer.code] ?? "no";
  }
}

// Whether somebody was let in or out by it, or got something.
export function isAct(answer) {
  return ["admit", "serve", "exit"].includes(answer.verdict);
}

let audio = null;

// Browsers make sounds only after a touch: call this in one.
export function unlockSound() {
  audio ??= new (window.AudioContext ?? window.webkitAudioContext)();
  audio.resume();
}

// Plays a face's rhythm to ear and hand.
export function announce(face) {
  navigator.vibrate?.(face.buzz);
  if (audio?.state !== "running") return;
  let at = audio.currentTime;
  for (const [hertz, ms] of face.tones) {
    if (hertz > 0) {
      const tone = new OscillatorNode(audio, { frequency: hertz });
      const loud = new GainNode(audio, { gain: 0.4 });
      tone.connect(loud).connect(audio.destination);
      tone.start(at);
      tone.stop(at + ms / 1000);
    }
    at += ms / 1000;
  }
}
